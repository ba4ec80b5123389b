/* SPDX-License-Identifier: MIT */
/*
 * unmounting.c - DismUnmountImage and DismCommitImage.
 *
 * Unmounting with commit is two halves: ticks 1 to 100 save, 101 to 200 unmount. A cancel in the
 * first half undoes the save and leaves a mount that only a discard ends (real-behaviour 2.3); in
 * the second half it comes too late.
 */
#include "call.h"
#include "change.h"
#include "client_path.h"
#include "dism_codes.h"
#include "error.h"
#include "floor.h"
#include "image_file.h"
#include "mount_lookup.h"
#include "os.h"
#include "session.h"
#include "text.h"
#include "turn.h"
#include "wim_commit.h"
#include "worker.h"
#include "world.h"

#define COMMIT_FLAGS                                                                               \
    ((DWORD)(DISM_COMMIT_GENERATE_INTEGRITY | DISM_COMMIT_APPEND | DISM_COMMIT_SUPPORT_EA))

#define DISCARD_TOO_LATE 49 /* the last tick of a discard that can be cancelled */

/* ---- DismCommitImage ---- */

/* Why this mount cannot be committed now; S_OK if it can. */
static HRESULT check_committable(const struct mounts *m, const struct mount *mount, DWORD flags)
{
    if ((flags & DISM_COMMIT_APPEND) && image_is_disk(mount->image_path))
        return FAIL(E_INVALIDARG, "%s is a disk, which has one image: nothing can be appended",
                    mount->image_path_given);
    if (mount->is_readonly)
        return FAIL(WIMGAPI_E_MOUNT_READ_ONLY, "the mount at %s is read-only",
                    mount->mount_path_given);
    if (mount->state == MOUNT_PARTIAL || mount->state == MOUNT_INVALID ||
        mount->state == MOUNT_MOUNTING || mount->state == MOUNT_UNMOUNTING)
        return FAIL(
            WIMGAPI_E_CANNOT_COMMIT,
            "the mount at %s is %s: what was changed may have been saved, and only a discard "
            "is left",
            mount->mount_path_given, mount_state_name(mount->state));
    if (!os_is_file(mount->image_path))
        return FAIL(HR_WIN32(ERROR_FILE_NOT_FOUND), "the image file %s is gone", mount->image_path);
    DismMountStatus status = mount_status(m, mount);
    if (status == DismMountStatusNeedsRemount)
        return FAIL(DISMAPI_E_NEEDS_REMOUNT, "the mount at %s must be remounted first",
                    mount->mount_path_given);
    if (status == DismMountStatusInvalid)
        return FAIL(WIMGAPI_E_DIR_CHANGED, "the folder %s is not the one that was mounted into",
                    mount->mount_path_given);
    return S_OK;
}

HRESULT impl_DismCommitImage(struct call *call, DismSession Session, DWORD Flags,
                             HANDLE CancelEvent, DISM_PROGRESS_CALLBACK Progress, PVOID UserData)
{
    static const struct commit_steps steps = {STEP_COMMIT_LOCK, STEP_COMMIT_SCAN, STEP_COMMIT_WRITE,
                                              STEP_COMMIT_FINISH};
    (void)Session, (void)CancelEvent, (void)Progress, (void)UserData;
    const struct session_target *target = session_target(call->session);
    if (Flags & ~COMMIT_FLAGS)
        return FAIL(E_INVALIDARG, "flags 0x%08X hold bits that no commit flag has",
                    (unsigned)Flags);
    if (!target->mount)
        return FAIL(E_INVALIDARG, "the session is on %s, which is not a mounted image",
                    target->is_online ? "the online image" : target->root);
    TRY(wim_recover());
    {
        AUTO_MOUNTS struct mounts m = {0};
        TRY(mounts_open(&m));
        const struct mount *mount = mounts_find_id(&m, target->mount);
        if (!mount)
            return FAIL(E_INVALIDARG, "the image at %s is not mounted any more", target->root);
        TRY(mount_check_free(mount));
        TRY(check_committable(&m, mount, Flags));
    }
    TRY(change_recover(target->root, false));
    call->op.total = 100;
    return wim_commit(target->mount, Flags, &call->op, &steps);
}

/* ---- DismUnmountImage ---- */

struct unmount {
    struct call *call;
    DWORD flags;
    char *path;         /* as given, absolute */
    struct mount mount; /* copy of the record */
};

static void unmount_clear(struct unmount *u)
{
    mem_free(u->path);
    mount_clear(&u->mount);
}

static bool is_discard(const struct unmount *u)
{
    return (u->flags & 0xFFFF) == DISM_DISCARD_IMAGE;
}

static HRESULT check_flags(DWORD flags)
{
    if ((flags & 0xFFFF) > DISM_DISCARD_IMAGE || ((flags & 0xFFFF0000) & ~COMMIT_FLAGS))
        return FAIL(E_INVALIDARG, "flags 0x%08X hold bits that no unmount flag has",
                    (unsigned)flags);
    return S_OK;
}

static HRESULT find_record(struct unmount *u)
{
    mount_clear(&u->mount);
    HRESULT hr = mount_lookup(u->path, &u->mount);
    if (hr == HR_WIN32(ERROR_NOT_FOUND))
        return FAIL(DISMAPI_E_UNABLE_TO_UNMOUNT_IMAGE_PATH, "nothing is mounted at %s", u->path);
    return hr;
}

static HRESULT check_session(const struct unmount *u)
{
    if (session_is_open_on(u->mount.mount_path))
        return FAIL(DISMAPI_E_OPEN_HANDLES_UNABLE_TO_UNMOUNT_IMAGE_PATH, "a session is open on %s",
                    u->path);
    return S_OK;
}

/* Marks the mount half unmounted and gives back the reason. */
static HRESULT stop_half_way(const struct unmount *u, HRESULT hr)
{
    struct error reason = *error_last();
    FLOOR_UNDO();
    (void)mounts_mark(u->mount.id, MOUNT_PARTIAL); /* the reason matters more than this failure */
    error_restore(&reason);
    return hr;
}

static HRESULT save(struct unmount *u)
{
    static const struct commit_steps steps = {STEP_UNMOUNT_LOCK, STEP_UNMOUNT_SCAN,
                                              STEP_UNMOUNT_WRITE, STEP_UNMOUNT_FINISH};
    {
        AUTO_MOUNTS struct mounts m = {0};
        TRY(mounts_open(&m));
        TRY(check_committable(&m, &u->mount, u->flags));
    }
    TRY(change_recover(u->mount.mount_path, false));
    HRESULT hr = wim_commit(u->mount.id, u->flags & 0xFFFF0000, &u->call->op, &steps);
    return hr == HR_WIN32(ERROR_REQUEST_ABORTED) ? stop_half_way(u, hr) : hr;
}

static HRESULT check_unused(const struct unmount *u)
{
    AUTO_FREE char *open_path = NULL;
    HRESULT hr = world_find_opener(u->mount.mount_path, &open_path);
    if (hr == S_OK)
        return FAIL(WIMGAPI_E_PARTIAL_UNMOUNT, "%s is open in another process", open_path);
    TRY(hr);
    return image_engine_of(&u->mount)->check_unused(&u->mount);
}

/* The folder is emptied, last the record goes: a process killed in between leaves an Invalid mount,
 * which a discard or a cleanup ends. */
static HRESULT take_away(struct unmount *u, unsigned from)
{
    struct op *op = &u->call->op;
    unsigned middle = from + (op->total - from) / 2;
    TRY(op_step(op, STEP_UNMOUNT_REMOVE));
    TRY(op_ticks_to(op, middle));
    TRY(image_engine_of(&u->mount)->clear(&u->mount));
    TRY(op_ticks_to(op, op->total - 1));
    return op_step(op, STEP_UNMOUNT_DONE);
}

static HRESULT unmount_in_turn(void *context, struct image *image)
{
    struct unmount *u = context;
    struct op *op = &u->call->op;
    op->image = image;
    TRY(wim_recover());
    TRY(find_record(u));
    TRY(check_session(u));
    TRY(mount_check_free(&u->mount));
    if (is_discard(u))
        TRY(mount_check_restored(&u->mount));
    op->total = is_discard(u) ? 100 : 200;
    unsigned from = 100;
    if (is_discard(u)) {
        TRY(op_step(op, STEP_UNMOUNT_CHECK));
        TRY(op_ticks_to(op, DISCARD_TOO_LATE));
        TRY(op_check_cancel(op));
        from = DISCARD_TOO_LATE;
        op_no_cancel(op);
    } else {
        TRY(save(u));
        op_no_cancel(op);
        HRESULT checked = op_step(op, STEP_UNMOUNT_CHECK);
        if (FAILED(checked))
            return stop_half_way(u, checked);
    }
    HRESULT hr = check_unused(u);
    if (SUCCEEDED(hr)) {
        TRY(mount_begin_removal(&u->mount, false));
        hr = take_away(u, from);
    }
    if (FAILED(hr))
        return stop_half_way(u, hr);
    TRY(mounts_forget(u->mount.id));
    op_no_return(op);
    return op_ticks_to(op, op->total);
}

HRESULT impl_DismUnmountImage(struct call *call, PCWSTR MountPath, DWORD Flags, HANDLE CancelEvent,
                              DISM_PROGRESS_CALLBACK Progress, PVOID UserData)
{
    (void)CancelEvent, (void)Progress, (void)UserData;
    struct unmount u AUTO(unmount_clear) = {.call = call, .flags = Flags};
    TRY(check_flags(Flags));
    TRY(client_path(MountPath, "MountPath", DISMAPI_E_UNABLE_TO_UNMOUNT_IMAGE_PATH, &u.path));
    TRY(find_record(&u));
    TRY(check_session(&u));
    return turn_run(u.mount.mount_path, unmount_in_turn, &u);
}
