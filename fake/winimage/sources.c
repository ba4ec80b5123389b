/* SPDX-License-Identifier: MIT */
/* sources.c - see sources.h. */
#include "sources.h"

#include <string.h>

#include "component.h"
#include "dism_codes.h"
#include "error.h"
#include "hash.h"
#include "log.h"
#include "os.h"
#include "path.h"
#include "place.h"
#include "text.h"

void sources_clear(struct sources *sources)
{
    for (size_t i = 0; i < sources->paths.len; i++)
        mem_free(sources->paths.ptr[i]);
    vec_clear(&sources->paths);
}

HRESULT sources_missing(const struct sources *sources, const char *what)
{
    if (sources->limits_access)
        return FAIL(CBS_E_SOURCE_MISSING, "%s is in none of the %zu sources", what,
                    sources->paths.len);
    return FAIL(CBS_E_DOWNLOAD_FAILURE,
                "%s is in none of the %zu sources, and there is no network to get it from", what,
                sources->paths.len);
}

/* A source's component store, S_FALSE: it has none. The image is the caller's. */
static HRESULT open_store(const char *source, struct winimage **out)
{
    static const char *const folders[] = {"Windows", ""};
    for (size_t i = 0; i < 2; i++) {
        AUTO_FREE char *below = mem_format("%s%sWinSxS", folders[i], *folders[i] ? "/" : "");
        AUTO_FREE char *store = NULL, *windows = NULL;
        if (!below)
            return FAIL_MEMORY();
        HRESULT hr = place_find(source, below, &store);
        TRY(hr);
        if (hr == S_FALSE)
            continue;
        TRY(path_parent(store, &windows));
        return winimage_open(source, windows, false, true, out);
    }
    return S_FALSE;
}

static void close_store(struct winimage **image)
{
    if (*image)
        winimage_close(*image);
}

static HRESULT read_file(const struct winimage *image, const char *place, uint8_t **bytes,
                         size_t *size)
{
    AUTO_FREE char *path = NULL;
    char *data = NULL;
    HRESULT hr = place_find(image->root, place, &path);
    if (hr != S_OK)
        return hr;
    TRY(os_read_file(path, &data, size));
    *bytes = (uint8_t *)data;
    return S_OK;
}

static bool is_right(const struct component_file *file, const uint8_t *bytes, size_t size)
{
    uint8_t digest[SHA256_SIZE];
    hash_sha256(bytes, size, digest);
    return !file->has_hash || memcmp(digest, file->sha256, sizeof digest) == 0;
}

/* From the source's store into the image's, and to its place. S_FALSE: it is not whole there. */
static HRESULT copy_component(struct winimage *from, struct winimage *image, struct change *change,
                              const struct identity *identity, bool in_place)
{
    AUTO_FREE char *key = NULL;
    AUTO_COMPONENT struct component *component = NULL;
    AUTO_FREE uint8_t *manifest = NULL;
    size_t size;
    HRESULT hr = component_find(from, identity, &key, NULL);
    if (hr != S_OK)
        return hr;
    AUTO_FREE char *source = component_manifest_place(from, key);
    AUTO_FREE char *target = component_manifest_place(image, key);
    if (!source || !target)
        return FAIL_MEMORY();
    hr = read_file(from, source, &manifest, &size);
    if (hr != S_OK)
        return hr;
    TRY(component_read(image, manifest, size, source, &component));
    TRY(change_write(change, target, manifest, size));
    for (size_t i = 0; i < component->files.len; i++) {
        const struct component_file *file = &component->files.ptr[i];
        AUTO_FREE char *there = component_file_place(from, key, file->name);
        AUTO_FREE char *here = component_file_place(image, key, file->name);
        AUTO_FREE uint8_t *bytes = NULL;
        if (!there || !here)
            return FAIL_MEMORY();
        hr = read_file(from, there, &bytes, &size);
        TRY(hr);
        if (hr == S_FALSE || !is_right(file, bytes, size))
            return S_FALSE;
        TRY(change_write(change, here, bytes, size));
        if (file->place && in_place)
            TRY(change_write(change, file->place, bytes, size));
    }
    return S_OK;
}

HRESULT sources_add_component(const struct sources *sources, struct winimage *image,
                              struct change *change, const struct identity *identity, bool in_place)
{
    for (size_t i = 0; i < sources->paths.len; i++) {
        struct winimage *from AUTO(close_store) = NULL;
        HRESULT hr = open_store(sources->paths.ptr[i], &from);
        TRY(hr);
        if (hr == S_OK)
            hr = copy_component(from, image, change, identity, in_place);
        TRY(hr);
        if (hr == S_OK)
            return S_OK;
    }
    return sources_missing(sources, identity->name);
}

/* ---- packages ---- */

static char *file_name(const struct identity *i)
{
    return mem_format("%s~%s~%s~%s~.cab", i->name, i->token, i->architecture, i->language);
}

/* S_FALSE: none there, or it is another package than its name says. */
static HRESULT open_package(const char *source, const struct identity *package,
                            struct package_sources *out)
{
    AUTO_FREE char *name = file_name(package), *path = NULL;
    if (!name)
        return FAIL_MEMORY();
    HRESULT hr = place_find(source, name, &path);
    if (hr != S_OK)
        return hr;
    hr = package_sources_open(path, out);
    if (SUCCEEDED(hr) && identity_is_same_package(&out->list.ptr[0].manifest->identity, package))
        return S_OK;
    log_line(LOG_WARNING, "Sources::Package", hr, "%s is passed over: %s", path,
             FAILED(hr) ? error_last()->text : "it is another package");
    package_sources_clear(out);
    if (hr == E_OUTOFMEMORY)
        return hr;
    error_clear();
    return S_FALSE;
}

HRESULT sources_open_package(const struct sources *sources, const struct identity *package,
                             struct package_sources *out)
{
    for (size_t i = 0; i < sources->paths.len; i++) {
        HRESULT hr = open_package(sources->paths.ptr[i], package, out);
        if (hr != S_FALSE)
            return hr;
    }
    return sources_missing(sources, package->name);
}

/* ---- single files ---- */

HRESULT sources_find_file(const struct sources *sources, const struct identity *component,
                          const char *name, const uint8_t *sha256, uint8_t **bytes, size_t *size)
{
    for (size_t i = 0; i < sources->paths.len; i++) {
        struct winimage *from AUTO(close_store) = NULL;
        AUTO_FREE char *key = NULL, *place = NULL;
        AUTO_FREE uint8_t *data = NULL;
        uint8_t digest[SHA256_SIZE];
        HRESULT hr = open_store(sources->paths.ptr[i], &from);
        if (hr == S_OK)
            hr = component_find(from, component, &key, NULL);
        TRY(hr);
        if (hr == S_FALSE)
            continue;
        if (!(place = component_file_place(from, key, name)))
            return FAIL_MEMORY();
        hr = read_file(from, place, &data, size);
        TRY(hr);
        if (hr == S_FALSE)
            continue;
        hash_sha256(data, *size, digest);
        if (memcmp(digest, sha256, sizeof digest) != 0)
            continue;
        *bytes = TAKE(data);
        return S_OK;
    }
    return S_FALSE;
}

HRESULT sources_read_windows_file(const struct sources *sources, const char *relative,
                                  uint8_t **bytes, size_t *size)
{
    for (size_t i = 0; i < sources->paths.len; i++) {
        struct winimage *from AUTO(close_store) = NULL;
        AUTO_FREE char *path = NULL;
        char *data = NULL;
        HRESULT hr = open_store(sources->paths.ptr[i], &from);
        if (hr == S_OK)
            hr = winimage_find(from, relative, &path);
        TRY(hr);
        if (hr == S_FALSE)
            continue;
        TRY(os_read_file(path, &data, size));
        *bytes = (uint8_t *)data;
        return S_OK;
    }
    return S_FALSE;
}

/* ---- the policy ---- */

#define POLICY "Microsoft\\Windows\\CurrentVersion\\Policies\\Servicing"

HRESULT sources_add_policy(struct sources *sources, struct winimage *image)
{
    struct hive *hive;
    HRESULT hr = winimage_hive(image, HIVE_SOFTWARE, &hive);
    if (hr == HR_WIN32(ERROR_FILE_NOT_FOUND)) {
        error_clear();
        return S_OK;
    }
    TRY(hr);
    AUTO_FREE char *text =
        hive_text(hive, hive_find(hive, hive_root(hive), POLICY), "LocalSourcePath");
    for (char *at = text; at && *at;) {
        char *semicolon = strchr(at, ';');
        if (semicolon)
            *semicolon = '\0';
        char **slot = *at ? vec_push(&sources->paths) : NULL;
        if (*at && !slot)
            return FAIL_MEMORY();
        if (slot)
            TRY(path_full(at, slot));
        at = semicolon ? semicolon + 1 : NULL;
    }
    return S_OK;
}
