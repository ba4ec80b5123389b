/* SPDX-License-Identifier: MIT */
/* package_choice.h - the package that an Identifier and a PackageIdentifier mean. */
#ifndef SERVICING_PACKAGE_CHOICE_H
#define SERVICING_PACKAGE_CHOICE_H

#include "package_source.h"
#include "packages.h"

struct package_choice {
    bool is_foundation;      /* none was named: features of the foundation package are meant */
    struct package *package; /* NULL: it is not in the image */
    const struct manifest *manifest; /* NULL: it cannot be read, or a cabinet holds several */
    const char *text;                /* its identity */
    struct package_sources sources;  /* of a file: what it holds */
};
void package_choice_clear(struct package_choice *choice);
#define AUTO_PACKAGE_CHOICE AUTO(package_choice_clear)

/* By name or path. E_INVALIDARG: none is named, DismPackageNone, a malformed name;
 * ERROR_NOT_SUPPORTED: an .msu; CBS_E_INVALID_PACKAGE: the image has none of that name. */
HRESULT package_choose(struct winimage *image, PCWSTR identifier, DismPackageIdentifier kind,
                       struct package_choice *out);
/* The same for calls about features: no identifier, or an empty one with DismPackageNone, is the
 * foundation package (notes 8). */
HRESULT package_choose_for_feature(struct winimage *image, PCWSTR identifier,
                                   DismPackageIdentifier kind, struct package_choice *out);

#endif
