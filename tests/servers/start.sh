#!/usr/bin/env bash
# Starts a server that outlives this script: start.sh FOLDER COMMAND...
# What it prints is added to FOLDER/output, its process group is written to FOLDER/group.
set -euo pipefail
folder=$1
shift
# One that hangs still holds its port.
if [ -e "$folder/group" ]; then
    kill -KILL -- "-$(cat "$folder/group")" 2>/dev/null || true
fi
# With job control, what runs in the background has a process group of its own.
set -m
"$@" >>"$folder/output" 2>&1 </dev/null &
echo $! >"$folder/group"
