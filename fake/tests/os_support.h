/* SPDX-License-Identifier: MIT */
/* os_support.h - what the tests of os.h share: a fresh folder for each test. Include it first. */
#ifndef TESTS_OS_SUPPORT_H
#define TESTS_OS_SUPPORT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "error.h"
#include "os.h"
#include "support_folder.h"
#include "text.h"

static char *folder; /* a fresh one for each test */

static inline char *in_folder(const char *name)
{
    char *path = mem_format("%s/%s", folder, name);
    assert_non_null(path);
    return path;
}

static inline int make_folder(void **state)
{
    (void)state;
    return SUCCEEDED(support_make_folder("dismfake-os", &folder)) ? 0 : -1;
}

static inline int remove_folder(void **state)
{
    (void)state;
    HRESULT hr = os_remove_tree(folder, true);
    mem_free(folder);
    return hr == S_OK ? 0 : -1;
}

static inline void put(const char *name, const char *content)
{
    AUTO_FREE char *path = in_folder(name);
    assert_int_equal(os_write_file_atomic(path, content, strlen(content)), S_OK);
}

static inline void assert_content(const char *name, const char *content)
{
    AUTO_FREE char *path = in_folder(name);
    AUTO_FREE char *data = NULL;
    size_t size = 0;
    assert_int_equal(os_read_file(path, &data, &size), S_OK);
    assert_int_equal(size, strlen(content));
    assert_string_equal(data, content);
}

#define OS_TEST(name) cmocka_unit_test_setup_teardown(name, make_folder, remove_folder)

#endif
