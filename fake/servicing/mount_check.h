/* SPDX-License-Identifier: MIT */
/* mount_check.h - may a session be opened on what is mounted there? */
#ifndef SERVICING_MOUNT_CHECK_H
#define SERVICING_MOUNT_CHECK_H

#include "hr.h"

/* *id_out (caller's) names the mount; a plain folder has none. */
HRESULT mount_check(const char *root, char **id_out);

#endif
