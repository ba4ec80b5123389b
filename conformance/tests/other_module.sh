#!/bin/sh
# SPDX-License-Identifier: MIT
# A module of the library's name that something else brought into the process: the run is refused and
# both places are named. other_module.sh DISMCONFORM LIBRARY SCENARIO
folder=$(mktemp -d) || exit 1
trap 'rm -rf "$folder"' EXIT
other=$folder/$(basename "$2")
cp "$2" "$other"
ldd "$2" | grep -q libasan && exit 99 # it has to be the first library
output=$(LD_PRELOAD=$other "$1" run --library "$2" "$3" 2>&1)
code=$?
[ "$code" = 3 ] && printf '%s\n' "$output" | grep -q "another $(basename "$2") is loaded .* from $other: what $2 does" ||
    { printf '%s\nexit code %s\n' "$output" "$code"; exit 1; }
output=$(LD_PRELOAD=$2 "$1" run --library "$2" "$3" 2>&1) && exit 0
printf '%s\nthe library itself is no other module\n' "$output"
exit 1
