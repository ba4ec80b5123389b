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

/* ---- opening ---- */

HRESULT hive_begin(struct hive *hive, const struct hive_backend *backend, const char *name,
                   bool for_change)
{
    hive->backend = backend;
    hive->is_for_change = for_change;
    hive->time = (uint64_t)(os_wall_ns() / 100) + EPOCH_1601;
    hive->name = mem_dup(name);
    return hive->name ? S_OK : FAIL_MEMORY();
}

static HRESULT read_source(const struct hive_source *source, uint8_t **out, size_t *size)
{
    if (source->path)
        return os_read_file(source->path, (char **)out, size);
    *out = mem_alloc(source->size);
    if (!*out)
        return FAIL_MEMORY();
    if (source->size)
        memcpy(*out, source->bytes, source->size);
    *size = source->size;
    return S_OK;
}

/* Whoever opens it in the end, it is our own reader that looks whether it is sound. */
static HRESULT open_any(const struct hive_source *source, const char *name, bool for_change,
                        struct hive **out)
{
    uint8_t *bytes;
    size_t size;
    AUTO_REGF struct regf *regf = NULL;
#ifdef DISMFAKE_HIVEX
    const char *word = os_getenv("DISMFAKE_HIVE");
    if (!word || !text_equal(word, "memory")) {
        HRESULT hr = hive_hivex_open(source, name, for_change, out);
        if (hr != S_FALSE)
            return hr;
    }
#endif
    TRY(read_source(source, &bytes, &size));
    TRY(regf_read(bytes, size, name, &regf));
    return hive_memory_open(TAKE(regf), name, for_change, out);
}

HRESULT hive_open(const char *path, struct hive **out)
{
    return open_any(&(struct hive_source){.path = path}, path, false, out);
}

HRESULT hive_open_for_change(const char *path, struct hive **out)
{
    return open_any(&(struct hive_source){.path = path}, path, true, out);
}

HRESULT hive_open_bytes(const void *bytes, size_t size, const char *name, struct hive **out)
{
    return open_any(&(struct hive_source){.bytes = bytes, .size = size}, name, false, out);
}

void hive_close(struct hive *hive)
{
    hive->backend->close(hive);
}

/* A failure where there is no room for one. */
static void note(const struct hive *hive, HRESULT hr)
{
    if (FAILED(hr) && SUCCEEDED(hive->trouble))
        ((struct hive *)(uintptr_t)hive)->trouble = hr;
}

HRESULT hive_trouble(const struct hive *hive)
{
    return SUCCEEDED(hive->trouble)
               ? S_OK
               : FAIL(hive->trouble, "the hive %s could not be looked at", hive->name);
}

void hive_set_time(struct hive *hive, uint64_t filetime)
{
    hive->time = filetime;
}

static HRESULT check_for_change(const struct hive *hive)
{
    return hive->is_for_change
               ? S_OK
               : FAIL(E_UNEXPECTED, "the hive %s was opened for reading", hive->name);
}

bool hive_is_changed(const struct hive *hive)
{
    return hive->is_changed;
}

HRESULT hive_save(struct hive *hive, const char *path)
{
    AUTO_FREE uint8_t *bytes = NULL;
    AUTO_FILE struct os_file *file = NULL;
    size_t size;
    TRY(check_for_change(hive));
    TRY(hive_trouble(hive));
    TRY(hive->backend->write(hive, &bytes, &size));
    TRY(os_open(path, OS_WRITE | OS_CREATE | OS_TRUNCATE, &file));
    TRY(os_write(file, bytes, size));
    return os_sync(file);
}

/* ---- keys ---- */

hive_key hive_root(const struct hive *hive)
{
    return hive->backend->root(hive);
}

hive_key hive_find(const struct hive *hive, hive_key from, const char *path)
{
    while (from && *path) {
        const size_t len = strcspn(path, "\\");
        if (len > 0) {
            HRESULT hr = hive->backend->child(hive, from, path, len, &from);
            note(hive, hr);
            if (hr != S_OK)
                return 0;
        }
        path += len + (path[len] == '\\');
    }
    return from;
}

char *hive_key_name(const struct hive *hive, hive_key key)
{
    char *name = hive->backend->name(hive, key);
    if (!name)
        note(hive, FAIL_MEMORY());
    return name;
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
    HRESULT hr = key ? hive->backend->get(hive, key, name, &value) : S_FALSE;
    if (hr != S_OK)
        return hr;
    uint8_t *copy = mem_alloc(value.size + 1);
    if (!copy)
        return FAIL_MEMORY();
    if (value.size)
        memcpy(copy, value.data, value.size);
    *type = value.type;
    *bytes = copy;
    *size = value.size;
    return S_OK;
}

/* For those without room for an error. */
static bool look(const struct hive *hive, hive_key key, const char *name, struct hive_value *out)
{
    HRESULT hr = key ? hive->backend->get(hive, key, name, out) : S_FALSE;
    note(hive, hr);
    return hr == S_OK;
}

/* Up to a NUL or the end; *next is what follows. Caller's; NULL without memory. */
static char *text_of(const uint8_t *bytes, size_t size, size_t *next)
{
    size_t end = 0;
    while (end + 1 < size && LE16(bytes + end) != 0)
        end += 2;
    *next = end + 2;
    return regf_name_text(&(struct regf_name){bytes, (uint32_t)(end / 2), true});
}

static bool is_text(uint32_t type)
{
    return type == HIVE_SZ || type == HIVE_EXPAND_SZ || type == HIVE_LINK || type == HIVE_MULTI_SZ;
}

char *hive_text(const struct hive *hive, hive_key key, const char *name)
{
    struct hive_value value;
    size_t next;
    if (!look(hive, key, name, &value))
        return NULL;
    const bool is_number = value.type == HIVE_DWORD && value.size >= 4;
    if (!is_number && !is_text(value.type))
        return NULL;
    char *text = is_number ? mem_format("%u", (unsigned)LE32(value.data))
                           : text_of(value.data, value.size, &next);
    if (!text)
        note(hive, FAIL_MEMORY());
    return text;
}

bool hive_number(const struct hive *hive, hive_key key, const char *name, uint32_t *out)
{
    struct hive_value value;
    if (!look(hive, key, name, &value) || value.type != HIVE_DWORD || value.size < 4)
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
    *out = (struct hive_texts){0};
    HRESULT hr = key ? hive->backend->get(hive, key, name, &value) : S_FALSE;
    TRY(hr);
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
        const size_t len = strcspn(path, "\\");
        if (len > 0)
            TRY(hive->backend->make_child(hive, from, path, len, &from));
        path += len + (path[len] == '\\');
        hive->is_changed = true;
    }
    *out = from;
    return S_OK;
}

HRESULT hive_delete_key(struct hive *hive, hive_key key)
{
    TRY(check_for_change(hive));
    hive->is_changed = true;
    return hive->backend->delete_key(hive, key);
}

HRESULT hive_set(struct hive *hive, hive_key key, const char *name, uint32_t type, const void *data,
                 size_t size)
{
    TRY(check_for_change(hive));
    hive->is_changed = true;
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
    struct hive_value value;
    TRY(check_for_change(hive));
    HRESULT hr = hive->backend->get(hive, key, name, &value);
    if (hr == S_OK)
        hive->is_changed = true;
    return hr == S_FALSE ? S_OK : FAILED(hr) ? hr : hive->backend->delete_value(hive, key, name);
}
