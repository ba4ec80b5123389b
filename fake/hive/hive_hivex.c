/* SPDX-License-Identifier: MIT */
/* hive_hivex.c - see hive.h, by hivex, whose blocks are malloc's and so mem_free's. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <hivex.h>

#include "dism_codes.h"
#include "error.h"
#include "hive.h"
#include "mem.h"

struct hive {
    hive_h *handle;
};

HRESULT hive_open(const char *path, struct hive **out)
{
    AUTO_HIVE struct hive *hive = mem_alloc(sizeof *hive);
    if (!hive)
        return FAIL_MEMORY();
    hive->handle = hivex_open(path, 0);
    if (!hive->handle) {
        int err = errno;
        if (err == ENOMEM)
            return FAIL_MEMORY();
        if (err == ENOENT || err == EACCES)
            return FAIL(hr_from_errno(err), "cannot open the hive %s: %s", path, strerror(err));
        return FAIL(HR_WIN32(ERROR_BADDB), "%s is no registry hive, or is damaged: %s", path,
                    strerror(err));
    }
    *out = TAKE(hive);
    return S_OK;
}

void hive_close(struct hive *hive)
{
    if (hive->handle)
        hivex_close(hive->handle);
    mem_free(hive);
}

/* 0: there is none. */
static hive_node_h find(const struct hive *hive, const char *key)
{
    hive_node_h node = hivex_root(hive->handle);
    while (node && *key) {
        size_t len = strcspn(key, "\\");
        AUTO_FREE char *name = mem_dup_n(key, len);
        node = name ? hivex_node_get_child(hive->handle, node, name) : 0;
        key += len;
        while (*key == '\\')
            key++;
    }
    return node;
}

static hive_value_h find_value(const struct hive *hive, const char *key, const char *value,
                               hive_type *type)
{
    size_t size;
    hive_node_h node = find(hive, key);
    hive_value_h found = node ? hivex_node_get_value(hive->handle, node, value) : 0;
    return found && hivex_value_type(hive->handle, found, type, &size) == 0 ? found : 0;
}

static char *first_of(char **texts)
{
    char *first = texts ? texts[0] : NULL;
    for (size_t i = 1; first && texts[i]; i++)
        mem_free(texts[i]);
    mem_free(texts);
    return first;
}

char *hive_text(const struct hive *hive, const char *key, const char *value)
{
    hive_type type;
    hive_value_h found = find_value(hive, key, value, &type);
    if (!found)
        return NULL;
    switch (type) {
    case hive_t_REG_SZ:
    case hive_t_REG_EXPAND_SZ:
    case hive_t_REG_LINK:
        return hivex_value_string(hive->handle, found);
    case hive_t_REG_MULTI_SZ:
        return first_of(hivex_value_multiple_strings(hive->handle, found));
    case hive_t_REG_DWORD:
        return mem_format("%u", (unsigned)hivex_value_dword(hive->handle, found));
    default:
        return NULL;
    }
}

bool hive_number(const struct hive *hive, const char *key, const char *value, uint32_t *out)
{
    hive_type type;
    hive_value_h found = find_value(hive, key, value, &type);
    if (!found || type != hive_t_REG_DWORD)
        return false;
    *out = (uint32_t)hivex_value_dword(hive->handle, found);
    return true;
}

HRESULT hive_each_key(const struct hive *hive, const char *key,
                      HRESULT (*each)(void *context, const char *name), void *context)
{
    hive_node_h node = find(hive, key);
    AUTO_FREE hive_node_h *children = node ? hivex_node_children(hive->handle, node) : NULL;
    if (node && !children)
        return FAIL(HR_WIN32(ERROR_BADDB), "the keys below %s cannot be read", key);
    for (size_t i = 0; children && children[i]; i++) {
        AUTO_FREE char *name = hivex_node_name(hive->handle, children[i]);
        if (!name)
            return FAIL(HR_WIN32(ERROR_BADDB), "a key below %s cannot be read", key);
        TRY(each(context, name));
    }
    return S_OK;
}
