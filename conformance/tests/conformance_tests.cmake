# SPDX-License-Identifier: MIT
# The runner tested with puppet libraries: each test runs dismconform and demands exit code and output.

add_library(puppet MODULE tests/puppet.c)
add_library(puppet_lacking MODULE tests/puppet.c)
target_compile_definitions(puppet_lacking PRIVATE PUPPET_LACKS_CLEANUP)
add_library(puppet_world MODULE tests/puppet.c)
target_compile_definitions(puppet_world PRIVATE PUPPET_HAS_WORLD)
foreach(library puppet puppet_lacking puppet_world)
    target_link_libraries(${library} PRIVATE base contract dismfake_options)
endforeach()

set(here ${CMAKE_CURRENT_SOURCE_DIR}/tests)

# What the tests start: the program, or a script that starts it in Wine.
set(runner $<TARGET_FILE:dismconform>)
if(CMAKE_CROSSCOMPILING_EMULATOR)
    set(runner ${CMAKE_CURRENT_BINARY_DIR}/dismconform)
    file(CONFIGURE OUTPUT ${runner} @ONLY CONTENT "#!/bin/sh
exec @CMAKE_CROSSCOMPILING_EMULATOR@ @CMAKE_CURRENT_BINARY_DIR@/dismconform.exe \"$@\"
")
    file(CHMOD ${runner} PERMISSIONS OWNER_READ OWNER_WRITE OWNER_EXECUTE)
endif()

# conformance_test(NAME ROLE CODE PATTERN arguments...): ROLE is what the puppet plays.
function(conformance_test name role code pattern)
    add_test(NAME conformance/${name}
             COMMAND ${here}/expect_run.sh ${code} ${pattern} ${runner} ${ARGN})
    set_tests_properties(conformance/${name} PROPERTIES TIMEOUT 60 ENVIRONMENT "PUPPET=${role}")
endfunction()
# The same for a run against the puppet, which is no fake: what it may touch has to be granted.
function(puppet_test name role code pattern)
    conformance_test(${name} ${role} ${code} ${pattern} run --library $<TARGET_FILE:puppet> --touches mounts ${ARGN})
endfunction()

set(pass ${here}/valid-pass)
set(fail ${here}/valid-fail)
set(info ${pass}/info.json)

puppet_test(passes good 0 "^CONFORMANT: 7 passed, 0 failed, 1 skipped$" ${pass})
puppet_test(a_wrong_code_fails good 1 "hr: wanted E_INVALIDARG, got S_OK" ${fail}/wrong-code.json)
puppet_test(a_failure_shows_its_evidence good 1 "grade A, source: a page" ${fail}/wrong-code.json)
puppet_test(a_failure_shows_its_clause good 1 "clause: puppet.info" ${fail}/wrong-code.json)
puppet_test(a_wrong_value_fails good 1 "out/ImageInfo/0/ImageIndex: wanted 2, got 1" ${fail}/wrong-value.json)
puppet_test(a_wrong_first_tick_fails good 1 "progress first:/Current: wanted 2, got 1" ${fail}/wrong-first-tick.json)
puppet_test(a_wrong_order_fails good 1 "order: wanted second.enter before first.return" ${fail}/wrong-order.json)
puppet_test(a_close_that_does_not_wait_breaks_the_order good 1 "order: wanted commit.return before close.return" --capabilities ${here}/puppet/holds.capabilities ${here}/puppet/undrained.json)
puppet_test(a_session_left_open_is_a_leak good 1 "sessions left at the end: wanted 0, got 1" ${fail}/open-session.json)
puppet_test(an_await_in_vain_times_out good 1 "^TIMEOUT +await/await-in-vain" ${fail}/await.json)
puppet_test(a_failing_lane_frees_the_others good 1 "^FAIL +failing-lane/failing-lane" --capabilities ${here}/puppet/holds.capabilities ${fail}/failing-lane.json)
puppet_test(a_failure_in_finally_hides_nothing good 1 "hr: wanted E_FAIL, got S_OK" ${fail}/finally.json)
puppet_test(a_wrong_return_of_the_library_fails wrong-code 1 "hr: wanted S_OK, got E_FAIL, saying: two-index" ${info})
puppet_test(a_crash_is_laid_to_its_step crash 1 "steps/0 .look: DismGetImageInfo" ${info})
puppet_test(a_crash_is_a_crash crash 1 "^CRASH +info/info " ${info})
puppet_test(a_crash_has_a_name crash 1 "died of (signal 11|0xC0000005, an access violation)" ${info})
puppet_test(an_abort_is_a_crash abort 1 "^CRASH +info/info " ${info})
puppet_test(a_kill_is_a_crash terminate 1 "died of signal 9|was ended from outside" ${info})
puppet_test(an_exit_inside_a_call_is_a_crash exit 1 "ended with code 0 inside the call" ${info})
puppet_test(a_garbage_pointer_is_a_crash garbage 1 "^CRASH +info/info " ${info})
puppet_test(a_hang_is_a_timeout hang 1 "^TIMEOUT +hang/hang " ${here}/puppet/hang.json)
puppet_test(a_hang_is_laid_to_its_step hang 1 "steps/0 .look: DismGetImageInfo" ${here}/puppet/hang.json)
puppet_test(a_crash_at_exit_is_a_crash crash-exit 1 "^CRASH +info/info " ${info})
puppet_test(a_crash_in_initialise_is_laid_to_it crash-initialise 1 "DismInitialize .DismInitialize" ${info})
puppet_test(a_failing_initialise_fails initialise 1 "DismInitialize: wanted S_OK, got E_FAIL" ${info})
puppet_test(a_failing_shutdown_fails shutdown 1 "DismShutdown: wanted S_OK, got E_FAIL" ${info})
puppet_test(a_result_that_cannot_be_deleted_is_a_leak delete 1 "^LEAK +info/info " ${info})
puppet_test(a_mount_left_behind_is_a_leak mounts 1 "mounts left at the end: wanted 0, got 1" ${info})
puppet_test(a_late_callback_fails late-callback 1 "came after its call had returned" --touches machine ${here}/puppet/late-callback.json)
puppet_test(a_callback_with_foreign_user_data_fails user-data 1 "which no call was given" ${here}/puppet/progress.json)
puppet_test(a_falling_progress_fails falls 1 "wanted Current never falling" ${here}/puppet/progress.json)
puppet_test(a_changing_total_fails grows 1 "wanted Current never falling" ${here}/puppet/progress.json)
puppet_test(an_expected_crash_passes good 0 "^PASS +crash/crash" ${here}/puppet/crash.json)
puppet_test(a_crash_elsewhere_is_no_expected_crash crash 1 "^CRASH +crash/crash" ${here}/puppet/crash.json)
puppet_test(a_lying_capability_is_found good 1 "^LIED +reboot/reboot" --capabilities ${here}/puppet/lies.capabilities ${here}/puppet/reboot.json)
conformance_test(probe_finds_the_lie good 1 "world:reboot +LIED: the library has no DismFakeReboot"
    probe --capabilities ${here}/puppet/lies.capabilities $<TARGET_FILE:puppet>)
conformance_test(probe_counts_exports good 0 "exports +11 of 95" probe $<TARGET_FILE:puppet>)
conformance_test(probe_names_what_is_missing good 0 "missing +DismCleanupMountpoints" probe $<TARGET_FILE:puppet_lacking>)
conformance_test(a_missing_export_skips good 2 "SKIP +cleanup/cleanup .export: DismCleanupMountpoints"
    run --library $<TARGET_FILE:puppet_lacking> --touches machine ${here}/puppet/cleanup.json)
if(NOT WIN32)
    puppet_test(a_missing_hook_skips good 0 "SKIP +needs/needs-an-event .hook: DismFakeCreateEvent" ${here}/valid-skip)
endif()
set(skips "1 passed, 0 failed, 4 skipped")
if(WIN32) # events are the system's
    set(skips "2 passed, 0 failed, 3 skipped")
endif()
puppet_test(a_run_of_skips_is_incomplete good 2 "^INCOMPLETE: ${skips}$" --must-run ${here}/puppet/must-run.txt ${here}/valid-skip)
puppet_test(a_case_that_had_to_run_is_named good 2 "^must run and did not: needs/needs-a-fault$" --must-run ${here}/puppet/must-run.txt ${here}/valid-skip)
puppet_test(the_machine_is_touched_when_granted good 0 "PASS +needs/needs-the-machine" --touches machine --case needs-the-machine ${here}/valid-skip)
puppet_test(a_refused_file_makes_the_run_invalid good 3 "^INVALID: 0 passed, 1 failed" ${here}/invalid/unknown-step-key.json)
puppet_test(no_case_makes_the_run_invalid good 3 "^INVALID: 0 passed" --case nothing ${info})
conformance_test(a_missing_library_is_invalid good 3 "^INVALID" run --library ${here}/none.so ${info})
conformance_test(a_library_that_is_none_is_invalid good 3 "cannot be loaded" run --library ${info} ${info})
conformance_test(an_unknown_option_is_usage good 64 "no option --fast" run --fast ${info})
conformance_test(run_needs_a_library good 64 "run needs --library" run ${info})
conformance_test(list_names_cases good 0 "stable +everything/lanes +puppet.info" list ${pass})
conformance_test(explain_tells_the_steps good 0 "lane b:" explain lanes ${pass})
conformance_test(explain_says_values_in_words good 0 "expecting [A-Z_]+ or E_FAIL" explain "*" ${pass})
conformance_test(lint_is_content good 0 "^11 files, .* 0 findings" lint ${pass} ${fail} ${here}/valid-skip)

if(NOT WIN32) # there, Wine itself is found in PATH
    add_test(NAME conformance/a_missing_reader_skips
             COMMAND ${here}/expect_run.sh 2 "SKIP +in-image/in-image .program: wimlib-imagex.$"
                     env PATH=/nowhere ${runner} run --library $<TARGET_FILE:puppet> ${here}/puppet/in-image.json)
endif()

# What may be touched.
set(touches ${here}/puppet/touches.json)
conformance_test(a_foreign_library_is_granted_nothing good 0 "^CONFORMANT: 1 passed, 0 failed, 7 skipped$"
    run --library $<TARGET_FILE:puppet> ${touches})
conformance_test(a_skip_names_the_call_that_asks_for_more good 0
    "SKIP +touches/commit .touches: wanted .mounts., have nothing, for DismCommitImage.$"
    run --library $<TARGET_FILE:puppet> ${touches})
puppet_test(scratch_allows_sessions good 0 "^CONFORMANT: 3 passed, 0 failed, 5 skipped$" --touches scratch ${touches})
puppet_test(mounts_allow_mounts_and_the_log good 0 "^CONFORMANT: 5 passed, 0 failed, 3 skipped$" ${touches})
puppet_test(the_machine_allows_everything good 0 "^CONFORMANT: 7 passed, 0 failed, 1 skipped$" --touches machine ${touches})
puppet_test(the_running_system_is_changed_only_when_granted good 0 "for DismRemoveDriver on the running system" ${touches})
puppet_test(a_way_out_of_the_folder_is_closed good 3 "DismOpenSession would write to .*[/\\]elsewhere, outside of the case" ${here}/puppet/touches-out.json)
conformance_test(a_fake_simulates_the_machine good 0 "^CONFORMANT: 7 passed, 0 failed, 1 skipped$"
    run --library $<TARGET_FILE:puppet> --capabilities ${here}/puppet/fake.capabilities ${touches})
conformance_test(an_unknown_level_is_usage good 64 "takes nothing, scratch, mounts or machine, not all" run --touches all --library x ${info})
puppet_test(a_mount_left_behind_is_ended left 1 "^NONCONFORMANT: 4 passed, 1 failed, 3 skipped$" --all-gate ${touches})
puppet_test(a_mount_that_stays_ends_the_run stuck 3 "^skipped 5: the machine was left dirty: touches/commit$" ${touches})
puppet_test(a_mount_that_stays_is_named stuck 3 "still mounted: .*/dismconform-[0-9]+-[0-9a-f]+.0003$" ${touches})

# Verbs of the world that only a library simulates.
set(skipped_world 2)
if(WIN32) # two of its cases are about files, see below
    set(skipped_world 0)
endif()
puppet_test(a_skipped_world_names_its_capability good ${skipped_world} "SKIP +world-verbs/other-process .capability: world:other-process" ${here}/puppet/world-verbs.json)
if(WIN32) # files that are held and tampered with are so for every library
    puppet_test(an_open_file_keeps_others_out open 0 "^CONFORMANT: 2 passed, 0 failed, 0 skipped$" ${here}/puppet/kept-out.json)
else()
    puppet_test(a_world_that_nobody_simulates_skips good 2 "^INCOMPLETE: 0 passed, 0 failed, 12 skipped$" ${here}/puppet/world-verbs.json)
    puppet_test(claims_of_a_world_are_tried good 1 "^LIED +world-verbs/volume" --capabilities ${here}/puppet/all-worlds.capabilities ${here}/puppet/world-verbs.json)
    puppet_test(every_lie_about_the_world_is_found good 1 "^NONCONFORMANT: 0 passed, 10 failed, 2 skipped$" --capabilities ${here}/puppet/all-worlds.capabilities ${here}/puppet/world-verbs.json)
    puppet_test(sharing_without_a_hook_skips good 1 "SKIP +world-verbs/hold-alone .hook: DismFakeWorld" --capabilities ${here}/puppet/all-worlds.capabilities ${here}/puppet/world-verbs.json)
    puppet_test(an_open_file_keeps_nobody_out open 2 "SKIP +kept-out/alone .hook: DismFakeWorld" --capabilities ${here}/puppet/world.capabilities ${here}/puppet/kept-out.json)
endif()
function(world_test name code pattern)
    conformance_test(${name} good ${code} ${pattern} run --library $<TARGET_FILE:puppet_world>
                     --touches mounts --fixtures ${here}/none --capabilities ${here}/puppet/all-worlds.capabilities ${ARGN})
endfunction()
world_test(named_changes_are_let_go 0 "^CONFORMANT: 2 passed, 0 failed, 0 skipped$" ${here}/puppet/world-release.json)
world_test(a_world_that_cannot_be_made_is_an_error 3 "world: the call|world: " --case refused ${here}/puppet/world-failing.json)
conformance_test(explain_says_the_world_in_words good 0 "world: the service mount-filter, is: missing" explain service ${here}/puppet/world-verbs.json)
add_test(NAME conformance/a_failing_case_lets_go_too
         COMMAND ${here}/let_go.sh ${runner} $<TARGET_FILE:puppet_world> ${here})

# Windows libraries as files.
add_executable(test_pe tests/test_pe.c pe.c util.c)
target_include_directories(test_pe PRIVATE ${CMAKE_CURRENT_SOURCE_DIR})
target_link_libraries(test_pe PRIVATE base contract dismfake_options PkgConfig::CMOCKA)
find_program(MINGW_GCC x86_64-w64-mingw32-gcc)
find_program(MINGW_WINDRES x86_64-w64-mingw32-windres)
if(MINGW_GCC AND MINGW_WINDRES)
    set(tiny ${CMAKE_CURRENT_BINARY_DIR}/tiny.dll)
    add_custom_command(OUTPUT ${tiny}
        COMMAND ${MINGW_WINDRES} ${here}/tiny.rc tiny_rc.o
        COMMAND ${MINGW_GCC} -s -shared -nostdlib -Wl,-e,0 ${here}/tiny.c tiny_rc.o -o ${tiny}
        DEPENDS ${here}/tiny.c ${here}/tiny.rc VERBATIM)
    add_custom_target(tiny_library ALL DEPENDS ${tiny})
    add_test(NAME conformance/a_damaged_windows_library_is_refused COMMAND test_pe ${tiny})
    if(NOT WIN32) # there it can be loaded
        add_test(NAME conformance/a_windows_library_is_described_as_binutils_does
                 COMMAND ${here}/pe_agreement.sh ${runner} ${tiny})
    endif()
endif()

# Who is judged, and by whom.
add_executable(test_library tests/test_library.c library.c util.c)
target_include_directories(test_library PRIVATE ${CMAKE_CURRENT_SOURCE_DIR})
target_link_libraries(test_library PRIVATE base contract dismfake_options PkgConfig::CMOCKA)
add_test(NAME conformance/a_library_is_the_one_of_that_path COMMAND test_library $<TARGET_FILE:puppet>)
if(NOT WIN32) # LD_PRELOAD, setpriv, a terminal; files are read alike everywhere
    add_test(NAME conformance/another_module_of_that_name_is_refused
             COMMAND ${here}/other_module.sh ${runner} $<TARGET_FILE:puppet> ${info})
    add_test(NAME conformance/elevation_comes_first
             COMMAND ${here}/elevation.sh ${runner} $<TARGET_FILE:puppet> ${here})
    set_tests_properties(conformance/another_module_of_that_name_is_refused conformance/elevation_comes_first
        PROPERTIES SKIP_RETURN_CODE 99)
    add_test(NAME conformance/broken_files_are_refused
             COMMAND ${here}/invalid.sh ${runner} $<TARGET_FILE:puppet> ${here}/invalid)
    set_tests_properties(conformance/broken_files_are_refused PROPERTIES TIMEOUT 120)
endif()
add_test(NAME conformance/reports_are_well_formed
         COMMAND ${here}/reports.sh ${runner} $<TARGET_FILE:puppet> ${here})
set_tests_properties(conformance/reports_are_well_formed PROPERTIES SKIP_RETURN_CODE 77)
find_program(PYTHON3 python3)
if(PYTHON3)
    if(NOT WIN32)
        add_test(NAME conformance/a_person_sees_how_far_the_run_is
                 COMMAND ${PYTHON3} ${here}/progress_line.py ${runner} $<TARGET_FILE:puppet>
                         ${here}/puppet/hang.json)
    endif()
    if(TARGET DismApi AND DISMFAKE_BUILD_FIXTURES)
        add_test(NAME conformance/answers_are_kept_and_judged_elsewhere
                 COMMAND ${PYTHON3} -B ${here}/probe.py ${runner} $<TARGET_FILE:DismApi>
                         $<TARGET_FILE:puppet> ${PROJECT_SOURCE_DIR}/scenarios/clauses
                         ${PROJECT_SOURCE_DIR}/build/conformance/dismconform)
        set_tests_properties(conformance/answers_are_kept_and_judged_elsewhere PROPERTIES TIMEOUT 300
            FIXTURES_REQUIRED catalogue)
    endif()
    add_test(NAME conformance/the_schema_is_read_as_others_read_it
             COMMAND ${PYTHON3} ${here}/schema_agreement.py
                     ${CMAKE_CURRENT_SOURCE_DIR} ${here}/invalid ${pass} ${fail}
                     ${here}/valid-skip ${here}/puppet)
    set_tests_properties(conformance/the_schema_is_read_as_others_read_it PROPERTIES SKIP_RETURN_CODE 77)
endif()

# Fixtures and the world, with a catalogue of one file.
function(fixture_test name case code pattern)
    puppet_test(${name} good ${code} ${pattern} --capabilities ${here}/puppet/world.capabilities
                --fixtures ${here}/catalog --case ${case} ${here}/fixtures)
endfunction()
fixture_test(a_wrong_catalogue_hash_is_an_error wrong-hash 3 "the catalogue's tiny is tiny@sha256:01234567, not")
fixture_test(a_changed_fixture_fails changed 1 "the fixture 'wim' is not writable, but it was changed")
fixture_test(a_writable_fixture_may_change writable 0 "^PASS")
fixture_test(a_folder_of_the_catalogue_is_copied folder 0 "^PASS")
fixture_test(a_changed_file_in_a_folder_fails changed-in-folder 1 "the fixture 'dir' is not writable, but it was changed")
fixture_test(a_new_file_in_a_folder_fails new-in-folder 1 "the fixture 'dir' is not writable, but it was changed")
fixture_test(a_writable_folder_may_change writable-folder 0 "^PASS")
fixture_test(a_byte_is_flipped flipped 0 "^PASS")
fixture_test(a_file_is_held held 0 "^PASS")
fixture_test(tampering_is_done_and_undone readonly 0 "^PASS")
fixture_test(the_world_ends_at_the_case_folder outside 3 "is outside of the case's own folder")
fixture_test(path_styles_lead_to_folders styles 0 "^PASS")
function(disk_test name case code pattern)
    puppet_test(${name} good ${code} ${pattern} --capabilities ${here}/puppet/disk.capabilities
                --fixtures ${here}/catalog --case ${case} ${ARGN} ${here}/fixtures/disks.json)
endfunction()
disk_test(a_case_with_disks_runs_without_them_too replaced 0 "^CONFORMANT: 1 passed, 0 failed, 0 skipped$")
disk_test(a_disk_stands_where_the_image_stood replaced@* 1 "wanted \"tiny.wim\", got \"disk.vhd\"")
disk_test(a_wrong_hash_of_a_disk_is_an_error wrong-disk@disk 3 "the catalogue's disk is disk@sha256:fedcba98, not")
disk_test(a_disk_that_was_left_out_is_an_error left-out@* 3 "has no image 'elsewhere'")
disk_test(cases_can_be_left_out replaced* 0 "^CONFORMANT: 1 passed, 0 failed, 0 skipped$" --except *@disk)
fixture_test(a_disk_needs_a_library_that_takes_disks replaced@disk 2 "SKIP +disks/replaced@disk .capability: image:disk")
conformance_test(explain_shows_the_disk good 0 "fixtures: .*disk@sha256:fedcba98" explain replaced@disk ${here}/fixtures/disks.json)
conformance_test(lint_checks_hashes_of_disks good 3 "/cases/1/disks: the catalogue's disk is disk@sha256:fedcba98"
                 lint --fixtures ${here}/catalog ${here}/fixtures/disks.json)
conformance_test(lint_knows_what_was_left_out good 3 ", 1 findings$"
                 lint --fixtures ${here}/catalog ${here}/fixtures/disks.json)
conformance_test(lint_checks_catalogue_hashes good 3 "fixtures/wim: the catalogue's tiny is tiny@sha256:01234567"
                 lint --fixtures ${here}/catalog ${here}/fixtures)
conformance_test(lint_knows_the_register good 0 " 0 findings" lint --clauses ${here}/clauses ${pass})
conformance_test(lint_misses_a_clause good 3 "clause broken.rule is not in the register"
                 lint --clauses ${here}/clauses ${here}/invalid/lane-awaits-itself.json)
conformance_test(lint_checks_the_register good 3 "level is none of" lint --clauses ${here}/clauses-broken ${pass})
