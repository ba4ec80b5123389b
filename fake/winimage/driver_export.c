/* SPDX-License-Identifier: MIT */
/* driver_export.c - see driver_export.h. */
#include "driver_export.h"

#include "dism_codes.h"
#include "driver_list.h"
#include "error.h"
#include "os.h"
#include "path.h"

static HRESULT copy_tree(const char *from, const char *to);

/* Links are not followed: they may lead out of the image. */
static HRESULT copy_entry(const char *from, const char *to, const char *name)
{
    AUTO_FREE char *source = NULL, *target = NULL;
    struct os_stat stat;
    TRY(path_join(from, name, &source));
    TRY(path_join(to, name, &target));
    TRY(os_lstat(source, &stat));
    if (stat.type == OS_TYPE_DIRECTORY)
        return copy_tree(source, target);
    return stat.type == OS_TYPE_FILE ? os_copy_file(source, target) : S_OK;
}

static HRESULT copy_tree(const char *from, const char *to)
{
    AUTO_NAMES struct os_names names = {0};
    TRY(os_list(from, &names));
    TRY(os_make_directory(to));
    for (size_t i = 0; i < names.len; i++)
        TRY(copy_entry(from, to, names.ptr[i]));
    return S_OK;
}

static HRESULT replace(const char *staged, const char *target)
{
    if (os_exists(target))
        TRY(os_remove_tree(target, true));
    return os_rename(staged, target);
}

static HRESULT export_one(const struct winimage *image, const struct driver *d, const char *folder)
{
    AUTO_FREE char *below = mem_format(DRIVER_STORE "/%s", d->id), *from = NULL, *target = NULL;
    AUTO_FREE char *staged = mem_format("%s/.dismfake-%s", folder, d->id);
    if (!below || !staged)
        return FAIL_MEMORY();
    HRESULT hr = *d->id ? winimage_find(image, below, &from) : S_FALSE;
    TRY(hr);
    if (hr == S_FALSE)
        return FAIL(HR_WIN32(ERROR_PATH_NOT_FOUND), "%s has no folder in the driver store",
                    d->published);
    TRY(path_join(folder, path_name(from), &target));
    if (os_exists(staged))
        TRY(os_remove_tree(staged, true));
    hr = copy_tree(from, staged);
    if (SUCCEEDED(hr))
        hr = replace(staged, target);
    if (FAILED(hr)) {
        struct error failure = *error_last();
        if (os_exists(staged))
            (void)os_remove_tree(staged, true);
        error_restore(&failure);
    }
    return hr;
}

HRESULT drivers_export(struct winimage *image, const char *folder,
                       HRESULT (*progress)(void *context, size_t done, size_t of), void *context)
{
    struct drivers *drivers;
    size_t count = 0, done = 0;
    TRY(drivers_of(image, &drivers));
    for (size_t i = 0; i < drivers->list.len; i++)
        count += !drivers->list.ptr[i].is_in_box;
    for (size_t i = 0; i < drivers->list.len; i++) {
        if (drivers->list.ptr[i].is_in_box)
            continue;
        TRY(export_one(image, &drivers->list.ptr[i], folder));
        TRY(progress(context, ++done, count));
    }
    return S_OK;
}
