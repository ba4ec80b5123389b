/* SPDX-License-Identifier: MIT */
/* hive_memory.c - hive.h by our own tree (regf.h). */
#include <string.h>

#include "error.h"
#include "hive_backend.h"
#include "regf.h"

struct memory_hive {
    struct hive hive;
    struct regf *regf;
};

static struct regf *regf_of(const struct hive *hive)
{
    return ((const struct memory_hive *)(const void *)hive)->regf;
}

/* The tree, in which changes have the hive's time. */
static struct regf *changing(const struct hive *hive)
{
    regf_set_time(regf_of(hive), hive->time);
    return regf_of(hive);
}

static void memory_close(struct hive *hive)
{
    if (regf_of(hive))
        regf_free(regf_of(hive));
    mem_free(hive->name);
    mem_free(hive);
}

static hive_key memory_root(const struct hive *hive)
{
    return regf_root(regf_of(hive));
}

static HRESULT memory_child(const struct hive *hive, hive_key key, const char *name, size_t len,
                            hive_key *out)
{
    *out = regf_child(regf_of(hive), (regf_key)key, name, len);
    return *out ? S_OK : S_FALSE;
}

static char *memory_name(const struct hive *hive, hive_key key)
{
    const struct regf_name name = regf_key_name(regf_of(hive), (regf_key)key);
    return regf_name_text(&name);
}

static uint64_t memory_time(const struct hive *hive, hive_key key)
{
    return regf_key_time(regf_of(hive), (regf_key)key);
}

static size_t memory_count(const struct hive *hive, hive_key key)
{
    return regf_count_keys(regf_of(hive), (regf_key)key);
}

static HRESULT memory_each_key(const struct hive *hive, hive_key key,
                               HRESULT (*each)(void *context, hive_key child, const char *name),
                               void *context)
{
    const struct regf *regf = regf_of(hive);
    for (size_t i = 0; i < regf_count_keys(regf, (regf_key)key);) {
        const regf_key child = regf_key_at(regf, (regf_key)key, i);
        const struct regf_name name = regf_key_name(regf, child);
        struct regf_shown shown AUTO(regf_shown_clear);
        regf_show(&name, &shown);
        if (!shown.text)
            return FAIL_MEMORY();
        TRY(each(context, child, shown.text));
        if (i < regf_count_keys(regf, (regf_key)key) &&
            regf_key_at(regf, (regf_key)key, i) == child)
            i++; /* else it was deleted */
    }
    return S_OK;
}

static struct hive_value value_of(const struct regf_value *value)
{
    return (struct hive_value){value->type, value->data, value->size};
}

static HRESULT memory_each_value(const struct hive *hive, hive_key key,
                                 HRESULT (*each)(void *context, const char *name,
                                                 const struct hive_value *value),
                                 void *context)
{
    const struct regf *regf = regf_of(hive);
    for (size_t i = 0; i < regf_count_values(regf, (regf_key)key); i++) {
        const struct regf_value *own = regf_value_at(regf, (regf_key)key, i);
        const struct hive_value value = value_of(own);
        struct regf_shown shown AUTO(regf_shown_clear);
        regf_show(&own->name, &shown);
        if (!shown.text)
            return FAIL_MEMORY();
        TRY(each(context, shown.text, &value));
    }
    return S_OK;
}

static HRESULT memory_get(const struct hive *hive, hive_key key, const char *name,
                          struct hive_value *out)
{
    const struct regf_value *value = regf_value(regf_of(hive), (regf_key)key, name);
    if (!value)
        return S_FALSE;
    *out = value_of(value);
    return S_OK;
}

static HRESULT memory_make_child(struct hive *hive, hive_key key, const char *name, size_t len,
                                 hive_key *out)
{
    regf_key child;
    TRY(regf_make_child(changing(hive), (regf_key)key, name, len, &child));
    *out = child;
    return S_OK;
}

static HRESULT memory_delete_key(struct hive *hive, hive_key key)
{
    return regf_delete_key(changing(hive), (regf_key)key);
}

static HRESULT memory_set(struct hive *hive, hive_key key, const char *name,
                          const struct hive_value *value)
{
    return regf_set(changing(hive), (regf_key)key, name, value->type, value->data, value->size);
}

static HRESULT memory_delete_value(struct hive *hive, hive_key key, const char *name)
{
    TRY(regf_delete_value(changing(hive), (regf_key)key, name));
    return S_OK;
}

static HRESULT memory_write(struct hive *hive, uint8_t **bytes, size_t *size)
{
    return regf_write(regf_of(hive), NULL, hive->time, bytes, size);
}

static const struct hive_backend backend = {
    .close = memory_close,
    .root = memory_root,
    .child = memory_child,
    .name = memory_name,
    .written = memory_time,
    .count = memory_count,
    .each_key = memory_each_key,
    .each_value = memory_each_value,
    .get = memory_get,
    .make_child = memory_make_child,
    .delete_key = memory_delete_key,
    .set = memory_set,
    .delete_value = memory_delete_value,
    .write = memory_write,
};

HRESULT hive_memory_open(struct regf *regf, const char *name, bool for_change, struct hive **out)
{
    AUTO_REGF struct regf *taken = regf;
    AUTO_HIVE struct hive *hive = NULL;
    struct memory_hive *memory = mem_alloc(sizeof *memory);
    if (!memory)
        return FAIL_MEMORY();
    hive = &memory->hive;
    memory->regf = TAKE(taken);
    TRY(hive_begin(hive, &backend, name, for_change));
    *out = TAKE(hive);
    return S_OK;
}
