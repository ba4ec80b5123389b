/* SPDX-License-Identifier: MIT */
/*
 * hive.h - registry hives of Windows: walk, get, set, delete, save as a new file.
 *
 * A hive is read into memory when it is opened; its file is not kept open and never written: a
 * changed hive is saved as another file, which the caller puts in its place. Text is UTF-8. Names
 * are compared without letter case. A hive is used by one thread at a time.
 *
 * Two implementations behind one table: hive_hivex.c (hivex, on Linux) and hive_memory.c (our own,
 * on Windows, where hivex's source cannot be had; on Linux with DISMFAKE_HIVE=memory, and for hives
 * that are more than hivex takes).
 */
#ifndef HIVE_HIVE_H
#define HIVE_HIVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "hr.h"
#include "scope.h"
#include "vec.h"

/* REG_SZ and its kind, as the registry numbers them. */
enum hive_value_type {
    HIVE_NONE = 0,
    HIVE_SZ = 1,
    HIVE_EXPAND_SZ = 2,
    HIVE_BINARY = 3,
    HIVE_DWORD = 4,
    HIVE_LINK = 6,
    HIVE_MULTI_SZ = 7,
    HIVE_QWORD = 11
};

struct hive;
/* A key of an open hive; 0: none. Valid until a key is made or deleted in that hive. */
typedef uint64_t hive_key;

/* For reading. ERROR_BADDB (1009): no hive, or a damaged one; ERROR_FILE_NOT_FOUND: no file. */
HRESULT hive_open(const char *path, struct hive **out);
/* The same of bytes in memory, which are copied; `name` is for messages. */
HRESULT hive_open_bytes(const void *bytes, size_t size, const char *name, struct hive **out);
/* For reading and changing. */
HRESULT hive_open_for_change(const char *path, struct hive **out);
/* Was anything set, made or deleted? Also where it came out as it was. */
bool hive_is_changed(const struct hive *hive);
/* Writes all of it into a file that must not exist yet (or is replaced), synced. Fails with what
 * hive_trouble says. */
HRESULT hive_save(struct hive *hive, const char *path);
/* Questions without room for an error (hive_find, hive_text, hive_number, hive_key_name,
 * hive_count_keys) answer "none" also when memory runs out: then this is that error from there on,
 * S_OK otherwise. */
HRESULT hive_trouble(const struct hive *hive);
/* What changed keys get as their time (FILETIME) from now on; the system's when it was opened,
 * until something else is said. */
void hive_set_time(struct hive *hive, uint64_t filetime);
void hive_close(struct hive *hive);
DEFINE_SCOPE(hive, struct hive, hive_close)
#define AUTO_HIVE AUTO(scope_hive)

/* ---- keys ---- */

hive_key hive_root(const struct hive *hive);
/* The key of a path below `from`, names with '\\' between them, "" is `from` itself. 0: there is
 * none, or `from` is 0. */
hive_key hive_find(const struct hive *hive, hive_key from, const char *path);
/* The key's name as it is spelled in the hive. Caller's; NULL: no memory, or damage. */
char *hive_key_name(const struct hive *hive, hive_key key);
/* When the key was last written, FILETIME. */
uint64_t hive_key_time(const struct hive *hive, hive_key key);
/* Calls `each` with every key directly below, in the order of the hive; key 0 has none. A failure
 * of `each` ends it and is passed on. `each` may delete the key it was given and change values, but
 * make or delete no other key of this list. */
HRESULT hive_each_key(const struct hive *hive, hive_key key,
                      HRESULT (*each)(void *context, hive_key child, const char *name),
                      void *context);
size_t hive_count_keys(const struct hive *hive, hive_key key);

/* ---- values; the default value's name is "" ---- */

struct hive_value {
    uint32_t type; /* enum hive_value_type, or another number */
    const void *data;
    size_t size;
};
/* Calls `each` with every value of the key; `value` is valid during the call, in which values of
 * this key must not be set or deleted. */
HRESULT hive_each_value(const struct hive *hive, hive_key key,
                        HRESULT (*each)(void *context, const char *name,
                                        const struct hive_value *value),
                        void *context);
/* S_FALSE: no such key or value (nothing is given). bytes are the caller's (mem_free). */
HRESULT hive_get(const struct hive *hive, hive_key key, const char *name, uint32_t *type,
                 uint8_t **bytes, size_t *size);
/* A value as text, whatever its type: a string as it is, the first of several, a number in decimal.
 * Caller's; NULL: no such key or value, another type, or no memory. */
char *hive_text(const struct hive *hive, hive_key key, const char *name);
/* false: no such value, or no 32-bit number. */
bool hive_number(const struct hive *hive, hive_key key, const char *name, uint32_t *out);
struct hive_texts {
    VEC(char *) list;
};
void hive_texts_clear(struct hive_texts *texts);
/* A REG_MULTI_SZ (or a single REG_SZ); no such value is an empty list. */
HRESULT hive_get_texts(const struct hive *hive, hive_key key, const char *name,
                       struct hive_texts *out);

/* ---- changes, in a hive opened for them ---- */

/* Finds the key of a path below `from`, or makes it and those above it. A name has at most 255
 * characters. */
HRESULT hive_make(struct hive *hive, hive_key from, const char *path, hive_key *out);
/* With everything below; not the root. */
HRESULT hive_delete_key(struct hive *hive, hive_key key);
/* A value keeps the spelling of its name. hivex takes at most 1,000,000 bytes, a hive 1 GB:
 * E_INVALIDARG. */
HRESULT hive_set(struct hive *hive, hive_key key, const char *name, uint32_t type, const void *data,
                 size_t size);
HRESULT hive_set_text(struct hive *hive, hive_key key, const char *name, const char *text);
HRESULT hive_set_number(struct hive *hive, hive_key key, const char *name, uint32_t number);
HRESULT hive_set_texts(struct hive *hive, hive_key key, const char *name, const char *const *texts,
                       size_t count);
/* No such value is fine. */
HRESULT hive_delete_value(struct hive *hive, hive_key key, const char *name);

#endif
