/* SPDX-License-Identifier: MIT */
/* feature_change.h - features turned on and off. Planned only: change.h carries it out. */
#ifndef WINIMAGE_FEATURE_CHANGE_H
#define WINIMAGE_FEATURE_CHANGE_H

#include "feature.h"
#include "package_change.h"
#include "sources.h"

struct feature_decision {
    const struct feature *feature;
    bool is_on;
};

/* Several features in one change. */
struct feature_plan {
    struct winimage *image;
    struct change *change;
    const struct sources *sources; /* of enabling */
    bool enables_parents, removes_payload;
    struct package_outcome outcome;
    /* private */
    VEC(struct feature_decision) decided;
};
void feature_plan_clear(struct feature_plan *plan);

/* DISMAPI_E_PARENT_FEATURE_DISABLED: none of its parents is on, and they are not to be enabled. */
HRESULT feature_enable(struct feature_plan *plan, const struct feature *feature);
/* With it the features below it that no other parent keeps on. */
HRESULT feature_disable(struct feature_plan *plan, const struct feature *feature);

/* Puts a feature's files in place (on) or takes them away, whatever the selection says: what a
 * restart does with a pending one. */
HRESULT feature_project(struct winimage *image, struct change *change,
                        const struct feature *feature, bool is_on);

#endif
