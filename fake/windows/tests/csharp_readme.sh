#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# csharp_readme.sh SOURCE LIBRARY-FOLDER IMAGE FOLDER: compiles the C# client of the Windows README and runs it with
# Mono on the Linux library, which answers to the same declarations.
set -euo pipefail
source=$1 libraries=$2 image=$3 folder=$4
rm -rf "$folder"
mkdir -p "$folder/mount"
awk '$0 == "```" { if (on) exit } on; $0 == "```csharp" { on = 1 }' "$source/fake/windows/README.md" >"$folder/example.cs"
mcs -warnaserror -out:"$folder/example.exe" "$folder/example.cs"
install -m 644 "$image" "$folder/image.wim"
cd "$folder"
DISMFAKE_STATE=$folder/state LD_LIBRARY_PATH=$libraries mono example.exe
wimlib-imagex dir image.wim 1 | grep -qx /notes.txt
[ -z "$(ls -A mount)" ]
rm -rf "$folder"
