/* SPDX-License-Identifier: MIT */
/* test_path.c - paths as text. The native forms are those of a system whose separator is a slash.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "path.h"
#include "scope.h"

static void an_api_path_becomes_native(void **state)
{
    (void)state;
    static const char *const rows[][2] = {
        {"C:\\x\\.\\y\\..", "C:/x"},
        {"\\\\?\\C:\\a", "C:/a"},
        {"\\\\?\\/tmp/a", "/tmp/a"},
        {"//?//tmp//a", "/tmp/a"},
        {"/a//b/", "/a/b"},
        {"/", "/"},
        {"\\\\\\", "/"},
        {"C:", "C:/"},
        {"c:\\", "c:/"},
        {"C:x", "C:/x"},
        {"/..", "/"},
        {"/../../a/../..", "/"},
        {"C:\\..\\..\\a", "C:/a"},
        {"a\\b\\", "a/b"},
        {"a/..", "."},
        {"./a", "a"},
        {"../a", "../a"},
        {"a/../../b", "../b"},
        {"..\\..\\.", "../.."},
        {"a/...", "a/..."},
        {"\\\\server\\share\\x\\..\\..\\..", "//server/share"},
        {"\\\\?\\UNC\\server\\share\\x", "//server/share/x"},
        {"//server/share/", "//server/share"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        AUTO_FREE char *native = NULL;
        assert_int_equal(path_native(rows[i][0], &native), S_OK);
        assert_string_equal(native, rows[i][1]);
        AUTO_FREE char *again = NULL;
        assert_int_equal(path_native(native, &again), S_OK);
        assert_string_equal(again, native);
    }
    char *none = NULL;
    assert_int_equal(path_native("", &none), E_INVALIDARG);
    assert_int_equal(path_native("\\\\?\\", &none), E_INVALIDARG);
    assert_null(none);
}

static void a_relative_path_is_made_absolute_and_stays_below_the_root(void **state)
{
    (void)state;
    static const char *const rows[][3] = {
        {"a\\b", "/work", "/work/a/b"},      {"../b", "/work/x", "/work/b"},
        {"../../../b", "/work", "/b"},       {".", "/", "/"},
        {"/x/../y", "/work", "/y"},          {"C:\\x", "/work", "C:/x"},
        {"\\\\s\\t\\u", "/work", "//s/t/u"}, {"\\\\?\\rel", "/work", "/work/rel"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        AUTO_FREE char *made = NULL;
        assert_int_equal(path_absolute(rows[i][0], rows[i][1], &made), S_OK);
        assert_string_equal(made, rows[i][2]);
    }
    char *none = NULL;
    assert_int_equal(path_absolute("", "/work", &none), E_INVALIDARG);
}

static void network_paths_are_recognised(void **state)
{
    (void)state;
    static const char *const yes[] = {"\\\\server\\share\\x", "//server/share", "\\\\server",
                                      "\\\\?\\UNC\\server\\share", "\\\\?\\unc\\server\\share"};
    static const char *const no[] = {"",
                                     "/",
                                     "//",
                                     "///a",
                                     "/a//b",
                                     "C:\\\\x",
                                     "\\\\?\\C:\\x",
                                     "\\\\?\\/tmp",
                                     "\\\\?\\UNCLE",
                                     "\\\\.\\C:",
                                     "a\\\\b"};
    for (size_t i = 0; i < sizeof yes / sizeof yes[0]; i++)
        assert_true(path_is_network(yes[i]));
    for (size_t i = 0; i < sizeof no / sizeof no[0]; i++)
        assert_false(path_is_network(no[i]));
}

static void roots_of_volumes_are_recognised(void **state)
{
    (void)state;
    static const char *const yes[] = {"C:\\", "C:/",     "c:",          "/",         "\\",
                                      "///",  "C:\\\\/", "\\\\?\\C:\\", "\\\\?\\C:", "\\\\?\\/"};
    static const char *const no[] = {"", "C", "C:\\x", "/x", "C:x", "\\\\?\\", "\\\\server"};
    for (size_t i = 0; i < sizeof yes / sizeof yes[0]; i++)
        assert_true(path_is_volume_root(yes[i]));
    for (size_t i = 0; i < sizeof no / sizeof no[0]; i++)
        assert_false(path_is_volume_root(no[i]));
}

static void the_drive_letter_is_upper_case(void **state)
{
    (void)state;
    assert_int_equal(path_drive("c:\\x"), 'C');
    assert_int_equal(path_drive("\\\\?\\z:"), 'Z');
    assert_int_equal(path_drive("/c:/x"), 0);
    assert_int_equal(path_drive("1:/x"), 0);
    assert_int_equal(path_drive("C"), 0);
    assert_int_equal(path_drive(""), 0);
}

static void absolute_paths_are_recognised(void **state)
{
    (void)state;
    assert_true(path_is_absolute("/a"));
    assert_true(path_is_absolute("\\a"));
    assert_true(path_is_absolute("C:a"));
    assert_true(path_is_absolute("\\\\?\\UNC\\s\\t"));
    assert_false(path_is_absolute("a/b"));
    assert_false(path_is_absolute("../a"));
    assert_false(path_is_absolute(""));
    assert_false(path_is_absolute("\\\\?\\a"));
}

static void characters_no_path_can_have_are_found(void **state)
{
    (void)state;
    static const char *const good[] = {
        "C:\\x y\\z.wim", "\\\\?\\C:\\x", "/tmp/\xC3\xA9", "a", "C:", "//server/share"};
    static const char *const bad[] = {"",     "a*b",     "a?b",         "a<b",   "a>b",
                                      "a\"b", "a|b",     "a\tb",        "a\x1F", "C:\\a:b",
                                      "/a:b", "\\\\?\\", "\\\\?\\C:\\?"};
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
        assert_true(path_is_well_formed(good[i]));
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_false(path_is_well_formed(bad[i]));
}

static void parts_of_a_path_are_split_and_joined(void **state)
{
    (void)state;
    static const char *const rows[][3] = {
        /* path, parent, name */
        {"/a/b", "/a", "b"},  {"/a", "/", "a"},        {"a", ".", "a"},       {"a/b", "a", "b"},
        {"C:/x", "C:/", "x"}, {"C:/x/y", "C:/x", "y"}, {"//s/t", "//s", "t"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        AUTO_FREE char *parent = NULL;
        assert_int_equal(path_parent(rows[i][0], &parent), S_OK);
        assert_string_equal(parent, rows[i][1]);
        assert_string_equal(path_name(rows[i][0]), rows[i][2]);
        AUTO_FREE char *joined = NULL;
        assert_int_equal(path_join(parent, rows[i][2], &joined), S_OK);
        assert_string_equal(joined, strcmp(rows[i][0], "a") ? rows[i][0] : "./a");
    }
    assert_string_equal(path_name("/"), "");
    assert_string_equal(path_name("C:\\"), "");
    AUTO_FREE char *root = NULL;
    assert_int_equal(path_parent("/", &root), S_OK);
    assert_string_equal(root, "/");
    AUTO_FREE char *bare = NULL;
    assert_int_equal(path_join("", "a", &bare), S_OK);
    assert_string_equal(bare, "a");
}

static void extensions_ignore_letter_case(void **state)
{
    (void)state;
    assert_true(path_has_extension("C:\\x\\INSTALL.WIM", ".wim"));
    assert_false(path_has_extension("/x/install.esd", ".wim"));
    assert_false(path_has_extension("/x/.wim", ".wim"));
    assert_false(path_has_extension("/x.wim/y", ".wim"));
}

static void a_folder_contains_itself_and_what_is_below(void **state)
{
    (void)state;
    assert_true(path_is_within("/a/b", "/a/b"));
    assert_true(path_is_within("/a/b/c", "/a/b"));
    assert_true(path_is_within("/a/b/c", "/a/b/"));
    assert_true(path_is_within("/a", "/"));
    assert_true(path_is_within("/", "/"));
    assert_false(path_is_within("/a/bc", "/a/b"));
    assert_false(path_is_within("/a", "/a/b"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_api_path_becomes_native),
        cmocka_unit_test(a_relative_path_is_made_absolute_and_stays_below_the_root),
        cmocka_unit_test(network_paths_are_recognised),
        cmocka_unit_test(roots_of_volumes_are_recognised),
        cmocka_unit_test(the_drive_letter_is_upper_case),
        cmocka_unit_test(absolute_paths_are_recognised),
        cmocka_unit_test(characters_no_path_can_have_are_found),
        cmocka_unit_test(parts_of_a_path_are_split_and_joined),
        cmocka_unit_test(extensions_ignore_letter_case),
        cmocka_unit_test(a_folder_contains_itself_and_what_is_below),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
