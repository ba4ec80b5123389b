/* SPDX-License-Identifier: MIT */
/* driver_add.c - see driver_change.h. */
#include <string.h>

#include "clock.h"
#include "dism_codes.h"
#include "driver_change.h"
#include "driver_files.h"
#include "driver_keys.h"
#include "driver_signature.h"
#include "error.h"
#include "facts.h"
#include "hash.h"
#include "log.h"
#include "os.h"
#include "path.h"
#include "place.h"
#include "text.h"

struct adding {
    struct winimage *image;
    struct change *change;
    const char *path, *came_from;
    char *folder, *inf; /* of the INF; its bytes */
    size_t inf_size;
    struct driver_target target;
    struct driver_inf driver;
    struct driver_class class;
    struct driver_files files;
    struct driver_proof proof;
    char *id, *published;
    enum winimage_hive hive;
};

static void adding_clear(struct adding *a)
{
    mem_free(a->folder);
    mem_free(a->inf);
    driver_inf_clear(&a->driver);
    driver_class_clear(&a->class);
    driver_files_clear(&a->files);
    driver_proof_clear(&a->proof);
    mem_free(a->id);
    mem_free(a->published);
}

/* ---- what it is ---- */

static HRESULT read_inf(struct adding *a)
{
    const char *name = path_name(a->path);
    unsigned language;
    TRY(driver_target_of(a->image, &a->target, &language));
    TRY(path_parent(a->path, &a->folder));
    TRY(os_read_file(a->path, &a->inf, &a->inf_size));
    TRY(driver_inf_parse(a->inf, a->inf_size, name, language, &a->target, &a->driver));
    if (strpbrk(name, ":\\*?\"<>|") || path_flaw(name) || strlen(name) > 200)
        return FAIL(HR_WIN32(ERROR_INVALID_DATA), "'%s' is no name of an INF", name);
    if (*a->driver.catalog && (strpbrk(a->driver.catalog, "/\\:") || path_flaw(a->driver.catalog)))
        return FAIL(HR_WIN32(ERROR_INVALID_DATA), "%s: '%s' is no name of a catalogue", name,
                    a->driver.catalog);
    HRESULT hr = driver_inf_fits(&a->driver, &a->target);
    TRY(hr);
    if (hr == S_FALSE)
        return FAIL(HR_WIN32(ERROR_NOT_SUPPORTED), "%s has nothing for %s, which the image is",
                    name, driver_architecture_word(a->target.architecture));
    return driver_class_of(a->image, "", "", &a->driver, &a->class);
}

static bool needs_signature(const struct adding *a)
{
    enum { X86 = 0, ARM = 5 };
    return a->target.architecture != X86 && a->target.architecture != ARM;
}

static HRESULT check_signature(struct adding *a, bool accepts_unsigned)
{
    TRY(driver_signature_check(a->folder, a->driver.catalog, a->inf, a->inf_size, &a->files,
                               &a->proof));
    if (!a->proof.why_not)
        return S_OK;
    if (needs_signature(a) && !accepts_unsigned)
        return FAIL(SPAPI_E_DRIVER_STORE_ADD_FAILED, "%s is not signed: %s", a->driver.name,
                    a->proof.why_not);
    log_line(LOG_WARNING, "Driver::Add", S_OK, "%s is not signed: %s", a->driver.name,
             a->proof.why_not);
    return S_OK;
}

/* ---- what it is called ---- */

static HRESULT make_id(struct adding *a)
{
    char digest[SHA256_TEXT];
    hash_sha256_text(a->inf, a->inf_size, digest);
    a->id = mem_format("%s_%s_%.16s", a->driver.name,
                       driver_architecture_word(a->target.architecture), digest);
    if (!a->id)
        return FAIL_MEMORY();
    for (char *c = a->id; *c; c++)
        if (*c >= 'A' && *c <= 'Z')
            *c = (char)(*c | 0x20);
    return S_OK;
}

/* The key of DriverDatabase in a hive of the change, which has the drivers added before in it. */
static HRESULT find_in_change(const struct adding *a, const char *list, const char *name,
                              struct hive **hive, hive_key *key)
{
    static const enum winimage_hive hives[] = {HIVE_DRIVERS, HIVE_SYSTEM};
    AUTO_FREE char *path = mem_format("DriverDatabase\\%s\\%s", list, name);
    *key = 0;
    if (!path)
        return FAIL_MEMORY();
    for (size_t i = 0; i < sizeof hives / sizeof *hives && !*key; i++) {
        HRESULT hr = change_hive(a->change, hives[i], hive);
        if (SUCCEEDED(hr))
            *key = hive_find(*hive, hive_root(*hive), path);
        else if (hr == HR_WIN32(ERROR_FILE_NOT_FOUND))
            error_clear();
        else
            return hr;
    }
    return S_OK;
}

static HRESULT choose_name(struct adding *a, const struct drivers *drivers)
{
    for (unsigned n = 0;; n++) {
        AUTO_FREE char *name = mem_format("oem%u.inf", n), *place = mem_format("INF/oem%u.inf", n);
        AUTO_FREE char *found = NULL;
        if (!name || !place)
            return FAIL_MEMORY();
        struct hive *hive;
        hive_key key;
        HRESULT hr = winimage_find(a->image, place, &found);
        TRY(hr);
        TRY(find_in_change(a, "DriverInfFiles", name, &hive, &key));
        if (hr == S_FALSE && !key && !drivers_find(drivers, name)) {
            a->published = TAKE(name);
            return S_OK;
        }
    }
}

/* Before Windows 8 there was one hive, and others than these can be read when it has started. */
static HRESULT choose_hive(struct adding *a)
{
    struct hive *hive;
    a->hive = a->class.is_boot_critical ? HIVE_SYSTEM : HIVE_DRIVERS;
    HRESULT hr = winimage_hive(a->image, a->hive, &hive);
    if (hr != HR_WIN32(ERROR_FILE_NOT_FOUND) || a->hive == HIVE_SYSTEM)
        return hr;
    error_clear();
    a->hive = HIVE_SYSTEM;
    return S_OK;
}

/* S_FALSE: the image has it from Windows itself, or the change has it already. */
static HRESULT name_it(struct adding *a)
{
    struct drivers *drivers;
    TRY(make_id(a));
    TRY(drivers_of(a->image, &drivers));
    const struct driver *same = drivers_find_id(drivers, a->id);
    if (!same) {
        struct hive *hive;
        hive_key key;
        TRY(find_in_change(a, "DriverPackages", a->id, &hive, &key));
        if (key) /* added before in this change */
            return S_FALSE;
        TRY(choose_hive(a));
        return choose_name(a, drivers);
    }
    if (same->is_in_box)
        return S_FALSE;
    if (!same->has_version)
        return FAIL(HR_WIN32(ERROR_NOT_FOUND), "the image has %s, but not its version",
                    same->published);
    a->hive = same->hive;
    a->published = mem_dup(same->published);
    return a->published ? S_OK : FAIL_MEMORY();
}

/* ---- files ---- */

static HRESULT place_in_store(const struct adding *a, const char *name, char **out)
{
    AUTO_FREE char *below = NULL;
    TRY(driver_store_place(a->id, name, &below));
    *out = winimage_below_windows(a->image, below);
    return *out ? S_OK : FAIL_MEMORY();
}

static HRESULT write_bytes(const struct adding *a, const char *below, const void *bytes,
                           size_t size)
{
    AUTO_FREE char *place = winimage_below_windows(a->image, below);
    return place ? change_write(a->change, place, bytes, size) : FAIL_MEMORY();
}

static HRESULT write_inf(const struct adding *a)
{
    AUTO_FREE char *stored = NULL, *published = mem_format("INF/%s", a->published);
    if (!published)
        return FAIL_MEMORY();
    TRY(place_in_store(a, a->driver.name, &stored));
    TRY(change_write(a->change, stored, a->inf, a->inf_size));
    return write_bytes(a, published, a->inf, a->inf_size);
}

/* In the store; and where Windows looks for catalogues, under the driver's name. */
static HRESULT write_catalog(const struct adding *a)
{
    AUTO_FREE char *stored = NULL, *place = NULL, *below = NULL;
    if (!a->proof.catalog)
        return S_OK;
    TRY(place_in_store(a, a->driver.catalog, &stored));
    TRY(change_copy(a->change, stored, a->proof.catalog));
    if (a->proof.why_not)
        return S_OK;
    below = mem_format(DRIVER_CATALOGS "/%.*s.cat", (int)(strlen(a->published) - 4), a->published);
    place = below ? winimage_below_windows(a->image, below) : NULL;
    return place ? change_copy(a->change, place, a->proof.catalog) : FAIL_MEMORY();
}

static HRESULT write_file(const struct adding *a, const struct driver_file *file)
{
    AUTO_FREE char *from = NULL, *stored = NULL, *place = NULL;
    HRESULT hr = place_find(a->folder, file->source, &from);
    TRY(hr);
    if (hr == S_FALSE && file->is_listed)
        return FAIL(HR_WIN32(ERROR_FILE_NOT_FOUND), "%s wants %s, which is not beside it",
                    a->driver.name, file->source);
    if (hr == S_FALSE)
        return S_OK; /* one of Windows' own */
    TRY(place_in_store(a, file->source, &stored));
    TRY(change_copy(a->change, stored, from));
    if (!file->destination || !a->class.is_boot_critical)
        return S_OK;
    place = winimage_below_windows(a->image, file->destination);
    return place ? change_copy(a->change, place, from) : FAIL_MEMORY();
}

static HRESULT write_files(const struct adding *a)
{
    TRY(write_inf(a));
    TRY(write_catalog(a));
    for (size_t i = 0; i < a->files.list.len; i++)
        TRY(write_file(a, &a->files.list.ptr[i]));
    return S_OK;
}

/* ---- registry ---- */

static HRESULT lock_down(const struct adding *a, const struct driver_record *r)
{
    struct hive *software;
    if (!a->driver.is_locked_down)
        return S_OK;
    TRY(change_hive(a->change, HIVE_SOFTWARE, &software));
    for (size_t i = 0; i < a->files.list.len; i++)
        if (a->files.list.ptr[i].destination && a->files.list.ptr[i].is_listed)
            TRY(driver_lockdown_write(software, r, a->files.list.ptr[i].destination,
                                      a->files.list.ptr[i].source));
    return S_OK;
}

static HRESULT write_keys(const struct adding *a)
{
    AUTO_FREE char *from = a->came_from ? mem_dup(a->came_from) : path_shown(a->folder);
    AUTO_FREE char *control_set = NULL;
    struct hive *hive;
    struct driver_record r = {.inf = &a->driver,
                              .class = &a->class,
                              .published = a->published,
                              .id = a->id,
                              .signer = a->proof.why_not  ? NULL
                                        : a->proof.signer ? a->proof.signer
                                                          : "",
                              .from = from,
                              .architecture = a->target.architecture,
                              .time = clock_now_filetime()};
    if (!from)
        return FAIL_MEMORY();
    TRY(change_hive(a->change, a->hive, &hive));
    TRY(driver_keys_write(hive, &r));
    if (!a->class.is_boot_critical)
        return S_OK;
    TRY(winimage_control_set(a->image, &control_set));
    TRY(change_hive(a->change, HIVE_SYSTEM, &hive));
    TRY(driver_services_write(hive, control_set, &r));
    return lock_down(a, &r);
}

HRESULT driver_add(struct winimage *image, struct change *change, const char *inf_path,
                   const char *came_from, bool accepts_unsigned)
{
    struct adding a AUTO(adding_clear) = {
        .image = image, .change = change, .path = inf_path, .came_from = came_from};
    TRY(read_inf(&a));
    HRESULT hr = name_it(&a);
    if (hr != S_OK)
        return FAILED(hr) ? hr : S_OK;
    TRY(driver_files_of(&a.driver, a.target.architecture, &a.files));
    TRY(check_signature(&a, accepts_unsigned));
    TRY(write_files(&a));
    TRY(write_keys(&a));
    log_line(LOG_INFO, "Driver::Add", S_OK, "%s becomes %s", a.driver.name, a.published);
    return S_OK;
}
