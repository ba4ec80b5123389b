#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# package.sh BUILD SOURCE CMAKE TOOL-PREFIX ON-WINE WIMLIB: makes the folder that is given away and uses it as its
# README says: the three commands, and a client in C (by hand and by CMake), Go and C#.
# WIMLIB is the libwim-15.dll that is put beside DismApi.dll.
set -euo pipefail
export LC_ALL=C.UTF-8
build=$1 source=$2 cmake=$3 prefix=$4 on_wine=$5 wimlib=$6
work=$build/package-test
package=$work/given
readme=$package/README.md
step() { echo "-- $*"; }
complain() { echo "$*" >&2; exit 1; }
windows_name() { local path=Z:$1; echo "${path//\//\\}"; }
# block LANGUAGE: the first block of that language in the README.
block() { awk -v start="\`\`\`$1" '$0 == "```" { if (on) exit } on; $0 == start { on = 1 }' "$readme"; }

rm -rf "$work"
mkdir -p "$work"
step "what is in the folder"
"$cmake" --install "$build" --component package --strip --prefix "$package" >"$work/install.log" ||
    { cat "$work/install.log"; exit 1; }
for file in DismApi.dll libDismApi.dll.a DismApi.lib dismapi.h dismfake.h dismfake-config.cmake dismfake.exe dismconform.exe \
    mkfixture.exe README.md scenarios/mount recipes/two-index-tiny.json LICENSES/dismfake.txt LICENSES/cJSON.txt \
    LICENSES/libmspack.txt LICENSES/libxml2.txt LICENSES/zlib.txt LICENSES/mingw-w64.txt LICENSES/gcc.txt; do
    [ -e "$package/$file" ] || complain "$file is missing"
done
for file in "$package"/*.h; do
    for included in $(sed -n 's/^# *include "\(.*\)"/\1/p' "$file"); do
        [ -e "$package/$included" ] || complain "${file##*/} includes $included, which is missing"
    done
done
# Paths of the machine that built it, and debugging data, are nobody's business.
if grep -rlaF "$source" "$package"; then complain "these name the source folder"; fi
cp "$wimlib" "$package/"
WINEDLLPATH=$(dirname "$wimlib") # the code behind that stand-in
export WINEDLLPATH DISMFAKE_STATE
DISMFAKE_STATE=$(windows_name "$work/state")

step "the three commands"
(
    cd "$package"
    "$on_wine" mkfixture.exe --catalog recipes catalog --only two-index-tiny
    "$on_wine" dismconform.exe run --library "$(windows_name "$package")\\DismApi.dll" --fixtures catalog \
        --clauses 'scenarios\clauses' --color never 'scenarios\delete' | tail -n 1
    "$on_wine" dismfake.exe --json status | python3 -c 'import json, sys; assert json.load(sys.stdin)["mounts"] == []'
)

# A README's client wants image.wim and an empty folder "mount" where it runs, and leaves notes.txt in the image.
example() {
    local program=$1 run=$work/run
    step "$program"
    mkdir -p "$run/mount"
    cp "$package/catalog/two-index-tiny.wim" "$run/image.wim"
    cp "$package/DismApi.dll" "$wimlib" "$program" "$run/"
    (cd "$run" && "$on_wine" "${program##*/}") || complain "it failed"
    wimlib-imagex verify "$run/image.wim" >/dev/null 2>&1 || complain "the image does not verify"
    wimlib-imagex dir "$run/image.wim" 1 | grep -qx /notes.txt || complain "notes.txt is not in the image"
    [ -z "$(ls -A "$run/mount")" ] || complain "the mount folder is not empty"
    rm -rf "$run"
}

mkdir -p "$work/project"
block c >"$work/project/example.c"
block cmake >"$work/project/CMakeLists.txt"
for library in libDismApi.dll.a DismApi.lib; do
    "${prefix}gcc" -Wall -Wextra -Werror -I"$package" -o "$work/c-$library.exe" "$work/project/example.c" "$package/$library"
    example "$work/c-$library.exe"
done
"${prefix}gcc" -fms-extensions -o "$work/c-mingw.exe" "$work/project/example.c" -ldismapi
example "$work/c-mingw.exe"

"$cmake" -S "$work/project" -B "$work/project/build" -G Ninja -Ddismfake_DIR="$package" -DCMAKE_SYSTEM_NAME=Windows \
    -DCMAKE_C_COMPILER="${prefix}gcc" >"$work/cmake.log"
"$cmake" --build "$work/project/build" >>"$work/cmake.log" || { cat "$work/cmake.log"; exit 1; }
cmp "$work/project/build/DismApi.dll" "$package/DismApi.dll" || complain "DismApi.dll was not copied beside the program"
example "$work/project/build/example.exe"

mkdir "$work/go"
block go >"$work/go/main.go"
if command -v go >/dev/null; then
    cp "$source/fake/tests/clients/go/go.mod" "$work/go/"
    (cd "$work/go" && GOOS=windows GOARCH=amd64 CGO_ENABLED=0 GOFLAGS=-mod=mod GOPROXY=off GOCACHE=$build/fake/go-cache \
        go build -o "$work/go.exe" .)
    example "$work/go.exe"
fi
# C# runs where Mono runs: program/windows-readme has its block.
rm -rf "$work"
