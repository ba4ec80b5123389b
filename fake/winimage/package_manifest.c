/* SPDX-License-Identifier: MIT */
/* package_manifest.c - packages.h: manifests in the image, found and read when somebody asks. */
#include <string.h>

#include "dism_codes.h"
#include "error.h"
#include "log.h"
#include "name_index.h"
#include "packages.h"
#include "path.h"
#include "text.h"
#include "xml.h"

#define FOLDER "servicing/Packages"

/* The folder of the manifests, listed when one is not there as its package is spelled. */
struct folder {
    char *path; /* NULL: there is none */
    bool is_listed;
    struct os_names names;
    struct name_index index;
};

char *package_file(const struct winimage *image, const char *identity, const char *extension)
{
    AUTO_FREE char *name = mem_format(FOLDER "/%s%s", identity, extension);
    return name ? winimage_below_windows(image, name) : NULL;
}

static void folder_free(void *ptr)
{
    struct folder *folder = ptr;
    mem_free(folder->path);
    name_index_clear(&folder->index);
    os_names_clear(&folder->names);
    mem_free(folder);
}

static HRESULT folder_of(struct winimage *image, struct folder **out)
{
    struct folder *folder = winimage_part(image, PART_MANIFESTS);
    if (!folder) {
        folder = mem_alloc(sizeof *folder);
        if (!folder)
            return FAIL_MEMORY();
        HRESULT hr = winimage_find(image, FOLDER, &folder->path);
        if (FAILED(hr)) {
            folder_free(folder);
            return hr;
        }
        winimage_keep(image, PART_MANIFESTS, folder, folder_free);
    }
    *out = folder;
    return S_OK;
}

static HRESULT list(struct folder *folder)
{
    if (folder->is_listed)
        return S_OK;
    os_names_clear(&folder->names);
    name_index_clear(&folder->index);
    TRY(os_list(folder->path, &folder->names));
    for (size_t i = 0; i < folder->names.len; i++)
        TRY(name_index_add(&folder->index, folder->names.ptr[i], i));
    folder->is_listed = true;
    return S_OK;
}

/* What has that name in any letter case; S_FALSE: nothing. */
static HRESULT find_spelling(struct folder *folder, const char *name, const char **out)
{
    size_t number;
    TRY(list(folder));
    if (!name_index_find(&folder->index, name, &number))
        return S_FALSE;
    *out = folder->names.ptr[number];
    return S_OK;
}

/* A link may lead out of the image. */
static HRESULT find_behind_link(const struct winimage *image, const char *name, char **out)
{
    AUTO_FREE char *place = mem_format(FOLDER "/%s", name);
    return place ? winimage_find(image, place, out) : FAIL_MEMORY();
}

/* S_FALSE: there is none. */
static HRESULT find_manifest(struct winimage *image, const struct package *package, char **out)
{
    struct folder *folder = NULL;
    struct os_stat stat;
    AUTO_FREE char *name = mem_format("%s.mum", package->text), *path = NULL;
    if (!name)
        return FAIL_MEMORY();
    TRY(folder_of(image, &folder));
    if (!folder->path || strpbrk(name, "/\\"))
        return S_FALSE;
    TRY(path_join(folder->path, name, &path));
    if (FAILED(os_lstat(path, &stat))) {
        const char *spelled;
        error_clear();
        HRESULT hr = find_spelling(folder, name, &spelled);
        return hr == S_OK ? find_behind_link(image, spelled, out) : hr;
    }
    if (stat.type == OS_TYPE_LINK)
        return find_behind_link(image, name, out);
    *out = TAKE(path);
    return S_OK;
}

HRESULT package_manifest(struct winimage *image, struct package *package,
                         const struct manifest **out)
{
    if (!package->manifest_is_read) {
        AUTO_FREE char *path = NULL;
        HRESULT hr = find_manifest(image, package, &path);
        if (hr == S_OK)
            hr = manifest_read_file(path, &package->manifest);
        if (FAILED(hr) && hr != HR_WIN32(ERROR_INVALID_DATA))
            return hr;
        if (FAILED(hr)) { /* a damaged one is as if there were none: a health scan reports it */
            log_line(LOG_WARNING, "Package::Manifest", hr, "%s", error_last()->text);
            error_clear();
        }
        package->manifest_is_read = true;
    }
    *out = package->manifest;
    return S_OK;
}

/* ---- the release type ---- */

struct release {
    DismReleaseType type;
    bool is_found;
};

static HRESULT stop_at_package(void *context, const struct xml_element *e)
{
    struct release *release = context;
    const char *word = xml_attribute(e, "releaseType");
    if (e->depth != 2 || !text_equal_nocase(e->name, "package"))
        return S_OK;
    release->type = manifest_release_type(word);
    release->is_found = true;
    return S_FALSE;
}

static HRESULT read_rest(const char *path, const struct xml_handler *handler,
                         struct release *release)
{
    AUTO_FREE char *bytes = NULL;
    size_t size;
    TRY(os_read_file(path, &bytes, &size));
    return xml_read(bytes, size, path, handler, release);
}

/* The element is one of the first, in a file that can have megabytes. */
static HRESULT read_release(const char *path, DismReleaseType *out)
{
    static const struct xml_handler handler = {.start = stop_at_package};
    struct release release = {DismReleaseTypeOther, false};
    AUTO_FILE struct os_file *file = NULL;
    char start[4096];
    size_t got;
    TRY(os_open(path, OS_READ, &file));
    TRY(os_read_at(file, start, sizeof start, 0, &got));
    HRESULT hr = xml_read(start, got, path, &handler, &release);
    if (!release.is_found && got == sizeof start && hr != E_OUTOFMEMORY)
        hr = read_rest(path, &handler, &release);
    if (hr == HR_WIN32(ERROR_INVALID_DATA)) {
        error_clear();
        hr = S_OK;
    }
    *out = release.type;
    return hr;
}

HRESULT package_release_type(struct winimage *image, struct package *package, DismReleaseType *out)
{
    if (!package->release_is_read) {
        AUTO_FREE char *path = NULL;
        package->release_type = DismReleaseTypeOther;
        HRESULT hr = find_manifest(image, package, &path);
        TRY(hr);
        if (hr == S_OK)
            TRY(read_release(path, &package->release_type));
        package->release_is_read = true;
    }
    *out = package->release_type;
    return S_OK;
}
