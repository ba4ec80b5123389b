/* SPDX-License-Identifier: MIT */
/* test_json.c - reading, refusing, printing and finding JSON. */
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
#include "json.h"
#include "os.h"
#include "text.h"
#include "trace.h"

static struct json *parse(const char *text)
{
    struct json *v = NULL;
    HRESULT hr = json_parse(text, strlen(text), &v);
    if (FAILED(hr))
        fail_msg("%s: %s", text, error_last()->text);
    return v;
}

static void assert_refused(const char *text, size_t len, const char *message)
{
    struct json *v = NULL;
    assert_int_equal(json_parse(text, len, &v), HR_WIN32(13));
    assert_null(v);
    assert_string_equal(error_last()->text, message);
}

static void every_type_is_read(void **state)
{
    (void)state;
    AUTO_JSON struct json *v =
        parse("\xEF\xBB\xBF { \"n\": null, \"b\": true, \"d\": -1.5e2,\r\n"
              "\"s\": \"x\\n\\u00e9\\/\", \"a\": [1, [], {}], \"\": {} } \n");
    assert_true(json_is(v, JSON_OBJECT));
    assert_int_equal(json_len(v), 6);
    assert_true(json_is(json_get(v, "n"), JSON_NULL));
    assert_true(json_bool(json_get(v, "b")));
    assert_true(json_number(json_get(v, "d")) == -150);
    assert_string_equal(json_string(json_get(v, "s")), "x\n\xC3\xA9/");
    assert_int_equal(json_len(json_get(v, "a")), 3);
    assert_true(json_is(json_at(json_get(v, "a"), 2), JSON_OBJECT));
    assert_null(json_at(json_get(v, "a"), 3));
    assert_non_null(json_get(v, ""));
    assert_null(json_get(v, "N"));
    assert_string_equal(json_key(json_next(json_first(v))), "b");
}

static void absent_and_wrong_values_are_neutral(void **state)
{
    (void)state;
    AUTO_JSON struct json *v = parse("[1]");
    assert_null(json_get(v, "x"));
    assert_null(json_get(NULL, "x"));
    assert_null(json_string(v));
    assert_null(json_at(NULL, 0));
    assert_null(json_first(json_first(v)));
    assert_null(json_next(NULL));
    assert_int_equal(json_len(NULL), 0);
    assert_true(json_number(v) == 0);
    assert_false(json_bool(v));
    assert_false(json_is(NULL, JSON_NULL));
}

static void mistakes_are_refused_with_line_and_column(void **state)
{
    (void)state;
    static const struct {
        const char *text, *message;
    } rows[] = {
        {"", "line 1, column 1: expected a value, the text ends here"},
        {"{\n  \"a\": 1,\n  \"b\": 2,\n  \"a\": 3}",
         "line 4, column 3: the key 'a' is there twice"},
        {"[1] x", "line 1, column 5: expected nothing more, got 'x'"},
        {"[1,]", "line 1, column 4: expected a value, got ']'"},
        {"[1 2]", "line 1, column 4: expected ',' or ']', got '2'"},
        {"{\"a\" 1}", "line 1, column 6: expected ':', got '1'"},
        {"{\"a\": 1,}", "line 1, column 9: expected a key in double quotes, got '}'"},
        {"{a: 1}", "line 1, column 2: expected a key in double quotes, got 'a'"},
        {"[\"\xC3\xA9\xC3\xA9\", \xC3\xA9]", "line 1, column 8: expected a value, got '\xC3\xA9'"},
        {"[01]", "line 1, column 2: a number must not start with 0"},
        {"[1.]", "line 1, column 4: expected a digit, got ']'"},
        {"[-]", "line 1, column 3: expected a digit, got ']'"},
        {"[1e999]", "line 1, column 2: the number is too large"},
        {"[nul]", "line 1, column 2: expected a value, got 'n'"},
        {"[NaN]", "line 1, column 2: expected a value, got 'N'"},
        {"\n\n  [\"abc", "line 3, column 4: the string is not closed"},
        {"[\"a\\", "line 1, column 4: unknown escape in a string"},
        {"[\"\\x\"]", "line 1, column 3: unknown escape in a string"},
        {"[\"\\u12g4\"]", "line 1, column 3: \\u needs four hex digits"},
        {"[\"a\\u0000\"]", "line 1, column 4: \\u0000 is not supported in a string"},
        {"[\"a\nb\"]", "line 1, column 4: a control character in a string must be escaped"},
        {"[\"\xFF\"]", "line 1, column 3: bad UTF-8"},
        {"[\n\"\xED\xA0\x80\"]", "line 2, column 2: bad UTF-8"},
        {"[\"\xE2\x82", "line 1, column 3: bad UTF-8"},
        {"// x\n1", "line 1, column 1: expected a value, got '/'"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        assert_refused(rows[i].text, strlen(rows[i].text), rows[i].message);
    assert_refused("[1\0]", 4, "line 1, column 3: a NUL character");
}

static void nesting_is_limited_to_100(void **state)
{
    (void)state;
    char text[400];
    memset(text, '[', 100);
    memset(text + 100, ']', 100);
    AUTO_JSON struct json *v = NULL;
    assert_int_equal(json_parse(text, 200, &v), S_OK);
    memset(text, '[', 101);
    memset(text + 101, ']', 101);
    assert_refused(text, 202, "line 1, column 101: nested deeper than 100");
}

static void a_large_object_is_checked_for_keys_in_reasonable_time(void **state)
{
    (void)state;
    struct text t = {0};
    text_add(&t, "{\"k100000\": 0");
    for (int i = 0; i < 100000; i++)
        text_addf(&t, ",\n\"k%d\": %d", i, i);
    size_t len = t.len;
    text_add(&t, "}");
    AUTO_FREE char *text = text_take(&t);
    uint64_t start = os_now_ms();
    AUTO_JSON struct json *v = NULL;
    assert_int_equal(json_parse(text, len + 1, &v), S_OK);
    assert_int_equal(json_len(v), 100001);
    assert_true(os_now_ms() - start < 20000);
}

static void lone_surrogates_are_read_and_printed_as_escapes(void **state)
{
    (void)state;
    AUTO_JSON struct json *v = parse("[\"\\uD800x\", \"\\udc00\\ud83d\\ude00\", \"\\ud83dA\"]");
    assert_string_equal(json_string(json_at(v, 0)), "\xED\xA0\x80x");
    assert_string_equal(json_string(json_at(v, 1)), "\xED\xB0\x80\xF0\x9F\x98\x80");
    AUTO_FREE char *printed = json_print(v);
    assert_string_equal(printed, "[\"\\ud800x\",\"\\udc00\xF0\x9F\x98\x80\",\"\\ud83dA\"]");
    AUTO_JSON struct json *again = parse(printed);
    assert_true(json_equal(v, again));
}

static void strings_are_printed_verbatim(void **state)
{
    (void)state;
    char all[300];
    size_t len = 0;
    for (int c = 1; c < 128; c++)
        all[len++] = (char)c;
    memcpy(all + len, "\xC3\xA9\xE2\x82\xAC/", 7);
    AUTO_JSON struct json *v = json_new_array();
    assert_true(json_push(v, json_new_string(all)));
    AUTO_FREE char *printed = json_print(v);
    AUTO_JSON struct json *again = parse(printed);
    assert_string_equal(json_string(json_at(again, 0)), all);
    AUTO_JSON struct json *bad = json_new_string("a\xFFz");
    AUTO_FREE char *replaced = json_print(bad);
    assert_string_equal(replaced, "\"a\xEF\xBF\xBDz\"");
}

static void numbers_are_printed_exactly(void **state)
{
    (void)state;
    static const struct {
        double number;
        const char *text;
    } rows[] = {
        {0, "0"},
        {-7, "-7"},
        {9007199254740991.0, "9007199254740991"},
        {9007199254740992.0, "9007199254740992"},
        {9007199254740990.0, "9007199254740990"},
        {0.1, "0.1"},
        {-1.5, "-1.5"},
        {1e300, "1e+300"},
        {1.0 / 3, "0.3333333333333333"},
        {0.1 + 0.2, "0.30000000000000004"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        AUTO_JSON struct json *v = json_new_number(rows[i].number);
        AUTO_FREE char *printed = json_print(v);
        assert_string_equal(printed, rows[i].text);
        AUTO_JSON struct json *again = parse(printed);
        assert_true(json_number(again) == rows[i].number);
    }
}

static void whole_numbers_have_a_range(void **state)
{
    (void)state;
    AUTO_JSON struct json *v =
        parse("[0, 9007199254740992, 9007199254740994, -1, 1.5, \"1\", 1e3]");
    static const struct {
        bool is_whole;
        uint64_t value;
    } rows[] = {
        {true, 0},   {true, 9007199254740992}, {false, 0}, {false, 0}, {false, 0}, {false, 0},
        {true, 1000}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        uint64_t n = 0;
        assert_int_equal(json_u64(json_at(v, i), &n), rows[i].is_whole);
        assert_int_equal(n, rows[i].value);
    }
}

static void equality_ignores_the_order_of_keys_only(void **state)
{
    (void)state;
    static const struct {
        const char *a, *b;
        bool equal;
    } rows[] = {
        {"{\"a\":1,\"b\":[1,2]}", "{\"b\":[1,2],\"a\":1.0}", true},
        {"{\"a\":1}", "{\"a\":1,\"b\":2}", false},
        {"{\"a\":1}", "{\"A\":1}", false},
        {"[1,2]", "[2,1]", false},
        {"[1]", "[1,1]", false},
        {"9007199254740991", "9007199254740992", false},
        {"null", "false", false},
        {"\"1\"", "1", false},
        {"true", "true", true},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        AUTO_JSON struct json *a = parse(rows[i].a);
        AUTO_JSON struct json *b = parse(rows[i].b);
        assert_int_equal(json_equal(a, b), rows[i].equal);
        assert_int_equal(json_equal(b, a), rows[i].equal);
    }
    assert_true(json_equal(NULL, NULL));
}

static void typed_getters_name_the_place(void **state)
{
    (void)state;
    AUTO_JSON struct json *v = parse("{\"id\": \"x\", \"n\": 3, \"b\": true}");
    const char *text = NULL;
    uint64_t n = 77;
    bool b = false;
    assert_int_equal(json_need_string(v, "id", "/cases/0", &text), S_OK);
    assert_string_equal(text, "x");
    assert_int_equal(json_need_u64(v, "n", "/cases/0", &n), S_OK);
    assert_int_equal(n, 3);
    assert_int_equal(json_opt_bool(v, "b", "", &b), S_OK);
    assert_true(b);
    assert_int_equal(json_opt_u64(v, "absent", "", &n), S_OK);
    assert_int_equal(n, 3);
    assert_int_equal(json_need_string(v, "n", "/cases/0", &text), E_INVALIDARG);
    assert_string_equal(error_last()->text, "expected a string at /cases/0/n, got a number");
    assert_int_equal(json_need_string(v, "gone", "", &text), E_INVALIDARG);
    assert_string_equal(error_last()->text, "expected a string at /gone, got nothing");
    assert_int_equal(json_opt_bool(v, "id", "/x", &b), E_INVALIDARG);
    assert_string_equal(error_last()->text, "expected true or false at /x/id, got a string");
    assert_int_equal(json_only_keys(v, "/x", (const char *const[]){"id", "n", "b", NULL}), S_OK);
    assert_int_equal(json_only_keys(v, "/x", (const char *const[]){"id", "b", NULL}), E_INVALIDARG);
    assert_string_equal(error_last()->text, "unknown key 'n' at /x");
}

static void values_are_built_replaced_and_removed(void **state)
{
    (void)state;
    AUTO_JSON struct json *v = json_new_object();
    assert_true(json_set_string(v, "a", "one"));
    assert_true(json_set_number(v, "b", 2));
    assert_true(json_set_bool(v, "a", true));
    assert_true(json_set(v, "c", json_new_array()));
    assert_true(json_set_string(v, "d", NULL));
    assert_false(json_set(v, "e", NULL));
    assert_false(json_push(v, json_new_null()));
    AUTO_FREE char *printed = json_print(v);
    assert_string_equal(printed, "{\"a\":true,\"b\":2,\"c\":[],\"d\":null}");
    json_remove(v, "b");
    json_remove(v, "zzz");
    AUTO_JSON struct json *copy = json_copy(v);
    json_remove(v, "a");
    AUTO_FREE char *pretty = json_print_pretty(copy);
    assert_string_equal(pretty, "{\n\t\"a\": true,\n\t\"c\": [],\n\t\"d\": null\n}\n");
    AUTO_JSON struct json *part = json_copy(json_get(copy, "c"));
    assert_null(json_key(part));
}

static void pointers_and_lines_lead_to_values(void **state)
{
    (void)state;
    const char *text = "\xEF\xBB\xBF{\n \"a/b\": [\n  1,\n  {\"~\":\n    \"x]\\\"\"}\n ],\n"
                       " \"c\": {\"d\": null}\n}\n";
    AUTO_JSON struct json *v = parse(text);
    const struct json *deep = json_get(json_at(json_get(v, "a/b"), 1), "~");
    AUTO_FREE char *pointer = json_pointer_of(v, deep);
    assert_string_equal(pointer, "/a~1b/1/~0");
    AUTO_FREE char *root = json_pointer_of(v, v);
    assert_string_equal(root, "");
    AUTO_JSON struct json *other = json_new_null();
    assert_null(json_pointer_of(v, other));
    size_t len = strlen(text);
    assert_int_equal(json_line_of(text, len, ""), 1);
    assert_int_equal(json_line_of(text, len, "/a~1b"), 2);
    assert_int_equal(json_line_of(text, len, "/a~1b/0"), 3);
    assert_int_equal(json_line_of(text, len, "/a~1b/1"), 4);
    assert_int_equal(json_line_of(text, len, pointer), 5);
    assert_int_equal(json_line_of(text, len, "/c/d"), 7);
    assert_int_equal(json_line_of(text, len, "/a~1b/2"), 0);
    assert_int_equal(json_line_of(text, len, "/c/d/e"), 0);
    assert_int_equal(json_line_of(text, len, "c"), 0);
    assert_int_equal(json_line_of("[]", 2, "/0"), 0);
}

static void trace_lines_are_json_of_the_channels_asked_for(void **state)
{
    (void)state;
    AUTO_FREE char *folder = NULL;
    assert_int_equal(os_temp_directory(&folder), S_OK);
    char path[4200];
    snprintf(path, sizeof path, "%s/dismfake-trace-%u.jsonl", folder, os_pid());
    assert_false(trace_on(TRACE_CALL));
    assert_int_equal(trace_configure("calls", NULL), E_INVALIDARG);
    assert_int_equal(trace_configure("call,op", path), S_OK);
    assert_true(trace_on(TRACE_CALL) && trace_on(TRACE_OP) && !trace_on(TRACE_FAULT));
    FAIL(E_FAIL, "kept");
    trace(TRACE_CALL, "name \"%s\"", "x\n");
    trace(TRACE_FAULT, "not asked for");
    trace(TRACE_OP, "second");
    assert_string_equal(error_last()->text, "kept");
    assert_int_equal(trace_configure(NULL, NULL), S_OK);
    trace(TRACE_OP, "off");
    AUTO_FREE char *data = NULL;
    size_t size = 0;
    assert_int_equal(os_read_file(path, &data, &size), S_OK);
    assert_int_equal(os_remove_file(path), S_OK);
    char *end = strchr(data, '\n');
    assert_non_null(end);
    *end = '\0';
    AUTO_JSON struct json *first = parse(data);
    AUTO_JSON struct json *second = parse(end + 1);
    assert_string_equal(json_string(json_get(first, "ch")), "call");
    assert_string_equal(json_string(json_get(first, "msg")), "name \"x\n\"");
    assert_true(json_number(json_get(first, "tid")) == (double)os_thread_id());
    assert_string_equal(json_string(json_get(second, "msg")), "second");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_type_is_read),
        cmocka_unit_test(absent_and_wrong_values_are_neutral),
        cmocka_unit_test(mistakes_are_refused_with_line_and_column),
        cmocka_unit_test(nesting_is_limited_to_100),
        cmocka_unit_test(a_large_object_is_checked_for_keys_in_reasonable_time),
        cmocka_unit_test(lone_surrogates_are_read_and_printed_as_escapes),
        cmocka_unit_test(strings_are_printed_verbatim),
        cmocka_unit_test(numbers_are_printed_exactly),
        cmocka_unit_test(whole_numbers_have_a_range),
        cmocka_unit_test(equality_ignores_the_order_of_keys_only),
        cmocka_unit_test(typed_getters_name_the_place),
        cmocka_unit_test(values_are_built_replaced_and_removed),
        cmocka_unit_test(pointers_and_lines_lead_to_values),
        cmocka_unit_test(trace_lines_are_json_of_the_channels_asked_for),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
