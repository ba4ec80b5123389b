/* SPDX-License-Identifier: MIT */
/* mount_lookup.h - the mount that a client's path means. */
#ifndef SERVICING_MOUNT_LOOKUP_H
#define SERVICING_MOUNT_LOOKUP_H

#include "image.h"

/* A copy of the record; ERROR_NOT_FOUND if nothing is mounted there. Finds it also when the folder
 * is gone: then by the path it was mounted with. */
HRESULT mount_lookup(const char *path, struct mount *out);
/* WIMPROVIDER_E_IMAGE_IN_SERVICE while another process works on it. */
HRESULT mount_check_free(const struct mount *mount);

#endif
