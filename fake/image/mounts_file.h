/* SPDX-License-Identifier: MIT */
/* mounts_file.h - the registry's JSON. Private to mounts.c. */
#ifndef IMAGE_MOUNTS_FILE_H
#define IMAGE_MOUNTS_FILE_H

#include "mounts.h"

/* Fills reboots and list; a missing file is an empty registry. A file that cannot be read as a
 * registry is ERROR_FILE_CORRUPT and stays as it is. */
HRESULT mounts_file_read(struct mounts *m);
HRESULT mounts_file_read_from(const char *path, struct mounts *m);
HRESULT mounts_file_write(const struct mounts *m);
const char *mounts_file_state_name(enum mount_state state);

#endif
