/* SPDX-License-Identifier: MIT */
/* driver_list.c - see driver_list.h. */
#include "driver_list.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bytes.h"
#include "dism_codes.h"
#include "error.h"
#include "log.h"
#include "name_index.h"
#include "path.h"
#include "text.h"

static void driver_clear(struct driver *d)
{
    mem_free(d->published);
    mem_free(d->id);
    mem_free(d->inf_name);
    mem_free(d->catalog);
    mem_free(d->provider);
    driver_class_clear(&d->class);
    *d = (struct driver){0};
}

static void drivers_free(void *ptr)
{
    struct drivers *drivers = ptr;
    for (size_t i = 0; i < drivers->list.len; i++)
        driver_clear(&drivers->list.ptr[i]);
    vec_clear(&drivers->list);
    mem_free(drivers);
}

bool driver_is_oem(const char *published, unsigned *number)
{
    char *end;
    if ((published[0] | 0x20) != 'o' || (published[1] | 0x20) != 'e' ||
        (published[2] | 0x20) != 'm' || published[3] < '0' || published[3] > '9')
        return false;
    unsigned long value = strtoul(published + 3, &end, 10);
    *number = (unsigned)value;
    return text_equal_nocase(end, ".inf") && value < 1000000000;
}

HRESULT driver_store_place(const char *id, const char *name, char **out)
{
    *out = mem_format(DRIVER_STORE "/%s/%s", id, name);
    return *out ? S_OK : FAIL_MEMORY();
}

HRESULT driver_inf_path(const struct winimage *image, const struct driver *driver, char **out)
{
    AUTO_FREE char *stored = NULL, *published = mem_format("INF/%s", driver->published);
    if (!published)
        return FAIL_MEMORY();
    TRY(driver_store_place(driver->id, driver->inf_name, &stored));
    HRESULT hr = winimage_find(image, stored, out);
    if (hr == S_FALSE)
        hr = winimage_find(image, published, out);
    TRY(hr);
    if (hr == S_FALSE)
        return FAIL(HR_WIN32(ERROR_FILE_NOT_FOUND), "the INF of %s is gone", driver->published);
    return S_OK;
}

/* ---- one driver ---- */

struct reading {
    struct winimage *image;
    const struct hive *hive;
    enum winimage_hive which;
    struct drivers *drivers;
    struct name_index *seen; /* published names */
};

/* An image's registry may say anything: what becomes a part of a path is a name. */
static bool is_file_name(const char *name)
{
    return *name && !strpbrk(name, "/\\:") && !text_equal(name, ".") && !text_equal(name, "..") &&
           !path_flaw(name);
}

/* The text of a value; "" without it. */
static HRESULT text_of(const struct hive *hive, hive_key key, const char *name, char **out)
{
    *out = hive_text(hive, key, name);
    if (!*out && SUCCEEDED(hive_trouble(hive)))
        *out = mem_dup("");
    return *out ? S_OK : FAIL_MEMORY();
}

/* Version: 2 bytes of architecture at 2, GUID at 8, FILETIME at 24, four numbers from 32 on, the
 * last one first. */
static HRESULT read_version(const struct hive *hive, hive_key key, struct driver *d, char guid[39])
{
    AUTO_FREE uint8_t *v = NULL;
    size_t size = 0;
    uint32_t type;
    HRESULT hr = hive_get(hive, key, "Version", &type, &v, &size);
    TRY(hr);
    if (hr == S_FALSE || size < DRIVER_VERSION_SIZE - 8)
        return S_OK;
    d->has_version = true;
    d->architecture = LE16(v + 2);
    d->date = LE64(v + 24);
    d->version = LE64(v + 32);
    snprintf(guid, 39, "{%08x-%04x-%04x-%02x%02x-%02x%02x%02x%02x%02x%02x}", (unsigned)LE32(v + 8),
             LE16(v + 12), LE16(v + 14), v[16], v[17], v[18], v[19], v[20], v[21], v[22], v[23]);
    return S_OK;
}

/* For what the registry does not know. An INF that cannot be read says nothing. */
static HRESULT ask_inf(const struct reading *r, struct driver *d, const char *guid)
{
    AUTO_FREE char *path = NULL;
    AUTO_DRIVER_INF struct driver_inf inf = {0};
    struct driver_target target;
    unsigned language;
    TRY(driver_target_of(r->image, &target, &language));
    HRESULT hr = driver_inf_path(r->image, d, &path);
    if (SUCCEEDED(hr))
        hr = driver_inf_read(path, language, &target, &inf);
    if (hr == E_OUTOFMEMORY)
        return hr;
    if (FAILED(hr)) {
        log_line(LOG_WARNING, "Driver::Read", hr, "%s", error_last()->text);
        error_clear();
    }
    struct driver_inf unknown = {.class_name = "", .class_guid = ""};
    driver_class_clear(&d->class);
    return driver_class_of(r->image, guid, "", inf.inf ? &inf : &unknown, &d->class);
}

static HRESULT read_class(const struct reading *r, struct driver *d, const char *guid)
{
    HRESULT hr = *guid ? driver_class_of(r->image, guid, "", NULL, &d->class) : S_FALSE;
    return hr == S_FALSE ? ask_inf(r, d, guid) : hr;
}

static HRESULT read_package(const struct reading *r, struct driver *d)
{
    char guid[39] = "";
    AUTO_FREE char *path = mem_format(DRIVER_DATABASE "\\DriverPackages\\%s", d->id);
    if (!path)
        return FAIL_MEMORY();
    hive_key key = *d->id ? hive_find(r->hive, hive_root(r->hive), path) : 0;
    uint32_t score;
    d->has_signer = hive_number(r->hive, key, "SignerScore", &score);
    TRY(text_of(r->hive, key, "InfName", &d->inf_name));
    TRY(text_of(r->hive, key, "Catalog", &d->catalog));
    TRY(text_of(r->hive, key, "Provider", &d->provider));
    TRY(read_version(r->hive, key, d, guid));
    if (!is_file_name(d->inf_name)) {
        mem_free(d->inf_name);
        if (!(d->inf_name = mem_dup(d->published)))
            return FAIL_MEMORY();
    }
    return read_class(r, d, guid);
}

/* Its folder in the store: the active one, else the first that was ever. */
static HRESULT read_id(const struct hive *hive, hive_key key, char **out)
{
    struct hive_texts ids AUTO(hive_texts_clear) = {0};
    *out = hive_text(hive, key, "Active");
    if (!*out)
        TRY(hive_get_texts(hive, key, "", &ids));
    if (!*out)
        *out = mem_dup(ids.list.len ? ids.list.ptr[0] : "");
    TRY(hive_trouble(hive));
    if (*out && !is_file_name(*out))
        **out = 0;
    return *out ? S_OK : FAIL_MEMORY();
}

static HRESULT add_driver(void *context, hive_key key, const char *name)
{
    const struct reading *r = context;
    unsigned number;
    size_t other;
    if (!is_file_name(name) || name_index_find(r->seen, name, &other))
        return S_OK; /* no INF, or in both hives */
    struct driver *d = vec_push(&r->drivers->list);
    if (!d)
        return FAIL_MEMORY();
    d->hive = r->which;
    d->is_in_box = !driver_is_oem(name, &number);
    if (!(d->published = mem_dup(name)))
        return FAIL_MEMORY();
    TRY(name_index_add(r->seen, d->published, 0));
    TRY(read_id(r->hive, key, &d->id));
    return read_package(r, d);
}

/* ---- all ---- */

static int compare(const void *a, const void *b)
{
    const struct driver *one = a, *other = b;
    unsigned n = 0, m = 0;
    bool is_oem = driver_is_oem(one->published, &n), is_other = driver_is_oem(other->published, &m);
    if (is_oem && is_other && n != m)
        return n < m ? -1 : 1;
    return is_oem != is_other ? (is_oem ? -1 : 1)
                              : text_compare_nocase(one->published, other->published);
}

static HRESULT read_hive(struct winimage *image, enum winimage_hive which, struct drivers *drivers,
                         struct name_index *seen)
{
    struct hive *hive;
    HRESULT hr = winimage_hive(image, which, &hive);
    if (hr == HR_WIN32(ERROR_FILE_NOT_FOUND)) {
        error_clear();
        return S_OK;
    }
    TRY(hr);
    struct reading r = {image, hive, which, drivers, seen};
    hive_key key = hive_find(hive, hive_root(hive), DRIVER_DATABASE "\\DriverInfFiles");
    TRY(hive_each_key(hive, key, add_driver, &r));
    return hive_trouble(hive);
}

static HRESULT check_store(const struct winimage *image)
{
    AUTO_FREE char *path = NULL;
    HRESULT hr = winimage_find(image, DRIVER_STORE, &path);
    TRY(hr);
    if (hr == S_FALSE)
        return FAIL(HR_WIN32(ERROR_PATH_NOT_FOUND), "the image at %s has no driver store",
                    image->root);
    return S_OK;
}

static HRESULT read_all(struct winimage *image, struct drivers *drivers)
{
    struct name_index seen AUTO(name_index_clear) = {0};
    TRY(read_hive(image, HIVE_SYSTEM, drivers, &seen));
    TRY(read_hive(image, HIVE_DRIVERS, drivers, &seen));
    if (drivers->list.len)
        qsort(drivers->list.ptr, drivers->list.len, sizeof *drivers->list.ptr, compare);
    return S_OK;
}

HRESULT drivers_of(struct winimage *image, struct drivers **out)
{
    struct drivers *drivers = winimage_part(image, PART_DRIVERS);
    TRY(check_store(image));
    if (!drivers) {
        drivers = mem_alloc(sizeof *drivers);
        if (!drivers)
            return FAIL_MEMORY();
        HRESULT hr = read_all(image, drivers);
        if (FAILED(hr)) {
            drivers_free(drivers);
            return hr;
        }
        winimage_keep(image, PART_DRIVERS, drivers, drivers_free);
    }
    *out = drivers;
    return S_OK;
}

const struct driver *drivers_find(const struct drivers *drivers, const char *published)
{
    for (size_t i = 0; i < drivers->list.len; i++)
        if (text_equal_nocase(drivers->list.ptr[i].published, published))
            return &drivers->list.ptr[i];
    return NULL;
}

const struct driver *drivers_find_id(const struct drivers *drivers, const char *id)
{
    for (size_t i = 0; i < drivers->list.len; i++)
        if (text_equal_nocase(drivers->list.ptr[i].id, id))
            return &drivers->list.ptr[i];
    return NULL;
}
