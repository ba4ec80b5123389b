/* SPDX-License-Identifier: MIT */
/* world.c - the list of changes to the world: checked, kept, released; see world.h. */
#include "world.h"

#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "activity.h"
#include "dism_codes.h"
#include "error.h"
#include "floor.h"
#include "os.h"
#include "path.h"
#include "settings.h"
#include "state_file.h"
#include "text.h"
#include "world_model.h"

/* ---- the file ---- */

static struct os_mutex lock; /* of what this process knows of the file */
static struct os_stat known_file;
static struct json *known_list;

/* What a thread has looked at stays so for the moment: until its call comes to its next step, or
 * goes on after somebody else could do something (activity_moment), or this process changes the
 * file. */
static atomic_uint_fast64_t changes_by_us;
static _Thread_local struct {
    uint64_t moment, changes;
} looked;

/* For a scope that changes the file: it has changed when the scope ends. */
static void note_change(const int *unused)
{
    (void)unused;
    atomic_fetch_add(&changes_by_us, 1);
}
#define NOTE_CHANGE() __attribute__((cleanup(note_change), unused)) int note_change_here = 0

static HRESULT parse_list(const char *path, struct json **out)
{
    AUTO_FREE char *text = NULL, *boot = NULL;
    AUTO_JSON struct json *root = NULL;
    size_t size;
    TRY(os_read_file(path, &text, &size));
    TRY(json_parse(text, size, &root));
    TRY(os_boot_id(&boot));
    struct json *list = json_new_array();
    const struct json *changes = json_get(root, "changes");
    for (const struct json *entry = json_first(changes); entry; entry = json_next(entry)) {
        const char *ends = json_string(json_get(entry, "boot"));
        if (!ends || text_equal(ends, boot)) /* else the machine has restarted since */
            json_push(list, json_copy(entry));
    }
    *out = list;
    return S_OK;
}

/* Needs the lock. */
static HRESULT look(void)
{
    AUTO_FREE char *path = NULL;
    struct os_stat now;
    state_file_look("world.json", &now);
    if (state_file_is_same(&now, &known_file))
        return S_OK;
    struct json *list = NULL;
    TRY(settings_state_path("world.json", &path));
    if (now.inode)
        TRY(parse_list(path, &list));
    json_free(known_list);
    known_list = list;
    known_file = now;
    return S_OK;
}

/* Brings known_list up to date; needs the lock. */
static HRESULT refresh(void)
{
    uint64_t moment = activity_moment(), changes = atomic_load(&changes_by_us);
    if (moment && moment == looked.moment && changes == looked.changes)
        return S_OK;
    TRY(look());
    looked.moment = moment;
    looked.changes = changes;
    return S_OK;
}

bool world_is_normal(void)
{
    FLOOR_PAUSE();
    AUTO_LOCK(&lock);
    return SUCCEEDED(refresh()) && json_len(known_list) == 0;
}

HRESULT world_snapshot(struct json **out)
{
    *out = NULL;
    FLOOR_PAUSE(); /* the world is not the work of the call */
    AUTO_LOCK(&lock);
    TRY(refresh());
    if (json_len(known_list) == 0)
        return S_OK;
    *out = json_copy(known_list);
    return *out ? S_OK : FAIL_MEMORY();
}

/* A change of the list that no other process comes between. */
struct transaction {
    struct os_file *lock;
    struct json *list;
};

static void transaction_clear(struct transaction *t)
{
    json_free(t->list);
    if (t->lock)
        os_close(t->lock);
}

static HRESULT begin(struct transaction *t)
{
    AUTO_FREE char *path = NULL, *lock_path = NULL;
    TRY(settings_state_path("world.json", &path));
    TRY(settings_state_path("world.lock", &lock_path));
    TRY(os_open(lock_path, OS_WRITE | OS_CREATE, &t->lock));
    TRY(os_lock_file(t->lock, OS_LOCK_WAIT));
    if (os_is_file(path))
        return parse_list(path, &t->list);
    t->list = json_new_array();
    return t->list ? S_OK : FAIL_MEMORY();
}

static HRESULT save(const struct transaction *t)
{
    AUTO_FREE char *path = NULL;
    NOTE_CHANGE();
    TRY(settings_state_path("world.json", &path));
    if (json_len(t->list) == 0)
        return os_is_file(path) ? os_remove_file(path) : S_OK;
    AUTO_JSON struct json *root = json_new_object();
    json_set_number(root, "version", 1);
    json_set(root, "changes", json_copy(t->list));
    AUTO_FREE char *text = json_print_pretty(root);
    return text ? os_write_file_atomic(path, text, strlen(text)) : FAIL_MEMORY();
}

/* Keeps the entries that `stays` says; false if none was left out. */
static bool filter(struct transaction *t,
                   bool (*stays)(const struct json *entry, const void *about), const void *about)
{
    struct json *list = json_new_array();
    for (const struct json *entry = json_first(t->list); entry; entry = json_next(entry))
        if (stays(entry, about))
            json_push(list, json_copy(entry));
    bool is_shorter = json_len(list) < json_len(t->list);
    json_free(t->list);
    t->list = list;
    return is_shorter;
}

/* ---- changing it ---- */

const struct json *world_entry_change(const struct json *entry)
{
    return json_get(entry, "change");
}

const char *world_entry_text(const struct json *entry, const char *key)
{
    return json_string(json_get(world_entry_change(entry), key));
}

const char *world_entry_path(const struct json *entry, const char *verb)
{
    return json_get(world_entry_change(entry), verb) ? json_string(json_get(entry, "path")) : NULL;
}

static bool is_of_another_verb(const struct json *entry, const void *verb)
{
    return !json_get(world_entry_change(entry), ((const struct world_verb *)verb)->name);
}

static bool has_another_name(const struct json *entry, const void *name)
{
    const char *own = world_entry_text(entry, "as");
    return !own || (name && !text_equal(own, name));
}

static bool outlives_restarts(const struct json *entry, const void *unused)
{
    (void)unused;
    return !json_get(entry, "boot");
}

static HRESULT make_entry(const struct world_verb *verb, const struct json *change,
                          const char *path, struct json **out)
{
    AUTO_FREE char *boot = NULL;
    AUTO_JSON struct json *entry = json_new_object();
    const char *how = json_string(json_get(change, "how"));
    json_set(entry, "change", json_copy(change));
    if (path)
        json_set_string(entry, "path", path);
    /* `lock` is short for holdFile with no sharing. */
    if (verb->ends_at_reboot || (how && text_equal(how, "lock"))) {
        TRY(os_boot_id(&boot));
        json_set_string(entry, "boot", boot);
    }
    if (json_get(json_get(change, "is"), "freeBytes"))
        json_set_number(entry, "used", (double)world_bytes_below(path));
    if (!entry)
        return FAIL_MEMORY();
    *out = TAKE(entry);
    return S_OK;
}

HRESULT world_change(const struct json *change, const char *path)
{
    const struct world_verb *verb = NULL;
    struct json *entry = NULL;
    struct transaction t AUTO(transaction_clear) = {0};
    TRY(world_check_change(change, &verb));
    TRY(begin(&t));
    const char *name = json_string(json_get(change, "as"));
    for (const struct json *old = json_first(t.list); name && old; old = json_next(old))
        if (text_equal(world_entry_text(old, "as"), name))
            return FAIL(E_INVALIDARG, "/as: a change '%s' is in force already", name);
    if (verb->is_single)
        filter(&t, is_of_another_verb, verb);
    TRY(make_entry(verb, change, path, &entry));
    if (!json_push(t.list, entry))
        return FAIL_MEMORY();
    return save(&t);
}

static HRESULT drop(bool (*stays)(const struct json *entry, const void *about), const void *about)
{
    struct transaction t AUTO(transaction_clear) = {0};
    AUTO_JSON struct json *now = NULL;
    TRY(world_snapshot(&now));
    if (!now)
        return S_FALSE;
    TRY(begin(&t));
    if (!filter(&t, stays, about))
        return S_FALSE;
    return save(&t);
}

HRESULT world_release(const char *name)
{
    return drop(has_another_name, name);
}

HRESULT world_reboot(void)
{
    TRY(drop(outlives_restarts, NULL));
    return S_OK;
}

HRESULT world_clear(void)
{
    AUTO_FREE char *path = NULL;
    NOTE_CHANGE();
    TRY(settings_state_path("world.json", &path));
    return os_is_file(path) ? os_remove_file(path) : S_OK;
}

HRESULT world_list(struct json **out)
{
    AUTO_JSON struct json *now = NULL;
    TRY(world_snapshot(&now));
    struct json *list = json_new_array();
    for (const struct json *entry = json_first(now); entry; entry = json_next(entry))
        json_push(list, json_copy(world_entry_change(entry)));
    *out = list;
    return list ? S_OK : FAIL_MEMORY();
}

HRESULT world_count_opened(const char *path, unsigned count, struct json **before)
{
    struct transaction t AUTO(transaction_clear) = {0};
    bool has_scanner = false;
    FLOOR_PAUSE();
    TRY(world_snapshot(before));
    for (const struct json *entry = json_first(*before); entry; entry = json_next(entry)) {
        const char *scanned = world_entry_path(entry, "scanner");
        has_scanner = has_scanner || (scanned && path_is_within(path, scanned));
    }
    if (!has_scanner || count == 0)
        return S_OK;
    TRY(begin(&t));
    json_free(*before);
    *before = json_copy(t.list);
    struct json *after = json_new_array();
    for (const struct json *entry = json_first(t.list); entry; entry = json_next(entry)) {
        struct json *copy = json_copy(entry);
        const char *scanned = world_entry_path(entry, "scanner");
        if (scanned && path_is_within(path, scanned))
            json_set_number(copy, "opened", json_number(json_get(entry, "opened")) + count);
        json_push(after, copy);
    }
    json_free(t.list);
    t.list = after;
    return save(&t);
}
