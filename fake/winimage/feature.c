/* SPDX-License-Identifier: MIT */
/* feature.c - see feature.h. */
#include "feature.h"

#include "dism_codes.h"
#include "error.h"
#include "facts.h"
#include "package_keys.h"
#include "pending.h"
#include "projection.h"
#include "text.h"

#define FOUNDATION "Microsoft-Windows-Foundation-Package"
#define FIRST_WITHOUT_CASE ((uint64_t)6 << 48 | (uint64_t)2 << 32) /* Windows 8: 6.2 */

static void features_free(void *ptr)
{
    struct features *features = ptr;
    vec_clear(&features->list);
    mem_free(features);
}

static bool is_foundation(const struct identity *identity)
{
    return text_equal_nocase(identity->name, FOUNDATION);
}

static bool delegates_to_foundation(const struct manifest *manifest)
{
    for (size_t i = 0; i < manifest->parents.len; i++) {
        const struct manifest_parent *p = &manifest->parents.ptr[i];
        for (size_t k = 0; p->is_delegate && k < p->identities.list.len; k++)
            if (is_foundation(&p->identities.list.ptr[k]))
                return true;
    }
    return false;
}

static HRESULT add_package(struct winimage *image, struct features *features,
                           struct package *package)
{
    const struct manifest *manifest;
    TRY(package_manifest(image, package, &manifest));
    for (size_t i = 0; manifest && i < manifest->updates.len; i++) {
        if (!manifest->updates.ptr[i].is_feature)
            continue;
        struct feature *f = vec_push(&features->list);
        if (!f)
            return FAIL_MEMORY();
        *f = (struct feature){package, &manifest->updates.ptr[i],
                              is_foundation(&manifest->identity) ||
                                  delegates_to_foundation(manifest)};
    }
    return S_OK;
}

/* It is there until the restart. */
static bool is_leaving(const struct package *package)
{
    return package_state(package) == DismStateUninstallPending;
}

/* Only packages with selections have features, so the other manifests are not read. */
static HRESULT read_all(struct winimage *image, struct features *features)
{
    struct packages *packages;
    const struct facts *facts;
    TRY(facts_of(image, &facts));
    TRY(packages_of(image, &packages));
    features->minds_case = facts->version && facts->version < FIRST_WITHOUT_CASE;
    for (size_t i = 0; i < packages->list.len; i++) {
        struct package *p = &packages->list.ptr[i];
        if (p->has_updates && (package_is_installed(p) || is_leaving(p)))
            TRY(add_package(image, features, p));
    }
    return S_OK;
}

HRESULT features_of(struct winimage *image, const struct features **out)
{
    struct features *features = winimage_part(image, PART_FEATURES);
    if (!features) {
        features = mem_alloc(sizeof *features);
        if (!features)
            return FAIL_MEMORY();
        HRESULT hr = read_all(image, features);
        if (FAILED(hr)) {
            features_free(features);
            return hr;
        }
        winimage_keep(image, PART_FEATURES, features, features_free);
    }
    *out = features;
    return S_OK;
}

bool features_is_name(const struct features *features, const struct manifest_update *feature,
                      const char *name)
{
    return features->minds_case ? text_equal(feature->name, name)
                                : text_equal_nocase(feature->name, name);
}

const struct feature *features_find(const struct features *features, const char *name,
                                    const struct package *package)
{
    const struct feature *found = NULL;
    for (size_t i = 0; i < features->list.len; i++) {
        const struct feature *f = &features->list.ptr[i];
        if ((package && f->package != package) || !features_is_name(features, f->update, name))
            continue;
        if (f->is_of_foundation)
            return f;
        found = found ? found : f;
    }
    return found;
}

/* ---- states ---- */

static HRESULT is_package_staged(struct winimage *image, const struct identity *identity, bool *out)
{
    struct packages *packages;
    AUTO_FREE char *text = identity_text(identity);
    if (!text)
        return FAIL_MEMORY();
    TRY(packages_of(image, &packages));
    const struct package *p = packages_find(packages, text);
    *out = p && (package_state(p) == DismStateStaged || package_is_installed(p));
    return S_OK;
}

HRESULT feature_payload(struct winimage *image, const struct manifest_update *update)
{
    for (size_t i = 0; i < update->packages.list.len; i++) {
        bool is_staged = false;
        TRY(is_package_staged(image, &update->packages.list.ptr[i], &is_staged));
        if (!is_staged)
            return S_FALSE;
    }
    for (size_t i = 0; i < update->components.list.len; i++) {
        HRESULT hr = projection_is_complete(image, &update->components.list.ptr[i]);
        if (hr != S_OK)
            return hr;
    }
    return S_OK;
}

#define DEEPEST 64 /* features below features */

static HRESULT is_selected(struct winimage *image, const struct package *package,
                           const struct manifest_update *update, unsigned depth, bool *out);

/* What is on by default is so once a parent is on. */
static HRESULT is_a_parent_on(struct winimage *image, const struct manifest_update *update,
                              unsigned depth, bool *out)
{
    const struct features *features;
    *out = update->parents.len == 0;
    if (*out || depth > DEEPEST)
        return S_OK;
    TRY(features_of(image, &features));
    for (size_t i = 0; i < update->parents.len && !*out; i++) {
        const struct feature *p = features_find(features, update->parents.ptr[i], NULL);
        if (p)
            TRY(is_selected(image, p->package, p->update, depth + 1, out));
    }
    return S_OK;
}

static HRESULT is_selected(struct winimage *image, const struct package *package,
                           const struct manifest_update *update, unsigned depth, bool *out)
{
    struct hive *hive;
    TRY(winimage_hive(image, HIVE_SOFTWARE, &hive));
    uint32_t selection;
    TRY(package_keys_selection(hive, package->text, update->name, &selection));
    *out =
        selection != SELECTION_OFF && (selection != SELECTION_DEFAULT || update->is_on_by_default);
    return *out && selection == SELECTION_DEFAULT ? is_a_parent_on(image, update, depth, out)
                                                  : S_OK;
}

HRESULT feature_state(struct winimage *image, const struct package *package,
                      const struct manifest_update *update, DismPackageFeatureState *out)
{
    struct hive *hive;
    DismPackageFeatureState of_package = package_state(package);
    TRY(winimage_hive(image, HIVE_SOFTWARE, &hive));
    if (!package_is_installed(package) && !is_leaving(package)) {
        *out = of_package == DismStateSuperseded ? DismStateStaged : of_package;
        return S_OK;
    }
    bool is_on, is_pending;
    TRY(is_selected(image, package, update, 0, &is_on));
    TRY(pending_has_feature(hive, package->text, update->name, &is_pending));
    if (is_pending) {
        *out = is_on ? DismStateInstallPending : DismStateUninstallPending;
        return S_OK;
    }
    if (is_on) {
        *out = of_package;
        return S_OK;
    }
    HRESULT hr = feature_payload(image, update);
    TRY(hr);
    *out = hr == S_OK ? DismStateStaged : DismStateRemoved;
    return S_OK;
}

HRESULT update_is_on(struct winimage *image, const struct package *package,
                     const struct manifest_update *update, bool *out)
{
    *out = true;
    return update->is_feature ? is_selected(image, package, update, 0, out) : S_OK;
}

HRESULT feature_is_on(struct winimage *image, const struct feature *feature, bool *out)
{
    return is_selected(image, feature->package, feature->update, 0, out);
}
