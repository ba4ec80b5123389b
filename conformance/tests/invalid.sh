#!/bin/sh
# SPDX-License-Identifier: MIT
# Every file of a folder is refused, at its line and JSON pointer, with the sentence that expected.txt
# names for it; and run refuses it as lint does. Lines: FILE|LEVEL|POINTER|SENTENCE.
#   invalid.sh DISMCONFORM LIBRARY FOLDER
runner=$1
library=$2
folder=$3
failed=0
listed=0
while IFS='|' read -r file level pointer sentence; do
    listed=$((listed + 1))
    lint=$("$runner" lint "$folder/$file" 2>&1)
    code=$?
    if [ "$code" != 3 ]; then
        echo "$file: lint gave exit code $code"
        failed=1
    fi
    if ! printf '%s\n' "$lint" | grep -E "^[^ ]*/$file:[0-9]+: " | grep -Fq -- ": $pointer: "; then
        printf '%s: no finding with a line at %s in:\n%s\n' "$file" "$pointer" "$lint"
        failed=1
    fi
    if ! printf '%s\n' "$lint" | grep -F -- ": $pointer: " | grep -Fq -- "$sentence"; then
        printf '%s: wanted "%s" in:\n%s\n' "$file" "$sentence" "$lint"
        failed=1
    fi
    "$runner" run --library "$library" "$folder/$file" >/dev/null 2>&1
    code=$?
    if [ "$code" != 3 ]; then
        echo "$file: run gave exit code $code"
        failed=1
    fi
done <"$folder/expected.txt"
there=$(find "$folder" -name '*.json' | wc -l)
if [ "$there" != "$listed" ]; then
    echo "$there files, but expected.txt lists $listed"
    failed=1
fi
[ "$failed" = 0 ] && echo "$listed files refused"
exit $failed
