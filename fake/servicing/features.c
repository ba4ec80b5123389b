/* SPDX-License-Identifier: MIT */
/*
 * features.c - DismGetFeatures, DismGetFeatureInfo, DismGetFeatureParent, DismEnableFeature,
 * DismDisableFeature.
 */
#include <stddef.h>
#include <string.h>

#include "call.h"
#include "client_sources.h"
#include "describe.h"
#include "dism_codes.h"
#include "error.h"
#include "localise.h"
#include "feature_change.h"
#include "package_choice.h"
#include "servicing.h"
#include "text.h"
#include "windows_of.h"

/* ---- DismGetFeatures ---- */

struct listing {
    struct winimage *image;
    struct result result;
    size_t count;
};

static HRESULT list_feature(struct listing *l, const struct package *package,
                            const struct manifest_update *update)
{
    DismPackageFeatureState state = DismStateNotPresent;
    size_t at = l->count++ * sizeof(DismFeature);
    if (package)
        TRY(feature_state(l->image, package, update, &state));
    ((DismFeature *)result_at(&l->result, at))->State = state;
    return result_string(&l->result, at + offsetof(DismFeature, FeatureName), update->name);
}

static HRESULT list_foundation(struct call *call, struct listing *l)
{
    const struct features *features;
    size_t count = 0;
    TRY(features_of(l->image, &features));
    for (size_t i = 0; i < features->list.len; i++)
        count += features->list.ptr[i].is_of_foundation;
    TRY(result_begin(&l->result, call->api, count, sizeof(DismFeature)));
    for (size_t i = 0; i < features->list.len; i++)
        if (features->list.ptr[i].is_of_foundation)
            TRY(list_feature(l, features->list.ptr[i].package, features->list.ptr[i].update));
    return S_OK;
}

static HRESULT list_package(struct call *call, struct listing *l,
                            const struct package_choice *choice)
{
    const struct manifest *m = choice->manifest;
    size_t count = 0;
    for (size_t i = 0; m && i < m->updates.len; i++)
        count += m->updates.ptr[i].is_feature;
    TRY(result_begin(&l->result, call->api, count, sizeof(DismFeature)));
    for (size_t i = 0; m && i < m->updates.len; i++)
        if (m->updates.ptr[i].is_feature)
            TRY(list_feature(l, choice->package, &m->updates.ptr[i]));
    return S_OK;
}

static HRESULT list_features(struct call *call, struct listing *l, PCWSTR identifier,
                             DismPackageIdentifier kind, void **out)
{
    AUTO_PACKAGE_CHOICE struct package_choice choice = {0};
    TRY(windows_of(call, &l->image));
    TRY(op_step(&call->op, STEP_FEATURES_READ));
    TRY(package_choose_for_feature(l->image, identifier, kind, &choice));
    TRY(choice.is_foundation ? list_foundation(call, l) : list_package(call, l, &choice));
    return result_finish(&l->result, out);
}

HRESULT impl_DismGetFeatures(struct call *call, DismSession Session, PCWSTR Identifier,
                             DismPackageIdentifier PackageIdentifier, DismFeature **Feature,
                             UINT *Count)
{
    struct listing l = {0};
    void *block;
    (void)Session;
    HRESULT hr = list_features(call, &l, Identifier, PackageIdentifier, &block);
    result_clear(&l.result);
    TRY(hr);
    *Feature = block;
    *Count = (UINT)l.count;
    return S_OK;
}

/* ---- which feature ---- */

struct found {
    const struct package *package; /* NULL: it is not in the image */
    const struct manifest_update *update;
    const struct manifest *manifest; /* that has it */
};

static HRESULT unknown(const char *name, const struct package_choice *choice)
{
    return choice->is_foundation
               ? FAIL(DISMAPI_E_UNKNOWN_FEATURE, "the image has no feature %s", name)
               : FAIL(DISMAPI_E_UNKNOWN_FEATURE, "the package %s has no feature %s", choice->text,
                      name);
}

static HRESULT find_feature(struct winimage *image, PCWSTR given,
                            const struct package_choice *choice, struct found *out)
{
    const struct features *features;
    AUTO_FREE char *name = NULL;
    TRY(text_from_utf16(given, &name));
    if (!*name)
        return FAIL(E_INVALIDARG, "FeatureName is empty");
    TRY(features_of(image, &features));
    if (choice->is_foundation) {
        const struct feature *f = features_find(features, name, NULL);
        if (!f)
            return unknown(name, choice);
        out->package = f->package;
        out->update = f->update;
        return package_manifest(image, f->package, &out->manifest);
    }
    for (size_t i = 0; choice->manifest && i < choice->manifest->updates.len; i++) {
        const struct manifest_update *u = &choice->manifest->updates.ptr[i];
        if (!u->is_feature || !features_is_name(features, u, name))
            continue;
        *out = (struct found){choice->package, u, choice->manifest};
        return S_OK;
    }
    return unknown(name, choice);
}

/* ---- DismGetFeatureInfo ---- */

static HRESULT describe(struct winimage *image, struct result *r, const struct found *f)
{
    DismPackageFeatureState state = DismStateNotPresent;
    if (f->package)
        TRY(feature_state(image, f->package, f->update, &state));
    struct localised text = {f->update->display_name, f->update->description};
    TRY(localise(image, f->manifest, &f->update->texts, &text));
    DismFeatureInfo *info = result_at(r, 0);
    info->FeatureState = state;
    info->RestartRequired = manifest_restart_type(f->update->restart);
    TRY(describe_text(r, offsetof(DismFeatureInfo, FeatureName), f->update->name));
    TRY(describe_text(r, offsetof(DismFeatureInfo, DisplayName), text.display_name));
    TRY(describe_text(r, offsetof(DismFeatureInfo, Description), text.description));
    return describe_properties(r, offsetof(DismFeatureInfo, CustomProperty),
                               offsetof(DismFeatureInfo, CustomPropertyCount),
                               f->update->properties.ptr, f->update->properties.len);
}

HRESULT impl_DismGetFeatureInfo(struct call *call, DismSession Session, PCWSTR FeatureName,
                                PCWSTR Identifier, DismPackageIdentifier PackageIdentifier,
                                DismFeatureInfo **FeatureInfo)
{
    struct winimage *image;
    struct found found = {0};
    struct result result AUTO(result_clear) = {0};
    AUTO_PACKAGE_CHOICE struct package_choice choice = {0};
    void *block;
    (void)Session;
    TRY(windows_of(call, &image));
    TRY(op_step(&call->op, STEP_FEATURE_INFO_READ));
    TRY(package_choose_for_feature(image, Identifier, PackageIdentifier, &choice));
    TRY(find_feature(image, FeatureName, &choice, &found));
    TRY(result_begin(&result, call->api, 1, sizeof **FeatureInfo));
    TRY(describe(image, &result, &found));
    TRY(result_finish(&result, &block));
    *FeatureInfo = block;
    return S_OK;
}

/* ---- DismGetFeatureParent ---- */

static HRESULT list_parents(struct listing *l, const struct found *f)
{
    const struct features *features;
    TRY(features_of(l->image, &features));
    for (size_t i = 0; i < f->update->parents.len; i++) {
        const char *name = f->update->parents.ptr[i];
        const struct feature *parent = features_find(features, name, NULL);
        const struct manifest_update absent = {.name = (char *)name};
        TRY(list_feature(l, parent ? parent->package : NULL, parent ? parent->update : &absent));
    }
    return S_OK;
}

static HRESULT get_parents(struct call *call, struct listing *l, PCWSTR name, PCWSTR identifier,
                           DismPackageIdentifier kind, void **out)
{
    struct found found = {0};
    AUTO_PACKAGE_CHOICE struct package_choice choice = {0};
    TRY(windows_of(call, &l->image));
    TRY(op_step(&call->op, STEP_FEATURE_PARENT_READ));
    TRY(package_choose_for_feature(l->image, identifier, kind, &choice));
    TRY(find_feature(l->image, name, &choice, &found));
    TRY(result_begin(&l->result, call->api, found.update->parents.len, sizeof(DismFeature)));
    TRY(list_parents(l, &found));
    return result_finish(&l->result, out);
}

HRESULT impl_DismGetFeatureParent(struct call *call, DismSession Session, PCWSTR FeatureName,
                                  PCWSTR Identifier, DismPackageIdentifier PackageIdentifier,
                                  DismFeature **Feature, UINT *Count)
{
    struct listing l = {0};
    void *block;
    (void)Session;
    HRESULT hr = get_parents(call, &l, FeatureName, Identifier, PackageIdentifier, &block);
    result_clear(&l.result);
    TRY(hr);
    *Feature = block;
    *Count = (UINT)l.count;
    return S_OK;
}

/* ---- DismEnableFeature, DismDisableFeature ---- */

struct changing {
    struct feature_plan plan;
    const struct package_choice *choice;
    HRESULT (*change)(struct feature_plan *plan, const struct feature *feature);
};

static HRESULT change_one(struct changing *c, const char *name)
{
    const struct features *features;
    TRY(features_of(c->plan.image, &features));
    const struct feature *f =
        features_find(features, name, c->choice->is_foundation ? NULL : c->choice->package);
    return f ? c->change(&c->plan, f) : unknown(name, c->choice);
}

/* Names with semicolons between them; all of them or none. */
static HRESULT change_all(struct changing *c, PCWSTR given)
{
    AUTO_FREE char *names = NULL;
    TRY(text_from_utf16(given, &names));
    if (names[strspn(names, ";")] == '\0')
        return FAIL(E_INVALIDARG, "FeatureName '%s' names no feature", names);
    for (char *at = names; at;) {
        char *semicolon = strchr(at, ';');
        if (semicolon)
            *semicolon = '\0';
        if (*at)
            TRY(change_one(c, at));
        at = semicolon ? semicolon + 1 : NULL;
    }
    return S_OK;
}

HRESULT impl_DismEnableFeature(struct call *call, DismSession Session, PCWSTR FeatureName,
                               PCWSTR Identifier, DismPackageIdentifier PackageIdentifier,
                               BOOL LimitAccess, PCWSTR *SourcePaths, UINT SourcePathCount,
                               BOOL EnableAll, HANDLE CancelEvent, DISM_PROGRESS_CALLBACK Progress,
                               PVOID UserData)
{
    struct op *op = &call->op;
    struct sources sources AUTO(sources_clear) = {0};
    AUTO_PACKAGE_CHOICE struct package_choice choice = {0};
    AUTO_CHANGE struct change *change = NULL;
    struct winimage *image;
    (void)Session, (void)CancelEvent, (void)Progress, (void)UserData;
    TRY(windows_of(call, &image));
    op->total = SERVICING_TICKS;
    TRY(servicing_begin(image, false, &change));
    TRY(op_step(op, STEP_ENABLE_FEATURE_VALIDATE));
    TRY(client_sources(image, change, SourcePaths, SourcePathCount, LimitAccess, &sources));
    TRY(package_choose_for_feature(image, Identifier, PackageIdentifier, &choice));
    if (!choice.is_foundation && !choice.package) /* one that was not added: nothing to enable */
        return op_ticks_to(op, op->total);
    TRY(op_ticks_to(op, 100));
    TRY(op_step(op, STEP_ENABLE_FEATURE_PLAN));
    struct changing c = {.plan = {.image = image,
                                  .change = change,
                                  .sources = &sources,
                                  .enables_parents = EnableAll},
                         .choice = &choice,
                         .change = feature_enable};
    HRESULT hr = change_all(&c, FeatureName);
    feature_plan_clear(&c.plan);
    TRY(hr);
    TRY(op_ticks_to(op, 500));
    TRY(servicing_finish(change, op, STEP_ENABLE_FEATURE_STAGE, STEP_ENABLE_FEATURE_PLACE));
    return servicing_result(&c.plan.outcome);
}

HRESULT impl_DismDisableFeature(struct call *call, DismSession Session, PCWSTR FeatureName,
                                PCWSTR PackageName, BOOL RemovePayload, HANDLE CancelEvent,
                                DISM_PROGRESS_CALLBACK Progress, PVOID UserData)
{
    struct op *op = &call->op;
    AUTO_PACKAGE_CHOICE struct package_choice choice = {0};
    AUTO_CHANGE struct change *change = NULL;
    struct winimage *image;
    (void)Session, (void)CancelEvent, (void)Progress, (void)UserData;
    TRY(windows_of(call, &image));
    op->total = SERVICING_TICKS;
    TRY(servicing_begin(image, false, &change));
    TRY(op_step(op, STEP_DISABLE_FEATURE_VALIDATE));
    TRY(package_choose_for_feature(image, PackageName, PackageName ? DismPackageName : 0, &choice));
    TRY(op_ticks_to(op, 100));
    TRY(op_step(op, STEP_DISABLE_FEATURE_PLAN));
    struct changing c = {
        .plan = {.image = image, .change = change, .removes_payload = RemovePayload},
        .choice = &choice,
        .change = feature_disable};
    HRESULT hr = change_all(&c, FeatureName);
    feature_plan_clear(&c.plan);
    TRY(hr);
    TRY(op_ticks_to(op, 500));
    TRY(servicing_finish(change, op, STEP_DISABLE_FEATURE_STAGE, STEP_DISABLE_FEATURE_PLACE));
    return servicing_result(&c.plan.outcome);
}
