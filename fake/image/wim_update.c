/* SPDX-License-Identifier: MIT */
/*
 * wim_update.c - see wim.h: changes taken over into an image.
 *
 * wimlib keeps owner and mode (Unix data) of all that one command adds, or of nothing. So a folder
 * is added without what in it differs in that from itself, each of which gets a command of its own,
 * after it. All are one update, so that names of one file stay together.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "error.h"
#include "mem.h"
#include "path.h"
#include "text.h"
#include "vec.h"
#include "wim_handle.h"

struct addition {
    char *source, *target;
    bool keeps_mode;
    bool is_folder;
    bool was_met; /* when the folder above it was scanned */
};

struct wim_additions {
    VEC(struct addition) list;
    struct addition **inner; /* those that lie in a folder of the list, by source */
    size_t inner_count;
    unsigned umask;
};

static void additions_clear(struct wim_additions *additions)
{
    for (size_t i = 0; i < additions->list.len; i++) {
        mem_free(additions->list.ptr[i].source);
        mem_free(additions->list.ptr[i].target);
    }
    vec_clear(&additions->list);
    mem_free(additions->inner);
}

/* ---- which commands ---- */

static HRESULT add(struct wim_additions *additions, const char *source, const char *target,
                   bool keeps_mode, bool is_folder)
{
    struct addition *addition = vec_push(&additions->list);
    if (!addition)
        return FAIL_MEMORY();
    *addition = (struct addition){.source = mem_dup(source),
                                  .target = mem_dup(target),
                                  .keeps_mode = keeps_mode,
                                  .is_folder = is_folder};
    return addition->source && addition->target ? S_OK : FAIL_MEMORY();
}

static HRESULT add_folder(struct wim_additions *additions, const char *source, const char *target,
                          bool keeps_mode);

static HRESULT see(struct wim_additions *additions, const char *source, const char *target,
                   const bool *above)
{
    struct os_stat now;
    TRY(os_lstat(source, &now));
    bool is_folder = now.type == OS_TYPE_DIRECTORY;
    bool keeps_mode =
        now.type == OS_TYPE_LINK ? above && *above : !os_has_default_mode(&now, additions->umask);
    if (!above || *above != keeps_mode)
        TRY(add(additions, source, target, keeps_mode, is_folder));
    return is_folder ? add_folder(additions, source, target, keeps_mode) : S_OK;
}

static HRESULT add_folder(struct wim_additions *additions, const char *source, const char *target,
                          bool keeps_mode)
{
    AUTO_NAMES struct os_names names = {0};
    TRY(os_list(source, &names));
    for (size_t i = 0; i < names.len; i++) {
        AUTO_FREE char *from = NULL, *to = mem_format("%s/%s", target, names.ptr[i]);
        if (!to)
            return FAIL_MEMORY();
        TRY(path_join(source, names.ptr[i], &from));
        TRY(see(additions, from, to, &keeps_mode));
    }
    return S_OK;
}

static int by_source(const void *a, const void *b)
{
    return strcmp((*(struct addition *const *)a)->source, (*(struct addition *const *)b)->source);
}

/* `outer` are the changes that were asked for; the rest lies in one of them. */
static HRESULT sort_inner(struct wim_additions *additions, const struct wim_change *changes,
                          size_t count)
{
    size_t change = 0;
    additions->inner = mem_array(additions->list.len + 1, sizeof *additions->inner);
    if (!additions->inner)
        return FAIL_MEMORY();
    for (size_t i = 0; i < additions->list.len; i++) {
        while (change < count && changes[change].kind != WIM_ADD)
            change++;
        if (change < count && text_equal(additions->list.ptr[i].source, changes[change].source))
            change++;
        else
            additions->inner[additions->inner_count++] = &additions->list.ptr[i];
    }
    qsort(additions->inner, additions->inner_count, sizeof *additions->inner, by_source);
    return S_OK;
}

static HRESULT plan(const struct wim_change *changes, size_t count, struct wim_additions *additions)
{
    additions->umask = os_umask();
    for (size_t i = 0; i < count; i++)
        if (changes[i].kind == WIM_ADD)
            TRY(see(additions, changes[i].source, changes[i].path, NULL));
    return sort_inner(additions, changes, count);
}

/* ---- wimlib ---- */

enum wimlib_progress_status wim_exclude(struct wim *wim, union wimlib_progress_info *info)
{
    AUTO_PORT_TEXTS struct port_texts texts = {0};
    const char *path;
    if (!wim->additions || !wim->additions->inner_count)
        return WIMLIB_PROGRESS_STATUS_CONTINUE;
    wim->progress_hr = port_utf8_path(&texts, info->test_file_exclusion.path, &path);
    if (FAILED(wim->progress_hr))
        return WIMLIB_PROGRESS_STATUS_ABORT;
    struct addition key = {.source = (char *)(uintptr_t)path}, *wanted = &key;
    struct addition **found = bsearch(&wanted, wim->additions->inner, wim->additions->inner_count,
                                      sizeof *wim->additions->inner, by_source);
    if (found) {
        info->test_file_exclusion.will_exclude = !(*found)->was_met;
        (*found)->was_met = true;
    }
    return WIMLIB_PROGRESS_STATUS_CONTINUE;
}

static HRESULT make_deletions(const struct wim_change *changes, size_t count,
                              struct port_texts *texts, struct wimlib_update_command *commands,
                              size_t *made)
{
    size_t n = 0;
    for (size_t i = 0; i < count; i++) {
        if (changes[i].kind != WIM_DELETE)
            continue;
        commands[n].op = WIMLIB_UPDATE_OP_DELETE;
        TRY(port_text(texts, changes[i].path, &commands[n].delete_.wim_path));
        commands[n++].delete_.delete_flags =
            WIMLIB_DELETE_FLAG_RECURSIVE | WIMLIB_DELETE_FLAG_FORCE;
    }
    *made = n;
    return S_OK;
}

static HRESULT make_additions(const struct wim_additions *additions, struct port_texts *texts,
                              struct wimlib_update_command *commands)
{
    int keep_mode = port_has_unix_data() ? WIMLIB_ADD_FLAG_UNIX_DATA : 0;
    for (size_t i = 0; i < additions->list.len; i++) {
        const struct addition *addition = &additions->list.ptr[i];
        commands[i].op = WIMLIB_UPDATE_OP_ADD;
        TRY(port_path(texts, addition->source, &commands[i].add.fs_source_path));
        TRY(port_text(texts, addition->target, &commands[i].add.wim_target_path));
        commands[i].add.add_flags = WIMLIB_ADD_FLAG_NORPFIX | WIMLIB_ADD_FLAG_NO_ACLS |
                                    WIMLIB_ADD_FLAG_NO_UNSUPPORTED_EXCLUDE |
                                    (addition->keeps_mode ? keep_mode : 0) |
                                    (addition->is_folder ? WIMLIB_ADD_FLAG_TEST_FILE_EXCLUSION : 0);
    }
    return S_OK;
}

HRESULT wim_update(struct wim *wim, unsigned index, const struct wim_change *changes, size_t count)
{
    struct wim_additions additions AUTO(additions_clear) = {0};
    TRY(wim_open_rest(wim));
    TRY(plan(changes, count, &additions));
    AUTO_FREE struct wimlib_update_command *commands =
        mem_array(count + additions.list.len + 1, sizeof *commands);
    if (!commands)
        return FAIL_MEMORY();
    AUTO_PORT_TEXTS struct port_texts texts = {0};
    size_t n = 0;
    TRY(make_deletions(changes, count, &texts, commands, &n));
    TRY(make_additions(&additions, &texts, commands + n));
    n += additions.list.len;
    wim->progress = NULL;
    wim->progress_hr = S_OK;
    wim->additions = &additions;
    errno = 0;
    int code = WIM(update_image)(wim->handle, (int)index, commands, n, 0);
    int err = errno;
    wim->additions = NULL;
    return code ? wim_failed(wim, code, err, "cannot take over the changes", "of the mount") : S_OK;
}
