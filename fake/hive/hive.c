/* SPDX-License-Identifier: MIT */
/* hive.c - see hive.h: what both implementations share. */
#include "hive.h"

#include <string.h>

#include "bytes.h"
#include "dism_codes.h"
#include "error.h"
#include "hive_backend.h"
#include "os.h"
#include "regf.h"
#include "text.h"

#define EPOCH_1601 116444736000000000u

uint64_t hive_now(void)
{
    return (uint64_t)(os_wall_ns() / 100) + EPOCH_1601;
}

#ifdef DISMFAKE_HIVEX
static bool uses_memory(void)
{
    const char *word = os_getenv("DISMFAKE_HIVE");
    return word && text_equal(word, "memory");
}
#endif

static HRESULT open_any(const char *path, const void *bytes, size_t size, const char *name,
                        bool for_change, struct hive **out)
{
#ifdef DISMFAKE_HIVEX
    if (!uses_memory())
        return hive_hivex_open(path, bytes, size, name, for_change, out);
#endif
    TRY(hive_memory_open(path, bytes, size, name, out));
    (*out)->is_for_change = for_change;
    return S_OK;
}

HRESULT hive_open(const char *path, struct hive **out)
{
    return open_any(path, NULL, 0, path, false, out);
}

HRESULT hive_open_bytes(const void *bytes, size_t size, const char *name, struct hive **out)
{
    return open_any(NULL, bytes, size, name, false, out);
}

HRESULT hive_open_for_change(const char *path, struct hive **out)
{
    return open_any(path, NULL, 0, path, true, out);
}

static HRESULT check_for_change(const struct hive *hive)
{
    return hive->is_for_change
               ? S_OK
               : FAIL(E_UNEXPECTED, "the hive %s was opened for reading", hive->name);
}

HRESULT hive_save(struct hive *hive, const char *path)
{
    TRY(check_for_change(hive));
    return hive->backend->save(hive, path);
}

void hive_close(struct hive *hive)
{
    hive->backend->close(hive);
}

/* ---- keys ---- */

hive_key hive_root(const struct hive *hive)
{
    return hive->backend->root(hive);
}

hive_key hive_find(const struct hive *hive, hive_key from, const char *path)
{
    while (from && *path) {
        size_t len = strcspn(path, "\\");
        AUTO_FREE char *name = mem_dup_n(path, len);
        if (len > 0)
            from = name ? hive->backend->child(hive, from, name) : 0;
        path += len + (path[len] == '\\');
    }
    return from;
}

char *hive_key_name(const struct hive *hive, hive_key key)
{
    return hive->backend->name(hive, key);
}

uint64_t hive_key_time(const struct hive *hive, hive_key key)
{
    return hive->backend->written(hive, key);
}

size_t hive_count_keys(const struct hive *hive, hive_key key)
{
    return key ? hive->backend->count(hive, key) : 0;
}

HRESULT hive_each_key(const struct hive *hive, hive_key key,
                      HRESULT (*each)(void *context, hive_key child, const char *name),
                      void *context)
{
    return key ? hive->backend->each_key(hive, key, each, context) : S_OK;
}

/* ---- values ---- */

HRESULT hive_each_value(const struct hive *hive, hive_key key,
                        HRESULT (*each)(void *context, const char *name,
                                        const struct hive_value *value),
                        void *context)
{
    return key ? hive->backend->each_value(hive, key, each, context) : S_OK;
}

HRESULT hive_get(const struct hive *hive, hive_key key, const char *name, uint32_t *type,
                 uint8_t **bytes, size_t *size)
{
    struct hive_value value;
    void *owned = NULL;
    if (!key)
        return S_FALSE;
    HRESULT hr = hive->backend->get(hive, key, name, &value, &owned);
    TRY(hr);
    if (hr == S_FALSE)
        return hr;
    AUTO_FREE void *taken = owned;
    uint8_t *copy = owned ? TAKE(taken) : (uint8_t *)mem_alloc(value.size + 1);
    if (!copy)
        return FAIL_MEMORY();
    if (!owned && value.size)
        memcpy(copy, value.data, value.size);
    *type = value.type;
    *bytes = copy;
    *size = value.size;
    return S_OK;
}

/* Up to a NUL or the end; *next is what follows. Caller's; NULL without memory. */
static char *text_of(const uint8_t *bytes, size_t size, size_t *next)
{
    char *text = NULL;
    VEC(char16_t) units = {0};
    size_t i = 0;
    bool is_ascii = true;
    for (; i + 1 < size && LE16(bytes + i) != 0; i += 2)
        is_ascii = is_ascii && LE16(bytes + i) < 0x80;
    if (next)
        *next = i + 2;
    if (is_ascii) { /* nearly always */
        text = mem_alloc(i / 2 + 1);
        for (size_t k = 0; text && k < i; k += 2)
            text[k / 2] = (char)bytes[k];
        return text;
    }
    for (size_t k = 0; k < i; k += 2) {
        char16_t *unit = vec_push(&units);
        if (!unit)
            break;
        *unit = LE16(bytes + k);
    }
    if (units.len == i / 2 && FAILED(text_from_utf16_n(units.ptr, units.len, &text)))
        text = NULL;
    vec_clear(&units);
    return text;
}

char *hive_text(const struct hive *hive, hive_key key, const char *name)
{
    struct hive_value value;
    void *owned = NULL;
    if (!key || hive->backend->get(hive, key, name, &value, &owned) != S_OK)
        return NULL;
    AUTO_FREE void *freed = owned;
    (void)freed;
    switch (value.type) {
    case HIVE_SZ:
    case HIVE_EXPAND_SZ:
    case HIVE_MULTI_SZ:
        return text_of(value.data, value.size, NULL);
    case HIVE_DWORD:
        return value.size >= 4 ? mem_format("%u", (unsigned)LE32(value.data)) : NULL;
    default:
        return NULL;
    }
}

bool hive_number(const struct hive *hive, hive_key key, const char *name, uint32_t *out)
{
    struct hive_value value;
    void *owned = NULL;
    if (!key || hive->backend->get(hive, key, name, &value, &owned) != S_OK)
        return false;
    AUTO_FREE void *freed = owned;
    (void)freed;
    if (value.type != HIVE_DWORD || value.size < 4)
        return false;
    *out = LE32(value.data);
    return true;
}

void hive_texts_clear(struct hive_texts *texts)
{
    for (size_t i = 0; i < texts->list.len; i++)
        mem_free(texts->list.ptr[i]);
    vec_clear(&texts->list);
}

static HRESULT split(const struct hive_value *value, struct hive_texts *out)
{
    const uint8_t *bytes = value->data;
    for (size_t at = 0, next = 0; at + 1 < value->size && LE16(bytes + at) != 0; at += next) {
        char **slot = vec_push(&out->list);
        if (!slot || !(*slot = text_of(bytes + at, value->size - at, &next)))
            return FAIL_MEMORY();
        if (value->type != HIVE_MULTI_SZ)
            break;
    }
    return S_OK;
}

HRESULT hive_get_texts(const struct hive *hive, hive_key key, const char *name,
                       struct hive_texts *out)
{
    struct hive_value value;
    void *owned = NULL;
    *out = (struct hive_texts){0};
    if (!key)
        return S_OK;
    HRESULT hr = hive->backend->get(hive, key, name, &value, &owned);
    TRY(hr);
    AUTO_FREE void *freed = owned;
    (void)freed;
    if (hr == S_FALSE || (value.type != HIVE_MULTI_SZ && value.type != HIVE_SZ))
        return S_OK;
    hr = split(&value, out);
    if (FAILED(hr))
        hive_texts_clear(out);
    return hr;
}

/* ---- changes ---- */

HRESULT hive_make(struct hive *hive, hive_key from, const char *path, hive_key *out)
{
    TRY(check_for_change(hive));
    while (*path) {
        size_t len = strcspn(path, "\\");
        AUTO_FREE char *name = mem_dup_n(path, len);
        if (!name)
            return FAIL_MEMORY();
        if (len > 0)
            TRY(hive->backend->make_child(hive, from, name, &from));
        path += len + (path[len] == '\\');
    }
    *out = from;
    return S_OK;
}

HRESULT hive_delete_key(struct hive *hive, hive_key key)
{
    TRY(check_for_change(hive));
    return hive->backend->delete_key(hive, key);
}

HRESULT hive_set(struct hive *hive, hive_key key, const char *name, uint32_t type, const void *data,
                 size_t size)
{
    TRY(check_for_change(hive));
    return hive->backend->set(hive, key, name, &(struct hive_value){type, data, size});
}

HRESULT hive_set_text(struct hive *hive, hive_key key, const char *name, const char *text)
{
    struct text bytes AUTO(text_clear) = {0};
    TRY(regf_text_bytes(&bytes, text));
    return hive_set(hive, key, name, HIVE_SZ, bytes.ptr, bytes.len);
}

HRESULT hive_set_number(struct hive *hive, hive_key key, const char *name, uint32_t number)
{
    uint8_t bytes[4];
    set_le(bytes, 4, number);
    return hive_set(hive, key, name, HIVE_DWORD, bytes, sizeof bytes);
}

HRESULT hive_set_texts(struct hive *hive, hive_key key, const char *name, const char *const *texts,
                       size_t count)
{
    struct text bytes AUTO(text_clear) = {0};
    for (size_t i = 0; i < count; i++)
        TRY(regf_text_bytes(&bytes, texts[i]));
    text_add_n(&bytes, "\0", 2);
    if (bytes.failed)
        return FAIL_MEMORY();
    return hive_set(hive, key, name, HIVE_MULTI_SZ, bytes.ptr, bytes.len);
}

HRESULT hive_delete_value(struct hive *hive, hive_key key, const char *name)
{
    TRY(check_for_change(hive));
    return hive->backend->delete_value(hive, key, name);
}
