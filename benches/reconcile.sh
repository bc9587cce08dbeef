#!/usr/bin/env bash
# Compares the same two sides by crossfoot, DuckDB and Polars, each alone and from the same Parquet
# files, with what differs written to SQLite. Arguments are the lines of a side: `1000000` for a short
# run; without any, 1, 10 and 30 million. FOLDER says where the files go (about 14 bytes a line).
set -euo pipefail
cd "$(dirname "$0")/.."
cargo build --locked --profile bench --bin crossfoot
cargo bench --locked --no-run --bench reconcile
python3 -m venv target/peers
target/peers/bin/pip install --quiet duckdb polars
crossfoot=${CARGO_TARGET_DIR:-target}/release/crossfoot
folder=${FOLDER:-target/sides}
for lines in "${@:-1000000 10000000 30000000}"; do
  for count in $lines; do
    rm -rf "$folder"
    cargo bench --locked --quiet --bench reconcile -- --generate "$folder" --lines "$count"
    target/peers/bin/python benches/peers/contest.py \
      "crossfoot, $count lines" "$crossfoot" --config "$folder/crossfoot.toml" --now 2026-11-01T12:00:00Z \
      reconcile --rule sold_vs_billed.toml --period 2026-01 --json -- \
      "duckdb, $count lines" target/peers/bin/python benches/peers/duckdb_join.py "$folder" -- \
      "duckdb into the same tables, $count lines" target/peers/bin/python benches/peers/duckdb_join.py "$folder" --book -- \
      "polars, $count lines" target/peers/bin/python benches/peers/polars_join.py "$folder"
  done
done
rm -rf "$folder"
