/* SPDX-License-Identifier: MIT */
/*
 * regf_read.c - see regf.h: the reader. The layout is that of public descriptions of regf: a header
 * page, then bins of cells, each with its size in front (negated while it is used); cells name each
 * other by their offsets behind the header.
 *
 * First the bins are gone through: `cells` marks every used cell. Whoever is an owner of a cell
 * claims it, and its mark goes: nothing is reached twice, so there are no circles, and what can be
 * reached is bounded by the file. Marks that stay are cells that nobody owns.
 */
#include <string.h>

#include "bytes.h"
#include "dism_codes.h"
#include "error.h"
#include "regf_tree.h"

struct reader {
    struct regf *regf;
    const uint8_t *bins;
    size_t size;
    uint8_t *cells;    /* a bit for every 8 bytes */
    size_t marked;     /* of these bits, how many are set */
    size_t nks, vks;   /* cells that look like keys and values */
    VEC(uint32_t) sks; /* offsets and indexes of securities, in order of offsets, by pairs */
};

struct cell {
    const uint8_t *bytes;
    size_t size;
};

static HRESULT damaged(const struct reader *r, const char *what, size_t offset)
{
    return FAIL(HR_WIN32(ERROR_BADDB), "the hive %s is damaged at 0x%zx: %s", r->regf->name,
                offset + REGF_PAGE, what);
}

static void odd(struct reader *r, const char *what)
{
    if (!r->regf->oddity)
        r->regf->oddity = what;
}

/* ---- bins and cells ---- */

static HRESULT mark_cells(struct reader *r, size_t at, size_t end)
{
    while (at < end) {
        uint32_t stored = LE32(r->bins + at);
        bool is_used = stored >> 31;
        size_t size = is_used ? 0u - stored : stored;
        if (size < 8 || size % 8 || size > end - at)
            return damaged(r, "a cell of an impossible size", at);
        if (is_used) {
            r->cells[at / 64] |= (uint8_t)(1 << at / 8 % 8);
            r->marked++;
            r->nks += size >= 4 + REGF_NK && memcmp(r->bins + at + 4, "nk", 2) == 0;
            r->vks += size >= 4 + REGF_VK && memcmp(r->bins + at + 4, "vk", 2) == 0;
        }
        at += size;
    }
    return S_OK;
}

static HRESULT mark_bins(struct reader *r)
{
    size_t size;
    r->cells = mem_alloc(r->size / 64 + 1);
    if (!r->cells)
        return FAIL_MEMORY();
    for (size_t at = 0; at < r->size; at += size) {
        const uint8_t *bin = r->bins + at;
        if (memcmp(bin, "hbin", 4) != 0)
            return damaged(r, "no bin begins there", at);
        size = LE32(bin + 8);
        if (size == 0 || size % REGF_PAGE || size > r->size - at)
            return damaged(r, "a bin of an impossible size", at);
        if (LE32(bin + 4) != at)
            odd(r, "a bin that is said to be elsewhere");
        TRY(mark_cells(r, at + REGF_BIN_HEADER, at + size));
    }
    return S_OK;
}

static bool try_claim(struct reader *r, uint32_t offset, size_t least, struct cell *out)
{
    if (offset % 8 || offset >= r->size || !(r->cells[offset / 64] >> offset / 8 % 8 & 1))
        return false;
    const size_t size = 0u - LE32(r->bins + offset);
    if (size - 4 < least)
        return false;
    r->cells[offset / 64] &= (uint8_t) ~(1 << offset / 8 % 8);
    r->marked--;
    r->regf->used += size;
    *out = (struct cell){r->bins + offset + 4, size - 4};
    return true;
}

static HRESULT claim(struct reader *r, uint32_t offset, size_t least, const char *what,
                     struct cell *out)
{
    return try_claim(r, offset, least, out) ? S_OK : damaged(r, what, offset);
}

/* ---- security ---- */

static size_t search_security(const struct reader *r, uint32_t offset)
{
    size_t low = 0, high = r->sks.len / 2;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (r->sks.ptr[2 * middle] < offset)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static HRESULT add_security(struct reader *r, size_t at, uint32_t offset, const struct cell *sk)
{
    struct regf *regf = r->regf;
    struct regf_security *security = vec_push(&regf->securities);
    if (!security || !vec_push(&r->sks) || !vec_push(&r->sks))
        return FAIL_MEMORY();
    *security = (struct regf_security){
        .bytes = sk->bytes + REGF_SK, .size = LE32(sk->bytes + 16), .offset = offset};
    uint32_t *pair = r->sks.ptr + 2 * at;
    memmove(pair + 2, pair, (r->sks.len - 2 - 2 * at) * sizeof *pair);
    pair[0] = offset;
    pair[1] = (uint32_t)regf->securities.len - 1;
    return S_OK;
}

/* A key that has none to be used keeps its parent's. */
static HRESULT read_security(struct reader *r, regf_key key, uint32_t offset)
{
    struct cell sk;
    size_t at = search_security(r, offset);
    if (2 * at == r->sks.len || r->sks.ptr[2 * at] != offset) {
        if (!try_claim(r, offset, REGF_SK, &sk) || memcmp(sk.bytes, "sk", 2) != 0 ||
            LE32(sk.bytes + 16) == 0 || LE32(sk.bytes + 16) > sk.size - REGF_SK) {
            odd(r, "a key without a security descriptor");
            return S_OK;
        }
        TRY(add_security(r, at, offset, &sk));
    }
    struct regf_node *node = regf_node_of(r->regf, key);
    node->security = r->sks.ptr[2 * at + 1];
    r->regf->securities.ptr[node->security].users++;
    return S_OK;
}

/* The descriptors are a ring, each with the number of its keys. */
static void check_securities(struct reader *r)
{
    size_t count = 0;
    const struct regf_security *all = r->regf->securities.ptr;
    if (r->sks.len == 0)
        return;
    for (uint32_t offset = r->sks.ptr[0]; count < r->sks.len / 2; count++) {
        size_t at = search_security(r, offset);
        if (2 * at == r->sks.len || r->sks.ptr[2 * at] != offset) {
            odd(r, "a security descriptor outside their ring");
            return;
        }
        const uint8_t *sk = r->bins + offset + 4;
        uint32_t next = LE32(sk + 4);
        if (LE32(sk + 12) != all[r->sks.ptr[2 * at + 1]].users)
            odd(r, "a security descriptor with another number of keys");
        if (next >= r->size - 16 || LE32(r->bins + next + 12) != offset) {
            odd(r, "a broken ring of security descriptors");
            return;
        }
        offset = next;
        if (offset == r->sks.ptr[0] && count + 1 < r->sks.len / 2)
            odd(r, "more than one ring of security descriptors");
    }
}

/* ---- values ---- */

static HRESULT read_segments(struct reader *r, const struct cell *db, uint32_t offset,
                             struct regf_value *value)
{
    struct cell list, segment;
    const size_t count = LE16(db->bytes + 2);
    if (db->size < 8 || memcmp(db->bytes, "db", 2) != 0 || value->size > r->size ||
        count != ((size_t)value->size + REGF_MOST_IN_CELL - 1) / REGF_MOST_IN_CELL)
        return damaged(r, "data longer than its cell", offset);
    TRY(claim(r, LE32(db->bytes + 4), 4 * count, "no list of segments", &list));
    uint8_t *data = regf_room(r->regf, value->size);
    if (!data)
        return FAIL_MEMORY();
    value->data = data;
    for (size_t i = 0, left = value->size; i < count; i++) {
        size_t part = left < REGF_MOST_IN_CELL ? left : REGF_MOST_IN_CELL;
        TRY(claim(r, LE32(list.bytes + 4 * i), part, "no segment of data", &segment));
        /* hivex takes the last four bytes of a segment's cell for no data, and the rest for data */
        if (segment.size < part + 4 || (left > part && segment.size != part + 4))
            odd(r, "a segment of another size than Windows makes them");
        memcpy(data, segment.bytes, part);
        data += part;
        left -= part;
    }
    return S_OK;
}

static HRESULT read_data(struct reader *r, const uint8_t *vk, struct regf_value *value)
{
    struct cell cell;
    const uint32_t length = LE32(vk + 4), offset = LE32(vk + 8);
    value->size = length & INT32_MAX;
    value->data = vk + 8;
    if (length >> 31)
        return value->size <= 4
                   ? S_OK
                   : damaged(r, "more than four bytes inside a value", (size_t)(vk - r->bins));
    if (length == 0) {
        odd(r, "no data, outside its value");
        return S_OK;
    }
    TRY(claim(r, offset, 0, "no data of a value", &cell));
    if (value->size > cell.size)
        return read_segments(r, &cell, offset, value);
    if (value->size > REGF_MOST_IN_CELL && r->regf->minor >= REGF_BIG_DATA_SINCE)
        odd(r, "large data in one cell");
    value->data = cell.bytes;
    return S_OK;
}

/* `bytes` of a name from `at`; what is odd is left out. */
static struct regf_name read_name(struct reader *r, const uint8_t *at, size_t bytes, bool is_latin)
{
    if (!is_latin && bytes % 2)
        odd(r, "half a character in a name");
    return (struct regf_name){at, (uint32_t)(is_latin ? bytes : bytes / 2), !is_latin};
}

static HRESULT read_value(struct reader *r, uint32_t offset, struct regf_value *value)
{
    struct cell vk;
    TRY(claim(r, offset, REGF_VK, "no value", &vk));
    const size_t length = LE16(vk.bytes + 2);
    const uint16_t flags = LE16(vk.bytes + 16);
    if (memcmp(vk.bytes, "vk", 2) != 0 || length > vk.size - REGF_VK)
        return damaged(r, "no value, or its name is too long", offset);
    value->name = read_name(r, vk.bytes + REGF_VK, length, flags & REGF_VK_LATIN_NAME);
    value->type = LE32(vk.bytes + 12);
    value->flags = flags & (uint16_t)~REGF_VK_LATIN_NAME;
    return read_data(r, vk.bytes, value);
}

static HRESULT read_values(struct reader *r, regf_key key, const uint8_t *nk)
{
    struct cell list;
    struct regf *regf = r->regf;
    const uint32_t count = LE32(nk + 36), offset = LE32(nk + 40);
    if (count == 0 || regf_is_predefined(nk))
        return S_OK;
    if (count > r->size / 4)
        return damaged(r, "more values than fit", (size_t)(nk - r->bins));
    TRY(claim(r, offset, 4 * (size_t)count, "no list of values", &list));
    struct regf_span *span = &regf_node_of(regf, key)->values;
    *span = (struct regf_span){(uint32_t)regf->values.len, 0, 0};
    for (; span->len < count; span->len = ++span->cap) {
        struct regf_value value = {0}, *slot;
        TRY(read_value(r, LE32(list.bytes + 4 * (size_t)span->len), &value));
        if (!(slot = vec_push(&regf->values)))
            return FAIL_MEMORY();
        *slot = value;
    }
    return S_OK;
}

/* ---- lists of keys ---- */

/* A list of keys, or of lists of keys; after it was claimed by its offset alone. */
struct list {
    const uint8_t *items;
    size_t count, step;
    bool is_of_lists, has_hashes;
};

static struct list list_at(const struct reader *r, uint32_t offset)
{
    const uint8_t *cell = r->bins + offset + 4;
    const bool is_pairs = cell[0] == 'l' && cell[1] != 'i';
    return (struct list){cell + 4, LE16(cell + 2), is_pairs ? 8 : 4, cell[0] == 'r',
                         is_pairs && cell[1] == 'h'};
}

/* Claims a list and those in it; adds the number of its keys. */
static HRESULT claim_lists(struct reader *r, uint32_t offset, bool is_inner, size_t *count)
{
    struct cell cell;
    TRY(claim(r, offset, 4, "no list of keys", &cell));
    const struct list list = list_at(r, offset);
    const bool is_known = memcmp(cell.bytes, "lf", 2) == 0 || memcmp(cell.bytes, "lh", 2) == 0 ||
                          memcmp(cell.bytes, "li", 2) == 0 || memcmp(cell.bytes, "ri", 2) == 0;
    if (!is_known || (list.is_of_lists && is_inner) || list.count * list.step > cell.size - 4)
        return damaged(r, "a list of keys that is none, or too long", offset);
    if (list.count == 0)
        odd(r, "an empty list of keys");
    if (list.has_hashes && r->regf->minor < REGF_HASHES_SINCE)
        odd(r, "hashes in a hive that is too old for them");
    if (!list.is_of_lists) {
        if (list.step == 4)
            odd(r, "a list of keys of the old kind");
        *count += list.count;
        return S_OK;
    }
    for (size_t i = 0; i < list.count; i++)
        TRY(claim_lists(r, LE32(list.items + 4 * i), true, count));
    return S_OK;
}

/* ---- keys ---- */

struct family {
    regf_key parent;
    uint32_t offset; /* of the parent */
    bool is_sorted;
};

static HRESULT read_key(struct reader *r, uint32_t offset, const struct family *family,
                        regf_key *out);

static HRESULT add_child(struct reader *r, struct family *family, uint32_t offset,
                         const uint8_t *hash)
{
    struct regf *regf = r->regf;
    regf_key child;
    TRY(read_key(r, offset, family, &child));
    const struct regf_name *name = &regf_node_of(regf, child)->name;
    if (hash && LE32(hash) != regf_hash(name))
        odd(r, "a list of keys with a wrong hash");
    struct regf_span *keys = &regf_node_of(regf, family->parent)->keys;
    if (keys->len) {
        regf_key before = regf->links.ptr[keys->at + keys->len - 1];
        int order = regf_compare_names(&regf_node_of(regf, before)->name, name);
        family->is_sorted = family->is_sorted && order < 0;
    }
    regf->links.ptr[keys->at + keys->len++] = child;
    return S_OK;
}

static HRESULT read_list(struct reader *r, struct family *family, uint32_t offset)
{
    const struct list list = list_at(r, offset);
    for (size_t i = 0; i < list.count; i++) {
        const uint8_t *item = list.items + i * list.step;
        TRY(list.is_of_lists ? read_list(r, family, LE32(item))
                             : add_child(r, family, LE32(item), list.has_hashes ? item + 4 : NULL));
    }
    return S_OK;
}

/* Merges two neighbours of `half` and `whole - half` keys into `out`. */
static void merge(const struct regf *regf, const regf_key *keys, size_t half, size_t whole,
                  regf_key *out)
{
    size_t a = 0, b = half;
    while (a < half || b < whole) {
        bool takes_a =
            b == whole || (a < half && regf_compare_names(&regf_node_of(regf, keys[a])->name,
                                                          &regf_node_of(regf, keys[b])->name) <= 0);
        *out++ = takes_a ? keys[a++] : keys[b++];
    }
}

static HRESULT sort_keys(struct regf *regf, const struct regf_span *span)
{
    regf_key *keys = regf->links.ptr + span->at;
    AUTO_FREE regf_key *sorted = mem_array(span->len, sizeof *sorted);
    if (!sorted)
        return FAIL_MEMORY();
    for (size_t run = 1; run < span->len; run *= 2) {
        for (size_t i = 0; i < span->len; i += 2 * run) {
            size_t left = span->len - i, whole = left < 2 * run ? left : 2 * run;
            merge(regf, keys + i, run < whole ? run : whole, whole, sorted + i);
        }
        memcpy(keys, sorted, span->len * sizeof *keys);
    }
    return S_OK;
}

static HRESULT check_twins(const struct reader *r, const struct family *family)
{
    const struct regf *regf = r->regf;
    const struct regf_span *keys = &regf_node_of(regf, family->parent)->keys;
    for (size_t i = 1; i < keys->len; i++) {
        const regf_key *pair = regf->links.ptr + keys->at + i - 1;
        if (regf_compare_names(&regf_node_of(regf, pair[0])->name,
                               &regf_node_of(regf, pair[1])->name) == 0)
            return damaged(r, "two keys of one name", family->offset);
    }
    return S_OK;
}

static HRESULT read_keys(struct reader *r, struct family *family, const uint8_t *nk)
{
    struct regf *regf = r->regf;
    const uint32_t said = LE32(nk + 20), offset = LE32(nk + 28);
    size_t count = 0;
    if (said == 0)
        return S_OK;
    if (regf_node_of(regf, family->parent)->depth + 1 >= REGF_DEEPEST)
        return damaged(r, "keys nested deeper than Windows has them", family->offset);
    TRY(claim_lists(r, offset, false, &count));
    if (count != said)
        odd(r, "a key that has another number of keys");
    const size_t at = regf->links.len;
    if (!vec_reserve_raw((void **)&regf->links.ptr, &regf->links.cap, at + count,
                         sizeof *regf->links.ptr))
        return FAIL_MEMORY();
    regf->links.len += count;
    regf_node_of(regf, family->parent)->keys = (struct regf_span){(uint32_t)at, 0, (uint32_t)count};
    TRY(read_list(r, family, offset));
    if (family->is_sorted)
        return S_OK;
    odd(r, "keys out of order");
    TRY(sort_keys(regf, &regf_node_of(regf, family->parent)->keys));
    return check_twins(r, family);
}

static void read_class(struct reader *r, struct regf_node *node, const uint8_t *nk)
{
    struct cell cell;
    const uint32_t offset = LE32(nk + 48);
    const uint16_t size = LE16(nk + 74);
    if (offset == REGF_NONE && size == 0)
        return;
    if (!try_claim(r, offset, size, &cell)) {
        odd(r, "a class name that is none");
        return;
    }
    node->class_name = cell.bytes;
    node->class_size = size;
}

static HRESULT read_key(struct reader *r, uint32_t offset, const struct family *family,
                        regf_key *out)
{
    struct cell cell;
    TRY(claim(r, offset, REGF_NK, "no key", &cell));
    const uint8_t *nk = cell.bytes;
    const size_t length = LE16(nk + 72);
    if (memcmp(nk, "nk", 2) != 0 || length > cell.size - REGF_NK)
        return damaged(r, "no key, or its name is too long", offset);
    TRY(regf_new_node(r->regf, family->parent, out));
    struct regf_node *node = regf_node_of(r->regf, *out);
    node->nk = nk;
    node->time = LE64(nk + 4);
    node->name = read_name(r, nk + REGF_NK, length, LE16(nk + 2) & REGF_NK_LATIN_NAME);
    if (family->parent && LE32(nk + 16) != family->offset)
        odd(r, "a key with another parent");
    if (family->parent && (node->name.units == 0 || node->name.units > REGF_LONGEST_KEY))
        odd(r, "a key without a name, or with a long one");
    if (LE16(nk + 2) & REGF_NK_PREDEFINED && !regf_is_predefined(nk))
        odd(r, "a predefined key without a handle");
    read_class(r, node, nk);
    TRY(read_security(r, *out, LE32(nk + 44)));
    TRY(read_values(r, *out, nk));
    return read_keys(r, &(struct family){*out, offset, true}, nk);
}

/* ---- the file ---- */

static HRESULT check_sum(struct reader *r, const uint8_t *header)
{
    if (LE32(header + 508) == regf_checksum(header))
        return S_OK;
#ifdef FUZZING_BUILD_MODE_UNSAFE_FOR_PRODUCTION
    odd(r, "another checksum");
    return S_OK;
#else
    return damaged(r, "the checksum of its header is wrong", (size_t)0 - REGF_PAGE);
#endif
}

static HRESULT read_header(struct reader *r)
{
    struct regf *regf = r->regf;
    const uint8_t *header = regf->bytes;
    if (r->size < 2 * REGF_PAGE || memcmp(header, "regf", 4) != 0)
        return FAIL(HR_WIN32(ERROR_BADDB), "%s is no registry hive", regf->name);
    regf->minor = LE32(header + 24);
    if (LE32(header + 20) != 1 || regf->minor < 3 || regf->minor > 6)
        return FAIL(HR_WIN32(ERROR_BADDB), "the hive %s has a version that is not known: %u.%u",
                    regf->name, (unsigned)LE32(header + 20), (unsigned)regf->minor);
    TRY(check_sum(r, header));
    r->bins = header + REGF_PAGE;
    r->size -= REGF_PAGE;
    const uint32_t said = LE32(header + 40);
    if (said > r->size || said > INT32_MAX || said % REGF_PAGE || said == 0)
        return damaged(r, "it is shorter than its header says", r->size);
    if (LE32(header + 4) != LE32(header + 8))
        odd(r, "a hive whose last changes are in its log");
    r->size = said;
    regf->bins_size = said;
    return S_OK;
}

static void reader_clear(struct reader *r)
{
    mem_free(r->cells);
    vec_clear(&r->sks);
}

/* At once: growing would copy them again and again. */
static HRESULT reserve(const struct reader *r)
{
    struct regf *regf = r->regf;
    return vec_reserve_raw((void **)&regf->nodes.ptr, &regf->nodes.cap, r->nks,
                           sizeof *regf->nodes.ptr) &&
                   vec_reserve_raw((void **)&regf->values.ptr, &regf->values.cap, r->vks,
                                   sizeof *regf->values.ptr)
               ? S_OK
               : FAIL_MEMORY();
}

static HRESULT read_all(struct regf *regf)
{
    regf_key root;
    struct reader r AUTO(reader_clear) = {.regf = regf, .size = regf->size};
    TRY(read_header(&r));
    TRY(mark_bins(&r));
    TRY(reserve(&r));
    TRY(read_key(&r, LE32(regf->bytes + 36), &(struct family){0}, &root));
    check_securities(&r);
    if (r.marked)
        odd(&r, "cells that nobody has");
    return S_OK;
}

HRESULT regf_read_there(const uint8_t *bytes, size_t size, const char *name, struct regf **out)
{
    AUTO_REGF struct regf *regf = NULL;
    TRY(regf_begin(name, &regf));
    regf->bytes = bytes;
    regf->size = size;
    TRY(read_all(regf));
    *out = TAKE(regf);
    return S_OK;
}

HRESULT regf_read(uint8_t *bytes, size_t size, const char *name, struct regf **out)
{
    AUTO_FREE uint8_t *taken = bytes;
    TRY(regf_read_there(bytes, size, name, out));
    (*out)->own = TAKE(taken);
    return S_OK;
}
