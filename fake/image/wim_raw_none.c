/* SPDX-License-Identifier: MIT */
/*
 * wim_raw_none.c - where every image is left to wimlib: on Windows a changed file has attributes, a
 * security descriptor and streams of its own, which wimlib takes from the disk.
 */
#include "dism_codes.h"
#include "error.h"
#include "wim_patch.h"

HRESULT wim_raw_open(struct os_file *file, unsigned index, struct wim_raw **out)
{
    (void)file, (void)index, (void)out;
    return FAIL(HR_WIN32(ERROR_NOT_SUPPORTED), "this is not Linux");
}

void wim_raw_close(struct wim_raw *raw)
{
    (void)raw;
}

HRESULT wim_raw_look(const struct wim_raw *raw, const char *path, struct wim_entry *out)
{
    (void)raw, (void)path, (void)out;
    return S_FALSE;
}

HRESULT wim_raw_each_linked(const struct wim_raw *raw,
                            HRESULT (*each)(void *context, const char *path,
                                            const struct wim_entry *entry),
                            void *context)
{
    (void)raw, (void)each, (void)context;
    return S_FALSE;
}

HRESULT wim_patch(struct wim_raw *raw, struct os_file *file, const struct wim_change *changes,
                  size_t count, const struct wim_progress *progress)
{
    (void)raw, (void)file, (void)changes, (void)count, (void)progress;
    return S_FALSE;
}
