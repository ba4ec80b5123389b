/* SPDX-License-Identifier: MIT */
/*
 * change.c - see change.h.
 *
 * The folder holds numbered files and, once marked, "plan" (change_plan.h). Carrying out a plan
 * again goes on where it ended: a staged file that is gone has been placed, and so has all before
 * it. Placing only renames and removes, and it gives back more room than it takes, so it may use
 * the reserve that undoing has (FLOOR_UNDO): a change is not failed behind its mark.
 */
#include "change.h"

#include "change_plan.h"
#include "clock.h"
#include "dism_codes.h"
#include "error.h"
#include "floor.h"
#include "log.h"
#include "op.h"
#include "path.h"
#include "place.h"
#include "settings.h"
#include "text.h"
#include "world.h"

#define STAGING ".dismfake-change"
#define PLAN "plan"

struct change {
    struct winimage *image;
    char *staging;
    char *staged;         /* the path given last */
    struct os_file *lock; /* of the online image */
    bool has_staging, is_marked;
    struct hive *hives[HIVE_COUNT];
    struct change_plan plan;
    unsigned next;
};

/* ---- who may change the online image ---- */

/* Others wait while one process changes it: offline images have a claim (claim.h). */
static HRESULT lock_online(struct os_file **out)
{
    const struct settings *settings;
    AUTO_FREE char *path = NULL;
    AUTO_FILE struct os_file *file = NULL;
    TRY(settings_get(&settings));
    TRY(path_join(settings->state, "online.lock", &path));
    TRY(os_open(path, OS_WRITE | OS_CREATE, &file));
    TRY(os_lock_file(file, OS_LOCK_WAIT));
    *out = TAKE(file);
    return S_OK;
}

static HRESULT recover(const char *root);

HRESULT change_begin(struct winimage *image, struct change **out)
{
    if (image->is_readonly)
        return FAIL(E_ACCESSDENIED, "the image at %s is mounted read-only", image->root);
    AUTO_CHANGE struct change *change = mem_alloc(sizeof *change);
    if (!change)
        return FAIL_MEMORY();
    change->image = image;
    if (image->is_online) {
        FLOOR_PAUSE();
        TRY(lock_online(&change->lock));
    }
    TRY(recover(image->root));
    TRY(winimage_refresh(image));
    TRY(path_join(image->root, STAGING, &change->staging));
    *out = TAKE(change);
    return S_OK;
}

/* The mark goes first: of what is left no one makes a change. */
static HRESULT take_away(const char *staging)
{
    FLOOR_UNDO();
    AUTO_FREE char *plan = NULL;
    TRY(path_join(staging, PLAN, &plan));
    if (os_exists(plan))
        TRY(os_remove_file(plan));
    return os_remove_tree(staging, true);
}

void change_forget(struct change *change)
{
    if (change->has_staging && !change->is_marked) {
        struct error reason = *error_last();
        if (FAILED(take_away(change->staging)))
            log_line(LOG_WARNING, "Change::Drop", error_last()->hr, "%s", error_last()->text);
        else
            change->has_staging = false;
        error_restore(&reason);
    }
    for (size_t i = 0; i < HIVE_COUNT; i++) {
        if (change->hives[i])
            hive_close(change->hives[i]);
        change->hives[i] = NULL;
    }
    change_plan_clear(&change->plan);
}

void change_drop(struct change *change)
{
    change_forget(change);
    mem_free(change->staging);
    mem_free(change->staged);
    if (change->lock)
        os_close(change->lock);
    mem_free(change);
}

HRESULT change_hive(struct change *change, enum winimage_hive which, struct hive **out)
{
    if (!change->hives[which]) {
        AUTO_FREE char *place = NULL, *path = NULL;
        TRY(winimage_hive_place(change->image, which, &place));
        HRESULT hr = place_find(change->image->root, place, &path);
        TRY(hr);
        if (hr == S_FALSE)
            return FAIL(HR_WIN32(ERROR_FILE_NOT_FOUND), "the image at %s has no hive %s",
                        change->image->root, place);
        TRY(world_open_files(path, WORLD_CHANGE, 1));
        TRY(hive_open_for_change(path, &change->hives[which]));
        hive_set_time(change->hives[which], clock_now_filetime());
    }
    *out = change->hives[which];
    return S_OK;
}

/* ---- planning ---- */

static HRESULT need_staging(struct change *change)
{
    if (change->has_staging)
        return S_OK;
    TRY(os_make_directory(change->staging));
    change->has_staging = true;
    return S_OK;
}

static HRESULT staged_path(const struct change *change, unsigned number, char **out)
{
    *out = mem_format("%s/%u", change->staging, number);
    return *out ? S_OK : FAIL_MEMORY();
}

static HRESULT add(struct change *change, enum change_verb verb, const char *place, unsigned number)
{
    AUTO_FREE char *first = mem_dup_n(place, strcspn(place, "/"));
    if (!first)
        return FAIL_MEMORY();
    if (text_equal_nocase(first, STAGING))
        return FAIL(E_ACCESSDENIED, "'%s' is where changes are prepared", place);
    return change_plan_add(&change->plan, change->image->root, verb, place, number);
}

HRESULT change_stage(struct change *change, const char *place, const char **path)
{
    unsigned number = change->next++;
    mem_free(TAKE(change->staged));
    TRY(need_staging(change));
    TRY(staged_path(change, number, &change->staged));
    TRY(add(change, PLAN_FILE, place, number));
    *path = change->staged;
    return S_OK;
}

/* The folder is ours alone, so no detour of a temporary file is needed. */
static HRESULT write_file(const char *path, const void *bytes, size_t size)
{
    AUTO_FILE struct os_file *file = NULL;
    TRY(os_open(path, OS_WRITE | OS_CREATE | OS_EXCLUSIVE, &file));
    return os_write(file, bytes, size);
}

HRESULT change_write(struct change *change, const char *place, const void *bytes, size_t size)
{
    const char *path;
    TRY(change_stage(change, place, &path));
    return write_file(path, bytes, size);
}

HRESULT change_copy(struct change *change, const char *place, const char *from)
{
    const char *path;
    TRY(change_stage(change, place, &path));
    return os_copy_file(from, path);
}

HRESULT change_scratch(struct change *change, char **path)
{
    AUTO_FREE char *folder = NULL;
    TRY(need_staging(change));
    TRY(staged_path(change, change->next++, &folder));
    TRY(os_make_directory(folder));
    *path = TAKE(folder);
    return S_OK;
}

HRESULT change_folder(struct change *change, const char *place)
{
    return add(change, PLAN_FOLDER, place, 0);
}

HRESULT change_remove(struct change *change, const char *place)
{
    return add(change, PLAN_REMOVE, place, 0);
}

/* ---- placing ---- */

static HRESULT make_parent(const char *path)
{
    AUTO_FREE char *parent = NULL;
    TRY(path_parent(path, &parent));
    return os_make_directories(parent);
}

/* What replaces a file has its mode. A folder of changes that came with an image may have links,
 * which lead anywhere. */
static HRESULT place_file(const struct change *change, const struct planned *e, const char *path)
{
    AUTO_FREE char *staged = NULL;
    struct os_stat old, new;
    TRY(staged_path(change, e->number, &staged));
    TRY(os_lstat(staged, &new));
    if (new.type != OS_TYPE_FILE)
        return FAIL(HR_WIN32(ERROR_INVALID_DATA), "%s is no file", staged);
    TRY(make_parent(path));
    if (os_look(path, &old) && old.type == OS_TYPE_FILE && old.mode != new.mode)
        TRY(os_set_mode(staged, old.mode));
    return os_rename(staged, path);
}

static HRESULT remove_place(const char *path)
{
    struct os_stat stat;
    if (!os_exists(path))
        return S_OK;
    TRY(os_lstat(path, &stat));
    return stat.type == OS_TYPE_DIRECTORY ? os_remove_tree(path, true) : os_remove_file(path);
}

static HRESULT place_entry(const struct change *change, const struct planned *e)
{
    AUTO_FREE char *path = NULL;
    TRY(path_join(change->image->root, e->place, &path));
    switch (e->verb) {
    case PLAN_FILE:
        return place_file(change, e, path);
    case PLAN_FOLDER:
        return os_make_directories(path);
    default:
        return remove_place(path);
    }
}

/* How many entries are done already: all up to the last file that is not staged any more. */
static HRESULT count_placed(const struct change *change, size_t *out)
{
    *out = 0;
    for (size_t i = change->plan.entries.len; i-- > 0 && *out == 0;) {
        AUTO_FREE char *staged = NULL;
        if (!change->plan.entries.ptr[i].place || change->plan.entries.ptr[i].verb != PLAN_FILE)
            continue;
        TRY(staged_path(change, change->plan.entries.ptr[i].number, &staged));
        if (!os_exists(staged))
            *out = i + 1;
    }
    return S_OK;
}

static HRESULT place_all(const struct change *change)
{
    FLOOR_UNDO();
    size_t first;
    TRY(count_placed(change, &first));
    for (size_t i = first; i < change->plan.entries.len; i++)
        if (change->plan.entries.ptr[i].place)
            TRY(place_entry(change, &change->plan.entries.ptr[i]));
    return take_away(change->staging);
}

/* ---- carrying out ---- */

static HRESULT stage_hives(struct change *change)
{
    for (unsigned i = 0; i < HIVE_COUNT; i++) {
        AUTO_FREE char *place = NULL;
        const char *path;
        if (!change->hives[i])
            continue;
        TRY(hive_trouble(change->hives[i]));
        if (!hive_is_changed(change->hives[i]))
            continue;
        TRY(winimage_hive_place(change->image, (enum winimage_hive)i, &place));
        TRY(change_stage(change, place, &path));
        TRY(hive_save(change->hives[i], path));
    }
    return S_OK;
}

static HRESULT stage_all(struct change *change)
{
    TRY(need_staging(change));
    TRY(stage_hives(change));
    TRY(world_check_room(change->staging, 0)); /* staged files count by themselves */
    return change_plan_check(&change->plan, change->image->root);
}

static HRESULT mark(struct change *change)
{
    AUTO_FREE char *path = NULL;
    TRY(path_join(change->staging, PLAN, &path));
    TRY(change_plan_write(&change->plan, path));
    change->is_marked = true;
    winimage_forget(change->image);
    return S_OK;
}

/* What fails once is tried again: the change is made, and a code of failure would say otherwise. */
static HRESULT place(struct change *change)
{
    HRESULT hr = place_all(change);
    if (FAILED(hr)) {
        log_line(LOG_WARNING, "Change::Place", hr, "%s; once more", error_last()->text);
        hr = place_all(change);
    }
    if (FAILED(hr))
        log_line(LOG_ERROR, "Change::Place", hr,
                 "%s; what is left of the change is made by the next call on the image",
                 error_last()->text);
    return hr;
}

HRESULT change_carry_out(struct change *change, struct op *op, enum step stage_step,
                         enum step place_step)
{
    TRY(op_step(op, stage_step));
    TRY(stage_all(change));
    TRY(op_step(op, place_step));
    TRY(mark(change));
    op_no_return(op);
    return place(change);
}

HRESULT change_carry_out_instead(struct change *change)
{
    TRY(stage_all(change));
    TRY(mark(change));
    return place(change);
}

/* ---- recovery ---- */

/* S_FALSE: nothing is marked. */
static HRESULT read_plan(struct change *change)
{
    AUTO_FREE char *path = NULL;
    struct os_stat stat;
    TRY(path_join(change->staging, PLAN, &path));
    if (!os_exists(path))
        return S_FALSE;
    TRY(os_lstat(path, &stat));
    if (stat.type != OS_TYPE_FILE)
        return FAIL(HR_WIN32(ERROR_INVALID_DATA), "%s is no file", path);
    return change_plan_read(&change->plan, change->image->root, path);
}

/* The folder may have been in the image when it was mounted, made by anybody. */
static HRESULT recover(const char *root)
{
    struct winimage image = {.root = (char *)root};
    struct os_stat stat;
    AUTO_CHANGE struct change *change = mem_alloc(sizeof *change);
    if (!change)
        return FAIL_MEMORY();
    change->image = &image;
    TRY(path_join(root, STAGING, &change->staging));
    if (!os_exists(change->staging))
        return S_OK;
    TRY(os_lstat(change->staging, &stat));
    if (stat.type != OS_TYPE_DIRECTORY)
        return FAIL(HR_WIN32(ERROR_DIRECTORY), "%s is no folder", change->staging);
    HRESULT hr = read_plan(change);
    TRY(hr);
    log_line(LOG_WARNING, "Change::Recover", S_OK, "a change to %s was cut off; it is %s", root,
             hr == S_OK ? "carried out" : "undone");
    return hr == S_OK ? place_all(change) : take_away(change->staging);
}

HRESULT change_recover(const char *root, bool is_online)
{
    AUTO_FILE struct os_file *lock = NULL;
    AUTO_FREE char *staging = NULL;
    TRY(path_join(root, STAGING, &staging));
    if (!os_exists(staging)) /* the usual case needs no lock */
        return S_OK;
    if (is_online)
        TRY(lock_online(&lock));
    return recover(root);
}
