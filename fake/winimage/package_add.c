/* SPDX-License-Identifier: MIT */
/*
 * package_add.c - package_change.h: adding, at once and after a restart.
 *
 * The package is read twice from its beginning to its end: its manifests, which say what is in it,
 * and then its payload, each file once.
 */
#include <string.h>

#include "clock.h"
#include "component_use.h"
#include "dism_codes.h"
#include "driver_change.h"
#include "error.h"
#include "feature.h"
#include "os.h"
#include "package_change.h"
#include "package_keys.h"
#include "path.h"
#include "pending.h"
#include "projection.h"
#include "text.h"

#define LARGEST_FILE ((size_t)2 << 30)
#define COMPONENT ".manifest"
#define UNPACKED_AT                                                                                \
    "C:\\Windows\\CbsTemp\\" /* as Windows notes it, also in an image of another drive */
#define DEEPEST 64           /* features below features */

/* A component that the package brings. */
struct carried {
    char *key;
    struct component *component;
    bool is_in_use; /* its files go where they belong, too */
    size_t files_seen;
};

struct adding {
    struct winimage *image;
    struct change *change;
    const struct package_source *source;
    struct hive *hive;
    struct package *before; /* the installed version that this one supersedes; NULL: none */
    bool is_pending;
    VEC(struct carried) carried;
};

static void adding_clear(struct adding *a)
{
    for (size_t i = 0; i < a->carried.len; i++) {
        mem_free(a->carried.ptr[i].key);
        component_free(a->carried.ptr[i].component);
    }
    vec_clear(&a->carried);
}

static HRESULT read_entry(const struct adding *a, size_t index, uint8_t **bytes, size_t *size)
{
    return archive_read(a->source->archive, index, LARGEST_FILE, bytes, size);
}

static const char *entry_name(const struct adding *a, size_t index)
{
    return archive_entry(a->source->archive, index)->name;
}

/* ---- manifests ---- */

static HRESULT carry(struct adding *a, const char *name, const void *bytes, size_t size)
{
    AUTO_COMPONENT struct component *component = NULL;
    TRY(component_read(a->image, bytes, size, name, &component));
    AUTO_FREE char *key = mem_dup_n(name, strlen(name) - strlen(COMPONENT));
    AUTO_FREE char *place = key ? component_manifest_place(a->image, key) : NULL;
    struct carried *c = place ? vec_push(&a->carried) : NULL;
    if (!c)
        return FAIL_MEMORY();
    *c = (struct carried){.key = TAKE(key), .component = TAKE(component)};
    return change_write(a->change, place, bytes, size);
}

/* Manifest and catalogue lie under the package's name. What is for searching and describing stays
 * behind. */
static HRESULT take_manifest(struct adding *a, size_t index)
{
    const char *name = entry_name(a, index);
    const char *as = text_equal_nocase(name, "update.mum")   ? ".mum"
                     : text_equal_nocase(name, "update.cat") ? ".cat"
                                                             : NULL;
    bool is_component = text_ends_nocase(name, COMPONENT);
    AUTO_FREE uint8_t *bytes = NULL;
    size_t size;
    if (strchr(name, '/') || (!as && !is_component))
        return S_OK;
    TRY(read_entry(a, index, &bytes, &size));
    if (is_component)
        return carry(a, name, bytes, size);
    AUTO_FREE char *place = package_file(a->image, a->source->text, as);
    return place ? change_write(a->change, place, bytes, size) : FAIL_MEMORY();
}

static struct carried *find_carried(const struct adding *a, const struct identity *identity)
{
    for (size_t i = 0; i < a->carried.len; i++)
        if (identity_equal(&a->carried.ptr[i].component->identity, identity))
            return &a->carried.ptr[i];
    return NULL;
}

/* A new version rests upon the one before: that has to be whole. */
static HRESULT check_store(const struct adding *a, const struct identity *identity)
{
    AUTO_COMPONENT_KEYS struct component_keys others = {0};
    TRY(component_other_versions(a->image, identity, &others));
    for (size_t i = 0; i < others.list.len; i++) {
        AUTO_COMPONENT struct component *other = NULL;
        HRESULT hr = component_read_key(a->image, others.list.ptr[i], &other);
        if (hr == HR_WIN32(ERROR_INVALID_DATA))
            return FAIL(HR_WIN32(ERROR_SXS_COMPONENT_STORE_CORRUPT),
                        "the manifest %s of the component store is damaged", others.list.ptr[i]);
        TRY(hr);
        if (identity_is_same_package(&other->identity, identity))
            TRY(component_check_intact(a->image, others.list.ptr[i], other));
    }
    return S_OK;
}

static HRESULT take_manifests(struct adding *a)
{
    for (size_t i = 0; i < archive_count(a->source->archive); i++)
        TRY(take_manifest(a, i));
    for (size_t i = 0; i < a->carried.len; i++)
        TRY(check_store(a, &a->carried.ptr[i].component->identity));
    return S_OK;
}

/* ---- what is in use ---- */

static const struct manifest_update *update_of_name(const struct manifest *m, const char *name)
{
    for (size_t i = 0; i < m->updates.len; i++)
        if (m->updates.ptr[i].is_feature && text_equal_nocase(m->updates.ptr[i].name, name))
            return &m->updates.ptr[i];
    return NULL;
}

static HRESULT starts_on(const struct adding *a, const struct manifest_update *update,
                         unsigned depth, bool *out);

static HRESULT is_parent_on(const struct adding *a, const char *name, unsigned depth, bool *out)
{
    const struct manifest_update *own = update_of_name(a->source->manifest, name);
    const struct features *features;
    if (own)
        return starts_on(a, own, depth + 1, out);
    TRY(features_of(a->image, &features));
    const struct feature *feature = features_find(features, name, NULL);
    *out = false;
    return feature ? feature_is_on(a->image, feature, out) : S_OK;
}

/* Is it on as soon as the package is? Payload is, and a feature that says so, or was on in the
 * version before. */
static HRESULT starts_on(const struct adding *a, const struct manifest_update *update,
                         unsigned depth, bool *out)
{
    uint32_t selection;
    TRY(package_keys_selection(a->hive, a->source->text, update->name, &selection));
    *out = !update->is_feature || selection == SELECTION_ON;
    if (!update->is_feature || selection != SELECTION_DEFAULT || !update->is_on_by_default)
        return S_OK;
    *out = update->parents.len == 0;
    for (size_t i = 0; i < update->parents.len && !*out && depth < DEEPEST; i++)
        TRY(is_parent_on(a, update->parents.ptr[i], depth, out));
    return S_OK;
}

static HRESULT put_in_use(struct adding *a, const struct identity *identity)
{
    struct carried *carried = find_carried(a, identity);
    const struct component_users users = {.without = a->before};
    bool newest;
    if (a->is_pending)
        return S_OK;
    TRY(component_is_newest(a->image, identity, &users, &newest));
    if (carried)
        carried->is_in_use = newest;
    return carried || !newest ? S_OK : projection_add(a->image, a->change, identity);
}

static HRESULT find_in_use(struct adding *a)
{
    const struct manifest *m = a->source->manifest;
    for (size_t i = 0; i < m->updates.len; i++) {
        const struct manifest_update *u = &m->updates.ptr[i];
        bool is_on;
        TRY(starts_on(a, u, 0, &is_on));
        for (size_t k = 0; is_on && k < u->components.list.len; k++)
            TRY(put_in_use(a, &u->components.list.ptr[k]));
    }
    return S_OK;
}

/* ---- payload ---- */

static const struct component_file *find_file(const struct component *component, const char *name)
{
    for (size_t i = 0; i < component->files.len; i++)
        if (text_equal_nocase(component->files.ptr[i].name, name))
            return &component->files.ptr[i];
    return NULL;
}

static HRESULT check_hash(const struct component_file *file, const char *name, const void *bytes,
                          size_t size)
{
    uint8_t sha256[SHA256_SIZE];
    hash_sha256(bytes, size, sha256);
    if (file->has_hash && memcmp(sha256, file->sha256, sizeof sha256) != 0)
        return FAIL(HR_WIN32(ERROR_INVALID_DATA), "%s is not what its manifest says", name);
    return S_OK;
}

static HRESULT write_payload(struct adding *a, size_t index, struct carried *carried)
{
    const char *name = entry_name(a, index), *slash = strchr(name, '/');
    const struct component_file *file = carried ? find_file(carried->component, slash + 1) : NULL;
    AUTO_FREE char *below = mem_format("WinSxS/%s", name);
    AUTO_FREE char *place = below ? winimage_below_windows(a->image, below) : NULL;
    AUTO_FREE uint8_t *bytes = NULL;
    size_t size;
    if (!place)
        return FAIL_MEMORY();
    TRY(read_entry(a, index, &bytes, &size));
    if (file) {
        carried->files_seen++;
        TRY(check_hash(file, name, bytes, size));
    }
    TRY(change_write(a->change, place, bytes, size));
    return file && file->place && carried->is_in_use
               ? change_write(a->change, file->place, bytes, size)
               : S_OK;
}

static struct carried *carried_of_key(const struct adding *a, const char *key)
{
    for (size_t i = 0; i < a->carried.len; i++)
        if (text_equal_nocase(key, a->carried.ptr[i].key))
            return &a->carried.ptr[i];
    return NULL;
}

static HRESULT take_payload(struct adding *a)
{
    for (size_t i = 0; i < archive_count(a->source->archive); i++) {
        const char *name = entry_name(a, i), *slash = strchr(name, '/');
        AUTO_FREE char *key = slash ? mem_dup_n(name, (size_t)(slash - name)) : NULL;
        if (slash && !key)
            return FAIL_MEMORY();
        if (slash)
            TRY(write_payload(a, i, carried_of_key(a, key)));
    }
    for (size_t i = 0; i < a->carried.len; i++) {
        const struct carried *c = &a->carried.ptr[i];
        if (c->files_seen < c->component->files.len)
            return FAIL(CBS_E_SOURCE_MISSING, "the package %s lacks files of %s", a->source->text,
                        c->key);
    }
    return S_OK;
}

/* ---- drivers ---- */

static bool has_drivers(const struct manifest *manifest)
{
    for (size_t i = 0; i < manifest->updates.len; i++)
        if (manifest->updates.ptr[i].drivers.len)
            return true;
    return false;
}

/* What lies beside the manifests belongs to drivers. */
static HRESULT unpack_drivers(const struct adding *a, const char *folder)
{
    for (size_t i = 0; i < archive_count(a->source->archive); i++) {
        const char *name = entry_name(a, i);
        AUTO_FREE char *path = NULL;
        AUTO_FREE uint8_t *bytes = NULL;
        size_t size;
        if (strchr(name, '/') || text_ends_nocase(name, COMPONENT))
            continue;
        TRY(path_join(folder, name, &path));
        TRY(read_entry(a, i, &bytes, &size));
        TRY(os_write_file_atomic(path, bytes, size));
    }
    return S_OK;
}

static HRESULT add_driver(const struct adding *a, const char *folder, const char *inf)
{
    AUTO_FREE char *path = NULL;
    if (strpbrk(inf, "/\\:") || path_flaw(inf))
        return FAIL(HR_WIN32(ERROR_INVALID_DATA), "'%s' is no name of an INF", inf);
    TRY(path_join(folder, inf, &path));
    if (!os_is_file(path))
        return FAIL(CBS_E_SOURCE_MISSING, "the package %s lacks its file %s", a->source->text, inf);
    AUTO_FREE char *came_from = mem_format(UNPACKED_AT "%s", a->source->text);
    return came_from ? driver_add(a->image, a->change, path, came_from, false) : FAIL_MEMORY();
}

/* They are in the driver store at once, and stay there when the package goes. */
static HRESULT take_drivers(const struct adding *a)
{
    const struct manifest *m = a->source->manifest;
    AUTO_FREE char *folder = NULL;
    if (!has_drivers(m))
        return S_OK;
    TRY(change_scratch(a->change, &folder));
    TRY(unpack_drivers(a, folder));
    for (size_t i = 0; i < m->updates.len; i++)
        for (size_t k = 0; k < m->updates.ptr[i].drivers.len; k++)
            TRY(add_driver(a, folder, m->updates.ptr[i].drivers.ptr[k]));
    return S_OK;
}

/* ---- the version before ---- */

/* The highest that is installed. */
static HRESULT find_before(struct winimage *image, const struct identity *identity,
                           struct package **out)
{
    struct packages *packages;
    uint64_t highest = 0, version;
    *out = NULL;
    TRY(packages_of(image, &packages));
    for (size_t i = 0; i < packages->list.len; i++) {
        struct package *p = &packages->list.ptr[i];
        if (!package_is_installed(p) || identity_equal(&p->identity, identity) ||
            !identity_is_same_package(&p->identity, identity) ||
            !version_parse(p->identity.version, &version) || (*out && version < highest))
            continue;
        *out = p;
        highest = version;
    }
    return S_OK;
}

/* What somebody has turned on or off stays so. */
static HRESULT inherit(const struct adding *a)
{
    const struct manifest *m = a->source->manifest;
    for (size_t i = 0; a->before && i < m->updates.len; i++) {
        const struct manifest_update *u = &m->updates.ptr[i];
        uint32_t selection;
        TRY(package_keys_selection(a->hive, a->before->text, u->name, &selection));
        if (u->is_feature && selection != SELECTION_DEFAULT)
            TRY(package_keys_select(a->hive, a->source->text, u->name, (enum selection)selection));
    }
    return S_OK;
}

static HRESULT end_with(struct hive *hive, const char *text, enum cbs_state state)
{
    TRY(package_keys_set_state(hive, text, state));
    return pending_drop_package(hive, text);
}

static HRESULT supersede(struct winimage *image, struct hive *hive, const struct identity *by)
{
    struct packages *packages;
    TRY(packages_of(image, &packages));
    for (size_t i = 0; i < packages->list.len; i++) {
        const struct package *p = &packages->list.ptr[i];
        if (package_is_installed(p) && identity_is_same_package(&p->identity, by) &&
            !identity_equal(&p->identity, by))
            TRY(end_with(hive, p->text, CBS_SUPERSEDED));
    }
    return S_OK;
}

/* ---- adding ---- */

static bool is_servicing_stack(const struct manifest *manifest)
{
    return strstr(manifest->identity.name, "ServicingStack") != NULL;
}

static HRESULT write_keys(const struct adding *a, bool needs_restart)
{
    AUTO_FREE char *location = mem_format("\\\\?\\" UNPACKED_AT "%s\\", a->source->text);
    if (!location)
        return FAIL_MEMORY();
    const struct package_record record = {a->source->text, a->source->manifest,
                                          needs_restart ? CBS_INSTALL_PENDING : CBS_INSTALLED,
                                          clock_now_filetime(), location};
    TRY(package_keys_write(a->hive, &record));
    if (!a->is_pending)
        TRY(supersede(a->image, a->hive, &a->source->manifest->identity));
    return needs_restart ? pending_add_package(a->hive, a->source->text)
                         : pending_drop_package(a->hive, a->source->text);
}

static HRESULT add(struct adding *a, bool needs_restart)
{
    TRY(change_hive(a->change, HIVE_SOFTWARE, &a->hive));
    TRY(find_before(a->image, &a->source->manifest->identity, &a->before));
    TRY(take_manifests(a));
    TRY(inherit(a));
    TRY(find_in_use(a));
    TRY(take_payload(a));
    TRY(take_drivers(a));
    return write_keys(a, needs_restart);
}

/* Online a restart that is required comes first. Offline everything is in place at once, but what
 * has to run in the image when it starts is left: Windows lists such a package as pending. */
HRESULT package_add(struct winimage *image, struct change *change,
                    const struct package_source *source, struct package_outcome *outcome)
{
    struct packages *packages;
    TRY(packages_of(image, &packages));
    const struct package *there = packages_find(packages, source->text);
    if (there && package_is_complete(there)) {
        outcome->needs_restart |=
            image->is_online && package_state(there) == DismStateInstallPending;
        return S_OK;
    }
    bool needs_restart = manifest_restart_type(source->manifest->restart) == DismRestartRequired;
    struct adding a AUTO(adding_clear) = {.image = image,
                                          .change = change,
                                          .source = source,
                                          .is_pending = needs_restart && image->is_online};
    TRY(add(&a, needs_restart));
    outcome->is_pending |= needs_restart;
    outcome->needs_restart |= a.is_pending;
    outcome->needs_reload |= is_servicing_stack(source->manifest);
    return S_OK;
}

/* Nothing of it is placed where it is used, as while a restart is due. */
HRESULT package_stage(struct winimage *image, struct change *change,
                      const struct package_source *source)
{
    struct packages *packages;
    TRY(packages_of(image, &packages));
    const struct package *there = packages_find(packages, source->text);
    if (there && (package_is_installed(there) || package_state(there) == DismStateStaged))
        return S_OK;
    struct adding a AUTO(adding_clear) = {
        .image = image, .change = change, .source = source, .is_pending = true};
    TRY(change_hive(change, HIVE_SOFTWARE, &a.hive));
    TRY(take_manifests(&a));
    TRY(take_payload(&a));
    TRY(write_keys(&a, false));
    return package_keys_set_state(a.hive, source->text, CBS_STAGED);
}

/* ---- what is staged ---- */

static HRESULT project_newest(struct winimage *image, struct change *change,
                              const struct identity *component, struct package *before)
{
    const struct component_users users = {.without = before};
    bool newest;
    TRY(component_is_newest(image, component, &users, &newest));
    return newest ? projection_add(image, change, component) : S_OK;
}

HRESULT package_finish_adding(struct winimage *image, struct change *change,
                              struct package *package)
{
    const struct manifest *m;
    struct package *before;
    struct hive *hive;
    TRY(change_hive(change, HIVE_SOFTWARE, &hive));
    TRY(package_manifest(image, package, &m));
    TRY(find_before(image, &package->identity, &before));
    for (size_t i = 0; m && i < m->updates.len; i++) {
        const struct manifest_update *u = &m->updates.ptr[i];
        bool is_on;
        TRY(update_is_on(image, package, u, &is_on));
        for (size_t k = 0; is_on && k < u->components.list.len; k++)
            TRY(project_newest(image, change, &u->components.list.ptr[k], before));
    }
    TRY(supersede(image, hive, &package->identity));
    return end_with(hive, package->text, CBS_INSTALLED);
}

HRESULT package_install_staged(struct winimage *image, struct change *change,
                               struct package *package, struct package_outcome *outcome)
{
    const struct manifest *manifest;
    struct hive *hive;
    TRY(package_manifest(image, package, &manifest));
    bool needs_restart =
        manifest && manifest_restart_type(manifest->restart) == DismRestartRequired;
    bool is_pending = needs_restart && image->is_online;
    if (!is_pending)
        TRY(package_finish_adding(image, change, package));
    outcome->is_pending |= needs_restart;
    outcome->needs_restart |= is_pending;
    if (!needs_restart)
        return S_OK;
    TRY(change_hive(change, HIVE_SOFTWARE, &hive));
    TRY(package_keys_set_state(hive, package->text, CBS_INSTALL_PENDING));
    return pending_add_package(hive, package->text);
}
