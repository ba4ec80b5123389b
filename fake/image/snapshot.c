/* SPDX-License-Identifier: MIT */
/*
 * snapshot.c - see snapshot.h. In the file:
 *
 *   about.json           version, the boot, which image files were as their mount knew them
 *   registry.json, world.json, faults.json, releases, online, online-boot, drives   as in the state
 * folder mounts/ID/           manifest, tail, upper, and "then": what the tree was when it was kept
 *   trees/.dismfake-ID   the tree of an `extract` mount
 *   images/.dismfake-image-ID   the image file of a mount
 *
 * Copies have other inodes and times, so what was unchanged then has to be made unchanged again
 * (tree_accept_copied). An `extract` tree is unpacked to where a restart puts it, and from there
 * every mount comes back by its engine's `restore`, as DismRemountImage does it.
 */
#include "snapshot.h"

#include <string.h>

#include "claim.h"
#include "dism_codes.h"
#include "error.h"
#include "image.h"
#include "json.h"
#include "mounts_file.h"
#include "path.h"
#include "settings.h"
#include "text.h"
#include "wim_commit.h"

enum { VERSION = 1 };

/* What is kept of the state folder as it is. */
static const char *const kept[] = {"world.json", "faults.json", "releases",
                                   "online",     "online-boot", "drives"};
enum { KEPT = sizeof kept / sizeof *kept };
/* What is kept of a mount's side folder. */
static const char *const sides[] = {"manifest", "tail", "upper"};
enum { SIDES = sizeof sides / sizeof *sides };

static bool is_extract(const struct mount *mount)
{
    return text_equal(mount->engine, wim_extract_engine.name);
}

/* ---- saving ---- */

struct sources {
    VEC(struct wim_source) list;
    char *staging; /* what is made for the archive alone */
};

static void sources_clear(struct sources *s)
{
    for (size_t i = 0; i < s->list.len; i++) {
        mem_free(s->list.ptr[i].path);
        mem_free(s->list.ptr[i].name);
    }
    vec_clear(&s->list);
    if (s->staging && os_exists(s->staging))
        (void)os_remove_tree(s->staging, true);
    mem_free(s->staging);
}

/* Left out if there is nothing. Takes `name` over. */
static HRESULT add(struct sources *s, const char *path, char *name)
{
    AUTO_FREE char *owned = name;
    if (!name)
        return FAIL_MEMORY();
    if (!os_exists(path))
        return S_OK;
    struct wim_source *source = vec_push(&s->list);
    if (!source)
        return FAIL_MEMORY();
    source->path = mem_dup(path);
    source->name = TAKE(owned);
    return source->path ? S_OK : FAIL_MEMORY();
}

static HRESULT add_state(struct sources *s)
{
    for (size_t i = 0; i < KEPT; i++) {
        AUTO_FREE char *path = NULL;
        TRY(settings_state_path(kept[i], &path));
        TRY(add(s, path, mem_dup(kept[i])));
    }
    AUTO_FREE char *registry = NULL;
    TRY(settings_state_path("registry.json", &registry));
    return add(s, registry, mem_dup("registry.json"));
}

/* The root of what a manifest speaks of. */
static HRESULT tree_root(const struct mount *mount, char **out)
{
    if (!is_extract(mount))
        return mount_side_path(mount, "upper", out);
    *out = mem_dup(mount->aside ? mount->aside : mount->mount_path);
    return *out ? S_OK : FAIL_MEMORY();
}

static HRESULT note_tree(struct sources *s, const struct mount *mount)
{
    AUTO_FREE char *root = NULL, *path = NULL;
    AUTO_TREE struct tree then = {0};
    TRY(tree_root(mount, &root));
    if (!os_is_directory(root))
        return S_OK;
    TRY(tree_scan(root, &then, NULL, NULL));
    TRY(path_join(s->staging, mount->id, &path));
    TRY(tree_save(&then, path));
    return add(s, path, mem_format("mounts/%s/then", mount->id));
}

static HRESULT add_mount(struct sources *s, const struct mount *mount)
{
    AUTO_FREE char *root = NULL;
    if (mount_is_busy(mount))
        return FAIL(HR_WIN32(ERROR_BUSY), "process %u is working on the mount at %s",
                    mount->owner_pid, mount->mount_path_given);
    for (size_t i = 0; i < SIDES; i++) {
        AUTO_FREE char *path = NULL;
        TRY(mount_side_path(mount, sides[i], &path));
        TRY(add(s, path, mem_format("mounts/%s/%s", mount->id, sides[i])));
    }
    TRY(note_tree(s, mount));
    TRY(tree_root(mount, &root));
    if (is_extract(mount) && (mount->aside || mount_has_its_folder(mount)))
        TRY(add(s, root, mem_format("trees/.dismfake-%s", mount->id)));
    return add(s, mount->image_path, mem_format("images/.dismfake-image-%s", mount->id));
}

static bool image_is_known(const struct mount *mount)
{
    struct image_stamp now;
    return SUCCEEDED(image_stamp_of(mount->image_path, &now)) &&
           image_stamp_equal(&now, &mount->stamp);
}

static HRESULT add_about(struct sources *s, const struct mounts *m)
{
    AUTO_FREE char *path = NULL;
    AUTO_JSON struct json *about = json_new_object();
    struct json *known = json_new_array();
    for (size_t i = 0; i < m->list.len; i++)
        if (image_is_known(&m->list.ptr[i]))
            json_push(known, json_new_string(m->list.ptr[i].id));
    json_set_number(about, "version", VERSION);
    json_set_string(about, "boot", m->boot);
    json_set(about, "knownImages", known);
    AUTO_FREE char *text = json_print_pretty(about);
    if (!text)
        return FAIL_MEMORY();
    TRY(path_join(s->staging, "about.json", &path));
    TRY(os_write_file_atomic(path, text, strlen(text)));
    return add(s, path, mem_dup("about.json"));
}

HRESULT snapshot_save(const char *file)
{
    struct sources s AUTO(sources_clear) = {0};
    AUTO_MOUNTS struct mounts m = {0};
    TRY(settings_state_path("saving", &s.staging));
    TRY(os_make_directories(s.staging));
    TRY(mounts_open(&m));
    TRY(mounts_save(&m)); /* a registry there is, even if nothing was ever mounted */
    TRY(add_about(&s, &m));
    TRY(add_state(&s));
    for (size_t i = 0; i < m.list.len; i++)
        TRY(add_mount(&s, &m.list.ptr[i]));
    return wim_archive(file, s.list.ptr, s.list.len);
}

/* ---- restoring ---- */

struct restoring {
    const char *file;
    char *staging;
    struct json *about;
    struct mounts then; /* the records as they were; no transaction */
};

static void restoring_clear(struct restoring *r)
{
    for (size_t i = 0; i < r->then.list.len; i++)
        mount_clear(&r->then.list.ptr[i]);
    vec_clear(&r->then.list);
    json_free(r->about);
    if (r->staging && os_exists(r->staging))
        (void)os_remove_tree(r->staging, true);
    mem_free(r->staging);
}

static HRESULT read_about(struct restoring *r)
{
    AUTO_FREE char *path = NULL, *text = NULL;
    size_t size;
    uint64_t version = 0;
    TRY(path_join(r->staging, "about.json", &path));
    if (!os_is_file(path))
        return FAIL(HR_WIN32(ERROR_INVALID_DATA), "%s holds no kept world", r->file);
    TRY(os_read_file(path, &text, &size));
    TRY(json_parse(text, size, &r->about));
    TRY(json_need_u64(r->about, "version", "", &version));
    return version == VERSION
               ? S_OK
               : FAIL(HR_WIN32(ERROR_INVALID_DATA), "%s is of version %llu, which is not known",
                      r->file, (unsigned long long)version);
}

static HRESULT unpack_state(struct restoring *r)
{
    static const char *const names[] = {"about.json", "registry.json", "mounts",
                                        "world.json", "faults.json",   "releases",
                                        "online",     "online-boot",   "drives"};
    AUTO_FREE char *registry = NULL;
    if (os_exists(r->staging))
        TRY(os_remove_tree(r->staging, true));
    TRY(os_make_directories(r->staging));
    TRY(wim_unarchive(r->file, r->staging, names, sizeof names / sizeof *names, true));
    TRY(read_about(r));
    TRY(path_join(r->staging, "registry.json", &registry));
    return mounts_file_read_from(registry, &r->then);
}

/* The mount path of the n-th mount of now, NULL behind the last one; caller's. */
static HRESULT path_now(size_t n, char **out)
{
    AUTO_MOUNTS struct mounts m = {0};
    TRY(mounts_open(&m));
    *out = n < m.list.len ? mem_dup(m.list.ptr[n].mount_path) : NULL;
    return *out || n >= m.list.len ? S_OK : FAIL_MEMORY();
}

/* Claims are taken with no other lock held. */
static HRESULT check_sessions(void)
{
    for (size_t n = 0;; n++) {
        AUTO_FREE char *path = NULL;
        TRY(path_now(n, &path));
        if (!path)
            return S_OK;
        TRY(claim_check(path));
    }
}

/* What lies in a mount folder now must belong to a mount of now, which is about to go. */
static HRESULT check_folders(const struct restoring *r)
{
    AUTO_MOUNTS struct mounts m = {0};
    TRY(mounts_open(&m));
    for (size_t i = 0; i < r->then.list.len; i++) {
        const char *folder = r->then.list.ptr[i].mount_path;
        if (os_exists(folder) && !mounts_find_path(&m, folder) && !os_is_empty_directory(folder))
            return FAIL(WIMGAPI_E_DIR_NOT_EMPTY, "the folder %s is not empty", folder);
    }
    return S_OK;
}

static HRESULT unpack(const struct restoring *r, const char *folder, const char *format,
                      const char *id)
{
    AUTO_FREE char *name = mem_format("%s%s", format, id);
    const char *names[] = {name};
    return name ? wim_unarchive(r->file, folder, names, 1, false) : FAIL_MEMORY();
}

static bool was_known(const struct restoring *r, const struct mount *mount)
{
    const struct json *known = json_get(r->about, "knownImages");
    for (const struct json *id = json_first(known); id; id = json_next(id))
        if (text_equal(json_string(id), mount->id))
            return true;
    return false;
}

/* The image file with the content of then; untouched if it has it. */
static HRESULT bring_image(const struct restoring *r, struct mount *mount)
{
    AUTO_FREE char *parent = NULL, *beside = NULL;
    AUTO_FREE char *name = mem_format(".dismfake-image-%s", mount->id);
    if (!name)
        return FAIL_MEMORY();
    if (was_known(r, mount) && image_is_known(mount))
        return S_OK;
    TRY(path_parent(mount->image_path, &parent));
    TRY(os_make_directories(parent));
    TRY(path_join(parent, name, &beside));
    TRY(unpack(r, parent, "images/.dismfake-image-", mount->id));
    if (os_is_file(beside))
        TRY(os_rename(beside, mount->image_path));
    return was_known(r, mount) ? image_stamp_of(mount->image_path, &mount->stamp) : S_OK;
}

static HRESULT accept_copy(const struct restoring *r, const struct mount *mount, const char *root)
{
    AUTO_FREE char *manifest = NULL, *then_path = NULL;
    AUTO_FREE char *name = mem_format("mounts/%s/then", mount->id);
    AUTO_TREE struct tree old = {0}, then = {0}, now = {0};
    TRY(mount_side_path(mount, "manifest", &manifest));
    if (!name)
        return FAIL_MEMORY();
    TRY(path_join(r->staging, name, &then_path));
    if (!os_is_file(manifest) || !os_is_file(then_path) || !os_is_directory(root))
        return S_OK;
    TRY(tree_load(manifest, &old));
    TRY(tree_load(then_path, &then));
    TRY(tree_scan(root, &now, NULL, NULL));
    tree_accept_copied(&old, &then, &now);
    return tree_keep(&old, manifest, root);
}

static HRESULT bring_sides(const struct restoring *r, const struct mount *mount)
{
    AUTO_FREE char *side = NULL;
    TRY(mount_side_path(mount, NULL, &side));
    TRY(os_make_directories(side));
    for (size_t i = 0; i < SIDES; i++) {
        AUTO_FREE char *from = NULL, *to = NULL;
        AUTO_FREE char *name = mem_format("mounts/%s/%s", mount->id, sides[i]);
        if (!name)
            return FAIL_MEMORY();
        TRY(path_join(r->staging, name, &from));
        TRY(mount_side_path(mount, sides[i], &to));
        if (os_exists(from))
            TRY(os_rename(from, to));
    }
    return S_OK;
}

static HRESULT bring_tree(const struct restoring *r, struct mount *mount)
{
    AUTO_FREE char *parent = NULL, *root = NULL;
    if (is_extract(mount)) {
        AUTO_FREE char *name = mem_format(".dismfake-%s", mount->id);
        if (!name)
            return FAIL_MEMORY();
        TRY(path_parent(mount->mount_path, &parent));
        mem_free(mount->aside);
        mount->aside = NULL;
        TRY(path_join(parent, name, &mount->aside));
        TRY(unpack(r, parent, "trees/.dismfake-", mount->id));
    }
    TRY(tree_root(mount, &root));
    return accept_copy(r, mount, root);
}

/* Mounted, needing a remount, invalid: what it was then. */
static HRESULT bring_mount(const struct restoring *r, struct mount *mount, const char *boot)
{
    struct os_stat folder;
    TRY(os_make_directories(mount->mount_path));
    TRY(os_stat(mount->mount_path, &folder));
    mount->folder_device = folder.device;
    mount->folder_inode = folder.inode;
    mount->live = (struct live_mount){0};
    TRY(bring_image(r, mount));
    TRY(bring_sides(r, mount));
    TRY(bring_tree(r, mount));
    bool waits = !text_equal(mount->boot, json_string(json_get(r->about, "boot")));
    mem_free(mount->boot);
    mount->boot = mem_dup(waits ? "an earlier one" : boot);
    if (!mount->boot)
        return FAIL_MEMORY();
    return mount->state == MOUNT_OK && !waits ? image_engine_of(mount)->restore(mount) : S_OK;
}

static HRESULT bring_state(const struct restoring *r)
{
    for (size_t i = 0; i < KEPT; i++) {
        AUTO_FREE char *from = NULL, *to = NULL;
        TRY(path_join(r->staging, kept[i], &from));
        TRY(settings_state_path(kept[i], &to));
        if (os_exists(to))
            TRY(os_is_directory(to) ? os_remove_tree(to, true) : os_remove_file(to));
        if (os_exists(from))
            TRY(os_rename(from, to));
    }
    return S_OK;
}

static HRESULT bring_mounts(struct restoring *r)
{
    AUTO_MOUNTS struct mounts m = {0};
    TRY(mounts_open(&m));
    for (size_t i = 0; i < r->then.list.len; i++) {
        TRY(bring_mount(r, &r->then.list.ptr[i], m.boot));
        struct mount *slot = vec_push(&m.list);
        if (!slot)
            return FAIL_MEMORY();
        TRY(mount_copy(&r->then.list.ptr[i], slot));
        TRY(mounts_save(&m)); /* one by one: what is mounted is known */
    }
    return S_OK;
}

HRESULT snapshot_restore(const char *file, HRESULT (*forget)(void))
{
    struct restoring r AUTO(restoring_clear) = {.file = file};
    TRY(settings_state_path("restoring", &r.staging));
    TRY(unpack_state(&r));
    TRY(check_sessions());
    TRY(check_folders(&r));
    TRY(forget());
    TRY(bring_state(&r));
    return bring_mounts(&r);
}
