/* SPDX-License-Identifier: MIT */
/* package_remove.c - package_change.h: removing, at once and after a restart. */
#include "applicable.h"
#include "component_use.h"
#include "dism_codes.h"
#include "error.h"
#include "feature.h"
#include "package_change.h"
#include "package_keys.h"
#include "pending.h"
#include "projection.h"
#include "text.h"

static HRESULT check_permanence(struct winimage *image, struct package *package)
{
    const struct manifest *manifest;
    TRY(package_manifest(image, package, &manifest));
    if ((manifest && manifest_is_permanent(manifest)) || package_is_permanent(package))
        return FAIL(CBS_E_CANNOT_UNINSTALL, "%s is permanent", package->text);
    return S_OK;
}

/* The highest version that this one has superseded; NULL: none, or another one is installed. */
static struct package *version_before(const struct packages *packages,
                                      const struct package *package)
{
    struct package *best = NULL;
    uint64_t highest = 0, version;
    for (size_t i = 0; i < packages->list.len; i++) {
        struct package *p = &packages->list.ptr[i];
        if (p == package || !identity_is_same_package(&p->identity, &package->identity))
            continue;
        if (package_is_installed(p))
            return NULL;
        if (package_state(p) != DismStateSuperseded ||
            !version_parse(p->identity.version, &version) || (best && version < highest))
            continue;
        best = p;
        highest = version;
    }
    return best;
}

/* ---- who needs it ---- */

/* Does anything installed stand for the parent once `package` has gone and `before` is back? */
static bool is_still_met(const struct packages *packages, const struct manifest_parent *parent,
                         const struct package *package, const struct package *before)
{
    for (size_t i = 0; i < packages->list.len; i++) {
        const struct package *p = &packages->list.ptr[i];
        if (p != package && (package_is_installed(p) || p == before) &&
            applicable_meets(parent, &p->identity))
            return true;
    }
    return false;
}

static bool is_parent(const struct packages *packages, const struct manifest *manifest,
                      const struct package *package, const struct package *before)
{
    for (size_t i = 0; i < manifest->parents.len; i++) {
        const struct manifest_parent *parent = &manifest->parents.ptr[i];
        if (applicable_meets(parent, &package->identity) &&
            !is_still_met(packages, parent, package, before))
            return true;
    }
    return false;
}

/* `own` NULL: the package is no capability. */
static HRESULT is_dependency(const struct manifest *manifest, const char *own, bool *out)
{
    const struct identities *ids = &manifest->capability_dependencies;
    *out = false;
    for (size_t i = 0; own && i < ids->list.len && !*out; i++) {
        AUTO_FREE char *name = manifest_dependency_text(&ids->list.ptr[i]);
        if (!name)
            return FAIL_MEMORY();
        *out = text_equal_nocase(name, own);
    }
    return S_OK;
}

static HRESULT check_dependents(struct winimage *image, const struct packages *packages,
                                struct package *package)
{
    const struct package *before = version_before(packages, package);
    const struct manifest *own;
    TRY(package_manifest(image, package, &own));
    bool is_capability = own && own->has_capability;
    AUTO_FREE char *capability = is_capability ? manifest_capability_text(own) : NULL;
    if (is_capability && !capability)
        return FAIL_MEMORY();
    for (size_t i = 0; i < packages->list.len; i++) {
        struct package *p = &packages->list.ptr[i];
        const struct manifest *manifest;
        bool needs = false;
        if (p == package || !package_is_installed(p))
            continue;
        TRY(package_manifest(image, p, &manifest));
        if (manifest)
            TRY(is_dependency(manifest, capability, &needs));
        if (needs || (manifest && is_parent(packages, manifest, package, before)))
            return FAIL(CBS_E_CANNOT_UNINSTALL, "%s needs %s", p->text, package->text);
    }
    return S_OK;
}

static bool has_payload(const struct manifest_update *update, const struct identity *package)
{
    for (size_t i = 0; i < update->packages.list.len; i++)
        if (identity_equal(&update->packages.list.ptr[i], package))
            return true;
    return false;
}

/* Are its files those of a feature that is on? */
static HRESULT check_features(struct winimage *image, const struct package *package)
{
    const struct features *features;
    TRY(features_of(image, &features));
    for (size_t i = 0; i < features->list.len; i++) {
        const struct feature *f = &features->list.ptr[i];
        bool on = false;
        if (has_payload(f->update, &package->identity))
            TRY(feature_is_on(image, f, &on));
        if (on)
            return FAIL(CBS_E_CANNOT_UNINSTALL, "the feature %s, which is on, needs %s",
                        f->update->name, package->text);
    }
    return S_OK;
}

/* ---- removing ---- */

struct removing {
    struct winimage *image;
    struct change *change;
    struct packages *packages;
    struct package *package;
    bool is_payload;        /* goes with another one; has no payload itself */
    struct package *before; /* becomes installed again; NULL: none */
    struct hive *hive;
};

/* From where it is used, and from the store unless another package has it too. */
static HRESULT take_away(const struct removing *r, const struct identity *component)
{
    const struct component_users users = {.without = r->package, .also = r->before};
    bool is_shared;
    TRY(component_unplace(r->image, r->change, component, &users));
    TRY(component_is_shared(r->image, component, r->package, NULL, &is_shared));
    return is_shared ? S_OK : projection_forget(r->image, r->change, component);
}

static HRESULT take_away_all(const struct removing *r)
{
    const struct manifest *manifest;
    TRY(package_manifest(r->image, r->package, &manifest));
    for (size_t u = 0; manifest && u < manifest->updates.len; u++) {
        const struct identities *list = &manifest->updates.ptr[u].components;
        for (size_t k = 0; k < list->list.len; k++)
            TRY(take_away(r, &list->list.ptr[k]));
    }
    return S_OK;
}

/* What the newer one did not have a version of has stayed in place. */
static HRESULT bring_back(const struct removing *r)
{
    return r->before ? package_keys_set_state(r->hive, r->before->text, CBS_INSTALLED) : S_OK;
}

static HRESULT remove_files(const struct removing *r)
{
    AUTO_FREE char *mum = package_file(r->image, r->package->text, ".mum");
    AUTO_FREE char *cat = package_file(r->image, r->package->text, ".cat");
    if (!mum || !cat)
        return FAIL_MEMORY();
    TRY(change_remove(r->change, mum));
    return change_remove(r->change, cat);
}

static HRESULT remove_now(struct removing *r);

/* Has a package besides `without` it as payload? */
static HRESULT is_payload_of_another(struct winimage *image, const struct packages *packages,
                                     const struct identity *payload, const struct package *without,
                                     bool *out)
{
    *out = false;
    for (size_t i = 0; i < packages->list.len && !*out; i++) {
        struct package *p = &packages->list.ptr[i];
        const struct manifest *m;
        if (p == without || package_state(p) == DismStateNotPresent)
            continue;
        TRY(package_manifest(image, p, &m));
        for (size_t u = 0; m && u < m->updates.len && !*out; u++)
            *out = has_payload(&m->updates.ptr[u], payload);
    }
    return S_OK;
}

static HRESULT remove_payload(const struct removing *r, const struct identity *payload)
{
    AUTO_FREE char *text = identity_text(payload);
    bool is_shared;
    if (!text)
        return FAIL_MEMORY();
    struct package *package = packages_find(r->packages, text);
    if (!package || package == r->package || package_state(package) == DismStateNotPresent)
        return S_OK;
    TRY(is_payload_of_another(r->image, r->packages, payload, r->package, &is_shared));
    struct removing own = {.image = r->image,
                           .change = r->change,
                           .packages = r->packages,
                           .package = package,
                           .is_payload = true};
    return is_shared ? S_OK : remove_now(&own);
}

/* The packages that are payload of its features go with it. */
static HRESULT remove_all_payload(const struct removing *r, const struct manifest *manifest)
{
    for (size_t u = 0; manifest && !r->is_payload && u < manifest->updates.len; u++) {
        const struct identities *list = &manifest->updates.ptr[u].packages;
        for (size_t i = 0; i < list->list.len; i++)
            TRY(remove_payload(r, &list->list.ptr[i]));
    }
    return S_OK;
}

static HRESULT remove_now(struct removing *r)
{
    const struct manifest *manifest;
    bool was_installed =
        package_is_installed(r->package) || package_state(r->package) == DismStateUninstallPending;
    if (was_installed)
        r->before = version_before(r->packages, r->package);
    TRY(change_hive(r->change, HIVE_SOFTWARE, &r->hive));
    TRY(package_manifest(r->image, r->package, &manifest));
    TRY(take_away_all(r));
    TRY(remove_all_payload(r, manifest));
    TRY(remove_files(r));
    TRY(package_keys_delete(r->hive, r->package->text, manifest));
    TRY(pending_drop_package(r->hive, r->package->text));
    return bring_back(r);
}

HRESULT package_remove(struct winimage *image, struct change *change, struct package *package,
                       struct package_outcome *outcome)
{
    struct removing r = {.image = image, .change = change, .package = package};
    const struct manifest *manifest;
    TRY(packages_of(image, &r.packages));
    TRY(check_permanence(image, package));
    if (package_is_installed(package)) {
        TRY(check_dependents(image, r.packages, package));
        TRY(check_features(image, package));
    }
    TRY(package_manifest(image, package, &manifest));
    DismPackageFeatureState state = package_state(package);
    bool is_used = state == DismStateInstalled || state == DismStateUninstallPending;
    if (!image->is_online || !is_used || !manifest ||
        manifest_restart_type(manifest->restart) != DismRestartRequired)
        return remove_now(&r);
    TRY(change_hive(change, HIVE_SOFTWARE, &r.hive));
    TRY(package_keys_set_state(r.hive, package->text, CBS_UNINSTALL_PENDING));
    TRY(pending_add_package(r.hive, package->text));
    outcome->needs_restart = true;
    outcome->is_pending = true;
    return S_OK;
}

HRESULT package_finish_removing(struct winimage *image, struct change *change,
                                struct package *package)
{
    struct removing r = {.image = image, .change = change, .package = package};
    TRY(packages_of(image, &r.packages));
    return remove_now(&r);
}

HRESULT package_to_staged(struct winimage *image, struct change *change, struct package *package,
                          const struct component_users *users)
{
    struct component_users others = *users;
    const struct manifest *manifest;
    struct hive *hive;
    others.without = package;
    TRY(package_manifest(image, package, &manifest));
    for (size_t u = 0; manifest && u < manifest->updates.len; u++) {
        const struct identities *list = &manifest->updates.ptr[u].components;
        for (size_t i = 0; i < list->list.len; i++)
            TRY(component_unplace(image, change, &list->list.ptr[i], &others));
    }
    TRY(change_hive(change, HIVE_SOFTWARE, &hive));
    TRY(package_keys_set_state(hive, package->text, CBS_STAGED));
    return pending_drop_package(hive, package->text);
}

HRESULT package_to_resolved(struct winimage *image, struct change *change, struct package *package)
{
    struct removing r = {.image = image, .change = change, .package = package};
    TRY(change_hive(change, HIVE_SOFTWARE, &r.hive));
    TRY(take_away_all(&r));
    TRY(remove_files(&r));
    TRY(package_keys_set_state(r.hive, package->text, CBS_RESOLVED));
    return pending_drop_package(r.hive, package->text);
}
