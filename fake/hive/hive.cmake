# SPDX-License-Identifier: MIT
# Registry hives, through hivex (LGPL-2.1), whose source cannot be had for a cross-build.

if(NOT WIN32)
    pkg_check_modules(HIVEX IMPORTED_TARGET hivex)
endif()
if(HIVEX_FOUND)
    add_library(hive STATIC hive/hive_hivex.c)
    target_include_directories(hive PUBLIC hive)
    target_link_libraries(hive PUBLIC base PkgConfig::HIVEX PRIVATE dismfake_options)
endif()
