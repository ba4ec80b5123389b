/* SPDX-License-Identifier: MIT */
/* test_inf.c - the reader of INF files, and what it says of a driver. */
#include "unit_support.h"

#include "driver_files.h"
#include "driver_inf.h"

static struct inf *parse(const char *text, unsigned language)
{
    struct inf *inf = NULL;
    assert_hr(S_OK, inf_parse(text, strlen(text), language, "x.inf", &inf));
    return inf;
}

static void refuse(const void *bytes, size_t size)
{
    struct inf *inf = NULL;
    assert_hr(HR_WIN32(ERROR_INVALID_DATA), inf_parse(bytes, size, 0, "x.inf", &inf));
    assert_null(inf);
}

static const char *field(const struct inf *inf, const char *section, const char *key, size_t index)
{
    return inf_field(inf_line(inf_section(inf, section), key), index);
}

/* ---- lines ---- */

static void keys_and_values_are_without_blanks_around(void **state)
{
    (void)state;
    AUTO_INF struct inf *inf = parse("[ One ]\n key\t=  a b ,c,, \" d \" \nplain, two\n", 0);
    assert_string_equal(field(inf, "one", "KEY", 0), "a b");
    assert_string_equal(field(inf, "one", "key", 1), "c");
    assert_string_equal(field(inf, "one", "key", 2), "");
    assert_string_equal(field(inf, "one", "key", 3), " d ");
    assert_string_equal(field(inf, "one", "key", 4), "");
    const struct inf_line *plain = &inf_section(inf, "one")->lines.ptr[1];
    assert_null(plain->key.text);
    assert_int_equal(plain->values.len, 2);
    assert_string_equal(inf_field(plain, 1), "two");
}

static void quotes_keep_what_is_special_elsewhere(void **state)
{
    (void)state;
    AUTO_INF struct inf *inf =
        parse("[s]\na=\"x;y, z=\\\"\nb=\"say \"\"so\"\"\"\n\"k=1\"=v=w\nc=\"no end ;", 0);
    assert_string_equal(field(inf, "s", "a", 0), "x;y, z=\\");
    assert_string_equal(field(inf, "s", "b", 0), "say \"so\"");
    assert_string_equal(field(inf, "s", "k=1", 0), "v=w");
    assert_string_equal(field(inf, "s", "c", 0), "no end ;");
}

static void comments_end_a_line_and_a_backslash_continues_it(void **state)
{
    (void)state;
    AUTO_INF struct inf *inf =
        parse("; first\r\n[s]\r\na=1 ;2\r\nb = x, \\ ; more\r\n  y,\\\r\n\r\nc="
              "C:\\dir\\x\r\n;d=1\r\ne=last\\",
              0);
    assert_string_equal(field(inf, "s", "a", 0), "1");
    assert_string_equal(field(inf, "s", "b", 0), "x");
    assert_string_equal(field(inf, "s", "b", 1), "y");
    assert_string_equal(field(inf, "s", "b", 2), "");
    assert_string_equal(field(inf, "s", "c", 0), "C:\\dir\\x");
    assert_null(inf_line(inf_section(inf, "s"), "d"));
    assert_string_equal(field(inf, "s", "e", 0), "last");
}

static void sections_of_one_name_are_one(void **state)
{
    (void)state;
    AUTO_INF struct inf *inf = parse("[a]\nx=1\n[b]\ny=2\n[A]\nz=3\n[]\nw=4\n", 0);
    assert_int_equal(inf_section(inf, "a")->lines.len, 2);
    assert_string_equal(field(inf, "a", "z", 0), "3");
    assert_string_equal(field(inf, "", "w", 0), "4");
    assert_null(inf_section(inf, "c"));
    assert_string_equal(inf_field(NULL, 0), "");
}

/* ---- strings ---- */

static void strings_are_those_of_the_language(void **state)
{
    (void)state;
    const char *text = "[s]\nk=%a%,%b%,%c%,%none%,100%%,%12%\\x,%A%-%a%\n%a%=1\n"
                       "[Strings]\na=plain\nb=\"two, both\"\nc=\"%a%\"\n"
                       "[Strings.0407]\na=deutsch\n[Strings.0807]\nb=schweizerisch\n";
    AUTO_INF struct inf *none = parse(text, 0), *german = parse(text, 0x0407),
                        *swiss = parse(text, 0x0807), *austrian = parse(text, 0x0c07);
    assert_string_equal(field(none, "s", "k", 0), "plain");
    assert_string_equal(field(none, "s", "k", 1), "two, both");
    assert_string_equal(field(none, "s", "k", 2), "%a%"); /* not looked into */
    assert_string_equal(field(none, "s", "k", 3), "%none%");
    assert_string_equal(field(none, "s", "k", 4), "100%");
    assert_string_equal(field(none, "s", "k", 5), "%12%\\x");
    assert_string_equal(field(none, "s", "k", 6), "plain-plain");
    assert_string_equal(field(none, "s", "plain", 0), "1");
    assert_string_equal(inf_line(inf_section(none, "s"), "k")->values.ptr[0].raw, "%a%");
    assert_string_equal(field(german, "s", "k", 0), "deutsch");
    assert_string_equal(field(german, "s", "k", 1), "schweizerisch"); /* of its kind */
    assert_string_equal(field(swiss, "s", "k", 1), "schweizerisch");
    assert_string_equal(field(austrian, "s", "k", 0), "deutsch");
}

/* ---- encodings ---- */

static void texts_come_in_utf16_utf8_and_a_code_page(void **state)
{
    (void)state;
    static const char16_t wide[] = u"\uFEFF[s]\r\nk=\u682A\u00E9\r\n";
    static const char marked[] = "\xEF\xBB\xBF[s]\nk=\xE6\xA0\xAA\xC3\xA9\n";
    static const char page[] = "[s]\nk=\xE9\x80\x93\x81\n\x1A";
    AUTO_INF struct inf *one = NULL, *two = NULL, *three = NULL;
    assert_hr(S_OK, inf_parse(wide, sizeof wide - 2, 0, "x", &one));
    assert_hr(S_OK, inf_parse(marked, sizeof marked - 1, 0, "x", &two));
    assert_hr(S_OK, inf_parse(page, sizeof page - 1, 0, "x", &three));
    assert_string_equal(field(one, "s", "k", 0), "\xE6\xA0\xAA\xC3\xA9");
    assert_string_equal(field(two, "s", "k", 0), "\xE6\xA0\xAA\xC3\xA9");
    assert_string_equal(field(three, "s", "k", 0), "\xC3\xA9\xE2\x82\xAC\xE2\x80\x9C\xC2\x81");
}

static void what_is_no_text_is_refused(void **state)
{
    (void)state;
    refuse("[s]\nk=\0x", 8);
    refuse("[s]\nk=\1x", 8);
    refuse("\xFF\xFE[\0s\0]\0\0\0", 10);
    refuse("\xEF\xBB\xBF[s]\nk=\xFF", 10);
    refuse("key=value\n", 10); /* before any section */
    refuse("[open\nkey=value\n", 16);
}

/* ---- limits ---- */

static void limits_are_kept(void **state)
{
    (void)state;
    struct text text = {0};
    text_add(&text, "[s]\nk=");
    for (size_t i = 0; i < 20000; i++)
        text_add(&text, "x");
    refuse(text.ptr, text.len);
    text_clear(&text);
    text_add(&text, "[s]\n");
    for (size_t i = 0; i < 400001; i++)
        text_add(&text, "a\n");
    refuse(text.ptr, text.len);
    text_clear(&text);
    for (size_t i = 0; i < 50001; i++)
        text_addf(&text, "[%zu]\n", i);
    refuse(text.ptr, text.len);
    text_clear(&text);
}

/* Few bytes that would become many. */
static void strings_cannot_fill_the_memory(void **state)
{
    (void)state;
    struct text text = {0};
    text_add(&text, "[Strings]\na=");
    for (size_t i = 0; i < 10000; i++)
        text_add(&text, "x");
    text_add(&text, "\n[s]\n");
    for (size_t i = 0; i < 10000; i++)
        text_add(&text, "%a%\n");
    refuse(text.ptr, text.len);
    text_clear(&text);
    text_add(&text, "[Strings]\na=0123456789\n[s]\nk=");
    for (size_t i = 0; i < 4000; i++)
        text_add(&text, "%a%");
    refuse(text.ptr, text.len);
    text_clear(&text);
}

/* ---- drivers ---- */

#define HEAD "[Version]\nSignature=$CHICAGO$\nClass=Net\nDriverVer=02/29/2024,1.2.70000.4\n"

static void read_driver(const char *text, const struct driver_target *target,
                        struct driver_inf *out)
{
    assert_hr(S_OK, driver_inf_parse(text, strlen(text), "x.inf", 0, target, out));
}

static void dates_and_versions_are_numbers(void **state)
{
    (void)state;
    AUTO_DRIVER_INF struct driver_inf d = {0}, none = {0};
    read_driver(HEAD "[Manufacturer]\n", NULL, &d);
    assert_true(d.date == 133536384000000000u); /* by date(1): 1709164800 s after 1970 */
    assert_true(d.version == ((uint64_t)1 << 48 | (uint64_t)2 << 32 | (uint64_t)4464 << 16 | 4));
    read_driver("[Version]\nSignature=\"$Windows NT$\"\nClassGuid={1}\nDriverVer=13/01/2024,x\n"
                "[Manufacturer]\n",
                NULL, &none);
    assert_true(none.date == 0 && none.version == 0);
}

static void the_decoration_that_fits_best_counts(void **state)
{
    (void)state;
    static const char text[] =
        HEAD "[Manufacturer]\nA=M,NTamd64,NTamd64.10.0,NTamd64.10.0...17763,NTamd64.11.0,NTarm64\n"
             "[M]\nd=I,ID\\86\n[M.NTamd64]\nd=I,ID\\64\n[M.NTamd64.10.0]\nd=I,ID\\10\n"
             "[M.NTamd64.10.0...17763]\nd=I,ID\\17763,ID\\17,ID\\1\n[M.NTamd64.11.0]\nd=I,ID\\11\n"
             "[M.NTarm64]\nd=I,ID\\arm\n";
    static const struct {
        struct driver_target target;
        const char *id;
    } cases[] = {{{9, 0x0006000300000000}, "ID\\64"},    {{9, 0x000A000028010001}, "ID\\10"},
                 {{9, 0x000A000045630001}, "ID\\17763"}, {{9, 0x000A0000FFFF0000}, "ID\\17763"},
                 {{9, 0x000B000000000000}, "ID\\11"},    {{12, 0x000A000045630001}, "ID\\arm"},
                 {{0, 0x000A000045630001}, "ID\\86"},    {{9, 0}, "ID\\11"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        AUTO_DRIVER_INF struct driver_inf d = {0};
        read_driver(text, &cases[i].target, &d);
        assert_int_equal(d.models.len, 1);
        assert_string_equal(d.models.ptr[0].hardware_id, cases[i].id);
        assert_hr(S_OK, driver_inf_fits(&d, &cases[i].target));
    }
    AUTO_DRIVER_INF struct driver_inf all = {0}, arm = {0};
    struct driver_target target = {5, 0};
    read_driver(text, NULL, &all);
    assert_int_equal(all.models.len, 6);
    read_driver(text, &target, &arm);
    assert_int_equal(arm.models.len, 0);
    assert_hr(S_FALSE, driver_inf_fits(&arm, &target));
}

static void what_is_no_driver_is_refused(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "", "[Version]\nClass=Net\n[Manufacturer]\n", "[Version]\nSignature=$CHICAGO$\n",
        "[Version]\nSignature=$CHICAGO$\nClass=Net\n[DefaultInstall]\n"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        struct driver_inf d = {0};
        assert_hr(HR_WIN32(ERROR_INVALID_DATA),
                  driver_inf_parse(texts[i], strlen(texts[i]), "x.inf", 0, NULL, &d));
    }
    AUTO_DRIVER_INF struct driver_inf primitive = {0};
    read_driver(HEAD "[DefaultInstall.NTamd64]\n", NULL, &primitive);
    assert_hr(S_OK, driver_inf_fits(&primitive, &(struct driver_target){9, 0}));
    assert_hr(S_FALSE, driver_inf_fits(&primitive, &(struct driver_target){12, 0}));
}

static void files_are_found_with_their_folders(void **state)
{
    (void)state;
    struct driver_target target = {9, 0};
    AUTO_DRIVER_INF struct driver_inf d = {0};
    AUTO_DRIVER_FILES struct driver_files files = {0};
    read_driver(HEAD
                "[Manufacturer]\nA=M,NTamd64\n[M.NTamd64]\nd=I,ID\\1\ne=I,ID\\2\n[I]\nCopyFiles="
                "L,@three.dll,L\n[L]\none.sys,real.sys\ntwo.sys\n[DestinationDirs]\n"
                "L=12,sub\\dir\n[SourceDisksNames]\n1=x,,,\\a\\.\\b\n[SourceDisksFiles]\n"
                "real.sys=1,c\n",
                &target, &d);
    assert_hr(S_OK, driver_files_of(&d, 9, &files));
    assert_int_equal(files.list.len, 3);
    assert_string_equal(files.list.ptr[0].source, "a/b/c/real.sys");
    assert_string_equal(files.list.ptr[0].destination, "System32/drivers/sub/dir/one.sys");
    assert_true(files.list.ptr[0].is_listed);
    assert_string_equal(files.list.ptr[1].source, "two.sys");
    assert_false(files.list.ptr[1].is_listed);
    assert_string_equal(files.list.ptr[2].source, "three.dll");
    assert_null(files.list.ptr[2].destination);
}

static void no_name_leads_out_of_a_folder(void **state)
{
    (void)state;
    static const char *const bodies[] = {
        "[I]\nCopyFiles=@..\n",
        "[I]\nCopyFiles=@a\\b\n",
        "[I]\nCopyFiles=@c:b\n",
        "[I]\nCopyFiles=@con\n",
        "[I]\nCopyFiles=L\n[L]\nx,../y\n",
        "[I]\nCopyFiles=@x\n[DestinationDirs]\nDefaultDestDir=10,..\n",
        "[I]\nCopyFiles=@x\n[SourceDisksFiles]\nx=1,a\\..\\b\n",
        ("[I]\nCopyFiles=@x\n[SourceDisksFiles]\nx=1\n"
         "[SourceDisksNames]\n1=a,,,c:\\x\n")};
    struct driver_target target = {9, 0};
    for (size_t i = 0; i < sizeof bodies / sizeof *bodies; i++) {
        AUTO_DRIVER_INF struct driver_inf d = {0};
        AUTO_DRIVER_FILES struct driver_files files = {0};
        AUTO_FREE char *text = mem_format(HEAD "[Manufacturer]\nA=M,NTamd64\n[M.NTamd64]\n"
                                               "d=I,ID\\1\n%s",
                                          bodies[i]);
        read_driver(text, &target, &d);
        assert_hr(HR_WIN32(ERROR_INVALID_DATA), driver_files_of(&d, 9, &files));
    }
}

static void places_of_services_are_below_windows_or_in_the_store(void **state)
{
    (void)state;
    static const struct {
        const char *binary, *place;
        bool is_in_store;
    } cases[] = {{"%12%\\x.sys", "System32/drivers/x.sys", false},
                 {"%10%\\a\\x.sys", "a/x.sys", false},
                 {"%13%\\x.sys", "x.sys", true},
                 {"%66000%\\x", NULL, false},
                 {"x.sys", NULL, false},
                 {"%12%", NULL, false}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        bool is_in_store;
        AUTO_FREE char *place = NULL;
        assert_hr(S_OK, driver_files_place(cases[i].binary, &is_in_store, &place));
        assert_true(cases[i].place ? text_equal(place, cases[i].place) : !place);
        assert_true(!place || is_in_store == cases[i].is_in_store);
    }
    bool is_in_store;
    char *place = NULL;
    assert_hr(HR_WIN32(ERROR_INVALID_DATA),
              driver_files_place("%12%\\..\\..\\x.sys", &is_in_store, &place));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keys_and_values_are_without_blanks_around),
        cmocka_unit_test(quotes_keep_what_is_special_elsewhere),
        cmocka_unit_test(comments_end_a_line_and_a_backslash_continues_it),
        cmocka_unit_test(sections_of_one_name_are_one),
        cmocka_unit_test(strings_are_those_of_the_language),
        cmocka_unit_test(texts_come_in_utf16_utf8_and_a_code_page),
        cmocka_unit_test(what_is_no_text_is_refused),
        cmocka_unit_test(limits_are_kept),
        cmocka_unit_test(strings_cannot_fill_the_memory),
        cmocka_unit_test(dates_and_versions_are_numbers),
        cmocka_unit_test(the_decoration_that_fits_best_counts),
        cmocka_unit_test(what_is_no_driver_is_refused),
        cmocka_unit_test(files_are_found_with_their_folders),
        cmocka_unit_test(no_name_leads_out_of_a_folder),
        cmocka_unit_test(places_of_services_are_below_windows_or_in_the_store),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
