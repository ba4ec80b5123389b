/* SPDX-License-Identifier: MIT */
/* appx_package.c - see appx_package.h. */
#include "appx_package.h"

#include <string.h>

#include "dism_codes.h"
#include "error.h"
#include "path.h"
#include "text.h"

#define BLOCK_MAP "AppxBlockMap.xml"
#define SIGNATURE "AppxSignature.p7x"
#define TYPES "[Content_Types].xml"
#define CODE_CATALOG "AppxMetadata/CodeIntegrity.cat"
#define LARGEST_XML ((size_t)64 << 20)
#define LARGEST_FILE ((size_t)2 << 30)

void appx_package_close(struct appx_package *p)
{
    if (p->archive)
        archive_close(p->archive);
    if (p->manifest)
        appx_manifest_free(p->manifest);
    if (p->map)
        appx_block_map_free(p->map);
    mem_free(p);
}

/* ---- names ---- */

/* Windows drops dots and spaces at the end of a name. */
static bool is_safe(const char *name)
{
    if (path_flaw(name))
        return false;
    for (const char *part = name;;) {
        size_t len = strcspn(part, "/");
        if (len == 0 || part[len - 1] == '.' || part[len - 1] == ' ')
            return false;
        if (!part[len])
            return true;
        part += len + 1;
    }
}

static const char *name_of(const struct appx_package *p, size_t index)
{
    return archive_entry(p->archive, index)->name;
}

static HRESULT check_names(const struct appx_package *p)
{
    for (size_t i = 0; i < archive_count(p->archive); i++)
        if (!is_safe(name_of(p, i)))
            return FAIL(APPX_DEPLOY_OPEN_FAILED, "'%s' in the package is no name of a file",
                        name_of(p, i));
    return S_OK;
}

/* ---- opening ---- */

static HRESULT recoded(HRESULT hr, HRESULT as)
{
    struct error why = *error_last();
    if (hr != HR_WIN32(ERROR_INVALID_DATA) && hr != HR_WIN32(ERROR_FILE_TOO_LARGE) &&
        hr != HR_WIN32(ERROR_NOT_SUPPORTED))
        return hr;
    return FAIL(as, "%s", why.text);
}

static HRESULT read_entry(const struct appx_package *p, size_t index, size_t most, uint8_t **bytes,
                          size_t *size)
{
    return recoded(archive_read(p->archive, index, most, bytes, size),
                   APPX_PACKAGE_CORRUPT_CONTENT);
}

static HRESULT read_map(struct appx_package *p)
{
    AUTO_FREE uint8_t *bytes = NULL;
    size_t size, index = archive_find(p->archive, BLOCK_MAP);
    bool is_folder = archive_kind(p->archive) == ARCHIVE_FOLDER;
    if (index == SIZE_MAX)
        return is_folder ? S_OK
                         : FAIL(APPX_PACKAGE_INVALID_BLOCK_MAP, "the package has no " BLOCK_MAP);
    TRY(read_entry(p, index, LARGEST_XML, &bytes, &size));
    return appx_block_map_read(bytes, size, BLOCK_MAP, &p->map);
}

static HRESULT read_manifest(struct appx_package *p)
{
    AUTO_FREE uint8_t *bytes = NULL;
    size_t size, index = archive_find(p->archive, APPX_MANIFEST);
    bool is_bundle = index == SIZE_MAX;
    if (is_bundle)
        index = archive_find(p->archive, APPX_BUNDLE_MANIFEST);
    if (index == SIZE_MAX)
        return FAIL(APPX_DEPLOY_INVALID_PACKAGE,
                    "the package has no " APPX_MANIFEST " and no " APPX_BUNDLE_MANIFEST);
    TRY(read_entry(p, index, LARGEST_XML, &bytes, &size));
    TRY(appx_manifest_read(bytes, size, name_of(p, index), &p->manifest));
    return p->manifest->is_bundle == is_bundle
               ? S_OK
               : FAIL(APPX_PACKAGE_INVALID_MANIFEST, "%s is that of another kind of package",
                      name_of(p, index));
}

static HRESULT read_all(struct appx_package *p)
{
    if (archive_kind(p->archive) == ARCHIVE_CAB)
        return FAIL(APPX_DEPLOY_OPEN_FAILED, "it is a cabinet, and apps are ZIP files");
    TRY(check_names(p));
    TRY(read_manifest(p));
    if (archive_kind(p->archive) == ARCHIVE_ZIP && archive_find(p->archive, SIGNATURE) == SIZE_MAX)
        return FAIL(APPX_PACKAGE_NO_SIGNATURE, "the package has no " SIGNATURE);
    return read_map(p);
}

HRESULT appx_package_open(const char *path, struct appx_package **out)
{
    AUTO_APPX_PACKAGE struct appx_package *package = mem_alloc(sizeof *package);
    if (!package)
        return FAIL_MEMORY();
    TRY(recoded(archive_open(path, 0, &package->archive), APPX_DEPLOY_OPEN_FAILED));
    TRY(read_all(package));
    *out = TAKE(package);
    return S_OK;
}

HRESULT appx_package_open_part(const struct appx_package *bundle, const struct appx_part *part,
                               struct appx_package **out)
{
    AUTO_APPX_PACKAGE struct appx_package *package = mem_alloc(sizeof *package);
    AUTO_FREE uint8_t *bytes = NULL;
    size_t size, index = archive_find(bundle->archive, part->file);
    if (!package)
        return FAIL_MEMORY();
    if (index == SIZE_MAX)
        return FAIL(APPX_DEPLOY_INVALID_PACKAGE, "the bundle has no %s", part->file);
    TRY(read_entry(bundle, index, LARGEST_FILE, &bytes, &size));
    const struct appx_mapped *mapped =
        bundle->map ? appx_block_map_find(bundle->map, part->file) : NULL;
    if (mapped)
        TRY(appx_mapped_check(mapped, bytes, size));
    TRY(recoded(archive_open_bytes(bytes, size, part->file, 0, &package->archive),
                APPX_DEPLOY_OPEN_FAILED));
    TRY(read_all(package));
    if (package->manifest->is_bundle ||
        !appx_name_is_family(&package->manifest->name, &bundle->manifest->name))
        return FAIL(APPX_DEPLOY_INVALID_PACKAGE, "%s is no package of its bundle", part->file);
    *out = TAKE(package);
    return S_OK;
}

/* ---- unpacking ---- */

/* What speaks of the others is not in the map. */
static bool is_footprint(const char *name)
{
    return text_equal_nocase(name, BLOCK_MAP) || text_equal_nocase(name, SIGNATURE) ||
           text_equal_nocase(name, TYPES) || text_equal_nocase(name, CODE_CATALOG);
}

static bool is_wanted(const struct appx_package *p, const char *name)
{
    return !text_equal_nocase(name, TYPES) && (!p->manifest->is_bundle || is_footprint(name) ||
                                               text_equal_nocase(name, APPX_BUNDLE_MANIFEST));
}

static HRESULT check_mapped(const struct appx_package *p, const char *name, const uint8_t *bytes,
                            size_t size)
{
    if (!p->map || is_footprint(name))
        return S_OK;
    const struct appx_mapped *mapped = appx_block_map_find(p->map, name);
    return mapped ? appx_mapped_check(mapped, bytes, size)
                  : FAIL(APPX_PACKAGE_CORRUPT_CONTENT, "%s is not in the block map", name);
}

HRESULT appx_package_unpack(const struct appx_package *p, struct change *change, const char *folder)
{
    for (size_t i = 0; p->map && i < p->map->files.len; i++)
        if (archive_find(p->archive, p->map->files.ptr[i].file) == SIZE_MAX)
            return FAIL(APPX_PACKAGE_CORRUPT_CONTENT, "%s is in the block map alone",
                        p->map->files.ptr[i].file);
    for (size_t i = 0; i < archive_count(p->archive); i++) {
        const char *name = name_of(p, i);
        AUTO_FREE uint8_t *bytes = NULL;
        AUTO_FREE char *place = mem_format("%s/%s", folder, name);
        size_t size;
        if (!place)
            return FAIL_MEMORY();
        if (!is_wanted(p, name))
            continue;
        TRY(read_entry(p, i, LARGEST_FILE, &bytes, &size));
        TRY(check_mapped(p, name, bytes, size));
        TRY(change_write(change, place, bytes, size));
    }
    return S_OK;
}
