/* SPDX-License-Identifier: MIT */
/*
 * upper.h - what an overlay's upper folder says about the image below it. The cost is that of what
 * changed, not of the image.
 */
#ifndef IMAGE_UPPER_H
#define IMAGE_UPPER_H

#include "upper_links.h"

/* Deletions first, then additions; below an added folder nothing more is named. Every name of a
 * hard-linked file that was changed through one of them is named. What is added is read in the
 * folder `source`, the mount. */
HRESULT upper_changes(const struct upper *upper, const char *source, wim_changes *out);

/* Before the image is mounted below the upper folder again, by another overlay: what was deleted
 * after `old` was taken over exists in the image by now and would come back without a mark; the
 * other names of changed files are linked, which the overlay's index did until now; what the
 * overlay noted of the old mount is taken away. `image_path` is opened when there are such names,
 * upper->wim is not used. */
HRESULT upper_prepare(const struct upper *upper, const char *image_path);

#endif
