/* SPDX-License-Identifier: MIT */
/*
 * mounts.c - transactions on the registry and questions about its records. Reading and writing the
 * JSON is mounts_file.c.
 */
#include "mounts.h"

#include <stdio.h>
#include <string.h>

#include "activity.h"
#include "dism_codes.h"
#include "error.h"
#include "image.h"
#include "mounts_file.h"
#include "path.h"
#include "settings.h"
#include "text.h"
#include "trace.h"

static struct os_mutex
    process_lock; /* the lock file's locks are per open file; one open at a time */

void mount_clear(struct mount *mount)
{
    mem_free(mount->id);
    mem_free(mount->image_path);
    mem_free(mount->mount_path);
    mem_free(mount->mount_path_given);
    mem_free(mount->image_path_given);
    mem_free(mount->engine);
    mem_free(mount->boot);
    mem_free(mount->aside);
    *mount = (struct mount){0};
}

static bool copy_text(const char *from, char **to)
{
    *to = from ? mem_dup(from) : NULL;
    return !from || *to;
}

HRESULT mount_copy(const struct mount *from, struct mount *to)
{
    *to = *from;
    bool ok = copy_text(from->id, &to->id);
    ok = copy_text(from->image_path, &to->image_path) && ok;
    ok = copy_text(from->mount_path, &to->mount_path) && ok;
    ok = copy_text(from->mount_path_given, &to->mount_path_given) && ok;
    ok = copy_text(from->image_path_given, &to->image_path_given) && ok;
    ok = copy_text(from->engine, &to->engine) && ok;
    ok = copy_text(from->boot, &to->boot) && ok;
    ok = copy_text(from->aside, &to->aside) && ok;
    if (ok)
        return S_OK;
    mount_clear(to);
    return FAIL_MEMORY();
}

static void clear_list(struct mounts *m)
{
    for (size_t i = 0; i < m->list.len; i++)
        mount_clear(&m->list.ptr[i]);
    vec_clear(&m->list);
    mem_free(m->boot);
}

/* The boot the machine is in: the system's own id and how often a restart was simulated. */
static HRESULT boot_now(unsigned reboots, char **out)
{
    AUTO_FREE char *id = NULL;
    TRY(os_boot_id(&id));
    *out = mem_format("%s/%u", id, reboots);
    return *out ? S_OK : FAIL_MEMORY();
}

/* A mount of an earlier boot has lost its tree from the folder, as mounts do. */
static HRESULT notice_restart(struct mounts *m)
{
    bool changed = false;
    for (size_t i = 0; i < m->list.len; i++) {
        struct mount *mount = &m->list.ptr[i];
        if (mount->state != MOUNT_OK || text_equal(mount->boot, m->boot))
            continue;
        /* A tree that cannot be moved must not close the whole registry: it is tried again next
         * time, unless a part of it was moved. */
        HRESULT hr = image_engine_of(mount)->suspend(mount);
        if (FAILED(hr))
            trace(TRACE_MOUNTS, "%s cannot be taken away: %s", mount->mount_path,
                  error_last()->text);
        changed = changed || hr != S_FALSE;
    }
    return changed ? mounts_save(m) : S_OK;
}

static HRESULT load(struct mounts *m)
{
    AUTO_FREE char *path = NULL;
    TRY(settings_state_path("registry.lock", &path));
    TRY(os_open(path, OS_WRITE | OS_CREATE, &m->lock));
    TRY(os_lock_file(m->lock, OS_LOCK_WAIT));
    TRY(mounts_file_read(m));
    TRY(boot_now(m->reboots, &m->boot));
    return notice_restart(m);
}

HRESULT mounts_open(struct mounts *m)
{
    *m = (struct mounts){0};
    os_mutex_lock(&process_lock);
    HRESULT hr = load(m);
    if (FAILED(hr)) {
        clear_list(m);
        if (m->lock)
            os_close(m->lock);
        *m = (struct mounts){0};
        os_mutex_unlock(&process_lock);
    }
    return hr;
}

void mounts_close(struct mounts *m)
{
    if (!m->lock)
        return;
    clear_list(m);
    os_close(m->lock);
    *m = (struct mounts){0};
    os_mutex_unlock(&process_lock);
}

HRESULT mounts_save(struct mounts *m)
{
    return mounts_file_write(m);
}

struct mount *mounts_find_path(struct mounts *m, const char *mount_path)
{
    for (size_t i = 0; i < m->list.len; i++)
        if (path_equal(m->list.ptr[i].mount_path, mount_path))
            return &m->list.ptr[i];
    return NULL;
}

struct mount *mounts_find_id(struct mounts *m, const char *id)
{
    for (size_t i = 0; i < m->list.len; i++)
        if (text_equal(m->list.ptr[i].id, id))
            return &m->list.ptr[i];
    return NULL;
}

struct mount *mounts_add(struct mounts *m)
{
    unsigned char random[16];
    char id[37];
    os_random(random, sizeof random);
    snprintf(id, sizeof id, "%02x%02x%02x%02x-%02x%02x-4%x%02x-a%x%02x-%02x%02x%02x%02x%02x%02x",
             random[0], random[1], random[2], random[3], random[4], random[5], random[6] & 15,
             random[7], random[8] & 15, random[9], random[10], random[11], random[12], random[13],
             random[14], random[15]);
    struct mount *mount = vec_push(&m->list);
    if (!mount)
        return NULL;
    mount->id = mem_dup(id);
    mount->boot = mem_dup(m->boot);
    if (mount->id && mount->boot)
        return mount;
    mounts_remove(m, mount);
    return NULL;
}

void mounts_remove(struct mounts *m, struct mount *mount)
{
    mount_clear(mount);
    vec_remove(&m->list, mount - m->list.ptr);
}

void mount_claim(struct mount *mount, enum mount_state state)
{
    mount->state = state;
    mount->owner_pid = os_pid();
    mount->owner_start = os_process_start_time(mount->owner_pid);
    mount->owner_call = activity_serial();
}

HRESULT mounts_forget(const char *id)
{
    AUTO_MOUNTS struct mounts m = {0};
    TRY(mounts_open(&m));
    struct mount *mount = mounts_find_id(&m, id);
    if (!mount)
        return S_OK;
    mounts_remove(&m, mount);
    return mounts_save(&m);
}

HRESULT mounts_mark(const char *id, enum mount_state state)
{
    AUTO_MOUNTS struct mounts m = {0};
    TRY(mounts_open(&m));
    struct mount *mount = mounts_find_id(&m, id);
    if (!mount)
        return FAIL(WIMGAPI_E_MOUNT_NOT_FOUND, "the record of the mount is gone");
    mount_claim(mount, state);
    return mounts_save(&m);
}

HRESULT mounts_mark_mounted(const struct mount *ours)
{
    AUTO_MOUNTS struct mounts m = {0};
    TRY(mounts_open(&m));
    struct mount *mount = mounts_find_id(&m, ours->id);
    if (!mount)
        return FAIL(WIMGAPI_E_MOUNT_NOT_FOUND, "the record of the mount is gone");
    char *engine = mem_dup(ours->engine);
    if (!engine)
        return FAIL_MEMORY();
    mem_free(mount->engine);
    mount->engine = engine;
    mount->live = ours->live;
    mount_claim(mount, MOUNT_OK);
    return mounts_save(&m);
}

static bool is_work(enum mount_state state)
{
    return state == MOUNT_MOUNTING || state == MOUNT_COMMITTING || state == MOUNT_UNMOUNTING;
}

bool mount_is_busy(const struct mount *mount)
{
    if (!is_work(mount->state) || mount->owner_start == 0 ||
        os_process_start_time(mount->owner_pid) != mount->owner_start)
        return false;
    return !mount_is_ours(mount) || mount->owner_call == 0 || activity_runs(mount->owner_call);
}

bool mount_is_ours(const struct mount *mount)
{
    return mount->owner_pid == os_pid();
}

bool mount_has_its_folder(const struct mount *mount)
{
    struct os_stat now;
    return SUCCEEDED(os_lstat(mount->mount_path, &now)) && now.type == OS_TYPE_DIRECTORY &&
           now.device == mount->folder_device && now.inode == mount->folder_inode;
}

/* The mapping of real-behaviour 1.3: no image file, no folder, another folder in its place, or left
 * over half way: Invalid. */
DismMountStatus mount_status(const struct mounts *m, const struct mount *mount)
{
    bool is_left_over = is_work(mount->state) && !mount_is_busy(mount);
    if (mount->state == MOUNT_PARTIAL || mount->state == MOUNT_INVALID ||
        (is_left_over && mount->state != MOUNT_COMMITTING))
        return DismMountStatusInvalid;
    if (mount->state == MOUNT_MOUNTING)
        return DismMountStatusInvalid; /* wimgapi's MOUNTING folds to Invalid */
    enum tree_place place = image_engine_of(mount)->place(mount);
    if (!os_is_file(mount->image_path) || place == TREE_LOST)
        return DismMountStatusInvalid;
    return text_equal(mount->boot, m->boot) && place == TREE_IN_PLACE ? DismMountStatusOk
                                                                      : DismMountStatusNeedsRemount;
}

HRESULT mount_side_path(const struct mount *mount, const char *name, char **out)
{
    AUTO_FREE char *all = NULL, *own = NULL;
    TRY(settings_state_path("mounts", &all));
    TRY(path_join(all, mount->id, &own));
    if (!name) {
        *out = TAKE(own);
        return S_OK;
    }
    return path_join(own, name, out);
}

/* ---- restarts ---- */

HRESULT mounts_reboot(void)
{
    AUTO_MOUNTS struct mounts m = {0};
    TRY(mounts_open(&m));
    m.reboots++;
    mem_free(m.boot);
    m.boot = NULL;
    TRY(boot_now(m.reboots, &m.boot));
    TRY(mounts_save(&m));
    return notice_restart(&m);
}

const char *mount_state_name(enum mount_state state)
{
    return mounts_file_state_name(state);
}
