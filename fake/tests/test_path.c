/* SPDX-License-Identifier: MIT */
/* test_path.c - paths as text, by the rules of systems with and without drives. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "mem.h"
#include "os.h"
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

static void windows_rules_for_names_hold_where_there_are_drives(void **state)
{
    (void)state;
    static const char *const rows[][2] = {
        /* path, native */
        {"C:\\mount\\x", "C:/mount/x"},
        {"c:/mount//x\\", "c:/mount/x"},
        {"C:\\", "C:/"},
        {"C:\\a.", "C:/a"},
        {"C:\\a. . ", "C:/a"},
        {"C:\\a \\", "C:/a "}, /* only without a separator behind it */
        {"C:\\a.\\b", "C:/a/b"},
        {"C:\\a..\\b", "C:/a../b"},
        {"C:\\a...\\b", "C:/a.../b"},
        {"C:\\a \\b", "C:/a /b"},
        {"C:\\a\\...", "C:/a"},
        {"C:\\a\\.. ", "C:/a"},
        {"C:\\a\\. .\\b", "C:/a/. /b"},
        {"C:\\.a\\..b", "C:/.a/..b"},
        {"C:\\a\\..\\..\\b", "C:/b"},
        {"\\\\?\\C:\\a.", "C:/a."},
        {"\\\\?\\C:\\a. \\b ", "C:/a. /b "},
        {"//?/C:/a./b.", "C:/a/b"},
        {"\\\\?\\C:\\", "C:/"},
        {"a.\\b.", "a/b"},
        {"..\\a", "../a"},
        {"\\a", "/a"},
        {"C:a\\..\\..\\b", "C:../b"},
        {"\\\\s.\\t.\\u.", "//s./t./u"},
    };
    path_set_style(PATH_STYLE_WINDOWS);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        AUTO_FREE char *native = NULL;
        assert_int_equal(path_native(rows[i][0], &native), S_OK);
        assert_string_equal(native, rows[i][1]);
    }
}

static void names_keep_dots_where_there_are_no_drives(void **state)
{
    (void)state;
    static const char *const rows[][2] = {
        {"/a./b. ", "/a./b. "},        {"a.", "a."},
        {"\\\\?\\/tmp/a.", "/tmp/a."}, {"C:\\a.\\b. ", "C:/a/b"}, /* a path of a Windows client */
        {"\\\\?\\C:\\a.", "C:/a."},
    };
    path_set_style(PATH_STYLE_POSIX);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        AUTO_FREE char *native = NULL;
        assert_int_equal(path_native(rows[i][0], &native), S_OK);
        assert_string_equal(native, rows[i][1]);
    }
}

static void every_kind_of_relative_path_has_its_base(void **state)
{
    (void)state;
    static const char *const rows[][3] = {
        {"a", "C:/work", "C:/work/a"},
        {"..\\a.", "C:/work/x", "C:/work/a"},
        {"..\\..\\..\\a", "C:/work", "C:/a"},
        {"a", "C:/", "C:/a"},
        {"a", "C:/with. ", "C:/with. /a"}, /* a native folder is as it is */
        {"\\a", "D:/work/x", "D:/a"},
        {"/", "D:/work/x", "D:/"},
        {"\\..\\a", "D:/work/x", "D:/a"},
        {"\\a", "//server/share/x", "//server/share/a"},
        {"..\\..\\a", "//server/share/x", "//server/share/a"},
        {"C:a", "C:/work", "C:/work/a"},
        {"c:a", "C:/work", "C:/work/a"},
        {"C:", "C:/work", "C:/work"},
        {"C:..", "C:/work/x", "C:/work"},
        {"D:a", "C:/work", "D:/a"},
        {"D:\\a", "C:/work", "D:/a"},
        {"\\\\?\\D:\\a", "C:/work", "D:/a"},
        {"//s/t/u", "C:/work", "//s/t/u"},
    };
    path_set_style(PATH_STYLE_WINDOWS);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        AUTO_FREE char *made = NULL;
        assert_int_equal(path_absolute(rows[i][0], rows[i][1], &made), S_OK);
        assert_string_equal(made, rows[i][2]);
    }
}

static void a_full_path_starts_at_the_current_folder(void **state)
{
    (void)state;
    AUTO_FREE char *cwd = NULL, *below = NULL, *full = NULL, *again = NULL;
    assert_int_equal(os_cwd(&cwd), S_OK);
    assert_int_equal(path_join(cwd, "a/b", &below), S_OK);
    assert_int_equal(path_full("a\\x\\..\\b", &full), S_OK);
    assert_string_equal(full, below);
    assert_int_equal(path_full(full, &again), S_OK);
    assert_string_equal(again, full);
    if (!os_has_drives())
        return;
    AUTO_FREE char *below_drive = mem_format("%c:a\\b", path_drive(cwd));
    AUTO_FREE char *root = mem_format("%c:/a", path_drive(cwd));
    AUTO_FREE char *of_drive = NULL, *of_root = NULL, *elsewhere = NULL;
    assert_int_equal(path_full(below_drive, &of_drive), S_OK);
    assert_string_equal(of_drive, below);
    assert_int_equal(path_full("\\a", &of_root), S_OK);
    assert_string_equal(of_root, root);
    assert_int_equal(path_full("Q:a", &elsewhere), S_OK); /* where nobody has been */
    assert_string_equal(elsewhere, "Q:/a");
}

static void a_relative_path_is_made_absolute_and_stays_below_the_root(void **state)
{
    (void)state;
    static const char *const rows[][3] = {
        {"a\\b", "/work", "/work/a/b"},      {"../b", "/work/x", "/work/b"},
        {"../../../b", "/work", "/b"},       {".", "/", "/"},
        {"/x/../y", "/work", "/y"},          {"C:\\x", "/work", "C:/x"},
        {"\\\\s\\t\\u", "/work", "//s/t/u"},
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
    static const char *const yes[] = {"\\\\server\\share\\x",
                                      "//server/share",
                                      "\\\\server",
                                      "\\\\?\\UNC\\server\\share",
                                      "\\\\?\\uNc\\server\\share",
                                      "//?/UNC/server",
                                      "\\\\.\\UNC\\server\\share"};
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
                                     "\\\\.",
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
    static const struct {
        const char *path;
        bool posix, windows;
    } rows[] = {
        {"/a", true, false},
        {"\\a", true, false},
        {"C:a", true, false},
        {"C:", true, false},
        {"C:\\a", true, true},
        {"C:/", true, true},
        {"\\\\s\\t", true, true},
        {"\\\\?\\UNC\\s\\t", true, true},
        {"\\\\?\\C:\\a", true, true},
        {"//?/C:/a", true, true},
        {"\\\\.\\C:", true, true},
        {"\\\\?\\a", true, true}, /* nothing is relative to a current folder there */
        {"a/b", false, false},
        {"../a", false, false},
        {"", false, false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        path_set_style(PATH_STYLE_POSIX);
        assert_int_equal(path_is_absolute(rows[i].path), rows[i].posix);
        path_set_style(PATH_STYLE_WINDOWS);
        assert_int_equal(path_is_absolute(rows[i].path), rows[i].windows);
    }
}

static void flaws_of_both_styles_are_found(void **state)
{
    (void)state;
    static const char *const good[] = {
        "C:\\x y\\z.wim",
        "\\\\?\\C:\\x",
        "/tmp/\xC3\xA9",
        "a",
        "C:",
        "C:\\",
        "/",
        "//server/share",
        "//?/C:/a/../b",
        "C:\\a.\\b. .",
        "\\\\?\\C:\\a.\\NUL",
        "C:\\NUL\\a",
        "C:\\NULL",
        "C:\\COM0",
        "C:\\COM10",
        "C:\\a.NUL",
        "\xED\xA0\x80",
    };
    static const char *const bad[] = {
        "",
        "a*b",
        "a?b",
        "a<b",
        "a>b",
        "a\"b",
        "a|b",
        "a\tb",
        "a\x1F",
        "C:\\a:b",
        "/a:b",
        "C:\\a::$DATA",
        "\\\\?\\",
        "\\\\?\\C:\\?",
        "\\\\.\\C:",
        "\\\\.\\",
        "\\\\.",
        "//./pipe/a",
        "\\\\?\\Volume{01234567-89ab-cdef-0123-456789abcdef}\\a",
        "\\\\?\\GLOBALROOT\\a",
        "\\\\?\\a",
        "\\\\?\\C:a",
        "\\??\\C:\\a",
        "\\\\?\\C:/a",
        "\\\\?\\C:\\a/b",
        "\\\\?\\C:\\a\\..\\b",
        "\\\\?\\C:\\.",
        "C:\\NUL",
        "C:\\a\\con",
        "C:\\a\\Aux.wim",
        "C:\\a\\prn .x.y",
        "C:\\COM1",
        "c:lpt9.log",
        "C:\\com\xC2\xB2.txt",
        "C:\\conin$",
        "C:\\CONOUT$",
    };
    for (int style = PATH_STYLE_POSIX; style <= PATH_STYLE_WINDOWS; style++) {
        path_set_style((enum path_style)style);
        for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
            assert_null(path_flaw(good[i]));
        for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
            assert_non_null(path_flaw(bad[i]));
    }
}

static void names_of_devices_are_names_where_there_are_no_drives(void **state)
{
    (void)state;
    static const char *const rows[] = {"NUL", "/tmp/con.wim", "a\\COM1", "\\aux"};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        path_set_style(PATH_STYLE_POSIX);
        assert_null(path_flaw(rows[i]));
        path_set_style(PATH_STYLE_WINDOWS);
        assert_string_equal(path_flaw(rows[i]), "a device's name");
    }
    assert_string_equal(path_flaw("\\\\.\\PhysicalDrive0"), "a device");
    assert_null(path_flaw("NUL\\"));
    path_set_style(PATH_STYLE_POSIX);
    assert_null(path_flaw("\\\\?\\/tmp/a"));
    path_set_style(PATH_STYLE_WINDOWS);
    assert_non_null(path_flaw("\\\\?\\/tmp/a"));
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

static void letter_case_counts_where_there_are_no_drives(void **state)
{
    (void)state;
    AUTO_FREE char *key_a = NULL, *key_b = NULL, *key_posix = NULL;
    path_set_style(PATH_STYLE_POSIX);
    assert_false(path_equal("/a", "/A"));
    assert_true(path_equal("/a", "/a"));
    assert_false(path_is_within("/A/b", "/a"));
    assert_int_equal(path_key("/aB", &key_posix), S_OK);
    assert_string_equal(key_posix, "/aB");

    path_set_style(PATH_STYLE_WINDOWS);
    assert_true(path_equal("C:/Mount/\xC3\xA9", "c:/mOUNT/\xC3\x89"));
    assert_false(path_equal("C:/a", "C:/ab"));
    assert_false(path_equal("C:/\xC4\xB1", "C:/I")); /* dotless i, in no language */
    assert_false(path_equal("C:/a", NULL));
    assert_true(path_equal(NULL, NULL));
    assert_int_equal(path_key("C:/Mount/\xC3\xA9\xED\xA0\x80", &key_a), S_OK);
    assert_int_equal(path_key("c:/mOUNT/\xC3\x89\xED\xA0\x80", &key_b), S_OK);
    assert_string_equal(key_a, key_b);

    assert_true(path_is_within("c:/A/b", "C:/a"));
    assert_false(path_is_within("C:/ab", "C:/A"));
    assert_true(path_is_within("D:/x", "d:/"));
    /* Two bytes in upper case, three in lower case. */
    assert_string_equal(path_below("C:/\xE2\xB1\xA5/b", "C:/\xC8\xBA"), "b");
    assert_string_equal(path_below("C:/\xC8\xBA", "C:/\xE2\xB1\xA5/"), "");
    assert_null(path_below("C:/\xC8", "C:/\xC8\xBA"));
}

static void paths_are_shown_as_the_system_writes_them(void **state)
{
    (void)state;
    static const char *const rows[][2] = {
        {"C:/mount/x", "C:\\mount\\x"},
        {"cannot open C:/a b/c.wim: 2/3 are gone", "cannot open C:\\a b\\c.wim: 2/3 are gone"},
        {"C:/a is not D:/b/c", "C:\\a is not D:\\b\\c"},
        {"'//server/share' at /how", "'\\\\server\\share' at /how"},
        {"see http://a/b and abc:/d", "see http://a/b and abc:/d"},
        {"relative a/b", "relative a/b"},
        {"/steps/0", "/steps/0"},
        {"", ""},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        AUTO_FREE char *text = mem_dup(rows[i][0]);
        path_set_style(PATH_STYLE_POSIX);
        path_show(text);
        assert_string_equal(text, rows[i][0]);
        path_set_style(PATH_STYLE_WINDOWS);
        path_show(text);
        assert_string_equal(text, rows[i][1]);
    }
}

static int posix(void **state)
{
    (void)state;
    path_set_style(PATH_STYLE_POSIX);
    return 0;
}

static int system_style(void **state)
{
    (void)state;
    path_set_style(PATH_STYLE_SYSTEM);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(an_api_path_becomes_native, posix),
        cmocka_unit_test_setup(a_relative_path_is_made_absolute_and_stays_below_the_root, posix),
        cmocka_unit_test_setup(network_paths_are_recognised, posix),
        cmocka_unit_test_setup(roots_of_volumes_are_recognised, posix),
        cmocka_unit_test_setup(the_drive_letter_is_upper_case, posix),
        cmocka_unit_test_setup(absolute_paths_are_recognised, posix),
        cmocka_unit_test_setup(flaws_of_both_styles_are_found, posix),
        cmocka_unit_test_setup(names_of_devices_are_names_where_there_are_no_drives, posix),
        cmocka_unit_test_setup(parts_of_a_path_are_split_and_joined, posix),
        cmocka_unit_test_setup(extensions_ignore_letter_case, posix),
        cmocka_unit_test_setup(a_folder_contains_itself_and_what_is_below, posix),
        cmocka_unit_test_setup(letter_case_counts_where_there_are_no_drives, posix),
        cmocka_unit_test_setup(paths_are_shown_as_the_system_writes_them, posix),
        cmocka_unit_test_setup(windows_rules_for_names_hold_where_there_are_drives, posix),
        cmocka_unit_test_setup(names_keep_dots_where_there_are_no_drives, posix),
        cmocka_unit_test_setup(every_kind_of_relative_path_has_its_base, posix),
        cmocka_unit_test_setup(a_full_path_starts_at_the_current_folder, system_style),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
