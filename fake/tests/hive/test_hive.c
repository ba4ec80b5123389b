/* SPDX-License-Identifier: MIT */
/* test_hive.c - hive.h, by each of its implementations and from one to the other. What other
 * programs think of the files is asked by the Python tests beside it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "bytes.h"
#include "dism_codes.h"
#include "error.h"
#include "floor.h"
#include "hive.h"
#include "hive_backend.h"
#include "mem.h"
#include "os.h"
#include "regf.h"
#include "support_folder.h"

#define assert_hr(expected, expression)                                                            \
    do {                                                                                           \
        HRESULT hr_got = (expression);                                                             \
        if (hr_got != (HRESULT)(expected))                                                         \
            fail_msg("%s gave 0x%08X (%s), wanted 0x%08X", #expression, (unsigned)hr_got,          \
                     error_last()->text, (unsigned)(expected));                                    \
    } while (0)

#define CREATED 0x01D9000000000000u
#define CHANGED 0x01DA123456789ABCu
#define PACKAGES "Microsoft\\Windows\\CurrentVersion\\Component Based Servicing\\Packages"

static char *folder, *first, *second;

/* ---- a hive to begin with ---- */

static void make_hive(const char *path)
{
    static const char *const suites[] = {"Enterprise", "Terminal Server"};
    AUTO_REGF struct regf *regf = NULL;
    AUTO_FREE uint8_t *bytes = NULL;
    size_t size;
    assert_hr(S_OK, regf_new(&regf));
    regf_set_time(regf, CREATED);
    assert_hr(S_OK, regf_add_text(regf, PACKAGES "\\Package_b", "InstallName", "b.mum"));
    assert_hr(S_OK, regf_add_number(regf, PACKAGES "\\Package_b", "CurrentState", 112));
    assert_hr(S_OK, regf_add_text(regf, PACKAGES "\\Package_a", "InstallName", "a.mum"));
    assert_hr(S_OK, regf_add_text(regf, PACKAGES "\\Package_a\\Owners", "", "nobody"));
    assert_hr(S_OK, regf_add_key(regf, PACKAGES "\\Package_C"));
    assert_hr(S_OK, regf_add_texts(regf, "Setup", "Suites", suites, 2));
    assert_hr(S_OK, regf_add_text(regf, "Setup\\Gr\u00f6\u00dfe \u65e5\u672c", "L\u00e4nge",
                                  "\u00e4\u20ac"));
    assert_hr(S_OK, regf_write(regf, "SOFTWARE", CREATED, &bytes, &size));
    assert_hr(S_OK, os_write_file_atomic(path, bytes, size));
}

static struct hive *open_for_change(const char *path)
{
    struct hive *hive = NULL;
    assert_hr(S_OK, hive_open_for_change(path, &hive));
    hive_set_time(hive, CHANGED);
    return hive;
}

static struct hive *open_to_read(const char *path)
{
    struct hive *hive = NULL;
    assert_hr(S_OK, hive_open(path, &hive));
    return hive;
}

static hive_key find(const struct hive *hive, const char *path)
{
    return hive_find(hive, hive_root(hive), path);
}

static void expect_text(const struct hive *hive, const char *path, const char *name,
                        const char *expected)
{
    AUTO_FREE char *text = hive_text(hive, find(hive, path), name);
    if (!expected)
        assert_null(text);
    else
        assert_string_equal(text ? text : "(none)", expected);
}

struct listing {
    char names[400];
    const struct hive *hive;
};

static HRESULT note(void *context, hive_key child, const char *name)
{
    struct listing *l = context;
    AUTO_FREE char *own = hive_key_name(l->hive, child);
    assert_string_equal(own, name);
    snprintf(l->names + strlen(l->names), sizeof l->names - strlen(l->names), "%s|", name);
    return S_OK;
}

static void expect_keys(const struct hive *hive, const char *path, const char *expected)
{
    struct listing l = {.hive = hive};
    assert_hr(S_OK, hive_each_key(hive, find(hive, path), note, &l));
    assert_string_equal(l.names, expected);
}

static HRESULT note_value(void *context, const char *name, const struct hive_value *value)
{
    struct listing *l = context;
    snprintf(l->names + strlen(l->names), sizeof l->names - strlen(l->names), "%s:%u:%u|", name,
             (unsigned)value->type, (unsigned)value->size);
    return S_OK;
}

static void expect_values(const struct hive *hive, const char *path, const char *expected)
{
    struct listing l = {.hive = hive};
    assert_hr(S_OK, hive_each_value(hive, find(hive, path), note_value, &l));
    assert_string_equal(l.names, expected);
}

/* Saves, closes, opens again. */
static struct hive *reopened(struct hive *hive)
{
    assert_hr(S_OK, hive_save(hive, second));
    hive_close(hive);
    return open_to_read(second);
}

/* ---- reading ---- */

static void test_walk(void **state)
{
    AUTO_HIVE struct hive *hive = open_to_read(first);
    (void)state;
    expect_keys(hive, "", "Microsoft|Setup|");
    expect_keys(hive, "microsoft\\WINDOWS\\currentversion\\Component Based SERVICING\\packages",
                "Package_a|Package_b|Package_C|");
    assert_int_equal(hive_count_keys(hive, find(hive, PACKAGES)), 3);
    assert_int_equal(hive_count_keys(hive, find(hive, PACKAGES "\\Package_C")), 0);
    assert_int_equal(hive_count_keys(hive, 0), 0);
    expect_keys(hive, "Setup\\none", "");
    expect_values(hive, PACKAGES "\\package_B", "InstallName:1:12|CurrentState:4:4|");
    expect_values(hive, "Setup\\none", "");
    assert_true(find(hive, "") == hive_root(hive));
    assert_true(hive_find(hive, find(hive, "Microsoft"), "Windows") ==
                find(hive, "Microsoft\\Windows"));
    assert_true(find(hive, "Microsof") == 0);
    assert_true(find(hive, "Microsoft2") == 0);
    assert_true(hive_find(hive, 0, "Microsoft") == 0);
    assert_true(hive_key_time(hive, find(hive, PACKAGES)) == CREATED);
    assert_hr(S_OK, hive_trouble(hive));
}

static void test_values(void **state)
{
    AUTO_HIVE struct hive *hive = open_to_read(first);
    uint32_t number = 7, type;
    uint8_t *bytes;
    size_t size;
    struct hive_texts texts;
    (void)state;
    expect_text(hive, PACKAGES "\\Package_b", "installNAME", "b.mum");
    expect_text(hive, PACKAGES "\\Package_b", "CurrentState", "112");
    expect_text(hive, PACKAGES "\\Package_a\\Owners", "", "nobody");
    expect_text(hive, PACKAGES "\\Package_a\\Owners", "x", NULL);
    expect_text(hive, PACKAGES "\\none", "x", NULL);
    expect_text(hive, "Setup", "Suites", "Enterprise");
    expect_text(hive, "setup\\GR\u00d6\u00dfE \u65e5\u672c", "l\u00c4nge", "\u00e4\u20ac");
    assert_true(hive_number(hive, find(hive, PACKAGES "\\Package_b"), "currentstate", &number));
    assert_int_equal(number, 112);
    assert_false(hive_number(hive, find(hive, PACKAGES "\\Package_b"), "InstallName", &number));
    assert_false(hive_number(hive, find(hive, PACKAGES "\\Package_b"), "none", &number));
    assert_hr(S_OK, hive_get_texts(hive, find(hive, "Setup"), "suites", &texts));
    assert_int_equal(texts.list.len, 2);
    assert_string_equal(texts.list.ptr[1], "Terminal Server");
    hive_texts_clear(&texts);
    assert_hr(S_OK,
              hive_get_texts(hive, find(hive, PACKAGES "\\Package_b"), "installname", &texts));
    assert_int_equal(texts.list.len, 1);
    assert_string_equal(texts.list.ptr[0], "b.mum");
    hive_texts_clear(&texts);
    assert_hr(S_OK, hive_get_texts(hive, find(hive, "Setup"), "none", &texts));
    assert_int_equal(texts.list.len, 0);
    assert_hr(S_OK, hive_get(hive, find(hive, "Setup"), "SUITES", &type, &bytes, &size));
    assert_int_equal(type, HIVE_MULTI_SZ);
    assert_int_equal(size, 2 * (11 + 16 + 1));
    assert_memory_equal(bytes, "E\0n\0t\0", 6);
    mem_free(bytes);
    assert_hr(S_FALSE, hive_get(hive, find(hive, "Setup"), "x", &type, &bytes, &size));
    assert_hr(S_FALSE, hive_get(hive, 0, "x", &type, &bytes, &size));
}

static void test_of_bytes(void **state)
{
    AUTO_HIVE struct hive *hive = NULL;
    AUTO_FREE char *bytes = NULL;
    size_t size;
    (void)state;
    assert_hr(S_OK, os_read_file(first, &bytes, &size));
    assert_hr(S_OK, hive_open_bytes(bytes, size, "a hive", &hive));
    memset(bytes, 0, size); /* it has its own */
    expect_text(hive, PACKAGES "\\Package_b", "InstallName", "b.mum");
    assert_hr(E_UNEXPECTED, hive_set_number(hive, hive_root(hive), "x", 1));
    assert_hr(E_UNEXPECTED, hive_save(hive, second));
}

/* ---- no hives ---- */

static void expect_damaged(const char *bytes, size_t size)
{
    struct hive *hive = NULL;
    assert_hr(HR_WIN32(ERROR_BADDB), hive_open_bytes(bytes, size, "no hive", &hive));
    assert_hr(S_OK, os_write_file_atomic(second, bytes, size));
    assert_hr(HR_WIN32(ERROR_BADDB), hive_open(second, &hive));
    assert_hr(HR_WIN32(ERROR_BADDB), hive_open_for_change(second, &hive));
    assert_null(hive);
}

static void test_no_hives(void **state)
{
    AUTO_FREE char *bytes = NULL;
    struct hive *hive = NULL;
    size_t size;
    (void)state;
    AUTO_FREE char *none = mem_format("%s/none", folder);
    assert_hr(HR_WIN32(ERROR_FILE_NOT_FOUND), hive_open(none, &hive));
    assert_hr(HR_WIN32(ERROR_FILE_NOT_FOUND), hive_open_for_change(none, &hive));
    expect_damaged("", 0);
    expect_damaged("regf", 4);
    assert_hr(S_OK, os_read_file(first, &bytes, &size));
    for (size_t cut = 0; cut < size; cut += 512)
        expect_damaged(bytes, cut);
    bytes[0] ^= 1;
    expect_damaged(bytes, size);
    bytes[0] ^= 1;
    bytes[12] ^= 1; /* the checksum */
    expect_damaged(bytes, size);
    bytes[12] ^= 1;
    bytes[4096] ^= 1; /* "hbin" */
    expect_damaged(bytes, size);
    bytes[4096] ^= 1;
    bytes[4096 + 32] ^= 4; /* the size of the first cell */
    expect_damaged(bytes, size);
}

/* ---- changing ---- */

static void test_all_types(void **state)
{
    static const size_t sizes[] = {
        0,     1,     2,     3,     4,     5,     6,     8,     1000,           4064,
        16340, 16343, 16344, 16345, 16348, 16356, 20000, 32688, 2 * 16344 + 12, 100000,
        300001};
    enum { COUNT = sizeof sizes / sizeof *sizes };
    static uint8_t data[300001];
    hive_key key;
    (void)state;
    for (size_t i = 0; i < sizeof data; i++)
        data[i] = (uint8_t)(i * 31 + i / 251);
    struct hive *hive = open_for_change(first);
    assert_hr(S_OK, hive_make(hive, hive_root(hive), "types", &key));
    for (uint32_t type = 0; type < COUNT; type++) {
        AUTO_FREE char *name = mem_format("v%u", (unsigned)type);
        assert_hr(S_OK, hive_set(hive, key, name, type == COUNT - 1 ? 0xFFFF0007 : type,
                                 sizes[type] ? data : NULL, sizes[type]));
    }
    AUTO_HIVE struct hive *again = reopened(hive);
    for (uint32_t type = 0; type < COUNT; type++) {
        AUTO_FREE char *name = mem_format("V%u", (unsigned)type);
        AUTO_FREE uint8_t *bytes = NULL;
        size_t size;
        uint32_t got;
        assert_hr(S_OK, hive_get(again, find(again, "TYPES"), name, &got, &bytes, &size));
        assert_int_equal(got, type == COUNT - 1 ? 0xFFFF0007 : type);
        assert_int_equal(size, sizes[type]);
        assert_memory_equal(bytes, data, size);
    }
}

static void test_setting(void **state)
{
    static const char *const words[] = {"eins", "z\u00fc\U0001F600"};
    hive_key key, made;
    uint32_t number;
    struct hive_texts texts;
    (void)state;
    struct hive *hive = open_for_change(first);
    assert_hr(S_OK, hive_make(hive, hive_root(hive), PACKAGES "\\package_B", &key));
    assert_true(key == find(hive, PACKAGES "\\Package_b")); /* it was there */
    assert_hr(S_OK, hive_set_number(hive, key, "CURRENTSTATE", 64));
    assert_hr(S_OK, hive_set_text(hive, key, "InstallName", "\u00dcber \U0001F600"));
    assert_hr(S_OK, hive_set_texts(hive, key, "words", words, 2));
    assert_hr(S_OK, hive_set_texts(hive, key, "no words", NULL, 0));
    assert_hr(S_OK, hive_set_text(hive, key, "", ""));
    assert_hr(S_OK, hive_delete_value(hive, key, "words2"));
    assert_hr(S_OK, hive_make(hive, key, "Owners\\Ober\u00fc\\\u00ff", &made));
    assert_true(made == hive_find(hive, key, "owners\\OBER\u00dc\\\u0178"));
    assert_hr(S_OK, hive_set_number(hive, made, "\u00e9", 5));
    assert_hr(S_OK, hive_set_number(hive, made, "\u00c9", 6)); /* the same */
    assert_hr(S_OK, hive_set_number(hive, made, "gone", 7));
    assert_hr(S_OK, hive_delete_value(hive, made, "GONE"));
    expect_values(hive, PACKAGES "\\Package_b\\Owners\\OBER\u00fc\\\u00ff", "\u00e9:4:4|");
    expect_values(hive, PACKAGES "\\Package_b",
                  "InstallName:1:16|CurrentState:4:4|words:7:22|no words:7:2|:1:2|");
    AUTO_HIVE struct hive *again = reopened(hive);
    key = find(again, PACKAGES "\\Package_b");
    expect_values(again, PACKAGES "\\Package_b\\Owners\\OBER\u00fc\\\u00ff", "\u00e9:4:4|");
    expect_values(again, PACKAGES "\\Package_b",
                  "InstallName:1:16|CurrentState:4:4|words:7:22|no words:7:2|:1:2|");
    expect_text(again, PACKAGES "\\Package_b", "installname", "\u00dcber \U0001F600");
    assert_true(hive_number(again, key, "CurrentState", &number) && number == 64);
    assert_true(
        hive_number(again, hive_find(again, key, "Owners\\ober\u00dc\\\u0178"), "\u00c9", &number));
    assert_int_equal(number, 6);
    assert_hr(S_OK, hive_get_texts(again, key, "words", &texts));
    assert_int_equal(texts.list.len, 2);
    assert_string_equal(texts.list.ptr[1], words[1]);
    hive_texts_clear(&texts);
    /* What nobody changed is as it was. */
    expect_text(again, PACKAGES "\\Package_a", "InstallName", "a.mum");
    expect_text(again, "Setup\\Gr\u00f6\u00dfe \u65e5\u672c", "L\u00e4nge", "\u00e4\u20ac");
}

static void test_times(void **state)
{
    hive_key key;
    (void)state;
    struct hive *hive = open_for_change(first);
    assert_hr(S_OK, hive_make(hive, hive_root(hive), PACKAGES "\\Package_b\\new", &key));
    assert_hr(S_OK, hive_set_number(hive, find(hive, "Setup"), "x", 1));
    assert_hr(S_OK, hive_delete_key(hive, find(hive, PACKAGES "\\Package_a\\Owners")));
    assert_true(hive_key_time(hive, key) == CHANGED);
    AUTO_HIVE struct hive *again = reopened(hive);
    assert_true(hive_key_time(again, find(again, PACKAGES "\\Package_b\\new")) == CHANGED);
    assert_true(hive_key_time(again, find(again, PACKAGES "\\Package_b")) == CHANGED);
    assert_true(hive_key_time(again, find(again, PACKAGES "\\Package_a")) == CHANGED);
    assert_true(hive_key_time(again, find(again, "Setup")) == CHANGED);
    assert_true(hive_key_time(again, find(again, PACKAGES)) == CREATED);
    assert_true(hive_key_time(again, find(again, PACKAGES "\\Package_C")) == CREATED);
}

static HRESULT delete_b(void *context, hive_key child, const char *name)
{
    struct hive *hive = context;
    if (strcmp(name, "Package_b") == 0)
        return hive_delete_key(hive, child);
    return hive_set_number(hive, child, "seen", 1);
}

static void test_deleting(void **state)
{
    hive_key key;
    (void)state;
    struct hive *hive = open_for_change(first);
    assert_hr(E_INVALIDARG, hive_delete_key(hive, hive_root(hive)));
    assert_hr(S_OK, hive_each_key(hive, find(hive, PACKAGES), delete_b, hive));
    expect_keys(hive, PACKAGES, "Package_a|Package_C|");
    assert_hr(S_OK, hive_make(hive, find(hive, PACKAGES), "PACKAGE_B\\x", &key));
    expect_values(hive, PACKAGES "\\Package_b", "");
    assert_hr(S_OK, hive_delete_key(hive, find(hive, "Microsoft\\Windows\\CurrentVersion")));
    expect_keys(hive, "Microsoft\\Windows", "");
    assert_hr(S_OK, hive_make(hive, hive_root(hive), PACKAGES "\\one", &key));
    AUTO_HIVE struct hive *again = reopened(hive);
    expect_keys(again, "", "Microsoft|Setup|");
    expect_keys(again, PACKAGES, "one|");
}

/* Lists of lists: what is deleted out of the middle, and put in there. */
static void test_many_keys(void **state)
{
    enum { COUNT = 1700 };
    hive_key packages, key;
    (void)state;
    struct hive *hive = open_for_change(first);
    packages = find(hive, PACKAGES);
    for (unsigned i = 0; i < COUNT; i++) {
        char name[60];
        snprintf(name, sizeof name, "Package_%u~31bf3856ad364e35~amd64", i * 7919 % COUNT);
        assert_hr(S_OK, hive_make(hive, packages, name, &key));
        assert_hr(S_OK, hive_set_number(hive, key, "CurrentState", i * 7919 % COUNT));
    }
    AUTO_FREE char *third = mem_format("%s/third", folder);
    assert_hr(S_OK, hive_save(hive, third));
    hive_close(hive);
    hive = open_for_change(third);
    packages = find(hive, PACKAGES);
    assert_int_equal(hive_count_keys(hive, packages), COUNT + 3);
    for (unsigned i = 400; i < 1300; i++) {
        char name[60];
        snprintf(name, sizeof name, "PACKAGE_%u~31bf3856ad364e35~amd64", i);
        assert_hr(S_OK, hive_delete_key(hive, hive_find(hive, packages, name)));
    }
    for (unsigned i = 0; i < 20; i++) {
        char name[60];
        snprintf(name, sizeof name, "Package_%u", 400 + i * 40);
        assert_hr(S_OK, hive_make(hive, packages, name, &key));
    }
    AUTO_HIVE struct hive *again = reopened(hive);
    packages = find(again, PACKAGES);
    assert_int_equal(hive_count_keys(again, packages), COUNT + 3 - 900 + 20);
    for (unsigned i = 0; i < COUNT; i++) {
        char name[60];
        uint32_t number;
        snprintf(name, sizeof name, "package_%u~31BF3856ad364e35~amd64", i);
        key = hive_find(again, packages, name);
        assert_true(!key == (i >= 400 && i < 1300));
        assert_true(!key || (hive_number(again, key, "CurrentState", &number) && number == i));
    }
}

static void test_many_values(void **state)
{
    enum { COUNT = 3000 };
    (void)state;
    struct hive *hive = open_for_change(first);
    hive_key key = find(hive, "Setup");
    for (unsigned i = 0; i < COUNT; i++) {
        char name[30];
        snprintf(name, sizeof name, "Value %u", i);
        assert_hr(S_OK, hive_set_number(hive, key, name, i));
    }
    for (unsigned i = 0; i < COUNT; i += 3) {
        char name[30];
        snprintf(name, sizeof name, "VALUE %u", i);
        assert_hr(S_OK, hive_delete_value(hive, key, name));
    }
    AUTO_HIVE struct hive *again = reopened(hive);
    key = find(again, "Setup");
    for (unsigned i = 0; i < COUNT; i++) {
        char name[30];
        uint32_t number;
        snprintf(name, sizeof name, "vALUE %u", i);
        assert_true(hive_number(again, key, name, &number) == (i % 3 != 0));
        assert_true(i % 3 == 0 || number == i);
    }
}

static void test_limits(void **state)
{
    char name[20000];
    hive_key key, deep;
    (void)state;
    AUTO_HIVE struct hive *hive = open_for_change(first);
    memset(name, 'n', sizeof name);
    name[255] = 0;
    assert_hr(S_OK, hive_make(hive, hive_root(hive), name, &key));
    name[255] = 'n', name[256] = 0;
    assert_hr(E_INVALIDARG, hive_make(hive, hive_root(hive), name, &key));
    name[256] = 'n', name[16383] = 0;
    assert_hr(S_OK, hive_set_number(hive, key, name, 3));
    name[16383] = 'n', name[16384] = 0;
    assert_hr(E_INVALIDARG, hive_set_number(hive, key, name, 3));
    assert_hr(HR_WIN32(ERROR_NO_UNICODE_TRANSLATION), hive_set_number(hive, key, "\xff", 3));
    assert_hr(HR_WIN32(ERROR_NO_UNICODE_TRANSLATION),
              hive_make(hive, hive_root(hive), "a\\\xc3", &deep));
    deep = key;
    for (unsigned i = 2; i < 512; i++)
        assert_hr(S_OK, hive_make(hive, deep, "d", &deep));
    assert_hr(E_INVALIDARG, hive_make(hive, deep, "d", &deep));
    assert_hr(S_OK, hive_save(hive, second));
    AUTO_HIVE struct hive *again = open_to_read(second);
    name[255] = 0;
    AUTO_FREE char *path = mem_format("%s\\d\\d", name);
    assert_true(find(again, path) != 0);
}

/* ---- both ---- */

#ifdef DISMFAKE_HIVEX
static void test_two(void **state)
{
    (void)state;
    os_setenv("DISMFAKE_HIVE", NULL);
    AUTO_HIVE struct hive *one = open_to_read(first);
    os_setenv("DISMFAKE_HIVE", "memory");
    AUTO_HIVE struct hive *other = open_to_read(first);
    assert_true(one->backend != other->backend);
}

/* More than hivex takes, so our own opens it. */
static void test_beyond(void **state)
{
    static uint8_t data[1000001];
    (void)state;
    os_setenv("DISMFAKE_HIVE", NULL);
    struct hive *hive = open_for_change(first);
    assert_hr(E_INVALIDARG, hive_set(hive, hive_root(hive), "x", 3, data, sizeof data));
    hive_close(hive);
    os_setenv("DISMFAKE_HIVE", "memory");
    hive = open_for_change(first);
    const struct hive_backend *own = hive->backend;
    assert_hr(S_OK, hive_set(hive, hive_root(hive), "x", 3, data, sizeof data));
    assert_hr(S_OK, hive_save(hive, second));
    hive_close(hive);
    os_setenv("DISMFAKE_HIVE", NULL);
    AUTO_HIVE struct hive *read = open_to_read(second);
    assert_true(read->backend != own);
    AUTO_HIVE struct hive *change = open_for_change(second);
    assert_true(change->backend == own);
}
#endif

/* ---- failures ---- */

static HRESULT change_and_save(void)
{
    hive_key key;
    AUTO_HIVE struct hive *hive = NULL;
    TRY(hive_open_for_change(first, &hive));
    TRY(hive_make(hive, hive_root(hive), PACKAGES "\\Package_b\\new\u00e4", &key));
    TRY(hive_set_text(hive, key, "v", "text"));
    TRY(hive_set_number(hive, find(hive, PACKAGES "\\Package_a"), "CurrentState", 5));
    TRY(hive_delete_key(hive, find(hive, PACKAGES "\\Package_C")));
    TRY(hive_delete_value(hive, find(hive, PACKAGES "\\Package_b"), "InstallName"));
    return hive_save(hive, second);
}

static void expect_changed(void)
{
    AUTO_HIVE struct hive *hive = open_to_read(second);
    expect_keys(hive, PACKAGES, "Package_a|Package_b|");
    expect_text(hive, PACKAGES "\\Package_b\\new\u00e4", "v", "text");
    expect_text(hive, PACKAGES "\\Package_a", "CurrentState", "5");
    expect_text(hive, PACKAGES "\\Package_b", "InstallName", NULL);
    expect_text(hive, PACKAGES "\\Package_b", "CurrentState", "112");
}

static void sweep(bool of_changes, bool goes_on)
{
    for (uint64_t n = 1;; n++) {
        struct floor floor = {.goes_on = goes_on};
        *(of_changes ? &floor.change_at : &floor.alloc_at) = n;
        (void)os_remove_file(second);
        struct floor *was = floor_use(&floor);
        HRESULT hr = change_and_save();
        (void)floor_use(was);
        if (!(of_changes ? floor.change_failed : floor.alloc_failed)) {
            assert_hr(S_OK, hr);
            expect_changed();
            assert_true(n > 2);
            return;
        }
        if (SUCCEEDED(hr) || (!of_changes && hr != E_OUTOFMEMORY))
            fail_msg("number %u failed, and it gave 0x%08X", (unsigned)n, (unsigned)hr);
    }
}

static void test_failures(void **state)
{
    (void)state;
    sweep(false, false);
    sweep(false, true);
    sweep(true, false);
    sweep(true, true);
}

static HRESULT read_all(bool *is_whole)
{
    AUTO_HIVE struct hive *hive = NULL;
    struct hive_texts texts = {0};
    uint32_t number;
    TRY(hive_open(first, &hive));
    hive_key key = find(hive, PACKAGES "\\Package_b");
    AUTO_FREE char *text = hive_text(hive, key, "InstallName");
    AUTO_FREE char *name = hive_key_name(hive, key ? key : hive_root(hive));
    const bool has_number = hive_number(hive, key, "CurrentState", &number);
    HRESULT hr = hive_get_texts(hive, find(hive, "Setup"), "Suites", &texts);
    *is_whole = key && text && name && has_number && texts.list.len == 2;
    hive_texts_clear(&texts);
    TRY(hr);
    return hive_trouble(hive);
}

/* "None" for want of memory is told from "none". */
static void test_trouble(void **state)
{
    (void)state;
    for (uint64_t n = 1;; n++) {
        struct floor floor = {.alloc_at = n};
        bool is_whole = false;
        struct floor *was = floor_use(&floor);
        HRESULT hr = read_all(&is_whole);
        (void)floor_use(was);
        if (!floor.alloc_failed) {
            assert_hr(S_OK, hr);
            assert_true(is_whole);
            return;
        }
        assert_true(is_whole || hr == E_OUTOFMEMORY);
    }
}

static void remove_folder(void)
{
    (void)os_remove_tree(folder, true);
    mem_free(first);
    mem_free(second);
    mem_free(folder);
}

static int use_memory(void **state)
{
    (void)state;
    os_setenv("DISMFAKE_HIVE", "memory");
    return 0;
}

static int use_default(void **state)
{
    (void)state;
    os_setenv("DISMFAKE_HIVE", NULL);
    return 0;
}

#define EVERY_TEST(X)                                                                              \
    X(test_walk)                                                                                   \
    X(test_values)                                                                                 \
    X(test_of_bytes)                                                                               \
    X(test_no_hives)                                                                               \
    X(test_all_types)                                                                              \
    X(test_setting)                                                                                \
    X(test_times)                                                                                  \
    X(test_deleting)                                                                               \
    X(test_many_keys)                                                                              \
    X(test_many_values)                                                                            \
    X(test_limits)                                                                                 \
    X(test_failures)                                                                               \
    X(test_trouble)

int main(void)
{
    int failed = 0;
    if (FAILED(support_make_folder("dismfake-hive", &folder)))
        abort();
    atexit(remove_folder);
    first = mem_format("%s/first", folder);
    second = mem_format("%s/second", folder);
    make_hive(first);
#define TEST(function) cmocka_unit_test(function),
    const struct CMUnitTest tests[] = {EVERY_TEST(TEST)};
    failed += cmocka_run_group_tests_name("memory", tests, use_memory, NULL);
#ifdef DISMFAKE_HIVEX
    const struct CMUnitTest both[] = {TEST(test_two) TEST(test_beyond)};
    failed += cmocka_run_group_tests_name("hivex", tests, use_default, NULL);
    failed += cmocka_run_group_tests_name("both", both, NULL, NULL);
#else
    (void)use_default;
#endif
    return failed ? 1 : 0;
}
