#!/usr/bin/env bash
# Runs every golden check against a binary: scripts/golden/run.sh BINARY [CHECK...]
# The last line is plain: `N passed, N failed`. Exit status 0 only if nothing failed. Needs scripts/golden/setup.sh first.
#
#   STACCHIP_VENV    the virtual environments that setup.sh made (default .venv-golden)
#   STACCHIP_CORPUS  the test files (default ../shared/corpus)
set -uo pipefail

[ "$#" -ge 1 ] || { echo "usage: run.sh BINARY [CHECK...]" >&2; exit 2; }
[ -x "$1" ] || { echo "run.sh: $1 is not a program" >&2; exit 2; }
binary=$(realpath "$1")
shift
cd "$(dirname "${BASH_SOURCE[0]}")/../.." || exit 1
venv="${STACCHIP_VENV:-.venv-golden}"

# The check, and the environment it runs in.
checks=(
    "check_upstream_items $venv"
    "check_upstream_index $venv"
    "check_upstream_chips $venv"
    "check_opens $venv-readers"
    "check_corpus_items $venv-readers"
    "check_bad_input $venv-readers"
)

passed=0 failed=0
report=$(mktemp)
trap 'rm -f "$report"' EXIT
for entry in "${checks[@]}"; do
    read -r name environment <<<"$entry"
    if [ "$#" -gt 0 ] && [[ " $* " != *" $name "* ]]; then continue; fi
    from=$SECONDS
    "$environment/bin/python" "scripts/golden/$name.py" "$binary" 2>&1 | tee "$report"
    status=${PIPESTATUS[0]}
    counts=$(grep -E '^[0-9]+ passed, [0-9]+ failed$' "$report" | tail -n 1)
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
done
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
