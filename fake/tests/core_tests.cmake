# SPDX-License-Identifier: MIT
# Tests of the fake that are no scenarios: units of core and image, and client programs.

# The exports sit in core and call into servicing: a unit is linked with all of the fake's objects.
foreach(unit result session op fault event clock journal settings mounts tree world)
    dismfake_unit_test(${unit} core wimfile image servicing PkgConfig::WIM)
endforeach()

# A command on one engine; the lazy one is tried out first, so that its absence is a skip.
set(ON_ENGINE ${CMAKE_CURRENT_SOURCE_DIR}/tests/on_engine.sh)
set(MOUNT_HELPER ${CMAKE_CURRENT_BINARY_DIR}/dismfake-mount)
set(MOUNT_IMAGE ${PROJECT_BINARY_DIR}/fixtures/catalog/two-index-tiny.wim)

include(tests/programs/programs.cmake)
