/* SPDX-License-Identifier: MIT */
/* driver_export.h - the drivers of an image that did not come with Windows, as folders. */
#ifndef WINIMAGE_DRIVER_EXPORT_H
#define WINIMAGE_DRIVER_EXPORT_H

#include "winimage.h"

/* One folder each below `folder`, named as in the driver store; one of that name is replaced, whole
 * or not at all. `progress` after each; what it fails with ends the export. */
HRESULT drivers_export(struct winimage *image, const char *folder,
                       HRESULT (*progress)(void *context, size_t done, size_t of), void *context);

#endif
