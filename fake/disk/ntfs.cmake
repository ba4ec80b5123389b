# SPDX-License-Identifier: MIT
# Virtual disks and the file system in them.

# libntfs-3g is GPL-2+: what links it is, as a whole, under that licence. Without it disks are refused.
option(DISMFAKE_NTFS "Mount VHD and VHDX files (links libntfs-3g, GPL-2+)" ON)
if(DISMFAKE_NTFS AND NOT WIN32) # no source of libntfs-3g to cross-build
    pkg_check_modules(NTFS IMPORTED_TARGET libntfs-3g)
endif()

if(NTFS_FOUND)
    add_library(volume STATIC disk/ntfs_change.c disk/ntfs_extract.c disk/ntfs_volume.c)
    target_include_directories(volume PUBLIC disk)
    target_link_libraries(volume PUBLIC base PkgConfig::NTFS PRIVATE dismfake_options)
    if(DISMFAKE_BUILD_TESTS)
        add_executable(test_volume_tool tests/volume_tool.c)
        target_link_libraries(test_volume_tool PRIVATE volume base dismfake_options)
    endif()
endif()
