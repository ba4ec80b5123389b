/* SPDX-License-Identifier: MIT */
/* feature_change.c - see feature_change.h. */
#include "feature_change.h"

#include "component_use.h"
#include "dism_codes.h"
#include "error.h"
#include "package_keys.h"
#include "pending.h"
#include "projection.h"
#include "text.h"

#define DEEPEST 64 /* features below features */

void feature_plan_clear(struct feature_plan *plan)
{
    vec_clear(&plan->decided);
}

/* As the plan has it, or as it is. */
static HRESULT is_on(const struct feature_plan *plan, const struct feature *feature, bool *out)
{
    for (size_t i = 0; i < plan->decided.len; i++) {
        if (plan->decided.ptr[i].feature != feature)
            continue;
        *out = plan->decided.ptr[i].is_on;
        return S_OK;
    }
    return feature_is_on(plan->image, feature, out);
}

static HRESULT decide(struct feature_plan *plan, const struct feature *feature, bool on)
{
    struct hive *hive;
    struct feature_decision *decision = vec_push(&plan->decided);
    if (!decision)
        return FAIL_MEMORY();
    *decision = (struct feature_decision){feature, on};
    TRY(change_hive(plan->change, HIVE_SOFTWARE, &hive));
    return package_keys_select(hive, feature->package->text, feature->update->name,
                               on ? SELECTION_ON : SELECTION_OFF);
}

static DismRestartType restart_of(const struct feature *feature)
{
    return manifest_restart_type(feature->update->restart);
}

enum when {
    NOW,
    AT_RESTART,
    NEVER /* the opposite still waited, or its package does */
};

static HRESULT is_waiting(struct feature_plan *plan, const struct feature *feature, bool *out)
{
    struct hive *hive;
    TRY(change_hive(plan->change, HIVE_SOFTWARE, &hive));
    return pending_has_feature(hive, feature->package->text, feature->update->name, out);
}

/* Its package is not in use before the restart. */
static bool is_coming(const struct feature_plan *plan, const struct feature *feature)
{
    return plan->image->is_online && package_state(feature->package) == DismStateInstallPending;
}

/* When are its files placed (`on`), or taken away? */
static HRESULT schedule(struct feature_plan *plan, const struct feature *feature, bool on,
                        enum when *out)
{
    const char *package = feature->package->text, *name = feature->update->name;
    bool may_wait = plan->image->is_online && restart_of(feature) == DismRestartRequired;
    struct hive *hive;
    bool waits;
    TRY(change_hive(plan->change, HIVE_SOFTWARE, &hive));
    TRY(is_waiting(plan, feature, &waits));
    if (waits || (is_coming(plan, feature) && !on)) {
        *out = NEVER;
        return pending_drop_feature(hive, package, name);
    }
    *out = may_wait || is_coming(plan, feature) ? AT_RESTART : NOW;
    if (*out == NOW)
        return S_OK;
    plan->outcome.needs_restart = plan->outcome.is_pending = true;
    return pending_add_feature(hive, package, name, PENDING_SELECTION);
}

static HRESULT is_update_on(void *context, const struct package *package,
                            const struct manifest_update *update, bool *out)
{
    const struct feature_plan *plan = context;
    for (size_t i = plan->decided.len; i-- > 0;) {
        if (plan->decided.ptr[i].feature->update != update)
            continue;
        *out = plan->decided.ptr[i].is_on;
        return S_OK;
    }
    return update_is_on(plan->image, package, update, out);
}

static struct component_users users_of(const struct feature_plan *plan)
{
    return (struct component_users){.is_on = plan ? is_update_on : NULL, .context = (void *)plan};
}

/* *out NULL: the image has no such package. */
static HRESULT find_payload(struct winimage *image, const struct identity *identity,
                            struct package **out)
{
    AUTO_FREE char *text = identity_text(identity);
    struct packages *packages;
    if (!text)
        return FAIL_MEMORY();
    TRY(packages_of(image, &packages));
    *out = packages_find(packages, text);
    return S_OK;
}

/* ---- enabling ---- */

static HRESULT enable(struct feature_plan *plan, const struct feature *feature, unsigned depth);

static HRESULT install_package(struct feature_plan *plan, const struct identity *identity,
                               enum when when)
{
    AUTO_PACKAGE_SOURCES struct package_sources sources = {0};
    struct package *package;
    TRY(find_payload(plan->image, identity, &package));
    bool is_staged = package && package_state(package) == DismStateStaged;
    if (package && (package_is_installed(package) || (is_staged && when == AT_RESTART)))
        return S_OK;
    if (is_staged)
        return package_install_staged(plan->image, plan->change, package, &plan->outcome);
    TRY(sources_open_package(plan->sources, identity, &sources));
    const struct package_source *source = &sources.list.ptr[0];
    return when == AT_RESTART ? package_stage(plan->image, plan->change, source)
                              : package_add(plan->image, plan->change, source, &plan->outcome);
}

static HRESULT place_component(struct feature_plan *plan, const struct identity *component,
                               enum when when)
{
    const struct component_users users = users_of(plan);
    bool in_place = when == NOW;
    HRESULT hr = projection_is_complete(plan->image, component);
    TRY(hr);
    if (in_place)
        TRY(component_is_newest(plan->image, component, &users, &in_place));
    if (hr == S_FALSE)
        return sources_add_component(plan->sources, plan->image, plan->change, component, in_place);
    return in_place ? projection_add(plan->image, plan->change, component) : S_OK;
}

static HRESULT place(struct feature_plan *plan, const struct feature *feature)
{
    enum when when;
    TRY(schedule(plan, feature, true, &when));
    if (when == NEVER)
        return S_OK;
    for (size_t i = 0; i < feature->update->packages.list.len; i++)
        TRY(install_package(plan, &feature->update->packages.list.ptr[i], when));
    for (size_t i = 0; i < feature->update->components.list.len; i++)
        TRY(place_component(plan, &feature->update->components.list.ptr[i], when));
    return S_OK;
}

HRESULT feature_place(struct winimage *image, struct change *change, const struct feature *feature)
{
    const struct component_users all = {0};
    const struct manifest_update *u = feature->update;
    for (size_t i = 0; i < u->packages.list.len; i++) {
        struct package *package;
        TRY(find_payload(image, &u->packages.list.ptr[i], &package));
        if (package && package_state(package) == DismStateStaged)
            TRY(package_finish_adding(image, change, package));
    }
    for (size_t i = 0; i < u->components.list.len; i++) {
        bool newest;
        TRY(component_is_newest(image, &u->components.list.ptr[i], &all, &newest));
        if (newest)
            TRY(projection_add(image, change, &u->components.list.ptr[i]));
    }
    return S_OK;
}

/* One parent that is on is enough. */
static HRESULT check_parents(struct feature_plan *plan, const struct feature *feature,
                             unsigned depth)
{
    const struct features *features;
    size_t count = feature->update->parents.len;
    TRY(features_of(plan->image, &features));
    for (size_t i = 0; i < count; i++) {
        const struct feature *p = features_find(features, feature->update->parents.ptr[i], NULL);
        bool on = false;
        if (p)
            TRY(is_on(plan, p, &on));
        if (on)
            return S_OK;
    }
    if (count == 0)
        return S_OK;
    if (!plan->enables_parents)
        return FAIL(DISMAPI_E_PARENT_FEATURE_DISABLED, "%s is below %s, which is disabled",
                    feature->update->name, feature->update->parents.ptr[0]);
    for (size_t i = 0; i < count; i++) {
        const struct feature *p = features_find(features, feature->update->parents.ptr[i], NULL);
        if (!p)
            return FAIL(DISMAPI_E_UNKNOWN_FEATURE, "%s is below %s, which the image lacks",
                        feature->update->name, feature->update->parents.ptr[i]);
        TRY(enable(plan, p, depth + 1));
    }
    return S_OK;
}

static bool is_below(const struct feature *feature, const char *parent)
{
    for (size_t i = 0; i < feature->update->parents.len; i++)
        if (text_equal_nocase(feature->update->parents.ptr[i], parent))
            return true;
    return false;
}

/* What is on by default once its parent is, unless somebody has turned it off. */
static HRESULT enable_children(struct feature_plan *plan, const struct feature *feature,
                               unsigned depth)
{
    const struct features *features;
    struct hive *hive;
    TRY(features_of(plan->image, &features));
    TRY(change_hive(plan->change, HIVE_SOFTWARE, &hive));
    for (size_t i = 0; i < features->list.len; i++) {
        const struct feature *f = &features->list.ptr[i];
        uint32_t selection;
        if (!f->update->is_on_by_default || !is_below(f, feature->update->name))
            continue;
        TRY(package_keys_selection(hive, f->package->text, f->update->name, &selection));
        if (selection == SELECTION_DEFAULT)
            TRY(enable(plan, f, depth + 1));
    }
    return S_OK;
}

static HRESULT enable(struct feature_plan *plan, const struct feature *feature, unsigned depth)
{
    struct hive *hive;
    const char *package = feature->package->text, *name = feature->update->name;
    uint32_t selection;
    bool on, is_pending;
    if (depth > DEEPEST)
        return FAIL(HR_WIN32(ERROR_INVALID_DATA), "%s is below itself", name);
    if (package_state(feature->package) == DismStateUninstallPending)
        return FAIL(CBS_E_INVALID_INSTALL_STATE, "%s goes with %s at the restart", name, package);
    TRY(is_on(plan, feature, &on));
    TRY(change_hive(plan->change, HIVE_SOFTWARE, &hive));
    TRY(pending_has_feature(hive, package, name, &is_pending));
    if (on && is_pending) /* the restart is still due */
        plan->outcome.needs_restart = true;
    TRY(package_keys_selection(hive, package, name, &selection));
    if (on && selection == SELECTION_ON)
        return S_OK;
    TRY(check_parents(plan, feature, depth));
    TRY(decide(plan, feature, true));
    TRY(place(plan, feature));
    return enable_children(plan, feature, depth);
}

HRESULT feature_enable(struct feature_plan *plan, const struct feature *feature)
{
    return enable(plan, feature, 0);
}

/* ---- disabling ---- */

/* Has another feature that package as payload: one that is on, or `any`? */
static HRESULT is_payload_of_another(struct winimage *image, const struct identity *payload,
                                     const struct feature *feature, const struct feature_plan *plan,
                                     bool any, bool *out)
{
    const struct features *features;
    TRY(features_of(image, &features));
    *out = false;
    for (size_t i = 0; i < features->list.len && !*out; i++) {
        const struct feature *f = &features->list.ptr[i];
        const struct identities *list = &f->update->packages;
        bool has = false;
        for (size_t k = 0; f != feature && k < list->list.len; k++)
            has = has || identity_equal(&list->list.ptr[k], payload);
        *out = has;
        if (has && !any)
            TRY(plan ? is_on(plan, f, out) : feature_is_on(image, f, out));
    }
    return S_OK;
}

HRESULT feature_take_away(struct winimage *image, struct change *change,
                          const struct feature *feature, const struct feature_plan *plan)
{
    const struct component_users users = users_of(plan);
    const struct manifest_update *u = feature->update;
    for (size_t i = 0; i < u->components.list.len; i++)
        TRY(component_unplace(image, change, &u->components.list.ptr[i], &users));
    for (size_t i = 0; i < u->packages.list.len; i++) {
        const struct identity *payload = &u->packages.list.ptr[i];
        struct package *package;
        bool is_needed;
        TRY(find_payload(image, payload, &package));
        TRY(is_payload_of_another(image, payload, feature, plan, false, &is_needed));
        if (package && package_is_installed(package) && !is_needed)
            TRY(package_to_staged(image, change, package, &users));
    }
    return S_OK;
}

HRESULT feature_forget(struct winimage *image, struct change *change, const struct feature *feature)
{
    const struct manifest_update *u = feature->update;
    for (size_t i = 0; i < u->components.list.len; i++) {
        const struct identity *component = &u->components.list.ptr[i];
        bool is_shared;
        TRY(component_is_shared(image, component, NULL, u, &is_shared));
        if (!is_shared)
            TRY(projection_forget(image, change, component));
    }
    for (size_t i = 0; i < u->packages.list.len; i++) {
        const struct identity *payload = &u->packages.list.ptr[i];
        struct package *package;
        bool is_shared;
        TRY(find_payload(image, payload, &package));
        TRY(is_payload_of_another(image, payload, feature, NULL, true, &is_shared));
        if (package && !is_shared)
            TRY(package_to_resolved(image, change, package));
    }
    return S_OK;
}

static HRESULT forget_payload(struct feature_plan *plan, const struct feature *feature)
{
    struct hive *hive;
    bool waits;
    TRY(change_hive(plan->change, HIVE_SOFTWARE, &hive));
    TRY(is_waiting(plan, feature, &waits));
    return waits ? pending_add_feature(hive, feature->package->text, feature->update->name,
                                       PENDING_PAYLOAD_REMOVAL)
                 : feature_forget(plan->image, plan->change, feature);
}

static HRESULT is_kept_on(struct feature_plan *plan, const struct feature *child, bool *out)
{
    const struct features *features;
    TRY(features_of(plan->image, &features));
    *out = false;
    for (size_t i = 0; i < child->update->parents.len && !*out; i++) {
        const struct feature *p = features_find(features, child->update->parents.ptr[i], NULL);
        if (p)
            TRY(is_on(plan, p, out));
    }
    return S_OK;
}

static HRESULT disable(struct feature_plan *plan, const struct feature *feature, unsigned depth)
{
    const struct features *features;
    enum when when;
    bool on;
    if (depth > DEEPEST)
        return FAIL(HR_WIN32(ERROR_INVALID_DATA), "%s is below itself", feature->update->name);
    TRY(is_on(plan, feature, &on));
    if (on) {
        TRY(decide(plan, feature, false));
        TRY(schedule(plan, feature, false, &when));
        if (when == NOW)
            TRY(feature_take_away(plan->image, plan->change, feature, plan));
    } else {
        bool waits;
        TRY(is_waiting(plan, feature, &waits));
        plan->outcome.needs_restart |= waits;
    }
    if (plan->removes_payload)
        TRY(forget_payload(plan, feature));
    TRY(features_of(plan->image, &features));
    for (size_t i = 0; on && i < features->list.len; i++) {
        const struct feature *f = &features->list.ptr[i];
        bool is_child_on, is_kept;
        if (!is_below(f, feature->update->name))
            continue;
        TRY(is_on(plan, f, &is_child_on));
        TRY(is_kept_on(plan, f, &is_kept));
        if (is_child_on && !is_kept)
            TRY(disable(plan, f, depth + 1));
    }
    return S_OK;
}

HRESULT feature_disable(struct feature_plan *plan, const struct feature *feature)
{
    return disable(plan, feature, 0);
}
