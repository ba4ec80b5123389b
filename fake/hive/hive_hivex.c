/* SPDX-License-Identifier: MIT */
/*
 * hive_hivex.c - hive.h by hivex, whose blocks are malloc's and so mem_free's; a key is its node.
 *
 * hivex takes hives from files only, and one that is damaged or unusual can end the process
 * (assertions, reads past the end). So it gets what our own reader (regf.h) found sound, as a file
 * in memory that dies with us; an unusual hive is written anew before, and so is one with more gaps
 * than content, since hivex fills none.
 *
 * What it does not do as Windows does is made good here: it knows only ASCII's letter cases, sets
 * no times, puts large data into one cell, and keeps names that are not ASCII in an order and with
 * hashes of its own. Its result is read by our own reader too and, where unusual, written anew.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <hivex.h>

#include "bytes.h"
#include "dism_codes.h"
#include "error.h"
#include "floor.h"
#include "hive_backend.h"
#include "os.h"
#include "regf_tree.h"
#include "text.h"

enum {
    MOST_IN_LIST = 50000,      /* hivex: 70,000 keys, 55,000 values */
    LARGEST_READ = 8000000,    /* data, as hivex has it */
    LARGEST_SET = 1000000 - 8, /* it sets all values of a key at once */
};

/* The keys below a key, in the order of names by Windows' rules. */
struct child {
    char *name;
    size_t len;
    hive_key key;
};
struct family {
    hive_key parent;
    VEC(struct child) children;
};

/* The values of the key that was looked at last; hivex can only set all of them. */
struct held_value {
    char *name;
    uint32_t hash; /* of the name, whatever its letter case */
    uint32_t type;
    uint8_t *data;
    size_t size;
};
struct held {
    hive_key key; /* 0: none */
    bool is_changed;
    VEC(struct held_value) values;
};

struct stamp {
    hive_key key;
    uint64_t time;
};

struct hivex_hive {
    struct hive hive;
    hive_h *handle;
    VEC(struct family) families; /* in the order of parents */
    struct held held;
    VEC(struct stamp) stamps; /* keys that were changed */
};

static struct hivex_hive *of(const struct hive *hive)
{
    return (struct hivex_hive *)(uintptr_t)hive;
}

static HRESULT failed(const struct hive *hive, const char *doing)
{
    int err = errno;
    if (err == ENOMEM)
        return FAIL_MEMORY();
    return FAIL(HR_WIN32(ERROR_BADDB), "cannot %s the hive %s: %s", doing, hive->name,
                strerror(err));
}

/* A change that hivex did not make may be half made. */
static HRESULT broken(struct hive *hive, const char *doing)
{
    hive->trouble = failed(hive, doing);
    return hive->trouble;
}

/* ---- keys ---- */

static void family_clear(struct family *family)
{
    for (size_t i = 0; i < family->children.len; i++)
        mem_free(family->children.ptr[i].name);
    vec_clear(&family->children);
}

static hive_key hivex_hive_root(const struct hive *hive)
{
    return hivex_root(of(hive)->handle);
}

/* Where the name is (true), or would be put. */
static bool search(const struct family *family, const char *name, size_t len, size_t *at)
{
    size_t low = 0, high = family->children.len;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        const struct child *child = &family->children.ptr[middle];
        const int order = regf_compare(child->name, child->len, name, len);
        *at = middle;
        if (order == 0)
            return true;
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    *at = low;
    return false;
}

/* Takes the name over. */
static HRESULT add_child(struct family *family, char *name, hive_key key)
{
    size_t at;
    const size_t len = strlen(name), count = family->children.len;
    const struct child *last = count ? &family->children.ptr[count - 1] : NULL;
    if (!last || regf_compare(last->name, last->len, name, len) < 0)
        at = count; /* nearly always */
    else
        (void)search(family, name, len, &at);
    if (!vec_push(&family->children)) {
        mem_free(name);
        return FAIL_MEMORY();
    }
    struct child *child = &family->children.ptr[at];
    memmove(child + 1, child, (count - at) * sizeof *child);
    *child = (struct child){name, len, key};
    return S_OK;
}

static HRESULT read_family(const struct hive *hive, struct family *family)
{
    AUTO_FREE hive_node_h *nodes = hivex_node_children(of(hive)->handle, family->parent);
    if (!nodes)
        return failed(hive, "list keys of");
    for (size_t i = 0; nodes[i]; i++) {
        char *name = hivex_node_name(of(hive)->handle, nodes[i]);
        if (!name)
            return failed(hive, "read a key's name in");
        TRY(add_child(family, name, nodes[i]));
    }
    return S_OK;
}

/* Where the family of that key is (true), or would be put. */
static bool search_family(const struct hivex_hive *h, hive_key parent, size_t *at)
{
    size_t low = 0, high = h->families.len;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (h->families.ptr[middle].parent < parent)
            low = middle + 1;
        else
            high = middle;
    }
    *at = low;
    return low < h->families.len && h->families.ptr[low].parent == parent;
}

static HRESULT need_family(const struct hive *hive, hive_key parent, struct family **out)
{
    size_t at;
    struct hivex_hive *h = of(hive);
    if (!search_family(h, parent, &at)) {
        struct family family = {.parent = parent};
        HRESULT hr = read_family(hive, &family);
        if (SUCCEEDED(hr) && !vec_push(&h->families))
            hr = FAIL_MEMORY();
        if (FAILED(hr)) {
            family_clear(&family);
            return hr;
        }
        struct family *slot = &h->families.ptr[at];
        memmove(slot + 1, slot, (h->families.len - 1 - at) * sizeof *slot);
        *slot = family;
    }
    *out = &h->families.ptr[at];
    return S_OK;
}

static HRESULT hivex_hive_child(const struct hive *hive, hive_key key, const char *name, size_t len,
                                hive_key *out)
{
    size_t at;
    struct family *family;
    TRY(need_family(hive, key, &family));
    if (!search(family, name, len, &at))
        return S_FALSE;
    *out = family->children.ptr[at].key;
    return S_OK;
}

static char *hivex_hive_name(const struct hive *hive, hive_key key)
{
    return hivex_node_name(of(hive)->handle, key);
}

static struct stamp *find_stamp(const struct hivex_hive *h, hive_key key)
{
    for (size_t i = h->stamps.len; i-- > 0;)
        if (h->stamps.ptr[i].key == key)
            return &h->stamps.ptr[i];
    return NULL;
}

static uint64_t hivex_hive_time(const struct hive *hive, hive_key key)
{
    const struct stamp *stamp = find_stamp(of(hive), key);
    const int64_t time = hivex_node_timestamp(of(hive)->handle, key);
    return stamp ? stamp->time : time > 0 ? (uint64_t)time : 0;
}

static HRESULT stamp(struct hive *hive, hive_key key)
{
    struct stamp *stamp = find_stamp(of(hive), key);
    if (!stamp && !(stamp = vec_push(&of(hive)->stamps)))
        return FAIL_MEMORY();
    *stamp = (struct stamp){key, hive->time};
    return S_OK;
}

static size_t hivex_hive_count(const struct hive *hive, hive_key key)
{
    return hivex_node_nr_children(of(hive)->handle, key);
}

static HRESULT hivex_hive_each_key(const struct hive *hive, hive_key key,
                                   HRESULT (*each)(void *context, hive_key child, const char *name),
                                   void *context)
{
    AUTO_FREE hive_node_h *children = hivex_node_children(of(hive)->handle, key);
    if (!children)
        return failed(hive, "list keys of");
    for (size_t i = 0; children[i]; i++) {
        AUTO_FREE char *name = hivex_node_name(of(hive)->handle, children[i]);
        if (!name)
            return failed(hive, "read a key's name in");
        TRY(each(context, children[i], name));
    }
    return S_OK;
}

/* ---- values ---- */

static void held_clear(struct held *held)
{
    for (size_t i = 0; i < held->values.len; i++) {
        mem_free(held->values.ptr[i].name);
        mem_free(held->values.ptr[i].data);
    }
    vec_clear(&held->values);
    *held = (struct held){0};
}

/* Gives hivex the values that were changed. */
static HRESULT flush(struct hive *hive)
{
    static char nothing[1];
    struct held *held = &of(hive)->held;
    const size_t count = held->values.len;
    if (!held->is_changed)
        return S_OK;
    AUTO_FREE hive_set_value *all = mem_array(count, sizeof *all);
    if (!all)
        return FAIL_MEMORY();
    for (size_t i = 0; i < count; i++) {
        const struct held_value *v = &held->values.ptr[i];
        all[i] = (hive_set_value){v->name, (hive_type)v->type, v->size,
                                  v->size ? (char *)v->data : nothing};
    }
    if (hivex_node_set_values(of(hive)->handle, held->key, count, all, 0) != 0)
        return broken(hive, "set values in");
    held->is_changed = false;
    return S_OK;
}

/* A predefined key's count of values is a handle (regf_tree.h), and it has none. */
static bool has_values(const struct hive *hive, hive_key key)
{
    return hivex_node_nr_values(of(hive)->handle, key) <= INT32_MAX;
}

static HRESULT read_value(const struct hive *hive, hive_value_h from, struct held_value *out)
{
    hive_type type;
    out->name = hivex_value_key(of(hive)->handle, from);
    if (!out->name)
        return failed(hive, "read a value's name in");
    out->hash = regf_hash_text(out->name, strlen(out->name));
    out->data = (uint8_t *)hivex_value_value(of(hive)->handle, from, &type, &out->size);
    if (!out->data)
        return failed(hive, "read a value in");
    out->type = (uint32_t)type;
    return S_OK;
}

static HRESULT read_values(const struct hive *hive, hive_key key, struct held *held)
{
    AUTO_FREE hive_value_h *values = hivex_node_values(of(hive)->handle, key);
    if (!values)
        return failed(hive, "list values in");
    for (size_t i = 0; values[i]; i++) {
        struct held_value *slot = vec_push(&held->values);
        if (!slot)
            return FAIL_MEMORY();
        TRY(read_value(hive, values[i], slot));
    }
    return S_OK;
}

static HRESULT hold(const struct hive *hive, hive_key key)
{
    struct hivex_hive *h = of(hive);
    if (h->held.key == key)
        return S_OK;
    TRY(flush(&h->hive));
    held_clear(&h->held);
    if (has_values(hive, key)) {
        HRESULT hr = read_values(hive, key, &h->held);
        if (FAILED(hr)) {
            held_clear(&h->held);
            return hr;
        }
    }
    h->held.key = key;
    return S_OK;
}

static struct held_value *find_held(const struct hive *hive, const char *name)
{
    const struct held *held = &of(hive)->held;
    const size_t len = strlen(name);
    const uint32_t hash = regf_hash_text(name, len);
    for (size_t i = 0; i < held->values.len; i++) {
        struct held_value *value = &held->values.ptr[i];
        if (value->hash == hash && regf_compare(value->name, strlen(value->name), name, len) == 0)
            return value;
    }
    return NULL;
}

static HRESULT hivex_hive_each_value(const struct hive *hive, hive_key key,
                                     HRESULT (*each)(void *context, const char *name,
                                                     const struct hive_value *value),
                                     void *context)
{
    struct held own AUTO(held_clear) = {0}; /* `each` may look at other keys */
    TRY(flush(&of(hive)->hive));
    if (has_values(hive, key))
        TRY(read_values(hive, key, &own));
    for (size_t i = 0; i < own.values.len; i++) {
        const struct held_value *v = &own.values.ptr[i];
        const struct hive_value value = {v->type, v->data, v->size};
        TRY(each(context, v->name, &value));
    }
    return S_OK;
}

static HRESULT hivex_hive_get(const struct hive *hive, hive_key key, const char *name,
                              struct hive_value *out)
{
    TRY(hold(hive, key));
    const struct held_value *value = find_held(hive, name);
    if (!value)
        return S_FALSE;
    *out = (struct hive_value){value->type, value->data, value->size};
    return S_OK;
}

/* ---- changes ---- */

/* What hivex would stumble over. */
static HRESULT check_name(const char *name, size_t most)
{
    if (!text_is_utf8(name, strlen(name)))
        return FAIL(HR_WIN32(ERROR_NO_UNICODE_TRANSLATION), "the name %s is no UTF-8", name);
    return regf_check_name(name, most);
}

static HRESULT check_place(const struct hive *hive, hive_key key)
{
    const hive_key root = hivex_hive_root(hive);
    for (unsigned depth = 1; depth < REGF_DEEPEST; depth++) {
        if (key == root)
            return S_OK;
        key = hivex_node_parent(of(hive)->handle, key);
    }
    return FAIL(E_INVALIDARG, "a key is nested too deep");
}

static HRESULT add_key(struct hive *hive, hive_key key, const char *name, hive_key *out)
{
    struct family *family;
    TRY(check_name(name, REGF_LONGEST_KEY));
    TRY(check_place(hive, key));
    TRY(stamp(hive, key));
    *out = hivex_node_add_child(of(hive)->handle, key, name);
    if (!*out)
        return broken(hive, "add a key to");
    char *own = mem_dup(name);
    HRESULT hr = own ? need_family(hive, key, &family) : FAIL_MEMORY();
    if (FAILED(hr)) {
        mem_free(own);
        return hr;
    }
    TRY(add_child(family, own, *out));
    return stamp(hive, *out);
}

static HRESULT hivex_hive_make_child(struct hive *hive, hive_key key, const char *name, size_t len,
                                     hive_key *out)
{
    HRESULT hr = hivex_hive_child(hive, key, name, len, out);
    if (hr != S_FALSE)
        return hr;
    AUTO_FREE char *own = mem_dup_n(name, len);
    if (!own)
        return FAIL_MEMORY();
    hr = add_key(hive, key, own, out);
    if (hr == E_OUTOFMEMORY) /* it may be there, and not known to be */
        hive->trouble = hr;
    return hr;
}

/* What was known of the families of a key and of all below it is of no use any more. */
static void forget_family(struct hivex_hive *h, hive_key key)
{
    size_t at;
    if (!search_family(h, key, &at))
        return;
    struct family family = h->families.ptr[at];
    vec_remove(&h->families, at);
    for (size_t i = 0; i < family.children.len; i++)
        forget_family(h, family.children.ptr[i].key);
    family_clear(&family);
}

static void forget_child(struct hivex_hive *h, hive_key parent, hive_key child)
{
    size_t at;
    struct family *family = search_family(h, parent, &at) ? &h->families.ptr[at] : NULL;
    for (size_t i = 0; family && i < family->children.len; i++)
        if (family->children.ptr[i].key == child) {
            mem_free(family->children.ptr[i].name);
            vec_remove(&family->children, i);
            break;
        }
    forget_family(h, child);
}

static HRESULT hivex_hive_delete_key(struct hive *hive, hive_key key)
{
    struct hivex_hive *h = of(hive);
    if (key == hivex_hive_root(hive))
        return FAIL(E_INVALIDARG, "the root of a hive cannot be deleted");
    const hive_key parent = hivex_node_parent(h->handle, key);
    if (!parent)
        return failed(hive, "find the key above one of");
    TRY(stamp(hive, parent));
    TRY(flush(hive));
    held_clear(&h->held);
    if (hivex_node_delete_child(h->handle, key) != 0)
        return broken(hive, "delete a key of");
    forget_child(h, parent, key);
    return S_OK;
}

static HRESULT hivex_hive_set(struct hive *hive, hive_key key, const char *name,
                              const struct hive_value *value)
{
    if (value->size > LARGEST_SET)
        return FAIL(E_INVALIDARG, "the value %s has %zu bytes, more than hivex takes", name,
                    value->size);
    TRY(check_name(name, REGF_LONGEST_VALUE));
    TRY(hold(hive, key));
    TRY(stamp(hive, key));
    AUTO_FREE uint8_t *data = (uint8_t *)mem_dup_n(value->data, value->size);
    if (!data)
        return FAIL_MEMORY();
    struct held_value *slot = find_held(hive, name);
    if (!slot) {
        AUTO_FREE char *own = mem_dup(name);
        if (!own || !(slot = vec_push(&of(hive)->held.values)))
            return FAIL_MEMORY();
        slot->name = TAKE(own);
        slot->hash = regf_hash_text(name, strlen(name));
    }
    mem_free(slot->data);
    slot->data = TAKE(data);
    slot->size = value->size;
    slot->type = value->type;
    of(hive)->held.is_changed = true;
    return S_OK;
}

static HRESULT hivex_hive_delete_value(struct hive *hive, hive_key key, const char *name)
{
    struct held *held = &of(hive)->held;
    TRY(hold(hive, key));
    struct held_value *value = find_held(hive, name);
    if (!value)
        return S_OK;
    TRY(stamp(hive, key));
    mem_free(value->name);
    mem_free(value->data);
    vec_remove(&held->values, value - held->values.ptr);
    held->is_changed = true;
    return S_OK;
}

/* ---- opening and writing ---- */

/* Into a file in memory: what is written to the disk goes through os.h, as all files do. */
static HRESULT commit(struct hive *hive, uint8_t **bytes, size_t *size)
{
    AUTO_FREE char *memory = NULL;
    AUTO_FILE struct os_file *file = NULL;
    TRY(os_open_in_memory("hive", &file, &memory));
    if (hivex_commit(of(hive)->handle, memory, 0) != 0)
        return failed(hive, "write");
    return os_read_file(memory, (char **)bytes, size);
}

/* The times of changed keys and of the hive, which hivex leaves as they were. */
static void set_times(const struct hivex_hive *h, uint8_t *bytes, size_t size)
{
    for (size_t i = 0; i < h->stamps.len; i++) {
        const hive_key key = h->stamps.ptr[i].key;
        if (key + 4 + REGF_NK <= size && LE32(bytes + key) >> 31 &&
            memcmp(bytes + key + 4, "nk", 2) == 0)
            set_le(bytes + key + 8, 8, h->stamps.ptr[i].time);
    }
    set_le(bytes + 12, 8, h->hive.time);
    set_le(bytes + 508, 4, regf_checksum(bytes));
}

static HRESULT hivex_hive_write(struct hive *hive, uint8_t **bytes, size_t *size)
{
    AUTO_REGF struct regf *regf = NULL;
    uint8_t *made;
    TRY(flush(hive));
    TRY(commit(hive, &made, size));
    set_times(of(hive), made, *size);
    TRY(regf_read(made, *size, hive->name, &regf));
    if (regf_oddity(regf) || regf_is_loose(regf))
        return regf_write(regf, NULL, hive->time, bytes, size);
    *bytes = TAKE(regf->own); /* the tree is of no more use */
    return S_OK;
}

static void hivex_hive_close(struct hive *hive)
{
    struct hivex_hive *h = of(hive);
    for (size_t i = 0; i < h->families.len; i++)
        family_clear(&h->families.ptr[i]);
    vec_clear(&h->families);
    vec_clear(&h->stamps);
    held_clear(&h->held);
    if (h->handle)
        hivex_close(h->handle);
    mem_free(hive->name);
    mem_free(hive);
}

static const struct hive_backend backend = {
    .close = hivex_hive_close,
    .root = hivex_hive_root,
    .child = hivex_hive_child,
    .name = hivex_hive_name,
    .written = hivex_hive_time,
    .count = hivex_hive_count,
    .each_key = hivex_hive_each_key,
    .each_value = hivex_hive_each_value,
    .get = hivex_hive_get,
    .make_child = hivex_hive_make_child,
    .delete_key = hivex_hive_delete_key,
    .set = hivex_hive_set,
    .delete_value = hivex_hive_delete_value,
    .write = hivex_hive_write,
};

/* hivex gives names as C's texts and converts strictly. */
static bool can_name(const struct regf_name *name)
{
    if (!name->is_wide)
        return !memchr(name->bytes, 0, name->units);
    for (size_t i = 0; i < name->units; i++) {
        uint32_t unit = LE16(name->bytes + 2 * i);
        if (unit == 0 || (unit >= 0xDC00 && unit < 0xE000))
            return false;
        if (unit < 0xD800 || unit >= 0xDC00)
            continue;
        if (++i == name->units || (LE16(name->bytes + 2 * i) & 0xFC00) != 0xDC00)
            return false;
    }
    return true;
}

/* Is all that the tree has within hivex' limits? */
static bool is_for_hivex(const struct regf *regf, bool for_change)
{
    for (size_t i = 0; i < regf->nodes.len; i++) {
        const struct regf_node *node = &regf->nodes.ptr[i];
        if (node->keys.len > MOST_IN_LIST || node->values.len > MOST_IN_LIST ||
            !can_name(&node->name) || (for_change && regf_is_predefined(node->nk)))
            return false;
    }
    for (size_t i = 0; i < regf->values.len; i++) {
        const struct regf_value *value = &regf->values.ptr[i];
        if (value->size > (for_change ? LARGEST_SET : LARGEST_READ) || !can_name(&value->name))
            return false;
    }
    return true;
}

/* A hive as a file in memory, for hivex; mapped while our own reader looks at it, so that there is
 * one copy of it at any time. */
struct copy {
    struct os_file *file;
    char *path;
    const void *bytes;
    size_t size;
};

static void copy_unmap(struct copy *copy)
{
    if (copy->bytes && copy->size)
        os_unmap((void *)(uintptr_t)copy->bytes, copy->size);
    copy->bytes = NULL;
}

static void copy_clear(struct copy *copy)
{
    copy_unmap(copy);
    os_close(copy->file);
    mem_free(copy->path);
}

static HRESULT copy_add(struct copy *copy, const void *bytes, size_t size)
{
    FLOOR_PAUSE(); /* memory is no disk */
    copy->size += size;
    return os_write(copy->file, bytes, size);
}

static HRESULT copy_file(struct copy *copy, const char *path)
{
    enum { PIECE = 256 << 10 };
    AUTO_FILE struct os_file *from = NULL;
    AUTO_FREE uint8_t *piece = mem_alloc(PIECE);
    size_t got;
    if (!piece)
        return FAIL_MEMORY();
    TRY(os_open(path, OS_READ, &from));
    do {
        TRY(os_read_at(from, piece, PIECE, copy->size, &got));
        TRY(copy_add(copy, piece, got));
    } while (got == PIECE);
    return S_OK;
}

static HRESULT copy_make(const struct hive_source *source, struct copy *out)
{
    TRY(os_open_in_memory("hive", &out->file, &out->path));
    TRY(source->path ? copy_file(out, source->path) : copy_add(out, source->bytes, source->size));
    out->bytes = "";
    return out->size ? os_map(out->file, out->size, &out->bytes) : S_OK;
}

static HRESULT open_handle(struct hivex_hive *h, const struct copy *copy)
{
    h->handle = hivex_open(copy->path, h->hive.is_for_change ? HIVEX_OPEN_WRITE : 0);
    if (h->handle)
        return S_OK;
    return errno == ENOMEM ? FAIL_MEMORY() : S_FALSE;
}

/* S_FALSE: more than hivex takes. What is unusual is written anew. */
static HRESULT make_fit(struct copy *copy, const char *name, bool for_change)
{
    AUTO_REGF struct regf *regf = NULL;
    struct hive_source anew = {0};
    TRY(regf_read_there(copy->bytes, copy->size, name, &regf));
    if (!is_for_hivex(regf, for_change))
        return S_FALSE;
    if (!regf_oddity(regf) && !(for_change && regf_is_loose(regf)))
        return S_OK;
    AUTO_FREE uint8_t *bytes = NULL;
    TRY(regf_write(regf, NULL, LE64(regf->bytes + 12), &bytes, &anew.size));
    anew.bytes = bytes;
    struct copy other AUTO(copy_clear) = {0};
    TRY(copy_make(&anew, &other));
    regf_free(TAKE(regf));
    struct copy old = *copy;
    *copy = other;
    other = old;
    return S_OK;
}

HRESULT hive_hivex_open(const struct hive_source *source, const char *name, bool for_change,
                        struct hive **out)
{
    AUTO_HIVE struct hive *hive = NULL;
    struct copy copy AUTO(copy_clear) = {0};
    TRY(copy_make(source, &copy));
    HRESULT hr = make_fit(&copy, name, for_change);
    if (hr != S_OK)
        return hr;
    copy_unmap(&copy);
    struct hivex_hive *h = mem_alloc(sizeof *h);
    if (!h)
        return FAIL_MEMORY();
    hive = &h->hive;
    TRY(hive_begin(hive, &backend, name, for_change));
    hr = open_handle(h, &copy);
    if (hr == S_OK)
        *out = TAKE(hive);
    return hr;
}
