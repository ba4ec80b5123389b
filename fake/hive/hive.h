/* SPDX-License-Identifier: MIT */
/*
 * hive.h - registry hives of Windows, read. Keys are paths below the root with '\\' between names,
 * "" is the root; letter case does not matter. Text is UTF-8. A hive is used by one thread at a
 * time.
 */
#ifndef HIVE_HIVE_H
#define HIVE_HIVE_H

#include <stdbool.h>
#include <stdint.h>

#include "hr.h"
#include "scope.h"

struct hive;
/* ERROR_BADDB (1009): no hive, or a damaged one. */
HRESULT hive_open(const char *path, struct hive **out);
void hive_close(struct hive *hive);
DEFINE_SCOPE(hive, struct hive, hive_close)
#define AUTO_HIVE AUTO(scope_hive)

/* A value as text, whatever its type: a string as it is, the first of several, a number in decimal.
 * Caller's; NULL: no such key or value, another type, or no memory. The default value is "". */
char *hive_text(const struct hive *hive, const char *key, const char *value);
/* false: no such value, or no 32-bit number. */
bool hive_number(const struct hive *hive, const char *key, const char *value, uint32_t *out);
/* Calls `each` with the name of every key directly below, in the order of the hive; no such key is
 * as one without keys. A failure of `each` ends it. */
HRESULT hive_each_key(const struct hive *hive, const char *key,
                      HRESULT (*each)(void *context, const char *name), void *context);

#endif
