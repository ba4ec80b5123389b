/* SPDX-License-Identifier: MIT */
/* test_status_line.c - one line on a terminal, lines now and then in a log. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "os.h"
#include "status_line.h"

#define LATER_MS 60000

static char *printed(FILE *file)
{
    static char text[4096];
    rewind(file);
    text[fread(text, 1, sizeof text - 1, file)] = '\0';
    return text;
}

static struct status_line line_of(FILE *file, bool is_terminal)
{
    struct status_line line = status_line_start(file, 10000);
    line.is_terminal = is_terminal;
    return line;
}

static void a_terminal_sees_one_line_that_is_written_over_and_taken_away(void **state)
{
    (void)state;
    FILE *file = tmpfile();
    struct status_line line = line_of(file, true);
    status_line_show(&line, "one");
    status_line_show(&line, "two");
    status_line_hide(&line);
    status_line_hide(&line);
    assert_string_equal("\r\033[Kone\r\033[Ktwo\r\033[K", printed(file));
    (void)fclose(file);
}

static void a_log_gets_whole_lines_and_nothing_to_take_away(void **state)
{
    (void)state;
    FILE *file = tmpfile();
    struct status_line line = line_of(file, false);
    status_line_show(&line, "one");
    status_line_hide(&line);
    status_line_show(&line, "two");
    assert_string_equal("one\ntwo\n", printed(file));
    (void)fclose(file);
}

static void a_log_gets_a_line_only_when_its_time_has_come(void **state)
{
    (void)state;
    FILE *file = tmpfile();
    struct status_line line = line_of(file, false);
    line.next_ms = os_now_ms() + LATER_MS;
    status_line_percent(&line, "x", "making", 1, 4);
    assert_string_equal("", printed(file));
    line.next_ms = 0;
    status_line_percent(&line, "x", "making", 1, 4);
    assert_string_equal("x: making 25 %, 0:00\n", printed(file));
    assert_true(line.next_ms >= line.started_ms + 10000);
    line.every_ms = 0;
    line.next_ms = 0;
    assert_false(status_line_is_due(&line));
    (void)fclose(file);
}

static void a_terminals_line_is_cut_to_its_width(void **state)
{
    (void)state;
    FILE *file = tmpfile();
    char text[1000];
    struct status_line line = line_of(file, true);
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    status_line_show(&line, text);
    assert_int_equal(os_terminal_width(2) - 1 + strlen("\r\033[K"), strlen(printed(file)));
    (void)fclose(file);
}

static void the_time_since_the_start_is_told_in_minutes(void **state)
{
    (void)state;
    char out[24];
    struct status_line line = line_of(stdout, false);
    line.started_ms = os_now_ms() - 67000;
    assert_string_equal("1:07", status_line_elapsed(&line, out));
    line.started_ms = os_now_ms() - 3723000;
    assert_string_equal("1:02:03", status_line_elapsed(&line, out));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_terminal_sees_one_line_that_is_written_over_and_taken_away),
        cmocka_unit_test(a_log_gets_whole_lines_and_nothing_to_take_away),
        cmocka_unit_test(a_log_gets_a_line_only_when_its_time_has_come),
        cmocka_unit_test(a_terminals_line_is_cut_to_its_width),
        cmocka_unit_test(the_time_since_the_start_is_told_in_minutes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
