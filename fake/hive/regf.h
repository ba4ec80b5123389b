/* SPDX-License-Identifier: MIT */
/*
 * regf.h - a registry hive as a tree in memory: read from the file format (regf 1.3 to 1.6),
 * changed, written anew and compactly. What is not changed keeps its types, times, class names,
 * flags and security descriptors. Fixtures are made by it too.
 *
 * Reading looks at every offset and length, and lets each cell belong to one owner, so that what a
 * hive can cost is bounded by its size; damage is ERROR_BADDB. Transaction logs are not applied.
 * Names and data are not converted until somebody asks for them. Everything is given back when the
 * tree is freed, nothing before.
 */
#ifndef HIVE_REGF_H
#define HIVE_REGF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "hr.h"
#include "scope.h"

struct regf;
/* A key; 0: none. Valid until it is deleted. */
typedef uint32_t regf_key;

/* As in a file: one byte (Latin-1) or one UTF-16LE unit a character. */
struct regf_name {
    const uint8_t *bytes;
    uint32_t units;
    bool is_wide;
};

struct regf_value {
    struct regf_name name; /* empty: the default value */
    const uint8_t *data;
    uint32_t size, type;
    uint16_t flags; /* but for the one that is_wide says */
};

/* An empty root. */
HRESULT regf_new(struct regf **out);
/* Takes the bytes over (mem_free), also on failure. `name` is for messages. */
HRESULT regf_read(uint8_t *bytes, size_t size, const char *name, struct regf **out);
/* The same of bytes that stay the caller's, and where they are until the tree is freed. */
HRESULT regf_read_there(const uint8_t *bytes, size_t size, const char *name, struct regf **out);
void regf_free(struct regf *regf);
DEFINE_SCOPE(regf, struct regf, regf_free)
#define AUTO_REGF AUTO(scope_regf)
/* What is unusual in the file although it can be read, so that others (hivex, Windows) might
 * stumble over it: one of the findings. NULL: nothing. */
const char *regf_oddity(const struct regf *regf);
/* Does most of the file hold nothing? */
bool regf_is_loose(const struct regf *regf);
/* The whole hive, the caller's. `time` goes into its header, `name` (its first 31 characters) too;
 * NULL: the name that it had. */
HRESULT regf_write(const struct regf *regf, const char *name, uint64_t time, uint8_t **bytes,
                   size_t *size);
/* What new and changed keys get from now on. */
void regf_set_time(struct regf *regf, uint64_t filetime);

/* ---- keys ---- */

regf_key regf_root(const struct regf *regf);
/* Of that name, `len` bytes of UTF-8, in any letter case. */
regf_key regf_child(const struct regf *regf, regf_key key, const char *name, size_t len);
size_t regf_count_keys(const struct regf *regf, regf_key key);
regf_key regf_key_at(const struct regf *regf, regf_key key, size_t n); /* in the hive's order */
struct regf_name regf_key_name(const struct regf *regf, regf_key key);
uint64_t regf_key_time(const struct regf *regf, regf_key key);

/* Names of at most 255 characters. S_FALSE: it was there. */
HRESULT regf_make_child(struct regf *regf, regf_key key, const char *name, size_t len,
                        regf_key *out);
/* With everything below; not the root. */
HRESULT regf_delete_key(struct regf *regf, regf_key key);

/* ---- values ---- */

size_t regf_count_values(const struct regf *regf, regf_key key);
/* Valid until a value is set or deleted, its data as long as the tree. */
const struct regf_value *regf_value_at(const struct regf *regf, regf_key key, size_t n);
const struct regf_value *regf_value(const struct regf *regf, regf_key key,
                                    const char *name); /* NULL: none */
HRESULT regf_set(struct regf *regf, regf_key key, const char *name, uint32_t type, const void *data,
                 size_t size);
HRESULT regf_delete_value(struct regf *regf, regf_key key, const char *name); /* S_FALSE: none */

/* For makers of hives: paths ('\\' between names) from the root, all above made. */
HRESULT regf_add_key(struct regf *regf, const char *path);
HRESULT regf_add_text(struct regf *regf, const char *path, const char *name, const char *text);
HRESULT regf_add_texts(struct regf *regf, const char *path, const char *name,
                       const char *const *texts, size_t count); /* REG_MULTI_SZ */
HRESULT regf_add_number(struct regf *regf, const char *path, const char *name, uint32_t value);
HRESULT regf_add_bytes(struct regf *regf, const char *path, const char *name, uint32_t type,
                       const void *data, size_t size);

/* ---- names and texts ---- */

/* UTF-8, the caller's; NULL without memory. A NUL inside a name ends the text. */
char *regf_name_text(const struct regf_name *name);
/* The same without an allocation where it is short. */
struct regf_shown {
    char *text; /* NULL: no memory */
    char *large, small[512];
};
void regf_show(const struct regf_name *name, struct regf_shown *out);
void regf_shown_clear(struct regf_shown *shown);
/* Two texts in the order of a hive: by upper-cased UTF-16 units. */
int regf_compare(const char *a, size_t a_len, const char *b, size_t b_len);
/* The same for texts that compare as equal. */
uint32_t regf_hash_text(const char *text, size_t len);

/* Is the text fit to be a name of so many characters? ERROR_NO_UNICODE_TRANSLATION (1113): it is no
 * UTF-8. */
HRESULT regf_check_name(const char *name, size_t most);

/* Text as a hive has it: UTF-16LE with a NUL. */
struct text;
HRESULT regf_text_bytes(struct text *out, const char *text);

/* Windows' limits. */
enum {
    REGF_LONGEST_KEY = 255,     /* characters of a key's name */
    REGF_LONGEST_VALUE = 16383, /* ... of a value's */
    REGF_DEEPEST = 512,         /* levels of keys */
};

#endif
