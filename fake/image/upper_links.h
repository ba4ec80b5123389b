/* SPDX-License-Identifier: MIT */
/*
 * upper_links.h - hard links below an overlay. The overlay copies a file of the image up under the
 * one name that was used; its other names show the change too, but only the overlay's index, which
 * ends with it, knows of them.
 */
#ifndef IMAGE_UPPER_LINKS_H
#define IMAGE_UPPER_LINKS_H

#include "tree.h"

struct upper {
    const char *root; /* the upper folder */
    const char *work; /* the overlay's work folder, in which its index is */
    const struct tree
        *old; /* what the upper folder was when the image took over its changes last */
    const struct tree *now;
    struct wim *wim;
    unsigned index;
};

/* The file's other names that the image has and the upper folder says nothing of. only_new: of
 * files that changed since `old`. `file` is a name of the file on the disk, outside of the upper
 * folder. */
HRESULT upper_each_other_name(const struct upper *upper, bool only_new,
                              HRESULT (*each)(void *context, const char *path, const char *file),
                              void *context);
/* The files of the overlay's index, by their names on the disk. None if there is no index. */
HRESULT upper_each_indexed(const struct upper *upper,
                           HRESULT (*each)(void *context, const char *file), void *context);

#endif
