#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# upcase.sh PROGRAM - our upper case against the table ($UpCase, file 10) that mkntfs gives a volume.
set -euo pipefail
PATH=$PATH:/usr/sbin:/sbin
for tool in mkntfs ntfscat; do
    command -v $tool >/dev/null || { echo "no $tool (package ntfs-3g)"; exit 77; }
done
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
truncate -s 8M "$folder/volume"
mkntfs -q -F "$folder/volume" >"$folder/log" 2>&1 || { cat "$folder/log"; exit 1; }
ntfscat -i 10 "$folder/volume" >"$folder/table"
"$1" "$folder/table"
