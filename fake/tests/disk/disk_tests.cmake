# SPDX-License-Identifier: MIT
# Tests of fake/disk: units, and Python programs that hold it against qemu-img and libvhdi through
# the program disktool.

dismfake_unit_test(disk disk)

add_executable(disktool tests/disk/disktool.c)
target_link_libraries(disktool PRIVATE disk base dismfake_options)

find_package(Python3 COMPONENTS Interpreter)
pkg_check_modules(VHDI IMPORTED_TARGET libvhdi)
find_program(QEMU_IMG qemu-img)
if(NOT VHDI_FOUND OR NOT QEMU_IMG OR NOT Python3_Interpreter_FOUND)
    message(STATUS "without libvhdi or qemu-img there are no tests of virtual disks (.ci/packages, [test])")
    return()
endif()

# The second reader.
add_executable(vhdicat tests/disk/vhdicat.c)
target_link_libraries(vhdicat PRIVATE PkgConfig::VHDI dismfake_options)

function(dismfake_disk_test name)
    add_test(NAME disk/${name} COMMAND ${Python3_EXECUTABLE} -B ${CMAKE_CURRENT_SOURCE_DIR}/tests/disk/${name}.py)
    set_tests_properties(disk/${name} PROPERTIES TIMEOUT 1200
        ENVIRONMENT "DISKTOOL=$<TARGET_FILE:disktool>;VHDICAT=$<TARGET_FILE:vhdicat>;MKFIXTURE=${PROJECT_BINARY_DIR}/fixtures/mkfixture")
endfunction()

foreach(name reading refusals partitions applying made kills)
    dismfake_disk_test(${name})
endforeach()
# What it kills is the same code; a slower one is killed less well. Every change and allocation failing
# takes minutes under a sanitizer; unit/disk and the others look at the same code there.
set_tests_properties(disk/kills disk/applying PROPERTIES LABELS plain)
