/* SPDX-License-Identifier: MIT */
/*
 * feature.h - the features of an image: the updates in its packages' manifests that can be selected
 * (real-behaviour 4.4, 4.5). Which are on stands in the registry, with the package.
 */
#ifndef WINIMAGE_FEATURE_H
#define WINIMAGE_FEATURE_H

#include "packages.h"

struct feature {
    struct package *package;
    const struct manifest_update *update;
    bool is_of_foundation; /* of the foundation package, or of one whose features appear as its own
                            */
};

struct features {
    VEC(struct feature) list; /* packages in the order of the hive, features in that of manifests */
    bool minds_case;          /* of their names: before Windows 8 */
};

/* Of all packages that are in the image. Belongs to the image. */
HRESULT features_of(struct winimage *image, const struct features **out);
/* Is that name, as a caller has written it, the feature's? */
bool features_is_name(const struct features *features, const struct manifest_update *feature,
                      const char *name);
/* By its name, `package` NULL: of the foundation first, then of any. NULL: none.
 */
const struct feature *features_find(const struct features *features, const char *name,
                                    const struct package *package);

HRESULT feature_state(struct winimage *image, const struct package *package,
                      const struct manifest_update *update, DismPackageFeatureState *out);
/* Does the package, if it is installed, have that update in use? What is no feature always is. */
HRESULT update_is_on(struct winimage *image, const struct package *package,
                     const struct manifest_update *update, bool *out);
/* On, or on after the restart that it waits for. */
HRESULT feature_is_on(struct winimage *image, const struct feature *feature, bool *out);
/* Has the component store all that the feature consists of? S_FALSE: no. */
HRESULT feature_payload(struct winimage *image, const struct manifest_update *update);

#endif
