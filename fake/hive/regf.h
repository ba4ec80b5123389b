/* SPDX-License-Identifier: MIT */
/*
 * regf.h - a registry hive as a tree in memory: read from the file format (regf 1.3 to 1.6) as far
 * as somebody looks, changed, written anew and compactly. What is not changed keeps its types,
 * times, class names, flags and security descriptors. Fixtures are made by it too.
 *
 * Damage is ERROR_BADDB where it is met: every offset and length is looked at, a tree that leads
 * back into itself runs into the end of what its size can hold. Transaction logs are not applied.
 */
#ifndef HIVE_REGF_H
#define HIVE_REGF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "hr.h"
#include "scope.h"
#include "vec.h"

struct regf_value {
    char *name; /* "": the default value */
    uint32_t type;
    const uint8_t *data;
    size_t size;
    bool is_owned;           /* data is memory of its own */
    const uint8_t *raw_name; /* as in the file, where it came from one */
    uint16_t raw_length, flags;
};

struct regf_key {
    struct regf_key *parent; /* NULL: the root */
    char *name;
    uint64_t time;       /* FILETIME */
    const uint8_t *cell; /* "nk" of the file; NULL: a new key */
    size_t cell_size;
    bool has_keys, has_values; /* read into the lists below */
    bool is_sorted;
    VEC(struct regf_key *) keys; /* in the order of a hive: upper-cased names */
    VEC(struct regf_value) values;
};

struct regf;
/* An empty root. */
HRESULT regf_new(struct regf **out);
/* Takes the bytes over (mem_free), also on failure. `name` is for messages. */
HRESULT regf_read(uint8_t *bytes, size_t size, const char *name, struct regf **out);
void regf_free(struct regf *regf);
DEFINE_SCOPE(regf, struct regf, regf_free)
#define AUTO_REGF AUTO(scope_regf)
/* Reads everything: damage anywhere shows. */
HRESULT regf_check(struct regf *regf);
/* The whole hive, the caller's. `name` (its first 31 characters) and `time` go into the header. */
HRESULT regf_write(struct regf *regf, const char *name, uint64_t time, uint8_t **bytes,
                   size_t *size);
/* What new and changed keys get from now on. */
void regf_set_time(struct regf *regf, uint64_t filetime);

struct regf_key *regf_root(const struct regf *regf);
/* To be called before the lists of a key are looked at. */
HRESULT regf_need_keys(struct regf *regf, struct regf_key *key);
HRESULT regf_need_values(struct regf *regf, struct regf_key *key);
/* S_FALSE: there is none. */
HRESULT regf_child(struct regf *regf, struct regf_key *key, const char *name,
                   struct regf_key **out);
HRESULT regf_value(struct regf *regf, struct regf_key *key, const char *name,
                   struct regf_value **out);

/* Finds the key of a path ('\\' between names) or makes it and those above it. */
HRESULT regf_make(struct regf *regf, struct regf_key *from, const char *path,
                  struct regf_key **out);
HRESULT regf_delete_key(struct regf *regf, struct regf_key *key);
HRESULT regf_set(struct regf *regf, struct regf_key *key, const char *name, uint32_t type,
                 const void *data, size_t size);
HRESULT regf_delete_value(struct regf *regf, struct regf_key *key, const char *name);

/* For makers of hives: paths from the root, all above made. */
HRESULT regf_add_key(struct regf *regf, const char *path);
HRESULT regf_add_text(struct regf *regf, const char *path, const char *name, const char *text);
HRESULT regf_add_texts(struct regf *regf, const char *path, const char *name,
                       const char *const *texts, size_t count); /* REG_MULTI_SZ */
HRESULT regf_add_number(struct regf *regf, const char *path, const char *name, uint32_t value);
HRESULT regf_add_bytes(struct regf *regf, const char *path, const char *name, uint32_t type,
                       const void *data, size_t size);

/* Text as a hive has it: UTF-16LE with a NUL. */
struct text;
HRESULT regf_text_bytes(struct text *out, const char *text);

/* Shared by the reader and the writer. */
enum regf_layout {
    REGF_PAGE = 4096,
    REGF_BIN_HEADER = 32,
    REGF_KEY_SIZE = 76,   /* of "nk" before the name */
    REGF_VALUE_SIZE = 20, /* of "vk" before the name */
    REGF_KEY_ASCII_NAME = 0x20,
    REGF_KEY_ROOT = 0x0C, /* and may not be deleted */
    REGF_VALUE_ASCII_NAME = 1,
    REGF_MOST_IN_CELL = 16344, /* more data is a list of segments ("db") */
    REGF_DEEPEST = 512,        /* levels of keys, as Windows has it */
};
/* The content of a cell of the file it was read from. */
HRESULT regf_cell(const struct regf *regf, uint32_t offset, size_t least, const uint8_t **cell,
                  size_t *size);

#endif
