# SPDX-License-Identifier: MIT
# Clients that do not use our headers. For Linux: C# (Mono's compiler). For Windows, run in Wine: C with the header
# and the import library of mingw-w64, Go with nothing but its standard library.

set(CLIENTS ${CMAKE_CURRENT_SOURCE_DIR}/tests/clients)

if(WIN32)
    function(dismfake_windows_client name program)
        add_test(NAME client/${name} COMMAND ${CLIENTS}/judged.sh ${CMAKE_CURRENT_BINARY_DIR}/clients-tmp/${name}
            ${CMAKE_CROSSCOMPILING_EMULATOR} ${program} {})
        set_tests_properties(client/${name} PROPERTIES TIMEOUT 300 SKIP_RETURN_CODE 77 LABELS program
            ENVIRONMENT "TEST_WINE=1")
    endfunction()

    add_executable(windows_client ${CLIENTS}/windows_client.c)
    set_target_properties(windows_client PROPERTIES C_EXTENSIONS ON)
    # -fms-extensions: that header puts one structure unnamed into another.
    target_compile_options(windows_client PRIVATE -Wall -Wextra -Werror -fms-extensions)
    target_link_options(windows_client PRIVATE -municode)
    target_link_libraries(windows_client PRIVATE -ldismapi)
    add_dependencies(windows_client DismApi)
    dismfake_windows_client(mingw-header $<TARGET_FILE:windows_client>)

    find_program(DISMFAKE_GO go)
    if(DISMFAKE_GO)
        set(go_client ${CMAKE_CURRENT_BINARY_DIR}/go_client.exe)
        file(GLOB go_sources CONFIGURE_DEPENDS ${CLIENTS}/go/*.go)
        set(go_environment ${CMAKE_COMMAND} -E env GOOS=windows GOARCH=amd64 CGO_ENABLED=0 GOFLAGS=-mod=mod GOPROXY=off
            GOCACHE=${CMAKE_CURRENT_BINARY_DIR}/go-cache)
        add_custom_command(OUTPUT ${go_client}
            COMMAND ${go_environment} ${DISMFAKE_GO} vet .
            COMMAND ${go_environment} ${DISMFAKE_GO} build -trimpath -ldflags=-s -o ${go_client} .
            DEPENDS ${go_sources} ${CLIENTS}/go/go.mod WORKING_DIRECTORY ${CLIENTS}/go
            COMMENT "Building the Go client" VERBATIM)
        add_custom_target(go_client ALL DEPENDS ${go_client})
        dismfake_windows_client(go ${go_client})
    else()
        add_test(NAME client/go COMMAND sh -c "echo 'golang-go is not installed'; exit 77")
        set_tests_properties(client/go PROPERTIES SKIP_RETURN_CODE 77)
    endif()
    return()
endif()

find_program(DISMFAKE_MCS mcs)
find_program(DISMFAKE_MONO mono)
if(DISMFAKE_SANITIZE)
    # The runtime of a sanitizer would have to be in the program, which here is Mono.
elseif(DISMFAKE_MCS AND DISMFAKE_MONO)
    set(csharp_client ${CMAKE_CURRENT_BINARY_DIR}/csharp_client.exe)
    set(csharp_sources ${CLIENTS}/csharp/Client.cs ${CLIENTS}/csharp/Dism.cs)
    add_custom_command(OUTPUT ${csharp_client}
        COMMAND ${DISMFAKE_MCS} -warnaserror -out:${csharp_client} ${csharp_sources}
        DEPENDS ${csharp_sources} COMMENT "Building the C# client" VERBATIM)
    add_custom_target(csharp_client ALL DEPENDS ${csharp_client})
    dismfake_program_on_engines(csharp-client ${CLIENTS}/judged.sh ${PROGRAMS_TMP}/csharp-ENGINE
        ${CMAKE_COMMAND} -E env LD_LIBRARY_PATH=${CMAKE_CURRENT_BINARY_DIR} ${DISMFAKE_MONO} ${csharp_client} {})
    dismfake_program(windows-readme ${PROJECT_SOURCE_DIR}/fake/windows/tests/csharp_readme.sh ${PROJECT_SOURCE_DIR}
        ${CMAKE_CURRENT_BINARY_DIR} ${MOUNT_IMAGE} ${PROGRAMS_TMP}/windows-readme)
    set_tests_properties(program/windows-readme PROPERTIES FIXTURES_REQUIRED catalogue)
else()
    dismfake_program(csharp-client sh -c "echo 'mono-mcs is not installed'; exit 77")
endif()
