# SPDX-License-Identifier: MIT
# find_package(dismfake) in this folder (dismfake_DIR) gives the target dismfake::DismApi, for MSVC and MinGW.

if(NOT TARGET dismfake::DismApi)
    add_library(dismfake::DismApi SHARED IMPORTED)
    set_target_properties(dismfake::DismApi PROPERTIES
        INTERFACE_INCLUDE_DIRECTORIES "${CMAKE_CURRENT_LIST_DIR}"
        IMPORTED_LOCATION "${CMAKE_CURRENT_LIST_DIR}/DismApi.dll")
    if(MSVC)
        set_target_properties(dismfake::DismApi PROPERTIES IMPORTED_IMPLIB "${CMAKE_CURRENT_LIST_DIR}/DismApi.lib")
    else()
        set_target_properties(dismfake::DismApi PROPERTIES
            IMPORTED_IMPLIB "${CMAKE_CURRENT_LIST_DIR}/libDismApi.dll.a")
    endif()
endif()
