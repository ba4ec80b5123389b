/* SPDX-License-Identifier: MIT */
/* feature_change.c - see feature_change.h. */
#include "feature_change.h"

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

/* true: nothing is placed or taken away before the restart. */
static HRESULT pend(struct feature_plan *plan, const struct feature *feature, bool *out)
{
    struct hive *hive;
    *out = plan->image->is_online && restart_of(feature) == DismRestartRequired;
    if (!*out)
        return S_OK;
    plan->outcome.needs_restart = plan->outcome.is_pending = true;
    TRY(change_hive(plan->change, HIVE_SOFTWARE, &hive));
    return pending_add_feature(hive, feature->package->text, feature->update->name);
}

/* ---- enabling ---- */

static HRESULT enable(struct feature_plan *plan, const struct feature *feature, unsigned depth);

/* The payload package is in the image already: its files go where they are used. */
static HRESULT install_staged(struct feature_plan *plan, struct package *package)
{
    const struct manifest *manifest;
    struct hive *hive;
    TRY(package_manifest(plan->image, package, &manifest));
    for (size_t u = 0; manifest && u < manifest->updates.len; u++) {
        const struct identities *list = &manifest->updates.ptr[u].components;
        for (size_t i = 0; i < list->list.len; i++)
            TRY(projection_add(plan->image, plan->change, &list->list.ptr[i]));
    }
    TRY(change_hive(plan->change, HIVE_SOFTWARE, &hive));
    return package_keys_set_state(hive, package->text, CBS_INSTALLED);
}

static HRESULT install_package(struct feature_plan *plan, const struct identity *identity)
{
    AUTO_FREE char *text = identity_text(identity);
    AUTO_PACKAGE_SOURCES struct package_sources sources = {0};
    struct packages *packages;
    if (!text)
        return FAIL_MEMORY();
    TRY(packages_of(plan->image, &packages));
    struct package *package = packages_find(packages, text);
    if (package && package_is_installed(package))
        return S_OK;
    if (package && package_state(package) == DismStateStaged)
        return install_staged(plan, package);
    TRY(sources_open_package(plan->sources, identity, &sources));
    return package_add(plan->image, plan->change, &sources.list.ptr[0], &plan->outcome);
}

static HRESULT place_component(struct feature_plan *plan, const struct identity *component,
                               bool is_pending)
{
    HRESULT hr = projection_is_complete(plan->image, component);
    TRY(hr);
    if (hr == S_FALSE)
        return sources_add_component(plan->sources, plan->image, plan->change, component);
    return is_pending ? S_OK : projection_add(plan->image, plan->change, component);
}

static HRESULT place(struct feature_plan *plan, const struct feature *feature)
{
    bool is_pending;
    TRY(pend(plan, feature, &is_pending));
    for (size_t i = 0; i < feature->update->packages.list.len; i++)
        TRY(install_package(plan, &feature->update->packages.list.ptr[i]));
    for (size_t i = 0; i < feature->update->components.list.len; i++)
        TRY(place_component(plan, &feature->update->components.list.ptr[i], is_pending));
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

static HRESULT forget_payload(struct feature_plan *plan, const struct feature *feature)
{
    struct packages *packages;
    struct hive *hive;
    for (size_t i = 0; i < feature->update->components.list.len; i++)
        TRY(projection_forget(plan->image, plan->change, &feature->update->components.list.ptr[i]));
    TRY(packages_of(plan->image, &packages));
    TRY(change_hive(plan->change, HIVE_SOFTWARE, &hive));
    for (size_t i = 0; i < feature->update->packages.list.len; i++) {
        AUTO_FREE char *text = identity_text(&feature->update->packages.list.ptr[i]);
        if (!text)
            return FAIL_MEMORY();
        if (packages_find(packages, text))
            TRY(package_keys_set_state(hive, text, CBS_RESOLVED));
    }
    return S_OK;
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
    bool on, is_pending;
    if (depth > DEEPEST)
        return FAIL(HR_WIN32(ERROR_INVALID_DATA), "%s is below itself", feature->update->name);
    TRY(is_on(plan, feature, &on));
    if (on) {
        TRY(decide(plan, feature, false));
        TRY(pend(plan, feature, &is_pending));
        if (!is_pending)
            TRY(feature_project(plan->image, plan->change, feature, false));
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

HRESULT feature_project(struct winimage *image, struct change *change,
                        const struct feature *feature, bool on)
{
    const struct identities *list = &feature->update->components;
    for (size_t i = 0; i < list->list.len; i++)
        TRY(on ? projection_add(image, change, &list->list.ptr[i])
               : projection_remove(image, change, &list->list.ptr[i]));
    return S_OK;
}
