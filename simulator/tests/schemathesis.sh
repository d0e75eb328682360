#!/bin/sh
# Runs Schemathesis with all its default checks against a simulator of its own.
# Usage: schemathesis.sh SIMULATOR PYTHON [SETTINGS]
#   SIMULATOR  the liveflow-simulator binary
#   PYTHON     a Python with `schemathesis` installed
#   SETTINGS   a settings file for the simulator (optional)
# Exits with 0 when nothing was found.
set -eu

if [ $# -lt 2 ] || [ "$1" = --help ]; then
    sed -n '2,7s/^# //p' "$0"
    exit 2
fi
simulator=$1
python=$2
work=$(mktemp -d)
pid=
cleanup() {
    if [ -n "$pid" ]; then
        kill "$pid" 2>/dev/null || true
        wait "$pid" 2>/dev/null || true
    fi
    rm -rf "$work"
}
trap cleanup EXIT
trap 'exit 130' INT TERM

"$simulator" --quiet --api-key schemathesis-key ${3:+--settings "$3"} >"$work/first-line" &
pid=$!
tries=0
until [ -s "$work/first-line" ]; do
    tries=$((tries + 1))
    if [ $tries -gt 100 ] || ! kill -0 "$pid" 2>/dev/null; then
        echo "the simulator did not start" >&2
        exit 1
    fi
    sleep 0.1
done
base_url=$("$python" -c 'import json, sys; print(json.load(open(sys.argv[1]))["base_url"])' "$work/first-line")

# Nothing is written into the checkout: neither examples nor bytecode.
cd "$work"
"$python" -m schemathesis.cli run "$base_url/openapi.json" \
    --header "Api-key: schemathesis-key" \
    --max-examples "${SCHEMATHESIS_EXAMPLES:-100}" \
    --generation-database none
