/* SPDX-License-Identifier: MIT */
/* unattend_drivers.h - the drivers of an answer file's offlineServicing pass. */
#ifndef SERVICING_UNATTEND_DRIVERS_H
#define SERVICING_UNATTEND_DRIVERS_H

#include "answer_file.h"
#include "change.h"

/* Paths are relative to the answer file's folder. ERROR_NOT_SUPPORTED: it is the running Windows,
 * or a path of the network. */
HRESULT unattend_drivers(struct winimage *image, struct change *change,
                         const struct answer_file *file, const char *folder);

#endif
