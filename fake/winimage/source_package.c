/* SPDX-License-Identifier: MIT */
/* source_package.c - see source.h: update.mum, update.cat, KEY.manifest, KEY/FILE. */
#include "dism_codes.h"
#include "error.h"
#include "manifest.h"
#include "os.h"
#include "path.h"
#include "source.h"

static HRESULT write_in(const char *folder, const char *name, const void *bytes, size_t size)
{
    AUTO_FREE char *path = NULL;
    AUTO_FILE struct os_file *file = NULL;
    TRY(path_join(folder, name, &path));
    TRY(os_open(path, OS_WRITE | OS_CREATE | OS_EXCLUSIVE, &file));
    return os_write(file, bytes, size);
}

static HRESULT write_component(const char *folder, const struct source_payload *p)
{
    AUTO_FREE char *manifest = mem_format("%s.manifest", p->key), *below = NULL;
    if (!manifest)
        return FAIL_MEMORY();
    TRY(path_join(folder, p->key, &below));
    if (os_exists(below)) /* of another of the package's updates */
        return S_OK;
    TRY(write_in(folder, manifest, p->manifest, p->manifest_size));
    TRY(os_make_directory(below));
    for (size_t i = 0; i < p->component->files.len; i++)
        TRY(write_in(below, p->component->files.ptr[i].name, p->files[i].ptr, p->files[i].size));
    return S_OK;
}

static HRESULT copy_components(struct source *source, const struct manifest_update *update,
                               const char *folder)
{
    for (size_t i = 0; i < update->components.list.len; i++) {
        const struct identity *identity = &update->components.list.ptr[i];
        AUTO_SOURCE_PAYLOAD struct source_payload payload = {0};
        HRESULT hr = source_read_component(source, source->windows, identity, &payload);
        TRY(hr);
        if (hr == S_FALSE)
            return FAIL(HR_WIN32(ERROR_FILE_NOT_FOUND), "its component store has no %s",
                        identity->name);
        TRY(write_component(folder, &payload));
    }
    return S_OK;
}

/* What a manifest says of drivers is about files that a Windows keeps elsewhere, under other names.
 */
static HRESULT copy_payload(struct source *source, const struct manifest *manifest,
                            const char *folder)
{
    for (size_t i = 0; i < manifest->updates.len; i++) {
        const struct manifest_update *u = &manifest->updates.ptr[i];
        if (u->drivers.len)
            return FAIL(HR_WIN32(ERROR_FILE_NOT_FOUND), "%s has drivers, which come in packages",
                        manifest->identity.name);
        TRY(copy_components(source, u, folder));
    }
    return S_OK;
}

static HRESULT copy_file(struct source *source, const char *package, const char *extension,
                         const char *folder, const char *as, struct manifest **manifest)
{
    AUTO_FREE char *name = mem_format("servicing/Packages/%s%s", package, extension);
    AUTO_FREE uint8_t *bytes = NULL;
    size_t size;
    if (!name)
        return FAIL_MEMORY();
    HRESULT hr = source_read(source, name, &bytes, &size);
    if (hr != S_OK)
        return hr;
    if (manifest)
        TRY(manifest_read(bytes, size, name, manifest));
    return write_in(folder, as, bytes, size);
}

HRESULT source_make_package(struct source *source, struct change *change,
                            const struct identity *package, char **folder)
{
    AUTO_FREE char *text = NULL, *below = NULL;
    AUTO_MANIFEST struct manifest *manifest = NULL;
    HRESULT hr = source_find_package(source, package, &text);
    if (hr != S_OK)
        return hr;
    TRY(change_scratch(change, &below));
    hr = copy_file(source, text, ".mum", below, "update.mum", &manifest);
    if (hr != S_OK)
        return hr;
    TRY(copy_file(source, text, ".cat", below, "update.cat", NULL));
    TRY(copy_payload(source, manifest, below));
    *folder = TAKE(below);
    return S_OK;
}
