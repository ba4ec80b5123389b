/* SPDX-License-Identifier: MIT */
/* localise.h - what a manifest says in the image's default language. */
#ifndef SERVICING_LOCALISE_H
#define SERVICING_LOCALISE_H

#include "manifest.h"
#include "winimage.h"

struct localised {
    const char *display_name, *description; /* NULL where there is none */
};
/* In and out: what stands in attributes becomes what the localizedStrings `of` the same have in
 * that language, and $(string.ID) what those of the manifest have for it, else English, else any.
 * All belongs to the manifest (NULL: nothing changes). */
HRESULT localise(struct winimage *image, const struct manifest *manifest,
                 const struct manifest_texts *of, struct localised *text);

#endif
