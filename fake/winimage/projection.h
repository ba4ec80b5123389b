/* SPDX-License-Identifier: MIT */
/* projection.h - components of the store placed where they are used, and taken away again. */
#ifndef WINIMAGE_PROJECTION_H
#define WINIMAGE_PROJECTION_H

#include "change.h"
#include "component.h"
#include "manifest.h"

/* CBS_E_SOURCE_MISSING: the store has not all of it. */
HRESULT projection_add(struct winimage *image, struct change *change,
                       const struct identity *component);
/* The files where they are used; the store keeps its own. A component that is not there is fine. */
HRESULT projection_remove(struct winimage *image, struct change *change,
                          const struct identity *component);
/* The store's copy. */
HRESULT projection_forget(struct winimage *image, struct change *change,
                          const struct identity *component);
/* Has the store all of it? S_FALSE: no. */
HRESULT projection_is_complete(struct winimage *image, const struct identity *component);

#endif
