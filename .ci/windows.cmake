# SPDX-License-Identifier: MIT
# windows.cmake - what pkg-config finds elsewhere, for the Windows build: cJSON, cmocka, libxml2,
# libmspack and minizip built from Debian's sources, wimlib by its header alone (libwim-15.dll is loaded at run time).

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

# libxml2: what its SAX interface needs. configure would make config.h and xmlversion.h.
set(xml_folder ${DISMFAKE_SOURCES}/libxml2)
foreach(part C14N CATALOG DEBUG DOCB FTP HTML HTTP ICONV ICU LEGACY LZMA MEM_DEBUG MODULES OUTPUT PATTERN PUSH READER REGEXPS
        RUN_DEBUG SCHEMAS SCHEMATRON THREAD_ALLOC TRIO VALID WRITER XINCLUDE XPATH XPTR ZLIB)
    set(WITH_${part} 0)
endforeach()
foreach(part ISO8859X SAX1 THREADS TREE)
    set(WITH_${part} 1)
endforeach()
set(VERSION 2.9.14)
set(LIBXML_VERSION_NUMBER 20914)
configure_file(${xml_folder}/include/libxml/xmlversion.h.in ${CMAKE_BINARY_DIR}/include/libxml/xmlversion.h @ONLY)
unset(VERSION)
file(WRITE ${CMAKE_BINARY_DIR}/include/xml/config.h "#include <win32config.h>\n#define HAVE_STDINT_H 1\n#define HAVE_VA_COPY 1\n")
set(xml_files)
foreach(file SAX2 buf chvalid dict encoding entities error globals hash list parser parserInternals threads tree uri valid
        xmlIO xmlmemory xmlstring)
    list(APPEND xml_files ${xml_folder}/${file}.c)
endforeach()
add_library(xml2 STATIC ${xml_files})
target_include_directories(xml2 SYSTEM PUBLIC ${CMAKE_BINARY_DIR}/include ${xml_folder}/include)
target_include_directories(xml2 PRIVATE ${CMAKE_BINARY_DIR}/include/xml ${xml_folder})
target_compile_definitions(xml2 PUBLIC LIBXML_STATIC PRIVATE IN_LIBXML HAVE_WIN32_THREADS)
target_compile_options(xml2 PRIVATE -w)
add_library(PkgConfig::XML ALIAS xml2)

# libmspack: cabinets alone. Its off_t has to be that of ours.
set(mspack_folder ${DISMFAKE_SOURCES}/libmspack/mspack)
add_library(mspack STATIC ${mspack_folder}/cabd.c ${mspack_folder}/lzxd.c ${mspack_folder}/mszipd.c
    ${mspack_folder}/qtmd.c ${mspack_folder}/system.c)
target_include_directories(mspack SYSTEM PUBLIC ${mspack_folder})
target_compile_definitions(mspack PRIVATE _FILE_OFFSET_BITS=64 HAVE_INTTYPES_H)
target_compile_options(mspack PRIVATE -w)
add_library(PkgConfig::MSPACK ALIAS mspack)

# minizip's reader, and what of zlib it needs.
set(zlib_folder ${DISMFAKE_SOURCES}/zlib)
set(zlib_files)
foreach(file adler32 crc32 inffast inflate inftrees zutil contrib/minizip/ioapi contrib/minizip/unzip)
    list(APPEND zlib_files ${zlib_folder}/${file}.c)
endforeach()
add_library(minizip STATIC ${zlib_files})
file(COPY ${zlib_folder}/contrib/minizip/ioapi.h ${zlib_folder}/contrib/minizip/unzip.h
    DESTINATION ${CMAKE_BINARY_DIR}/include/minizip)
target_include_directories(minizip SYSTEM PUBLIC ${CMAKE_BINARY_DIR}/include ${zlib_folder})
target_compile_definitions(minizip PRIVATE NOCRYPT NOUNCRYPT)
target_compile_options(minizip PRIVATE -w)
add_library(PkgConfig::MINIZIP ALIAS minizip)

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
