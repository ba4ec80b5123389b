#!/bin/sh
# SPDX-License-Identifier: MIT
# A case that fails while a named world change is in force lets it go: let_go.sh DISMCONFORM LIBRARY TESTS
folder=$(mktemp -d) || exit 1
trap 'rm -rf "$folder"' EXIT
"$1" run --library "$2" --touches mounts --fixtures "$3/none" --capabilities "$3/puppet/all-worlds.capabilities" --case failing \
    --json "$folder/run.jsonl" "$3/puppet/world-failing.json" >"$folder/out.txt"
code=$?
grep -q '"case":"world-failing/failing".*the obstacle is let go' "$folder/run.jsonl" && [ $code = 1 ] ||
    { cat "$folder/out.txt" "$folder/run.jsonl"; echo "exit code $code"; exit 1; }
