# SPDX-License-Identifier: MIT
# windows.cmake - what pkg-config finds elsewhere, for the Windows build: cJSON and cmocka built from
# Debian's sources, wimlib by its header alone (libwim-15.dll is loaded at run time).

set(DISMFAKE_SOURCES ${CMAKE_BINARY_DIR}/sources CACHE PATH "Where .ci/windows-sources unpacks")
execute_process(COMMAND ${CMAKE_CURRENT_LIST_DIR}/windows-sources ${DISMFAKE_SOURCES}
    RESULT_VARIABLE sources_missing)
if(sources_missing)
    message(FATAL_ERROR "The sources that the Windows build needs are not to be had (see above)")
endif()

add_library(cjson STATIC ${DISMFAKE_SOURCES}/cjson/cJSON.c)
target_include_directories(cjson SYSTEM INTERFACE ${DISMFAKE_SOURCES}) # <cjson/cJSON.h>
target_compile_definitions(cjson PUBLIC CJSON_HIDE_SYMBOLS)
target_compile_options(cjson PRIVATE -w)
add_library(PkgConfig::CJSON ALIAS cjson)

if(DISMFAKE_BUILD_TESTS)
    # What its own configuration would find out.
    add_library(cmocka STATIC ${DISMFAKE_SOURCES}/cmocka/src/cmocka.c)
    target_include_directories(cmocka SYSTEM PUBLIC ${DISMFAKE_SOURCES}/cmocka/include)
    target_compile_definitions(cmocka PRIVATE HAVE_MALLOC_H HAVE_INTTYPES_H HAVE_SIGNAL_H
        HAVE_GCC_THREAD_LOCAL_STORAGE HAVE_STRUCT_TIMESPEC)
    target_compile_options(cmocka PRIVATE -w)
    add_library(PkgConfig::CMOCKA ALIAS cmocka)
endif()

# The header alone, out of a folder that is full of Linux' headers.
find_path(WIM_HEADER_DIR wimlib.h PATHS /usr/include NO_CMAKE_FIND_ROOT_PATH)
if(WIM_HEADER_DIR)
    configure_file(${WIM_HEADER_DIR}/wimlib.h ${CMAKE_BINARY_DIR}/include/wimlib.h COPYONLY)
    add_library(PkgConfig::WIM INTERFACE IMPORTED GLOBAL)
    target_include_directories(PkgConfig::WIM INTERFACE ${CMAKE_BINARY_DIR}/include)
    set(WIM_FOUND TRUE)
endif()

# Threads are Windows' own.
add_library(Threads::Threads INTERFACE IMPORTED GLOBAL)
