/* SPDX-License-Identifier: MIT */
/* replay.c - see replay.h. */
#include "replay.h"

#include <stdlib.h>
#include <string.h>

#include "entry.h"
#include "dism_codes.h"
#include "error.h"
#include "path.h"
#include "text.h"

struct kept {
    char *path;
    struct times times;
};

struct replay {
    const struct plan *plan;
    const char *folder;
    const struct wim_progress *progress;
    uint64_t done;
    char *here;            /* the current folder, NULL: elsewhere */
    struct os_stat *there; /* what the image has in the place of each item; links 0: nothing */
    size_t *order; /* of the items that are files: those with the same source one after another */
    size_t files;
    bool *is_late; /* by the place of a group's first file in `order` */
    /* Folders whose times making and deleting entries would change, the first look at each first:
     * set back from the last to the first. */
    VEC(struct kept) kept;
};

static void replay_clear(struct replay *r)
{
    for (size_t i = 0; i < r->kept.len; i++)
        mem_free(r->kept.ptr[i].path);
    vec_clear(&r->kept);
    mem_free(r->here);
    mem_free(r->there);
    mem_free(r->order);
    mem_free(r->is_late);
}

/* ---- places ---- */

static HRESULT place(const struct replay *r, const char *path, char **out)
{
    *out = mem_format("%s/%s", r->folder, path);
    return *out ? S_OK : FAIL_MEMORY();
}

static HRESULT keep_times(struct replay *r, const char *folder, const struct times *times)
{
    struct kept *kept = vec_push(&r->kept);
    if (!kept || !(kept->path = mem_dup(folder)))
        return FAIL_MEMORY();
    kept->times = *times;
    return S_OK;
}

/* Before an entry of the folder is made or deleted: that is no change of the folder itself. */
static HRESULT keep_parent(struct replay *r, const char *target)
{
    AUTO_FREE char *parent = NULL;
    struct times times;
    TRY(path_parent(target, &parent));
    if (r->kept.len && text_equal(r->kept.ptr[r->kept.len - 1].path, parent))
        return S_OK;
    TRY(entry_times(parent, &times));
    return keep_times(r, parent, &times);
}

static HRESULT set_times_back(const struct replay *r)
{
    for (size_t i = r->kept.len; i > 0; i--)
        TRY(entry_set_times(r->kept.ptr[i - 1].path, &r->kept.ptr[i - 1].times));
    return S_OK;
}

/* What is there; links is 0 if nothing is. */
static HRESULT look(const char *target, struct os_stat *out)
{
    *out = (struct os_stat){0};
    HRESULT hr = os_lstat(target, out);
    if (hr != HR_WIN32(ERROR_FILE_NOT_FOUND) && hr != HR_WIN32(ERROR_PATH_NOT_FOUND))
        return hr;
    error_clear();
    return S_OK;
}

/* Goes to the folder of that name, which is then *name. S_FALSE: there is no such folder. */
static HRESULT enter(struct replay *r, const char *target, const char **name)
{
    AUTO_FREE char *parent = NULL;
    TRY(path_parent(target, &parent));
    *name = target + strlen(parent) + 1;
    if (text_equal(r->here, parent))
        return S_OK;
    mem_free(r->here);
    r->here = NULL;
    HRESULT hr = entry_enter(parent);
    if (hr == S_OK)
        r->here = TAKE(parent);
    return hr;
}

static HRESULT remove_at(struct replay *r, const char *target)
{
    struct os_stat now;
    TRY(look(target, &now));
    if (now.links == 0)
        return S_OK;
    TRY(keep_parent(r, target));
    return now.type == OS_TYPE_DIRECTORY ? os_remove_tree(target, true) : os_remove_file(target);
}

static HRESULT step(struct replay *r)
{
    r->done += PLAN_STEP;
    return r->progress->report(r->progress->context, r->done, r->plan->work);
}

/* ---- what goes ---- */

static HRESULT delete_all(struct replay *r)
{
    for (size_t i = 0; i < r->plan->deletions.len; i++) {
        AUTO_FREE char *target = NULL;
        TRY(place(r, r->plan->deletions.ptr[i], &target));
        TRY(remove_at(r, target));
        TRY(step(r));
    }
    return S_OK;
}

/* Before anything is made, so that counts of names are true from then on. */
static HRESULT clear_places(struct replay *r)
{
    r->there = mem_array(r->plan->items.len + 1, sizeof *r->there);
    if (!r->there)
        return FAIL_MEMORY();
    for (size_t i = 0; i < r->plan->items.len; i++) {
        const struct plan_item *item = &r->plan->items.ptr[i];
        struct os_stat *there = &r->there[i];
        AUTO_FREE char *target = NULL;
        const char *name;
        TRY(place(r, item->path, &target));
        HRESULT hr = enter(r, target, &name);
        TRY(hr);
        if (hr == S_OK)
            TRY(look(name, there));
        if (there->links && (item->is_anew || there->type != item->type)) {
            TRY(remove_at(r, target));
            there->links = 0;
        }
    }
    return S_OK;
}

/* ---- folders and links ---- */

static HRESULT make_folder(struct replay *r, const struct plan_item *item)
{
    AUTO_FREE char *target = NULL;
    struct os_stat now;
    struct times times;
    TRY(place(r, item->path, &target));
    TRY(entry_times(item->source, &times));
    TRY(look(target, &now));
    if (now.links == 0) {
        TRY(keep_parent(r, target));
        TRY(os_make_directory(target));
        if (r->plan->keeps_modes)
            TRY(os_set_mode(target, item->mode));
    }
    TRY(entry_copy_streams(item->source, target));
    TRY(keep_times(r, target, &times));
    return step(r);
}

static HRESULT make_link(struct replay *r, const struct plan_item *item)
{
    AUTO_FREE char *target = NULL, *wanted = NULL, *there = NULL;
    struct os_stat now;
    struct times times;
    TRY(place(r, item->path, &target));
    TRY(entry_times(item->source, &times));
    TRY(os_read_link(item->source, &wanted));
    TRY(look(target, &now));
    if (now.links)
        TRY(os_read_link(target, &there));
    if (!text_equal(wanted, there)) { /* a junction that leads where it did stays one */
        TRY(remove_at(r, target));
        TRY(keep_parent(r, target));
        TRY(os_make_link(wanted, target));
    }
    TRY(entry_set_times(target, &times));
    return step(r);
}

static HRESULT make_folders_and_links(struct replay *r)
{
    for (size_t i = 0; i < r->plan->items.len; i++)
        if (r->plan->items.ptr[i].type == OS_TYPE_DIRECTORY)
            TRY(make_folder(r, &r->plan->items.ptr[i]));
    for (size_t i = 0; i < r->plan->items.len; i++)
        if (r->plan->items.ptr[i].type == OS_TYPE_LINK)
            TRY(make_link(r, &r->plan->items.ptr[i]));
    return S_OK;
}

/* ---- files ---- */

static const struct plan *sorted_plan; /* qsort hands nothing on; one thread, one plan */

static int compare_sources(const void *a, const void *b)
{
    size_t i = *(const size_t *)a, k = *(const size_t *)b;
    const struct plan_item *x = &sorted_plan->items.ptr[i], *y = &sorted_plan->items.ptr[k];
    if (x->device != y->device)
        return x->device < y->device ? -1 : 1;
    if (x->inode != y->inode)
        return x->inode < y->inode ? -1 : 1;
    return i < k ? -1 : 1;
}

static HRESULT sort_files(struct replay *r)
{
    r->order = mem_array(r->plan->items.len + 1, sizeof *r->order);
    if (!r->order)
        return FAIL_MEMORY();
    for (size_t i = 0; i < r->plan->items.len; i++)
        if (r->plan->items.ptr[i].type == OS_TYPE_FILE)
            r->order[r->files++] = i;
    sorted_plan = r->plan;
    qsort(r->order, r->files, sizeof *r->order, compare_sources);
    return S_OK;
}

struct name {
    const struct plan_item *item;
    char *target;
    struct os_stat there; /* links 0: nothing is */
};

struct group {
    VEC(struct name) names;
};

static void group_clear(struct group *group)
{
    for (size_t i = 0; i < group->names.len; i++)
        mem_free(group->names.ptr[i].target);
    vec_clear(&group->names);
}

static HRESULT read_group(const struct replay *r, size_t first, size_t end, struct group *out)
{
    for (size_t i = first; i < end; i++) {
        struct name *name = vec_push(&out->names);
        if (!name)
            return FAIL_MEMORY();
        name->item = &r->plan->items.ptr[r->order[i]];
        name->there = r->there[r->order[i]];
        TRY(place(r, name->item->path, &name->target));
        if (name->there.links > 1) /* the others may have gone meanwhile */
            TRY(look(name->target, &name->there));
    }
    return S_OK;
}

/* Are all names of the file that this one names in the image in the group? */
static bool is_whole(const struct group *group, const struct name *name)
{
    unsigned count = 0;
    for (size_t i = 0; i < group->names.len; i++)
        count +=
            group->names.ptr[i].there.links && group->names.ptr[i].there.inode == name->there.inode;
    return name->there.links && count >= name->there.links;
}

static struct name *choose_leader(const struct group *group)
{
    for (size_t i = 0; i < group->names.len; i++)
        if (is_whole(group, &group->names.ptr[i]))
            return &group->names.ptr[i];
    return NULL;
}

static HRESULT report_copied(void *context, uint64_t bytes)
{
    const struct replay *r = context;
    return r->progress->report(r->progress->context, r->done + bytes, r->plan->work);
}

/* A file without Unix data looks as if it had 0777. */
static HRESULT set_mode(const struct replay *r, const char *target, const struct plan_item *item)
{
    struct os_stat now;
    if (!r->plan->keeps_modes)
        return S_OK;
    TRY(os_stat(target, &now));
    return now.mode == item->mode && !item->has_own_mode ? S_OK : os_set_mode(target, item->mode);
}

static HRESULT write_file(struct replay *r, const struct name *name)
{
    struct times times;
    const char *source = name->item->source, *to;
    TRY(entry_times(source, &times));
    TRY(keep_parent(r, name->target));
    if (enter(r, name->target, &to) != S_OK)
        return FAIL(E_FAIL, "the folder of %s is gone", name->target);
    TRY(entry_copy(source, to, &times, report_copied, r));
    TRY(entry_copy_streams(source, to));
    return set_mode(r, to, name->item);
}

static HRESULT write_group(struct replay *r, struct group *group)
{
    struct name *leader = choose_leader(group);
    if (!leader) {
        leader = group->names.ptr;
        TRY(remove_at(r, leader->target));
        leader->there.links = 0;
    }
    TRY(write_file(r, leader));
    for (size_t i = 0; i < group->names.len; i++) {
        struct name *name = &group->names.ptr[i];
        r->done += name->item->size;
        TRY(step(r));
        if (name == leader ||
            (leader->there.links && name->there.links && name->there.inode == leader->there.inode))
            continue;
        TRY(remove_at(r, name->target));
        TRY(keep_parent(r, name->target));
        TRY(os_make_hard_link(leader->target, name->target));
    }
    return S_OK;
}

/* Nothing but its names or its mode has changed, or its time was set back. */
static bool looks_unchanged(const struct group *group)
{
    for (size_t i = 0; i < group->names.len; i++) {
        const struct name *name = &group->names.ptr[i];
        if (name->there.links && name->there.size == name->item->size &&
            name->there.mtime_ns == name->item->mtime_ns)
            return true;
    }
    return false;
}

static size_t end_of_group(const struct replay *r, size_t first)
{
    const struct plan_item *items = r->plan->items.ptr;
    const struct plan_item *item = &items[r->order[first]];
    size_t end = first + 1;
    while (end < r->files && items[r->order[end]].device == item->device &&
           items[r->order[end]].inode == item->inode)
        end++;
    return end;
}

/* What of a file in the image has several names that went separate ways stays with the one that is
 * written last: those that look unchanged, if there are any. Looks before anything is written. */
static HRESULT find_late(struct replay *r)
{
    r->is_late = mem_array(r->files + 1, sizeof *r->is_late);
    if (!r->is_late)
        return FAIL_MEMORY();
    for (size_t i = 0; i < r->files; i = end_of_group(r, i)) {
        struct group group AUTO(group_clear) = {0};
        TRY(read_group(r, i, end_of_group(r, i), &group));
        r->is_late[i] = looks_unchanged(&group);
    }
    return S_OK;
}

static HRESULT write_files(struct replay *r, bool late)
{
    for (size_t i = 0; i < r->files; i = end_of_group(r, i)) {
        struct group group AUTO(group_clear) = {0};
        if (r->is_late[i] != late)
            continue;
        TRY(read_group(r, i, end_of_group(r, i), &group));
        TRY(write_group(r, &group));
    }
    return S_OK;
}

HRESULT replay(const struct plan *plan, const char *folder, const struct wim_progress *progress)
{
    struct replay r AUTO(replay_clear) = {.plan = plan, .folder = folder, .progress = progress};
    TRY(delete_all(&r));
    TRY(clear_places(&r));
    TRY(make_folders_and_links(&r));
    TRY(sort_files(&r));
    TRY(find_late(&r));
    TRY(write_files(&r, false));
    TRY(write_files(&r, true));
    TRY(entry_enter("/")); /* or the file system is in use when it is to go */
    return set_times_back(&r);
}
