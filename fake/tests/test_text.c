/* SPDX-License-Identifier: MIT */
/* test_text.c - conversion between UTF-8 and UTF-16, letter case, the builder. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "scope.h"
#include "text.h"

static void assert_to_utf8(const char16_t *units, size_t n, const char *wanted)
{
    AUTO_FREE char *text = NULL;
    assert_int_equal(text_from_utf16_n(units, n, &text), S_OK);
    assert_string_equal(text, wanted);
    AUTO_FREE char16_t *back = NULL;
    assert_int_equal(text_to_utf16(text, &back), S_OK);
    assert_int_equal(text_utf16_len(back), n);
    assert_memory_equal(back, units, n * sizeof *units);
}

static void every_kind_of_character_survives_the_round_trip(void **state)
{
    (void)state;
    assert_to_utf8(u"", 0, "");
    assert_to_utf8(u"a\u00E9\u20AC", 3, "a\xC3\xA9\xE2\x82\xAC");
    assert_to_utf8(u"\U0001F600", 2, "\xF0\x9F\x98\x80");
    assert_to_utf8((const char16_t[]){0xDBFF, 0xDFFF}, 2, "\xF4\x8F\xBF\xBF");
    assert_to_utf8((const char16_t[]){0xFFFE, 0xFFFF}, 2, "\xEF\xBF\xBE\xEF\xBF\xBF");
}

static void lone_surrogates_survive_the_round_trip(void **state)
{
    (void)state;
    assert_to_utf8((const char16_t[]){'a', 0xD800, 'b'}, 3,
                   "a\xED\xA0\x80"
                   "b");
    assert_to_utf8((const char16_t[]){0xDC00}, 1, "\xED\xB0\x80");
    assert_to_utf8((const char16_t[]){0xDC00, 0xD800}, 2, "\xED\xB0\x80\xED\xA0\x80");
    assert_to_utf8((const char16_t[]){0xD800, 0xD83D, 0xDE00}, 3, "\xED\xA0\x80\xF0\x9F\x98\x80");
}

static void every_single_unit_survives_the_round_trip(void **state)
{
    (void)state;
    for (uint32_t unit = 1; unit <= 0xFFFF; unit++) {
        char16_t units[2] = {(char16_t)unit, 0};
        AUTO_FREE char *text = NULL;
        AUTO_FREE char16_t *back = NULL;
        assert_int_equal(text_from_utf16(units, &text), S_OK);
        assert_int_equal(text_to_utf16(text, &back), S_OK);
        assert_int_equal(back[0], unit);
        assert_int_equal(back[1], 0);
    }
}

static void a_surrogate_pair_written_as_two_sequences_is_taken(void **state)
{
    (void)state;
    AUTO_FREE char16_t *units = NULL;
    assert_int_equal(text_to_utf16("\xED\xA0\xBD\xED\xB8\x80", &units), S_OK);
    assert_int_equal(text_utf16_len(units), 2);
    assert_int_equal(units[0], 0xD83D);
    assert_int_equal(units[1], 0xDE00);
}

static void malformed_bytes_are_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "\x80",         "\xC0\x80",         "\xC1\xBF",         "\xC3",
        "\xC3(",        "\xE0\x80\x80",     "\xE2\x82",         "\xF0\x80\x80\x80",
        "\xF0\x9F\x98", "\xF4\x90\x80\x80", "\xF5\x80\x80\x80", "\xFF",
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        char16_t *units = NULL;
        assert_int_equal(text_to_utf16(bad[i], &units), HR_WIN32(1113));
        assert_null(units);
        assert_false(text_is_utf8(bad[i], strlen(bad[i])));
    }
    assert_false(text_is_utf8("\xED\xA0\x80", 3));
    assert_true(text_is_utf8("\xED\x9F\xBF\xEE\x80\x80", 6));
    assert_true(text_is_utf8("a\0b", 3));
}

static void null_stays_null(void **state)
{
    (void)state;
    char *text = (char *)1;
    char16_t *units = (char16_t *)1;
    assert_int_equal(text_from_utf16(NULL, &text), S_OK);
    assert_null(text);
    assert_int_equal(text_to_utf16(NULL, &units), S_OK);
    assert_null(units);
    assert_int_equal(text_utf16_len(NULL), 0);
}

static void names_compare_without_letter_case(void **state)
{
    (void)state;
    static const char *const same[][2] = {
        {"", ""},
        {"Foo", "fOO"},
        {"\xC3\xA9t\xC3\xA9", "\xC3\x89T\xC3\x89"},               /* e acute */
        {"\xC3\xBF", "\xC5\xB8"},                                 /* y diaeresis: two blocks */
        {"\xC5\x82\xC3\xB3\xC5\xBC", "\xC5\x81\xC3\x93\xC5\xBB"}, /* Latin Extended-A */
        {"\xCF\x80\xCE\xAC\xCF\x8E", "\xCE\xA0\xCE\x86\xCE\x8F"}, /* Greek with accents */
        {"\xD0\xB6\xD1\x91\xD2\x91", "\xD0\x96\xD0\x81\xD2\x90"}, /* Cyrillic */
    };
    for (size_t i = 0; i < sizeof same / sizeof same[0]; i++) {
        assert_int_equal(text_compare_nocase(same[i][0], same[i][1]), 0);
        assert_true(text_equal_nocase(same[i][1], same[i][0]));
    }
    assert_false(text_equal_nocase("\xC3\x97", "\xC3\xB7")); /* multiplied, divided by */
    assert_false(text_equal_nocase("\xC4\xB1", "I"));        /* dotless i */
    assert_false(text_equal_nocase("a", "a "));
    assert_false(text_equal_nocase("\x80", "\x81"));
    assert_false(text_equal_nocase(NULL, ""));
    assert_true(text_equal_nocase(NULL, NULL));
    assert_true(text_compare_nocase("a", "B") < 0);
    assert_true(text_compare_nocase("b", "A") > 0);
    assert_true(text_compare_nocase("ab", "ABC") < 0);
    /* Upper case decides: _ is between the two alphabets of ASCII. */
    assert_true(text_compare_nocase("a", "_") < 0);
}

static void prefixes_and_suffixes_are_found(void **state)
{
    (void)state;
    assert_true(text_starts("install.wim", "inst"));
    assert_false(text_starts("in", "inst"));
    assert_true(text_ends("install.wim", ".wim"));
    assert_false(text_ends("install.WIM", ".wim"));
    assert_true(text_ends_nocase("install.WIM", ".wim"));
    assert_true(text_ends_nocase("x\xC5\xB8", "\xC3\xBF"));
    assert_true(text_ends_nocase("a", ""));
    assert_false(text_ends_nocase("im", ".wim"));
    assert_true(text_equal(NULL, NULL));
    assert_false(text_equal("a", NULL));
    assert_false(text_equal("a", "A"));
}

static void numbers_are_read_whole_or_not_at_all(void **state)
{
    (void)state;
    unsigned long long n = 0;
    assert_true(text_to_u64("18446744073709551615", &n) && n == UINT64_MAX);
    assert_true(text_to_u64("0xC1420117", &n) && n == 0xC1420117);
    assert_true(text_to_u64("007", &n) && n == 7);
    static const char *const bad[] = {
        "", "18446744073709551616", "-1", "+1", " 1", "1 ", "1.0", "0x", "0xG", "ten"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        n = 42;
        assert_false(text_to_u64(bad[i], &n));
        assert_int_equal(n, 42);
    }
    assert_false(text_to_u64(NULL, &n));
}

static void a_builder_collects_text(void **state)
{
    (void)state;
    struct text t = {0};
    AUTO_FREE char *empty = text_take(&t);
    assert_string_equal(empty, "");
    for (int i = 0; i < 1000; i++)
        text_addf(&t, "%d,", i % 10);
    text_add_n(&t, "endless", 3);
    AUTO_FREE char *taken = text_take(&t);
    assert_int_equal(strlen(taken), 2003);
    assert_string_equal(taken + 1996, "8,9,end");
    assert_null(t.ptr);
    t.failed = true;
    text_add(&t, "lost");
    assert_null(text_take(&t));
    assert_false(t.failed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_kind_of_character_survives_the_round_trip),
        cmocka_unit_test(lone_surrogates_survive_the_round_trip),
        cmocka_unit_test(every_single_unit_survives_the_round_trip),
        cmocka_unit_test(a_surrogate_pair_written_as_two_sequences_is_taken),
        cmocka_unit_test(malformed_bytes_are_refused),
        cmocka_unit_test(null_stays_null),
        cmocka_unit_test(names_compare_without_letter_case),
        cmocka_unit_test(prefixes_and_suffixes_are_found),
        cmocka_unit_test(numbers_are_read_whole_or_not_at_all),
        cmocka_unit_test(a_builder_collects_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
