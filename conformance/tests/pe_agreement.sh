#!/bin/sh
# SPDX-License-Identifier: MIT
# What probe says of a Windows library without loading it: version and machine as they were built in,
# and the exports beyond the table as binutils lists them. pe_agreement.sh DISMCONFORM LIBRARY
output=$("$1" probe "$2" 2>&1)
code=$?
failed=0
[ "$code" = 3 ] || { echo "exit code $code"; failed=1; }
for wanted in '^machine  *x64$' '^version  *file: 10\.0\.26100\.7$' '^version  *product: 10\.1\.2\.3$' \
    '^version  *CompanyName: Tiny Works$' '^version  *FileVersion: 10\.0\.26100\.7 (built here)$' \
    'cannot be loaded: .*it is a Windows library, x64'; do
    printf '%s\n' "$output" | grep -q -- "$wanted" || { echo "no line like $wanted"; failed=1; }
done
ours=$(printf '%s\n' "$output" | sed -n 's/^extra  *//p' | sort)
theirs=$(objdump -p "$2" | sed -n '/Name Pointer\] Table/,/^$/s/^\t\[.*\] *\(+base.*\] *[0-9a-f]* *\)*//p' |
    grep -vxE 'DismInitialize|DismShutdown' | sort)
[ "$ours" = "$theirs" ] && [ -n "$theirs" ] || { echo "extra exports: $ours; binutils: $theirs"; failed=1; }
[ "$failed" = 0 ] || printf '%s\n' "$output"
exit $failed
