/* SPDX-License-Identifier: MIT */
/* wim_commit.c - see wim_commit.h. */
#include "wim_commit.h"

#include "disk_image.h"
#include "dism_codes.h"
#include "error.h"
#include "floor.h"
#include "image_file.h"
#include "log.h"
#include "path.h"
#include "saved_image.h"
#include "text.h"
#include "trace.h"
#include "wim_replay.h"
#include "worker.h"
#include "world.h"

#define LOCK_POLL_MS 10
/* How long a cut off commit's processes may take to end before a call goes on without a restored
 * image file; it is restored by a later one then. */
#define RECOVER_MS 10000
/* How long wimlib's own lock may outlive ours, in a process that is being killed. Whoever has it
 * longer has the file open for writing with another tool, and wimlib says so. */
#define FLOCK_MS 2000

/* ---- the image file's lock ---- */

/* S_FALSE: the path names another file by now (wimlib replaced it while we waited). */
static HRESULT still_the_same(struct os_file *file, const char *path)
{
    struct os_stat ours, now;
    TRY(os_stat_file(file, &ours));
    TRY(os_stat(path, &now));
    return ours.inode == now.inode && ours.device == now.device ? S_OK : S_FALSE;
}

/* op NULL: does not wait (S_FALSE: somebody else has it). */
static HRESULT lock_image(const char *path, struct op *op, struct os_file **out)
{
    for (;;) {
        AUTO_FILE struct os_file *file = NULL;
        TRY(os_open(path, OS_READ | OS_WRITE, &file));
        HRESULT hr = os_lock_file(file, OS_LOCK_TRY);
        if (hr == S_OK)
            hr = still_the_same(file, path);
        if (FAILED(hr))
            return hr;
        if (hr == S_OK) {
            (void)os_await_no_flock(file, os_now_ms() + FLOCK_MS);
            *out = TAKE(file);
            return S_OK;
        }
        if (!op)
            return S_FALSE;
        if (image_in_callback())
            return FAIL(HR_WIN32(ERROR_POSSIBLE_DEADLOCK),
                        "%s is being written, perhaps by the call whose progress callback this is",
                        path);
        TRY(op_check_cancel(op));
        os_pause(LOCK_POLL_MS);
    }
}

/* ---- recovery ---- */

/* Mounts that knew the file as it was before a commit know it as it is now. */
static void move_stamps(struct mounts *m, const struct image_stamp *before,
                        const struct image_stamp *now)
{
    const struct image_stamp from = *before;
    for (size_t i = 0; i < m->list.len; i++)
        if (image_stamp_equal(&m->list.ptr[i].stamp, &from))
            m->list.ptr[i].stamp = *now;
}

static HRESULT settle_disk(struct mounts *m, struct mount *mount)
{
    struct image_stamp now;
    bool is_finished = false;
    TRY(disk_commit_recover(mount, &is_finished));
    TRY(image_stamp_of(mount->image_path, &now));
    if (is_finished)
        move_stamps(m, &mount->saved.stamp, &now);
    else /* writing and taking back gave it another time */
        move_stamps(m, &mount->stamp, &now);
    trace(TRACE_MOUNTS, "%s the commit to %s, which was cut off",
          is_finished ? "finished" : "undid", mount->image_path);
    return S_OK;
}

static HRESULT settle_cut_off(struct mounts *m, struct mount *mount, struct os_file *file,
                              const struct image_stamp *now)
{
    if (image_is_disk(mount->image_path))
        return settle_disk(m, mount);
    bool is_ours, is_finished = false;
    TRY(saved_image_is_as_left(file, &mount->saved, &is_ours));
    if (is_ours)
        TRY(saved_image_restore_cut_off(file, mount));
    else
        TRY(saved_image_is_finished(file, &mount->saved, &is_finished));
    if (is_finished)
        move_stamps(m, &mount->saved.stamp, now);
    trace(TRACE_MOUNTS, "%s %s, whose commit was cut off",
          is_ours       ? "restoring"
          : is_finished ? "keeping"
                        : "leaving",
          mount->image_path);
    return S_OK;
}

/* Under the image's lock: puts back what dead processes left of this file. */
static HRESULT recover_image(struct os_file *file, const char *path)
{
    AUTO_MOUNTS struct mounts m = {0};
    struct image_stamp now;
    bool changed = false;
    TRY(image_stamp_of(path, &now));
    TRY(mounts_open(&m));
    for (size_t i = 0; i < m.list.len; i++) {
        struct mount *mount = &m.list.ptr[i];
        /* A commit holds this lock for as long as it works on the file. A process that is being
         * killed gives up its locks while it still counts as running. */
        bool is_same_file = image_stamp_same_file(&mount->saved.stamp, &now);
        if (mount->state != MOUNT_COMMITTING || (mount_is_busy(mount) && !is_same_file) ||
            !(is_same_file || path_equal(mount->image_path, path)))
            continue;
        TRY(settle_cut_off(&m, mount, file, &now));
        TRY(wim_replay_clean(mount));
        mount->state = MOUNT_OK;
        changed = true;
    }
    return changed ? mounts_save(&m) : S_OK;
}

struct path_list {
    VEC(char *) list;
};

static void path_list_clear(struct path_list *paths)
{
    for (size_t i = 0; i < paths->list.len; i++)
        mem_free(paths->list.ptr[i]);
    vec_clear(&paths->list);
}

static bool is_cut_off(const struct mount *mount)
{
    return mount->state == MOUNT_COMMITTING && !mount_is_busy(mount);
}

bool wim_has_cut_off(const struct mounts *m)
{
    for (size_t i = 0; i < m->list.len; i++)
        if (is_cut_off(&m->list.ptr[i]))
            return true;
    return false;
}

static HRESULT find_cut_off(struct path_list *out)
{
    AUTO_MOUNTS struct mounts m = {0};
    TRY(mounts_open(&m));
    for (size_t i = 0; i < m.list.len; i++) {
        const struct mount *mount = &m.list.ptr[i];
        if (!is_cut_off(mount))
            continue;
        char **path = vec_push(&out->list);
        if (!path || !(*path = mem_dup(mount->image_path)))
            return FAIL_MEMORY();
    }
    return S_OK;
}

/* S_FALSE: somebody has the lock, who will restore the file himself if he is a commit. If he is
 * what is left of the one that was cut off, it is being ended, and nobody else will. */
static HRESULT recover_path(const char *path, bool *is_locked)
{
    AUTO_FILE struct os_file *file = NULL;
    HRESULT hr = lock_image(path, NULL, &file);
    *is_locked = hr == S_FALSE;
    return hr == S_OK ? recover_image(file, path) : S_OK; /* gone: nothing to do */
}

HRESULT wim_recover(void)
{
    uint64_t deadline = os_now_ms() + RECOVER_MS;
    for (bool is_any_locked = true; is_any_locked && os_now_ms() < deadline;) {
        struct path_list paths AUTO(path_list_clear) = {0};
        TRY(find_cut_off(&paths));
        is_any_locked = false;
        for (size_t i = 0; i < paths.list.len; i++) {
            bool is_locked;
            TRY(recover_path(paths.list.ptr[i], &is_locked));
            is_any_locked = is_any_locked || is_locked;
        }
        if (is_any_locked)
            os_pause(LOCK_POLL_MS);
    }
    return S_OK;
}

/* ---- the commit ---- */

struct commit {
    struct mount mount; /* our copy of the record */
    const struct image_engine *engine;
    struct op *op;
    const struct commit_steps *steps;
    DWORD flags;
    struct os_file *file; /* locked */
    struct wim *wim;      /* opened under the lock */
    struct tree seen;
    wim_changes changes;
    struct saved_image saved;
    struct saved_tail tail;
    bool is_saved;
    bool is_past_return; /* a disk whose changes will be in it, come what may */
};

static void commit_clear(struct commit *c)
{
    tree_clear(&c->seen);
    wim_changes_clear(&c->changes);
    mem_free(c->tail.bytes);
    if (c->wim)
        wim_close(c->wim);
    if (c->file)
        os_close(c->file);
    mount_clear(&c->mount);
}

static HRESULT load_record(const char *id, struct mount *out)
{
    AUTO_MOUNTS struct mounts m = {0};
    TRY(mounts_open(&m));
    const struct mount *mount = mounts_find_id(&m, id);
    if (!mount)
        return FAIL(WIMGAPI_E_DIR_NOT_MOUNTED, "the mount is gone");
    return mount_copy(mount, out);
}

static HRESULT take_lock(struct commit *c)
{
    struct image_stamp now;
    TRY(op_step(c->op, c->steps->lock));
    if (!os_is_file(c->mount.image_path))
        return FAIL(HR_WIN32(ERROR_FILE_NOT_FOUND), "the image file %s is gone",
                    c->mount.image_path);
    if (!os_is_writable(c->mount.image_path))
        return FAIL(WIMPROVIDER_E_NO_WRITE_PERMISSION, "%s is read-only", c->mount.image_path);
    TRY(lock_image(c->mount.image_path, c->op, &c->file));
    TRY(recover_image(c->file, c->mount.image_path));

    /* The record may have been brought up to date by another mount's commit while we waited. */
    struct mount fresh = {0};
    TRY(load_record(c->mount.id, &fresh));
    mount_clear(&c->mount);
    c->mount = fresh;
    TRY(image_stamp_of(c->mount.image_path, &now));
    if (!image_stamp_equal(&now, &c->mount.stamp))
        return FAIL(WIMGAPI_E_WIM_CHANGED, "%s was changed by somebody else since it was mounted",
                    c->mount.image_path);
    return S_OK;
}

static HRESULT save_image(struct commit *c)
{
    if (image_is_disk(c->mount.image_path)) /* it undoes its own writes (disk.h) */
        return image_stamp_of(c->mount.image_path, &c->saved.stamp);
    return saved_image_take(c->file, &c->mount, &c->saved, &c->tail);
}

static HRESULT claim(struct commit *c, bool writes_twice)
{
    TRY(save_image(c));
    c->saved.is_written_twice = writes_twice;
    AUTO_MOUNTS struct mounts m = {0};
    TRY(mounts_open(&m));
    struct mount *mount = mounts_find_id(&m, c->mount.id);
    if (!mount)
        return FAIL(WIMGAPI_E_DIR_NOT_MOUNTED, "the mount is gone");
    /* Then the tree may have gone while it was looked at, and what we saw as deleted was not. */
    if (!text_equal(mount->boot, m.boot))
        return FAIL(DISMAPI_E_NEEDS_REMOUNT, "the machine was restarted during the commit");
    if (mount->state != MOUNT_OK)
        return FAIL(WIMGAPI_E_CANNOT_COMMIT, "the mount became %s during the commit",
                    mount_state_name(mount->state));
    mount_claim(mount, MOUNT_COMMITTING);
    mount->saved = c->saved;
    TRY(mounts_save(&m));
    c->is_saved = true;
    return S_OK;
}

/* Tells our finished file from what others may write over it after a kill. */
static HRESULT note_written(void *context)
{
    struct commit *c = context;
    TRY(image_stamp_of(c->mount.image_path, &c->saved.written));
    AUTO_MOUNTS struct mounts m = {0};
    TRY(mounts_open(&m));
    struct mount *mount = mounts_find_id(&m, c->mount.id);
    if (!mount)
        return FAIL(WIMGAPI_E_DIR_NOT_MOUNTED, "the mount is gone");
    mount->saved.written = c->saved.written;
    return mounts_save(&m);
}

/* ---- writing ---- */

struct write_progress {
    const struct commit *commit;
    unsigned from, to;
};

static HRESULT report_written(void *context, uint64_t done, uint64_t total)
{
    const struct write_progress *p = context;
    struct op *op = p->commit->op;
    TRY(world_check_room(p->commit->mount.image_path, 0));
    return done == 0 ? op_check_cancel(op) : op_progress(op, p->from, p->to, done, total);
}

static bool wants_integrity(const struct commit *c)
{
    return (c->flags & DISM_COMMIT_GENERATE_INTEGRITY) != 0;
}

/* What is saved must be open to us, whoever else has it open. */
static HRESULT open_changes(const struct commit *c)
{
    for (size_t i = 0; i < c->changes.len; i++) {
        const struct wim_change *change = &c->changes.ptr[i];
        AUTO_FREE char *path = NULL;
        if (change->kind != WIM_ADD)
            continue;
        TRY(path_join(c->mount.mount_path, change->path, &path));
        TRY(world_open_files(path, WORLD_READ, 1));
    }
    return S_OK;
}

/* S_FALSE: it takes more than that. */
static HRESULT write_contents(struct commit *c, unsigned from)
{
    struct write_progress range = {c, from, 98};
    struct wim_progress progress = {report_written, &range};
    HRESULT hr = wim_write_contents(c->wim, c->file, c->changes.ptr, c->changes.len, &progress);
    if (hr != S_OK)
        return hr;
    trace(TRACE_IMAGE, "%s: nothing but contents of %zu files", c->mount.image_path,
          c->changes.len);
    return note_written(c);
}

/* The changes by wimlib in memory, then into the file. */
static HRESULT write_by_update(struct commit *c, unsigned index, unsigned from)
{
    struct write_progress range = {c, from, 98};
    struct wim_progress progress = {report_written, &range};
    if (c->changes.len)
        TRY(wim_update(c->wim, index, c->changes.ptr, c->changes.len));
    TRY(wim_write(c->wim, c->mount.image_path, wants_integrity(c), &progress));
    return note_written(c);
}

/* What is written is a whole image file, but a commit that is cut off from here on has to undo it
 * too. */
static HRESULT note_between(struct commit *c)
{
    TRY(saved_image_note_between(c->file, &c->saved));
    AUTO_MOUNTS struct mounts m = {0};
    TRY(mounts_open(&m));
    struct mount *mount = mounts_find_id(&m, c->mount.id);
    if (!mount)
        return FAIL(WIMGAPI_E_DIR_NOT_MOUNTED, "the mount is gone");
    mount->saved = c->saved;
    return mounts_save(&m);
}

static HRESULT reopen(struct commit *c)
{
    wim_close(c->wim);
    c->wim = NULL;
    return wim_open(c->mount.image_path, true, false, &c->wim);
}

/* S_FALSE: the helper cannot work here. */
static HRESULT write_by_replay(struct commit *c, unsigned index, unsigned from)
{
    if (wim_keeps_metadata()) {
        log_line(LOG_WARNING, "Commit::Write", S_OK, "security of changed files is not kept");
        return S_FALSE;
    }
    struct write_progress range = {c, from, 98};
    struct wim_progress progress = {report_written, &range};
    const struct wim_replay replay = {.mount = &c->mount,
                                      .index = index,
                                      .changes = &c->changes,
                                      .with_integrity = wants_integrity(c),
                                      .image = c->file,
                                      .progress = &progress,
                                      .written = note_written,
                                      .context = c};
    HRESULT hr = wim_replay(c->wim, &replay);
    if (hr == S_FALSE) {
        log_line(LOG_WARNING, "Commit::Write", S_OK,
                 "attributes, security and named streams of changed files are not kept: %s",
                 error_last()->text);
        error_clear();
    }
    return hr;
}

/* Appending, for the helper: the copy first, then the changes in it. */
static HRESULT write_copy(struct commit *c, unsigned to)
{
    struct write_progress range = {c, 20, to};
    struct wim_progress progress = {report_written, &range};
    TRY(wim_write(c->wim, c->mount.image_path, false, &progress));
    TRY(note_between(c));
    return reopen(c);
}

/* Behind the point of no return a rule for the last step would come too late. */
static HRESULT begin_disk(void *context)
{
    struct commit *c = context;
    TRY(claim(c, false));
    return op_step(c->op, c->steps->finish);
}

static void no_return_from_disk(void *context)
{
    struct commit *c = context;
    c->is_past_return = true;
    op_no_return(c->op);
}

static HRESULT write_disk(struct commit *c)
{
    struct write_progress changing = {c, 20, 75}, applying = {c, 75, 98};
    const struct wim_progress change = {report_written, &changing};
    const struct wim_progress apply = {report_written, &applying};
    const struct disk_commit commit = {.mount = &c->mount,
                                       .changes = c->changes.ptr,
                                       .count = c->changes.len,
                                       .changing = &change,
                                       .applying = &apply,
                                       .begin = begin_disk,
                                       .no_return = no_return_from_disk,
                                       .context = c};
    TRY(op_step(c->op, c->steps->write));
    if (c->changes.len == 0) {
        TRY(op_ticks_to(c->op, 99));
        return op_step(c->op, c->steps->finish);
    }
    TRY(open_changes(c));
    TRY(disk_commit(&commit));
    TRY(note_written(c));
    return op_ticks_to(c->op, 99);
}

static HRESULT write_wim(struct commit *c)
{
    bool append = (c->flags & DISM_COMMIT_APPEND) != 0, keeps_more = false;
    unsigned index = c->mount.index, from = 20;
    HRESULT hr = S_FALSE;

    TRY(op_step(c->op, c->steps->write));
    if (c->changes.len == 0 && !append && !wants_integrity(c))
        return op_ticks_to(c->op, 99);
    TRY(wim_replay_is_needed(c->wim, index, &c->changes, &keeps_more));
    TRY(open_changes(c));
    TRY(claim(c, append && keeps_more));
    if (append)
        TRY(wim_append_copy(c->wim, c->mount.image_path, index, &index));
    if (append && keeps_more)
        TRY(write_copy(c, from = 30));
    if (keeps_more)
        hr = write_by_replay(c, index, from);
    if (!keeps_more && !append && !wants_integrity(c))
        hr = write_contents(c, from);
    if (hr == S_FALSE)
        hr = write_by_update(c, index, from);
    TRY(hr);
    TRY(world_check_room(c->mount.image_path, 0)); /* the last bytes, which no progress reports */
    return op_ticks_to(c->op, 99);
}

/* Every mount of this file learns what the file looks like now. */
static HRESULT settle(const struct commit *c, bool success)
{
    struct image_stamp now;
    AUTO_MOUNTS struct mounts m = {0};
    TRY(image_stamp_of(c->mount.image_path, &now));
    TRY(mounts_open(&m));
    if (success)
        move_stamps(&m, &c->saved.stamp, &now);
    struct mount *mount = mounts_find_id(&m, c->mount.id);
    if (mount)
        mount->state = MOUNT_OK;
    return mounts_save(&m);
}

/* What is not put back here, since that failed too, the next call that looks finds and puts back.
 */
static HRESULT undo(const struct commit *c)
{
    FLOOR_UNDO();
    if (!image_is_disk(c->mount.image_path))
        TRY(saved_image_restore(c->file, &c->mount, &c->saved, &c->tail));
    return settle(c, false);
}

static HRESULT finish(struct commit *c)
{
    struct image_stamp now;
    TRY(image_stamp_of(c->mount.image_path, &now));
    /* wimlib wrote the file anew and renamed it: there is no way back to the old one. */
    if (c->is_saved && !image_stamp_same_file(&now, &c->saved.stamp))
        op_no_return(c->op);
    return op_step(c->op, c->steps->finish);
}

static HRESULT commit_all(struct commit *c)
{
    TRY(take_lock(c));
    TRY(op_step(c->op, c->steps->scan));
    bool is_disk = image_is_disk(c->mount.image_path);
    if (!is_disk)
        TRY(wim_open_to_commit(c->mount.image_path, c->mount.index, c->file, &c->wim));
    TRY(c->engine->changes(&c->mount, c->wim, c->op, 0, 20, &c->seen, &c->changes));
    HRESULT hr = is_disk ? write_disk(c) : write_wim(c);
    if (SUCCEEDED(hr) && !is_disk)
        hr = finish(c);
    if (SUCCEEDED(hr) && c->is_saved)
        hr = settle(c, true);
    if (FAILED(hr)) {
        struct error reason = *error_last();
        if (c->is_saved && !c->is_past_return)
            (void)undo(c);
        error_restore(&reason);
        return hr;
    }
    /* Point of no return: the file and the registry say that it is done. */
    op_no_return(c->op);
    /* What is not noted as saved is saved once more by the next commit. */
    if (!(c->flags & DISM_COMMIT_APPEND) && FAILED(c->engine->committed(&c->mount, &c->seen)))
        log_line(LOG_WARNING, "Commit::Settle", error_last()->hr, "%s", error_last()->text);
    return op_ticks_to(c->op, 100);
}

HRESULT wim_commit(const char *mount_id, DWORD flags, struct op *op,
                   const struct commit_steps *steps)
{
    struct commit c AUTO(commit_clear) = {.op = op, .steps = steps, .flags = flags};
    TRY(load_record(mount_id, &c.mount));
    c.engine = image_engine_of(&c.mount);
    return commit_all(&c);
}
