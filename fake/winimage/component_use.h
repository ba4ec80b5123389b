/* SPDX-License-Identifier: MIT */
/*
 * component_use.h - which packages use a component. Of several versions the highest that an
 * installed package uses is the one whose files are in place.
 */
#ifndef WINIMAGE_COMPONENT_USE_H
#define WINIMAGE_COMPONENT_USE_H

#include "change.h"
#include "packages.h"

/* Whose packages and features count. */
struct component_users {
    const struct package *without; /* NULL: all count */
    const struct package *also;    /* counts as installed; NULL: none */
    /* Is that update on? NULL: what the registry says. */
    HRESULT(*is_on)
    (void *context, const struct package *package, const struct manifest_update *update, bool *out);
    void *context;
};

/* Is exactly that component in any update (of staged and superseded packages too) but those of a
 * package, or one update? Either may be NULL. */
HRESULT component_is_shared(struct winimage *image, const struct identity *component,
                            const struct package *without,
                            const struct manifest_update *without_update, bool *out);
/* Is it in an update that is on, of an installed package? */
HRESULT component_is_used(struct winimage *image, const struct identity *component,
                          const struct component_users *users, bool *out);
/* The highest other version of it that an installed package uses. S_FALSE: there is none. The
 * caller's: identity_clear. */
HRESULT component_rival(struct winimage *image, const struct identity *component,
                        const struct component_users *users, struct identity *out);
/* Is it higher than all others that are used? */
HRESULT component_is_newest(struct winimage *image, const struct identity *component,
                            const struct component_users *users, bool *out);
/* Its files go from where they are, and the next lower version takes their place; nothing is done
 * while it is used. */
HRESULT component_unplace(struct winimage *image, struct change *change,
                          const struct identity *component, const struct component_users *users);

#endif
