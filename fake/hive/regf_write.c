/* SPDX-License-Identifier: MIT */
/*
 * regf_write.c - see regf.h: the whole hive anew, as a header page and bins of cells. No cell lies
 * across two bins; a security descriptor that keys share is written once.
 */
#include <stdlib.h>
#include <string.h>

#include "bytes.h"
#include "dism_codes.h"
#include "error.h"
#include "regf.h"
#include "text.h"

#define NONE 0xFFFFFFFFu
#define MOST_IN_LIST 500 /* keys; more are a list of lists, as Windows keeps them */

struct security {
    uint32_t from, to; /* offsets in the old and the new file; from NONE: our own descriptor */
};

struct writer {
    struct regf *regf;
    struct text bins;
    size_t next, end; /* of the room left in the last bin */
    uint64_t time;
    VEC(struct security) securities;
};

static uint8_t *at(struct writer *w, uint32_t offset)
{
    return (uint8_t *)w->bins.ptr + offset;
}

static void close_bin(struct writer *w)
{
    if (w->end > w->next) /* a free cell has its size as it is */
        set_le(at(w, (uint32_t)w->next), 4, w->end - w->next);
}

static HRESULT add_bin(struct writer *w, size_t whole)
{
    static const char zeros[REGF_PAGE];
    size_t start = w->bins.len;
    size_t size = (REGF_BIN_HEADER + whole + REGF_PAGE - 1) / REGF_PAGE * REGF_PAGE;
    close_bin(w);
    if (size > 0x7FFF0000 - start)
        return FAIL(HR_WIN32(ERROR_FILE_TOO_LARGE), "a hive of more than 2 GB");
    for (size_t done = 0; done < size; done += REGF_PAGE)
        text_add_n(&w->bins, zeros, REGF_PAGE);
    if (w->bins.failed)
        return FAIL_MEMORY();
    uint8_t *bin = at(w, (uint32_t)start);
    memcpy(bin, "hbin", 4);
    set_le(bin + 4, 4, start);
    set_le(bin + 8, 4, size);
    if (start == 0)
        set_le(bin + 20, 8, w->time);
    w->next = start + REGF_BIN_HEADER;
    w->end = start + size;
    return S_OK;
}

/* A new cell with that much room, zero bytes. */
static HRESULT cell(struct writer *w, size_t size, uint32_t *offset)
{
    size_t whole = (4 + size + 7) & ~(size_t)7;
    if (w->end - w->next < whole)
        TRY(add_bin(w, whole));
    *offset = (uint32_t)w->next;
    set_le(at(w, *offset), 4, 0u - (uint32_t)whole);
    w->next += whole;
    return S_OK;
}

static HRESULT bytes_cell(struct writer *w, const void *bytes, size_t size, uint32_t *offset)
{
    TRY(cell(w, size, offset));
    memcpy(at(w, *offset) + 4, bytes, size);
    return S_OK;
}

/* ---- security ---- */

/* Owner and group Administrators; full access for them and SYSTEM. */
static const uint8_t own_descriptor[] = {
    1, 0, 0x04, 0x80, 0x48, 0, 0,    0, 0x58, 0, 0, 0, 0,    0, 0, 0, 0x14, 0, 0,  0, /* offsets */
    2, 0, 0x34, 0,    2,    0, 0,    0,                                               /* ACL */
    0, 2, 0x18, 0,    0x3F, 0, 0x0F, 0, 1,    2, 0, 0, 0,    0, 0, 5, 32,   0, 0,  0, 0x20, 2,
    0, 0, 0,    2,    0x14, 0, 0x3F, 0, 0x0F, 0, 1, 1, 0,    0, 0, 0, 0,    5, 18, 0, 0,    0,
    1, 2, 0,    0,    0,    0, 0,    5, 32,   0, 0, 0, 0x20, 2, 0, 0, /* owner */
    1, 2, 0,    0,    0,    0, 0,    5, 32,   0, 0, 0, 0x20, 2, 0, 0, /* group */
};

/* S_FALSE: the key's file has no usable one. */
static HRESULT find_descriptor(struct writer *w, uint32_t from, const uint8_t **out, size_t *size)
{
    const uint8_t *sk;
    size_t room;
    if (FAILED(regf_cell(w->regf, from, 20, &sk, &room))) {
        error_clear();
        return S_FALSE;
    }
    *size = LE32(sk + 16);
    *out = sk + 20;
    return memcmp(sk, "sk", 2) == 0 && *size && *size <= room - 20 ? S_OK : S_FALSE;
}

static HRESULT write_security(struct writer *w, uint32_t from, uint32_t *out)
{
    const uint8_t *descriptor = own_descriptor;
    size_t size = sizeof own_descriptor;
    if (from != NONE && find_descriptor(w, from, &descriptor, &size) == S_FALSE) {
        descriptor = own_descriptor;
        size = sizeof own_descriptor;
    }
    TRY(cell(w, 20 + size, out));
    uint8_t *sk = at(w, *out) + 4;
    memcpy(sk, "sk", 2);
    set_le(sk + 16, 4, size);
    memcpy(sk + 20, descriptor, size);
    struct security *security = vec_push(&w->securities);
    if (!security)
        return FAIL_MEMORY();
    *security = (struct security){from, *out};
    return S_OK;
}

static const struct regf_key *inherits_from(const struct regf_key *key)
{
    while (key && !key->cell)
        key = key->parent;
    return key;
}

/* The descriptor of the key, one more key counted on it. A new key has its parent's. */
static HRESULT security_of(struct writer *w, const struct regf_key *key, uint32_t *out)
{
    const struct regf_key *source = inherits_from(key);
    uint32_t from = source ? LE32(source->cell + 44) : NONE;
    size_t i = 0;
    while (i < w->securities.len && w->securities.ptr[i].from != from)
        i++;
    if (i < w->securities.len)
        *out = w->securities.ptr[i].to;
    else
        TRY(write_security(w, from, out));
    uint8_t *references = at(w, *out) + 4 + 12;
    set_le(references, 4, LE32(references) + 1);
    return S_OK;
}

/* All descriptors are a ring. */
static void link_securities(struct writer *w)
{
    size_t count = w->securities.len;
    for (size_t i = 0; i < count; i++) {
        uint8_t *sk = at(w, w->securities.ptr[i].to) + 4;
        set_le(sk + 4, 4, w->securities.ptr[(i + 1) % count].to);
        set_le(sk + 8, 4, w->securities.ptr[(i + count - 1) % count].to);
    }
}

/* ---- names ---- */

static bool is_ascii(const char *name)
{
    for (; *name; name++)
        if ((unsigned char)*name >= 0x80)
            return false;
    return true;
}

/* A name as a hive has it, one byte or one UTF-16 unit a character. */
static HRESULT name_bytes(const char *name, struct text *out)
{
    if (is_ascii(name)) {
        text_add(out, name);
    } else {
        TRY(regf_text_bytes(out, name));
        out->len -= 2; /* no NUL */
    }
    return out->failed ? FAIL_MEMORY() : S_OK;
}

static size_t utf16_size(const char *name)
{
    size_t units = 0;
    uint32_t cp;
    for (size_t len; *name && (len = text_decode(name, &cp)); name += len)
        units += cp >= 0x10000 ? 2 : 1;
    return 2 * units;
}

static uint32_t name_hash(const char *name)
{
    uint32_t hash = 0, cp;
    for (size_t len; *name && (len = text_decode(name, &cp)); name += len) {
        cp = text_upper(cp);
        if (cp >= 0x10000) {
            hash = hash * 37 + (0xD800 + ((cp - 0x10000) >> 10));
            cp = 0xDC00 + ((cp - 0x10000) & 0x3FF);
        }
        hash = hash * 37 + cp;
    }
    return hash;
}

/* ---- values ---- */

static HRESULT write_segments(struct writer *w, const struct regf_value *value, uint32_t *out)
{
    size_t count = (value->size + REGF_MOST_IN_CELL - 1) / REGF_MOST_IN_CELL;
    uint32_t list, segment;
    if (count > 0xFFFF)
        return FAIL(E_INVALIDARG, "the value %s is too long for a hive", value->name);
    TRY(cell(w, 8, out));
    TRY(cell(w, 4 * count, &list));
    uint8_t *db = at(w, *out) + 4;
    memcpy(db, "db", 2);
    set_le(db + 2, 2, count);
    set_le(db + 4, 4, list);
    for (size_t i = 0; i < count; i++) {
        size_t done = i * REGF_MOST_IN_CELL, part = value->size - done;
        if (part > REGF_MOST_IN_CELL)
            part = REGF_MOST_IN_CELL;
        TRY(bytes_cell(w, value->data + done, part, &segment));
        set_le(at(w, list) + 4 + 4 * i, 4, segment);
    }
    return S_OK;
}

static HRESULT write_value(struct writer *w, const struct regf_value *value, uint32_t *out)
{
    struct text name AUTO(text_clear) = {0};
    uint32_t data = 0;
    uint16_t flags = value->flags;
    if (value->raw_name) {
        text_add_n(&name, (const char *)value->raw_name, value->raw_length);
        if (name.failed)
            return FAIL_MEMORY();
    } else {
        TRY(name_bytes(value->name, &name));
        flags = *value->name && is_ascii(value->name) ? REGF_VALUE_ASCII_NAME : 0;
    }
    if (value->size > REGF_MOST_IN_CELL)
        TRY(write_segments(w, value, &data));
    else if (value->size > 4)
        TRY(bytes_cell(w, value->data, value->size, &data));
    TRY(cell(w, REGF_VALUE_SIZE + name.len, out));
    uint8_t *vk = at(w, *out) + 4;
    memcpy(vk, "vk", 2);
    set_le(vk + 2, 2, name.len);
    set_le(vk + 4, 4, value->size | (value->size > 4 ? 0 : 0x80000000u));
    if (value->size > 4)
        set_le(vk + 8, 4, data);
    else
        memcpy(vk + 8, value->data, value->size);
    set_le(vk + 12, 4, value->type);
    set_le(vk + 16, 2, flags);
    if (name.len)
        memcpy(vk + REGF_VALUE_SIZE, name.ptr, name.len);
    return S_OK;
}

static HRESULT write_values(struct writer *w, const struct regf_key *key, uint32_t *list)
{
    *list = NONE;
    if (key->values.len == 0)
        return S_OK;
    TRY(cell(w, 4 * key->values.len, list));
    for (size_t i = 0; i < key->values.len; i++) {
        uint32_t offset = 0;
        TRY(write_value(w, &key->values.ptr[i], &offset));
        set_le(at(w, *list) + 4 + 4 * i, 4, offset);
    }
    return S_OK;
}

/* ---- keys ---- */

static HRESULT write_key(struct writer *w, struct regf_key *key, uint32_t parent, uint32_t *out);

static int compare_keys(const void *a, const void *b)
{
    const struct regf_key *const *left = a, *const *right = b;
    return text_compare_nocase((*left)->name, (*right)->name);
}

static HRESULT write_list(struct writer *w, struct regf_key *key, size_t first, size_t count,
                          uint32_t self, uint32_t *list)
{
    TRY(cell(w, 4 + 8 * count, list));
    memcpy(at(w, *list) + 4, "lh", 2);
    set_le(at(w, *list) + 6, 2, count);
    for (size_t i = 0; i < count; i++) {
        struct regf_key *child = key->keys.ptr[first + i];
        uint32_t offset = 0;
        TRY(write_key(w, child, self, &offset));
        set_le(at(w, *list) + 8 + 8 * i, 4, offset);
        set_le(at(w, *list) + 12 + 8 * i, 4, name_hash(child->name));
    }
    return S_OK;
}

static HRESULT write_keys(struct writer *w, struct regf_key *key, uint32_t self, uint32_t *list)
{
    size_t count = key->keys.len, lists = (count + MOST_IN_LIST - 1) / MOST_IN_LIST;
    *list = NONE;
    if (count == 0)
        return S_OK;
    if (!key->is_sorted)
        qsort(key->keys.ptr, count, sizeof *key->keys.ptr, compare_keys);
    if (lists == 1)
        return write_list(w, key, 0, count, self, list);
    if (lists > 0xFFFF)
        return FAIL(E_INVALIDARG, "key %s has more keys below it than a hive can hold", key->name);
    TRY(cell(w, 4 + 4 * lists, list));
    memcpy(at(w, *list) + 4, "ri", 2);
    set_le(at(w, *list) + 6, 2, lists);
    for (size_t i = 0; i < lists; i++) {
        size_t first = i * MOST_IN_LIST;
        size_t part = count - first < MOST_IN_LIST ? count - first : MOST_IN_LIST;
        uint32_t inner;
        TRY(write_list(w, key, first, part, self, &inner));
        set_le(at(w, *list) + 8 + 4 * i, 4, inner);
    }
    return S_OK;
}

/* NONE: the key has no class name. */
static HRESULT write_class(struct writer *w, const struct regf_key *key, uint32_t *out,
                           uint16_t *length)
{
    const uint8_t *cell_of_class;
    size_t size;
    *out = NONE;
    *length = key->cell ? LE16(key->cell + 74) : 0;
    if (*length == 0)
        return S_OK;
    if (FAILED(regf_cell(w->regf, LE32(key->cell + 48), *length, &cell_of_class, &size))) {
        error_clear();
        *length = 0;
        return S_OK;
    }
    return bytes_cell(w, cell_of_class, *length, out);
}

static void write_longest(uint8_t *nk, const struct regf_key *key)
{
    size_t name = 0, value = 0, data = 0;
    for (size_t i = 0; i < key->keys.len; i++) {
        size_t size = utf16_size(key->keys.ptr[i]->name);
        name = size > name ? size : name;
    }
    for (size_t i = 0; i < key->values.len; i++) {
        const struct regf_value *v = &key->values.ptr[i];
        size_t size = utf16_size(v->name);
        value = size > value ? size : value;
        data = v->size > data ? v->size : data;
    }
    set_le(nk + 52, 2, name); /* the half above holds flags */
    set_le(nk + 60, 4, value);
    set_le(nk + 64, 4, data);
}

static HRESULT key_name(const struct regf_key *key, struct text *name, uint16_t *flags)
{
    if (key->cell) {
        *flags = LE16(key->cell + 2);
        text_add_n(name, (const char *)key->cell + REGF_KEY_SIZE, LE16(key->cell + 72));
        return name->failed ? FAIL_MEMORY() : S_OK;
    }
    *flags = (uint16_t)((is_ascii(key->name) ? REGF_KEY_ASCII_NAME : 0) |
                        (key->parent ? 0 : REGF_KEY_ROOT));
    return name_bytes(key->name, name);
}

static HRESULT write_key(struct writer *w, struct regf_key *key, uint32_t parent, uint32_t *out)
{
    struct text name AUTO(text_clear) = {0};
    uint32_t values, keys, security, class_name;
    uint16_t flags, class_length;
    TRY(regf_need_values(w->regf, key));
    TRY(regf_need_keys(w->regf, key));
    TRY(key_name(key, &name, &flags));
    TRY(cell(w, REGF_KEY_SIZE + name.len, out));
    TRY(security_of(w, key, &security));
    TRY(write_class(w, key, &class_name, &class_length));
    TRY(write_values(w, key, &values));
    TRY(write_keys(w, key, *out, &keys));
    uint8_t *nk = at(w, *out) + 4;
    if (key->cell)
        memcpy(nk, key->cell, REGF_KEY_SIZE);
    memcpy(nk, "nk", 2);
    set_le(nk + 2, 2, flags);
    set_le(nk + 4, 8, key->time ? key->time : w->time);
    set_le(nk + 16, 4, parent);
    set_le(nk + 20, 4, key->keys.len);
    set_le(nk + 24, 4, 0);
    set_le(nk + 28, 4, keys);
    set_le(nk + 32, 4, NONE); /* volatile keys */
    set_le(nk + 36, 4, key->values.len);
    set_le(nk + 40, 4, values);
    set_le(nk + 44, 4, security);
    set_le(nk + 48, 4, class_name);
    write_longest(nk, key);
    set_le(nk + 72, 2, name.len);
    set_le(nk + 74, 2, class_length);
    memcpy(nk + REGF_KEY_SIZE, name.ptr, name.len);
    return S_OK;
}

static void write_header(uint8_t *page, const char *name, uint64_t time, uint32_t root, size_t bins)
{
    uint32_t sum = 0;
    memcpy(page, "regf", 4);
    set_le(page + 4, 4, 1); /* the two sequence numbers: nobody was cut off */
    set_le(page + 8, 4, 1);
    set_le(page + 12, 8, time);
    set_le(page + 20, 4, 1);
    set_le(page + 24, 4, 5);
    set_le(page + 32, 4, 1);
    set_le(page + 36, 4, root);
    set_le(page + 40, 4, bins);
    set_le(page + 44, 4, 1);
    for (size_t i = 0; name[i] && i < 31; i++)
        set_le(page + 48 + 2 * i, 2, (uint8_t)name[i]);
    for (size_t i = 0; i < 508; i += 4)
        sum ^= LE32(page + i);
    set_le(page + 508, 4, sum);
}

static void writer_clear(struct writer *w)
{
    text_clear(&w->bins);
    vec_clear(&w->securities);
}

HRESULT regf_write(struct regf *regf, const char *name, uint64_t time, uint8_t **bytes,
                   size_t *size)
{
    struct writer w AUTO(writer_clear) = {.regf = regf, .time = time};
    uint32_t root;
    TRY(write_key(&w, regf_root(regf), NONE, &root));
    link_securities(&w);
    close_bin(&w);
    uint8_t *out = mem_alloc(REGF_PAGE + w.bins.len);
    if (!out)
        return FAIL_MEMORY();
    write_header(out, name, time, root, w.bins.len);
    memcpy(out + REGF_PAGE, w.bins.ptr, w.bins.len);
    *bytes = out;
    *size = REGF_PAGE + w.bins.len;
    return S_OK;
}
