/* SPDX-License-Identifier: MIT */
/* capability.c - see capability.h. */
#include "capability.h"

#include <stdlib.h>

#include "dism_codes.h"
#include "error.h"
#include "log.h"
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

static struct capability *find(const struct capabilities *capabilities, const char *name)
{
    for (size_t i = 0; i < capabilities->list.len; i++)
        if (text_equal_nocase(capabilities->list.ptr[i].name, name))
            return &capabilities->list.ptr[i];
    return NULL;
}

/* ---- of packages ---- */

/* Of several versions of a package the one that is installed counts. */
static HRESULT add_package(struct capabilities *capabilities, struct package *package,
                           const struct manifest *manifest)
{
    AUTO_FREE char *name = manifest_capability_text(manifest);
    if (!name)
        return FAIL_MEMORY();
    struct capability *c = find(capabilities, name);
    if (c && package_is_installed(c->package))
        return S_OK;
    if (!c) {
        if (!(c = vec_push(&capabilities->list)))
            return FAIL_MEMORY();
        c->name = TAKE(name);
    }
    c->package = package;
    c->manifest = manifest;
    return S_OK;
}

struct indexing {
    const struct hive *hive;
    struct winimage *image;
    struct packages *packages;
    struct capabilities *capabilities;
};

static HRESULT index_value(void *context, const char *name, const struct hive_value *value)
{
    struct indexing *x = context;
    const struct manifest *manifest;
    struct package *package = packages_find(x->packages, name);
    (void)value;
    if (!package)
        return S_OK;
    TRY(package_manifest(x->image, package, &manifest));
    return manifest && manifest->has_capability ? add_package(x->capabilities, package, manifest)
                                                : S_OK;
}

static HRESULT index_key(void *context, hive_key key, const char *name)
{
    struct indexing *x = context;
    (void)name;
    return hive_each_value(x->hive, key, index_value, x);
}

/* CapabilityIndex says which packages declare one, so that the other manifests are not read. */
static HRESULT read_packages(struct winimage *image, struct capabilities *capabilities)
{
    struct indexing x = {.image = image, .capabilities = capabilities};
    struct hive *hive;
    HRESULT hr = winimage_hive(image, HIVE_SOFTWARE, &hive);
    if (hr == HR_WIN32(ERROR_FILE_NOT_FOUND)) {
        error_clear();
        return S_OK;
    }
    TRY(hr);
    x.hive = hive;
    TRY(packages_of(image, &x.packages));
    return hive_each_key(hive, hive_find(hive, hive_root(hive), CBS_KEY "\\CapabilityIndex"),
                         index_key, &x);
}

/* ---- of metadata ---- */

static HRESULT add_metadata(struct capabilities *capabilities, const char *path)
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
    if (find(capabilities, name))
        return S_OK;
    struct capability *c = vec_push(&capabilities->list);
    if (!c)
        return FAIL_MEMORY();
    c->name = TAKE(name);
    c->manifest = c->own = TAKE(manifest);
    return S_OK;
}

static HRESULT read_metadata(const struct winimage *image, const char *folder,
                             struct capabilities *capabilities)
{
    AUTO_FREE char *path = NULL;
    AUTO_NAMES struct os_names names = {0};
    HRESULT hr = winimage_find(image, folder, &path);
    TRY(hr);
    if (hr == S_FALSE || !os_is_directory(path))
        return S_OK;
    TRY(os_list(path, &names));
    for (size_t i = 0; i < names.len; i++) {
        AUTO_FREE char *file = NULL;
        if (!path_has_extension(names.ptr[i], ".mum"))
            continue;
        TRY(path_join(path, names.ptr[i], &file));
        TRY(add_metadata(capabilities, file));
    }
    return S_OK;
}

static int compare(const void *a, const void *b)
{
    const struct capability *left = a, *right = b;
    return text_compare_nocase(left->name, right->name);
}

static HRESULT read_all(struct winimage *image, struct capabilities *capabilities)
{
    TRY(read_packages(image, capabilities));
    TRY(read_metadata(image, "servicing/InboxFodMetadataCache/metadata", capabilities));
    TRY(read_metadata(image, "servicing/FodMetadata/metadata", capabilities));
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
    return find(capabilities, name);
}
