#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# judged.sh FOLDER COMMAND...: makes FOLDER with t.wim (images One and Zwölf) and an empty m, runs the client COMMAND
# on it and looks with wimlib-imagex whether what it saved is in the file.
# {} in COMMAND becomes FOLDER, or FOLDER in Windows' spelling where TEST_WINE is set.
set -euo pipefail
export LC_ALL=C.UTF-8
folder=$1
shift
rm -rf "$folder"
mkdir -p "$folder/m" "$folder/tree/Windows/System32" "$folder/tree/docs"
printf 'not really' >"$folder/tree/Windows/System32/ntdll.dll"
printf 'hello' >"$folder/tree/hello.txt"
printf 'content of a' >"$folder/tree/docs/a"
wimlib-imagex capture "$folder/tree" "$folder/t.wim" One --compress=XPRESS >/dev/null
wimlib-imagex append "$folder/tree" "$folder/t.wim" Zwölf >/dev/null

export DISMFAKE_STATE=$folder/state
name=$folder
if [ -n "${TEST_WINE:-}" ]; then
    name=Z:${folder//\//\\}
    DISMFAKE_STATE=$name\\state
fi
"${@//\{\}/$name}"

complain() { echo "$*" >&2; exit 1; }
wimlib-imagex verify "$folder/t.wim" >/dev/null 2>&1 || complain "the image does not verify"
found=$(wimlib-imagex dir "$folder/t.wim" 1)
for file in /über.txt /second.txt /docs/a /Windows/System32/ntdll.dll; do
    grep -qx "$file" <<<"$found" || complain "$file is not in the image"
done
! grep -qx /hello.txt <<<"$found" || complain "/hello.txt was deleted, but is in the image"
[ "$(wimlib-imagex extract "$folder/t.wim" 1 /über.txt --to-stdout)" = new ] || complain "über.txt has other content"
wimlib-imagex dir "$folder/t.wim" 2 | grep -qx /hello.txt || complain "the second image changed"
[ -z "$(ls -A "$folder/m")" ] || complain "the mount folder is not empty"
[ -e "$folder/dism.log" ] || complain "no dism.log"
rm -rf "$folder"
