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
/* Fails while the record is all that knows how an image file was before a commit that was cut off:
 * another process is just restoring it, or it cannot be written. After wim_recover. */
HRESULT mount_check_restored(const struct mount *mount);

/* Claims the mount for its removal and brings the copy up to date: from here no restart and no
 * other process touches it. S_FALSE with only_invalid: it is gone, healed or in other hands by now.
 */
HRESULT mount_begin_removal(struct mount *mount, bool only_invalid);

#endif
