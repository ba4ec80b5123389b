/* SPDX-License-Identifier: MIT */
/*
 * regf_write.c - see regf.h: the writer. Keys in the order of the tree, each with its values behind
 * it; bins of one page, larger ones for large cells; no cell lies across a page's bin. A security
 * descriptor that keys share is written once.
 */
#include <string.h>

#include "bytes.h"
#include "dism_codes.h"
#include "error.h"
#include "regf_tree.h"
#include "text.h"

enum { MOST_IN_LIST = 500 /* keys; more are a list of lists, as Windows keeps them */ };

struct writer {
    const struct regf *regf;
    struct text bins;
    size_t next, end; /* of the room left in the last bin */
    uint64_t time;
    uint32_t *securities;       /* offset of each descriptor, 0: not written yet */
    uint32_t first_sk, last_sk; /* of their ring */
};

static uint8_t *at(const struct writer *w, uint32_t offset)
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
    const size_t start = w->bins.len;
    const size_t size = (REGF_BIN_HEADER + whole + REGF_PAGE - 1) / REGF_PAGE * REGF_PAGE;
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
static HRESULT add_cell(struct writer *w, size_t size, uint32_t *offset)
{
    const size_t whole = (4 + size + 7) & ~(size_t)7;
    if (w->end - w->next < whole)
        TRY(add_bin(w, whole));
    *offset = (uint32_t)w->next;
    set_le(at(w, *offset), 4, 0u - (uint32_t)whole);
    w->next += whole;
    return S_OK;
}

static HRESULT add_bytes(struct writer *w, const void *bytes, size_t size, uint32_t *offset)
{
    TRY(add_cell(w, size, offset));
    memcpy(at(w, *offset) + 4, bytes, size);
    return S_OK;
}

/* ---- security ---- */

static HRESULT write_security(struct writer *w, uint32_t index, uint32_t *out)
{
    const struct regf_security *security = &w->regf->securities.ptr[index];
    TRY(add_cell(w, REGF_SK + security->size, out));
    uint8_t *sk = at(w, *out) + 4;
    memcpy(sk, "sk", 2);
    set_le(sk + 16, 4, security->size);
    memcpy(sk + REGF_SK, security->bytes, security->size);
    if (!w->first_sk)
        w->first_sk = w->last_sk = *out;
    set_le(sk + 4, 4, w->first_sk); /* a ring */
    set_le(sk + 8, 4, w->last_sk);
    set_le(at(w, w->last_sk) + 4 + 4, 4, *out);
    set_le(at(w, w->first_sk) + 4 + 8, 4, *out);
    w->last_sk = *out;
    return S_OK;
}

/* The descriptor of a key, one more key counted on it. */
static HRESULT security_of(struct writer *w, const struct regf_node *node, uint32_t *out)
{
    uint32_t *offset = &w->securities[node->security];
    if (!*offset)
        TRY(write_security(w, node->security, offset));
    uint8_t *users = at(w, *offset) + 4 + 12;
    set_le(users, 4, LE32(users) + 1);
    *out = *offset;
    return S_OK;
}

/* ---- values ---- */

static size_t name_size(const struct regf_name *name)
{
    return name->units * (name->is_wide ? 2u : 1u);
}

static HRESULT write_segments(struct writer *w, const struct regf_value *value, uint32_t *out)
{
    const size_t count = ((size_t)value->size + REGF_MOST_IN_CELL - 1) / REGF_MOST_IN_CELL;
    uint32_t list, segment;
    if (count > 0xFFFF)
        return FAIL(E_INVALIDARG, "a value of %u bytes is too long for a hive",
                    (unsigned)value->size);
    TRY(add_cell(w, 8, out));
    TRY(add_cell(w, 4 * count, &list));
    uint8_t *db = at(w, *out) + 4;
    memcpy(db, "db", 2);
    set_le(db + 2, 2, count);
    set_le(db + 4, 4, list);
    for (size_t i = 0; i < count; i++) {
        const size_t done = i * REGF_MOST_IN_CELL, left = value->size - done;
        const size_t part = left < REGF_MOST_IN_CELL ? left : REGF_MOST_IN_CELL;
        TRY(add_cell(w, part + 4, &segment)); /* Windows leaves four bytes free */
        memcpy(at(w, segment) + 4, value->data + done, part);
        set_le(at(w, list) + 4 + 4 * i, 4, segment);
    }
    return S_OK;
}

static HRESULT write_value(struct writer *w, const struct regf_value *value, uint32_t *out)
{
    const size_t length = name_size(&value->name);
    const bool is_inside = value->size <= 4;
    uint32_t data = 0;
    if (value->size > REGF_MOST_IN_CELL && w->regf->minor >= REGF_BIG_DATA_SINCE)
        TRY(write_segments(w, value, &data));
    else if (!is_inside)
        TRY(add_bytes(w, value->data, value->size, &data));
    TRY(add_cell(w, REGF_VK + length, out));
    uint8_t *vk = at(w, *out) + 4;
    memcpy(vk, "vk", 2);
    set_le(vk + 2, 2, length);
    set_le(vk + 4, 4, value->size | (is_inside ? 0x80000000u : 0));
    if (is_inside)
        memcpy(vk + 8, value->data, value->size);
    else
        set_le(vk + 8, 4, data);
    set_le(vk + 12, 4, value->type);
    set_le(vk + 16, 2, value->flags | (length && !value->name.is_wide ? REGF_VK_LATIN_NAME : 0));
    if (length)
        memcpy(vk + REGF_VK, value->name.bytes, length);
    return S_OK;
}

static HRESULT write_values(struct writer *w, regf_key key, uint32_t *list)
{
    const size_t count = regf_count_values(w->regf, key);
    *list = REGF_NONE;
    if (count == 0)
        return S_OK;
    TRY(add_cell(w, 4 * count, list));
    for (size_t i = 0; i < count; i++) {
        uint32_t offset = 0;
        TRY(write_value(w, regf_value_at(w->regf, key, i), &offset));
        set_le(at(w, *list) + 4 + 4 * i, 4, offset);
    }
    return S_OK;
}

/* ---- keys ---- */

static HRESULT write_key(struct writer *w, regf_key key, uint32_t parent, uint32_t *out);

/* What a list says of a name beside its key: a hash, before 1.5 the first characters. */
static uint32_t hint_of(const struct regf *regf, const struct regf_name *name)
{
    uint8_t hint[4] = {0};
    if (regf->minor >= REGF_HASHES_SINCE)
        return regf_hash(name);
    for (size_t i = 0; i < 4 && i < name->units && !name->is_wide; i++)
        hint[i] = name->bytes[i];
    return LE32(hint);
}

static HRESULT write_list(struct writer *w, regf_key key, size_t first, size_t count, uint32_t self,
                          uint32_t *list)
{
    TRY(add_cell(w, 4 + 8 * count, list));
    memcpy(at(w, *list) + 4, w->regf->minor >= REGF_HASHES_SINCE ? "lh" : "lf", 2);
    set_le(at(w, *list) + 6, 2, count);
    for (size_t i = 0; i < count; i++) {
        const regf_key child = regf_key_at(w->regf, key, first + i);
        uint32_t offset = 0;
        TRY(write_key(w, child, self, &offset));
        set_le(at(w, *list) + 8 + 8 * i, 4, offset);
        set_le(at(w, *list) + 12 + 8 * i, 4, hint_of(w->regf, &regf_node_of(w->regf, child)->name));
    }
    return S_OK;
}

static HRESULT write_keys(struct writer *w, regf_key key, uint32_t self, uint32_t *list)
{
    const size_t count = regf_count_keys(w->regf, key);
    const size_t lists = (count + MOST_IN_LIST - 1) / MOST_IN_LIST;
    *list = REGF_NONE;
    if (count == 0)
        return S_OK;
    if (lists == 1)
        return write_list(w, key, 0, count, self, list);
    if (lists > 0xFFFF)
        return FAIL(E_INVALIDARG, "%zu keys below one are more than a hive can hold", count);
    TRY(add_cell(w, 4 + 4 * lists, list));
    memcpy(at(w, *list) + 4, "ri", 2);
    set_le(at(w, *list) + 6, 2, lists);
    for (size_t i = 0; i < lists; i++) {
        const size_t first = i * MOST_IN_LIST, left = count - first;
        uint32_t inner = 0;
        TRY(write_list(w, key, first, left < MOST_IN_LIST ? left : MOST_IN_LIST, self, &inner));
        set_le(at(w, *list) + 8 + 4 * i, 4, inner);
    }
    return S_OK;
}

static size_t larger(size_t a, size_t b)
{
    return a > b ? a : b;
}

/* The longest of what is below a key; names count as UTF-16. */
static void set_longest(uint8_t *nk, const struct regf *regf, regf_key key)
{
    size_t name = 0, class_name = 0, value = 0, data = 0;
    for (size_t i = 0; i < regf_count_keys(regf, key); i++) {
        const struct regf_node *child = regf_node_of(regf, regf_key_at(regf, key, i));
        name = larger(name, 2 * (size_t)child->name.units);
        class_name = larger(class_name, child->class_size);
    }
    for (size_t i = 0; i < regf_count_values(regf, key); i++) {
        const struct regf_value *v = regf_value_at(regf, key, i);
        value = larger(value, 2 * (size_t)v->name.units);
        data = larger(data, v->size);
    }
    set_le(nk + 52, 2, name); /* flags follow */
    set_le(nk + 56, 4, class_name);
    set_le(nk + 60, 4, value);
    set_le(nk + 64, 4, data);
}

static uint16_t flags_of(const struct regf_node *node)
{
    uint16_t flags = node->nk ? LE16(node->nk + 2) : node->parent ? 0 : REGF_NK_ROOT;
    flags &= (uint16_t)~REGF_NK_LATIN_NAME;
    if (node->values.len || !regf_is_predefined(node->nk))
        flags &= (uint16_t)~REGF_NK_PREDEFINED;
    return flags | (node->name.is_wide ? 0 : REGF_NK_LATIN_NAME);
}

static HRESULT write_key(struct writer *w, regf_key key, uint32_t parent, uint32_t *out)
{
    const struct regf_node *node = regf_node_of(w->regf, key);
    const size_t length = name_size(&node->name);
    uint32_t values, keys, security, class_name = REGF_NONE;
    TRY(add_cell(w, REGF_NK + length, out));
    TRY(security_of(w, node, &security));
    if (node->class_size)
        TRY(add_bytes(w, node->class_name, node->class_size, &class_name));
    TRY(write_values(w, key, &values));
    TRY(write_keys(w, key, *out, &keys));
    uint8_t *nk = at(w, *out) + 4;
    if (node->nk) /* and in it what only Windows knows */
        memcpy(nk, node->nk, REGF_NK);
    memcpy(nk, "nk", 2);
    set_le(nk + 2, 2, flags_of(node));
    set_le(nk + 4, 8, node->time ? node->time : w->time);
    set_le(nk + 16, 4, parent);
    set_le(nk + 20, 4, node->keys.len);
    set_le(nk + 24, 4, 0); /* keys that are not kept */
    set_le(nk + 28, 4, keys);
    set_le(nk + 32, 4, REGF_NONE);
    if (!(flags_of(node) & REGF_NK_PREDEFINED)) /* else it stays a handle */
        set_le(nk + 36, 4, node->values.len);
    set_le(nk + 40, 4, values);
    set_le(nk + 44, 4, security);
    set_le(nk + 48, 4, class_name);
    set_longest(nk, w->regf, key);
    set_le(nk + 72, 2, length);
    set_le(nk + 74, 2, node->class_size);
    memcpy(nk + REGF_NK, node->name.bytes, length);
    return S_OK;
}

/* ---- the file ---- */

uint32_t regf_checksum(const uint8_t *header)
{
    uint32_t sum = 0;
    for (size_t i = 0; i < 508; i += 4)
        sum ^= LE32(header + i);
    return sum == 0 ? 1 : sum == 0xFFFFFFFF ? sum - 1 : sum;
}

static void set_header(uint8_t *page, const struct writer *w, const char *name, uint32_t root)
{
    uint32_t sequence = 1;
    if (w->regf->bytes) {
        memcpy(page, w->regf->bytes, REGF_PAGE);
        sequence = LE32(page + 4) + 1;
    }
    memcpy(page, "regf", 4);
    set_le(page + 4, 4, sequence); /* twice the same: nobody was cut off */
    set_le(page + 8, 4, sequence);
    set_le(page + 12, 8, w->time);
    set_le(page + 20, 4, 1);
    set_le(page + 24, 4, w->regf->minor);
    set_le(page + 28, 4, 0);
    set_le(page + 32, 4, 1);
    set_le(page + 36, 4, root);
    set_le(page + 40, 4, w->bins.len);
    set_le(page + 44, 4, 1);
    for (size_t i = 0; name && i < 32; i++) {
        set_le(page + 48 + 2 * i, 2, i < 31 ? (uint8_t)*name : 0);
        name += *name != 0;
    }
    set_le(page + 508, 4, regf_checksum(page));
}

static void writer_clear(struct writer *w)
{
    text_clear(&w->bins);
    mem_free(w->securities);
}

HRESULT regf_write(const struct regf *regf, const char *name, uint64_t time, uint8_t **bytes,
                   size_t *size)
{
    struct writer w AUTO(writer_clear) = {.regf = regf, .time = time};
    uint32_t root;
    w.securities = mem_array(regf->securities.len, sizeof *w.securities);
    if (!w.securities)
        return FAIL_MEMORY();
    TRY(write_key(&w, regf_root(regf), REGF_NONE, &root));
    close_bin(&w);
    uint8_t *out = mem_alloc(REGF_PAGE + w.bins.len);
    if (!out)
        return FAIL_MEMORY();
    set_header(out, &w, name, root);
    memcpy(out + REGF_PAGE, w.bins.ptr, w.bins.len);
    *bytes = out;
    *size = REGF_PAGE + w.bins.len;
    return S_OK;
}
