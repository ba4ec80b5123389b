# SPDX-License-Identifier: MIT
# Tests of the contract layer: the tables, the public header alone in every dialect, and the header
# against the one of mingw-w64.

dismfake_unit_test(reflect)

# ---- contract/header-*: the public header alone ----
# CMake's compiler, and gcc and clang beside it where they are installed. A dialect is a test; the
# language is told by -x, so that no C++ compiler has to be configured. For Windows the cross compiler knows C
# alone; clang takes its headers, whose NULL is a "long long" also in C++98.
find_program(DISMFAKE_GCC gcc)
find_program(DISMFAKE_CLANG clang)
set(header_alone_dialects c89 c99 c11 c17 c++98 c++11 c++17)
if(WIN32)
    set(header_alone_compilers ${CMAKE_C_COMPILER} ${DISMFAKE_CLANG})
    set(header_alone_flags_clang --target=${DISMFAKE_WINDOWS_ARCH}-w64-mingw32 -Wno-long-long)
else()
    set(header_alone_compilers ${CMAKE_C_COMPILER} ${DISMFAKE_GCC} ${DISMFAKE_CLANG})
endif()

set(header_alone_names)
foreach(compiler ${header_alone_compilers})
    get_filename_component(compiler_name ${compiler} NAME)
    if(NOT EXISTS ${compiler} OR compiler_name IN_LIST header_alone_names)
        continue()
    endif()
    list(APPEND header_alone_names ${compiler_name})
    foreach(dialect ${header_alone_dialects})
        if(dialect MATCHES "\\+")
            set(language c++)
            set(source header_alone.cpp)
        else()
            set(language c)
            set(source header_alone.c)
        endif()
        if(language STREQUAL c++ AND compiler_name MATCHES mingw)
            continue()
        endif()
        add_test(NAME contract/header-${dialect}-${compiler_name}
            COMMAND ${compiler} -x ${language} -std=${dialect} -pedantic -Wall -Wextra -Werror
                ${header_alone_flags_${compiler_name}} -I${CMAKE_CURRENT_SOURCE_DIR}/include -fsyntax-only
                ${CMAKE_CURRENT_SOURCE_DIR}/tests/${source})
        set_tests_properties(contract/header-${dialect}-${compiler_name} PROPERTIES TIMEOUT 120)
    endforeach()
endforeach()

# ---- contract/mingw-header: the same facts from mingw-w64's header (package mingw-w64-common) ----
set(DISMFAKE_MINGW_DISMAPI_H "/usr/share/mingw-w64/include/dismapi.h" CACHE FILEPATH
    "mingw-w64's dismapi.h, for the comparison with ours")

if(EXISTS "${DISMFAKE_MINGW_DISMAPI_H}")
    set(abi_mingw_dir ${CMAKE_CURRENT_SOURCE_DIR}/tests/abi_mingw)
    add_library(abi_mingw_theirs OBJECT ${abi_mingw_dir}/theirs.c)
    target_include_directories(abi_mingw_theirs PRIVATE include)
    if(NOT WIN32) # there it is the system's own header
        target_include_directories(abi_mingw_theirs BEFORE PRIVATE ${abi_mingw_dir}/shim)
    endif()
    # -fms-extensions: that header puts one structure unnamed into another.
    target_compile_options(abi_mingw_theirs PRIVATE
        -fms-extensions $<$<C_COMPILER_ID:Clang>:-Wno-microsoft-anon-tag>)
    target_compile_definitions(abi_mingw_theirs PRIVATE
        MINGW_DISMAPI_H="${DISMFAKE_MINGW_DISMAPI_H}")

    add_executable(test_abi_mingw ${abi_mingw_dir}/compare.c ${abi_mingw_dir}/ours.c
        $<TARGET_OBJECTS:abi_mingw_theirs>)
    target_link_libraries(test_abi_mingw PRIVATE contract dismfake_options)
    add_test(NAME contract/mingw-header
        COMMAND test_abi_mingw ${DISMFAKE_MINGW_DISMAPI_H}
            ${CMAKE_CURRENT_SOURCE_DIR}/include/dismapi.h)
else()
    add_test(NAME contract/mingw-header
        COMMAND sh -c "echo '${DISMFAKE_MINGW_DISMAPI_H} is not there'; exit 77")
endif()
set_tests_properties(contract/mingw-header PROPERTIES SKIP_RETURN_CODE 77 TIMEOUT 60)
