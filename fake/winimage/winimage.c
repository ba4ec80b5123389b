/* SPDX-License-Identifier: MIT */
/* winimage.c - see winimage.h. */
#include "winimage.h"

#include "dism_codes.h"
#include "error.h"
#include "path.h"
#include "place.h"
#include "world.h"

static const char *const hive_names[HIVE_COUNT] = {"SOFTWARE", "SYSTEM", "DRIVERS", "COMPONENTS"};

HRESULT winimage_open(const char *root, const char *windows, bool is_online, bool is_readonly,
                      struct winimage **out)
{
    struct winimage *image = mem_alloc(sizeof *image);
    if (!image)
        return FAIL_MEMORY();
    image->root = mem_dup(root);
    image->windows = mem_dup(windows);
    image->is_online = is_online;
    image->is_readonly = is_readonly;
    if (!image->root || !image->windows) {
        winimage_close(image);
        return FAIL_MEMORY();
    }
    *out = image;
    return S_OK;
}

void winimage_forget(struct winimage *image)
{
    /* Parts may point into hives: they go first, the later ones, which may use the others, before.
     */
    for (size_t i = PART_COUNT; i-- > 0;) {
        if (image->parts[i].ptr)
            image->parts[i].release(image->parts[i].ptr);
        image->parts[i] = (struct winimage_part){0};
    }
    for (size_t i = 0; i < HIVE_COUNT; i++) {
        if (image->hives[i])
            hive_close(image->hives[i]);
        image->hives[i] = NULL;
    }
    image->is_stamped = false;
}

void winimage_close(struct winimage *image)
{
    winimage_forget(image);
    mem_free(image->root);
    mem_free(image->windows);
    mem_free(image);
}

char *winimage_below_windows(const struct winimage *image, const char *relative)
{
    const char *windows = path_below(image->windows, image->root);
    return mem_format("%s/%s", windows ? windows : "Windows", relative);
}

HRESULT winimage_find(const struct winimage *image, const char *relative, char **out)
{
    AUTO_FREE char *place = winimage_below_windows(image, relative);
    return place ? place_find(image->root, place, out) : FAIL_MEMORY();
}

HRESULT winimage_hive_place(const struct winimage *image, enum winimage_hive which, char **out)
{
    AUTO_FREE char *name = mem_format("System32/config/%s", hive_names[which]);
    if (!name || !(*out = winimage_below_windows(image, name)))
        return FAIL_MEMORY();
    return S_OK;
}

/* ---- is what was read still true? ---- */

static HRESULT look(const struct winimage *image, size_t which, struct os_stat *out)
{
    static const char *const folders[WINIMAGE_FOLDERS] = {"servicing/Packages", "WinSxS/Manifests"};
    AUTO_FREE char *name = NULL, *path = NULL;
    *out = (struct os_stat){0};
    name = which < HIVE_COUNT ? mem_format("System32/config/%s", hive_names[which])
                              : mem_dup(folders[which - HIVE_COUNT]);
    if (!name)
        return FAIL_MEMORY();
    HRESULT hr = winimage_find(image, name, &path);
    TRY(hr);
    if (hr == S_OK && !os_look(path, out))
        *out = (struct os_stat){0};
    return S_OK;
}

static bool is_same(const struct os_stat *a, const struct os_stat *b)
{
    return a->device == b->device && a->inode == b->inode && a->size == b->size &&
           a->mtime_ns == b->mtime_ns && a->ctime_ns == b->ctime_ns;
}

/* One that ran out of memory would say so for ever. */
static bool is_sound(const struct winimage *image)
{
    for (size_t i = 0; i < HIVE_COUNT; i++)
        if (image->hives[i] && FAILED(hive_trouble(image->hives[i]))) {
            error_clear();
            return false;
        }
    return true;
}

HRESULT winimage_refresh(struct winimage *image)
{
    struct os_stat now[HIVE_COUNT + WINIMAGE_FOLDERS];
    bool is_true = image->is_stamped && is_sound(image);
    for (size_t i = 0; i < HIVE_COUNT + WINIMAGE_FOLDERS; i++) {
        TRY(look(image, i, &now[i]));
        is_true = is_true && is_same(&now[i], &image->stamps[i]);
    }
    if (is_true)
        return S_OK;
    winimage_forget(image);
    memcpy(image->stamps, now, sizeof now);
    image->is_stamped = true;
    return S_OK;
}

/* ---- hives ---- */

HRESULT winimage_hive(struct winimage *image, enum winimage_hive which, struct hive **out)
{
    if (!image->hives[which]) {
        AUTO_FREE char *place = NULL, *path = NULL;
        TRY(winimage_hive_place(image, which, &place));
        HRESULT hr = place_find(image->root, place, &path);
        TRY(hr);
        if (hr == S_FALSE)
            return FAIL(HR_WIN32(ERROR_FILE_NOT_FOUND), "the image at %s has no hive %s",
                        image->root, place);
        TRY(world_open_files(path, WORLD_SERVICE, 1));
        TRY(hive_open(path, &image->hives[which]));
    }
    *out = image->hives[which];
    return S_OK;
}

/* CurrentControlSet is a link of the running system (real-behaviour 4.9). */
HRESULT winimage_control_set(struct winimage *image, char **out)
{
    struct hive *hive;
    uint32_t number = 1;
    TRY(winimage_hive(image, HIVE_SYSTEM, &hive));
    hive_key select = hive_find(hive, hive_root(hive), "Select");
    if (!hive_number(hive, select, "Current", &number))
        (void)hive_number(hive, select, "Default", &number);
    TRY(hive_trouble(hive));
    *out = mem_format("ControlSet%03u", (unsigned)number);
    return *out ? S_OK : FAIL_MEMORY();
}

/* ---- parts ---- */

void *winimage_part(const struct winimage *image, enum winimage_part_id id)
{
    return image->parts[id].ptr;
}

void winimage_keep(struct winimage *image, enum winimage_part_id id, void *ptr,
                   void (*release)(void *ptr))
{
    if (image->parts[id].ptr)
        image->parts[id].release(image->parts[id].ptr);
    image->parts[id] = (struct winimage_part){ptr, release};
}
