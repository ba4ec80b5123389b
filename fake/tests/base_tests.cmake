# SPDX-License-Identifier: MIT
# Tests of the base layer, one program per module.

dismfake_unit_test(error)
dismfake_unit_test(text)
dismfake_unit_test(path)
dismfake_unit_test(json)
dismfake_unit_test(match)
dismfake_unit_test(os_files)
dismfake_unit_test(os_run)
dismfake_unit_test(os_event)
if(NOT WIN32)
    dismfake_unit_test(posix_event)
endif()
dismfake_unit_test(hash)
dismfake_unit_test(status_line)
