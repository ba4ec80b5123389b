/* SPDX-License-Identifier: MIT */
/* hive_backend.h - what an implementation of hive.h has to do; paths, texts and numbers are
 * hive.c's. */
#ifndef HIVE_HIVE_BACKEND_H
#define HIVE_HIVE_BACKEND_H

#include "hive.h"

struct regf;

struct hive_backend {
    void (*close)(struct hive *hive);
    hive_key (*root)(const struct hive *hive);
    /* S_FALSE: none. `len` bytes of name. */
    HRESULT(*child)
    (const struct hive *hive, hive_key key, const char *name, size_t len, hive_key *out);
    char *(*name)(const struct hive *hive, hive_key key);
    uint64_t (*written)(const struct hive *hive, hive_key key);
    size_t (*count)(const struct hive *hive, hive_key key);
    HRESULT(*each_key)
    (const struct hive *hive, hive_key key,
     HRESULT (*each)(void *context, hive_key child, const char *name), void *context);
    HRESULT(*each_value)
    (const struct hive *hive, hive_key key,
     HRESULT (*each)(void *context, const char *name, const struct hive_value *value),
     void *context);
    /* S_FALSE: none. The data is the hive's, valid until the next change. */
    HRESULT(*get)
    (const struct hive *hive, hive_key key, const char *name, struct hive_value *out);
    /* Finds or makes. */
    HRESULT(*make_child)
    (struct hive *hive, hive_key key, const char *name, size_t len, hive_key *out);
    HRESULT (*delete_key)(struct hive *hive, hive_key key);
    HRESULT(*set)
    (struct hive *hive, hive_key key, const char *name, const struct hive_value *value);
    HRESULT (*delete_value)(struct hive *hive, hive_key key, const char *name);
    /* The whole hive as a file has it; the caller's. */
    HRESULT (*write)(struct hive *hive, uint8_t **bytes, size_t *size);
};

/* The first member of every implementation's struct hive. */
struct hive {
    const struct hive_backend *backend;
    char *name;    /* for messages */
    uint64_t time; /* of changes */
    bool is_for_change, is_changed;
    HRESULT trouble;
};

/* Fills in what is common, the name copied; a failure leaves it to be closed. */
HRESULT hive_begin(struct hive *hive, const struct hive_backend *backend, const char *name,
                   bool for_change);

/* Where the bytes of a hive are: in the file, or, path NULL, in memory. */
struct hive_source {
    const char *path;
    const void *bytes;
    size_t size;
};

/* Takes the tree over, also on failure. */
HRESULT hive_memory_open(struct regf *regf, const char *name, bool for_change, struct hive **out);
/* S_FALSE: more than hivex takes. */
HRESULT hive_hivex_open(const struct hive_source *source, const char *name, bool for_change,
                        struct hive **out);

#endif
