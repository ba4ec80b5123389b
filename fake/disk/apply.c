/* SPDX-License-Identifier: MIT */
/*
 * apply.c - writing changes into the container so that a kill at any moment does no harm.
 *
 *   1. The plan goes into the side file, which then says GROWING.
 *   2. The container grows: new blocks are written behind its end. Nothing refers to them yet, so a
 *      failure, a full disk first of all, is undone by cutting it off again.
 *   3. The side file says APPLYING: the point of no return.
 *   4. The rest of the plan is carried out, which needs no room, and then the side file is empty.
 *
 * Whoever finds GROWING cuts the container off; whoever finds APPLYING carries out the whole plan.
 */
#include "plan.h"

#include "disk_parts.h"
#include "floor.h"

/* ---- undoing ---- */

static HRESULT cut_off(struct side *side, struct os_file *file, const char *path, uint64_t size)
{
    TRY(os_truncate(file, size));
    TRY(os_sync(file));
    TRY(os_set_mtime(path, side->header.stamp.mtime_ns));
    struct side_header header = side->header;
    header.state = SIDE_OPEN;
    header.plan_at = header.plan_size = 0;
    return side_write_header(side, &header);
}

/* Passes the failure on that is the reason. If this fails too, the side file tells recovery. */
static HRESULT undo(struct disk *disk, const struct plan *plan, HRESULT hr)
{
    struct error cause = *error_last();
    FLOOR_UNDO();
    disk->is_lost =
        FAILED(cut_off(disk->side, disk->container->file, disk->container->path, plan->old_size));
    error_restore(&cause);
    return hr;
}

/* ---- doing ---- */

static HRESULT write_state(struct side *side, enum side_state state, uint64_t plan_at,
                           uint64_t plan_size)
{
    struct side_header header = side->header;
    header.state = state;
    header.plan_at = plan_at;
    header.plan_size = plan_size;
    return side_write_header(side, &header);
}

/* Up to the point of no return. */
static HRESULT prepare(struct disk *disk, const struct plan *plan, const struct disk_watch *watch)
{
    struct side *side = disk->side;
    uint64_t at, size;
    TRY(plan_save(plan, side, &at, &size));
    HRESULT hr = write_state(side, SIDE_GROWING, at, size);
    if (SUCCEEDED(hr))
        hr = plan_grow(plan, side, disk->container->file, watch);
    if (SUCCEEDED(hr))
        hr = write_state(side, SIDE_APPLYING, at, size);
    return FAILED(hr) ? undo(disk, plan, hr) : hr;
}

static HRESULT make_plan(struct disk *disk, struct plan *plan)
{
    struct changes changes = {0};
    plan->old_size = plan->new_size = disk->container->stat.size;
    HRESULT hr = side_changes(disk->side, &changes);
    if (SUCCEEDED(hr))
        hr = disk->container->format->plan(disk->container, &changes, plan);
    vec_clear(&changes.list);
    return hr;
}

HRESULT disk_apply(struct disk *disk, const struct disk_watch *watch)
{
    if (disk->is_lost)
        return FAIL(HR_WIN32(ERROR_INVALID_STATE), "an apply to %s was cut off",
                    disk->container->path);
    if (!disk_is_changed(disk))
        return S_OK;
    AUTO_PLAN struct plan plan = {0};
    TRY(side_flush(disk->side));
    TRY(make_plan(disk, &plan));
    TRY(prepare(disk, &plan, watch));
    if (watch && watch->no_return)
        watch->no_return(watch->context);
    disk->is_lost = true;
    TRY(plan_overwrite(&plan, disk->side, disk->container->file, watch));
    TRY(container_reload(disk->container));
    struct side_stamp stamp = side_stamp_of(disk->container);
    TRY(side_empty(disk->side, &stamp));
    disk->is_lost = false;
    return S_OK;
}

/* ---- recovery ---- */

static HRESULT finish(struct side *side, struct os_file *file, const char *path)
{
    AUTO_PLAN struct plan plan = {0};
    TRY(plan_load(side, &plan));
    TRY(plan_check(&plan, file, path));
    TRY(plan_grow(&plan, side, file, NULL));
    TRY(plan_overwrite(&plan, side, file, NULL));
    return side_empty(side, &side->header.stamp);
}

static HRESULT take_back(struct side *side, struct os_file *file, const char *path)
{
    AUTO_PLAN struct plan plan = {0};
    TRY(plan_load(side, &plan));
    TRY(plan_check(&plan, file, path));
    return cut_off(side, file, path, plan.old_size);
}

static HRESULT open_container(const char *path, enum disk_mode mode, struct os_file **out)
{
    AUTO_FILE struct os_file *file = NULL;
    TRY(os_open(path, OS_READ | OS_WRITE, &file));
    HRESULT hr = mode == DISK_CHANGE ? os_lock_file(file, OS_LOCK_TRY) : S_OK;
    TRY(hr);
    if (hr == S_FALSE)
        return FAIL(HR_WIN32(ERROR_SHARING_VIOLATION), "somebody is using %s", path);
    *out = TAKE(file);
    return S_OK;
}

HRESULT disk_recover(const char *path, const char *side_path, enum disk_mode mode,
                     enum disk_recovered *out)
{
    AUTO_SIDE struct side *side = NULL;
    HRESULT hr = side_open_cut_off(side_path, &side);
    *out = DISK_WHOLE;
    if (hr != S_OK || side->header.state == SIDE_OPEN)
        return FAILED(hr) ? hr : S_OK;
    AUTO_FILE struct os_file *file = NULL;
    TRY(open_container(path, mode, &file));
    bool is_growing = side->header.state == SIDE_GROWING;
    TRY(is_growing ? take_back(side, file, path) : finish(side, file, path));
    *out = is_growing ? DISK_UNDONE : DISK_FINISHED;
    return S_OK;
}
