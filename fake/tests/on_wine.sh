#!/bin/sh
# SPDX-License-Identifier: MIT
# on_wine.sh PROGRAM ARGUMENT...: runs a Windows program in the one Wine prefix of all tests: WINEPREFIX, or
# build/wineprefix, which is made when it is missing. on_wine.sh --end: nothing runs there any more.
set -u
here=$(cd "$(dirname "$0")/../.." && pwd)
export WINEPREFIX="${WINEPREFIX:-$here/build/wineprefix}" WINEDEBUG="${WINEDEBUG:--all}"
export WINEDLLOVERRIDES="${WINEDLLOVERRIDES:-mscoree,mshtml=;winemenubuilder.exe=d}"
# Wine's server has its socket below TMPDIR: with another TMPDIR there would be a second one for the same prefix.
TMPDIR=/dev/shm
[ -w "$TMPDIR" ] || TMPDIR=/tmp
export TMPDIR
[ "$1" != --end ] || exec wineserver -k
# The stand-ins for libwim-15.dll and wimlib-imagex.exe (wine/shim.h) of the build folder that the program
# lies in. WINEPATH is the PATH of Windows programs.
for folder in "$(dirname "$1")/wine-shim" "$(dirname "$1")/../wine-shim"; do
    [ ! -d "$folder" ] || export WINEDLLPATH="${WINEDLLPATH:-$(cd "$folder" && pwd)}"
done
if [ -n "${WINEDLLPATH:-}" ]; then
    export WINEPATH="${WINEPATH:-Z:$WINEDLLPATH/bin}"
fi
# What Windows calls a start of the machine is one of the wineserver (os_boot_id): it waits for the next program.
# The services that the first program starts would keep its output open for as long as they run; so the first is
# one of no interest, and where Wine cannot start that, the failure is Wine's and it tries again.
is_up() {
    folder=$TMPDIR/$(cat "$WINEPREFIX/wineserver" 2>/dev/null) id=$(stat -c '%d %i' "$WINEPREFIX" 2>/dev/null)
    # shellcheck disable=SC2086,SC2183 # two numbers
    lock=$(stat -c %i "$folder/$(printf 'server-%x-%x' $id)/lock" 2>/dev/null) && grep -q ":$lock 0 " /proc/locks
}
start() {
    for attempt in 1 2 3; do
        {
            wineserver -p60
            [ -e "$WINEPREFIX/.update-timestamp" ] || wineboot -i
            wine cmd.exe /c exit && return
        } >/dev/null 2>&1
        echo "on_wine.sh: Wine did not start, attempt $attempt" >&2
    done </dev/null 9>&- # services would hold the lock, too
}
if ! is_up || [ ! -e "$WINEPREFIX/.update-timestamp" ]; then
    mkdir -p "$WINEPREFIX"
    exec 9>"$WINEPREFIX.lock"
    flock 9
    is_up || start
    exec 9>&-
fi
exec wine "$@"
