/* SPDX-License-Identifier: MIT */
/* hive_memory.c - hive.h by our own regf tree (regf.h); a key is the address of its node. */
#include <string.h>

#include "dism_codes.h"
#include "error.h"
#include "hive_backend.h"
#include "os.h"
#include "path.h"
#include "regf.h"

struct memory_hive {
    struct hive hive;
    struct regf *regf;
};

static struct regf *regf_of(const struct hive *hive)
{
    return ((const struct memory_hive *)(const void *)hive)->regf;
}

static struct regf_key *key_of(hive_key key)
{
    return (struct regf_key *)(uintptr_t)key;
}

static void memory_close(struct hive *hive)
{
    struct memory_hive *memory = (struct memory_hive *)(void *)hive;
    if (memory->regf)
        regf_free(memory->regf);
    mem_free(hive->name);
    mem_free(memory);
}

static hive_key memory_root(const struct hive *hive)
{
    return (uintptr_t)regf_root(regf_of(hive));
}

static hive_key memory_child(const struct hive *hive, hive_key key, const char *name)
{
    struct regf_key *child;
    return regf_child(regf_of(hive), key_of(key), name, &child) == S_OK ? (uintptr_t)child : 0;
}

static char *memory_name(const struct hive *hive, hive_key key)
{
    (void)hive;
    return mem_dup(key_of(key)->name);
}

static uint64_t memory_time(const struct hive *hive, hive_key key)
{
    (void)hive;
    return key_of(key)->time;
}

static size_t memory_count(const struct hive *hive, hive_key key)
{
    return SUCCEEDED(regf_need_keys(regf_of(hive), key_of(key))) ? key_of(key)->keys.len : 0;
}

static HRESULT memory_each_key(const struct hive *hive, hive_key key,
                               HRESULT (*each)(void *context, hive_key child, const char *name),
                               void *context)
{
    struct regf_key *k = key_of(key);
    TRY(regf_need_keys(regf_of(hive), k));
    for (size_t i = 0; i < k->keys.len; i++)
        TRY(each(context, (uintptr_t)k->keys.ptr[i], k->keys.ptr[i]->name));
    return S_OK;
}

static HRESULT memory_each_value(const struct hive *hive, hive_key key,
                                 HRESULT (*each)(void *context, const char *name,
                                                 const struct hive_value *value),
                                 void *context)
{
    struct regf_key *k = key_of(key);
    TRY(regf_need_values(regf_of(hive), k));
    for (size_t i = 0; i < k->values.len; i++) {
        const struct regf_value *v = &k->values.ptr[i];
        TRY(each(context, v->name, &(struct hive_value){v->type, v->data, v->size}));
    }
    return S_OK;
}

static HRESULT memory_get(const struct hive *hive, hive_key key, const char *name,
                          struct hive_value *out, void **owned)
{
    struct regf_value *value;
    *owned = NULL;
    HRESULT hr = regf_value(regf_of(hive), key_of(key), name, &value);
    if (hr == S_OK)
        *out = (struct hive_value){value->type, value->data, value->size};
    return hr;
}

static HRESULT memory_make_child(struct hive *hive, hive_key key, const char *name, hive_key *out)
{
    struct regf_key *child;
    TRY(regf_make(regf_of(hive), key_of(key), name, &child));
    *out = (uintptr_t)child;
    return S_OK;
}

static HRESULT memory_delete_key(struct hive *hive, hive_key key)
{
    return regf_delete_key(regf_of(hive), key_of(key));
}

static HRESULT memory_set(struct hive *hive, hive_key key, const char *name,
                          const struct hive_value *value)
{
    return regf_set(regf_of(hive), key_of(key), name, value->type, value->data, value->size);
}

static HRESULT memory_delete_value(struct hive *hive, hive_key key, const char *name)
{
    HRESULT hr = regf_delete_value(regf_of(hive), key_of(key), name);
    return FAILED(hr) ? hr : S_OK;
}

static HRESULT memory_save(struct hive *hive, const char *path)
{
    AUTO_FREE uint8_t *bytes = NULL;
    AUTO_FILE struct os_file *file = NULL;
    size_t size;
    TRY(regf_write(regf_of(hive), path_name(hive->name), hive_now(), &bytes, &size));
    TRY(os_open(path, OS_WRITE | OS_CREATE | OS_TRUNCATE, &file));
    TRY(os_write(file, bytes, size));
    return os_sync(file);
}

static const struct hive_backend backend = {
    memory_close,      memory_root,     memory_child,        memory_name, memory_time,
    memory_count,      memory_each_key, memory_each_value,   memory_get,  memory_make_child,
    memory_delete_key, memory_set,      memory_delete_value, memory_save};

static HRESULT read_bytes(const char *path, const void *bytes, size_t size, uint8_t **out,
                          size_t *out_size)
{
    if (path) {
        char *data;
        TRY(os_read_file(path, &data, out_size));
        *out = (uint8_t *)data;
        return S_OK;
    }
    *out = mem_alloc(size + 1);
    if (!*out)
        return FAIL_MEMORY();
    memcpy(*out, bytes, size);
    *out_size = size;
    return S_OK;
}

HRESULT hive_memory_open(const char *path, const void *bytes, size_t size, const char *name,
                         struct hive **out)
{
    uint8_t *own;
    AUTO_HIVE struct hive *hive = NULL;
    struct memory_hive *memory = mem_alloc(sizeof *memory);
    if (!memory)
        return FAIL_MEMORY();
    hive = &memory->hive;
    hive->backend = &backend;
    hive->name = mem_dup(name);
    if (!hive->name)
        return FAIL_MEMORY();
    TRY(read_bytes(path, bytes, size, &own, &size));
    TRY(regf_read(own, size, name, &memory->regf));
    regf_set_time(memory->regf, hive_now());
    *out = TAKE(hive);
    return S_OK;
}
