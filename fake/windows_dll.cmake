# SPDX-License-Identifier: MIT
# DismApi.dll and its import library, with plain names for both architectures.

set_target_properties(DismApi PROPERTIES PREFIX "" IMPORT_PREFIX "lib")
target_link_options(DismApi PRIVATE -Wl,--kill-at)
# The import library that the linker writes has the DLL's plain names alone, and 32-bit clients ask for
# NAME@BYTES: it is made again from what the objects say.
set(dll_names ${CMAKE_CURRENT_BINARY_DIR}/DismApi.def)
add_custom_command(TARGET DismApi POST_BUILD
    COMMAND ${DISMFAKE_DLLTOOL} --dllname DismApi.dll --output-def ${dll_names}
        $<TARGET_OBJECTS:core> $<TARGET_OBJECTS:servicing>
    COMMAND ${DISMFAKE_DLLTOOL} --kill-at --dllname DismApi.dll --input-def ${dll_names}
        --output-lib $<TARGET_LINKER_FILE:DismApi>
    COMMAND_EXPAND_LISTS VERBATIM)
