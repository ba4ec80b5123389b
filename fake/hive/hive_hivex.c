/* SPDX-License-Identifier: MIT */
/*
 * hive_hivex.c - hive.h by hivex, whose blocks are malloc's and so mem_free's; a key is its node.
 *
 * hivex takes hives from files only, and changing one that is damaged or of a rarer form can end
 * the process (assertions on free cells). So a hive to be changed is first read and written anew by
 * regf.h, which refuses what is damaged, and handed over as a file in memory that dies with us.
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
#include "path.h"
#include "regf.h"
#include "text.h"

struct hivex_hive {
    struct hive hive;
    hive_h *handle;
};

static hive_h *handle_of(const struct hive *hive)
{
    return ((const struct hivex_hive *)(const void *)hive)->handle;
}

static HRESULT failed(const struct hive *hive, const char *doing)
{
    int err = errno;
    if (err == ENOMEM)
        return FAIL_MEMORY();
    return FAIL(HR_WIN32(ERROR_BADDB), "%s the hive %s: %s", doing, hive->name, strerror(err));
}

static void hivex_hive_close(struct hive *hive)
{
    if (handle_of(hive))
        hivex_close(handle_of(hive));
    mem_free(hive->name);
    mem_free(hive);
}

static hive_key hivex_hive_root(const struct hive *hive)
{
    return hivex_root(handle_of(hive));
}

/* hivex folds ASCII alone; Windows' rules are ours. */
static bool is_plain(const char *name)
{
    for (; *name; name++)
        if ((unsigned char)*name >= 0x80)
            return false;
    return true;
}

static hive_key search(const struct hive *hive, hive_key key, const char *name)
{
    AUTO_FREE hive_node_h *children = hivex_node_children(handle_of(hive), key);
    for (size_t i = 0; children && children[i]; i++) {
        AUTO_FREE char *own = hivex_node_name(handle_of(hive), children[i]);
        if (own && text_equal_nocase(own, name))
            return children[i];
    }
    return 0;
}

static hive_key hivex_hive_child(const struct hive *hive, hive_key key, const char *name)
{
    return is_plain(name) ? hivex_node_get_child(handle_of(hive), key, name)
                          : search(hive, key, name);
}

static char *hivex_hive_name(const struct hive *hive, hive_key key)
{
    return hivex_node_name(handle_of(hive), key);
}

static uint64_t hivex_hive_time(const struct hive *hive, hive_key key)
{
    int64_t time = hivex_node_timestamp(handle_of(hive), key);
    return time > 0 ? (uint64_t)time : 0;
}

static size_t hivex_hive_count(const struct hive *hive, hive_key key)
{
    return hivex_node_nr_children(handle_of(hive), key);
}

static HRESULT hivex_hive_each_key(const struct hive *hive, hive_key key,
                                   HRESULT (*each)(void *context, hive_key child, const char *name),
                                   void *context)
{
    AUTO_FREE hive_node_h *children = hivex_node_children(handle_of(hive), key);
    if (!children)
        return failed(hive, "cannot list keys of");
    for (size_t i = 0; children[i]; i++) {
        AUTO_FREE char *name = hivex_node_name(handle_of(hive), children[i]);
        if (!name)
            return failed(hive, "cannot read a key's name in");
        TRY(each(context, children[i], name));
    }
    return S_OK;
}

static HRESULT read_value(const struct hive *hive, hive_value_h from, struct hive_value *out,
                          void **owned)
{
    hive_type type;
    size_t size;
    char *data = hivex_value_value(handle_of(hive), from, &type, &size);
    if (!data)
        return failed(hive, "cannot read a value in");
    *owned = data;
    *out = (struct hive_value){(uint32_t)type, data, size};
    return S_OK;
}

static HRESULT hivex_hive_each_value(const struct hive *hive, hive_key key,
                                     HRESULT (*each)(void *context, const char *name,
                                                     const struct hive_value *value),
                                     void *context)
{
    AUTO_FREE hive_value_h *values = hivex_node_values(handle_of(hive), key);
    if (!values)
        return failed(hive, "cannot list values in");
    for (size_t i = 0; values[i]; i++) {
        AUTO_FREE char *name = hivex_value_key(handle_of(hive), values[i]);
        AUTO_FREE void *owned = NULL;
        struct hive_value value;
        if (!name)
            return failed(hive, "cannot read a value's name in");
        TRY(read_value(hive, values[i], &value, &owned));
        TRY(each(context, name, &value));
    }
    return S_OK;
}

static hive_value_h find_value(const struct hive *hive, hive_key key, const char *name)
{
    if (is_plain(name))
        return hivex_node_get_value(handle_of(hive), key, name);
    AUTO_FREE hive_value_h *values = hivex_node_values(handle_of(hive), key);
    for (size_t i = 0; values && values[i]; i++) {
        AUTO_FREE char *own = hivex_value_key(handle_of(hive), values[i]);
        if (own && text_equal_nocase(own, name))
            return values[i];
    }
    return 0;
}

static HRESULT hivex_hive_get(const struct hive *hive, hive_key key, const char *name,
                              struct hive_value *out, void **owned)
{
    hive_value_h found = find_value(hive, key, name);
    return found ? read_value(hive, found, out, owned) : S_FALSE;
}

/* ---- changes ---- */

static HRESULT hivex_hive_make_child(struct hive *hive, hive_key key, const char *name,
                                     hive_key *out)
{
    *out = hivex_hive_child(hive, key, name);
    if (!*out)
        *out = hivex_node_add_child(handle_of(hive), key, name);
    return *out ? S_OK : failed(hive, "cannot add a key to");
}

static HRESULT hivex_hive_delete_key(struct hive *hive, hive_key key)
{
    return hivex_node_delete_child(handle_of(hive), key) == 0
               ? S_OK
               : failed(hive, "cannot delete a key of");
}

/* hivex keeps the letters of a value that is there and takes UTF-8 names. */
static HRESULT hivex_hive_set(struct hive *hive, hive_key key, const char *name,
                              const struct hive_value *value)
{
    static char nothing[1];
    hive_value_h found = find_value(hive, key, name);
    AUTO_FREE char *own = found ? hivex_value_key(handle_of(hive), found) : mem_dup(name);
    if (!own)
        return FAIL_MEMORY();
    hive_set_value set = {own, (hive_type)value->type, value->size,
                          value->size ? (char *)value->data : nothing};
    return hivex_node_set_value(handle_of(hive), key, &set, 0) == 0
               ? S_OK
               : failed(hive, "cannot set a value in");
}

/* hivex can only set all values of a key. */
struct keeping {
    const char *without;
    VEC(hive_set_value) list;
};

static HRESULT keep(void *context, const char *name, const struct hive_value *value)
{
    struct keeping *k = context;
    if (text_equal_nocase(name, k->without))
        return S_OK;
    hive_set_value *slot = vec_push(&k->list);
    if (!slot)
        return FAIL_MEMORY();
    slot->t = (hive_type)value->type;
    slot->len = value->size;
    slot->key = mem_dup(name);
    slot->value = mem_alloc(value->size + 1);
    if (!slot->key || !slot->value)
        return FAIL_MEMORY();
    if (value->size)
        memcpy(slot->value, value->data, value->size);
    return S_OK;
}

static void keeping_clear(struct keeping *k)
{
    for (size_t i = 0; i < k->list.len; i++) {
        mem_free(k->list.ptr[i].key);
        mem_free(k->list.ptr[i].value);
    }
    vec_clear(&k->list);
}

static HRESULT hivex_hive_delete_value(struct hive *hive, hive_key key, const char *name)
{
    struct keeping k AUTO(keeping_clear) = {.without = name};
    if (!find_value(hive, key, name))
        return S_OK;
    TRY(hivex_hive_each_value(hive, key, keep, &k));
    return hivex_node_set_values(handle_of(hive), key, k.list.len, k.list.ptr, 0) == 0
               ? S_OK
               : failed(hive, "cannot delete a value in");
}

/* Into memory first: what is written to the disk goes through os.h, as all files do. */
static HRESULT hivex_hive_save(struct hive *hive, const char *path)
{
    AUTO_FREE char *memory = NULL, *bytes = NULL;
    AUTO_FILE struct os_file *held = NULL, *file = NULL;
    size_t size;
    TRY(os_open_in_memory("hive", &held, &memory));
    if (hivex_commit(handle_of(hive), memory, 0) != 0)
        return failed(hive, "cannot write");
    TRY(os_read_file(memory, &bytes, &size));
    TRY(os_open(path, OS_WRITE | OS_CREATE | OS_TRUNCATE, &file));
    TRY(os_write(file, bytes, size));
    return os_sync(file);
}

static const struct hive_backend backend = {
    hivex_hive_close,        hivex_hive_root,       hivex_hive_child,      hivex_hive_name,
    hivex_hive_time,         hivex_hive_count,      hivex_hive_each_key,   hivex_hive_each_value,
    hivex_hive_get,          hivex_hive_make_child, hivex_hive_delete_key, hivex_hive_set,
    hivex_hive_delete_value, hivex_hive_save};

/* ---- opening ---- */

static HRESULT open_handle(struct hivex_hive *h, const char *path, int flags)
{
    h->handle = hivex_open(path, flags);
    if (h->handle)
        return S_OK;
    int err = errno;
    if (err == ENOMEM)
        return FAIL_MEMORY();
    if (err == ENOENT || err == EACCES)
        return FAIL(hr_from_errno(err), "cannot open the hive %s: %s", h->hive.name, strerror(err));
    return FAIL(HR_WIN32(ERROR_BADDB), "%s is no registry hive, or is damaged: %s", h->hive.name,
                strerror(err));
}

static HRESULT open_bytes(struct hivex_hive *h, const void *bytes, size_t size, int flags)
{
    AUTO_FILE struct os_file *held = NULL;
    AUTO_FREE char *memory = NULL;
    TRY(os_open_in_memory("hive", &held, &memory));
    {
        FLOOR_PAUSE(); /* memory is no disk */
        TRY(os_write(held, bytes, size));
    }
    return open_handle(h, memory, flags);
}

static HRESULT open_anew(struct hivex_hive *h, const char *path)
{
    AUTO_REGF struct regf *regf = NULL;
    AUTO_FREE uint8_t *anew = NULL;
    char *bytes;
    size_t size;
    TRY(os_read_file(path, &bytes, &size));
    TRY(regf_read((uint8_t *)bytes, size, path, &regf));
    TRY(regf_write(regf, path_name(path), hive_now(), &anew, &size));
    return open_bytes(h, anew, size, HIVEX_OPEN_WRITE);
}

HRESULT hive_hivex_open(const char *path, const void *bytes, size_t size, const char *name,
                        bool for_change, struct hive **out)
{
    AUTO_HIVE struct hive *hive = NULL;
    struct hivex_hive *h = mem_alloc(sizeof *h);
    if (!h)
        return FAIL_MEMORY();
    hive = &h->hive;
    hive->backend = &backend;
    hive->is_for_change = for_change;
    hive->name = mem_dup(name);
    if (!hive->name)
        return FAIL_MEMORY();
    TRY(!path        ? open_bytes(h, bytes, size, 0)
        : for_change ? open_anew(h, path)
                     : open_handle(h, path, 0));
    *out = TAKE(hive);
    return S_OK;
}
