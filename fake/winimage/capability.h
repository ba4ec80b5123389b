/* SPDX-License-Identifier: MIT */
/*
 * capability.h - the capabilities of an image: those that packages in it declare, and those that
 * can be added, which Windows knows from manifests of their own (real-behaviour 4.6).
 */
#ifndef WINIMAGE_CAPABILITY_H
#define WINIMAGE_CAPABILITY_H

#include "packages.h"

struct capability {
    char *name;              /* "Language.OCR~~~en-US~0.0.1.0" */
    struct package *package; /* that declares it; NULL: none in the image */
    const struct manifest *manifest;
    struct manifest *own; /* the metadata, where no package has it */
};

struct capabilities {
    VEC(struct capability) list; /* by name */
};
HRESULT capabilities_of(struct winimage *image, const struct capabilities **out);
/* In any letter case; NULL: none. */
const struct capability *capabilities_find(const struct capabilities *capabilities,
                                           const char *name);
DismPackageFeatureState capability_state(const struct capability *capability);

#endif
