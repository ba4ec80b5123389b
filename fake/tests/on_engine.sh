#!/bin/sh
# SPDX-License-Identifier: MIT
# on_engine.sh ENGINE SKIP-CODE HELPER IMAGE COMMAND...: runs COMMAND with that engine; where the lazy one
# is refused, also only for writing, it says why and ends with SKIP-CODE.
set -u
engine=$1 skip=$2 helper=$3 image=$4
shift 4
if [ "$engine" = lazy ]; then
    place=${TEST_TMP:-${TMPDIR:-/tmp}}
    mkdir -p "$place"
    folder=$(mktemp -d -p "$place")
    mkdir "$folder/lower" "$folder/upper" "$folder/work" "$folder/target"
    answer=$("$helper" --image "$image" --index 1 --lower "$folder/lower" --upper "$folder/upper" \
        --work "$folder/work" --target "$folder/target" 2>&1 || true)
    umount -l "$folder/target" 2>/dev/null
    rm -rf "$folder"
    case $answer in ok*) ;; *)
        echo "the lazy engine does not work here: $answer"
        exit "$skip"
        ;;
    esac
fi
DISMFAKE_ENGINE=$engine TEST_ENGINE=$engine exec "$@"
