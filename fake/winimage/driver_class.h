/* SPDX-License-Identifier: MIT */
/* driver_class.h - classes of devices: those Windows defines, and what an image and an INF say. */
#ifndef WINIMAGE_DRIVER_CLASS_H
#define WINIMAGE_DRIVER_CLASS_H

#include <stdbool.h>

#include "driver_inf.h"

struct driver_class {
    char *guid, *name, *description; /* never NULL; "" only where nobody knows */
    bool is_boot_critical;           /* needed before the hive DRIVERS can be read */
};
void driver_class_clear(struct driver_class *class);

/* The class of that GUID, or name where the GUID is "". The image's registry comes first, then the
 * classes that Windows defines, then the INF's own [ClassInstall32]. `inf` may be NULL. S_FALSE: a
 * name is still missing, and without `inf`. */
HRESULT driver_class_of(struct winimage *image, const char *guid, const char *name,
                        const struct driver_inf *inf, struct driver_class *out);

#endif
