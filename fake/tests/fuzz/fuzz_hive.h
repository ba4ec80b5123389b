/* SPDX-License-Identifier: MIT */
/* fuzz_hive.h - what fuzz_hive and fuzz_hivex do with a hive, whoever reads it. */
#ifndef FUZZ_FUZZ_HIVE_H
#define FUZZ_FUZZ_HIVE_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "error.h"
#include "hive.h"
#include "mem.h"
#include "os.h"
#include "text.h"

static char fuzz_folder[64], fuzz_first[96], fuzz_second[96];

static inline void fuzz_remove_folder(void)
{
    (void)os_remove_tree(fuzz_folder, true);
}

static inline void fuzz_begin(void)
{
    const char *temporary = os_getenv("TMPDIR");
    snprintf(fuzz_folder, sizeof fuzz_folder, "%.40s/fuzz-hive-%u", temporary ? temporary : "/tmp",
             os_pid());
    if (FAILED(os_make_directory(fuzz_folder)))
        abort();
    atexit(fuzz_remove_folder);
    snprintf(fuzz_first, sizeof fuzz_first, "%s/first", fuzz_folder);
    snprintf(fuzz_second, sizeof fuzz_second, "%s/second", fuzz_folder);
}

static inline void fuzz_check(HRESULT hr)
{
    if (SUCCEEDED(hr))
        return;
    fprintf(stderr, "0x%08X %s\n", (unsigned)hr, error_last()->text);
    abort();
}

static inline void fuzz_write_first(const uint8_t *data, size_t size)
{
    AUTO_FILE struct os_file *file = NULL;
    fuzz_check(os_open(fuzz_first, OS_WRITE | OS_CREATE | OS_TRUNCATE, &file));
    fuzz_check(os_write(file, data, size));
}

/* All that is in a hive, as a number; times aside, which a change sets. Text of the first keys is
 * kept for the changes. */
struct fuzz_view {
    const struct hive *hive;
    uint64_t sum;
    unsigned keys, values;
    bool is_noted; /* paths of keys are noted */
    struct text path;
    VEC(char *) paths;
};

static inline void fuzz_mix(struct fuzz_view *v, const void *data, size_t size)
{
    const uint8_t *bytes = data;
    for (size_t i = 0; i < size; i++)
        v->sum = (v->sum ^ bytes[i]) * 0x100000001B3u;
    v->sum = (v->sum ^ size) * 0x100000001B3u;
}

static inline HRESULT fuzz_see_value(void *context, const char *name,
                                     const struct hive_value *value)
{
    struct fuzz_view *v = context;
    v->values++;
    fuzz_mix(v, name, strlen(name));
    fuzz_mix(v, &value->type, sizeof value->type);
    fuzz_mix(v, value->data, value->size);
    return S_OK;
}

static inline HRESULT fuzz_see_key(void *context, hive_key key, const char *name)
{
    struct fuzz_view *v = context;
    const size_t length = v->path.len;
    fuzz_mix(v, name, strlen(name));
    if (v->keys++ > 0)
        text_addf(&v->path, "%s%s", length ? "\\" : "", name);
    if (v->is_noted && v->paths.len < 12 && v->path.len && !v->path.failed)
        *vec_push(&v->paths) = mem_dup(v->path.ptr);
    fuzz_check(hive_each_value(v->hive, key, fuzz_see_value, v));
    fuzz_check(hive_each_key(v->hive, key, fuzz_see_key, v));
    fuzz_mix(v, "up", 2);
    v->path.len = length;
    if (v->path.ptr)
        v->path.ptr[length] = 0;
    return S_OK;
}

static inline struct fuzz_view fuzz_see(const struct hive *hive, bool is_noted)
{
    struct fuzz_view v = {.hive = hive, .is_noted = is_noted};
    AUTO_FREE char *name = hive_key_name(hive, hive_root(hive));
    (void)fuzz_see_key(&v, hive_root(hive), name ? name : "");
    text_clear(&v.path);
    return v;
}

static inline void fuzz_forget(struct fuzz_view *v)
{
    for (size_t i = 0; i < v->paths.len; i++)
        mem_free(v->paths.ptr[i]);
    vec_clear(&v->paths);
}

/* The same changes to the same hive, whoever makes them: a key, values of several sizes, and
 * something away. Names that cannot be given in a path lead elsewhere or nowhere. */
static inline void fuzz_change(struct hive *hive, const struct fuzz_view *view)
{
    static const uint8_t data[40000] = {1, 2, 3};
    static const size_t sizes[] = {0, 4, 5, 16344, 16345, 40000};
    for (size_t i = 0; i < view->paths.len; i++) {
        hive_key key = hive_find(hive, hive_root(hive), view->paths.ptr[i]), made;
        if (!key || key == hive_root(hive))
            continue;
        if (i % 4 == 3) {
            fuzz_check(hive_delete_key(hive, key));
            continue;
        }
        HRESULT hr = hive_make(hive, key, i % 2 ? "new\\\u00e9\u0416" : "MADE", &made);
        if (hr == E_INVALIDARG) /* too deep */
            continue;
        fuzz_check(hr);
        fuzz_check(hive_set(hive, made, "v", 3, data, sizes[i % 6]));
        fuzz_check(hive_set_text(hive, key, "ImagePath", "\u00e9\u0416"));
        fuzz_check(hive_delete_value(hive, key, "a"));
    }
    fuzz_check(hive_set_number(hive, hive_root(hive), "", 7));
}

#endif
