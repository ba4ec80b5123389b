#!/bin/sh
# SPDX-License-Identifier: MIT
# Microsoft's library works for administrators only: without elevation run and probe say so, with a
# code of their own, and nothing is called. elevation.sh DISMCONFORM LIBRARY TESTS
folder=$(mktemp -d) || exit 1
trap 'rm -rf "$folder"' EXIT
chmod 755 "$folder"
cp "$1" "$2" "$folder" # where anybody can read them
cp "$3/valid-pass/info.json" "$3/puppet/microsoft.capabilities" "$3/puppet/world.capabilities" "$folder"
unprivileged=
if [ "$(id -u)" = 0 ]; then
    unprivileged="setpriv --reuid 65534 --clear-groups --inh-caps=-all"
    $unprivileged true 2>/dev/null || exit 99
fi
library=$folder/$(basename "$2")
failed=0
# expect CODE PATTERN ARGUMENT...
expect() {
    code=$1 pattern=$2
    shift 2
    output=$(cd / && TMPDIR=/tmp $prefix "$folder/$(basename "$runner")" "$@" 2>&1)
    got=$?
    [ "$got" = "$code" ] && printf '%s\n' "$output" | grep -q -- "$pattern" ||
        { printf '%s\n%s: wanted %s and %s, got %s\n' "$output" "$*" "$code" "$pattern" "$got"; failed=1; }
}
runner=$1
prefix=$unprivileged
claims=$folder/microsoft.capabilities
expect 77 'administrators only.*nothing was called' run --library "$library" --capabilities "$claims" "$folder/info.json"
expect 77 'administrators only.*nothing was called' run --library "$library" --capabilities "$claims" "$folder/none.json"
expect 77 'administrators only.*nothing was called' probe --capabilities "$claims" "$library"
expect 0 '^CONFORMANT: 1 passed' run --library "$library" --capabilities "$folder/world.capabilities" "$folder/info.json"
if [ "$(id -u)" = 0 ]; then
    prefix=
    expect 0 '^CONFORMANT: 1 passed' run --library "$library" --capabilities "$claims" "$folder/info.json"
fi
exit $failed
