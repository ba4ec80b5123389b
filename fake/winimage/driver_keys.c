/* SPDX-License-Identifier: MIT */
/* driver_keys.c - see driver_keys.h: the driver database, and what keys have owners. */
#include "driver_keys.h"

#include <stdio.h>
#include <string.h>

#include "bytes.h"
#include "dism_codes.h"
#include "driver_list.h"
#include "error.h"
#include "text.h"

#define SIGNER_SCORE 0x0D000004
#define STATUS_FLAGS 0x12
#define MAX_DEVICE_ID 200
#define MAX_DEPTH 16

/* ---- values ---- */

static HRESULT put_guid(uint8_t *out, const char *text)
{
    unsigned d[11];
    int length = 0;
    if (sscanf(text, "{%8x-%4x-%4x-%2x%2x-%2x%2x%2x%2x%2x%2x}%n", &d[0], &d[1], &d[2], &d[3], &d[4],
               &d[5], &d[6], &d[7], &d[8], &d[9], &d[10], &length) != 11 ||
        length != 38)
        return FAIL(HR_WIN32(ERROR_INVALID_DATA), "'%s' is no GUID of a class of devices", text);
    set_le(out, 4, d[0]);
    set_le(out + 4, 2, d[1]);
    set_le(out + 6, 2, d[2]);
    for (size_t i = 0; i < 8; i++)
        out[8 + i] = (uint8_t)d[3 + i];
    return S_OK;
}

static HRESULT set_version(struct hive *hive, hive_key key, const struct driver_record *r)
{
    uint8_t bytes[DRIVER_VERSION_SIZE] = {0};
    set_le(bytes + 2, 2, r->architecture);
    TRY(put_guid(bytes + 8, r->class->guid));
    set_le(bytes + 24, 8, r->inf->date);
    set_le(bytes + 32, 8, r->inf->version);
    return hive_set(hive, key, "Version", HIVE_BINARY, bytes, sizeof bytes);
}

static HRESULT make(struct hive *hive, const char *parent, const char *name, hive_key *out)
{
    AUTO_FREE char *path = mem_format("%s\\%s", parent, name);
    return path ? hive_make(hive, hive_root(hive), path, out) : FAIL_MEMORY();
}

static HRESULT delete_key(struct hive *hive, const char *parent, const char *name)
{
    AUTO_FREE char *path = mem_format("%s\\%s", parent, name);
    if (!path)
        return FAIL_MEMORY();
    hive_key key = *name ? hive_find(hive, hive_root(hive), path) : 0;
    return key ? hive_delete_key(hive, key) : hive_trouble(hive);
}

/* ---- packages and INFs ---- */

static HRESULT set_package(struct hive *hive, const struct driver_record *r)
{
    hive_key key;
    uint8_t time[8];
    set_le(time, 8, r->time);
    TRY(make(hive, DRIVER_DATABASE "\\DriverPackages", r->id, &key));
    TRY(hive_set_text(hive, key, "", r->published));
    TRY(hive_set_text(hive, key, "InfName", r->inf->name));
    if (*r->inf->catalog)
        TRY(hive_set_text(hive, key, "Catalog", r->inf->catalog));
    if (r->signer) {
        TRY(hive_set_text(hive, key, "SignerName", r->signer));
        TRY(hive_set_number(hive, key, "SignerScore", SIGNER_SCORE));
    }
    TRY(hive_set_text(hive, key, "Provider", r->inf->provider));
    TRY(hive_set_text(hive, key, "OemPath", r->from));
    TRY(hive_set(hive, key, "ImportDate", HIVE_BINARY, time, sizeof time));
    TRY(hive_set_number(hive, key, "StatusFlags", STATUS_FLAGS));
    return set_version(hive, key, r);
}

static HRESULT set_inf(struct hive *hive, const struct driver_record *r)
{
    hive_key key;
    VEC(const char *) installs AUTO(scope_free) = {0}; /* its first member is the block */
    for (size_t i = 0; i < r->inf->models.len; i++) {
        const char *install = r->inf->models.ptr[i].install;
        if (i && text_equal_nocase(install, r->inf->models.ptr[i - 1].install))
            continue;
        const char **added = vec_push(&installs);
        if (!added)
            return FAIL_MEMORY();
        *added = install;
    }
    TRY(make(hive, DRIVER_DATABASE "\\DriverInfFiles", r->published, &key));
    TRY(hive_set_texts(hive, key, "", &r->id, 1));
    TRY(hive_set_text(hive, key, "Active", r->id));
    return hive_set_texts(hive, key, "Configurations", installs.ptr, installs.len);
}

/* ---- devices ---- */

/* A device's id becomes a path of keys. */
static HRESULT check_id(const struct driver_record *r, const char *id)
{
    size_t length = strlen(id);
    if (length == 0 || length > MAX_DEVICE_ID || *id == '\\' || id[length - 1] == '\\' ||
        strstr(id, "\\\\"))
        return FAIL(HR_WIN32(ERROR_INVALID_DATA), "%s: '%s' is no id of a device", r->inf->name,
                    id);
    return S_OK;
}

static HRESULT add_device(struct hive *hive, const struct driver_record *r, const char *id,
                          uint8_t rank)
{
    const uint8_t bytes[4] = {rank, 0xFF, 0, 0};
    hive_key key;
    TRY(check_id(r, id));
    TRY(make(hive, DRIVER_DATABASE "\\DeviceIds", id, &key));
    return hive_set(hive, key, r->published, HIVE_BINARY, bytes, sizeof bytes);
}

static HRESULT describe_device(struct hive *hive, const struct driver_record *r,
                               const struct driver_model *m, const char *id)
{
    AUTO_FREE char *parent = mem_format(DRIVER_DATABASE "\\DriverPackages\\%s\\Descriptors", r->id);
    hive_key key;
    if (!parent)
        return FAIL_MEMORY();
    TRY(check_id(r, id));
    TRY(make(hive, parent, id, &key));
    TRY(hive_set_text(hive, key, "Configuration", m->install));
    TRY(hive_set_text(hive, key, "Description", m->description));
    return hive_set_text(hive, key, "Manufacturer", m->manufacturer);
}

static HRESULT set_devices(struct hive *hive, const struct driver_record *r)
{
    for (size_t i = 0; i < r->inf->models.len; i++) {
        const struct driver_model *m = &r->inf->models.ptr[i];
        for (size_t k = 2; k < m->line->values.len; k++)
            if (*inf_field(m->line, k))
                TRY(add_device(hive, r, inf_field(m->line, k), 2));
        if (!*m->hardware_id)
            continue;
        TRY(add_device(hive, r, m->hardware_id, 1));
        TRY(describe_device(hive, r, m, m->hardware_id));
    }
    return S_OK;
}

struct finding {
    const struct hive *hive;
    const char *published, *path;
    struct hive_texts *found;
    unsigned depth;
};

static HRESULT find_device(void *context, hive_key key, const char *name)
{
    const struct finding *f = context;
    AUTO_FREE char *path = mem_format("%s\\%s", f->path, name);
    AUTO_FREE uint8_t *bytes = NULL;
    struct finding below = {f->hive, f->published, path, f->found, f->depth + 1};
    uint32_t type;
    size_t size;
    if (!path)
        return FAIL_MEMORY();
    if (f->depth < MAX_DEPTH)
        TRY(hive_each_key(f->hive, key, find_device, &below));
    HRESULT hr = hive_get(f->hive, key, f->published, &type, &bytes, &size);
    if (hr != S_OK)
        return FAILED(hr) ? hr : S_OK;
    char **found = vec_push(&f->found->list);
    if (!found)
        return FAIL_MEMORY();
    *found = TAKE(path);
    return S_OK;
}

static HRESULT count_value(void *context, const char *name, const struct hive_value *value)
{
    (void)name, (void)value;
    ++*(size_t *)context;
    return S_OK;
}

/* Takes a key away that has nothing left, and those above it that have nothing else. */
static HRESULT prune(struct hive *hive, char *path, size_t keep)
{
    while (strlen(path) > keep) {
        size_t values = 0;
        hive_key key = hive_find(hive, hive_root(hive), path);
        TRY(hive_trouble(hive));
        TRY(hive_each_value(hive, key, count_value, &values));
        if (!key || values || hive_count_keys(hive, key))
            return hive_trouble(hive);
        TRY(hive_delete_key(hive, key));
        *strrchr(path, '\\') = 0;
    }
    return S_OK;
}

static HRESULT delete_devices(struct hive *hive, const char *published)
{
    static const char ids[] = DRIVER_DATABASE "\\DeviceIds";
    struct hive_texts paths AUTO(hive_texts_clear) = {0};
    struct finding f = {hive, published, ids, &paths, 0};
    TRY(hive_each_key(hive, hive_find(hive, hive_root(hive), ids), find_device, &f));
    for (size_t i = 0; i < paths.list.len; i++) {
        hive_key key = hive_find(hive, hive_root(hive), paths.list.ptr[i]);
        if (!key)
            continue;
        TRY(hive_delete_value(hive, key, published));
        TRY(prune(hive, paths.list.ptr[i], sizeof ids - 1));
    }
    return hive_trouble(hive);
}

HRESULT driver_keys_write(struct hive *hive, const struct driver_record *r)
{
    TRY(set_package(hive, r));
    TRY(set_inf(hive, r));
    return set_devices(hive, r);
}

HRESULT driver_keys_delete(struct hive *hive, const char *published, const char *id)
{
    TRY(delete_key(hive, DRIVER_DATABASE "\\DriverPackages", id));
    TRY(delete_key(hive, DRIVER_DATABASE "\\DriverInfFiles", published));
    return delete_devices(hive, published);
}
