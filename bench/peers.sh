#!/usr/bin/env bash
# Measures stacchip against the readers one would use instead of it: makes the scenes (3 GB) and the peers' environment once, then
# prints the tables of docs/benchmarks.md; with --write it puts them there. Other options are those of peers/run.py.
#
#     bench/peers.sh [--write] [--suites chips,index] [--rounds 3] …
#
# BENCH_DATA and BENCH_VENV say where scenes and environment are, PYTHON which interpreter (3.11: the Python stacchip needs numpy 1).
set -euo pipefail
cd "$(dirname "$0")"
data=${BENCH_DATA:-$PWD/data}
venv=${BENCH_VENV:-$PWD/venv}
target=${CARGO_TARGET_DIR:-$PWD/target}

args=()
for arg in "$@"; do
    if [ "$arg" = --write ]; then args+=(--write ../docs/benchmarks.md); else args+=("$arg"); fi
done

export CARGO_TARGET_DIR=$target
cargo build --release --locked --quiet -p bench-worker
if [ ! -e "$venv/ready" ]; then
    "${PYTHON:-python3.11}" -m venv "$venv"
    "$venv/bin/pip" install --quiet -r peers/requirements.txt
    touch "$venv/ready"
fi
if [ ! -e "$data/ready" ]; then
    (cd .. && cargo build --release --locked --quiet -p stacchip-cli)
    mkdir -p "$data"
    "$venv/bin/python" peers/scenes.py "$target/release/stacchip" "$data"
    touch "$data/ready"
fi
exec "$venv/bin/python" peers/run.py --worker "$target/release/stacchip-bench-worker" --data "$data" "${args[@]}"
