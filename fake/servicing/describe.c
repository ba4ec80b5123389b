/* SPDX-License-Identifier: MIT */
/* describe.c - see describe.h. */
#include "describe.h"

#include <stddef.h>
#include <stdio.h>

#include "clock.h"
#include "error.h"

SYSTEMTIME describe_time(uint64_t filetime)
{
    return filetime ? clock_from_filetime(filetime) : (SYSTEMTIME){0};
}

SYSTEMTIME describe_stamp(const char *stamp)
{
    unsigned year, month, day, hour, minute, second;
    if (!stamp ||
        sscanf(stamp, "%4u-%2u-%2uT%2u:%2u:%2u", &year, &month, &day, &hour, &minute, &second) != 6)
        return (SYSTEMTIME){0};
    int64_t y = (int64_t)year - (month <= 2);
    int64_t days = 365 * y + y / 4 - y / 100 + y / 400 + (153 * ((month + 9) % 12) + 2) / 5 +
                   (int64_t)day - 1 - 719468;
    return clock_system_time((days * 86400 + hour * 3600 + minute * 60 + second) * 1000000000);
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
