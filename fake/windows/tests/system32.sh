#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# system32.sh BUILD ON-WINE CLIENT JUDGED WIMLIB: CLIENT, in a folder of its own, finds DismApi.dll and WIMLIB (libwim-15.dll)
# in System32, and without them it does not start. JUDGED (clients/judged.sh) looks at what it did.
set -euo pipefail
build=$1 on_wine=$2 client=$3 judged=$4 wimlib=$5
work=$build/system32-test
WINEDLLPATH=$(dirname "$wimlib") # the code behind that stand-in
export WINEDLLPATH TEST_WINE=1
windows_name() { local path=Z:$1; echo "${path//\//\\}"; }
at_windows() { "$on_wine" cmd.exe /c "$@" >/dev/null 2>&1 </dev/null; }
clean_up() { at_windows del 'C:\windows\system32\DismApi.dll' 'C:\windows\system32\libwim-15.dll' || true; }

rm -rf "$work"
mkdir -p "$work/program"
cp "$client" "$work/program/client.exe"
trap clean_up EXIT
clean_up
if (cd "$work/program" && "$on_wine" "$work/program/client.exe" "$(windows_name "$work")" >/dev/null 2>&1); then
    echo "the client started without DismApi.dll" >&2
    exit 1
fi
for file in "$build/fake/DismApi.dll" "$wimlib"; do
    at_windows copy /y "$(windows_name "$file")" 'C:\windows\system32\' || { echo "cannot copy $file" >&2; exit 1; }
done
(cd "$work/program" && "$judged" "$work/judged" "$on_wine" "$work/program/client.exe" '{}')
rm -rf "$work"
