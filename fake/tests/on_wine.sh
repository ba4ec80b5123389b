#!/bin/sh
# SPDX-License-Identifier: MIT
# on_wine.sh PROGRAM ARGUMENT...: runs a Windows program in the one Wine prefix of all tests: WINEPREFIX, or
# build/wineprefix, which is made when it is missing.
set -u
here=$(cd "$(dirname "$0")/../.." && pwd)
export WINEPREFIX="${WINEPREFIX:-$here/build/wineprefix}" WINEDEBUG="${WINEDEBUG:--all}"
export WINEDLLOVERRIDES="${WINEDLLOVERRIDES:-mscoree,mshtml=;winemenubuilder.exe=d}"
if [ ! -e "$WINEPREFIX/.update-timestamp" ]; then
    mkdir -p "${WINEPREFIX%/*}"
    flock "$WINEPREFIX.lock" sh -c '[ -e "$WINEPREFIX/.update-timestamp" ] || wineboot -i' >/dev/null 2>&1
fi
# The stand-ins for libwim-15.dll and wimlib-imagex.exe (wine/shim.h) of the build folder that the program
# lies in. WINEPATH is the PATH of Windows programs.
for folder in "$(dirname "$1")/wine-shim" "$(dirname "$1")/../wine-shim"; do
    [ ! -d "$folder" ] || export WINEDLLPATH="${WINEDLLPATH:-$(cd "$folder" && pwd)}"
done
if [ -n "${WINEDLLPATH:-}" ]; then
    export WINEPATH="${WINEPATH:-Z:$WINEDLLPATH/bin}"
fi
# What Windows calls a start of the machine is one of the wineserver (os_boot_id): it waits for the next program.
pgrep -u "$(id -u)" -x 'wineserver(64)?' >/dev/null 2>&1 && is_up=1 || is_up=0
wineserver -p60 2>/dev/null
# The services that the first program starts would keep its output open for as long as they run.
[ $is_up = 1 ] || wine cmd.exe /c exit </dev/null >/dev/null 2>&1
exec wine "$@"
