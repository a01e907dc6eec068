#!/usr/bin/env bash
# Packs each published package as it would be published, and has publint and attw judge the tarball.
# Run it through `pnpm run packages`, which builds first.
set -euo pipefail
cd "$(dirname "$0")/.."

tarballs="$(mktemp -d)"
trap 'rm -rf "$tarballs"' EXIT

for package in packages/*/; do
  name="$(node -p 'require(process.argv[1]).name' "$PWD/${package}package.json")"
  echo "== $name"
  tarball="$tarballs/$(basename "$package").tgz"
  (cd "$package" && pnpm pack --out "$tarball" >/dev/null)
  contents="$(tar -tzf "$tarball")"
  for required in package/dist/index.js package/dist/index.d.ts package/README.md package/LICENSE; do
    grep -qx "$required" <<<"$contents" || { echo "$name: $required is not in the tarball" >&2; exit 1; }
  done
  if grep -E '^package/(src|test)/' <<<"$contents"; then echo "$name: ships sources or tests" >&2; exit 1; fi
  publint run "$tarball" --strict
  attw "$tarball" --profile esm-only
done
