/* SPDX-License-Identifier: MIT */
/* applicable.h - does a package fit an image? (real-behaviour 4.4) */
#ifndef WINIMAGE_APPLICABLE_H
#define WINIMAGE_APPLICABLE_H

#include "packages.h"

/* `coming` (NULL: none): packages of the same change, which count as installed. S_OK: it does.
 * CBS_E_NOT_APPLICABLE: architecture, a parent, or a newer version is in the way.
 * CBS_E_NEW_SERVICING_STACK_REQUIRED: the parent that is missing is a servicing stack.
 * CBS_E_STORE_CORRUPTION: the parent is registered, but its manifest is gone. */
HRESULT applicable_check(struct winimage *image, const struct manifest *manifest,
                         const struct identities *coming);
/* Does that package stand for the parent? */
bool applicable_meets(const struct manifest_parent *parent, const struct identity *found);
/* Is that a reason of applicability, and no failure? */
bool applicable_is_refusal(HRESULT hr);

#endif
