# SPDX-License-Identifier: MIT
# mingw-w64.cmake - CMake toolchain for Windows by Debian's mingw-w64:
#   cmake -S . -B build/windows -G Ninja -DCMAKE_TOOLCHAIN_FILE=.ci/mingw-w64.cmake
# -DDISMFAKE_WINDOWS_ARCH=i686 builds for 32 bit, the default is x86_64.

set(DISMFAKE_WINDOWS_ARCH x86_64 CACHE STRING "x86_64 or i686")
# The compiler is also tried in projects of CMake's own, which have to hear of it.
list(APPEND CMAKE_TRY_COMPILE_PLATFORM_VARIABLES DISMFAKE_WINDOWS_ARCH)

set(CMAKE_SYSTEM_NAME Windows)
set(CMAKE_SYSTEM_PROCESSOR ${DISMFAKE_WINDOWS_ARCH})
set(CMAKE_C_COMPILER ${DISMFAKE_WINDOWS_ARCH}-w64-mingw32-gcc)
set(CMAKE_RC_COMPILER ${DISMFAKE_WINDOWS_ARCH}-w64-mingw32-windres)
find_program(DISMFAKE_DLLTOOL ${DISMFAKE_WINDOWS_ARCH}-w64-mingw32-dlltool REQUIRED)

set(CMAKE_FIND_ROOT_PATH /usr/${DISMFAKE_WINDOWS_ARCH}-w64-mingw32)
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_INCLUDE ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_PACKAGE ONLY)

# Windows programs, among them the catalogue's maker during the build, run in Wine.
get_filename_component(on_wine ${CMAKE_CURRENT_LIST_DIR}/../fake/tests/on_wine.sh ABSOLUTE)
set(CMAKE_CROSSCOMPILING_EMULATOR ${on_wine})
