#!/bin/sh
# Asks `plumb gate serve`, and waits for the decision: ask.sh ADDRESS GATE KEY [VERSION]
# The token is in PLUMB_TOKEN_FILE. The exit codes are those of `plumb gate`. Needs curl and jq.
set -eu

address=${1:?the address of the server, such as http://127.0.0.1:8080}
gate=${2:?the name of a gate}
key=${3:?what is judged, such as storage:7f5d6c9b8}
version=${4:-}
# How often it is asked, and how often in a row the server may fail to answer. An answer is held back for 30 s.
asks=${PLUMB_ASKS:-240}
errors_max=10
pause=${PLUMB_PAUSE:-5}

errors=0
while [ "$asks" -gt 0 ]; do
    asks=$((asks - 1))
    # The token is read from a file by curl itself, so that no list of processes shows it.
    answer=$(printf 'header = "Authorization: Bearer %s"\n' "$(cat "${PLUMB_TOKEN_FILE:?}")" |
        curl --config - --silent --show-error --fail-with-body --get --max-time 45 \
            --data-urlencode "key=$key" ${version:+--data-urlencode "expect_version=$version"} --data "wait=30" \
            "$address/v1/gates/$gate") && state=$(printf '%s' "$answer" | jq --raw-output '.state') || state=error
    case $state in
        running)
            errors=0
            sleep 1
            continue
            ;;
        pass | overridden | fail | inconclusive) printf '%s' "$answer" | jq --raw-output '"\(.gate): \(.state): \(.summary)"' ;;
    esac
    case $state in
        pass | overridden) exit 0 ;;
        fail) exit 1 ;;
        inconclusive) exit 2 ;;
    esac
    errors=$((errors + 1))
    printf 'no answer (%s of %s): %s\n' "$errors" "$errors_max" "$answer" >&2
    [ "$errors" -lt "$errors_max" ] || exit 2
    sleep "$pause"
done
echo "no decision in time" >&2
exit 2
