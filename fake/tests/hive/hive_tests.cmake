# SPDX-License-Identifier: MIT
# Tests of fake/hive.

add_executable(test_hive tests/hive/test_hive.c)
target_include_directories(test_hive PRIVATE tests)
target_link_libraries(test_hive PRIVATE hive regf base dismfake_options PkgConfig::CMOCKA)
if(HIVEX_FOUND)
    target_compile_definitions(test_hive PRIVATE DISMFAKE_HIVEX)
endif()
add_test(NAME unit/hive COMMAND test_hive)
set_tests_properties(unit/hive PROPERTIES TIMEOUT 300)

add_executable(hivetool tests/hive/hivetool.c)
target_link_libraries(hivetool PRIVATE hive regf base dismfake_options)

if(HIVEX_FOUND) # what ./run bench holds lists against
    add_executable(hivewalk tests/bench/hivewalk.c)
    target_link_libraries(hivewalk PRIVATE dismfake_options PkgConfig::HIVEX)
endif()

# Python programs that hold it against hivex' tools, reged and libregf.
find_package(Python3 COMPONENTS Interpreter)
find_program(HIVEXREGEDIT hivexregedit)
find_program(REGED reged PATHS /usr/sbin)
find_program(REGFINFO regfinfo)
if(WIN32 OR NOT HIVEXREGEDIT OR NOT REGED OR NOT REGFINFO OR NOT Python3_Interpreter_FOUND)
    message(STATUS "hives are not held against other programs (.ci/packages, [test])")
    return()
endif()
foreach(name agreement odd)
    add_test(NAME hive/${name} COMMAND ${Python3_EXECUTABLE} -B ${CMAKE_CURRENT_SOURCE_DIR}/tests/hive/${name}.py)
    set_tests_properties(hive/${name} PROPERTIES TIMEOUT 600 ENVIRONMENT
        "HIVETOOL=$<TARGET_FILE:hivetool>;HIVE_KINDS=$<IF:$<BOOL:${HIVEX_FOUND}>,hivex memory,memory>")
endforeach()
