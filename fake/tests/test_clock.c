/* SPDX-License-Identifier: MIT */
/* test_clock.c - the virtual clock and what a moment is as date and time. */
#include "unit_support.h"

#include "clock.h"

#define TICKS_PER_DAY 864000000000ull

static void assert_time(const char *expected, SYSTEMTIME t)
{
    char text[64];
    snprintf(text, sizeof text, "%04u-%02u-%02u %02u:%02u:%02u.%03u %u", t.wYear, t.wMonth, t.wDay,
             t.wHour, t.wMinute, t.wSecond, t.wMilliseconds, t.wDayOfWeek);
    assert_string_equal(expected, text);
}

static void filetimes_become_dates(void **state)
{
    (void)state;
    /* Day of the week: 0 is Sunday. */
    assert_time("1601-01-01 00:00:00.000 1", clock_from_filetime(0));
    assert_time("1601-01-01 23:59:59.999 1", clock_from_filetime(TICKS_PER_DAY - 1));
    assert_time("1601-01-02 00:00:00.000 2", clock_from_filetime(TICKS_PER_DAY));
    assert_time("1969-12-31 23:59:59.999 3", clock_from_filetime(116444736000000000ull - 1));
    assert_time("1970-01-01 00:00:00.000 4", clock_from_filetime(116444736000000000ull));
    assert_time("2009-07-14 01:14:29.123 2", clock_from_filetime(128920076691230000ull));
}

static void leap_years_follow_the_gregorian_rule(void **state)
{
    (void)state;
    /* 1600 + 100, 200 and 300 are no leap years, 2000 is. */
    assert_time("1700-02-28 00:00:00.000 0", clock_from_filetime(36217 * TICKS_PER_DAY));
    assert_time("1700-03-01 00:00:00.000 1", clock_from_filetime(36218 * TICKS_PER_DAY));
    assert_time("2000-02-29 00:00:00.000 2", clock_system_time(951782400000000000ll));
    assert_time("2000-03-01 00:00:00.000 3", clock_system_time(951868800000000000ll));
    assert_time("2024-02-29 12:34:56.789 4", clock_system_time(1709210096789999999ll));
    assert_time("2100-03-01 00:00:00.000 1", clock_system_time(4107542400000000000ll));
    assert_time("2100-02-28 23:59:59.000 0", clock_system_time(4107542399000000000ll));
}

static void moments_before_1970_round_down(void **state)
{
    (void)state;
    assert_time("1969-12-31 23:59:59.999 3", clock_system_time(-1));
    assert_time("1969-12-31 23:59:59.000 3", clock_system_time(-1000000000));
    assert_time("1969-12-31 23:59:58.999 3", clock_system_time(-1000000001));
}

static void the_clock_starts_where_it_was_told_and_moves_only_by_advancing(void **state)
{
    (void)state;
    assert_time("2024-02-29 23:59:59.000 4", clock_system_time(clock_now_ns()));
    assert_time("2024-02-29 23:59:59.000 4", clock_system_time(clock_now_ns()));
    clock_advance(1500);
    assert_int_equal(1500, clock_advanced_ms());
    assert_time("2024-03-01 00:00:00.500 5", clock_system_time(clock_now_ns()));
    clock_advance(86400000ull * 366);
    assert_time("2025-03-02 00:00:00.500 0", clock_system_time(clock_now_ns()));
    clock_reset();
    assert_int_equal(0, clock_advanced_ms());
    assert_time("2024-02-29 23:59:59.000 4", clock_system_time(clock_now_ns()));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(filetimes_become_dates),
        cmocka_unit_test(leap_years_follow_the_gregorian_rule),
        cmocka_unit_test(moments_before_1970_round_down),
        cmocka_unit_test(the_clock_starts_where_it_was_told_and_moves_only_by_advancing),
    };
    support_begin();
    os_setenv("DISMFAKE_CLOCK", "2024-02-29T23:59:59");
    return cmocka_run_group_tests(tests, NULL, NULL);
}
