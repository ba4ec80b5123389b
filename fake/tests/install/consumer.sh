#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# consumer.sh BUILD SOURCE CMAKE CC GENERATOR: installs BUILD into a scratch folder, moves the result, and there
# builds a client by CMake and one by pkg-config, runs the C and Python examples of README.md, the
# control program and one scenario.
set -euo pipefail
build=$1 source=$2 cmake=$3 cc=$4 generator=$5
here=$source/fake/tests/install
work=$build/install-test
step() { echo "-- $*"; }

rm -rf "$work"
mkdir -p "$work/project"
step "install, and move what was installed"
"$cmake" --install "$build" --prefix "$work/first" >"$work/install.log" || { cat "$work/install.log"; exit 1; }
prefix=$work/moved
mv "$work/first" "$prefix"
lib=$(dirname "$(find "$prefix" -name libDismApi.so)")
for name in libdismapi.so libDismAPI.so; do
    [ "$(readlink -f "$lib/$name")" = "$lib/libDismApi.so" ]
done
if grep -rlE "$source|$build" "$lib/cmake" "$lib/pkgconfig" "$prefix/include"; then
    echo "these name the source or build folder"
    exit 1
fi
export DISMFAKE_STATE=$work/state

# blocks LANGUAGE: those of that language in README.md, as one.
blocks() { awk -v start="\`\`\`$1" '$0 == "```" { on = 0 } on; $0 == start { on = 1 }' "$source/README.md"; }
blocks c >"$work/project/example.c"
blocks python >"$work/example.py"
grep -q DismUnmountImage "$work/project/example.c"
grep -q DismEnableFeature "$work/example.py"

step "find_package"
cp "$here/CMakeLists.txt" "$here/consumer.c" "$work/project/"
"$cmake" -S "$work/project" -B "$work/project/build" -G "$generator" -DCMAKE_C_COMPILER="$cc" \
    -DCMAKE_PREFIX_PATH="$prefix" -DCMAKE_C_FLAGS="-Wall -Wextra -Werror" >"$work/consumer.log"
"$cmake" --build "$work/project/build" >>"$work/consumer.log" || { cat "$work/consumer.log"; exit 1; }
"$work/project/build/consumer"

step "pkg-config"
export PKG_CONFIG_PATH=$lib/pkgconfig
read -ra flags <<<"$(pkg-config --cflags --libs dismfake)"
"$cc" -std=c11 -Wall -Werror -o "$work/by-pkg-config" "$here/consumer.c" "${flags[@]}"
LD_LIBRARY_PATH=$lib "$work/by-pkg-config"

# Both examples want image.wim and an empty folder "mount" where they run, and leave notes.txt inside
# the first image. That in Python goes on with a Windows and a package for it.
example() {
    step "$*"
    mkdir -p "$work/run/mount"
    cp "$prefix/share/dismfake/catalog/"{serviced-client.wim,pkg-simple.cab} "$work/run"
    cp "$prefix/share/dismfake/catalog/two-index-tiny.wim" "$work/run/image.wim"
    chmod u+w "$work/run"/*
    (cd "$work/run" && "$@")
    wimlib-imagex verify "$work/run/image.wim" >/dev/null
    wimlib-imagex dir "$work/run/image.wim" 1 | grep -qx /notes.txt
    ! wimlib-imagex dir "$work/run/image.wim" 2 | grep -qx /notes.txt
    [ -z "$(ls -A "$work/run/mount")" ]
}
example "$work/project/build/example"
rm -rf "$work/run"
LD_LIBRARY_PATH=$lib example python3 -B "$work/example.py"
wimlib-imagex dir "$work/run/serviced-client.wim" 1 >"$work/serviced.txt"
grep -qx '/Windows/servicing/Packages/Package_for_KB5030001~.*[.]mum' "$work/serviced.txt"
grep -qx /Windows/System32/telnet.exe "$work/serviced.txt"

step "programs"
"$prefix/bin/dismfake" --json status | python3 -c 'import json, sys; assert json.load(sys.stdin)["mounts"] == []'
"$prefix/bin/mkfixture" --list "$prefix/share/dismfake/recipes" >/dev/null
unset DISMFAKE_STATE
recipe=$(sha256sum "$prefix/share/dismfake/recipes/two-index-tiny.json" | cut -c1-64)
sed "s/@RECIPE@/$recipe/" "$here/image-info.json.in" >"$work/image-info.json"
"$prefix/bin/dismconform" run --library "$lib/libDismApi.so" --jobs 1 --color never --all-gate \
    "$work/image-info.json"
[ -e "$prefix/share/dismfake/scenarios" ]
