/* SPDX-License-Identifier: MIT */
/* regf.c - see regf.h: the tree and the reader. The layout is that of public descriptions of regf.
 */
#include "regf.h"

#include <string.h>

#include "bytes.h"
#include "dism_codes.h"
#include "error.h"
#include "text.h"

#define NONE 0xFFFFFFFFu

struct regf {
    uint8_t *bytes; /* NULL: made in memory */
    size_t size;
    const uint8_t *bins;
    size_t bins_size;
    struct regf_key *root;
    uint64_t time;
    size_t left; /* keys and values that the file can still hold */
    char *name;
};

static HRESULT damaged(const struct regf *regf, const char *what)
{
    return FAIL(HR_WIN32(ERROR_BADDB), "the hive %s is damaged: %s", regf->name, what);
}

/* ---- the tree ---- */

static void value_clear(struct regf_value *value)
{
    mem_free(value->name);
    if (value->is_owned)
        mem_free((void *)value->data);
}

/* Keys are at most REGF_DEEPEST levels deep. */
static void key_free(struct regf_key *key)
{
    for (size_t i = 0; i < key->keys.len; i++)
        if (key->keys.ptr[i])
            key_free(key->keys.ptr[i]);
    for (size_t i = 0; i < key->values.len; i++)
        value_clear(&key->values.ptr[i]);
    vec_clear(&key->keys);
    vec_clear(&key->values);
    mem_free(key->name);
    mem_free(key);
}

void regf_free(struct regf *regf)
{
    if (regf->root)
        key_free(regf->root);
    mem_free(regf->bytes);
    mem_free(regf->name);
    mem_free(regf);
}

static struct regf_key *new_key(struct regf_key *parent, const char *name, uint64_t time)
{
    struct regf_key *key = mem_alloc(sizeof *key);
    if (!key)
        return NULL;
    *key = (struct regf_key){.parent = parent,
                             .name = mem_dup(name),
                             .time = time,
                             .has_keys = true,
                             .has_values = true,
                             .is_sorted = true};
    if (!key->name) {
        key_free(key);
        return NULL;
    }
    return key;
}

HRESULT regf_new(struct regf **out)
{
    AUTO_REGF struct regf *regf = mem_alloc(sizeof *regf);
    if (!regf || !(regf->name = mem_dup("")) || !(regf->root = new_key(NULL, "ROOT", 0)))
        return FAIL_MEMORY();
    *out = TAKE(regf);
    return S_OK;
}

void regf_set_time(struct regf *regf, uint64_t filetime)
{
    regf->time = filetime;
}

struct regf_key *regf_root(const struct regf *regf)
{
    return regf->root;
}

/* ---- reading ---- */

HRESULT regf_cell(const struct regf *regf, uint32_t offset, size_t least, const uint8_t **cell,
                  size_t *size)
{
    if (offset > regf->bins_size || regf->bins_size - offset < 8 || offset % 8)
        return damaged(regf, "an offset leads outside");
    uint32_t stored = LE32(regf->bins + offset);
    uint32_t whole = 0u - stored;
    if (!(stored & 0x80000000u) || whole < 8 || whole > regf->bins_size - offset)
        return damaged(regf, "a cell that is used is free, or too large");
    if (whole - 4 < least)
        return damaged(regf, "a cell is too small");
    *cell = regf->bins + offset + 4;
    *size = whole - 4;
    return S_OK;
}

static HRESULT spend(struct regf *regf, size_t count)
{
    if (regf->left < count)
        return damaged(regf, "its keys lead back into each other");
    regf->left -= count;
    return S_OK;
}

/* Names that hold a NUL end there for whoever looks; they are kept as they are. */
static HRESULT read_name(const uint8_t *raw, size_t length, bool is_ascii, char **out)
{
    struct text name AUTO(text_clear) = {0};
    if (!is_ascii) {
        VEC(char16_t) units = {0};
        for (size_t i = 0; i + 1 < length; i += 2) {
            char16_t *unit = vec_push(&units);
            if (!unit) {
                vec_clear(&units);
                return FAIL_MEMORY();
            }
            *unit = LE16(raw + i);
        }
        HRESULT hr = text_from_utf16_n(units.ptr ? units.ptr : u"", units.len, out);
        vec_clear(&units);
        return hr;
    }
    for (size_t i = 0; i < length; i++) {
        char bytes[4];
        if (raw[i] < 0x80)
            text_add_n(&name, (const char *)raw + i, 1);
        else
            text_add_n(&name, bytes, text_encode(raw[i], bytes));
    }
    *out = text_take(&name);
    return *out ? S_OK : FAIL_MEMORY();
}

static HRESULT read_key(struct regf *regf, uint32_t offset, struct regf_key *parent,
                        struct regf_key **out)
{
    const uint8_t *nk;
    size_t size;
    TRY(spend(regf, 1));
    TRY(regf_cell(regf, offset, REGF_KEY_SIZE, &nk, &size));
    uint16_t length = LE16(nk + 72);
    if (memcmp(nk, "nk", 2) != 0 || length > size - REGF_KEY_SIZE)
        return damaged(regf, "a key is none");
    struct regf_key *key = mem_alloc(sizeof *key);
    if (!key)
        return FAIL_MEMORY();
    *key = (struct regf_key){
        .parent = parent, .time = LE64(nk + 4), .cell = nk, .cell_size = size, .is_sorted = true};
    HRESULT hr =
        read_name(nk + REGF_KEY_SIZE, length, LE16(nk + 2) & REGF_KEY_ASCII_NAME, &key->name);
    if (FAILED(hr)) {
        key_free(key);
        return hr;
    }
    *out = key;
    return S_OK;
}

static HRESULT push_key(struct regf *regf, struct regf_key *parent, uint32_t offset)
{
    struct regf_key *key;
    TRY(read_key(regf, offset, parent, &key));
    size_t len = parent->keys.len;
    struct regf_key **slot = vec_push(&parent->keys);
    if (!slot) {
        key_free(key);
        return FAIL_MEMORY();
    }
    *slot = key;
    if (len && text_compare_nocase(parent->keys.ptr[len - 1]->name, key->name) >= 0)
        parent->is_sorted = false;
    return S_OK;
}

static HRESULT read_list(struct regf *regf, struct regf_key *key, uint32_t offset, bool is_inner)
{
    const uint8_t *list;
    size_t size;
    TRY(spend(regf, 1));
    TRY(regf_cell(regf, offset, 4, &list, &size));
    size_t count = LE16(list + 2);
    bool is_pairs = memcmp(list, "lf", 2) == 0 || memcmp(list, "lh", 2) == 0;
    bool is_root = memcmp(list, "ri", 2) == 0;
    size_t step = is_pairs ? 8 : 4;
    if ((!is_pairs && !is_root && memcmp(list, "li", 2) != 0) || (is_root && is_inner) ||
        count * step > size - 4)
        return damaged(regf, "a list of keys is none");
    for (size_t i = 0; i < count; i++) {
        uint32_t item = LE32(list + 4 + i * step);
        TRY(is_root ? read_list(regf, key, item, true) : push_key(regf, key, item));
    }
    return S_OK;
}

static unsigned depth_of(const struct regf_key *key)
{
    unsigned depth = 0;
    while (key->parent && depth <= REGF_DEEPEST) {
        key = key->parent;
        depth++;
    }
    return depth;
}

HRESULT regf_need_keys(struct regf *regf, struct regf_key *key)
{
    if (key->has_keys)
        return S_OK;
    if (LE32(key->cell + 20) > 0) {
        if (depth_of(key) >= REGF_DEEPEST)
            return damaged(regf, "keys are nested deeper than Windows has them");
        HRESULT hr = read_list(regf, key, LE32(key->cell + 28), false);
        if (FAILED(hr)) {
            for (size_t i = 0; i < key->keys.len; i++)
                key_free(key->keys.ptr[i]);
            vec_clear(&key->keys);
            return hr;
        }
    }
    key->has_keys = true;
    return S_OK;
}

/* Data in segments, put together. */
static HRESULT read_segments(struct regf *regf, const uint8_t *db, size_t size, uint8_t **out)
{
    const uint8_t *list, *segment;
    size_t list_size, segment_size, done = 0;
    size_t count = LE16(db + 2);
    TRY(regf_cell(regf, LE32(db + 4), 4 * count, &list, &list_size));
    AUTO_FREE uint8_t *data = mem_alloc(size + 1);
    if (!data)
        return FAIL_MEMORY();
    for (size_t i = 0; i < count && done < size; i++) {
        TRY(spend(regf, 1));
        TRY(regf_cell(regf, LE32(list + 4 * i), 4, &segment, &segment_size));
        size_t part = size - done < REGF_MOST_IN_CELL ? size - done : REGF_MOST_IN_CELL;
        if (part > segment_size)
            return damaged(regf, "a segment of data is too short");
        memcpy(data + done, segment, part);
        done += part;
    }
    if (done < size)
        return damaged(regf, "data has too few segments");
    *out = TAKE(data);
    return S_OK;
}

static HRESULT read_data(struct regf *regf, const uint8_t *vk, struct regf_value *value)
{
    const uint8_t *cell;
    size_t size;
    uint32_t length = LE32(vk + 4);
    if (length & 0x80000000u) {
        value->size = length & 0x7FFFFFFF;
        value->data = vk + 8;
        return value->size <= 4 ? S_OK
                                : damaged(regf, "data of more than four bytes inside a value");
    }
    value->size = length;
    value->data = vk; /* nothing to be read there */
    if (length == 0)
        return S_OK;
    if (length > regf->bins_size)
        return damaged(regf, "data is longer than the hive");
    TRY(regf_cell(regf, LE32(vk + 8), 4, &cell, &size));
    if (length > REGF_MOST_IN_CELL && size >= 8 && memcmp(cell, "db", 2) == 0) {
        uint8_t *data = NULL;
        TRY(read_segments(regf, cell, length, &data));
        value->data = data;
        value->is_owned = true;
        return S_OK;
    }
    if (length > size)
        return damaged(regf, "data is longer than its cell");
    value->data = cell;
    return S_OK;
}

static HRESULT read_value(struct regf *regf, uint32_t offset, struct regf_value *value)
{
    const uint8_t *vk;
    size_t size;
    TRY(spend(regf, 1));
    TRY(regf_cell(regf, offset, REGF_VALUE_SIZE, &vk, &size));
    value->raw_length = LE16(vk + 2);
    value->flags = LE16(vk + 16);
    value->type = LE32(vk + 12);
    value->raw_name = vk + REGF_VALUE_SIZE;
    if (memcmp(vk, "vk", 2) != 0 || value->raw_length > size - REGF_VALUE_SIZE)
        return damaged(regf, "a value is none");
    TRY(read_name(value->raw_name, value->raw_length, value->flags & REGF_VALUE_ASCII_NAME,
                  &value->name));
    return read_data(regf, vk, value);
}

static void forget_values(struct regf_key *key)
{
    for (size_t i = 0; i < key->values.len; i++)
        value_clear(&key->values.ptr[i]);
    vec_clear(&key->values);
}

static HRESULT read_values(struct regf *regf, struct regf_key *key)
{
    const uint8_t *list;
    size_t size, count = LE32(key->cell + 36);
    if (count == 0)
        return S_OK;
    if (count > regf->bins_size / 4)
        return damaged(regf, "a key has more values than fit");
    TRY(regf_cell(regf, LE32(key->cell + 40), 4 * count, &list, &size));
    for (size_t i = 0; i < count; i++) {
        struct regf_value *value = vec_push(&key->values);
        if (!value)
            return FAIL_MEMORY();
        TRY(read_value(regf, LE32(list + 4 * i), value));
    }
    return S_OK;
}

HRESULT regf_need_values(struct regf *regf, struct regf_key *key)
{
    if (key->has_values)
        return S_OK;
    HRESULT hr = read_values(regf, key);
    if (FAILED(hr)) {
        forget_values(key);
        return hr;
    }
    key->has_values = true;
    return S_OK;
}

static HRESULT read_header(struct regf *regf)
{
    if (regf->size < REGF_PAGE + REGF_BIN_HEADER || memcmp(regf->bytes, "regf", 4) != 0)
        return FAIL(HR_WIN32(ERROR_BADDB), "%s is no registry hive", regf->name);
    uint32_t minor = LE32(regf->bytes + 24);
    if (LE32(regf->bytes + 20) != 1 || minor < 3 || minor > 6)
        return damaged(regf, "its version is none that is known");
    regf->bins = regf->bytes + REGF_PAGE;
    regf->bins_size = regf->size - REGF_PAGE;
    uint32_t said = LE32(regf->bytes + 40);
    if (said < regf->bins_size)
        regf->bins_size = said;
    regf->left = regf->bins_size / 8;
    return read_key(regf, LE32(regf->bytes + 36), NULL, &regf->root);
}

HRESULT regf_read(uint8_t *bytes, size_t size, const char *name, struct regf **out)
{
    AUTO_FREE uint8_t *taken = bytes;
    AUTO_REGF struct regf *regf = mem_alloc(sizeof *regf);
    if (!regf || !(regf->name = mem_dup(name)))
        return FAIL_MEMORY();
    regf->bytes = TAKE(taken);
    regf->size = size;
    TRY(read_header(regf));
    *out = TAKE(regf);
    return S_OK;
}

static HRESULT check_key(struct regf *regf, struct regf_key *key)
{
    TRY(regf_need_values(regf, key));
    TRY(regf_need_keys(regf, key));
    for (size_t i = 0; i < key->keys.len; i++)
        TRY(check_key(regf, key->keys.ptr[i]));
    return S_OK;
}

HRESULT regf_check(struct regf *regf)
{
    return check_key(regf, regf->root);
}

/* ---- finding ---- */

/* Where the name is, or would be put; *order 0: it is there. */
static size_t search(const struct regf_key *key, const char *name, int *order)
{
    size_t low = 0, high = key->keys.len;
    *order = 1;
    while (key->is_sorted && low < high) {
        size_t middle = low + (high - low) / 2;
        *order = text_compare_nocase(name, key->keys.ptr[middle]->name);
        if (*order == 0)
            return middle;
        if (*order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    *order = 1;
    for (; !key->is_sorted && low < key->keys.len; low++) /* a hive that is out of order */
        if (text_equal_nocase(key->keys.ptr[low]->name, name)) {
            *order = 0;
            break;
        }
    return low;
}

HRESULT regf_child(struct regf *regf, struct regf_key *key, const char *name, struct regf_key **out)
{
    int order;
    TRY(regf_need_keys(regf, key));
    size_t at = search(key, name, &order);
    if (order != 0)
        return S_FALSE;
    *out = key->keys.ptr[at];
    return S_OK;
}

HRESULT regf_value(struct regf *regf, struct regf_key *key, const char *name,
                   struct regf_value **out)
{
    TRY(regf_need_values(regf, key));
    for (size_t i = 0; i < key->values.len; i++) {
        if (!text_equal_nocase(key->values.ptr[i].name, name))
            continue;
        *out = &key->values.ptr[i];
        return S_OK;
    }
    return S_FALSE;
}

/* ---- changing ---- */

static HRESULT make_child(struct regf *regf, struct regf_key *parent, const char *name,
                          struct regf_key **out)
{
    int order;
    HRESULT hr = regf_child(regf, parent, name, out);
    if (hr != S_FALSE)
        return hr;
    if (depth_of(parent) + 1 >= REGF_DEEPEST)
        return FAIL(E_INVALIDARG, "key %s would be nested deeper than Windows has keys", name);
    size_t at = search(parent, name, &order);
    struct regf_key *key = new_key(parent, name, regf->time);
    if (!key)
        return FAIL_MEMORY();
    if (!vec_push(&parent->keys)) {
        key_free(key);
        return FAIL_MEMORY();
    }
    struct regf_key **slot = &parent->keys.ptr[at];
    memmove(slot + 1, slot, (parent->keys.len - 1 - at) * sizeof *slot);
    *slot = key;
    parent->time = regf->time;
    *out = key;
    return S_OK;
}

HRESULT regf_make(struct regf *regf, struct regf_key *from, const char *path, struct regf_key **out)
{
    while (*path) {
        size_t len = strcspn(path, "\\");
        AUTO_FREE char *name = mem_dup_n(path, len);
        if (!name)
            return FAIL_MEMORY();
        if (len > 0)
            TRY(make_child(regf, from, name, &from));
        path += len + (path[len] == '\\');
    }
    *out = from;
    return S_OK;
}

HRESULT regf_delete_key(struct regf *regf, struct regf_key *key)
{
    struct regf_key *parent = key->parent;
    if (!parent)
        return FAIL(E_INVALIDARG, "the root of a hive cannot be deleted");
    for (size_t i = 0; i < parent->keys.len; i++) {
        if (parent->keys.ptr[i] != key)
            continue;
        vec_remove(&parent->keys, i);
        break;
    }
    parent->time = regf->time;
    key_free(key);
    return S_OK;
}

HRESULT regf_set(struct regf *regf, struct regf_key *key, const char *name, uint32_t type,
                 const void *data, size_t size)
{
    struct regf_value *value;
    AUTO_FREE uint8_t *copy = mem_alloc(size + 1);
    if (!copy)
        return FAIL_MEMORY();
    if (size)
        memcpy(copy, data, size);
    HRESULT hr = regf_value(regf, key, name, &value);
    TRY(hr);
    if (hr == S_FALSE) {
        AUTO_FREE char *own = mem_dup(name);
        if (!own || !(value = vec_push(&key->values)))
            return FAIL_MEMORY();
        value->name = TAKE(own);
    } else if (value->is_owned) {
        mem_free((void *)value->data);
    }
    value->type = type;
    value->data = TAKE(copy);
    value->size = size;
    value->is_owned = true;
    key->time = regf->time;
    return S_OK;
}

HRESULT regf_delete_value(struct regf *regf, struct regf_key *key, const char *name)
{
    struct regf_value *value;
    HRESULT hr = regf_value(regf, key, name, &value);
    if (hr != S_OK)
        return hr;
    value_clear(value);
    vec_remove(&key->values, (size_t)(value - key->values.ptr));
    key->time = regf->time;
    return S_OK;
}

/* ---- for makers ---- */

HRESULT regf_text_bytes(struct text *out, const char *text)
{
    AUTO_FREE char16_t *units = NULL;
    TRY(text_to_utf16(text, &units));
    for (size_t i = 0, len = text_utf16_len(units); i <= len; i++) {
        char bytes[2];
        set_le(bytes, 2, units[i]);
        text_add_n(out, bytes, 2);
    }
    return out->failed ? FAIL_MEMORY() : S_OK;
}

HRESULT regf_add_key(struct regf *regf, const char *path)
{
    struct regf_key *key;
    return regf_make(regf, regf->root, path, &key);
}

HRESULT regf_add_bytes(struct regf *regf, const char *path, const char *name, uint32_t type,
                       const void *data, size_t size)
{
    struct regf_key *key;
    TRY(regf_make(regf, regf->root, path, &key));
    return regf_set(regf, key, name, type, data, size);
}

HRESULT regf_add_text(struct regf *regf, const char *path, const char *name, const char *text)
{
    struct text bytes AUTO(text_clear) = {0};
    TRY(regf_text_bytes(&bytes, text));
    return regf_add_bytes(regf, path, name, 1, bytes.ptr, bytes.len);
}

HRESULT regf_add_texts(struct regf *regf, const char *path, const char *name,
                       const char *const *texts, size_t count)
{
    struct text bytes AUTO(text_clear) = {0};
    for (size_t i = 0; i < count; i++)
        TRY(regf_text_bytes(&bytes, texts[i]));
    text_add_n(&bytes, "\0", 2);
    return bytes.failed ? FAIL_MEMORY() : regf_add_bytes(regf, path, name, 7, bytes.ptr, bytes.len);
}

HRESULT regf_add_number(struct regf *regf, const char *path, const char *name, uint32_t value)
{
    uint8_t bytes[4];
    set_le(bytes, 4, value);
    return regf_add_bytes(regf, path, name, 4, bytes, sizeof bytes);
}
