/* SPDX-License-Identifier: MIT */
/*
 * wim_patch.h - new contents of files that an image has, written into its WIM at the cost of what
 * changed: the contents, those chunks of the image's folders that name them, the table of blobs and
 * the XML data go to the end of the file, and its header last. wimlib writes the same, but makes
 * objects of all the image's files first and compresses all of its folders anew.
 *
 * The files keep everything but content and time.
 */
#ifndef IMAGE_WIM_PATCH_H
#define IMAGE_WIM_PATCH_H

#include "wim_raw.h"

/* S_FALSE: the changes are not all of that kind (or more than it is worth), and nothing was
 * written. `raw` is of no more use afterwards. Synced. */
HRESULT wim_patch(struct wim_raw *raw, struct os_file *file, const struct wim_change *changes,
                  size_t count, const struct wim_progress *progress);

#endif
