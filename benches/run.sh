#!/usr/bin/env bash
# Pulls the same invoices by crossfoot, by asyncio and DuckDB, and by dlt. Arguments go to the
# benchmark: `--invoices 20000` for a short one.
set -euo pipefail
cd "$(dirname "$0")/.."
cargo bench --locked --bench landing -- --pulls 2 "$@"

python3 -m venv target/peers
target/peers/bin/pip install --quiet -r benches/peers/requirements.txt
port=18423
cargo bench --locked --bench landing -- --serve --port "$port" "$@" > target/peers/server.log &
server=$!
# The server is a child of cargo's, which does not take it along.
trap 'pkill -P "$server" || kill "$server"' EXIT
until (exec 3<> "/dev/tcp/127.0.0.1/$port") 2> /dev/null; do sleep 0.2; done
target/peers/bin/python benches/peers/asyncio_duckdb.py "http://127.0.0.1:$port" raw
target/peers/bin/python benches/peers/asyncio_duckdb.py "http://127.0.0.1:$port" typed
target/peers/bin/python benches/peers/dlt_pull.py "http://127.0.0.1:$port"
