# SPDX-License-Identifier: MIT
# dismfake-mount: a read-only FUSE file system over an image of a WIM file.

add_library(mountfs OBJECT
    image/wim_read.c mountfs/ahead.c mountfs/attributes.c mountfs/cache.c mountfs/nodes.c mountfs/store.c)
target_include_directories(mountfs PUBLIC mountfs)
target_link_libraries(mountfs PUBLIC wimfile PRIVATE wimport dismfake_options)

add_executable(dismfake-mount
    mountfs/attach.c mountfs/daemon.c mountfs/main.c mountfs/server.c)
target_link_libraries(dismfake-mount PRIVATE
    mountfs wimfile wimport base PkgConfig::FUSE3 dismfake_options)
install(TARGETS dismfake-mount RUNTIME DESTINATION ${CMAKE_INSTALL_LIBEXECDIR}/dismfake)

if(DISMFAKE_BUILD_TESTS)
    foreach(unit resource reparse cache)
        dismfake_unit_test(${unit} mountfs wimfile wimport)
    endforeach()
endif()
