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

/* ---- what a restart does with a pending one, whatever the selection says ---- */

/* From the component store to where the files are used. */
HRESULT feature_place(struct winimage *image, struct change *change, const struct feature *feature);
/* Out of use, as far as nobody else uses it. `plan` NULL: the others are as the registry has them.
 */
HRESULT feature_take_away(struct winimage *image, struct change *change,
                          const struct feature *feature, const struct feature_plan *plan);
/* Out of the store, as far as nobody else has it. */
HRESULT feature_forget(struct winimage *image, struct change *change,
                       const struct feature *feature);

#endif
