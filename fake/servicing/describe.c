/* SPDX-License-Identifier: MIT */
/* describe.c - see describe.h. */
#include "describe.h"

#include <stddef.h>
#include <string.h>

#include "clock.h"
#include "error.h"
#include "text.h"

#define DAYS_TO_1601 584694 /* from March 1st of the year 0 */

SYSTEMTIME describe_time(uint64_t filetime)
{
    return filetime ? clock_from_filetime(filetime) : (SYSTEMTIME){0};
}

DWORD describe_size(uint64_t bytes)
{
    return bytes < UINT32_MAX ? (DWORD)bytes : UINT32_MAX;
}

/* ---- stamps of manifests ---- */

struct stamp {
    unsigned year, month, day, hour, minute, second;
    int offset; /* minutes that its clock is ahead */
};

static bool read_number(const char **at, unsigned digits, unsigned *out)
{
    *out = 0;
    for (unsigned i = 0; i < digits; i++, (*at)++) {
        if (**at < '0' || **at > '9')
            return false;
        *out = *out * 10 + (unsigned)(**at - '0');
    }
    return true;
}

static bool read_mark(const char **at, char mark)
{
    return *(*at)++ == mark;
}

/* Behind the seconds: a fraction, then Z, +HH:MM, -HH:MM or nothing. */
static bool read_offset(const char *at, int *out)
{
    unsigned hours, minutes;
    if (*at == '.')
        at += 1 + strspn(at + 1, "0123456789");
    *out = 0;
    if (*at == '\0' || text_equal(at, "Z"))
        return true;
    char sign = *at++;
    if ((sign != '+' && sign != '-') || !read_number(&at, 2, &hours) || !read_mark(&at, ':') ||
        !read_number(&at, 2, &minutes) || *at)
        return false;
    *out = (int)(hours * 60 + minutes) * (sign == '-' ? -1 : 1);
    return true;
}

static bool read_stamp(const char *at, struct stamp *s)
{
    return read_number(&at, 4, &s->year) && read_mark(&at, '-') && read_number(&at, 2, &s->month) &&
           read_mark(&at, '-') && read_number(&at, 2, &s->day) && read_mark(&at, 'T') &&
           read_number(&at, 2, &s->hour) && read_mark(&at, ':') &&
           read_number(&at, 2, &s->minute) && read_mark(&at, ':') &&
           read_number(&at, 2, &s->second) && read_offset(at, &s->offset);
}

static bool is_moment(const struct stamp *s)
{
    static const unsigned days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool is_leap = s->year % 4 == 0 && (s->year % 100 != 0 || s->year % 400 == 0);
    if (s->year < 1602 || s->month < 1 || s->month > 12) /* the first year of a FILETIME is 1601 */
        return false;
    return s->day >= 1 && s->day <= days[s->month - 1] + (s->month == 2 && is_leap) &&
           s->hour < 24 && s->minute < 60 && s->second < 60;
}

SYSTEMTIME describe_stamp(const char *stamp)
{
    struct stamp s;
    if (!stamp || !read_stamp(stamp, &s) || !is_moment(&s))
        return (SYSTEMTIME){0};
    int64_t y = (int64_t)s.year - (s.month <= 2);
    int64_t days = 365 * y + y / 4 - y / 100 + y / 400 + (153 * ((s.month + 9) % 12) + 2) / 5 +
                   (int64_t)s.day - 1 - DAYS_TO_1601;
    int64_t seconds = days * 86400 + s.hour * 3600 + (s.minute - (int64_t)s.offset) * 60 + s.second;
    return clock_from_filetime((uint64_t)seconds * 10000000);
}

HRESULT describe_text(struct result *result, size_t where, const char *text)
{
    return result_string(result, where, text ? text : "");
}

HRESULT describe_properties(struct result *result, size_t array, size_t count,
                            const struct manifest_property *properties, size_t length)
{
    size_t at;
    *(UINT *)result_at(result, count) = (UINT)length;
    if (length == 0)
        return S_OK;
    TRY(result_array(result, array, length * sizeof(DismCustomProperty), &at));
    for (size_t i = 0; i < length; i++, at += sizeof(DismCustomProperty)) {
        TRY(describe_text(result, at + offsetof(DismCustomProperty, Path), properties[i].path));
        TRY(describe_text(result, at + offsetof(DismCustomProperty, Name), properties[i].name));
        TRY(describe_text(result, at + offsetof(DismCustomProperty, Value), properties[i].value));
    }
    return S_OK;
}
