#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# def.sh LIBRARY COMPILER - the .def file made from the table names just what the library exports, the hooks
# of dismfake.h apart.
set -euo pipefail
library=$1 compiler=$2
source=$(cd "$(dirname "$0")/../.." && pwd)
made=$("$compiler" -E -P -x c -I "$source/include" "$source/core/exports.def.in" | sed -n 's/^ *\(_\{0,1\}Dism[A-Za-z0-9]*\)$/\1/p' | sort)
exported=$(nm -D --defined-only "$library" | awk '{print $3}' | grep -E '^_?Dism' | grep -v '^DismFake' | sort)
diff <(echo "$made") <(echo "$exported")
[ "$(wc -l <<<"$made")" = 95 ] || { echo "the table has $(wc -l <<<"$made") names, not 95"; exit 1; }
