# SPDX-License-Identifier: MIT
# Tests of the fake that are no scenarios: units of core and image, and client programs.

# The exports sit in core and call into servicing: a unit is linked with all of the fake's objects.
foreach(unit result session op fault clock journal settings mounts tree world change inf driver_catalog)
    dismfake_unit_test(${unit} core wimfile image winimage servicing wimport)
endforeach()

# A command on one engine; the lazy one is tried out first, so that its absence is a skip.
set(ON_ENGINE ${CMAKE_CURRENT_SOURCE_DIR}/tests/on_engine.sh)
set(MOUNT_HELPER ${CMAKE_CURRENT_BINARY_DIR}/dismfake-mount)
set(MOUNT_IMAGE ${PROJECT_BINARY_DIR}/fixtures/catalog/two-index-tiny.wim)

# Without wimlib only Linux reads images.
if(NOT WIN32)
    add_executable(test_wim_raw tests/test_wim_raw.c)
    target_link_libraries(test_wim_raw PRIVATE wimfile wimport base dismfake_options PkgConfig::CMOCKA)
    add_test(NAME unit/wim-raw COMMAND test_wim_raw ${MOUNT_IMAGE})
    set_tests_properties(unit/wim-raw PROPERTIES FIXTURES_REQUIRED catalogue TIMEOUT 300)
endif()

include(tests/programs/programs.cmake)
include(tests/clients/clients.cmake)

# The sweep makes its images like the clients there that Windows has none of.
if(WIN32)
    return()
endif()

# Whole calls with every failure under them; linked like a unit, since it plans the failures.
add_executable(test_sweep tests/sweep.c)
target_link_libraries(test_sweep PRIVATE core wimfile image winimage servicing wimport base dismfake_options)

# Every allocation, every change to the file system; wider steps through the allocations where each failure
# starts a helper anew: `test_sweep DIR 1` takes every single one there too.
foreach(engine extract lazy)
    set(stride 1)
    if(engine STREQUAL lazy)
        set(stride 29)
    elseif(DISMFAKE_SANITIZE) # minutes; the plain build takes every one
        set(stride 2)
    endif()
    dismfake_program(sweep/${engine} ${ON_ENGINE} ${engine} 77 ${MOUNT_HELPER} ${MOUNT_IMAGE}
        $<TARGET_FILE:test_sweep> ${PROGRAMS_TMP}/sweep-${engine} ${stride})
    set_tests_properties(program/sweep/${engine} PROPERTIES TIMEOUT 900)
endforeach()

# The same for servicing: a sample; SERVICING_FAULTS=all takes every one. Kills are put into floor.c's way.
add_executable(test_servicing_faults tests/programs/servicing_faults.c)
target_link_libraries(test_servicing_faults PRIVATE core wimfile image winimage servicing wimport base dismfake_options
    -Wl,--wrap=floor_denies_change)
dismfake_program(servicing-faults $<TARGET_FILE:test_servicing_faults> ${PROGRAMS_TMP}/servicing-faults
    ${CMAKE_BINARY_DIR}/fixtures/catalog)
set_tests_properties(program/servicing-faults PROPERTIES FIXTURES_REQUIRED catalogue TIMEOUT 900)
add_executable(test_servicing_reads tests/programs/servicing_reads.c)
target_link_libraries(test_servicing_reads PRIVATE core wimfile image winimage servicing wimport base dismfake_options)
dismfake_program(servicing-reads $<TARGET_FILE:test_servicing_reads> ${PROGRAMS_TMP}/servicing-reads
    ${CMAKE_BINARY_DIR}/fixtures/catalog)
set_tests_properties(program/servicing-reads PROPERTIES FIXTURES_REQUIRED catalogue TIMEOUT 900)
