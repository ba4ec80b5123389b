/* SPDX-License-Identifier: MIT */
/* clock.c - see clock.h. */
#include "clock.h"

#include <stdatomic.h>

#include "os.h"
#include "settings.h"

#define FILETIME_OF_1970 116444736000000000LL

static atomic_uint_fast64_t advanced_ms;

int64_t clock_now_ns(void)
{
    const struct settings *settings;
    int64_t base = SUCCEEDED(settings_get(&settings)) && settings->clock_is_fixed
                       ? settings->clock_start_ns
                       : os_wall_ns();
    /* A clock that is advanced beyond what 64 bits hold comes round again. */
    return (int64_t)((uint64_t)base + (uint64_t)atomic_load(&advanced_ms) * 1000000);
}

uint64_t clock_now_filetime(void)
{
    return (uint64_t)(clock_now_ns() / 100 + FILETIME_OF_1970);
}

uint64_t clock_advanced_ms(void)
{
    return atomic_load(&advanced_ms);
}

void clock_advance(uint64_t milliseconds)
{
    atomic_fetch_add(&advanced_ms, milliseconds);
}

void clock_reset(void)
{
    atomic_store(&advanced_ms, 0);
}

static int64_t at_most(int64_t value, int64_t most)
{
    return value < most ? value : most;
}

/* The date of a day counted from 1970 on. Not by libc: Windows' knows nothing before 1970. A year
 * begins with March here, so that a leap day is the last of its year, its century, its 400 years.
 */
static void set_date(SYSTEMTIME *out, int64_t days)
{
    enum { UP_TO_1970 = 719468, IN_400_YEARS = 146097, IN_100_YEARS = 36524, IN_4_YEARS = 1461 };
    int64_t left = days + UP_TO_1970; /* since March 1st of the year 0 */
    int64_t year = left / IN_400_YEARS * 400;
    left %= IN_400_YEARS;
    int64_t part = at_most(left / IN_100_YEARS, 3);
    year += part * 100;
    left -= part * IN_100_YEARS;
    year += left / IN_4_YEARS * 4;
    left %= IN_4_YEARS;
    part = at_most(left / 365, 3);
    year += part;
    left -= part * 365;
    int64_t month = (5 * left + 2) / 153; /* five months have 153 days, from March on */
    out->wDay = (WORD)(left - (153 * month + 2) / 5 + 1);
    out->wMonth = (WORD)(month < 10 ? month + 3 : month - 9);
    out->wYear = (WORD)(year + (month < 10 ? 0 : 1));
    out->wDayOfWeek = (WORD)((days + UP_TO_1970 + 3) % 7); /* that day was a Wednesday */
}

/* A moment as whole units since 1970, so many of them to the second. Nanoseconds in 64 bits reach
 * back to 1677 only, FILETIMEs start in 1601. */
static SYSTEMTIME system_time(int64_t units, int64_t per_second)
{
    int64_t per_day = 86400 * per_second, days = units / per_day, rest = units % per_day;
    if (rest < 0) {
        rest += per_day;
        days--;
    }
    int64_t second = rest / per_second;
    SYSTEMTIME out = {
        .wHour = (WORD)(second / 3600),
        .wMinute = (WORD)(second / 60 % 60),
        .wSecond = (WORD)(second % 60),
        .wMilliseconds = (WORD)(rest % per_second / (per_second / 1000)),
    };
    set_date(&out, days);
    return out;
}

SYSTEMTIME clock_system_time(int64_t ns)
{
    return system_time(ns, 1000000000);
}

SYSTEMTIME clock_from_filetime(uint64_t filetime)
{
    return system_time((int64_t)filetime - FILETIME_OF_1970, 10000000);
}
