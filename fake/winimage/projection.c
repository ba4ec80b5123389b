/* SPDX-License-Identifier: MIT */
/* projection.c - see projection.h. */
#include "projection.h"

#include "dism_codes.h"
#include "error.h"
#include "os.h"
#include "path.h"
#include "place.h"

/* S_FALSE: the store has no such file. */
static HRESULT find_payload(const struct winimage *image, const char *key, const char *name,
                            char **out)
{
    AUTO_FREE char *place = component_file_place(image, key, name);
    return place ? place_find(image->root, place, out) : FAIL_MEMORY();
}

HRESULT projection_is_complete(struct winimage *image, const struct identity *identity)
{
    AUTO_FREE char *key = NULL;
    AUTO_COMPONENT struct component *component = NULL;
    HRESULT hr = component_find(image, identity, &key, &component);
    if (hr != S_OK)
        return hr;
    for (size_t i = 0; i < component->files.len; i++) {
        AUTO_FREE char *path = NULL;
        hr = find_payload(image, key, component->files.ptr[i].name, &path);
        if (hr != S_OK)
            return hr;
    }
    return S_OK;
}

HRESULT projection_add(struct winimage *image, struct change *change,
                       const struct identity *identity)
{
    AUTO_FREE char *key = NULL;
    AUTO_COMPONENT struct component *component = NULL;
    HRESULT hr = component_find(image, identity, &key, &component);
    TRY(hr);
    if (hr == S_FALSE)
        return FAIL(CBS_E_SOURCE_MISSING, "the component store has no %s %s", identity->name,
                    identity->version);
    for (size_t i = 0; i < component->files.len; i++) {
        const struct component_file *file = &component->files.ptr[i];
        AUTO_FREE char *path = NULL;
        hr = find_payload(image, key, file->name, &path);
        TRY(hr);
        if (hr == S_FALSE)
            return FAIL(CBS_E_SOURCE_MISSING, "the component store has no %s\\%s", key, file->name);
        if (file->place)
            TRY(change_copy(change, file->place, path));
    }
    return S_OK;
}

HRESULT projection_remove(struct winimage *image, struct change *change,
                          const struct identity *identity)
{
    AUTO_FREE char *key = NULL;
    AUTO_COMPONENT struct component *component = NULL;
    HRESULT hr = component_find(image, identity, &key, &component);
    if (hr != S_OK)
        return FAILED(hr) ? hr : S_OK;
    for (size_t i = 0; i < component->files.len; i++)
        if (component->files.ptr[i].place)
            TRY(change_remove(change, component->files.ptr[i].place));
    return S_OK;
}

HRESULT projection_forget(struct winimage *image, struct change *change,
                          const struct identity *identity)
{
    AUTO_FREE char *key = NULL;
    HRESULT hr = component_find(image, identity, &key, NULL);
    if (hr != S_OK)
        return FAILED(hr) ? hr : S_OK;
    AUTO_FREE char *manifest = component_manifest_place(image, key);
    AUTO_FREE char *folder = winimage_below_windows(image, "WinSxS");
    AUTO_FREE char *own = folder ? mem_format("%s/%s", folder, key) : NULL;
    if (!manifest || !own)
        return FAIL_MEMORY();
    TRY(change_remove(change, manifest));
    return change_remove(change, own);
}
