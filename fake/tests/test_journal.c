/* SPDX-License-Identifier: MIT */
/* test_journal.c - the journal: whole lines, in order, shared, forgiving about a line cut short. */
#include "unit_support.h"

#include "journal.h"

static char *journal_path;

static int clear(void **state)
{
    (void)state;
    return journal_clear();
}

static struct json *entry(const char *key, double number)
{
    struct json *object = json_new_object();
    json_set_number(object, key, number);
    return object;
}

static struct json *read_all(void)
{
    struct json *array = NULL;
    assert_hr(S_OK, journal_read(&array));
    return array;
}

static void entries_come_back_in_order_with_number_and_process(void **state)
{
    (void)state;
    uint64_t first = journal_add("step", entry("x", 1)),
             second = journal_add("fault", entry("x", 2));
    assert_true(first > 0 && second == first + 1);
    AUTO_JSON struct json *all = read_all();
    assert_int_equal(2, json_len(all));
    assert_string_equal("step", json_string(json_get(json_at(all, 0), "event")));
    assert_string_equal("fault", json_string(json_get(json_at(all, 1), "event")));
    assert_int_equal(2, (int)json_number(json_get(json_at(all, 1), "x")));
    assert_int_equal(first, (uint64_t)json_number(json_get(json_at(all, 0), "seq")));
    assert_int_equal(os_pid(), (unsigned)json_number(json_get(json_at(all, 0), "pid")));
    assert_int_equal(os_thread_id(), (uint64_t)json_number(json_get(json_at(all, 0), "tid")));
}

static void text_with_line_ends_and_quotes_stays_in_one_line(void **state)
{
    (void)state;
    struct json *object = json_new_object();
    json_set_string(object, "text", "a\nb\r\"c\"\\ \xE2\x82\xAC");
    assert_true(journal_add("step", object) > 0);
    AUTO_FREE char *raw = NULL;
    size_t size, lines = 0;
    assert_hr(S_OK, os_read_file(journal_path, &raw, &size));
    for (size_t i = 0; i < size; i++)
        lines += raw[i] == '\n';
    assert_int_equal(1, lines);
    AUTO_JSON struct json *all = read_all();
    assert_string_equal("a\nb\r\"c\"\\ \xE2\x82\xAC",
                        json_string(json_get(json_at(all, 0), "text")));
}

static void a_line_cut_short_is_left_out(void **state)
{
    (void)state;
    AUTO_FILE struct os_file *file = NULL;
    journal_add("step", entry("x", 1));
    assert_hr(S_OK, os_open(journal_path, OS_WRITE | OS_APPEND, &file));
    assert_hr(S_OK, os_write(file, "{\"seq\":9,\"ev", 12));
    AUTO_JSON struct json *all = read_all();
    assert_int_equal(1, json_len(all));
}

static void a_journal_taken_away_by_somebody_else_is_begun_anew(void **state)
{
    (void)state;
    journal_add("step", entry("x", 1));
    assert_hr(S_OK, os_remove_file(journal_path));
    journal_add("step", entry("x", 2));
    AUTO_JSON struct json *all = read_all();
    assert_int_equal(1, json_len(all));
    assert_int_equal(2, (int)json_number(json_get(json_at(all, 0), "x")));
}

static void clearing_leaves_an_empty_journal(void **state)
{
    (void)state;
    journal_add("step", entry("x", 1));
    assert_hr(S_OK, journal_clear());
    AUTO_JSON struct json *all = read_all();
    assert_true(json_is(all, JSON_ARRAY));
    assert_int_equal(0, json_len(all));
    assert_hr(S_OK, journal_clear());
}

static void add_many(void *argument)
{
    (void)argument;
    for (int i = 0; i < 200; i++)
        journal_add("step", entry("x", i));
}

static void threads_write_whole_lines_with_numbers_of_their_own(void **state)
{
    (void)state;
    enum { THREADS = 4, ALL = 4 * 200 };
    struct os_thread *threads[THREADS];
    static bool is_seen[ALL];
    for (int i = 0; i < THREADS; i++)
        assert_hr(S_OK, os_thread_start(add_many, NULL, &threads[i]));
    for (int i = 0; i < THREADS; i++)
        os_thread_join(threads[i]);
    AUTO_JSON struct json *all = read_all();
    assert_int_equal(ALL, json_len(all));
    uint64_t lowest = UINT64_MAX;
    for (const struct json *v = json_first(all); v; v = json_next(v)) {
        uint64_t seq = (uint64_t)json_number(json_get(v, "seq"));
        lowest = seq < lowest ? seq : lowest;
    }
    for (const struct json *v = json_first(all); v; v = json_next(v)) {
        uint64_t at = (uint64_t)json_number(json_get(v, "seq")) - lowest;
        assert_true(at < ALL);
        assert_false(is_seen[at]);
        is_seen[at] = true;
    }
}

#define JOURNAL_TEST(name) cmocka_unit_test_setup(name, clear)

int main(void)
{
    const struct CMUnitTest tests[] = {
        JOURNAL_TEST(entries_come_back_in_order_with_number_and_process),
        JOURNAL_TEST(text_with_line_ends_and_quotes_stays_in_one_line),
        JOURNAL_TEST(a_line_cut_short_is_left_out),
        JOURNAL_TEST(a_journal_taken_away_by_somebody_else_is_begun_anew),
        JOURNAL_TEST(clearing_leaves_an_empty_journal),
        JOURNAL_TEST(threads_write_whole_lines_with_numbers_of_their_own),
    };
    support_begin();
    journal_path = in_folder("state/journal.jsonl");
    int failures = cmocka_run_group_tests(tests, NULL, NULL);
    mem_free(journal_path);
    return failures;
}
