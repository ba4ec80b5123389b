/* SPDX-License-Identifier: MIT */
/* test_reparse.c - targets of links; that they are wimlib's is tested in programs/mount_helper.py.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "dism_codes.h"
#include "error.h"
#include "mem.h"
#include "reparse.h"
#include "scope.h"

#define JUNCTION 0xA0000003u
#define SYMLINK 0xA000000Cu
#define DAMAGED HR_WIN32(ERROR_FILE_CORRUPT)

static size_t put(unsigned char *data, size_t at, unsigned value)
{
    data[at] = (unsigned char)value;
    data[at + 1] = (unsigned char)(value >> 8);
    return at + 2;
}

/* The data of a link whose target is an ASCII text. */
static size_t link_to(uint32_t tag, const char *target, unsigned char *data)
{
    const size_t header = tag == SYMLINK ? 12 : 8, len = strlen(target);
    memset(data, 0, header);
    put(data, 2, (unsigned)(2 * len));
    for (size_t i = 0; i < len; i++)
        put(data, header + 2 * i, (unsigned char)target[i]);
    return header + 2 * len;
}

static void assert_target(uint32_t tag, const char *windows, const char *expected)
{
    unsigned char data[200];
    AUTO_FREE char *target = NULL;
    size_t size = link_to(tag, windows, data);
    assert_int_equal(reparse_target(tag, data, size, "/m", &target), S_OK);
    assert_string_equal(target, expected);
}

static void targets_are_spelled_for_linux(void **state)
{
    (void)state;
    assert_target(SYMLINK, "b.txt", "b.txt");
    assert_target(SYMLINK, "..\\a\\b.txt", "../a/b.txt");
    assert_target(SYMLINK, "\\a\\b", "/m/a/b");
    assert_target(SYMLINK, "\\??\\C:\\a b\\c", "/m/a b/c");
    assert_target(JUNCTION, "\\??\\c:\\Users", "/m/Users");
    assert_target(JUNCTION, "\\??\\C:\\", "/m/");
}

static void data_cut_short_is_damage(void **state)
{
    (void)state;
    unsigned char data[200];
    size_t size = link_to(SYMLINK, "target", data);
    for (size_t cut = 0; cut < size; cut++) {
        unsigned char *exact = test_malloc(cut ? cut : 1); /* ASan sees a read beyond it */
        memcpy(exact, data, cut);
        char *target = NULL;
        assert_int_equal(reparse_target(SYMLINK, exact, cut, "", &target), DAMAGED);
        assert_null(target);
        test_free(exact);
    }
}

static void offsets_outside_of_the_data_are_damage(void **state)
{
    (void)state;
    static const unsigned bad[][2] = {{2, 12}, {65534, 2}, {65535, 65535},
                                      {0, 14}, {0, 3},     {13, 0}};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        unsigned char data[200];
        size_t size = link_to(SYMLINK, "target", data);
        char *target = NULL;
        put(data, 0, bad[i][0]);
        put(data, 2, bad[i][1]);
        assert_int_equal(reparse_target(SYMLINK, data, size, "", &target), DAMAGED);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(targets_are_spelled_for_linux),
        cmocka_unit_test(data_cut_short_is_damage),
        cmocka_unit_test(offsets_outside_of_the_data_are_damage),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
