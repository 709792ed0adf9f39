#!/usr/bin/env bash
# Starts a migration file of a schema with the next number.
set -euo pipefail
schema=$1 name=$2
dir="$(dirname "$0")/../migrations/$schema"
[ -d "$dir" ] || { echo "there is no schema $schema: see migrations/" >&2; exit 1; }
last=$(find "$dir" -name '*.sql' -printf '%f\n' | sort | tail -n 1 | cut -d_ -f1)
file="$dir/$(printf '%05d' $((10#${last:-0} + 1)))_$name.sql"
cat > "$file" <<SQL
-- Purpose: say why this change is needed.
-- Lock risk: say which tables are locked, how strongly and for how long.

-- +goose Up

-- +goose Down
SQL
echo "migrations/$schema/$(basename "$file")"
