/* SPDX-License-Identifier: MIT */
/* source_image.c - see source_image.h. */
#include "source_image.h"

#include <string.h>

#include "dism_codes.h"
#include "error.h"
#include "os.h"
#include "path.h"
#include "text.h"
#include "wim.h"

#define REPARSE_POINT 0x400 /* FILE_ATTRIBUTE_REPARSE_POINT */

struct opened {
    struct wim *wim;
    unsigned index;
};

static void close_image(void *image)
{
    struct opened *opened = image;
    if (opened->wim)
        wim_close(opened->wim);
    mem_free(opened);
}

static HRESULT open_in(struct opened *opened, const char *path)
{
    if (!os_exists(path))
        return FAIL(HR_WIN32(ERROR_FILE_NOT_FOUND), "there is no file %s", path);
    TRY(wim_open(path, false, false, &opened->wim));
    const struct wim_facts *facts = wim_facts(opened->wim);
    if (opened->index > facts->image_count)
        return FAIL(DISMAPI_E_INVALID_IMAGE_INDEX, "%s has %u images, and no image %u", path,
                    facts->image_count, opened->index);
    return S_OK;
}

static HRESULT open_image(const char *path, unsigned index, void **image)
{
    struct opened *opened = mem_alloc(sizeof *opened);
    if (!opened)
        return FAIL_MEMORY();
    opened->index = index;
    HRESULT hr = open_in(opened, path);
    if (FAILED(hr))
        close_image(opened);
    else
        *image = opened;
    return hr;
}

struct listing {
    HRESULT (*each)(void *context, const char *name, bool is_folder);
    void *context;
};

/* What unpacks to a link, or names that are not just names, could lead out of the folder. */
static HRESULT see(void *context, const char *name, const struct wim_entry *entry)
{
    const struct listing *l = context;
    if ((entry->attributes & REPARSE_POINT) || path_flaw(name) || strpbrk(name, "/\\") ||
        text_equal(name, ".") || text_equal(name, ".."))
        return S_OK;
    return l->each(l->context, name, entry->kind == WIM_FOLDER);
}

static HRESULT list(void *image, const char *folder,
                    HRESULT (*each)(void *context, const char *name, bool is_folder), void *context)
{
    const struct opened *opened = image;
    struct listing l = {each, context};
    return wim_list(opened->wim, opened->index, *folder ? folder : "/", see, &l);
}

static HRESULT unpack(void *image, const char *path, const char *to)
{
    const struct opened *opened = image;
    return wim_unpack(opened->wim, opened->index, to, &path, 1);
}

const struct source_reader source_image = {open_image, close_image, list, unpack};
