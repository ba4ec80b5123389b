# SPDX-License-Identifier: MIT
# Clients in other languages, with declarations of their own: C# (Mono's compiler) against the Linux library.

set(CLIENTS ${CMAKE_CURRENT_SOURCE_DIR}/tests/clients)

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
else()
    dismfake_program(csharp-client sh -c "echo 'mono-mcs is not installed'; exit 77")
endif()
