/* SPDX-License-Identifier: MIT */
/* driver_change.h - drivers added to an image and removed from it. Planned only: change.h carries
 * it out. */
#ifndef WINIMAGE_DRIVER_CHANGE_H
#define WINIMAGE_DRIVER_CHANGE_H

#include "change.h"
#include "driver_list.h"

/* The INF's package goes into the driver store, with the lowest free name oemN.inf; what Windows
 * needs to start (by its class) also to where it is used, with its services. `came_from`: the
 * folder that is noted, as Windows writes it; NULL: the INF's. The image's very driver is repaired
 * and keeps its name; one of Windows' own stays as it is. ERROR_NOT_SUPPORTED: it is for another
 * architecture; SPAPI_E_DRIVER_STORE_ADD_FAILED: it is not signed, and a 64-bit image wants that
 * unless `accepts_unsigned`; ERROR_FILE_NOT_FOUND: a file is missing; ERROR_INVALID_DATA: INF or
 * catalogue are broken; ERROR_PATH_NOT_FOUND: the image has no driver store; ERROR_NOT_FOUND: it
 * has the driver, but not its version. */
HRESULT driver_add(struct winimage *image, struct change *change, const char *inf_path,
                   const char *came_from, bool accepts_unsigned);
/* ERROR_NOT_SUPPORTED: it is one of Windows' own; ERROR_NOT_FOUND: there is none of that name. */
HRESULT driver_remove(struct winimage *image, struct change *change, const char *published);

#endif
