# SPDX-License-Identifier: MIT
# Tests of the base layer, one program per module.

dismfake_unit_test(error)
dismfake_unit_test(text)
dismfake_unit_test(path)
dismfake_unit_test(json)
dismfake_unit_test(match)
dismfake_unit_test(xml)
dismfake_unit_test(os_files)
dismfake_unit_test(os_run)
dismfake_unit_test(os_event)
if(WIN32)
    dismfake_unit_test(windows_files)
else()
    dismfake_unit_test(posix_event)
    dismfake_unit_test(posix_files)
endif()
dismfake_unit_test(hash)
dismfake_unit_test(status_line)

# Upper case as an NTFS volume has it, which Linux' ntfs-3g tells.
if(WIN32)
    return()
endif()
add_executable(upcase tests/upcase.c)
target_link_libraries(upcase PRIVATE base dismfake_options)
add_test(NAME unit/upcase COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/tests/upcase.sh $<TARGET_FILE:upcase>)
set_tests_properties(unit/upcase PROPERTIES SKIP_RETURN_CODE 77 TIMEOUT 60)
