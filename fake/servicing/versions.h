/* SPDX-License-Identifier: MIT */
/* versions.h - an image that is newer than the host. */
#ifndef SERVICING_VERSIONS_H
#define SERVICING_VERSIONS_H

#include "hr.h"

/* Can this host service the image of that mount (its id; NULL: no mount, and nothing is known)? */
HRESULT version_check(const char *mount_id);

#endif
