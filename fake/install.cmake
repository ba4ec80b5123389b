# SPDX-License-Identifier: MIT
# What a client's build gets: headers, the library with its other spellings, the control program, a
# CMake package (target dismfake::DismApi) and a pkg-config file. All paths are relative to the files
# themselves, so the installed tree can be moved.

include(CMakePackageConfigHelpers)

set(dismfake_headers ${CMAKE_INSTALL_INCLUDEDIR}/dismfake)
set(dismfake_package ${CMAKE_INSTALL_LIBDIR}/cmake/dismfake)
set(dismfake_pkgconfig ${CMAKE_INSTALL_LIBDIR}/pkgconfig)

install(FILES include/dismapi.h include/dism_windows.h include/dism_codes.h
    include/dismapi_codes.h include/dismfake.h
    DESTINATION ${dismfake_headers})
install(TARGETS DismApi EXPORT dismfake-targets LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(TARGETS dismfake EXPORT dismfake-targets RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/libdismapi.so ${CMAKE_CURRENT_BINARY_DIR}/libDismAPI.so
    DESTINATION ${CMAKE_INSTALL_LIBDIR})

install(EXPORT dismfake-targets NAMESPACE dismfake:: DESTINATION ${dismfake_package})
configure_package_config_file(dismfake-config.cmake.in
    ${CMAKE_CURRENT_BINARY_DIR}/package/dismfake-config.cmake
    INSTALL_DESTINATION ${dismfake_package}
    PATH_VARS CMAKE_INSTALL_DATADIR)
write_basic_package_version_file(${CMAKE_CURRENT_BINARY_DIR}/package/dismfake-config-version.cmake
    COMPATIBILITY SameMinorVersion)

file(RELATIVE_PATH dismfake_prefix_from_pc "/${dismfake_pkgconfig}" "/")
string(REGEX REPLACE "/$" "" dismfake_prefix_from_pc "${dismfake_prefix_from_pc}")
configure_file(dismfake.pc.in ${CMAKE_CURRENT_BINARY_DIR}/package/dismfake.pc @ONLY)

install(FILES ${CMAKE_CURRENT_BINARY_DIR}/package/dismfake-config.cmake
    ${CMAKE_CURRENT_BINARY_DIR}/package/dismfake-config-version.cmake
    DESTINATION ${dismfake_package})
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/package/dismfake.pc DESTINATION ${dismfake_pkgconfig})

# Installs into a scratch folder and uses what lies there, and the examples of README.md, as a
# stranger would. A program that is not built with a sanitizer cannot load a library that is. Windows has
# windows/tests/package.sh.
if(DISMFAKE_BUILD_TESTS AND DISMFAKE_BUILD_CONFORMANCE AND DISMFAKE_BUILD_FIXTURES
   AND NOT DISMFAKE_SANITIZE AND NOT WIN32)
    add_test(NAME install/consumer
        COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/tests/install/consumer.sh
            ${PROJECT_BINARY_DIR} ${PROJECT_SOURCE_DIR} ${CMAKE_COMMAND} ${CMAKE_C_COMPILER}
            ${CMAKE_GENERATOR})
    set_tests_properties(install/consumer PROPERTIES LABELS "plain" TIMEOUT 180)
endif()
