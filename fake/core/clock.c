/* SPDX-License-Identifier: MIT */
/* clock.c - see clock.h. */
#include "clock.h"

#include <stdatomic.h>
#include <time.h>

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

/* A moment as whole units since 1970, so many of them to the second. Nanoseconds in 64 bits reach
 * back to 1677 only, FILETIMEs start in 1601. */
static SYSTEMTIME system_time(int64_t units, int64_t per_second)
{
    int64_t seconds = units / per_second, rest = units % per_second;
    if (rest < 0) {
        rest += per_second;
        seconds--;
    }
    time_t time = (time_t)seconds;
    struct tm tm;
    gmtime_r(&time, &tm);
    SYSTEMTIME out = {
        .wYear = (WORD)(tm.tm_year + 1900),
        .wMonth = (WORD)(tm.tm_mon + 1),
        .wDayOfWeek = (WORD)tm.tm_wday,
        .wDay = (WORD)tm.tm_mday,
        .wHour = (WORD)tm.tm_hour,
        .wMinute = (WORD)tm.tm_min,
        .wSecond = (WORD)tm.tm_sec,
        .wMilliseconds = (WORD)(rest / (per_second / 1000)),
    };
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
