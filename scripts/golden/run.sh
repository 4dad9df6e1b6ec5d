#!/usr/bin/env bash
# Runs every golden check against a binary: scripts/golden/run.sh BINARY [CHECK...]
# The last line is plain: `N passed, N failed`. Exit status 0 only if nothing failed. Needs scripts/golden/setup.sh first.
#
#   STACCHIP_VENV          the virtual environments that setup.sh made (default .venv-golden)
#   STACCHIP_CORPUS        the test files (default ../shared/corpus)
#   STACCHIP_WRITE_MATRIX  files that the tests of the writer left (a run of them with this set); without, they are not checked
#
# What the examples of the adapters write is checked where they lie beside the binary, as they do after the tests were run.
set -uo pipefail

[ "$#" -ge 1 ] || { echo "usage: run.sh BINARY [CHECK...]" >&2; exit 2; }
[ -x "$1" ] || { echo "run.sh: $1 is not a program" >&2; exit 2; }
binary=$(realpath "$1")
shift
only=("$@")
cd "$(dirname "${BASH_SOURCE[0]}")/../.." || exit 1
venv="${STACCHIP_VENV:-.venv-golden}"
for environment in "$venv" "$venv-readers"; do
    [ -x "$environment/bin/python" ] || { echo "run.sh: no environment $environment; run scripts/golden/setup.sh" >&2; exit 1; }
done

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
passed=0 failed=0

wanted() {
    [ "${#only[@]}" -eq 0 ] && return
    local name
    for name in "${only[@]}"; do [ "$name" = "$1" ] && return; done
    return 1
}

# check NAME ENVIRONMENT ARGUMENT...: runs scripts/golden/NAME.py ARGUMENT... and adds its counts to ours.
check() {
    local name=$1 environment=$2 from=$SECONDS status counts p f
    shift 2
    wanted "$name" || return 0
    "$environment/bin/python" "scripts/golden/$name.py" "$@" 2>&1 | tee "$scratch/report"
    status=${PIPESTATUS[0]}
    counts=$(grep -E '^[0-9]+ passed, [0-9]+ failed$' "$scratch/report" | tail -n 1)
    if [ -n "$counts" ]; then
        read -r p _ f _ <<<"$counts"
        passed=$((passed + p)) failed=$((failed + f))
        # A check that ends badly though it counted no failure broke off.
        if [ "$status" -ne 0 ] && [ "$f" -eq 0 ]; then failed=$((failed + 1)); fi
    else
        failed=$((failed + 1))
        echo "FAILED $name broke off (status $status)"
    fi
    echo "$name took $((SECONDS - from)) s"
}

check check_upstream_items "$venv" "$binary"
check check_upstream_index "$venv" "$binary"
check check_upstream_chips "$venv" "$binary"
check check_upstream_dataset "$venv" "$binary"
check check_cubes "$venv" "$binary"
check check_opens "$venv-readers" "$binary"
check check_dataset "$venv-readers" "$binary"
check check_labels "$venv-readers" "$binary"
check check_corpus_items "$venv-readers" "$binary"
check check_item_tables "$venv-readers" "$binary"
check check_bad_input "$venv-readers" "$binary"
check check_killed_runs "$venv-readers" "$binary" 10
check check_info "$venv-readers" "$binary"
check check_pixels "$venv-readers" "$binary"

if wanted check_sample; then
    scenes=()
    for platform in sentinel-2 landsat naip linz sentinel-1 modis; do
        "$binary" sample "$scratch/$platform" --platform "$platform" --quiet >/dev/null && scenes+=("$scratch/$platform") || failed=$((failed + 1))
    done
    [ "${#scenes[@]}" -eq 0 ] || check check_sample "$venv-readers" "${scenes[@]}"
fi

# made EXAMPLE OUTPUT: what an example of the adapters writes, where it lies beside the binary.
made() {
    local example
    example="$(dirname "$binary")/examples/$1"
    if [ ! -x "$example" ]; then
        echo "no $1 beside the binary: what it writes is not checked"
        return 1
    fi
    "$example" "$2" >/dev/null && return
    failed=$((failed + 1))
    echo "FAILED $example"
    return 1
}

mkdir "$scratch/encoded" "$scratch/written"
if wanted check_encoders && made encode_matrix "$scratch/encoded"; then
    check check_encoders "$venv-readers" "$scratch/encoded"
fi
if wanted check_index && made write_index "$scratch/written/index.parquet"; then
    check check_index "$venv-readers" "$scratch/written/index.parquet"
fi
if [ -n "${STACCHIP_WRITE_MATRIX:-}" ]; then
    check check_writer "$venv-readers" "$STACCHIP_WRITE_MATRIX"
fi

echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
