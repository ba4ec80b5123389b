#!/bin/sh
# SPDX-License-Identifier: MIT
# Runs a command and demands its exit code and a line of its output:
#   expect_run.sh CODE PATTERN COMMAND...      PATTERN is an extended regular expression
code=$1
pattern=$2
shift 2
# A file and no pipe: the first program in a Wine prefix starts services, which would keep a pipe open.
file=$(mktemp) || exit 1
trap 'rm -f "$file"' EXIT
"$@" >"$file" 2>&1
got=$?
output=$(cat "$file")
if [ "$got" != "$code" ]; then
    printf '%s\nwanted exit code %s, got %s\n' "$output" "$code" "$got"
    exit 1
fi
if ! printf '%s\n' "$output" | grep -Eq -- "$pattern"; then
    printf '%s\nwanted a line like: %s\n' "$output" "$pattern"
    exit 1
fi
