/* SPDX-License-Identifier: MIT */
/* describe.h - texts and times as results of servicing have them. */
#ifndef SERVICING_DESCRIBE_H
#define SERVICING_DESCRIBE_H

#include "dismapi.h"
#include "manifest.h"
#include "result.h"

/* A FILETIME in local time; 0 is all zeros. */
SYSTEMTIME describe_time(uint64_t filetime);
/* "2022-05-06T12:00:00Z" the same way; what is no time is all zeros. */
SYSTEMTIME describe_stamp(const char *stamp);
/* Bytes; what 32 bits do not hold is the most they do. */
DWORD describe_size(uint64_t bytes);
/* NULL becomes "": no text of a result is NULL (real-behaviour 4.8, clients read without looking).
 */
HRESULT describe_text(struct result *result, size_t where, const char *text);
/* An array of DismCustomProperty at `array`, its length at `count`. Both lists may be NULL. */
struct manifest_property;
HRESULT describe_properties(struct result *result, size_t array, size_t count,
                            const struct manifest_property *properties, size_t length);

#endif
