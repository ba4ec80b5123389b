/* SPDX-License-Identifier: MIT */
/* lazy_mount.c - see lazy_mount.h. The helper's command line and answers: fake/mountfs/main.c. */
#include "lazy_mount.h"

#include <stdio.h>
#include <string.h>

#include "dism_codes.h"
#include "error.h"
#include "helper.h"
#include "text.h"
#include "trace.h"

#define START_MS 120000 /* far more than a mount of the largest image takes */
#define STOP_MS 10000

#define HELPER "dismfake-mount"

/* ---- starting ---- */

struct start {
    char *helper, *lower, *upper, *work;
    char index[16];
    const char *argv[20];
};

static void start_clear(struct start *start)
{
    mem_free(start->helper);
    mem_free(start->lower);
    mem_free(start->upper);
    mem_free(start->work);
}

static HRESULT make_side_folder(const struct mount *mount, const char *name, char **out)
{
    TRY(mount_side_path(mount, name, out));
    return os_make_directories(*out);
}

static HRESULT prepare(const struct mount *mount, struct start *start)
{
    size_t n = 0;
    snprintf(start->index, sizeof start->index, "%u", mount->index);
    start->argv[n++] = start->helper;
    start->argv[n++] = "--image";
    start->argv[n++] = mount->image_path;
    start->argv[n++] = "--index";
    start->argv[n++] = start->index;
    start->argv[n++] = "--name";
    start->argv[n++] = mount->id;
    start->argv[n++] = "--lower";
    if (mount->is_readonly) {
        start->argv[n++] = mount->mount_path;
        return S_OK;
    }
    TRY(make_side_folder(mount, "lower", &start->lower));
    TRY(make_side_folder(mount, "upper", &start->upper));
    TRY(make_side_folder(mount, "work", &start->work));
    start->argv[n++] = start->lower;
    start->argv[n++] = "--upper";
    start->argv[n++] = start->upper;
    start->argv[n++] = "--work";
    start->argv[n++] = start->work;
    start->argv[n++] = "--target";
    start->argv[n++] = mount->mount_path;
    return S_OK;
}

DEFINE_SCOPE(child, struct os_child, os_child_free)

static HRESULT read_answer(struct os_child *child, char **line)
{
    HRESULT hr = os_child_read_line(child, os_now_ms() + START_MS, line);
    struct os_child_end over;
    if (hr != S_FALSE)
        return hr;
    if (os_child_wait(child, os_now_ms(), &over) != S_OK)
        return FAIL(HR_WIN32(ERROR_TIMEOUT), "%s does not answer", HELPER);
    return FAIL(E_FAIL, "%s ended without an answer (exit %d, signal %d)", HELPER, over.exit_code,
                over.signal);
}

/* "ok PID START", "refused REASON", "failed 0xCODE MESSAGE" */
static HRESULT understand(const char *line, struct live_mount *live)
{
    unsigned long long start;
    unsigned pid;
    HRESULT hr = helper_understand(HELPER, line);
    if (hr != S_OK)
        return hr;
    if (sscanf(line, "ok %u %llu", &pid, &start) != 2)
        return FAIL(E_FAIL, "%s answers '%s'", HELPER, line);
    live->helper_pid = pid;
    live->helper_start = start;
    return S_OK;
}

static HRESULT run(const struct start *start, struct live_mount *live)
{
    struct os_child *child AUTO(scope_child) = NULL;
    AUTO_FREE char *line = NULL;
    struct os_child_options options = {.argv = start->argv, .pipe_stdout = true};
    TRY(os_child_start(&options, &child));
    TRY(read_answer(child, &line));
    return understand(line, live);
}

static HRESULT note_device(struct mount *mount)
{
    struct os_stat now;
    TRY(os_lstat(mount->mount_path, &now));
    mount->live.device = now.device;
    return S_OK;
}

HRESULT lazy_start(struct mount *mount)
{
    struct start start AUTO(start_clear) = {0};
    mount->live = (struct live_mount){0};
    if (!os_may_mount()) {
        FAIL(HR_WIN32(ERROR_NOT_SUPPORTED), "mounting takes root and /dev/fuse");
        return S_FALSE;
    }
    if (FAILED(helper_find(HELPER, &start.helper)))
        return S_FALSE;
    TRY(prepare(mount, &start));
    HRESULT hr = run(&start, &mount->live);
    if (hr != S_OK)
        return hr;
    trace(TRACE_MOUNTS, "%s is served by process %u", mount->mount_path, mount->live.helper_pid);
    return note_device(mount);
}

/* ---- looking ---- */

bool lazy_is_live(const struct mount *mount)
{
    struct os_stat now;
    return mount->live.helper_pid && SUCCEEDED(os_lstat(mount->mount_path, &now)) &&
           now.device == mount->live.device &&
           os_process_lives(mount->live.helper_pid, mount->live.helper_start);
}

HRESULT lazy_is_mounted(const struct mount *mount, bool *out)
{
    AUTO_FREE char *source = NULL;
    TRY(os_mount_source(mount->mount_path, &source));
    *out = source && text_equal(source, mount->id);
    return S_OK;
}

/* ---- stopping ---- */

/* The helper ends by itself when its file system goes; one that does not is in the way of nobody's
 * data, since nothing is written through it. */
static void end_helper(const struct live_mount *live, bool at_once)
{
    for (int i = at_once; live->helper_pid && i < 2; i++)
        if (os_process_end(live->helper_pid, live->helper_start, os_now_ms() + STOP_MS, i == 1))
            return;
}

/* A helper that was killed while it made the overlay leaves the image mounted below it. */
static HRESULT unmount_lower(const struct mount *mount)
{
    AUTO_FREE char *lower = NULL;
    TRY(mount_side_path(mount, "lower", &lower));
    for (;;) {
        AUTO_FREE char *source = NULL;
        TRY(os_mount_source(lower, &source));
        if (!source)
            return S_OK;
        TRY(os_unmount(lower, true));
    }
}

/* Wherever it is by now: a folder above the mount folder may have been renamed. S_FALSE: nothing of
 * ours is mounted any more. */
static HRESULT unmount_one(const struct mount *mount, bool even_if_used, bool *is_left)
{
    AUTO_FREE char *place = NULL, *top = NULL;
    HRESULT hr = os_mount_place(mount->id, &place);
    if (hr != S_OK)
        return hr;
    TRY(os_mount_source(place, &top));
    if (!text_equal(top, mount->id))
        return FAIL(HR_WIN32(ERROR_BUSY), "another file system is mounted on top of %s", place);
    hr = os_unmount(place, false);
    if (hr != HR_WIN32(ERROR_BUSY) || !even_if_used)
        return hr;
    *is_left = true;
    return os_unmount(place, true);
}

HRESULT lazy_stop(const struct mount *mount, bool even_if_used)
{
    bool is_left = false;
    bool is_dead = mount->live.helper_pid &&
                   os_process_start_time(mount->live.helper_pid) != mount->live.helper_start;
    HRESULT hr;
    do
        hr = unmount_one(mount, even_if_used || is_dead, &is_left);
    while (hr == S_OK);
    TRY(hr);
    TRY(unmount_lower(mount));
    /* While somebody still uses what was mounted its helper would live on. */
    end_helper(&mount->live, is_left);
    return S_OK;
}
