# SPDX-License-Identifier: MIT
# wimlib as both systems have it, for the fake and the fixture maker.

if(WIN32)
    set(wimport_file wimport/wim_port_win.c)
else()
    set(wimport_file wimport/wim_port_posix.c)
endif()
add_library(wimport STATIC wimport/wim_port.c ${wimport_file})
target_include_directories(wimport PUBLIC wimport)
target_link_libraries(wimport PUBLIC base PkgConfig::WIM PRIVATE dismfake_options)

if(WIN32 AND DISMFAKE_BUILD_TESTS)
    include(tests/wine/wine.cmake)
endif()
