/* SPDX-License-Identifier: MIT */
/* test_posix_files.c - os.h on Linux: files of /proc, the XDG rules for folders. */
#include "os_support.h"

static void a_file_of_proc_is_read_to_its_end(void **state)
{
    (void)state;
    AUTO_FREE char *data = NULL;
    size_t size = 0;
    assert_int_equal(os_read_file("/proc/self/maps", &data, &size), S_OK);
    assert_true(size > 0 && strlen(data) == size);
}

static void special_folders_follow_the_environment(void **state)
{
    (void)state;
    AUTO_FREE char *home = mem_dup(os_getenv("HOME"));
    static const char *const rows[][3] = {
        /* XDG_STATE_HOME, HOME, state folder */
        {"/x/state", "/home/u", "/x/state/dismfake"},
        {"relative", "/home/u", "/home/u/.local/state/dismfake"},
        {NULL, "/home/u", "/home/u/.local/state/dismfake"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        os_setenv("XDG_STATE_HOME", rows[i][0]);
        os_setenv("HOME", rows[i][1]);
        AUTO_FREE char *path = NULL;
        assert_int_equal(os_state_directory("dismfake", &path), S_OK);
        assert_string_equal(path, rows[i][2]);
    }
    os_setenv("XDG_STATE_HOME", NULL);
    os_setenv("HOME", NULL);
    AUTO_FREE char *last = NULL;
    assert_int_equal(os_state_directory("dismfake", &last), S_OK);
    assert_true(text_starts(last, "/tmp/dismfake-"));
    os_setenv("HOME", home);
    assert_true(os_is_volume_root("/"));
    assert_true(os_is_volume_root("/proc"));
    assert_false(os_is_volume_root(folder));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        OS_TEST(a_file_of_proc_is_read_to_its_end),
        OS_TEST(special_folders_follow_the_environment),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
