/* SPDX-License-Identifier: MIT */
/*
 * change.c - see change.h.
 *
 * The folder holds numbered files and, once marked, "plan": a JSON list of [verb, place, number] in
 * the order of placing. Carrying out a plan again goes on where it ended: a staged file that is
 * gone has been placed, and so has all before it. Placing only renames and removes, and it gives
 * back more room than it takes, so it may use the reserve that undoing has (FLOOR_UNDO): a change
 * is not failed behind its mark.
 */
#include "change.h"

#include <string.h>

#include "clock.h"
#include "dism_codes.h"
#include "error.h"
#include "floor.h"
#include "json.h"
#include "log.h"
#include "op.h"
#include "path.h"
#include "place.h"
#include "settings.h"
#include "text.h"

#define STAGING ".dismfake-change"
#define PLAN "plan"

enum verb { VERB_FOLDER, VERB_FILE, VERB_REMOVE, VERB_COUNT };
static const char *const verb_names[VERB_COUNT] = {"folder", "file", "remove"};

struct entry {
    enum verb verb;
    char *place;     /* below the root, as the file system spells what is there of it */
    unsigned number; /* of the staged file */
};

struct change {
    struct winimage *image;
    char *staging;
    char *staged;         /* the path given last */
    struct os_file *lock; /* of the online image */
    bool has_staging, is_marked;
    struct hive *hives[HIVE_COUNT];
    VEC(struct entry) entries;
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

void change_drop(struct change *change)
{
    if (change->has_staging && !change->is_marked) {
        struct error reason = *error_last();
        FLOOR_UNDO();
        if (FAILED(os_remove_tree(change->staging, true)))
            log_line(LOG_WARNING, "Change::Drop", error_last()->hr, "%s", error_last()->text);
        error_restore(&reason);
    }
    for (size_t i = 0; i < HIVE_COUNT; i++)
        if (change->hives[i])
            hive_close(change->hives[i]);
    for (size_t i = 0; i < change->entries.len; i++)
        mem_free(change->entries.ptr[i].place);
    vec_clear(&change->entries);
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
        TRY(hive_open_for_change(path, &change->hives[which]));
        hive_set_time(change->hives[which], clock_now_filetime());
    }
    *out = change->hives[which];
    return S_OK;
}

/* ---- planning ---- */

static HRESULT spelled(const struct change *change, const char *place, char **out)
{
    AUTO_FREE char *path = NULL;
    TRY(place_of_new(change->image->root, place, &path));
    const char *below = path_below(path, change->image->root);
    if (!below || !*below)
        return FAIL(E_INVALIDARG, "'%s' names nothing inside the image", place);
    if (text_starts(below, STAGING))
        return FAIL(E_ACCESSDENIED, "'%s' is where changes are prepared", place);
    *out = mem_dup(below);
    return *out ? S_OK : FAIL_MEMORY();
}

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

/* A file or folder that comes takes the place of one that was to come there (a removal before it
 * stays: what is there may be of another kind); a removal takes back all that was to come there and
 * below. */
static void forget_earlier(struct change *change, enum verb verb, const char *place)
{
    for (size_t i = change->entries.len; i-- > 0;) {
        struct entry *e = &change->entries.ptr[i];
        bool is_same = path_equal(e->place, place);
        bool is_below = path_below(e->place, place) != NULL;
        bool goes = verb == VERB_REMOVE ? is_same || is_below : is_same && e->verb != VERB_REMOVE;
        if (!goes)
            continue;
        mem_free(e->place);
        vec_remove(&change->entries, i);
    }
}

static HRESULT add(struct change *change, enum verb verb, const char *place, unsigned number)
{
    AUTO_FREE char *name = NULL;
    TRY(spelled(change, place, &name));
    forget_earlier(change, verb, name);
    struct entry *e = vec_push(&change->entries);
    if (!e)
        return FAIL_MEMORY();
    *e = (struct entry){verb, TAKE(name), number};
    return S_OK;
}

HRESULT change_stage(struct change *change, const char *place, const char **path)
{
    unsigned number = change->next++;
    mem_free(TAKE(change->staged));
    TRY(need_staging(change));
    TRY(staged_path(change, number, &change->staged));
    TRY(add(change, VERB_FILE, place, number));
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

HRESULT change_folder(struct change *change, const char *place)
{
    return add(change, VERB_FOLDER, place, 0);
}

HRESULT change_remove(struct change *change, const char *place)
{
    return add(change, VERB_REMOVE, place, 0);
}

/* ---- the plan as a file ---- */

static HRESULT write_plan(const struct change *change)
{
    AUTO_JSON struct json *plan = json_new_array();
    AUTO_FREE char *text = NULL, *path = NULL;
    for (size_t i = 0; i < change->entries.len; i++) {
        const struct entry *e = &change->entries.ptr[i];
        struct json *row = json_new_array();
        json_push(row, json_new_string(verb_names[e->verb]));
        json_push(row, json_new_string(e->place));
        json_push(row, json_new_number(e->number));
        json_push(plan, row);
    }
    if (!(text = json_print(plan)))
        return FAIL_MEMORY();
    TRY(path_join(change->staging, PLAN, &path));
    return os_write_file_atomic(path, text, strlen(text));
}

static HRESULT read_row(const struct json *row, struct entry *out)
{
    uint64_t number;
    const char *verb = json_string(json_at(row, 0)), *place = json_string(json_at(row, 1));
    unsigned v = 0;
    while (verb && v < VERB_COUNT && !text_equal(verb_names[v], verb))
        v++;
    if (!verb || v == VERB_COUNT || !place || !json_u64(json_at(row, 2), &number))
        return FAIL(HR_WIN32(ERROR_INVALID_DATA), "an entry of the plan says nothing");
    *out = (struct entry){(enum verb)v, mem_dup(place), (unsigned)number};
    return out->place ? S_OK : FAIL_MEMORY();
}

/* S_FALSE: nothing is marked. */
static HRESULT read_plan(struct change *change)
{
    AUTO_FREE char *path = NULL, *text = NULL;
    AUTO_JSON struct json *plan = NULL;
    size_t size;
    TRY(path_join(change->staging, PLAN, &path));
    if (!os_is_file(path))
        return S_FALSE;
    TRY(os_read_file(path, &text, &size));
    TRY(json_parse(text, size, &plan));
    for (const struct json *row = json_first(plan); row; row = json_next(row)) {
        struct entry *e = vec_push(&change->entries);
        if (!e)
            return FAIL_MEMORY();
        TRY(read_row(row, e));
    }
    return S_OK;
}

/* ---- placing ---- */

static HRESULT make_parent(const char *path)
{
    AUTO_FREE char *parent = NULL;
    TRY(path_parent(path, &parent));
    return os_make_directories(parent);
}

static HRESULT place_file(const struct change *change, const struct entry *e, const char *path)
{
    AUTO_FREE char *staged = NULL;
    TRY(staged_path(change, e->number, &staged));
    TRY(make_parent(path));
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

static HRESULT place_entry(const struct change *change, const struct entry *e)
{
    AUTO_FREE char *path = NULL;
    TRY(path_join(change->image->root, e->place, &path));
    switch (e->verb) {
    case VERB_FILE:
        return place_file(change, e, path);
    case VERB_FOLDER:
        return os_make_directories(path);
    default:
        return remove_place(path);
    }
}

/* How many entries are done already: all up to the last file that is not staged any more. */
static HRESULT count_placed(const struct change *change, size_t *out)
{
    *out = 0;
    for (size_t i = change->entries.len; i-- > 0 && *out == 0;) {
        AUTO_FREE char *staged = NULL;
        if (change->entries.ptr[i].verb != VERB_FILE)
            continue;
        TRY(staged_path(change, change->entries.ptr[i].number, &staged));
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
    for (size_t i = first; i < change->entries.len; i++)
        TRY(place_entry(change, &change->entries.ptr[i]));
    return os_remove_tree(change->staging, true);
}

/* ---- carrying out ---- */

static HRESULT stage_hives(struct change *change)
{
    for (unsigned i = 0; i < HIVE_COUNT; i++) {
        AUTO_FREE char *place = NULL;
        const char *path;
        if (!change->hives[i])
            continue;
        TRY(winimage_hive_place(change->image, (enum winimage_hive)i, &place));
        TRY(change_stage(change, place, &path));
        TRY(hive_save(change->hives[i], path));
    }
    return S_OK;
}

HRESULT change_carry_out(struct change *change, struct op *op, enum step stage, enum step place)
{
    TRY(op_step(op, stage));
    TRY(need_staging(change));
    TRY(stage_hives(change));
    TRY(op_step(op, place));
    TRY(write_plan(change));
    change->is_marked = true;
    op_no_return(op);
    winimage_forget(change->image);
    HRESULT hr = place_all(change);
    if (FAILED(hr))
        log_line(LOG_ERROR, "Change::Place", hr,
                 "%s; what is left of the change is made by the next call on the image",
                 error_last()->text);
    return hr;
}

/* ---- recovery ---- */

static HRESULT recover(const char *root)
{
    struct winimage image = {.root = (char *)root};
    AUTO_CHANGE struct change *change = mem_alloc(sizeof *change);
    if (!change)
        return FAIL_MEMORY();
    change->image = &image;
    TRY(path_join(root, STAGING, &change->staging));
    if (!os_exists(change->staging))
        return S_OK;
    HRESULT hr = read_plan(change);
    TRY(hr);
    log_line(LOG_WARNING, "Change::Recover", S_OK, "a change to %s was cut off; it is %s", root,
             hr == S_OK ? "carried out" : "undone");
    return hr == S_OK ? place_all(change) : os_remove_tree(change->staging, true);
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
