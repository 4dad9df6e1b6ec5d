#!/usr/bin/env bash
# Installs the servers that the tests of stores start: nginx with Lua, HAProxy, moto (S3), Azurite (Azure). Does nothing where
# they are there. The last two go into a folder of their own, which the tests look for as well:
#
#   STACCHIP_SERVERS   (default .servers)
#
# Tests whose server is missing say so and pass, unless STACCHIP_REQUIRE_SERVERS is set.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

servers="${STACCHIP_SERVERS:-.servers}"
here=scripts/servers
mkdir -p "$servers"

packages=(nginx libnginx-mod-http-lua haproxy openssl npm)
have_packages() {
    command -v nginx >/dev/null || [ -x /usr/sbin/nginx ] || return 1
    [ -e /usr/lib/nginx/modules/ngx_http_lua_module.so ] || return 1
    command -v haproxy >/dev/null || [ -x /usr/sbin/haproxy ] || return 1
    command -v openssl >/dev/null && command -v npm >/dev/null
}
if ! have_packages; then
    if ! command -v apt-get >/dev/null; then
        echo "servers: this system has no apt-get; install by your own means: ${packages[*]}" >&2
        exit 1
    fi
    command -v npm >/dev/null && packages=("${packages[@]/npm/}")
    as_root=()
    [ "$(id -u)" -eq 0 ] || as_root=(sudo)
    "${as_root[@]}" apt-get update -qq
    # The packages would start their servers: the tests start their own.
    # shellcheck disable=SC2086
    RUNLEVEL=1 DEBIAN_FRONTEND=noninteractive "${as_root[@]}" apt-get install -y -qq --no-install-recommends ${packages[*]} >/dev/null
fi

# once NAME WHAT COMMAND...: runs COMMAND unless it was run with the same WHAT before.
once() {
    local stamp="$servers/$1.done" what=$2
    shift 2
    if [ -e "$stamp" ] && [ "$(cat "$stamp")" = "$what" ]; then return; fi
    "$@"
    echo "$what" >"$stamp"
}

moto() {
    rm -rf "$servers/venv"
    python3 -m venv "$servers/venv"
    "$servers/venv/bin/pip" install --quiet --disable-pip-version-check --requirement "$here/requirements.txt"
}

azurite() {
    npm install --silent --no-audit --no-fund --prefix "$servers/npm" "$(cat "$here/npm-packages.txt")" >/dev/null
}

once npm "$(cat "$here/npm-packages.txt")" azurite &
npm_pid=$!
once moto "$(cat "$here/requirements.txt")" moto
wait "$npm_pid"
