/* SPDX-License-Identifier: MIT */
/*
 * edition.h - the edition of an image, those it can become, and its product key (real-behaviour
 * 4.9). An edition is a package: one is installed, others may be staged, and a matrix says which
 * can become which.
 */
#ifndef WINIMAGE_EDITION_H
#define WINIMAGE_EDITION_H

#include "change.h"
#include "package_change.h"
#include "product_key.h"

struct editions {
    VEC(char *) list;
};
void editions_clear(struct editions *editions);
#define AUTO_EDITIONS AUTO(editions_clear)

/* "Professional". Caller's. DISM_E_STORE_UNUSABLE: the image has no record of what is installed. */
HRESULT edition_current(struct winimage *image, char **out);
/* Those that the matrix allows and whose package is staged, in the matrix' order. */
HRESULT edition_targets(struct winimage *image, struct editions *out);

/* The new edition is installed, the one before is staged. E_INVALIDARG: no target;
 * CBS_E_SOURCE_MISSING: staged, but not whole. */
HRESULT edition_set(struct winimage *image, struct change *change, const char *edition);
HRESULT edition_set_key(struct change *change, const struct product_key *key);

#endif
