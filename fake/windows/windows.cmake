# SPDX-License-Identifier: MIT
# What only the Windows build has: version resources, the folder that is given away (cmake --install ...
# --component package) and tests of both. Relies on the targets of the other folders.

enable_language(RC)
enable_testing()
find_program(DISMFAKE_LLVM_DLLTOOL NAMES llvm-dlltool-14 llvm-dlltool REQUIRED)
set(tool_prefix ${DISMFAKE_WINDOWS_ARCH}-w64-mingw32-)

# ---- version resources ----

function(dismfake_version target version_name version_type version_description)
    configure_file(${CMAKE_CURRENT_SOURCE_DIR}/fake/windows/version.rc.in ${CMAKE_CURRENT_BINARY_DIR}/version-${target}.rc @ONLY)
    # On its own, since the targets' warning options are not for the resource compiler.
    add_library(version_${target} OBJECT ${CMAKE_CURRENT_BINARY_DIR}/version-${target}.rc)
    target_sources(${target} PRIVATE $<TARGET_OBJECTS:version_${target}>)
endfunction()
dismfake_version(DismApi DismApi.dll VFT_DLL "A working fake of the DISM API")
dismfake_version(dismfake dismfake.exe VFT_APP "Controls the fake of the DISM API")
dismfake_version(dismconform dismconform.exe VFT_APP "Judges libraries with the DISM API")
dismfake_version(mkfixture mkfixture.exe VFT_APP "Makes test images")

# ---- the folder ----

# An import library as MSVC makes them; the linker of mingw-w64 takes it too.
if(DISMFAKE_WINDOWS_ARCH STREQUAL x86_64)
    set(machine -m i386:x86-64)
else()
    set(machine -m i386 -k)
endif()
set(msvc_library ${CMAKE_CURRENT_BINARY_DIR}/fake/DismApi.lib)
add_custom_command(OUTPUT ${msvc_library}
    COMMAND ${DISMFAKE_LLVM_DLLTOOL} ${machine} -D DismApi.dll -d ${CMAKE_CURRENT_BINARY_DIR}/fake/DismApi.def -l ${msvc_library}
    DEPENDS DismApi COMMENT "Building DismApi.lib" VERBATIM)

set(package_programs DismApi dismfake dismconform mkfixture)
add_custom_target(windows-package ALL DEPENDS ${package_programs} ${msvc_library})
install(TARGETS ${package_programs} COMPONENT package RUNTIME DESTINATION . ARCHIVE DESTINATION .)
install(FILES ${msvc_library} COMPONENT package DESTINATION .)
install(FILES fake/include/dismapi.h fake/include/dism_windows.h fake/include/dism_codes.h
    fake/include/dismapi_codes.h fake/include/dismfake.h fake/windows/dismfake-config.cmake fake/windows/README.md
    COMPONENT package DESTINATION .)
install(FILES README.md COMPONENT package DESTINATION . RENAME dismfake.md)
install(FILES fixtures/README.md COMPONENT package DESTINATION . RENAME fixtures.md)
install(FILES conformance/README.md COMPONENT package DESTINATION . RENAME conformance.md)
install(DIRECTORY scenarios/ COMPONENT package DESTINATION scenarios FILES_MATCHING PATTERN "*.json" PATTERN "README.md")
install(DIRECTORY fixtures/recipes/ COMPONENT package DESTINATION recipes FILES_MATCHING PATTERN "*.json")

install(FILES LICENSE COMPONENT package DESTINATION LICENSES RENAME dismfake.txt)
install(FILES ${DISMFAKE_SOURCES}/cjson/LICENSE COMPONENT package DESTINATION LICENSES RENAME cJSON.txt)
install(FILES ${DISMFAKE_SOURCES}/libmspack/COPYING.LIB COMPONENT package DESTINATION LICENSES RENAME libmspack.txt)
install(FILES ${DISMFAKE_SOURCES}/libxml2/Copyright COMPONENT package DESTINATION LICENSES RENAME libxml2.txt)
install(FILES ${DISMFAKE_SOURCES}/zlib/LICENSE COMPONENT package DESTINATION LICENSES RENAME zlib.txt)
install(FILES /usr/share/doc/mingw-w64-common/copyright COMPONENT package DESTINATION LICENSES RENAME mingw-w64.txt)
install(FILES /usr/share/doc/gcc-mingw-w64-base/copyright COMPONENT package DESTINATION LICENSES RENAME gcc.txt)

# ---- tests ----

set(given ${CMAKE_CURRENT_BINARY_DIR}/given)
add_test(NAME windows/given COMMAND ${CMAKE_COMMAND} --install ${CMAKE_CURRENT_BINARY_DIR} --component package --strip
    --prefix ${given})
set_tests_properties(windows/given PROPERTIES FIXTURES_SETUP given TIMEOUT 60)
find_package(Python3 REQUIRED COMPONENTS Interpreter)
add_test(NAME windows/pe COMMAND ${Python3_EXECUTABLE} -B ${CMAKE_CURRENT_SOURCE_DIR}/fake/windows/tests/pe.py ${tool_prefix}
    /usr/${DISMFAKE_WINDOWS_ARCH}-w64-mingw32/lib/libdismapi.a ${CMAKE_CURRENT_SOURCE_DIR} ${given})
set_tests_properties(windows/pe PROPERTIES FIXTURES_REQUIRED given TIMEOUT 120)
if(TARGET wine_shim)
    add_test(NAME windows/readme COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/fake/windows/tests/package.sh ${CMAKE_CURRENT_BINARY_DIR}
        ${CMAKE_CURRENT_SOURCE_DIR} ${CMAKE_COMMAND} ${tool_prefix} ${CMAKE_CROSSCOMPILING_EMULATOR}
        ${CMAKE_CURRENT_BINARY_DIR}/wine-shim/libwim-15.dll)
    set_tests_properties(windows/readme PROPERTIES TIMEOUT 300)
    add_test(NAME windows/system32 COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/fake/windows/tests/system32.sh ${CMAKE_CURRENT_BINARY_DIR}
        ${CMAKE_CROSSCOMPILING_EMULATOR} $<TARGET_FILE:windows_client> ${CMAKE_CURRENT_SOURCE_DIR}/fake/tests/clients/judged.sh
        ${CMAKE_CURRENT_BINARY_DIR}/wine-shim/libwim-15.dll)
    set_tests_properties(windows/system32 PROPERTIES TIMEOUT 120)
endif()
