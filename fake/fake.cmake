# SPDX-License-Identifier: MIT
# The fake: core (machinery of a call), image (where images come from), servicing (the bodies).
# Folder = target = include path, so that a wrong #include does not compile (README, "Layers").

if(NOT WIM_FOUND)
    message(FATAL_ERROR "wimlib (libwim-dev) is not installed; -DDISMFAKE_BUILD_FAKE=OFF builds without the fake")
endif()

add_library(core OBJECT
    core/activity.c core/board.c core/call.c core/claim.c core/clock.c core/exports.c core/fault.c
    core/fault_mutate.c core/fault_parse.c core/fault_parse_do.c core/fault_source.c core/fault_why.c core/journal.c core/library.c
    core/log.c core/op.c core/probes.c core/result.c core/session.c core/settings.c core/state_file.c core/worker.c
    core/world.c core/world_ask.c core/world_check.c)
target_include_directories(core PUBLIC core)
target_link_libraries(core PUBLIC base PRIVATE dismfake_options)

# The part of image that sees wimlib, of which the mount helper needs nothing else.
add_library(wimfile OBJECT image/wim_file.c)
# One image read, and new contents written, without wimlib.
if(WIN32)
    target_sources(wimfile PRIVATE image/wim_raw_none.c)
else()
    target_sources(wimfile PRIVATE image/resource.c image/wim_codec.c image/wim_patch.c image/wim_patch_out.c
        image/wim_patch_xml.c image/wim_raw.c image/wim_raw_files.c image/wim_raw_tree.c)
endif()
target_include_directories(wimfile PUBLIC image)
target_link_libraries(wimfile PUBLIC base PRIVATE wimport dismfake_options)

# Disks take NTFS; where it is missing they are refused (image/disk_refused.c).
include(disk/ntfs.cmake)
include(archive/archive.cmake)
if(NOT WIN32)
    include(disk/disk.cmake)
endif()
if(NTFS_FOUND)
    set(disk_sources image/disk_facts.c image/disk_image.c)
    set(disk_libraries disk volume)
else()
    set(disk_sources image/disk_refused.c)
endif()

add_library(image OBJECT
    image/disk_extract.c image/engine.c image/helper.c image/image_file.c image/lazy_mount.c image/mounts.c
    image/mounts_file.c image/saved_image.c image/snapshot.c image/tree.c image/unpacked.c image/upper.c
    image/upper_links.c image/wim.c image/wim_commit.c image/wim_extract.c image/wim_lazy.c
    image/wim_replay.c image/wim_update.c ${disk_sources})
target_include_directories(image PUBLIC image)
target_link_libraries(image PUBLIC core hive ${disk_libraries} PRIVATE wimport dismfake_options)

# The Windows in an image: what servicing reads and changes.
include(winimage/winimage.cmake)

add_library(servicing OBJECT
    servicing/apps.c
    servicing/capabilities.c
    servicing/client_path.c
    servicing/client_sources.c
    servicing/describe.c
    servicing/drivers.c
    servicing/editions.c
    servicing/features.c
    servicing/forget.c
    servicing/health.c
    servicing/hooks.c
    servicing/image_info.c
    servicing/localise.c
    servicing/mount_check.c
    servicing/mount_lookup.c
    servicing/mounting.c
    servicing/online.c
    servicing/package_choice.c
    servicing/packages.c
    servicing/remounting.c
    servicing/scratch.c
    servicing/servicing.c
    servicing/sessions.c
    servicing/source_image.c
    servicing/turn.c
    servicing/unattend.c
    servicing/unattend_drivers.c
    servicing/unattend_settings.c
    servicing/unimplemented.c
    servicing/unmounting.c
    servicing/versions.c
    servicing/windows_of.c
    servicing/world_step.c)
target_include_directories(servicing PUBLIC servicing)
# The online image's recipe becomes part of the library.
set(online_recipe ${PROJECT_SOURCE_DIR}/fixtures/recipes/serviced-client.json)
file(READ ${online_recipe} recipe_hex HEX)
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${online_recipe})
string(REGEX REPLACE "(..)" "0x\\1," recipe_bytes "${recipe_hex}")
file(CONFIGURE OUTPUT online_recipe.h CONTENT
    "static const unsigned char online_recipe[] = {@recipe_bytes@};\n" @ONLY)
target_include_directories(servicing PRIVATE ${CMAKE_CURRENT_BINARY_DIR})
target_compile_definitions(servicing PRIVATE DISMFAKE_VERSION="${PROJECT_VERSION}")
target_link_libraries(servicing PUBLIC image winimage recipe PRIVATE dismfake_options)

add_library(DismApi SHARED $<TARGET_OBJECTS:core> $<TARGET_OBJECTS:wimfile> $<TARGET_OBJECTS:image>
    $<TARGET_OBJECTS:winimage> $<TARGET_OBJECTS:servicing>)
target_include_directories(DismApi INTERFACE
    $<BUILD_INTERFACE:${CMAKE_CURRENT_SOURCE_DIR}/include>
    $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}/dismfake>)
target_link_libraries(DismApi PRIVATE ${disk_libraries} archive recipe hive wimport base contract dismfake_options)
# nodelete: a client that unloads the library with a session open leaves a command thread behind, whose code
# must stay where it is.
if(WIN32)
    include(windows_dll.cmake)
else()
    target_link_options(DismApi PRIVATE
        -Wl,--exclude-libs,ALL -Wl,-Bsymbolic-functions -Wl,-z,nodelete)
    # Clients spell the name in four ways, and Linux looks at letter case (client-habits 1.6).
    add_custom_command(TARGET DismApi POST_BUILD
        COMMAND ${CMAKE_COMMAND} -E create_symlink libDismApi.so libdismapi.so
        COMMAND ${CMAKE_COMMAND} -E create_symlink libDismApi.so libDismAPI.so
        WORKING_DIRECTORY ${CMAKE_CURRENT_BINARY_DIR})
endif()

add_executable(dismfake control/main.c)
target_link_libraries(dismfake PRIVATE DismApi base dismfake_options)
set_target_properties(dismfake PROPERTIES INSTALL_RPATH "$ORIGIN/../${CMAKE_INSTALL_LIBDIR}")

# The mount helper of the lazy engine, where the system has FUSE.
if(CMAKE_SYSTEM_NAME STREQUAL Linux)
    pkg_check_modules(FUSE3 IMPORTED_TARGET fuse3)
endif()
if(FUSE3_FOUND)
    include(mountfs/mountfs.cmake)
endif()

if(CMAKE_SYSTEM_NAME STREQUAL Linux)
    include(replay/replay.cmake)
endif()

if(DISMFAKE_BUILD_TESTS)
    include(tests/archive/archive_tests.cmake)
    include(tests/core_tests.cmake)
endif()
