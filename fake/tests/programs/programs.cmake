# SPDX-License-Identifier: MIT
# Client programs: C against the two public headers, Python through the program test_driver.

find_package(Python3 COMPONENTS Interpreter)
set(PROGRAMS ${CMAKE_CURRENT_SOURCE_DIR}/tests/programs)
set(ENGINES extract)
if(NOT WIN32)
    list(APPEND ENGINES lazy)
endif()
# Where their folders are; in_scratch.sh says where that is.
set(IN_SCRATCH ${CMAKE_CURRENT_SOURCE_DIR}/tests/in_scratch.sh)
set(PROGRAMS_TMP @TMP@)
if(WIN32) # one in the build folder, that Wine sees
    set(IN_SCRATCH)
    set(PROGRAMS_TMP ${CMAKE_CURRENT_BINARY_DIR}/programs-tmp)
endif()

function(dismfake_client name)
    add_executable(test_${name} ${PROGRAMS}/${name}.c)
    target_include_directories(test_${name} PRIVATE ${CMAKE_CURRENT_SOURCE_DIR}/include)
    target_link_libraries(test_${name} PRIVATE DismApi Threads::Threads ${CMAKE_DL_LIBS} dismfake_options)
endfunction()

function(dismfake_program name)
    list(GET ARGN 0 program)
    if(IN_SCRATCH AND TARGET ${program})
        list(POP_FRONT ARGN)
        list(PREPEND ARGN $<TARGET_FILE:${program}>)
    endif()
    add_test(NAME program/${name} COMMAND ${IN_SCRATCH} ${ARGN})
    set_tests_properties(program/${name} PROPERTIES TIMEOUT 300 SKIP_RETURN_CODE 77 LABELS program
        ENVIRONMENT "TEST_BUILD=${CMAKE_CURRENT_BINARY_DIR};TEST_TMP=${CMAKE_CURRENT_BINARY_DIR}/programs-tmp;PYTHONDONTWRITEBYTECODE=1;TEST_SANITIZE=${DISMFAKE_SANITIZE};TEST_WINE=${CMAKE_CROSSCOMPILING_EMULATOR}")
endfunction()

# The same on each engine there is: program/NAME/extract, program/NAME/lazy; ENGINE in an argument becomes its
# name, since the two may run at the same time.
function(dismfake_program_on_engines name)
    foreach(engine ${ENGINES})
        string(REPLACE "ENGINE" ${engine} command "${ARGN}")
        dismfake_program(${name}/${engine} ${ON_ENGINE} ${engine} 77 ${MOUNT_HELPER} ${MOUNT_IMAGE} ${command})
        set_tests_properties(program/${name}/${engine} PROPERTIES FIXTURES_REQUIRED catalogue)
    endforeach()
endfunction()

dismfake_client(driver)
target_sources(test_driver PRIVATE ${PROGRAMS}/driver_any.c ${CMAKE_SOURCE_DIR}/conformance/invoke.c)
target_include_directories(test_driver PRIVATE ${CMAKE_SOURCE_DIR}/conformance)
target_link_libraries(test_driver PRIVATE contract)

# Linked with what the library is made of, not with it.
add_executable(test_unload ${PROGRAMS}/unload.c)
target_link_libraries(test_unload PRIVATE base dismfake_options)
dismfake_program(unload test_unload $<TARGET_FILE:DismApi> ${MOUNT_IMAGE} ${PROGRAMS_TMP}/unload)
set_tests_properties(program/unload PROPERTIES FIXTURES_REQUIRED catalogue)

if(Python3_Interpreter_FOUND)
    foreach(name kills two_writers)
        string(REPLACE "_" "-" test ${name})
        dismfake_program_on_engines(${test} ${Python3_EXECUTABLE} ${PROGRAMS}/${name}.py)
    endforeach()
endif()

# The others make their images with a shell and Linux' tools, and look at libraries as ELF has them.
if(WIN32)
    return()
endif()
foreach(name cancel_steps client habits threads)
    dismfake_client(${name})
endforeach()
dismfake_client(exports)
target_link_libraries(test_exports PRIVATE contract)
target_include_directories(test_exports PRIVATE ${CMAKE_CURRENT_SOURCE_DIR}/servicing)

dismfake_program(c-client test_client ${PROGRAMS_TMP}/client)
dismfake_program_on_engines(cancel-steps $<TARGET_FILE:test_cancel_steps> ${PROGRAMS_TMP}/cancel-steps-ENGINE)
dismfake_program(habits test_habits ${PROGRAMS_TMP}/habits)
dismfake_program(exports test_exports $<TARGET_FILE:DismApi> ${PROGRAMS_TMP}/exports)
dismfake_program(def ${PROGRAMS}/def.sh $<TARGET_FILE:DismApi> ${CMAKE_C_COMPILER})
dismfake_program(threads test_threads ${PROGRAMS_TMP}/threads)
set_tests_properties(program/threads PROPERTIES LABELS "program;threads")

if(Python3_Interpreter_FOUND)
    foreach(name metadata control kept_worlds leaks online non_root)
        string(REPLACE "_" "-" test ${name})
        dismfake_program(${test} ${Python3_EXECUTABLE} ${PROGRAMS}/${name}.py)
    endforeach()
    foreach(name changes contents drivers packages odd_places wim_agreement replay_kills full_disk)
        string(REPLACE "_" "-" test ${name})
        dismfake_program_on_engines(${test} ${Python3_EXECUTABLE} ${PROGRAMS}/${name}.py)
    endforeach()
    foreach(name apps editions features outside sources walks)
        dismfake_program(${name} ${Python3_EXECUTABLE} ${PROGRAMS}/${name}.py)
        set_tests_properties(program/${name} PROPERTIES FIXTURES_REQUIRED catalogue)
    endforeach()
    set_tests_properties(program/features program/outside program/walks PROPERTIES LABELS "program;plain")
    if(TARGET test_volume_tool)
        dismfake_program(ntfs-layer ${Python3_EXECUTABLE} ${PROGRAMS}/ntfs_layer.py)
        dismfake_program(disks ${Python3_EXECUTABLE} ${PROGRAMS}/disks.py)
        set_tests_properties(program/disks PROPERTIES FIXTURES_REQUIRED catalogue)
        dismfake_program(same-results ${Python3_EXECUTABLE} ${PROGRAMS}/same_results.py)
        set_tests_properties(program/same-results PROPERTIES FIXTURES_REQUIRED catalogue LABELS "program;plain")
    endif()
    if(TARGET dismfake-mount)
        dismfake_program(mount-helper ${Python3_EXECUTABLE} ${PROGRAMS}/mount_helper.py)
        set_tests_properties(program/mount-helper PROPERTIES LABELS "program;plain")
    endif()
    # A few rounds of what ./run soak does a thousand of.
    dismfake_program(soak ${Python3_EXECUTABLE} -B ${CMAKE_CURRENT_SOURCE_DIR}/tests/soak/soak.py
        ${CMAKE_CURRENT_BINARY_DIR} --rounds 30)
    # That every row of ./run bench can still be measured; its figures mean nothing here.
    dismfake_program(bench ${Python3_EXECUTABLE} -B ${CMAKE_CURRENT_SOURCE_DIR}/tests/bench/bench.py
        ${CMAKE_BINARY_DIR} small --runs 1)
    set_tests_properties(program/soak program/bench PROPERTIES LABELS "program;plain")
    if(DISMFAKE_BUILD_CONFORMANCE AND DISMFAKE_BUILD_FIXTURES)
        dismfake_program(environments ${Python3_EXECUTABLE} ${PROGRAMS}/environments.py
            ${CMAKE_BINARY_DIR}/conformance/dismconform ${CMAKE_BINARY_DIR}/fixtures/catalog
            ${CMAKE_SOURCE_DIR}/scenarios)
        set_tests_properties(program/environments PROPERTIES FIXTURES_REQUIRED catalogue LABELS "program;plain")
    endif()
    dismfake_program(python-client ${Python3_EXECUTABLE} ${PROGRAMS}/python_client.py)
endif()
