# SPDX-License-Identifier: MIT
# Tests under Wine find Linux' wimlib through a stand-in for libwim-15.dll (shim.h), in build/.../wine-shim:
# the code there (on_wine.sh names the folder in WINEDLLPATH), a stub beside whatever loads it.

find_program(WINEGCC winegcc NO_CMAKE_FIND_ROOT_PATH)
find_program(WINEBUILD winebuild NO_CMAKE_FIND_ROOT_PATH)
find_program(WIMLIB_IMAGEX wimlib-imagex NO_CMAKE_FIND_ROOT_PATH)
find_package(Python3 REQUIRED COMPONENTS Interpreter)

set(WINE_SHIM ${CMAKE_BINARY_DIR}/wine-shim)
set(WINE_TESTS ${CMAKE_CURRENT_LIST_DIR})
if(WINEGCC AND WINEBUILD AND CMAKE_SIZEOF_VOID_P EQUAL 8)
    file(GLOB shim_sources CONFIGURE_DEPENDS
        ${CMAKE_CURRENT_LIST_DIR}/shim*.[ch] ${CMAKE_CURRENT_LIST_DIR}/imagex.c ${CMAKE_CURRENT_LIST_DIR}/build_shim.sh)
    add_custom_command(
        OUTPUT ${WINE_SHIM}/libwim-15.dll
        COMMAND ${CMAKE_CURRENT_LIST_DIR}/build_shim.sh ${WINE_SHIM}
        COMMAND ${CMAKE_COMMAND} -E copy ${WINE_SHIM}/libwim-15.dll ${PROJECT_BINARY_DIR}/fake/libwim-15.dll
        COMMAND ${CMAKE_COMMAND} -E make_directory ${PROJECT_BINARY_DIR}/fixtures
        COMMAND ${CMAKE_COMMAND} -E copy ${WINE_SHIM}/libwim-15.dll ${PROJECT_BINARY_DIR}/fixtures/libwim-15.dll
        DEPENDS ${shim_sources} wimport/wim_functions.h
        COMMENT "Building the stand-in for libwim-15.dll"
        VERBATIM)
    add_custom_target(wine_shim ALL DEPENDS ${WINE_SHIM}/libwim-15.dll)

    # NAME is a Python test; the rest are variables for it, NAME=FILE.
    function(dismfake_wine_test name)
        add_test(NAME wine/${name} COMMAND ${Python3_EXECUTABLE} -B ${WINE_TESTS}/test_${name}.py)
        set_tests_properties(wine/${name} PROPERTIES TIMEOUT 120
            ENVIRONMENT "ON_WINE=${CMAKE_CROSSCOMPILING_EMULATOR};WIMLIB_IMAGEX=${WIMLIB_IMAGEX};${ARGN}")
    endfunction()

    add_executable(shim_client tests/wine/client_of_shim.c)
    target_include_directories(shim_client PRIVATE wimport)
    target_link_libraries(shim_client PRIVATE dismfake_options PkgConfig::WIM)
    add_dependencies(shim_client wine_shim)
    dismfake_wine_test(shim SHIM_CLIENT=$<TARGET_FILE:shim_client>)

    add_executable(port_probe tests/wine/port_probe.c)
    target_link_libraries(port_probe PRIVATE wimport base dismfake_options)
    foreach(wrong old lacking)
        add_library(${wrong}_wimlib MODULE tests/wine/old_wimlib.c)
        target_include_directories(${wrong}_wimlib PRIVATE wimport)
        target_link_libraries(${wrong}_wimlib PRIVATE dismfake_options)
    endforeach()
    target_compile_definitions(lacking_wimlib PRIVATE LACKS_ONE)
    dismfake_wine_test(library
        PROBE=$<TARGET_FILE:port_probe> OLD=$<TARGET_FILE:old_wimlib> LACKING=$<TARGET_FILE:lacking_wimlib>
        STUB=${WINE_SHIM}/libwim-15.dll SHIM=${WINE_SHIM}
        DRIVER=${CMAKE_CURRENT_BINARY_DIR}/test_driver.exe DLL=${CMAKE_CURRENT_BINARY_DIR}/DismApi.dll)

    # Two processes and one image file: wimlib locks nothing there (shim_locks.c), we do.
    add_test(NAME wine/two-writers COMMAND ${Python3_EXECUTABLE} -B ${WINE_TESTS}/../programs/two_writers.py)
    set_tests_properties(wine/two-writers PROPERTIES TIMEOUT 300 FIXTURES_REQUIRED catalogue
        ENVIRONMENT "TEST_WINE=${CMAKE_CROSSCOMPILING_EMULATOR};TEST_BUILD=${CMAKE_CURRENT_BINARY_DIR};TEST_TMP=${CMAKE_CURRENT_BINARY_DIR}/programs-tmp;TEST_ENGINE=extract")
else()
    message(STATUS "No tests with image files under Wine: winegcc or winebuild is missing, or this is not x86_64")
endif()
