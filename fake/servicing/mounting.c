/* SPDX-License-Identifier: MIT */
/*
 * mounting.c - DismMountImage: everything that is refused, then fill the folder, then say so in the
 * registry. Whatever fails or is cancelled on the way leaves an empty folder and no record,
 * or an Invalid one where the folder cannot be emptied.
 */
#include "call.h"
#include "client_path.h"
#include "dism_codes.h"
#include "error.h"
#include "floor.h"
#include "image.h"
#include "image_file.h"
#include "log.h"
#include "os.h"
#include "path.h"
#include "session.h"
#include "text.h"
#include "turn.h"
#include "wim_commit.h"
#include "worker.h"
#include "world.h"

#define MOUNT_FLAGS                                                                                \
    (DISM_MOUNT_READONLY | DISM_MOUNT_OPTIMIZE | DISM_MOUNT_CHECK_INTEGRITY | DISM_MOUNT_SUPPORT_EA)

/* What the client asked for, paths native. */
struct request {
    struct call *call;
    char *image_path, *mount_path; /* absolute */
    char *folder;                  /* the mount path with links resolved */
    char *name;                    /* NULL: not asked for */
    unsigned index;
    DismImageIdentifier identifier;
    DWORD flags;
};

static void request_clear(struct request *r)
{
    mem_free(r->image_path);
    mem_free(r->mount_path);
    mem_free(r->folder);
    mem_free(r->name);
}

static bool is_readonly(const struct request *r)
{
    return (r->flags & DISM_MOUNT_READONLY) != 0;
}

/* ---- what can be refused without opening anything ---- */

static HRESULT is_mount_of_ours(const struct request *r, bool *out)
{
    AUTO_MOUNTS struct mounts m = {0};
    TRY(mounts_open(&m));
    *out = mounts_find_path(&m, r->folder) != NULL;
    return S_OK;
}

static HRESULT check_paths(struct request *r)
{
    if (!os_is_file(r->image_path))
        return FAIL(E_INVALIDARG, "there is no image file %s", r->image_path);
    if (!os_is_directory(r->mount_path))
        return FAIL(E_INVALIDARG, "there is no folder %s to mount into", r->mount_path);
    TRY(client_path_canonical(r->mount_path, &r->folder));
    bool is_mounted;
    TRY(is_mount_of_ours(r, &is_mounted)); /* which may be a real mount */
    if (!is_mounted && os_is_volume_root(r->folder))
        return FAIL(WIMGAPI_E_VOLUME_ROOT, "%s is the root of a volume", r->mount_path);
    if (!image_is_disk(r->image_path) && !path_has_extension(r->image_path, ".wim") &&
        !path_has_extension(r->image_path, ".esd") && !path_has_extension(r->image_path, ".swm"))
        return FAIL(E_INVALIDARG, "%s does not end in .wim, .vhd or .vhdx", r->image_path);
    return S_OK;
}

static HRESULT check_session(const struct request *r)
{
    if (session_is_open_on(r->folder))
        return FAIL(DISMAPI_E_OPEN_HANDLES_UNABLE_TO_MOUNT_IMAGE_PATH, "a session is open on %s",
                    r->mount_path);
    return S_OK;
}

/* "C:\\" and the like, whatever the drive is mapped to. */
static HRESULT check_no_root(PCWSTR mount_path)
{
    AUTO_FREE char *text = NULL;
    TRY(text_from_utf16(mount_path, &text));
    if (path_is_volume_root(text))
        return FAIL(WIMGAPI_E_VOLUME_ROOT, "%s is the root of a volume", text);
    return S_OK;
}

static HRESULT read_request(struct request *r, PCWSTR image_path, PCWSTR mount_path, PCWSTR name)
{
    if (r->flags & ~(DWORD)MOUNT_FLAGS)
        return FAIL(E_INVALIDARG, "flags 0x%08X hold bits that no mount flag has",
                    (unsigned)r->flags);
    TRY(client_path(image_path, "ImageFilePath", E_INVALIDARG, &r->image_path));
    TRY(check_no_root(mount_path));
    TRY(client_path(mount_path, "MountPath", E_INVALIDARG, &r->mount_path));
    if (r->identifier != DismImageName)
        return S_OK;
    if (!name)
        return FAIL(E_INVALIDARG, "ImageName is NULL and ImageIdentifier is DismImageName");
    return text_from_utf16(name, &r->name);
}

/* ---- the image ---- */

static HRESULT choose_index(struct request *r, const struct image_file *file)
{
    unsigned count = image_file_count(file);
    if (r->identifier == DismImageName) {
        r->index = image_file_index_of_name(file, r->name);
        if (r->index == 0)
            return FAIL(DISMAPI_E_INVALID_IMAGE_NAME, "%s has no image named '%s'", r->image_path,
                        r->name);
        return S_OK;
    }
    if (r->identifier == DismImageNone) {
        if (count != 1)
            return FAIL(DISMAPI_E_MUST_SPECIFY_INDEX_OR_NAME,
                        "%s has %u images: say which by index or name", r->image_path, count);
        r->index = 1;
        return S_OK;
    }
    if (r->index < 1 || r->index > count)
        return FAIL(DISMAPI_E_INVALID_IMAGE_INDEX, "%s has images 1 to %u, not %u", r->image_path,
                    count, r->index);
    return S_OK;
}

static HRESULT check_mountable(const struct request *r, const struct wim *wim)
{
    const struct wim_facts *facts = wim_facts(wim);
    if (facts->is_solid)
        return FAIL(WIMGAPI_E_COMPRESSION_NOT_MOUNTABLE, "%s is compressed as .esd files are",
                    r->image_path);
    if (facts->parts > 1)
        return FAIL(WIMGAPI_E_SPLIT_WIM, "%s is part %u of %u of a split image", r->image_path,
                    facts->part, facts->parts);
    return S_OK;
}

static HRESULT open_image(struct request *r, struct image_file **out)
{
    AUTO_IMAGE_FILE struct image_file *file = NULL;
    bool check = (r->flags & DISM_MOUNT_CHECK_INTEGRITY) != 0;
    TRY(image_file_open(r->image_path, check, &file));
    if (image_file_wim(file))
        TRY(check_mountable(r, image_file_wim(file)));
    TRY(choose_index(r, file));
    TRY(world_open_files(r->image_path, is_readonly(r) ? WORLD_READ : WORLD_WRITE, 0));
    if (!is_readonly(r))
        TRY(image_file_check_writable(file));
    *out = TAKE(file);
    return S_OK;
}

/* ---- the registry ---- */

static HRESULT check_folder(const struct request *r, struct mounts *m)
{
    if (mounts_find_path(m, r->folder))
        return FAIL(WIMGAPI_E_DIR_ALREADY_MOUNTED, "%s carries a mount already", r->mount_path);
    for (size_t i = 0; i < m->list.len; i++)
        if (path_is_within(r->folder, m->list.ptr[i].mount_path))
            return FAIL(E_INVALIDARG, "%s lies inside the mount at %s", r->mount_path,
                        m->list.ptr[i].mount_path);
    if (!os_is_empty_directory(r->folder))
        return FAIL(WIMGAPI_E_DIR_NOT_EMPTY, "the folder %s is not empty", r->mount_path);
    return S_OK;
}

/* One read-write mount per image (real-behaviour 1.8); a mount that was never finished holds
 * nothing. */
static HRESULT check_other_mounts(const struct request *r, const struct mounts *m,
                                  const struct image_stamp *stamp)
{
    for (size_t i = 0; i < m->list.len; i++) {
        const struct mount *other = &m->list.ptr[i];
        bool is_same_file = path_equal(other->image_path, r->image_path) ||
                            image_stamp_same_file(&other->stamp, stamp);
        bool is_abandoned = other->state == MOUNT_INVALID ||
                            (other->state == MOUNT_MOUNTING && !mount_is_busy(other));
        if (!is_same_file || other->index != r->index || is_abandoned || is_readonly(r))
            continue;
        if (!other->is_readonly)
            return FAIL(WIMGAPI_E_ALREADY_MOUNTED_READ_WRITE,
                        "image %u of %s is mounted for writing at %s", r->index, r->image_path,
                        other->mount_path);
        return FAIL(WIMGAPI_E_ALREADY_MOUNTED, "image %u of %s is mounted read-only at %s",
                    r->index, r->image_path, other->mount_path);
    }
    return S_OK;
}

/* While another image of the file is being committed the file changes under our eyes. The stamp
 * from before is brought up to date with all others when that commit is done, or true again if it
 * fails. */
static void use_stamp_of_commit(const struct mounts *m, struct image_stamp *stamp)
{
    for (size_t i = 0; i < m->list.len; i++) {
        const struct mount *other = &m->list.ptr[i];
        if (other->state == MOUNT_COMMITTING && image_stamp_same_file(&other->saved.stamp, stamp)) {
            *stamp = other->saved.stamp;
            return;
        }
    }
}

static bool copy_paths(struct mount *mount, const struct request *r)
{
    mount->image_path = mem_dup(r->image_path);
    mount->image_path_given = mem_dup(r->image_path);
    mount->mount_path = mem_dup(r->folder);
    mount->mount_path_given = mem_dup(r->mount_path);
    mount->engine = mem_dup(image_engine_wanted(r->image_path));
    return mount->image_path && mount->image_path_given && mount->mount_path &&
           mount->mount_path_given && mount->engine;
}

/* Makes the record; `out` is our copy of it. */
static HRESULT enter_record(const struct request *r, const struct image_file *file,
                            struct mount *out)
{
    AUTO_MOUNTS struct mounts m = {0};
    struct image_stamp stamp;
    struct os_stat folder;
    TRY(mounts_open(&m));
    TRY(check_folder(r, &m));
    TRY(image_stamp_of(r->image_path, &stamp));
    use_stamp_of_commit(&m, &stamp);
    TRY(check_other_mounts(r, &m, &stamp));
    if (!is_readonly(r))
        TRY(image_file_check_unused(file));
    TRY(os_stat(r->folder, &folder));
    struct mount *mount = mounts_add(&m);
    if (!mount || !copy_paths(mount, r))
        return FAIL_MEMORY();
    mount->index = r->index;
    mount->is_readonly = is_readonly(r);
    mount->stamp = stamp;
    mount->folder_device = folder.device;
    mount->folder_inode = folder.inode;
    mount_claim(mount, MOUNT_MOUNTING);
    TRY(mount_copy(mount, out));
    return mounts_save(&m);
}

/* Saying that the folder is taken can fail although it has been said. */
static HRESULT take_back_record(const struct mount *mount, HRESULT hr)
{
    struct error reason = *error_last();
    FLOOR_UNDO();
    if (mount->id)
        (void)mounts_forget(mount->id);
    error_restore(&reason);
    return hr;
}

/* ---- the work ---- */

/* The image's files are placed in the folder: is there room, and does nobody interfere? */
static HRESULT check_place(const struct request *r, const struct image_file *file)
{
    uint64_t files = image_file_number(file, r->index, "FILECOUNT");
    TRY(world_check_room(r->folder, image_file_number(file, r->index, "TOTALBYTES")));
    return world_open_files(r->folder, WORLD_PLACE, files < UINT32_MAX ? (unsigned)files : 0);
}

static HRESULT fill(const struct request *r, struct mount *mount, const struct image_file *file)
{
    struct op *op = &r->call->op;
    AUTO_FREE char *side = NULL;
    TRY(mount_side_path(mount, NULL, &side));
    TRY(os_make_directories(side));
    TRY(check_place(r, file));
    TRY(image_fill(mount, image_file_wim(file), op, 99));
    TRY(op_step(op, STEP_MOUNT_FINISH));
    TRY(mounts_mark_mounted(mount));
    op_no_return(op);
    return op_ticks_to(op, op->total);
}

static HRESULT roll_back(const struct mount *mount)
{
    TRY(image_engine_of(mount)->clear(mount));
    return mounts_forget(mount->id);
}

static void keep_for_cleanup(const struct mount *mount)
{
    log_line(LOG_WARNING, "Mount::RollBack", error_last()->hr, "%s", error_last()->text);
    if (FAILED(mounts_mark(mount->id, MOUNT_INVALID)))
        log_line(LOG_WARNING, "Mount::RollBack", error_last()->hr, "%s", error_last()->text);
}

static HRESULT mount_into(void *context, struct image *image)
{
    struct request *r = context;
    struct op *op = &r->call->op;
    AUTO_IMAGE_FILE struct image_file *file = NULL;
    struct mount mount AUTO(mount_clear) = {0};
    op->image = image;
    op->total = 100;
    TRY(check_session(r));
    TRY(op_step(op, STEP_MOUNT_VALIDATE));
    TRY(wim_recover());
    TRY(open_image(r, &file));
    TRY(op_step(op, STEP_MOUNT_REGISTER));
    HRESULT hr = enter_record(r, file, &mount);
    if (FAILED(hr))
        return take_back_record(&mount, hr);
    hr = fill(r, &mount, file);
    if (FAILED(hr)) {
        struct error reason = *error_last();
        FLOOR_UNDO();
        if (op->is_half_done || FAILED(roll_back(&mount)))
            keep_for_cleanup(&mount);
        error_restore(&reason);
    }
    return hr;
}

HRESULT impl_DismMountImage(struct call *call, PCWSTR ImageFilePath, PCWSTR MountPath,
                            UINT ImageIndex, PCWSTR ImageName, DismImageIdentifier ImageIdentifier,
                            DWORD Flags, HANDLE CancelEvent, DISM_PROGRESS_CALLBACK Progress,
                            PVOID UserData)
{
    (void)CancelEvent, (void)Progress, (void)UserData; /* in call->op */
    struct request r AUTO(request_clear) = {
        .call = call, .index = ImageIndex, .identifier = ImageIdentifier, .flags = Flags};
    TRY(read_request(&r, ImageFilePath, MountPath, ImageName));
    TRY(check_paths(&r));
    TRY(world_check_mount(r.folder));
    TRY(check_session(&r));
    return turn_run(r.folder, mount_into, &r);
}
