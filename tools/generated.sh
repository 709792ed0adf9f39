#!/usr/bin/env bash
# Fails when a generated file is not what its source makes.
set -euo pipefail
cd "$(dirname "$0")/.."
before=$(find services/web -name '*_templ.go' -print0 | sort -z | xargs -0 sha256sum)
go tool templ generate -path services/web >/dev/null 2>&1
after=$(find services/web -name '*_templ.go' -print0 | sort -z | xargs -0 sha256sum)
if [ "$before" != "$after" ]; then
  echo "templates changed without their generated files: run make generate" >&2
  exit 1
fi
