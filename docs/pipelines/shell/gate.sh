#!/bin/sh
# Runs a gate, and goes on only where it passed or was overridden: gate.sh NAME [VERSION]
set -eu

name=${1:?the name of a gate}
version=${2:-}

code=0
plumb gate "$name" --config "${PLUMB_CONFIG:-plumb.toml}" --output "gate-run" \
    ${version:+"--expect-version=$version"} --report junit=gate.xml --report html=gate.html || code=$?

case $code in
    0) echo "go: $name passed, or somebody answers for it" ;;
    1) echo "no go: $name failed" >&2 ;;
    2) echo "no go: $name cannot tell" >&2 ;;
    3) echo "no go: $name was asked in a wrong way" >&2 ;;
    *) echo "no go: plumb has an error of its own ($code)" >&2 ;;
esac
exit "$code"
