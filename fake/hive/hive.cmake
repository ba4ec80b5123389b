# SPDX-License-Identifier: MIT
# Registry hives: regf, our own reader and writer, which fixtures are made with too; hive, the interface,
# through hivex (LGPL-2.1) where it is there. Its source cannot be had for a cross-build.

add_library(regf STATIC hive/regf_make.c hive/regf_read.c hive/regf_tree.c hive/regf_write.c)
target_include_directories(regf PUBLIC hive)
target_link_libraries(regf PUBLIC base PRIVATE dismfake_options)

add_library(hive STATIC hive/hive.c hive/hive_memory.c)
target_include_directories(hive PUBLIC hive)
target_link_libraries(hive PUBLIC regf base PRIVATE dismfake_options)
if(NOT WIN32)
    pkg_check_modules(HIVEX IMPORTED_TARGET hivex)
endif()
if(HIVEX_FOUND)
    target_sources(hive PRIVATE hive/hive_hivex.c)
    target_compile_definitions(hive PRIVATE DISMFAKE_HIVEX)
    target_link_libraries(hive PRIVATE PkgConfig::HIVEX)
endif()
