/* SPDX-License-Identifier: MIT */
/* wim_commit.c - see wim_commit.h. */
#include "wim_commit.h"

#include <string.h>

#include "dism_codes.h"
#include "error.h"
#include "floor.h"
#include "path.h"
#include "text.h"
#include "trace.h"
#include "worker.h"
#include "world.h"

#define LOCK_POLL_MS 10

/* ---- stamps ---- */

HRESULT image_stamp_of(const char *path, struct image_stamp *out)
{
    struct os_stat now;
    TRY(os_stat(path, &now));
    *out = (struct image_stamp){now.size, now.device, now.inode, now.mtime_ns};
    return S_OK;
}

bool image_stamp_same_file(const struct image_stamp *a, const struct image_stamp *b)
{
    return a->device == b->device && a->inode == b->inode;
}

bool image_stamp_equal(const struct image_stamp *a, const struct image_stamp *b)
{
    return image_stamp_same_file(a, b) && a->size == b->size && a->mtime_ns == b->mtime_ns;
}

/* ---- the image file's lock ---- */

static void pause_a_little(void)
{
    static struct os_mutex mutex;
    static struct os_cond nobody_signals;
    AUTO_LOCK(&mutex);
    (void)os_cond_wait_until(&nobody_signals, &mutex, os_now_ms() + LOCK_POLL_MS);
}

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
        pause_a_little();
    }
}

/* ---- saving and restoring ---- */

/* Where the header of a WIM has its flags (one of them says that somebody writes), and says where
 * its XML data and its integrity table begin (0: it has none). */
#define FLAGS_AT 0x10
#define XML_OFFSET_AT 0x50
#define INTEGRITY_OFFSET_AT 0x84

static uint64_t little_endian(const unsigned char *bytes)
{
    uint64_t value = 0;
    for (int i = 7; i >= 0; i--)
        value = value << 8 | bytes[i];
    return value;
}

static uint64_t find_tail(const struct saved_image *saved)
{
    uint64_t xml = little_endian(saved->header + XML_OFFSET_AT);
    uint64_t integrity = little_endian(saved->header + INTEGRITY_OFFSET_AT);
    uint64_t tail = integrity && integrity < xml ? integrity : xml;
    return tail >= SAVED_HEADER && tail < saved->stamp.size ? tail : saved->stamp.size;
}

static HRESULT save_tail(struct os_file *file, const struct mount *mount,
                         const struct saved_image *saved)
{
    AUTO_FREE char *path = NULL;
    size_t size = (size_t)(saved->stamp.size - saved->tail_offset), got;
    AUTO_FREE char *tail = mem_alloc(size + 1);
    if (!tail)
        return FAIL_MEMORY();
    TRY(os_read_at(file, tail, size, saved->tail_offset, &got));
    TRY(mount_side_path(mount, "tail", &path));
    return os_write_file_atomic(path, tail, got);
}

static HRESULT save_image(struct os_file *file, const struct mount *mount, struct saved_image *out)
{
    size_t got;
    TRY(image_stamp_of(mount->image_path, &out->stamp));
    TRY(os_read_at(file, out->header, SAVED_HEADER, 0, &got));
    if (got != SAVED_HEADER)
        return FAIL(HR_WIN32(ERROR_INVALID_DATA), "%s is shorter than a WIM header",
                    mount->image_path);
    out->tail_offset = find_tail(out);
    return save_tail(file, mount, out);
}

static HRESULT restore_image(struct os_file *file, const struct mount *mount,
                             const struct saved_image *saved)
{
    AUTO_FREE char *tail_path = NULL, *tail = NULL;
    struct image_stamp now;
    size_t size;
    TRY(image_stamp_of(mount->image_path, &now));
    /* Another file in its place: a rewrite that was complete when it was renamed, or somebody's
     * own. */
    if (!image_stamp_same_file(&now, &saved->stamp))
        return S_OK;
    TRY(mount_side_path(mount, "tail", &tail_path));
    TRY(os_read_file(tail_path, &tail, &size));
    TRY(os_write_at(file, tail, size, saved->tail_offset));
    TRY(os_write_at(file, saved->header, SAVED_HEADER, 0));
    TRY(os_truncate(file, saved->stamp.size));
    TRY(os_sync(file));
    return os_set_mtime(mount->image_path, saved->stamp.mtime_ns);
}

/* Is the file as a commit that was cut off left it? What somebody has written to it since, in place
 * as a copy does, is not ours to undo. */
static HRESULT is_as_left(struct os_file *file, const struct saved_image *saved, bool *out)
{
    unsigned char header[SAVED_HEADER];
    struct os_stat now;
    size_t got;
    TRY(os_stat_file(file, &now));
    TRY(os_read_at(file, header, SAVED_HEADER, 0, &got));
    if (got == SAVED_HEADER)
        memcpy(header + FLAGS_AT, saved->header + FLAGS_AT, 4);
    bool has_old_header = got == SAVED_HEADER && memcmp(header, saved->header, SAVED_HEADER) == 0;
    *out = (has_old_header && now.size >= saved->tail_offset) ||
           (saved->written.size == now.size && saved->written.mtime_ns == now.mtime_ns);
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
            !(is_same_file || text_equal(mount->image_path, path)))
            continue;
        bool is_ours;
        TRY(is_as_left(file, &mount->saved, &is_ours));
        trace(TRACE_MOUNTS, "%s %s, whose commit was cut off", is_ours ? "restoring" : "leaving",
              path);
        if (is_ours)
            TRY(restore_image(file, mount, &mount->saved));
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

static HRESULT find_cut_off(struct path_list *out)
{
    AUTO_MOUNTS struct mounts m = {0};
    TRY(mounts_open(&m));
    for (size_t i = 0; i < m.list.len; i++) {
        const struct mount *mount = &m.list.ptr[i];
        if (mount->state != MOUNT_COMMITTING || mount_is_busy(mount))
            continue;
        char **path = vec_push(&out->list);
        if (!path || !(*path = mem_dup(mount->image_path)))
            return FAIL_MEMORY();
    }
    return S_OK;
}

HRESULT wim_recover(void)
{
    struct path_list paths AUTO(path_list_clear) = {0};
    TRY(find_cut_off(&paths));
    for (size_t i = 0; i < paths.list.len; i++) {
        const char *path = paths.list.ptr[i];
        AUTO_FILE struct os_file *file = NULL;
        /* Gone, or locked by somebody who will restore it himself: nothing for us to do. */
        if (lock_image(path, NULL, &file) == S_OK)
            TRY(recover_image(file, path));
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
    bool is_saved;
};

static void commit_clear(struct commit *c)
{
    tree_clear(&c->seen);
    wim_changes_clear(&c->changes);
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

static HRESULT claim(struct commit *c)
{
    TRY(save_image(c->file, &c->mount, &c->saved));
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
static HRESULT note_written(struct commit *c)
{
    TRY(image_stamp_of(c->mount.image_path, &c->saved.written));
    AUTO_MOUNTS struct mounts m = {0};
    TRY(mounts_open(&m));
    struct mount *mount = mounts_find_id(&m, c->mount.id);
    if (!mount)
        return FAIL(WIMGAPI_E_DIR_NOT_MOUNTED, "the mount is gone");
    mount->saved.written = c->saved.written;
    return mounts_save(&m);
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

static HRESULT report_written(void *context, uint64_t done, uint64_t total)
{
    const struct commit *c = context;
    struct op *op = c->op;
    TRY(world_check_room(c->mount.image_path, 0));
    return done == 0 ? op_check_cancel(op) : op_progress(op, 20, 98, done, total);
}

static HRESULT write_image(struct commit *c)
{
    bool with_integrity = (c->flags & DISM_COMMIT_GENERATE_INTEGRITY) != 0;
    bool append = (c->flags & DISM_COMMIT_APPEND) != 0;
    unsigned index = c->mount.index;
    struct wim_progress progress = {report_written, c};

    TRY(op_step(c->op, c->steps->write));
    if (c->changes.len == 0 && !append && !with_integrity)
        return op_ticks_to(c->op, 99);
    TRY(open_changes(c));
    TRY(claim(c));
    if (append)
        TRY(wim_append_copy(c->wim, c->mount.image_path, index, &index));
    if (c->changes.len)
        TRY(wim_update(c->wim, index, c->changes.ptr, c->changes.len));
    TRY(wim_write(c->wim, c->mount.image_path, with_integrity, &progress));
    TRY(world_check_room(c->mount.image_path, 0)); /* the last bytes, which no progress reports */
    TRY(note_written(c));
    return op_ticks_to(c->op, 99);
}

/* Every mount of this file learns what the file looks like now. */
static HRESULT settle(const struct commit *c, bool success)
{
    struct image_stamp now;
    AUTO_MOUNTS struct mounts m = {0};
    TRY(image_stamp_of(c->mount.image_path, &now));
    TRY(mounts_open(&m));
    for (size_t i = 0; i < m.list.len; i++) {
        struct mount *mount = &m.list.ptr[i];
        if (success && image_stamp_equal(&mount->stamp, &c->saved.stamp))
            mount->stamp = now;
        if (text_equal(mount->id, c->mount.id))
            mount->state = MOUNT_OK;
    }
    return mounts_save(&m);
}

/* What is not put back here, since that failed too, the next call that looks finds and puts back.
 */
static HRESULT undo(const struct commit *c)
{
    FLOOR_UNDO();
    TRY(restore_image(c->file, &c->mount, &c->saved));
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
    TRY(wim_open(c->mount.image_path, true, false, &c->wim));
    TRY(c->engine->changes(&c->mount, c->wim, c->op, 0, 20, &c->seen, &c->changes));
    HRESULT hr = write_image(c);
    if (SUCCEEDED(hr))
        hr = finish(c);
    if (SUCCEEDED(hr) && c->is_saved)
        hr = settle(c, true);
    if (FAILED(hr)) {
        struct error reason = *error_last();
        if (c->is_saved)
            (void)undo(c);
        error_restore(&reason);
        return hr;
    }
    /* Point of no return: the file and the registry say that it is done. */
    op_no_return(c->op);
    if (!(c->flags & DISM_COMMIT_APPEND))
        TRY(c->engine->committed(&c->mount, &c->seen));
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
