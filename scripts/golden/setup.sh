#!/usr/bin/env bash
# Makes the virtual environments that the golden checks run in. Does nothing where they are there and whole.
#
#   STACCHIP_VENV          upstream's stacchip 0.1.38 as it was released, with GDAL (default .venv-golden)
#   $STACCHIP_VENV-readers what people open our files with, as current as this Python allows
#   STACCHIP_PYTHON        the Python 3.11 to use (default: the first one found)
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

venv="${STACCHIP_VENV:-.venv-golden}"
here=scripts/golden

find_python() {
    local candidate
    for candidate in "${STACCHIP_PYTHON:-}" python3.11 "${PYENV_ROOT:-$HOME/.pyenv}"/versions/3.11*/bin/python3.11 python3; do
        [ -n "$candidate" ] || continue
        if "$candidate" -c 'import sys, venv; sys.exit(sys.version_info[:2] != (3, 11))' 2>/dev/null; then
            echo "$candidate"
            return
        fi
    done
    echo "setup: no Python 3.11 found (upstream's pins need it); install it, or name it in STACCHIP_PYTHON" >&2
    return 1
}

# make FOLDER REQUIREMENTS: a fresh environment, stamped with what was asked for once all of it is in.
make() {
    local folder=$1 requirements=$2
    if [ -e "$folder/requirements.done" ] && cmp -s "$folder/requirements.done" "$requirements"; then return; fi
    local python
    python=$(find_python)
    rm -rf "$folder"
    "$python" -m venv "$folder"
    "$folder/bin/pip" install --quiet --disable-pip-version-check --requirement "$requirements"
    cp "$requirements" "$folder/requirements.done"
}

make "$venv" "$here/requirements-upstream.txt"
make "$venv-readers" "$here/requirements-readers.txt"
