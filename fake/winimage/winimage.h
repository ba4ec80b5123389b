/* SPDX-License-Identifier: MIT */
/*
 * winimage.h - the Windows in an image, as servicing sees it: its folders, its hives, and what was
 * read of them. It belongs to a session and is guarded by the image's turn.
 *
 * What is read is kept until it is no longer true: winimage_refresh drops it when a hive or a
 * folder of manifests has changed on the disk, a change of our own (change.h) drops it too.
 */
#ifndef WINIMAGE_WINIMAGE_H
#define WINIMAGE_WINIMAGE_H

#include <stdbool.h>

#include "hive.h"
#include "os.h"

enum winimage_hive { HIVE_SOFTWARE, HIVE_SYSTEM, HIVE_DRIVERS, HIVE_COMPONENTS, HIVE_COUNT };

/* What the themes keep between calls, each through winimage_part. */
enum winimage_part_id {
    PART_FACTS,
    PART_STORE,
    PART_MANIFESTS,
    PART_PACKAGES,
    PART_FEATURES,
    PART_CAPABILITIES,
    PART_DRIVERS,
    PART_COUNT
};

struct winimage_part {
    void *ptr;
    void (*release)(void *ptr);
};

/* Folders that are looked at for changes: of manifests of packages, and of components. */
#define WINIMAGE_FOLDERS 2

struct winimage {
    char *root;    /* of the image: canonical path */
    char *windows; /* its Windows folder, absolute */
    bool is_online, is_readonly;
    /* private to winimage.c */
    struct hive *hives[HIVE_COUNT];
    struct os_stat stamps[HIVE_COUNT + WINIMAGE_FOLDERS]; /* of hives, then of folders */
    bool is_stamped;
    struct winimage_part parts[PART_COUNT];
};

/* Texts are copied. */
HRESULT winimage_open(const char *root, const char *windows, bool is_online, bool is_readonly,
                      struct winimage **out);
void winimage_close(struct winimage *image);
/* To be called when a call begins. */
HRESULT winimage_refresh(struct winimage *image);
/* Forgets all that was read. */
void winimage_forget(struct winimage *image);

/* ERROR_FILE_NOT_FOUND: the image has no such hive. Borrowed. */
HRESULT winimage_hive(struct winimage *image, enum winimage_hive which, struct hive **out);
/* Where the hive lies below the image's root, '/' between names:
 * "Windows/System32/config/SOFTWARE". Caller's. */
HRESULT winimage_hive_place(const struct winimage *image, enum winimage_hive which, char **out);
/* "System32/x" of the Windows folder as a path below the root: "Windows/System32/x". Caller's; NULL
 * without memory. */
char *winimage_below_windows(const struct winimage *image, const char *relative);
/* What it names, absolute; S_FALSE: there is none. */
HRESULT winimage_find(const struct winimage *image, const char *relative_to_windows, char **out);
/* "ControlSet001", by the hive's Select key; caller's. */
HRESULT winimage_control_set(struct winimage *image, char **out);

/* What was put for that part, NULL: nothing (any more). */
void *winimage_part(const struct winimage *image, enum winimage_part_id id);
void winimage_keep(struct winimage *image, enum winimage_part_id id, void *ptr,
                   void (*release)(void *ptr));

#endif
