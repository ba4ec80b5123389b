# SPDX-License-Identifier: MIT
# What packages come in: cabinets through libmspack (LGPL-2.1), ZIP files through minizip (zlib).

if(NOT WIN32)
    pkg_check_modules(MSPACK REQUIRED IMPORTED_TARGET libmspack)
    pkg_check_modules(MINIZIP REQUIRED IMPORTED_TARGET minizip)
    pkg_check_modules(ZLIB REQUIRED IMPORTED_TARGET zlib)
    target_link_libraries(PkgConfig::MINIZIP INTERFACE PkgConfig::ZLIB) # used directly, too
endif()
add_library(archive STATIC archive/archive.c archive/archive_cab.c archive/archive_zip.c)
target_include_directories(archive PUBLIC archive)
target_link_libraries(archive PUBLIC base PRIVATE PkgConfig::MSPACK PkgConfig::MINIZIP dismfake_options)
