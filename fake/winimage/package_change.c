/* SPDX-License-Identifier: MIT */
/*
 * package_change.c - see package_change.h.
 *
 * A new package's components go into the store and, unless a restart has to come first, to where
 * they are used. A version before it becomes superseded and keeps its components, so that removing
 * the new one brings it back.
 */
#include "package_change.h"

#include <string.h>

#include "clock.h"
#include "dism_codes.h"
#include "error.h"
#include "package_keys.h"
#include "path.h"
#include "pending.h"
#include "projection.h"
#include "text.h"

#define LARGEST_FILE ((size_t)2 << 30)

static uint64_t filetime_now(void)
{
    return (uint64_t)(clock_now_ns() / 100) + 116444736000000000u;
}

/* ---- adding ---- */

struct adding {
    struct winimage *image;
    struct change *change;
    const struct package_source *source;
    bool is_pending;
};

static HRESULT write_entry(const struct adding *a, size_t index, const char *place)
{
    AUTO_FREE uint8_t *bytes = NULL;
    size_t size;
    TRY(archive_read(a->source->archive, index, LARGEST_FILE, &bytes, &size));
    return change_write(a->change, place, bytes, size);
}

/* Where a file of the package goes: its manifest and catalogue under the package's name, component
 * manifests and payload into the store. */
static HRESULT place_of_entry(const struct adding *a, const char *name, char **out)
{
    bool is_top = strchr(name, '/') == NULL;
    *out = NULL;
    if (is_top && text_equal_nocase(name, "update.mum"))
        *out = package_file(a->image, a->source->text, ".mum");
    else if (is_top && text_equal_nocase(name, "update.cat"))
        *out = package_file(a->image, a->source->text, ".cat");
    else {
        AUTO_FREE char *below = mem_format(is_top ? "WinSxS/Manifests/%s" : "WinSxS/%s", name);
        if (!below)
            return FAIL_MEMORY();
        if (is_top && !path_has_extension(name, ".manifest"))
            return S_OK; /* what is for searching and describing */
        *out = winimage_below_windows(a->image, below);
    }
    return *out ? S_OK : FAIL_MEMORY();
}

static HRESULT stage_files(const struct adding *a)
{
    for (size_t i = 0; i < archive_count(a->source->archive); i++) {
        AUTO_FREE char *place = NULL;
        TRY(place_of_entry(a, archive_entry(a->source->archive, i)->name, &place));
        if (place)
            TRY(write_entry(a, i, place));
    }
    return S_OK;
}

/* The component's manifest in the package; SIZE_MAX: it is not there. */
static HRESULT find_component(const struct adding *a, const struct identity *identity,
                              size_t *index, struct component **out)
{
    struct archive *archive = a->source->archive;
    *index = SIZE_MAX;
    for (size_t i = 0; i < archive_count(archive); i++) {
        const char *name = archive_entry(archive, i)->name;
        AUTO_FREE uint8_t *bytes = NULL;
        AUTO_COMPONENT struct component *component = NULL;
        size_t size;
        if (strchr(name, '/') || !path_has_extension(name, ".manifest"))
            continue;
        TRY(archive_read(archive, i, LARGEST_FILE, &bytes, &size));
        TRY(component_read(a->image, bytes, size, name, &component));
        if (!identity_equal(&component->identity, identity))
            continue;
        *index = i;
        *out = TAKE(component);
        return S_OK;
    }
    return S_OK;
}

static HRESULT project_from_package(const struct adding *a, size_t index,
                                    const struct component *component)
{
    struct archive *archive = a->source->archive;
    const char *name = archive_entry(archive, index)->name;
    AUTO_FREE char *key = mem_dup_n(name, strlen(name) - strlen(".manifest"));
    if (!key)
        return FAIL_MEMORY();
    for (size_t i = 0; i < component->files.len; i++) {
        const struct component_file *file = &component->files.ptr[i];
        AUTO_FREE char *path = mem_format("%s/%s", key, file->name);
        if (!path)
            return FAIL_MEMORY();
        size_t payload = archive_find(archive, path);
        if (payload == SIZE_MAX)
            return FAIL(CBS_E_SOURCE_MISSING, "the package %s lacks its file %s", a->source->text,
                        path);
        if (file->place && !a->is_pending)
            TRY(write_entry(a, payload, file->place));
    }
    return S_OK;
}

static HRESULT project(const struct adding *a, const struct identity *identity)
{
    AUTO_COMPONENT struct component *component = NULL;
    size_t index;
    TRY(find_component(a, identity, &index, &component));
    if (component)
        return project_from_package(a, index, component);
    return a->is_pending ? S_OK : projection_add(a->image, a->change, identity);
}

/* What is on as soon as the package is: payload, and features that say so. */
static bool is_on_at_once(const struct manifest_update *update)
{
    return !update->is_feature || (update->is_on_by_default && update->parents.len == 0);
}

static HRESULT project_all(const struct adding *a)
{
    const struct manifest *m = a->source->manifest;
    for (size_t i = 0; i < m->updates.len; i++) {
        const struct manifest_update *u = &m->updates.ptr[i];
        if (is_on_at_once(u))
            for (size_t k = 0; k < u->components.list.len; k++)
                TRY(project(a, &u->components.list.ptr[k]));
    }
    return S_OK;
}

static HRESULT supersede(const struct adding *a, struct hive *hive)
{
    struct packages *packages;
    TRY(packages_of(a->image, &packages));
    for (size_t i = 0; i < packages->list.len; i++) {
        const struct package *p = &packages->list.ptr[i];
        if (package_is_installed(p) &&
            identity_is_same_package(&p->identity, &a->source->manifest->identity) &&
            !identity_equal(&p->identity, &a->source->manifest->identity))
            TRY(package_keys_set_state(hive, p->text, CBS_SUPERSEDED));
    }
    return S_OK;
}

static bool is_servicing_stack(const struct manifest *manifest)
{
    return strstr(manifest->identity.name, "ServicingStack") != NULL;
}

/* Online a restart that is required comes first. Offline everything is in place at once, but what
 * has to run in the image when it starts is left: Windows lists such a package as pending. */
HRESULT package_add(struct winimage *image, struct change *change,
                    const struct package_source *source, struct package_outcome *outcome)
{
    struct packages *packages;
    struct hive *hive;
    TRY(packages_of(image, &packages));
    const struct package *there = packages_find(packages, source->text);
    if (there && package_is_installed(there))
        return S_OK;
    bool needs_restart = manifest_restart_type(source->manifest->restart) == DismRestartRequired;
    const struct adding a = {image, change, source, needs_restart && image->is_online};
    AUTO_FREE char *location = mem_format("\\\\?\\C:\\Windows\\CbsTemp\\%s\\", source->text);
    if (!location)
        return FAIL_MEMORY();
    TRY(stage_files(&a));
    TRY(project_all(&a));
    TRY(change_hive(change, HIVE_SOFTWARE, &hive));
    TRY(supersede(&a, hive));
    const struct package_record record = {source->text, source->manifest,
                                          needs_restart ? CBS_INSTALL_PENDING : CBS_INSTALLED,
                                          filetime_now(), location};
    TRY(package_keys_write(hive, &record));
    if (needs_restart)
        TRY(pending_add_package(hive, source->text));
    outcome->is_pending |= needs_restart;
    outcome->needs_restart |= a.is_pending;
    outcome->needs_reload |= is_servicing_stack(source->manifest);
    return S_OK;
}

/* ---- removing ---- */

static HRESULT check_removable(struct winimage *image, const struct packages *packages,
                               struct package *package)
{
    const struct manifest *manifest, *other;
    TRY(package_manifest(image, package, &manifest));
    if ((manifest && manifest_is_permanent(manifest)) || package->current_state == CBS_PERMANENT)
        return FAIL(CBS_E_CANNOT_UNINSTALL, "%s is permanent", package->text);
    for (size_t i = 0; i < packages->list.len; i++) {
        struct package *p = &packages->list.ptr[i];
        if (p == package || !package_is_installed(p))
            continue;
        TRY(package_manifest(image, p, &other));
        for (size_t k = 0; other && k < other->parents.len; k++) {
            const struct identities *ids = &other->parents.ptr[k].identities;
            bool is_only = ids->list.len == 1;
            if (is_only && identity_is_same_package(&ids->list.ptr[0], &package->identity))
                return FAIL(CBS_E_CANNOT_UNINSTALL, "%s needs %s", p->text, package->text);
        }
    }
    return S_OK;
}

/* The highest version that this one had superseded; NULL: none. */
static struct package *version_before(const struct packages *packages,
                                      const struct package *package)
{
    struct package *best = NULL;
    uint64_t highest = 0, version;
    for (size_t i = 0; i < packages->list.len; i++) {
        struct package *p = &packages->list.ptr[i];
        if (p == package || package_state(p) != DismStateSuperseded ||
            !identity_is_same_package(&p->identity, &package->identity) ||
            !version_parse(p->identity.version, &version) || (best && version < highest))
            continue;
        best = p;
        highest = version;
    }
    return best;
}

static HRESULT is_used_by_others(struct winimage *image, const struct packages *packages,
                                 const struct package *package, const struct identity *component,
                                 bool *out)
{
    *out = false;
    for (size_t i = 0; i < packages->list.len && !*out; i++) {
        struct package *p = &packages->list.ptr[i];
        const struct manifest *m;
        if (p == package || package_state(p) == DismStateNotPresent)
            continue;
        TRY(package_manifest(image, p, &m));
        for (size_t u = 0; m && u < m->updates.len && !*out; u++)
            for (size_t k = 0; k < m->updates.ptr[u].components.list.len && !*out; k++)
                *out = identity_equal(&m->updates.ptr[u].components.list.ptr[k], component);
    }
    return S_OK;
}

static HRESULT take_away_components(struct winimage *image, struct change *change,
                                    const struct packages *packages, struct package *package,
                                    const struct manifest *manifest)
{
    for (size_t u = 0; u < manifest->updates.len; u++) {
        const struct identities *list = &manifest->updates.ptr[u].components;
        for (size_t k = 0; k < list->list.len; k++) {
            bool is_used = false;
            TRY(is_used_by_others(image, packages, package, &list->list.ptr[k], &is_used));
            if (is_used)
                continue;
            TRY(projection_remove(image, change, &list->list.ptr[k]));
            TRY(projection_forget(image, change, &list->list.ptr[k]));
        }
    }
    return S_OK;
}

static HRESULT bring_back(struct winimage *image, struct change *change, struct hive *hive,
                          struct package *before)
{
    const struct manifest *manifest;
    TRY(package_manifest(image, before, &manifest));
    for (size_t u = 0; manifest && u < manifest->updates.len; u++) {
        const struct manifest_update *update = &manifest->updates.ptr[u];
        bool is_on = !update->is_feature ||
                     package_keys_selection(hive, before->text, update->name) == SELECTION_ON;
        for (size_t k = 0; is_on && k < update->components.list.len; k++)
            TRY(projection_add(image, change, &update->components.list.ptr[k]));
    }
    return package_keys_set_state(hive, before->text, CBS_INSTALLED);
}

static HRESULT remove_files(struct winimage *image, struct change *change, const char *text)
{
    AUTO_FREE char *mum = package_file(image, text, ".mum");
    AUTO_FREE char *cat = package_file(image, text, ".cat");
    if (!mum || !cat)
        return FAIL_MEMORY();
    TRY(change_remove(change, mum));
    return change_remove(change, cat);
}

static HRESULT remove_now(struct winimage *image, struct change *change,
                          const struct packages *packages, struct package *package)
{
    const struct manifest *manifest;
    struct hive *hive;
    TRY(change_hive(change, HIVE_SOFTWARE, &hive));
    TRY(package_manifest(image, package, &manifest));
    if (manifest)
        TRY(take_away_components(image, change, packages, package, manifest));
    TRY(remove_files(image, change, package->text));
    TRY(package_keys_delete(hive, package->text, manifest));
    TRY(pending_drop_package(hive, package->text));
    struct package *before =
        package_is_installed(package) || package->current_state == CBS_UNINSTALL_PENDING
            ? version_before(packages, package)
            : NULL;
    return before ? bring_back(image, change, hive, before) : S_OK;
}

HRESULT package_remove(struct winimage *image, struct change *change, struct package *package,
                       struct package_outcome *outcome)
{
    struct packages *packages;
    const struct manifest *manifest;
    struct hive *hive;
    TRY(packages_of(image, &packages));
    TRY(check_removable(image, packages, package));
    TRY(package_manifest(image, package, &manifest));
    bool needs_restart = image->is_online && manifest &&
                         package_state(package) == DismStateInstalled &&
                         manifest_restart_type(manifest->restart) == DismRestartRequired;
    if (!needs_restart)
        return remove_now(image, change, packages, package);
    TRY(change_hive(change, HIVE_SOFTWARE, &hive));
    TRY(package_keys_set_state(hive, package->text, CBS_UNINSTALL_PENDING));
    TRY(pending_add_package(hive, package->text));
    outcome->needs_restart = true;
    outcome->is_pending = true;
    return S_OK;
}
