/* SPDX-License-Identifier: MIT */
/*
 * image_file.h - an image file, WIM or disk, opened to look at. What is known of its images has the
 * names that the XML of a WIM gives it ("WINDOWS/VERSION/BUILD", "TOTALBYTES"), whatever it was
 * read from.
 */
#ifndef IMAGE_IMAGE_FILE_H
#define IMAGE_IMAGE_FILE_H

#include "wim.h"

/* By the extension: .vhd or .vhdx. Both are told from each other by their content. */
bool image_is_disk(const char *path);

/* Is there NTFS in this build? */
bool image_disks_are_supported(void);

struct image_file;
/* check_integrity: of a WIM; means nothing for a disk (DismMountImage.17). */
HRESULT image_file_open(const char *path, bool check_integrity, struct image_file **out);
void image_file_close(struct image_file *file);
DEFINE_SCOPE(image_file, struct image_file, image_file_close)
#define AUTO_IMAGE_FILE AUTO(scope_image_file)

/* NULL: a disk. */
struct wim *image_file_wim(const struct image_file *file);
unsigned image_file_count(const struct image_file *file); /* of images: 1 in a disk */
/* NULL if the image has none. Borrowed. */
const char *image_file_property(const struct image_file *file, unsigned index, const char *name);
uint64_t image_file_number(const struct image_file *file, unsigned index, const char *name);
/* 0 if no image has that name; that of a disk has none. */
unsigned image_file_index_of_name(const struct image_file *file, const char *name);
HRESULT image_file_check_writable(const struct image_file *file);
/* Does nobody else write to the disk, and is its volume fit to be changed? Asked while the registry
 * is held, so that two of us who ask are not taken for users of the file. */
HRESULT image_file_check_unused(const struct image_file *file);

#endif
