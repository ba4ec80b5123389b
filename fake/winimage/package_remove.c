/* SPDX-License-Identifier: MIT */
/* package_remove.c - package_change.h: removing, at once and after a restart. */
#include "component_use.h"
#include "dism_codes.h"
#include "error.h"
#include "feature.h"
#include "package_change.h"
#include "package_keys.h"
#include "pending.h"
#include "projection.h"

static HRESULT check_permanence(struct winimage *image, struct package *package)
{
    const struct manifest *manifest;
    TRY(package_manifest(image, package, &manifest));
    if ((manifest && manifest_is_permanent(manifest)) || package->current_state == CBS_PERMANENT)
        return FAIL(CBS_E_CANNOT_UNINSTALL, "%s is permanent", package->text);
    return S_OK;
}

static bool needs(const struct manifest *manifest, const struct package *package)
{
    for (size_t i = 0; i < manifest->parents.len; i++) {
        const struct identities *ids = &manifest->parents.ptr[i].identities;
        if (ids->list.len == 1 && identity_is_same_package(&ids->list.ptr[0], &package->identity))
            return true;
    }
    return false;
}

static HRESULT check_dependents(struct winimage *image, const struct packages *packages,
                                const struct package *package)
{
    for (size_t i = 0; i < packages->list.len; i++) {
        struct package *p = &packages->list.ptr[i];
        const struct manifest *manifest;
        if (p == package || !package_is_installed(p))
            continue;
        TRY(package_manifest(image, p, &manifest));
        if (manifest && needs(manifest, package))
            return FAIL(CBS_E_CANNOT_UNINSTALL, "%s needs %s", p->text, package->text);
    }
    return S_OK;
}

/* ---- removing ---- */

struct removing {
    struct winimage *image;
    struct change *change;
    struct packages *packages;
    struct package *package;
    struct package *before; /* becomes installed again; NULL: none */
    struct hive *hive;
};

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
    if (package_is_installed(package))
        TRY(check_dependents(image, r.packages, package));
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
