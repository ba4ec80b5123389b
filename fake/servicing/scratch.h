/* SPDX-License-Identifier: MIT */
/* scratch.h - the folder that DismInitialize was given to work in. What is unpacked is kept in
 * memory, but it has to have room there. */
#ifndef SERVICING_SCRATCH_H
#define SERVICING_SCRATCH_H

#include <stdint.h>

#include "hr.h"

/* NULL: that of temporary files. Of an initialisation, while no call is in flight. */
HRESULT scratch_set(const char *folder);
/* ERROR_DISK_FULL: so many bytes do not fit. */
HRESULT scratch_check_room(uint64_t bytes);

#endif
