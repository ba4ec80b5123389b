/* SPDX-License-Identifier: MIT */
/*
 * component_use.h - which packages use a component. Of several versions the highest that an
 * installed package uses is the one whose files are in place.
 */
#ifndef WINIMAGE_COMPONENT_USE_H
#define WINIMAGE_COMPONENT_USE_H

#include "packages.h"

/* Whose packages count. */
struct component_users {
    const struct package *without; /* NULL: all count */
    const struct package *also;    /* counts as installed; NULL: none */
};

/* Has any other package (staged and superseded ones too) exactly that component? */
HRESULT component_is_shared(struct winimage *image, const struct identity *component,
                            const struct package *without, bool *out);
/* The highest other version of it that an installed package uses. S_FALSE: there is none. The
 * caller's: identity_clear. */
HRESULT component_rival(struct winimage *image, const struct identity *component,
                        const struct component_users *users, struct identity *out);

#endif
