/* SPDX-License-Identifier: MIT */
/* test_match.c - matchers and the regular expressions of $regex. */
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
#include "match.h"
#include "os.h"
#include "regex.h"
#include "support_folder.h"
#include "text.h"

static struct json *parse(const char *text)
{
    struct json *v = NULL;
    HRESULT hr = json_parse(text, strlen(text), &v);
    if (FAILED(hr))
        fail_msg("%s: %s", text, error_last()->text);
    return v;
}

static struct json *resolve(void *user, const struct json *value)
{
    (void)user;
    if (text_equal(json_string(json_get(value, "$const")), "TWO"))
        return json_new_number(2);
    if (text_equal(json_string(json_get(value, "$ref")), "dir.path"))
        return json_new_string("C:\\Mount");
    return NULL;
}

static bool flag(void *user, const char *name, uint32_t *bits)
{
    (void)user;
    *bits = text_equal(name, "ONE") ? 1 : text_equal(name, "HIGH") ? 0x80000000u : 0;
    return *bits != 0;
}

static const struct match_context context = {NULL, resolve, flag};

struct row {
    const char *matcher;
    const char *actual; /* NULL: absent */
    const char *why;    /* NULL: matches */
};

static void assert_rows(const struct row *rows, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        AUTO_JSON struct json *matcher = parse(rows[i].matcher);
        AUTO_JSON struct json *actual = rows[i].actual ? parse(rows[i].actual) : NULL;
        AUTO_FREE char *why = NULL;
        HRESULT hr = match_json(matcher, actual, &context, &why);
        if (FAILED(hr))
            fail_msg("%s: %s", rows[i].matcher, error_last()->text);
        if (!why != !rows[i].why || (why && strcmp(why, rows[i].why) != 0))
            fail_msg("%s on %s: %s, not %s", rows[i].matcher,
                     rows[i].actual ? rows[i].actual : "nothing", why ? why : "matches",
                     rows[i].why ? rows[i].why : "matches");
        assert_int_equal(hr, rows[i].why ? S_FALSE : S_OK);
        assert_int_equal(match_json(matcher, actual, &context, NULL), hr);
    }
}
#define ASSERT_ROWS(rows) assert_rows(rows, sizeof(rows) / sizeof(rows)[0])

static void literals_objects_and_arrays_match(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"1", "1.0", NULL},
        {"2", "1", "wanted 2, got 1"},
        {"null", "null", NULL},
        {"null", NULL, "wanted null, got nothing"},
        {"\"a\"", "\"A\"", "wanted \"a\", got \"A\""},
        {"true", "1", "wanted true, got 1"},
        {"{}", "{\"a\":1}", NULL},
        {"{}", "[]", "wanted an object, got []"},
        {"{}", NULL, "wanted an object, got nothing"},
        {"{\"a\":{\"b\":1}}", "{\"x\":0,\"a\":{\"b\":1,\"c\":2}}", NULL},
        {"{\"a\":{\"b\":1}}", "{\"a\":{\"b\":2}}", "/a/b: wanted 1, got 2"},
        {"{\"a\":{\"b\":1}}", "{\"a\":{}}", "/a/b: wanted 1, got nothing"},
        {"[1,{\"a\":2}]", "[1,{\"a\":2,\"b\":3}]", NULL},
        {"[{\"i\":1},{\"i\":2}]", "[{\"i\":1},{\"i\":1}]", "/1/i: wanted 2, got 1"},
        {"{\"l\":[1,2]}", "{\"l\":[1]}", "/l: wanted 2 elements (not 1), got [1]"},
        {"[1,2]", "[2,1]", "/0: wanted 1, got 2"},
        {"{\"a/b\":1}", "{\"a/b\":2}", "/a~1b: wanted 1, got 2"},
    };
    ASSERT_ROWS(rows);
}

static void presence_and_logic_match(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"{\"$any\":true}", "null", NULL},
        {"{\"$any\":true}", NULL, "wanted any value, got nothing"},
        {"{\"a\":{\"$present\":true}}", "{\"a\":null}", NULL},
        {"{\"a\":{\"$present\":true}}", "{}", "/a: wanted any value, got nothing"},
        {"{\"a\":{\"$present\":false}}", "{}", NULL},
        {"{\"a\":{\"$present\":false}}", "{\"a\":1}", "/a: wanted nothing, got 1"},
        {"{\"$exact\":{\"a\":{\"b\":1}}}", "{\"a\":{\"b\":1,\"c\":2}}", NULL},
        {"{\"$exact\":{\"a\":1}}", "{\"a\":1,\"b\":2}", "/b: wanted nothing, got 2"},
        {"{\"$exact\":{\"a\":1}}", "{}", "/a: wanted 1, got nothing"},
        {"{\"$exact\":{\"a\":{\"$present\":false}}}", "{}", NULL},
        {"{\"$anyOf\":[1,{\"$gt\":5}]}", "6", NULL},
        {"{\"$anyOf\":[1,{\"$gt\":5}]}", "3", "wanted any of [1,{\"$gt\":5}], got 3"},
        {"{\"a\":{\"$anyOf\":[1,{\"$present\":false}]}}", "{}", NULL},
        {"{\"$allOf\":[{\"$gt\":1},{\"$lt\":5}]}", "3", NULL},
        {"{\"$allOf\":[{\"$gt\":1},{\"$lt\":5}]}", "5", "wanted a number less than 5, got 5"},
        {"{\"$not\":3}", "4", NULL},
        {"{\"$not\":3}", "3", "wanted anything but 3, got 3"},
        {"{\"$not\":3}", NULL, NULL},
        {"{\"$not\":{\"$contains\":{\"a\":1}}}", "[{\"a\":2}]", NULL},
    };
    ASSERT_ROWS(rows);
}

static void numbers_and_flags_match(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"{\"$lt\":2}", "1", NULL},
        {"{\"$lt\":2}", "2", "wanted a number less than 2, got 2"},
        {"{\"$lte\":2}", "2", NULL},
        {"{\"$lte\":2}", "2.5", "wanted a number of at most 2, got 2.5"},
        {"{\"$gt\":2}", "3", NULL},
        {"{\"$gt\":2}", "\"3\"", "wanted a number greater than 2, got \"3\""},
        {"{\"$gte\":2}", "2", NULL},
        {"{\"$gte\":0}", NULL, "wanted a number of at least 0, got nothing"},
        {"{\"$flagsAll\":[\"ONE\",\"HIGH\"]}", "2147483651", NULL},
        {"{\"$flagsAll\":[\"ONE\",\"HIGH\"]}", "1",
         "wanted all flags of [\"ONE\",\"HIGH\"], got 1"},
        {"{\"$flagsNone\":[\"ONE\"]}", "6", NULL},
        {"{\"$flagsNone\":[\"ONE\"]}", "7", "wanted none of the flags [\"ONE\"], got 7"},
        {"{\"$flagsNone\":[\"ONE\"]}", "\"\"", "wanted none of the flags [\"ONE\"], got \"\""},
        {"{\"$const\":\"TWO\"}", "2", NULL},
        {"{\"$const\":\"TWO\"}", "3", "wanted 2, got 3"},
        {"{\"$ref\":\"dir.path\"}", "\"C:\\\\Mount\"", NULL},
        {"{\"$ref\":\"dir.path\"}", "\"c:\\\\mount\"",
         "wanted \"C:\\\\Mount\", got \"c:\\\\mount\""},
    };
    ASSERT_ROWS(rows);
}

static void arrays_and_lengths_match(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"{\"$contains\":{\"a\":1}}", "[{\"a\":2},{\"a\":1,\"b\":1}]", NULL},
        {"{\"$contains\":{\"a\":1}}", "[{\"a\":2}]", "/0/a: wanted 1, got 2"},
        {"{\"$contains\":1}", "[]", "wanted an array that contains 1, got []"},
        {"{\"$contains\":1}", "\"1\"", "wanted an array, got \"1\""},
        {"{\"$unordered\":[1,2,3]}", "[3,1,2]", NULL},
        {"{\"$unordered\":[]}", "[]", NULL},
        {"{\"$unordered\":[1,2]}", "[1,2,2]", "wanted 2 elements (not 3), got [1,2,2]"},
        {"{\"$unordered\":[1,1]}", "[1,2]", "wanted in any order also 1, got [1,2]"},
        /* A greedy pairing would give 1 to the first matcher. */
        {"{\"$unordered\":[{\"$gt\":0},{\"$lt\":2}]}", "[1,5]", NULL},
        {"{\"$unordered\":[{\"$any\":true},{\"$any\":true},1]}", "[1,2,3]", NULL},
        {"{\"$each\":{\"$gt\":0}}", "[1,2]", NULL},
        {"{\"$each\":{\"$gt\":0}}", "[]", NULL},
        {"{\"$each\":{\"$gt\":0}}", "[1,0]", "/1: wanted a number greater than 0, got 0"},
        {"{\"$length\":2}", "[1,2]", NULL},
        {"{\"$length\":2}", "\"\xF0\x9F\x98\x80\"", NULL},
        {"{\"$length\":1}", "\"\\ud800\"", NULL},
        {"{\"$length\":{\"$gte\":1}}", "\"\"", "wanted a length of {\"$gte\":1}, got 0"},
        {"{\"$length\":0}", "{}", "wanted an array or a string, got {}"},
    };
    ASSERT_ROWS(rows);
}

static void texts_and_paths_match(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"{\"$regex\":\"^a+$\"}", "\"aaa\"", NULL},
        {"{\"$regex\":\"^a+$\"}", "\"ab\"", "wanted a string that matches \"^a+$\", got \"ab\""},
        {"{\"$regex\":\"1\"}", "1", "wanted a string that matches \"1\", got 1"},
        {"{\"$sameText\":\"\xC3\xA9X\"}", "\"\xC3\x89x\"", NULL},
        {"{\"$sameText\":\"a\"}", "\"b\"", "wanted in any letter case \"a\", got \"b\""},
        {"{\"$samePath\":\"C:\\\\Mount\\\\\"}", "\"\\\\\\\\?\\\\c:/mount\"", NULL},
        {"{\"$samePath\":\"/tmp/./none//x\"}", "\"/tmp/none/X/\"", NULL},
        {"{\"$samePath\":\"/tmp/none\"}", "\"/tmp/none2\"",
         "wanted the path \"/tmp/none\", got \"/tmp/none2\""},
        {"{\"$samePath\":{\"$ref\":\"dir.path\"}}", "\"c:/MOUNT\"", NULL},
        {"{\"$samePath\":\"/tmp\"}", "null", "wanted the path \"/tmp\", got null"},
        {"{\"$samePath\":\"/tmp\"}", "\"\"", "wanted the path \"/tmp\", got \"\""},
    };
    ASSERT_ROWS(rows);
}

static void paths_that_lead_to_one_folder_are_the_same(void **state)
{
    (void)state;
    AUTO_FREE char *folder = NULL;
    assert_int_equal(support_make_folder("dismfake-match", &folder), S_OK);
    if (!support_has_links(folder))
        skip();
    AUTO_FREE char *link = mem_format("%s/link", folder), *place = mem_format("%s/place", folder),
                   *elsewhere = mem_format("%s/elsewhere", folder);
    assert_int_equal(os_make_directory(place), S_OK);
    assert_int_equal(os_make_directory(elsewhere), S_OK);
    assert_int_equal(os_make_link(place, link), S_OK);
    AUTO_JSON struct json *matcher = json_new_object();
    assert_true(json_set_string(matcher, "$samePath", link));
    AUTO_JSON struct json *same = json_new_string(place);
    AUTO_JSON struct json *other = json_new_string(elsewhere);
    assert_int_equal(match_json(matcher, same, &context, NULL), S_OK);
    assert_int_equal(match_json(matcher, other, &context, NULL), S_FALSE);
    assert_int_equal(os_remove_tree(folder, true), S_OK);
}

static void long_values_are_cut_in_reasons(void **state)
{
    (void)state;
    struct text t = {0};
    for (int i = 0; i < 200; i++)
        text_add(&t, "\xC3\xA9");
    AUTO_FREE char *text = text_take(&t);
    AUTO_JSON struct json *matcher = json_new_number(1);
    AUTO_JSON struct json *actual = json_new_string(text);
    AUTO_FREE char *why = NULL;
    assert_int_equal(match_json(matcher, actual, NULL, &why), S_FALSE);
    assert_true(text_ends(why, "\xC3\xA9..."));
    assert_true(strlen(why) < 230);
}

static void malformed_matchers_are_refused_with_their_place(void **state)
{
    (void)state;
    static const char *const rows[][2] = {
        {"{\"a\":{\"$lt\":1,\"b\":2}}", "operator '$lt' beside other keys at /m/a"},
        {"{\"b\":2,\"$lt\":1}", "operator '$lt' beside other keys at /m"},
        {"{\"$lt\":1,\"$gt\":0}", "operator '$lt' beside other keys at /m"},
        {"{\"a\":[{\"$less\":1}]}", "unknown operator '$less' at /m/a/0"},
        {"{\"$any\":false}", "expected true at /m/$any, got true or false"},
        {"{\"$present\":1}", "expected true or false at /m/$present, got a number"},
        {"{\"$lt\":\"1\"}", "expected a number at /m/$lt, got a string"},
        {"{\"$anyOf\":[1]}",
         "expected an array of two or more matchers at /m/$anyOf, got an array"},
        {"{\"$not\":{\"$x\":1}}", "unknown operator '$x' at /m/$not"},
        {"{\"$exact\":[]}", "expected an object at /m/$exact, got an array"},
        {"{\"$exact\":{\"$lt\":{\"$x\":1}}}", "unknown operator '$x' at /m/$exact/$lt"},
        {"{\"$unordered\":{}}", "expected an array at /m/$unordered, got an object"},
        {"{\"$length\":-1}", "expected a whole number or an operator at /m/$length, got a number"},
        {"{\"$length\":{\"a\":1}}",
         "expected a whole number or an operator at /m/$length, got an object"},
        {"{\"$flagsAll\":[]}", "expected an array of flag names at /m/$flagsAll, got an array"},
        {"{\"$flagsAll\":[\"NO\"]}", "unknown flag 'NO' at /m/$flagsAll"},
        {"{\"$ref\":1}", "expected a string at /m/$ref, got a number"},
        {"{\"$samePath\":1}", "expected a path at /m/$samePath, got a number"},
        {"{\"$sameText\":null}", "expected a string at /m/$sameText, got null"},
        {"{\"$regex\":\"a**\"}",
         "regular expression 'a**', byte 2: a repeat of a repeat at /m/$regex"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        AUTO_JSON struct json *matcher = parse(rows[i][0]);
        assert_int_equal(match_check(matcher, "/m", &context), E_INVALIDARG);
        assert_string_equal(error_last()->text, rows[i][1]);
        AUTO_JSON struct json *actual = json_new_null();
        assert_int_equal(match_json(matcher, actual, &context, NULL), E_INVALIDARG);
    }
    AUTO_JSON struct json *reference = parse("{\"$ref\":\"s\"}");
    assert_int_equal(match_check(reference, "", NULL), E_INVALIDARG);
    assert_int_equal(match_check(reference, "", &context), S_OK);
    assert_int_equal(match_check(NULL, "", &context), E_INVALIDARG);
    AUTO_JSON struct json *actual = json_new_number(1);
    assert_int_equal(match_json(reference, actual, &context, NULL), E_INVALIDARG);
    assert_string_equal(error_last()->text, "there is no value for {\"$ref\":\"s\"}");
}

static void regular_expressions_match(void **state)
{
    (void)state;
    static const struct {
        const char *pattern, *text;
        bool matched;
    } rows[] = {
        {"", "", true},
        {"", "x", true},
        {"b", "abc", true},
        {"^b", "abc", false},
        {"c$", "abc", true},
        {"^abc$", "abcd", false},
        {"^a.c$",
         "a\xE2\x82\xAC"
         "c",
         true},
        {"^.$", "\xF0\x9F\x98\x80", true},
        {"^.$", "", false},
        {"^a*b?c+$", "cc", true},
        {"^a*b?c+$", "aabbc", false},
        {"^(ab|cd)*$", "abcdab", true},
        {"^(ab|cd)*$", "abc", false},
        {"^(a|)b$", "b", true},
        {"a|b|c", "xxc", true},
        {"^(a|b|c)$", "d", false},
        {"^a|b$", "xb", true},
        {"^[a-c_]+$", "abc_", true},
        {"^[^a-c]$", "b", false},
        {"^[^a-c]$", "\xC3\xA9", true},
        {"^[\xC3\xA0-\xC3\xBF]$", "\xC3\xA9", true},
        {"^[a-]$", "-", true},
        {"^[\\]\\\\]+$", "]\\", true},
        {"^[\\d.]+$", "10.0.19041.1", true},
        {"^[^\\d]$", "5", false},
        {"^\\d+\\.\\d+$", "10.0", true},
        {"^\\w\\s\\w$", "a b", true},
        {"^\\w$", "\xC3\xA9", false},
        {"^\\{\\}$", "{}", true},
        {"^(a+)+$", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab", false},
        {"^((a*)*)*$", "aaab", false},
        {"^((a*)*)*$", "", true},
        {"(^a)|(b$)", "cb", true},
        {"a^", "a", false},
        {"x?y", "y", true},
        {"A", "a", false},
        {"^\\n$", "\n", true},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        bool matched = !rows[i].matched;
        assert_int_equal(regex_match(rows[i].pattern, rows[i].text, &matched), S_OK);
        if (matched != rows[i].matched)
            fail_msg("%s on %s", rows[i].pattern, rows[i].text);
    }
}

static void expressions_outside_the_subset_are_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "*",   "+a",  "a|*", "a**",   "a+?",     "^*",    "(?:a)",   "(a",   "a)",
        "[a",  "[]",  "[^]", "[z-a]", "a{2}",    "}",     "]",       "\\",   "\\b",
        "\\1", "\\D", "[\\", "[a-",   "[[:x:]]", "[\\b]", "[a-\\d]", "\xFF",
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        if (regex_check(bad[i]) != E_INVALIDARG)
            fail_msg("%s is taken", bad[i]);
        bool matched = false;
        assert_int_equal(regex_match(bad[i], "a", &matched), E_INVALIDARG);
    }
    char deep[201];
    memset(deep, '(', 100);
    memset(deep + 100, ')', 100);
    deep[200] = '\0';
    assert_int_equal(regex_check(deep), E_INVALIDARG);
}

static void no_expression_takes_exponential_time(void **state)
{
    (void)state;
    char text[20001];
    memset(text, 'a', 20000);
    text[20000] = '\0';
    uint64_t start = os_now_ms();
    bool matched = true;
    assert_int_equal(regex_match("^(((a|a)*)*|(aa)*)*b", text, &matched), S_OK);
    assert_false(matched);
    assert_true(os_now_ms() - start < 20000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(literals_objects_and_arrays_match),
        cmocka_unit_test(presence_and_logic_match),
        cmocka_unit_test(numbers_and_flags_match),
        cmocka_unit_test(arrays_and_lengths_match),
        cmocka_unit_test(texts_and_paths_match),
        cmocka_unit_test(paths_that_lead_to_one_folder_are_the_same),
        cmocka_unit_test(long_values_are_cut_in_reasons),
        cmocka_unit_test(malformed_matchers_are_refused_with_their_place),
        cmocka_unit_test(regular_expressions_match),
        cmocka_unit_test(expressions_outside_the_subset_are_refused),
        cmocka_unit_test(no_expression_takes_exponential_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
