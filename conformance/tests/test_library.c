/* SPDX-License-Identifier: MIT */
/*
 * test_library.c - the runner loads the library of exactly the path it was given, and none while
 * another one of that file name is in the process. The library is the first argument.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "library.h"

static char *path; /* absolute, as os.h writes it */

static void a_copy_elsewhere_is_refused_while_it_is_loaded(void **state)
{
    (void)state;
    AUTO_FREE char *temp = NULL;
    struct os_library *other = NULL;
    struct library library;
    assert_int_equal(os_temp_directory(&temp), S_OK);
    AUTO_FREE char *folder = format("%s/test-library-%u", temp, os_pid());
    AUTO_FREE char *copy = join(folder, path_name(path));
    assert_int_equal(os_make_directories(folder), S_OK);
    assert_int_equal(os_copy_file(path, copy), S_OK);
    assert_int_equal(os_library_open(copy, &other), S_OK);
    assert_true(FAILED(library_open(path, &library)));
    assert_non_null(strstr(error_last()->text, "is loaded in this process already, from"));
    assert_non_null(strstr(error_last()->text, "test-library-"));
    assert_non_null(strstr(strstr(error_last()->text, "test-library-"), ": what "));
    os_library_close(other);
    assert_int_equal(os_remove_tree(folder, true), S_OK);
}

static void the_library_itself_may_be_there_already(void **state)
{
    (void)state;
    struct library first = {0}, second = {0};
    assert_int_equal(library_open(path, &first), S_OK);
    assert_int_equal(library_open(path, &second), S_OK);
    assert_non_null(first.exports[API_DismInitialize]);
    assert_null(first.exports[API_DismRemountImage]);
    os_library_close(second.module);
    os_library_close(first.module);
    mem_free(first.loaded_from);
    mem_free(second.loaded_from);
}

static void a_relative_path_is_no_library(void **state)
{
    (void)state;
    struct library library;
    assert_true(FAILED(library_open(path_name(path), &library)));
}

int main(int argc, char **argv)
{
    os_begin(&argc, &argv);
    if (argc != 2 || FAILED(os_real_path(argv[1], &path)))
        return 64;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_copy_elsewhere_is_refused_while_it_is_loaded),
        cmocka_unit_test(the_library_itself_may_be_there_already),
        cmocka_unit_test(a_relative_path_is_no_library),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    mem_free(path);
    return failed;
}
