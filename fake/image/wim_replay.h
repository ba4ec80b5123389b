/* SPDX-License-Identifier: MIT */
/*
 * wim_replay.h - changes written by dismfake-replay, which keeps what the image has besides the
 * content of a changed file. Its processes, its mount and its staging folder are below the side
 * folder, in "replay".
 */
#ifndef IMAGE_WIM_REPLAY_H
#define IMAGE_WIM_REPLAY_H

#include "mounts.h"
#include "op.h"
#include "tree.h"

/* Would wim_update lose something? Attributes beyond normal and archive, a security descriptor, a
 * short name or named streams of a file that is in the image, or extended attributes of a source,
 * which become named streams. */
HRESULT wim_replay_is_needed(struct wim *wim, unsigned index, const wim_changes *changes,
                             bool *out);

struct wim_replay {
    const struct mount *mount;
    unsigned index;
    const wim_changes *changes;
    bool with_integrity;
    struct os_file *image; /* locked by us; the helper holds the lock too, as long as it lives */
    const struct wim_progress *progress; /* also called when nothing has moved, with 0 of 1 */
    /* The image file has just become what it is to be; the helper is still busy with itself. */
    HRESULT (*written)(void *context);
    void *context;
};
/* Writes and syncs the image file. S_FALSE: it cannot work here, the thread's error says why, and
 * the file was not touched. After a failure, also one of `progress`, no process of the helper
 * is left, and the file may be half written. */
HRESULT wim_replay(struct wim *wim, const struct wim_replay *replay);

/* Removes what a killed one has left on the disk. Only while nobody has the image's lock but us. */
HRESULT wim_replay_clean(const struct mount *mount);

#endif
