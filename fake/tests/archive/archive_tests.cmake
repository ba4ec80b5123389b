# SPDX-License-Identifier: MIT
# Tests of fake/archive, and of base/xml.h by another reader.

add_executable(test_archive tests/archive/test_archive.c)
target_include_directories(test_archive PRIVATE tests)
target_link_libraries(test_archive PRIVATE archive base dismfake_options PkgConfig::CMOCKA)
add_test(NAME unit/archive COMMAND test_archive)
set_tests_properties(unit/archive PROPERTIES TIMEOUT 120)

add_executable(archivetool tests/archive/archivetool.c)
target_link_libraries(archivetool PRIVATE archive base dismfake_options)

# Python programs that hold both against what other programs make and read.
find_package(Python3 COMPONENTS Interpreter)
set(others TRUE)
foreach(program bsdtar cabextract gcab unzip xmllint zip)
    find_program(OTHER_${program} ${program})
    if(NOT OTHER_${program})
        set(others FALSE)
    endif()
endforeach()
if(WIN32 OR NOT others OR NOT Python3_Interpreter_FOUND)
    message(STATUS "archives are not held against other programs (.ci/packages, [test])")
    return()
endif()
foreach(name documents hostile reading)
    add_test(NAME archive/${name} COMMAND ${Python3_EXECUTABLE} -B ${CMAKE_CURRENT_SOURCE_DIR}/tests/archive/${name}.py)
    set_tests_properties(archive/${name} PROPERTIES TIMEOUT 600 ENVIRONMENT "ARCHIVETOOL=$<TARGET_FILE:archivetool>")
endforeach()
