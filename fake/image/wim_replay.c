/* SPDX-License-Identifier: MIT */
/* wim_replay.c - see wim_replay.h. The helper's command line and answers: replay/main.c. */
#include "wim_replay.h"

#include <stdio.h>
#include <string.h>

#include "dism_codes.h"
#include "error.h"
#include "floor.h"
#include "helper.h"
#include "json.h"
#include "log.h"
#include "path.h"
#include "text.h"

#define HELPER "dismfake-replay"
#define POLL_MS 20

/* FILE_ATTRIBUTE_... */
#define ARCHIVE 0x20u
#define NORMAL 0x80u
#define REPARSE_POINT 0x400u
#define ENCRYPTED 0x4000u

/* ---- is it needed? ---- */

/* Is that true of the file, or of anything in the folder? */
static HRESULT is_any(const char *source, unsigned umask,
                      bool (*is_true)(const char *path, const struct os_stat *now, unsigned umask),
                      bool *out)
{
    struct os_stat now;
    AUTO_NAMES struct os_names names = {0};
    TRY(os_lstat(source, &now));
    *out = is_true(source, &now, umask);
    if (*out || now.type != OS_TYPE_DIRECTORY)
        return S_OK;
    TRY(os_list(source, &names));
    for (size_t i = 0; i < names.len && !*out; i++) {
        AUTO_FREE char *path = NULL;
        TRY(path_join(source, names.ptr[i], &path));
        TRY(is_any(path, umask, is_true, out));
    }
    return S_OK;
}

static bool has_streams(const char *path, const struct os_stat *now, unsigned umask)
{
    (void)now, (void)umask;
    return os_has_streams(path);
}

static bool has_more_than_content(const struct wim_entry *entry)
{
    bool has_more =
        (entry->attributes & ~(ARCHIVE | NORMAL)) || entry->has_short_name || entry->named_streams;
    return entry->kind == WIM_FILE && (entry->has_security || (has_more && !wim_keeps_metadata()));
}

HRESULT wim_replay_is_needed(struct wim *wim, unsigned index, const wim_changes *changes, bool *out)
{
    *out = false;
    for (size_t i = 0; i < changes->len && !*out; i++) {
        struct wim_entry entry;
        if (changes->ptr[i].kind != WIM_ADD)
            continue;
        TRY(wim_look(wim, index, changes->ptr[i].path, &entry));
        *out = has_more_than_content(&entry);
        if (!*out && !wim_keeps_metadata())
            TRY(is_any(changes->ptr[i].source, 0, has_streams, out));
    }
    return S_OK;
}

/* ---- do modes matter? ---- */

static bool has_own_mode(const char *path, const struct os_stat *now, unsigned umask)
{
    (void)path;
    return now->type != OS_TYPE_LINK && !os_has_default_mode(now, umask);
}

/* Then all that is new gets Unix data: wimlib's file system has it for all or for none. */
static HRESULT keeps_modes(struct wim *wim, unsigned index, const wim_changes *changes, bool *out)
{
    unsigned umask = os_umask();
    *out = false;
    for (size_t i = 0; i < changes->len && !*out; i++) {
        struct wim_entry entry;
        if (changes->ptr[i].kind != WIM_ADD)
            continue;
        TRY(wim_look(wim, index, changes->ptr[i].path, &entry));
        *out = entry.kind == WIM_FILE && entry.has_unix_data;
        if (!*out)
            TRY(is_any(changes->ptr[i].source, umask, has_own_mode, out));
    }
    return S_OK;
}

/* ---- the list of changes ---- */

/* Writing into it would leave the old encrypted data, or a tag that no longer says what is there.
 */
static HRESULT must_be_anew(struct wim *wim, unsigned index, const struct wim_change *change,
                            bool *out)
{
    struct wim_entry entry;
    struct os_stat source;
    TRY(wim_look(wim, index, change->path, &entry));
    TRY(os_lstat(change->source, &source));
    *out = entry.kind == WIM_FILE && source.type == OS_TYPE_FILE &&
           (entry.attributes & (ENCRYPTED | REPARSE_POINT));
    return S_OK;
}

static HRESULT add_change(struct json *list, struct wim *wim, unsigned index,
                          const struct wim_change *change)
{
    bool is_anew = false, is_set = true;
    struct json *object = json_new_object();
    if (!json_push(list, object))
        return FAIL_MEMORY();
    if (change->kind == WIM_DELETE)
        return json_set_string(object, "delete", change->path) ? S_OK : FAIL_MEMORY();
    TRY(must_be_anew(wim, index, change, &is_anew));
    if (is_anew)
        is_set = json_set_bool(object, "anew", true);
    is_set = is_set && json_set_string(object, "add", change->path) &&
             json_set_string(object, "from", change->source);
    return is_set ? S_OK : FAIL_MEMORY();
}

static HRESULT write_changes(struct wim *wim, unsigned index, const wim_changes *changes,
                             const char *path)
{
    AUTO_JSON struct json *list = json_new_array();
    AUTO_FILE struct os_file *file = NULL;
    AUTO_FREE char *text = NULL;
    for (size_t i = 0; list && i < changes->len; i++)
        TRY(add_change(list, wim, index, &changes->ptr[i]));
    text = list ? json_print(list) : NULL;
    if (!text)
        return FAIL_MEMORY();
    TRY(os_open(path, OS_WRITE | OS_CREATE | OS_TRUNCATE, &file));
    return os_write(file, text, strlen(text));
}

/* ---- the helper ---- */

struct run {
    char *helper, *folder, *staging, *changes, *errors;
    char index[16], client[16];
    const char *argv[20];
    struct os_child *child;
    struct os_file *image;
    uint64_t size; /* of the image file, as far as the floor knows */
    bool keeps_modes;
    bool has_answered;
    HRESULT hr; /* its answer */
};

static void run_clear(struct run *run)
{
    os_child_free(run->child);
    mem_free(run->helper);
    mem_free(run->folder);
    mem_free(run->staging);
    mem_free(run->changes);
    mem_free(run->errors);
}

static HRESULT make_places(const struct mount *mount, struct run *run)
{
    TRY(wim_replay_clean(mount));
    TRY(mount_side_path(mount, "replay/folder", &run->folder));
    TRY(mount_side_path(mount, "replay/staging", &run->staging));
    TRY(mount_side_path(mount, "replay/changes", &run->changes));
    TRY(mount_side_path(mount, "replay/errors", &run->errors));
    TRY(os_make_directories(run->folder));
    return os_make_directories(run->staging);
}

static void make_command(const struct wim_replay *replay, struct run *run)
{
    size_t n = 0;
    snprintf(run->index, sizeof run->index, "%u", replay->index);
    snprintf(run->client, sizeof run->client, "%u", os_pid());
    const char *const all[] = {run->helper,  "--image",    replay->mount->image_path,
                               "--index",    run->index,   "--changes",
                               run->changes, "--folder",   run->folder,
                               "--staging",  run->staging, "--client",
                               run->client};
    for (; n < sizeof all / sizeof *all; n++)
        run->argv[n] = all[n];
    if (run->keeps_modes)
        run->argv[n++] = "--unix-data";
    if (replay->with_integrity)
        run->argv[n++] = "--integrity";
}

/* S_OK: a line. S_FALSE: none within a moment; *is_over: none will come, which means that no
 * process of the helper is left, since all of them hold its output. */
static HRESULT read_line(struct run *run, char **line, bool *is_over)
{
    uint64_t deadline = os_now_ms() + POLL_MS;
    HRESULT hr = os_child_read_line(run->child, deadline, line);
    *is_over = FAILED(hr) || (hr == S_FALSE && os_now_ms() < deadline);
    return hr;
}

/* The helper stands on no floor of ours: what it does to the image file counts here. */
static HRESULT check_floor(struct run *run)
{
    struct os_stat now;
    int denied = floor_denies_change();
    if (denied)
        return error_errno(denied, "write", "the image file");
    if (!floor_has_disk_end() || FAILED(os_stat_file(run->image, &now)) || now.size <= run->size)
        return S_OK;
    uint64_t more = now.size - run->size;
    run->size = now.size;
    if (floor_room(more) == more)
        return S_OK;
    return FAIL(HR_WIN32(ERROR_DISK_FULL), "the disk is full after %llu bytes more",
                (unsigned long long)more);
}

static HRESULT understand(struct run *run, const struct wim_replay *replay, const char *line)
{
    const struct wim_progress *progress = replay->progress;
    unsigned long long done, total;
    TRY(check_floor(run));
    if (sscanf(line, "at %llu %llu", &done, &total) == 2)
        return progress->report(progress->context, done, total);
    if (text_equal(line, "ready"))
        return os_child_write(run->child, "\n", 1);
    if (text_equal(line, "written"))
        return replay->written(replay->context);
    if (text_starts(line, "note ")) {
        log_line(LOG_WARNING, "Commit::Replay", S_OK, "%s", line + strlen("note "));
        return S_OK;
    }
    run->has_answered = true;
    run->hr = helper_understand(HELPER, line);
    return FAILED(run->hr) ? run->hr : S_OK;
}

static HRESULT listen(struct run *run, const struct wim_replay *replay)
{
    for (bool is_over = false; !is_over;) {
        AUTO_FREE char *line = NULL;
        HRESULT hr = read_line(run, &line, &is_over);
        TRY(hr);
        if (hr == S_OK)
            TRY(understand(run, replay, line));
        else if (!is_over)
            TRY(replay->progress->report(replay->progress->context, 0, 1));
    }
    if (!run->has_answered)
        return FAIL(E_FAIL, "%s ended without an answer", HELPER);
    return run->hr;
}

static void end(struct run *run)
{
    os_child_kill(run->child);
    for (bool is_over = false; !is_over;) {
        AUTO_FREE char *line = NULL;
        (void)read_line(run, &line, &is_over);
    }
}

static HRESULT run_helper(struct run *run, const struct wim_replay *replay)
{
    const struct os_child_options options = {.argv = run->argv,
                                             .stderr_path = run->errors,
                                             .pipe_stdin = true,
                                             .pipe_stdout = true,
                                             .keep = replay->image};
    struct os_stat before;
    TRY(os_stat_file(replay->image, &before));
    run->image = replay->image;
    run->size = before.size;
    TRY(os_child_start(&options, &run->child));
    HRESULT hr = listen(run, replay);
    if (SUCCEEDED(hr))
        return hr;
    struct error reason = *error_last();
    end(run);
    error_restore(&reason);
    return hr;
}

HRESULT wim_replay_clean(const struct mount *mount)
{
    AUTO_FREE char *path = NULL;
    TRY(mount_side_path(mount, "replay", &path));
    return os_exists(path) ? os_remove_tree(path, true) : S_OK;
}

HRESULT wim_replay(struct wim *wim, const struct wim_replay *replay)
{
    struct run run AUTO(run_clear) = {0};
    if (FAILED(helper_find(HELPER, &run.helper)))
        return S_FALSE;
    TRY(make_places(replay->mount, &run));
    TRY(write_changes(wim, replay->index, replay->changes, run.changes));
    TRY(keeps_modes(wim, replay->index, replay->changes, &run.keeps_modes));
    make_command(replay, &run);
    HRESULT hr = run_helper(&run, replay);
    struct error reason = *error_last();
    HRESULT cleaned = wim_replay_clean(replay->mount);
    if (hr == S_OK)
        return FAILED(cleaned) ? cleaned : os_sync(replay->image);
    error_restore(&reason);
    return hr;
}
