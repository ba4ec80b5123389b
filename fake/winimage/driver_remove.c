/* SPDX-License-Identifier: MIT */
/* driver_remove.c - see driver_change.h. */
#include <string.h>

#include "dism_codes.h"
#include "driver_change.h"
#include "driver_files.h"
#include "driver_keys.h"
#include "error.h"
#include "log.h"
#include "os.h"

struct removing {
    struct winimage *image;
    struct change *change;
    const struct driver *driver;
};

static HRESULT remove_place(const struct removing *r, const char *below)
{
    AUTO_FREE char *place = winimage_below_windows(r->image, below);
    return place ? change_remove(r->change, place) : FAIL_MEMORY();
}

/* ---- files that were placed outside of the store ---- */

static HRESULT is_same_file(const char *a, const char *b, bool *out)
{
    AUTO_FREE char *one = NULL, *other = NULL;
    size_t size, size_of_other;
    TRY(os_read_file(a, &one, &size));
    TRY(os_read_file(b, &other, &size_of_other));
    *out = size == size_of_other && memcmp(one, other, size) == 0;
    return S_OK;
}

/* It is the driver's while it is the same as in the store, and no other driver has it too. */
static HRESULT remove_file(const struct removing *r, const struct hive *software,
                           const struct driver_file *file)
{
    AUTO_FREE char *below = NULL, *stored = NULL, *placed = NULL;
    bool is_same = false, is_of_others = false;
    if (!file->destination)
        return S_OK;
    TRY(driver_store_place(r->driver->id, file->source, &below));
    HRESULT hr = winimage_find(r->image, below, &stored);
    TRY(hr);
    if (hr == S_OK)
        TRY(hr = winimage_find(r->image, file->destination, &placed));
    if (hr != S_OK)
        return S_OK;
    TRY(is_same_file(stored, placed, &is_same));
    if (software)
        TRY(driver_lockdown_is_of_others(software, file->destination, r->driver->published,
                                         &is_of_others));
    return is_same && !is_of_others ? remove_place(r, file->destination) : S_OK;
}

static HRESULT read_files(const struct removing *r, struct driver_files *out)
{
    AUTO_DRIVER_INF struct driver_inf inf = {0};
    AUTO_FREE char *path = NULL;
    struct driver_target target;
    unsigned language;
    TRY(driver_target_of(r->image, &target, &language));
    TRY(driver_inf_path(r->image, r->driver, &path));
    TRY(driver_inf_read(path, language, &target, &inf));
    return driver_files_of(&inf, target.architecture, out);
}

static HRESULT software_of(const struct removing *r, struct hive **out)
{
    HRESULT hr = winimage_hive(r->image, HIVE_SOFTWARE, out);
    if (hr == HR_WIN32(ERROR_FILE_NOT_FOUND)) {
        error_clear();
        *out = NULL;
        hr = S_OK;
    }
    return hr;
}

static HRESULT remove_placed(const struct removing *r)
{
    AUTO_DRIVER_FILES struct driver_files files = {0};
    struct hive *software;
    HRESULT hr = read_files(r, &files);
    if (hr == E_OUTOFMEMORY)
        return hr;
    if (FAILED(hr)) {
        log_line(LOG_WARNING, "Driver::Remove", hr, "%s", error_last()->text);
        error_clear();
        return S_OK; /* a broken INF does not keep its driver in the image */
    }
    TRY(software_of(r, &software));
    for (size_t i = 0; i < files.list.len; i++)
        TRY(remove_file(r, software, &files.list.ptr[i]));
    return S_OK;
}

static HRESULT remove_files(const struct removing *r)
{
    const struct driver *d = r->driver;
    AUTO_FREE char *store = mem_format(DRIVER_STORE "/%s", d->id);
    AUTO_FREE char *inf = mem_format("INF/%s", d->published);
    AUTO_FREE char *catalog =
        mem_format(DRIVER_CATALOGS "/%.*s.cat", (int)(strlen(d->published) - 4), d->published);
    if (!store || !inf || !catalog)
        return FAIL_MEMORY();
    TRY(remove_placed(r));
    if (*d->id)
        TRY(remove_place(r, store));
    TRY(remove_place(r, inf));
    return remove_place(r, catalog);
}

/* ---- registry ---- */

/* It may be in the databases of both hives. */
static HRESULT remove_from_database(const struct removing *r)
{
    static const enum winimage_hive hives[] = {HIVE_SYSTEM, HIVE_DRIVERS};
    for (size_t i = 0; i < sizeof hives / sizeof *hives; i++) {
        struct hive *hive;
        HRESULT hr = change_hive(r->change, hives[i], &hive);
        if (hr == HR_WIN32(ERROR_FILE_NOT_FOUND)) {
            error_clear();
            continue;
        }
        TRY(hr);
        TRY(driver_keys_delete(hive, r->driver->published, r->driver->id));
    }
    return S_OK;
}

static HRESULT remove_keys(const struct removing *r)
{
    AUTO_FREE char *control_set = NULL;
    struct hive *hive;
    TRY(remove_from_database(r));
    TRY(winimage_control_set(r->image, &control_set));
    TRY(change_hive(r->change, HIVE_SYSTEM, &hive));
    TRY(driver_services_delete(hive, control_set, r->driver->published));
    TRY(software_of(r, &hive));
    if (!hive)
        return S_OK;
    TRY(change_hive(r->change, HIVE_SOFTWARE, &hive));
    return driver_lockdown_delete(hive, r->driver->published);
}

HRESULT driver_remove(struct winimage *image, struct change *change, const char *published)
{
    struct drivers *drivers;
    TRY(drivers_of(image, &drivers));
    struct removing r = {image, change, drivers_find(drivers, published)};
    if (!r.driver)
        return FAIL(HR_WIN32(ERROR_NOT_FOUND), "the image has no driver %s", published);
    if (r.driver->is_in_box)
        return FAIL(HR_WIN32(ERROR_NOT_SUPPORTED), "%s came with Windows and stays", published);
    if (r.driver->class.is_boot_critical)
        log_line(LOG_WARNING, "Driver::Remove", S_OK,
                 "%s is boot-critical: without it Windows may not start", published);
    TRY(remove_files(&r));
    return remove_keys(&r);
}
