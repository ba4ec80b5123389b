/* SPDX-License-Identifier: MIT */
/* regf_tree.c - see regf.h: the tree in memory and changes to it. */
#include "regf_tree.h"

#include <string.h>

#include "bytes.h"
#include "error.h"
#include "text.h"

enum { BLOCK = 64 << 10, LARGE = 16 << 10 };

/* Owner and group Administrators; full access for them and SYSTEM. */
static const uint8_t own_descriptor[] = {
    1, 0, 0x04, 0x80, 0x48, 0, 0,    0, 0x58, 0, 0, 0, 0,    0, 0, 0, 0x14, 0, 0,  0, /* offsets */
    2, 0, 0x34, 0,    2,    0, 0,    0,                                               /* ACL */
    0, 2, 0x18, 0,    0x3F, 0, 0x0F, 0, 1,    2, 0, 0, 0,    0, 0, 5, 32,   0, 0,  0, 0x20, 2,
    0, 0, 0,    2,    0x14, 0, 0x3F, 0, 0x0F, 0, 1, 1, 0,    0, 0, 0, 0,    5, 18, 0, 0,    0,
    1, 2, 0,    0,    0,    0, 0,    5, 32,   0, 0, 0, 0x20, 2, 0, 0, /* owner */
    1, 2, 0,    0,    0,    0, 0,    5, 32,   0, 0, 0, 0x20, 2, 0, 0, /* group */
};

/* ---- memory ---- */

void *regf_room(struct regf *regf, size_t size)
{
    size = ((size ? size : 1) + 7) & ~(size_t)7;
    if (size > regf->block_left) {
        size_t whole = size > LARGE ? size : BLOCK;
        uint8_t **slot = vec_push(&regf->blocks);
        if (!slot || !(*slot = mem_alloc(whole)))
            return NULL;
        if (whole == size)
            return *slot;
        regf->block_at = *slot;
        regf->block_left = whole;
    }
    void *room = regf->block_at;
    regf->block_at += size;
    regf->block_left -= size;
    return room;
}

void regf_free(struct regf *regf)
{
    for (size_t i = 0; i < regf->blocks.len; i++)
        mem_free(regf->blocks.ptr[i]);
    vec_clear(&regf->blocks);
    vec_clear(&regf->nodes);
    vec_clear(&regf->links);
    vec_clear(&regf->values);
    vec_clear(&regf->securities);
    mem_free(regf->own);
    mem_free(regf->name);
    mem_free(regf);
}

HRESULT regf_begin(const char *name, struct regf **out)
{
    AUTO_REGF struct regf *regf = mem_alloc(sizeof *regf);
    if (!regf || !(regf->name = mem_dup(name)))
        return FAIL_MEMORY();
    struct regf_security *own = vec_push(&regf->securities);
    if (!own)
        return FAIL_MEMORY();
    *own = (struct regf_security){
        .bytes = own_descriptor, .size = sizeof own_descriptor, .offset = REGF_NONE};
    *out = TAKE(regf);
    return S_OK;
}

HRESULT regf_new_node(struct regf *regf, regf_key parent, regf_key *out)
{
    if (regf->nodes.len >= INT32_MAX)
        return FAIL_MEMORY();
    struct regf_node *node = vec_push(&regf->nodes);
    if (!node)
        return FAIL_MEMORY();
    node->parent = parent;
    node->depth = parent ? regf_node_of(regf, parent)->depth + 1 : 0;
    node->security = parent ? regf_node_of(regf, parent)->security : 0;
    *out = (regf_key)regf->nodes.len;
    return S_OK;
}

HRESULT regf_new(struct regf **out)
{
    static const char name[] = "ROOT";
    AUTO_REGF struct regf *regf = NULL;
    regf_key root;
    TRY(regf_begin("", &regf));
    TRY(regf_new_node(regf, 0, &root));
    regf_node_of(regf, root)->name = (struct regf_name){(const uint8_t *)name, 4, false};
    regf->minor = REGF_HASHES_SINCE;
    *out = TAKE(regf);
    return S_OK;
}

void regf_set_time(struct regf *regf, uint64_t filetime)
{
    regf->time = filetime;
}

const char *regf_oddity(const struct regf *regf)
{
    return regf->oddity;
}

bool regf_is_loose(const struct regf *regf)
{
    return regf->bins_size / 2 > regf->used + (64 << 10);
}

/* Makes room for one more entry at `n` of a list in a pool. */
#define SPAN_INSERT(pool, span, n)                                                                 \
    (span_reserve((void **)&(pool)->ptr, &(pool)->len, &(pool)->cap, sizeof *(pool)->ptr, (span))  \
         ? (memmove(&(pool)->ptr[(span)->at + (n) + 1], &(pool)->ptr[(span)->at + (n)],            \
                    ((span)->len - (n)) * sizeof *(pool)->ptr),                                    \
            (span)->len++, true)                                                                   \
         : false)
#define SPAN_REMOVE(pool, span, n)                                                                 \
    (memmove(&(pool)->ptr[(span)->at + (n)], &(pool)->ptr[(span)->at + (n) + 1],                   \
             ((span)->len - (n)-1) * sizeof *(pool)->ptr),                                         \
     (span)->len--)

/* A list that is full moves to the end of the pool, or grows where it is if it ends there. */
static bool span_reserve(void **ptr, size_t *len, size_t *cap, size_t size, struct regf_span *span)
{
    if (span->len < span->cap)
        return true;
    const bool is_last = span->cap && span->at + (size_t)span->cap == *len;
    const size_t room = span->cap ? 2 * (size_t)span->cap : 4;
    const size_t end = (is_last ? span->at : *len) + room;
    if (end > INT32_MAX || !vec_reserve_raw(ptr, cap, end, size))
        return false;
    if (!is_last && span->len)
        memcpy((char *)*ptr + *len * size, (char *)*ptr + span->at * size, span->len * size);
    span->at = (uint32_t)(is_last ? span->at : *len);
    span->cap = (uint32_t)room;
    *len = end;
    return true;
}

/* ---- names ---- */

static uint32_t unit_at(const struct regf_name *name, size_t i)
{
    return name->is_wide ? LE16(name->bytes + 2 * i) : name->bytes[i];
}

int regf_compare_names(const struct regf_name *a, const struct regf_name *b)
{
    for (size_t i = 0;; i++) {
        if (i == a->units || i == b->units)
            return (i < a->units) - (i < b->units);
        uint32_t x = unit_at(a, i), y = unit_at(b, i);
        if (x != y && (x = text_upper(x)) != (y = text_upper(y)))
            return x < y ? -1 : 1;
    }
}

uint32_t regf_hash(const struct regf_name *name)
{
    uint32_t hash = 0;
    for (size_t i = 0; i < name->units; i++)
        hash = hash * 37 + text_upper(unit_at(name, i));
    return hash;
}

/* Upper-cased UTF-16 units of a text, one after another; what is not UTF-8 counts as units of its
 * own that no name has. */
struct units {
    const char *at, *end;
    uint32_t low; /* the second half of a pair that was begun */
};
enum { END = -1, NO_UTF8 = 0x10000 };

static int32_t next_unit(struct units *u)
{
    uint32_t cp;
    if (u->low) {
        cp = u->low;
        u->low = 0;
        return (int32_t)cp;
    }
    if (u->at == u->end)
        return END;
    size_t used = (unsigned char)*u->at < 0x80 ? 1 : text_decode(u->at, &cp);
    if (used == 0 || used > (size_t)(u->end - u->at))
        return NO_UTF8 + (unsigned char)*u->at++;
    if (used == 1)
        cp = (unsigned char)*u->at;
    u->at += used;
    if (cp < 0x10000)
        return (int32_t)text_upper(cp);
    u->low = 0xDC00 + ((cp - 0x10000) & 0x3FF);
    return (int32_t)(0xD800 + ((cp - 0x10000) >> 10));
}

int regf_compare(const char *a, size_t a_len, const char *b, size_t b_len)
{
    struct units x = {a, a + a_len, 0}, y = {b, b + b_len, 0};
    for (;;) {
        int32_t left = next_unit(&x), right = next_unit(&y);
        if (left != right)
            return left < right ? -1 : 1;
        if (left == END)
            return 0;
    }
}

uint32_t regf_hash_text(const char *text, size_t len)
{
    struct units units = {text, text + len, 0};
    uint32_t hash = 0;
    for (int32_t unit = next_unit(&units); unit != END; unit = next_unit(&units))
        hash = hash * 37 + (uint32_t)unit;
    return hash;
}

static int compare_text(const struct regf_name *name, const char *text, size_t len)
{
    struct units sought = {text, text + len, 0};
    for (size_t i = 0;; i++) {
        int32_t left = i < name->units ? (int32_t)text_upper(unit_at(name, i)) : END;
        int32_t right = next_unit(&sought);
        if (left != right)
            return left < right ? -1 : 1;
        if (left == END)
            return 0;
    }
}

/* At most three bytes a unit, and a NUL. */
static void encode(const struct regf_name *name, char *out)
{
    for (size_t i = 0; i < name->units; i++) {
        uint32_t cp = unit_at(name, i);
        if (cp >= 0xD800 && cp < 0xDC00 && i + 1 < name->units) {
            uint32_t low = unit_at(name, i + 1);
            if (low >= 0xDC00 && low < 0xE000) {
                cp = 0x10000 + ((cp - 0xD800) << 10) + (low - 0xDC00);
                i++;
            }
        }
        out += text_encode(cp, out);
    }
    *out = '\0';
}

char *regf_name_text(const struct regf_name *name)
{
    char *text = mem_alloc(3 * (size_t)name->units + 1);
    if (text)
        encode(name, text);
    return text;
}

void regf_show(const struct regf_name *name, struct regf_shown *out)
{
    bool fits = 3 * (size_t)name->units < sizeof out->small;
    out->large = fits ? NULL : regf_name_text(name);
    out->text = fits ? out->small : out->large;
    if (fits)
        encode(name, out->small);
}

void regf_shown_clear(struct regf_shown *shown)
{
    mem_free(shown->large);
}

static HRESULT to_units(const char *name, size_t most, char16_t **units, size_t *count)
{
    TRY(text_to_utf16(name, units));
    *count = text_utf16_len(*units);
    return *count <= most
               ? S_OK
               : FAIL(E_INVALIDARG, "a name of %zu characters is too long for a hive", *count);
}

HRESULT regf_check_name(const char *name, size_t most)
{
    AUTO_FREE char16_t *units = NULL;
    size_t count;
    return to_units(name, most, &units, &count);
}

/* A name for the hive out of UTF-8. */
static HRESULT keep_name(struct regf *regf, const char *text, size_t len, size_t most,
                         struct regf_name *out)
{
    AUTO_FREE char *whole = mem_dup_n(text, len);
    AUTO_FREE char16_t *units = NULL;
    bool is_wide = false;
    size_t count;
    if (!whole)
        return FAIL_MEMORY();
    TRY(to_units(whole, most, &units, &count));
    for (size_t i = 0; i < count; i++)
        is_wide = is_wide || units[i] > 0xFF;
    uint8_t *bytes = regf_room(regf, count * (is_wide ? 2 : 1));
    if (!bytes)
        return FAIL_MEMORY();
    for (size_t i = 0; i < count; i++)
        set_le(bytes + (is_wide ? 2 * i : i), is_wide ? 2 : 1, units[i]);
    *out = (struct regf_name){bytes, (uint32_t)count, is_wide};
    return S_OK;
}

/* ---- keys ---- */

regf_key regf_root(const struct regf *regf)
{
    return regf->nodes.len ? 1 : 0;
}

size_t regf_count_keys(const struct regf *regf, regf_key key)
{
    return regf_node_of(regf, key)->keys.len;
}

regf_key regf_key_at(const struct regf *regf, regf_key key, size_t n)
{
    return regf->links.ptr[regf_node_of(regf, key)->keys.at + n];
}

struct regf_name regf_key_name(const struct regf *regf, regf_key key)
{
    return regf_node_of(regf, key)->name;
}

uint64_t regf_key_time(const struct regf *regf, regf_key key)
{
    return regf_node_of(regf, key)->time;
}

/* Where the name is (true), or would be put. */
static bool search(const struct regf *regf, regf_key key, const char *name, size_t len, size_t *at)
{
    size_t low = 0, high = regf_count_keys(regf, key);
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        const struct regf_node *child = regf_node_of(regf, regf_key_at(regf, key, middle));
        int order = compare_text(&child->name, name, len);
        if (order == 0) {
            *at = middle;
            return true;
        }
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    *at = low;
    return false;
}

regf_key regf_child(const struct regf *regf, regf_key key, const char *name, size_t len)
{
    size_t at;
    return search(regf, key, name, len, &at) ? regf_key_at(regf, key, at) : 0;
}

HRESULT regf_make_child(struct regf *regf, regf_key key, const char *name, size_t len,
                        regf_key *out)
{
    size_t at;
    struct regf_name own;
    regf_key child;
    if (search(regf, key, name, len, &at)) {
        *out = regf_key_at(regf, key, at);
        return S_FALSE;
    }
    if (len == 0 || regf_node_of(regf, key)->depth + 1 >= REGF_DEEPEST)
        return FAIL(E_INVALIDARG, "a key %.*s has no name, or is nested too deep", (int)len, name);
    TRY(keep_name(regf, name, len, REGF_LONGEST_KEY, &own));
    TRY(regf_new_node(regf, key, &child));
    if (!SPAN_INSERT(&regf->links, &regf_node_of(regf, key)->keys, at))
        return FAIL_MEMORY();
    regf->links.ptr[regf_node_of(regf, key)->keys.at + at] = child;
    regf_node_of(regf, child)->name = own;
    regf_node_of(regf, child)->time = regf->time;
    regf_node_of(regf, key)->time = regf->time;
    *out = child;
    return S_OK;
}

HRESULT regf_delete_key(struct regf *regf, regf_key key)
{
    regf_key parent = regf_node_of(regf, key)->parent;
    if (!parent)
        return FAIL(E_INVALIDARG, "the root of a hive cannot be deleted");
    struct regf_span *keys = &regf_node_of(regf, parent)->keys;
    for (size_t i = 0; i < keys->len; i++)
        if (regf->links.ptr[keys->at + i] == key) {
            SPAN_REMOVE(&regf->links, keys, i);
            regf_node_of(regf, parent)->time = regf->time;
            return S_OK;
        }
    return FAIL(E_INVALIDARG, "a key that was deleted before");
}

/* ---- values ---- */

size_t regf_count_values(const struct regf *regf, regf_key key)
{
    return regf_node_of(regf, key)->values.len;
}

const struct regf_value *regf_value_at(const struct regf *regf, regf_key key, size_t n)
{
    return &regf->values.ptr[regf_node_of(regf, key)->values.at + n];
}

static bool search_value(const struct regf *regf, regf_key key, const char *name, size_t *at)
{
    const size_t count = regf_count_values(regf, key), len = strlen(name);
    for (*at = 0; *at < count; ++*at)
        if (compare_text(&regf_value_at(regf, key, *at)->name, name, len) == 0)
            return true;
    return false;
}

const struct regf_value *regf_value(const struct regf *regf, regf_key key, const char *name)
{
    size_t at;
    return search_value(regf, key, name, &at) ? regf_value_at(regf, key, at) : NULL;
}

HRESULT regf_set(struct regf *regf, regf_key key, const char *name, uint32_t type, const void *data,
                 size_t size)
{
    size_t at;
    struct regf_name own = {0};
    struct regf_span *values = &regf_node_of(regf, key)->values;
    bool is_there = search_value(regf, key, name, &at);
    if (size > INT32_MAX)
        return FAIL(E_INVALIDARG, "the value %s is too long for a hive", name);
    uint8_t *copy = regf_room(regf, size);
    if (!copy)
        return FAIL_MEMORY();
    if (size)
        memcpy(copy, data, size);
    if (!is_there) {
        TRY(keep_name(regf, name, strlen(name), REGF_LONGEST_VALUE, &own));
        if (!SPAN_INSERT(&regf->values, values, at))
            return FAIL_MEMORY();
        regf->values.ptr[values->at + at] = (struct regf_value){.name = own};
    }
    struct regf_value *value = &regf->values.ptr[values->at + at];
    value->type = type;
    value->data = copy;
    value->size = (uint32_t)size;
    regf_node_of(regf, key)->time = regf->time;
    return S_OK;
}

HRESULT regf_delete_value(struct regf *regf, regf_key key, const char *name)
{
    size_t at;
    struct regf_span *values = &regf_node_of(regf, key)->values;
    if (!search_value(regf, key, name, &at))
        return S_FALSE;
    SPAN_REMOVE(&regf->values, values, at);
    regf_node_of(regf, key)->time = regf->time;
    return S_OK;
}
