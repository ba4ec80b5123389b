# SPDX-License-Identifier: MIT
# Virtual disks: containers, their changes, partitions. Sees base and contract only.

add_library(disk STATIC
    disk/apply.c disk/chain.c disk/container.c disk/disk.c disk/gpt.c disk/partition.c disk/plan.c disk/side.c
    disk/side_file.c disk/vhd.c disk/vhd_plan.c disk/vhdx.c disk/vhdx_map.c disk/vhdx_meta.c disk/vhdx_plan.c
    disk/volume.c)
target_include_directories(disk PUBLIC disk)
target_link_libraries(disk PUBLIC base PRIVATE dismfake_options)

if(DISMFAKE_BUILD_TESTS)
    include(tests/disk/disk_tests.cmake)
endif()
