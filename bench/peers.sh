#!/usr/bin/env bash
# Measures stacchip against the readers one would use instead of it: makes the scenes (3 GB) and the peers' environments once, then
# prints the tables of docs/benchmarks.md; with --write it puts them there. Other options are those of peers/run.py.
#
#     bench/peers.sh [--write] [--suites chips,index] [--rounds 3] …
#
# BENCH_DATA and BENCH_VENV say where scenes and environments are, PYTHON which interpreter (3.11: the Python stacchip needs numpy 1);
# PYTHON_APART is one of 3.12 or later for peers that need numpy 2, which are left out where there is none.
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
(cd .. && cargo build --release --locked --quiet -p stacchip-cli)

# environment FOLDER PYTHON REQUIREMENTS
environment() {
    [ -e "$1/ready" ] && return
    "$2" -m venv "$1"
    "$1/bin/pip" install --quiet -r "$3"
    touch "$1/ready"
}
environment "$venv" "${PYTHON:-python3.11}" peers/requirements.txt
apart=${PYTHON_APART:-python3.12}
if "$apart" -c '' 2> /dev/null; then
    environment "$venv-apart" "$apart" peers/requirements-apart.txt
    args+=(--python-apart "$venv-apart/bin/python")
fi

if [ ! -e "$data/ready" ]; then
    mkdir -p "$data"
    "$venv/bin/python" peers/scenes.py "$target/release/stacchip" "$data"
    touch "$data/ready"
fi
exec "$venv/bin/python" peers/run.py --worker "$target/release/stacchip-bench-worker" --stacchip "$target/release/stacchip" --data "$data" "${args[@]}"
