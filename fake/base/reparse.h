/* SPDX-License-Identifier: MIT */
/* reparse.h - Windows' symbolic links and junctions as targets that Linux understands. */
#ifndef BASE_REPARSE_H
#define BASE_REPARSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "hr.h"

/* Does a reparse point with that tag lead somewhere else? */
bool reparse_is_link(uint32_t tag);
/* The target in Linux' spelling, caller's. The data is what a WIM keeps of the reparse point: what
 * follows its header of eight bytes. An absolute target loses its drive and gets `root` (may be "")
 * in front. ERROR_FILE_CORRUPT: no such link in there. */
HRESULT reparse_target(uint32_t tag, const unsigned char *data, size_t size, const char *root,
                       char **out);

/* The whole reparse point, header included, of a symbolic link to a target in Linux' spelling; an
 * absolute one lies on C:. Caller's. ERROR_INVALID_NAME: too long for NTFS. */
HRESULT reparse_make_link(const char *target, char **out, size_t *size);

#endif
