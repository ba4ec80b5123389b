# SPDX-License-Identifier: MIT
# Tests of the fake that are no scenarios: units of core and image, and client programs.

# The exports sit in core and call into servicing: a unit is linked with all of the fake's objects.
foreach(unit result session op fault event clock journal settings mounts tree world)
    dismfake_unit_test(${unit} core wimfile image servicing PkgConfig::WIM)
endforeach()

include(tests/programs/programs.cmake)
