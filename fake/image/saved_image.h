/* SPDX-License-Identifier: MIT */
/*
 * saved_image.h - what a commit keeps of an image file before it writes, and putting it back. All
 * under the image file's lock (wim_commit.h).
 */
#ifndef IMAGE_SAVED_IMAGE_H
#define IMAGE_SAVED_IMAGE_H

#include "mounts.h"

/* What lies behind the resources of the file. */
struct saved_tail {
    char *bytes; /* mem_free */
    size_t size;
};

/* Fills *out and *tail; the tail goes into the mount's side folder too. */
HRESULT saved_image_take(struct os_file *file, const struct mount *mount, struct saved_image *out,
                         struct saved_tail *tail);
/* The file is halfway there: a complete image file, but not yet what the commit is to make of it.
 */
HRESULT saved_image_note_between(struct os_file *file, struct saved_image *saved);
/* The file as it was, byte for byte. Another file in its place is left alone. Needs no memory,
 * since running out of it is a reason to restore. */
HRESULT saved_image_restore(struct os_file *file, const struct mount *mount,
                            const struct saved_image *saved, const struct saved_tail *tail);
/* The same by what the record and the side folder say. */
HRESULT saved_image_restore_cut_off(struct os_file *file, const struct mount *mount);
/* Is the file as a commit that was cut off left it? What somebody has written to it since, in place
 * as a copy does, is not ours to undo. */
HRESULT saved_image_is_as_left(struct os_file *file, const struct saved_image *saved, bool *out);
/* Is it what such a commit was to make of it, killed after its last write and before it noted so
 * (`written`)? Then nobody needs to fear a strange file. */
HRESULT saved_image_is_finished(struct os_file *file, const struct saved_image *saved, bool *out);

HRESULT image_stamp_of(const char *path, struct image_stamp *out);
bool image_stamp_equal(const struct image_stamp *a, const struct image_stamp *b);
/* The same file, whatever happened to its content. */
bool image_stamp_same_file(const struct image_stamp *a, const struct image_stamp *b);

#endif
