# SPDX-License-Identifier: MIT
# Fuzz targets (./run fuzz): clang with -DDISMFAKE_SANITIZE=fuzzer-no-link,address,undefined and
# -DDISMFAKE_FUZZ=ON, in a build folder of its own, since checksums do not count there.

find_package(Python3 REQUIRED COMPONENTS Interpreter)

# dismfake_fuzz(NAME LIBRARIES... [TOOLS program...]): fuzz_NAME.c, and seeds_NAME.py, which writes the inputs to
# begin with into the folder it is given; for a program `tool` the variable TOOL says where it is.
function(dismfake_fuzz name)
    cmake_parse_arguments(fuzz "" "" "TOOLS" ${ARGN})
    add_executable(fuzz_${name} tests/fuzz/fuzz_${name}.c)
    target_link_libraries(fuzz_${name} PRIVATE ${fuzz_UNPARSED_ARGUMENTS} base dismfake_options)
    target_link_options(fuzz_${name} PRIVATE -fsanitize=fuzzer)
    foreach(tool ${fuzz_TOOLS})
        string(TOUPPER ${tool} variable)
        list(APPEND variables ${variable}=$<TARGET_FILE:${tool}>)
    endforeach()
    add_custom_target(fuzz_seeds_${name}
        COMMAND ${CMAKE_COMMAND} -E env ${variables} ${Python3_EXECUTABLE} -B
            ${CMAKE_CURRENT_SOURCE_DIR}/tests/fuzz/seeds_${name}.py ${PROJECT_BINARY_DIR}/${name}/seeds
        VERBATIM)
    add_dependencies(fuzz_seeds_${name} fuzz_${name} ${fuzz_TOOLS})
endfunction()

dismfake_fuzz(archive archive)
dismfake_fuzz(disk disk TOOLS disktool vhdicat)
dismfake_fuzz(hive hive regf)
if(HIVEX_FOUND)
    dismfake_fuzz(hivex hive regf)
endif()
foreach(name answer_file appx driver_catalog inf manifest)
    dismfake_fuzz(${name} core wimfile image winimage servicing wimport TOOLS mkfixture)
endforeach()
dismfake_fuzz(xml)
