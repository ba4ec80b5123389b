/* SPDX-License-Identifier: MIT */
/* capability.c - see capability.h. */
#include "capability.h"

#include <stdlib.h>

#include "dism_codes.h"
#include "error.h"
#include "log.h"
#include "name_index.h"
#include "path.h"
#include "text.h"

static void capabilities_free(void *ptr)
{
    struct capabilities *capabilities = ptr;
    for (size_t i = 0; i < capabilities->list.len; i++) {
        mem_free(capabilities->list.ptr[i].name);
        if (capabilities->list.ptr[i].own)
            manifest_free(capabilities->list.ptr[i].own);
    }
    vec_clear(&capabilities->list);
    mem_free(capabilities);
}

DismPackageFeatureState capability_state(const struct capability *capability)
{
    DismPackageFeatureState state =
        capability->package ? package_state(capability->package) : DismStateNotPresent;
    return state == DismStateRemoved || state == DismStateSuperseded ? DismStateNotPresent : state;
}

struct reading {
    const struct hive *hive;
    struct winimage *image;
    struct packages *packages;
    struct capabilities *capabilities;
    struct name_index seen; /* where in their list */
};

static struct capability *find(const struct reading *r, const char *name)
{
    size_t at;
    return name_index_find(&r->seen, name, &at) ? &r->capabilities->list.ptr[at] : NULL;
}

/* Takes the name over if all goes well. */
static HRESULT add(struct reading *r, char *name, struct capability **out)
{
    TRY(name_index_add(&r->seen, name, r->capabilities->list.len));
    *out = vec_push(&r->capabilities->list);
    if (!*out)
        return FAIL_MEMORY();
    (*out)->name = name;
    return S_OK;
}

/* ---- of packages ---- */

/* Of several versions of a package the one that is installed counts. */
static HRESULT add_package(struct reading *r, struct package *package,
                           const struct manifest *manifest)
{
    AUTO_FREE char *name = manifest_capability_text(manifest);
    if (!name)
        return FAIL_MEMORY();
    struct capability *c = find(r, name);
    if (c && package_is_installed(c->package))
        return S_OK;
    if (!c) {
        TRY(add(r, name, &c));
        (void)TAKE(name);
    }
    c->package = package;
    c->manifest = manifest;
    return S_OK;
}

static HRESULT index_value(void *context, const char *name, const struct hive_value *value)
{
    struct reading *r = context;
    const struct manifest *manifest;
    struct package *package = packages_find(r->packages, name);
    (void)value;
    if (!package)
        return S_OK;
    TRY(package_manifest(r->image, package, &manifest));
    return manifest && manifest->has_capability ? add_package(r, package, manifest) : S_OK;
}

static HRESULT index_key(void *context, hive_key key, const char *name)
{
    struct reading *r = context;
    (void)name;
    return hive_each_value(r->hive, key, index_value, r);
}

/* CapabilityIndex says which packages declare one, so that the other manifests are not read. */
static HRESULT read_packages(struct reading *r)
{
    struct hive *hive;
    HRESULT hr = winimage_hive(r->image, HIVE_SOFTWARE, &hive);
    if (hr == HR_WIN32(ERROR_FILE_NOT_FOUND)) {
        error_clear();
        return S_OK;
    }
    TRY(hr);
    r->hive = hive;
    TRY(packages_of(r->image, &r->packages));
    return hive_each_key(hive, hive_find(hive, hive_root(hive), CBS_KEY "\\CapabilityIndex"),
                         index_key, r);
}

/* ---- of metadata ---- */

static HRESULT add_metadata(struct reading *r, const char *path)
{
    AUTO_MANIFEST struct manifest *manifest = NULL;
    AUTO_FREE char *name = NULL;
    HRESULT hr = manifest_read_file(path, &manifest);
    if (hr == HR_WIN32(ERROR_INVALID_DATA)) {
        log_line(LOG_WARNING, "Capability::Metadata", hr, "%s", error_last()->text);
        error_clear();
        return S_OK;
    }
    TRY(hr);
    if (!manifest->has_capability)
        return S_OK;
    if (!(name = manifest_capability_text(manifest)))
        return FAIL_MEMORY();
    struct capability *c = find(r, name);
    if (c)
        return S_OK;
    TRY(add(r, name, &c));
    (void)TAKE(name);
    c->manifest = c->own = TAKE(manifest);
    return S_OK;
}

static HRESULT read_metadata(struct reading *r, const char *folder)
{
    AUTO_FREE char *path = NULL;
    AUTO_NAMES struct os_names names = {0};
    HRESULT hr = winimage_find(r->image, folder, &path);
    TRY(hr);
    if (hr == S_FALSE || !os_is_directory(path))
        return S_OK;
    TRY(os_list(path, &names));
    for (size_t i = 0; i < names.len; i++) {
        AUTO_FREE char *file = NULL;
        if (!path_has_extension(names.ptr[i], ".mum"))
            continue;
        TRY(path_join(path, names.ptr[i], &file));
        TRY(add_metadata(r, file));
    }
    return S_OK;
}

static int compare(const void *a, const void *b)
{
    const struct capability *left = a, *right = b;
    return text_compare_nocase(left->name, right->name);
}

static void reading_clear(struct reading *r)
{
    name_index_clear(&r->seen);
}

static HRESULT read_all(struct winimage *image, struct capabilities *capabilities)
{
    struct reading r AUTO(reading_clear) = {.image = image, .capabilities = capabilities};
    TRY(read_packages(&r));
    TRY(read_metadata(&r, "servicing/InboxFodMetadataCache/metadata"));
    TRY(read_metadata(&r, "servicing/FodMetadata/metadata"));
    if (capabilities->list.len)
        qsort(capabilities->list.ptr, capabilities->list.len, sizeof *capabilities->list.ptr,
              compare);
    return S_OK;
}

HRESULT capabilities_of(struct winimage *image, const struct capabilities **out)
{
    struct capabilities *capabilities = winimage_part(image, PART_CAPABILITIES);
    if (!capabilities) {
        capabilities = mem_alloc(sizeof *capabilities);
        if (!capabilities)
            return FAIL_MEMORY();
        HRESULT hr = read_all(image, capabilities);
        if (FAILED(hr)) {
            capabilities_free(capabilities);
            return hr;
        }
        winimage_keep(image, PART_CAPABILITIES, capabilities, capabilities_free);
    }
    *out = capabilities;
    return S_OK;
}

const struct capability *capabilities_find(const struct capabilities *capabilities,
                                           const char *name)
{
    size_t low = 0, high = capabilities->list.len;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        const struct capability *c = &capabilities->list.ptr[middle];
        int order = text_compare_nocase(name, c->name);
        if (order == 0)
            return c;
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return NULL;
}
