#!/bin/sh
# SPDX-License-Identifier: MIT
# on_engine.sh ENGINE SKIP-CODE HELPER IMAGE COMMAND...: runs COMMAND with that engine; where the lazy one
# is refused it says why and ends with SKIP-CODE.
set -u
engine=$1 skip=$2 helper=$3 image=$4
shift 4
if [ "$engine" = lazy ]; then
    folder=$(mktemp -d)
    answer=$("$helper" --image "$image" --index 1 --lower "$folder" 2>&1 || true)
    umount -l "$folder" 2>/dev/null
    rmdir "$folder"
    case $answer in ok*) ;; *)
        echo "the lazy engine does not work here: $answer"
        exit "$skip"
        ;;
    esac
fi
DISMFAKE_ENGINE=$engine TEST_ENGINE=$engine exec "$@"
