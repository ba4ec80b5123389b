#!/bin/sh
# SPDX-License-Identifier: MIT
# in_scratch.sh COMMAND...: runs COMMAND with a folder of its own, below TMPDIR, as TEST_TMP and for @TMP@ in its
# arguments. The folder goes when the command ends, and what is still mounted in it. ./run has TMPDIR in memory:
# the fake syncs what it writes, which takes most of the time on a disk.
set -u
place=${TMPDIR:-$TEST_TMP}
mkdir -p "$place"
TEST_TMP=$(mktemp -d "$place/dismfake-test-XXXXXX") || exit 1
export TEST_TMP
chmod 755 "$TEST_TMP" # some tests have other users
end() {
    awk -v below="$TEST_TMP/" 'index($2, below) == 1 { print $2 }' /proc/mounts | sort -r |
        while read -r mount; do umount -l "$mount"; done
    rm -rf "$TEST_TMP"
}
trap end EXIT
for word; do
    shift
    case $word in *@TMP@*) word=${word%%@TMP@*}$TEST_TMP${word#*@TMP@} ;; esac
    set -- "$@" "$word"
done
"$@"
