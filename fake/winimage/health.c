/* SPDX-License-Identifier: MIT */
/* health.c - see health.h: what is recorded, and the scan. */
#include "health.h"

#include <string.h>

#include "dism_codes.h"
#include "error.h"
#include "log.h"
#include "os.h"
#include "feature.h"
#include "pending.h"
#include "place.h"
#include "text.h"

/* Of the COMPONENTS hive; in our own key of SOFTWARE where an image has none. */
#define CORRUPTION "CorruptionDetectedDuringAcr"

void health_report_clear(struct health_report *report)
{
    for (size_t i = 0; i < report->list.len; i++) {
        struct health_damage *d = &report->list.ptr[i];
        identity_clear(&d->identity);
        mem_free(d->key);
        mem_free(d->name);
        mem_free(d->place);
    }
    vec_clear(&report->list);
}

/* ---- the record ---- */

/* *out NULL: the image has no such hive. */
static HRESULT hive_or_none(struct winimage *image, enum winimage_hive which, struct hive **out)
{
    HRESULT hr = winimage_hive(image, which, out);
    if (hr != HR_WIN32(ERROR_FILE_NOT_FOUND))
        return hr;
    error_clear();
    *out = NULL;
    return S_OK;
}

HRESULT health_recorded(struct winimage *image, DismImageHealthState *out)
{
    struct hive *components, *software;
    uint32_t number = 0;
    *out = DismImageHealthy;
    TRY(hive_or_none(image, HIVE_SOFTWARE, &software));
    TRY(hive_or_none(image, HIVE_COMPONENTS, &components));
    if (components)
        (void)hive_number(components, hive_root(components), CORRUPTION, &number);
    else if (software)
        (void)hive_number(software, hive_find(software, hive_root(software), SIDE_KEY), CORRUPTION,
                          &number);
    if (number)
        *out = DismImageRepairable;
    if (software && FAILED(pending_check(software, false))) {
        if (error_last()->hr == CBS_E_IMAGE_UNSERVICEABLE)
            *out = DismImageNonRepairable;
        error_clear();
    }
    return S_OK;
}

HRESULT health_record(struct winimage *image, struct change *change, bool is_damaged)
{
    struct hive *hive;
    hive_key key;
    TRY(hive_or_none(image, HIVE_COMPONENTS, &hive));
    bool has_components = hive != NULL;
    TRY(change_hive(change, has_components ? HIVE_COMPONENTS : HIVE_SOFTWARE, &hive));
    TRY(hive_make(hive, hive_root(hive), has_components ? "" : SIDE_KEY, &key));
    return is_damaged ? hive_set_number(hive, key, CORRUPTION, 1)
                      : hive_delete_value(hive, key, CORRUPTION);
}

/* ---- the scan ---- */

struct scan {
    struct winimage *image;
    struct health_report *report;
    HRESULT (*progress)(void *context, size_t done, size_t of);
    void *context;
    size_t done, of;
};

static HRESULT add(struct scan *s, enum health_kind kind, const struct identity *identity,
                   struct health_damage **out)
{
    struct health_damage *d = vec_push(&s->report->list);
    if (!d)
        return FAIL_MEMORY();
    d->kind = kind;
    *out = d;
    return identity_copy(identity, &d->identity);
}

static HRESULT step(struct scan *s)
{
    s->done++;
    return s->progress(s->context, s->done, s->of);
}

/* Does the store need it? Payload of features that are off may have been taken away. */
static HRESULT is_needed(const struct scan *s, const struct package *package,
                         const struct manifest_update *update, bool *out)
{
    *out = false;
    return package_is_installed(package) ? update_is_on(s->image, package, update, out) : S_OK;
}

static HRESULT scan_components(struct scan *s, const struct package *package,
                               const struct manifest *manifest)
{
    struct health_damage *damage;
    for (size_t u = 0; u < manifest->updates.len; u++) {
        const struct identities *list = &manifest->updates.ptr[u].components;
        bool needed;
        TRY(is_needed(s, package, &manifest->updates.ptr[u], &needed));
        for (size_t i = 0; needed && i < list->list.len; i++) {
            AUTO_FREE char *key = NULL;
            HRESULT hr = component_find(s->image, &list->list.ptr[i], &key, NULL);
            if (hr == HR_WIN32(ERROR_INVALID_DATA)) {
                error_clear();
                hr = S_FALSE;
            }
            TRY(hr);
            if (hr == S_FALSE)
                TRY(add(s, HEALTH_COMPONENT, &list->list.ptr[i], &damage));
        }
    }
    return S_OK;
}

static HRESULT scan_package(struct scan *s, struct package *package)
{
    const struct manifest *manifest;
    struct health_damage *damage;
    DismPackageFeatureState state = package_state(package);
    TRY(package_manifest(s->image, package, &manifest));
    if (!manifest)
        return state == DismStateNotPresent || state == DismStateRemoved
                   ? S_OK
                   : add(s, HEALTH_PACKAGE, &package->identity, &damage);
    return scan_components(s, package, manifest);
}

static HRESULT hash_of(const char *path, uint8_t digest[SHA256_SIZE])
{
    AUTO_FREE char *bytes = NULL;
    size_t size;
    TRY(os_read_file(path, &bytes, &size));
    hash_sha256(bytes, size, digest);
    return S_OK;
}

static HRESULT scan_file(struct scan *s, const char *key, const struct component *component,
                         const struct component_file *file)
{
    AUTO_FREE char *place = component_file_place(s->image, key, file->name), *path = NULL;
    uint8_t digest[SHA256_SIZE];
    struct health_damage *d;
    if (!place)
        return FAIL_MEMORY();
    HRESULT hr = place_find(s->image->root, place, &path);
    TRY(hr);
    if (hr == S_OK)
        TRY(hash_of(path, digest));
    if (hr == S_OK && memcmp(digest, file->sha256, sizeof digest) == 0)
        return S_OK;
    TRY(add(s, HEALTH_FILE, &component->identity, &d));
    d->key = mem_dup(key);
    d->name = mem_dup(file->name);
    d->place = file->place ? mem_dup(file->place) : NULL;
    memcpy(d->sha256, file->sha256, sizeof d->sha256);
    return d->key && d->name && (d->place || !file->place) ? S_OK : FAIL_MEMORY();
}

/* A component whose manifest cannot be read is found by the packages that need it. */
static HRESULT scan_component(struct scan *s, const char *key)
{
    AUTO_COMPONENT struct component *component = NULL;
    HRESULT hr = component_read_key(s->image, key, &component);
    if (hr == HR_WIN32(ERROR_INVALID_DATA)) {
        log_line(LOG_WARNING, "Health::Scan", hr, "%s", error_last()->text);
        error_clear();
        return S_OK;
    }
    TRY(hr);
    for (size_t i = 0; i < component->files.len; i++)
        if (component->files.ptr[i].has_hash)
            TRY(scan_file(s, key, component, &component->files.ptr[i]));
    return S_OK;
}

HRESULT health_scan(struct winimage *image,
                    HRESULT (*progress)(void *context, size_t done, size_t of), void *context,
                    struct health_report *report)
{
    struct scan s = {.image = image, .report = report, .progress = progress, .context = context};
    const struct component_store *store;
    struct packages *packages;
    TRY(packages_of(image, &packages));
    TRY(component_store_of(image, &store));
    s.of = packages->list.len + store->keys.len;
    for (size_t i = 0; i < packages->list.len; i++) {
        TRY(scan_package(&s, &packages->list.ptr[i]));
        TRY(step(&s));
    }
    for (size_t i = 0; i < store->keys.len; i++) {
        TRY(scan_component(&s, store->keys.ptr[i]));
        TRY(step(&s));
    }
    return S_OK;
}
