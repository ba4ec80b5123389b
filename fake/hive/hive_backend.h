/* SPDX-License-Identifier: MIT */
/* hive_backend.h - what an implementation of hive.h has to do; paths, texts and numbers are
 * hive.c's. */
#ifndef HIVE_HIVE_BACKEND_H
#define HIVE_HIVE_BACKEND_H

#include "hive.h"

struct hive_backend {
    void (*close)(struct hive *hive);
    hive_key (*root)(const struct hive *hive);
    hive_key (*child)(const struct hive *hive, hive_key key, const char *name); /* 0: none */
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
    /* S_FALSE: none. The data is the caller's if *owned is set to it, else the hive's. */
    HRESULT(*get)
    (const struct hive *hive, hive_key key, const char *name, struct hive_value *out, void **owned);
    HRESULT (*make_child)(struct hive *hive, hive_key key, const char *name, hive_key *out);
    HRESULT (*delete_key)(struct hive *hive, hive_key key);
    HRESULT(*set)
    (struct hive *hive, hive_key key, const char *name, const struct hive_value *value);
    HRESULT (*delete_value)(struct hive *hive, hive_key key, const char *name);
    HRESULT (*save)(struct hive *hive, const char *path);
};

/* The first member of every implementation's struct hive. */
struct hive {
    const struct hive_backend *backend;
    bool is_for_change;
    char *name; /* for messages */
};

/* path NULL: the bytes, which are borrowed. */
HRESULT hive_memory_open(const char *path, const void *bytes, size_t size, const char *name,
                         struct hive **out);
HRESULT hive_hivex_open(const char *path, const void *bytes, size_t size, const char *name,
                        bool for_change, struct hive **out);

/* Now, as a FILETIME. */
uint64_t hive_now(void);

#endif
