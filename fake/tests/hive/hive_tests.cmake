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
