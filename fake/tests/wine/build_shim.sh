#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# build_shim.sh FOLDER: makes the test-only libwim-15.dll (shim.h) there. Two files: libwim-15.dll, a stub
# that has to lie beside the module that loads it, and libwim-15.dll.so, the code, which Wine finds in WINEDLLPATH.
# The same for wimlib-imagex.exe (imagex.c), whose stub is in bin/.
# Packages: wine64-tools, libwine-dev, libwim15.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
fake=$here/../..
mkdir -p "$1"
cd "$1"

sed -nE 's/^ *X\(([a-z0-9_]+)\).*/@ cdecl wimlib_\1() shim_\1/p' "$fake/wimport/wim_functions.h" >libwim-15.spec
# text.c and what it stands on, once more for this side.
objects=()
for source in "$here"/{imagex,shim*}.c "$fake"/base/{text,mem,floor}.c; do
    object=$(basename "$source" .c).o
    gcc -c -fPIC -O1 -g -Wall -Wextra -Werror -std=gnu17 -D_GNU_SOURCE -I"$fake/base" -I"$fake/include" \
        -I"$fake/wimport" -o "$object" "$source"
    [ $object = imagex.o ] || objects+=("$object")
done
winegcc -m64 -shared -o libwim-15.dll.so "${objects[@]}" libwim-15.spec -ldl
winebuild -m64 --dll --fake-module -E libwim-15.spec -o libwim-15.dll

mkdir -p bin
winegcc -m64 -mconsole -municode -o wimlib-imagex.exe imagex.o shim_texts.o {text,mem,floor}.o
rm wimlib-imagex.exe # a script of winegcc's
winebuild -m64 --exe --fake-module --subsystem console -F wimlib-imagex.exe -o bin/wimlib-imagex.exe
