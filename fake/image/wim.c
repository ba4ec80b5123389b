/* SPDX-License-Identifier: MIT */
/*
 * wim.c - see wim.h: what the library does with images. With wim_update.c, and wim_file.c and
 * wim_read.c, which the mount helper has too, the only files of the fake that see wimlib.
 */
#include "wim.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "dism_codes.h"
#include "error.h"
#include "floor.h"
#include "os.h"
#include "text.h"
#include "trace.h"
#include "wim_handle.h"
#include "wim_patch.h"
#include "world.h"

static enum wimlib_progress_status on_progress(enum wimlib_progress_msg message,
                                               union wimlib_progress_info *info, void *context);

HRESULT wim_open(const char *path, bool for_writing, bool check_integrity, struct wim **out)
{
    TRY(world_open_files(path, for_writing ? WORLD_WRITE : WORLD_READ, 1));
    int flags = (for_writing ? WIMLIB_OPEN_FLAG_WRITE_ACCESS : 0) |
                (check_integrity ? WIMLIB_OPEN_FLAG_CHECK_INTEGRITY : 0);
    return wim_open_file(path, flags, on_progress, out);
}

HRESULT wim_open_to_commit(const char *path, unsigned index, struct os_file *file, struct wim **out)
{
    TRY(world_open_files(path, WORLD_WRITE, 1));
    AUTO_WIM struct wim *wim = mem_alloc(sizeof *wim);
    if (!wim || !(wim->path = mem_dup(path)))
        return FAIL_MEMORY();
    HRESULT hr = wim_raw_open(file, index, &wim->raw);
    if (hr == E_OUTOFMEMORY)
        return hr;
    if (FAILED(hr)) {
        trace(TRACE_IMAGE, "%s is left to wimlib: %s", path, error_last()->text);
        error_clear();
        TRY(wim_open_rest(wim));
    }
    *out = TAKE(wim);
    return S_OK;
}

HRESULT wim_open_rest(struct wim *wim)
{
    return wim->handle
               ? S_OK
               : wim_open_handle(wim, wim->path, WIMLIB_OPEN_FLAG_WRITE_ACCESS, on_progress);
}

HRESULT wim_write_contents(struct wim *wim, struct os_file *file, const struct wim_change *changes,
                           size_t count, const struct wim_progress *progress)
{
    return wim->raw ? wim_patch(wim->raw, file, changes, count, progress) : S_FALSE;
}

/* ---- looking at an image ---- */

struct walk {
    HRESULT (*each)(void *context, const char *path, const struct wim_entry *entry);
    void *context;
    HRESULT hr;
    bool only_linked;
};

static HRESULT see(struct walk *walk, const struct wimlib_dir_entry *found)
{
    if (walk->only_linked && found->num_links < 2)
        return S_OK;
    AUTO_PORT_TEXTS struct port_texts texts = {0};
    const char *path;
    TRY(port_utf8_path(&texts, found->full_path, &path));
    bool is_folder = (found->attributes & WIMLIB_FILE_ATTRIBUTE_DIRECTORY) &&
                     !(found->attributes & WIMLIB_FILE_ATTRIBUTE_REPARSE_POINT);
    struct wim_entry entry = {
        .kind = is_folder ? WIM_FOLDER : WIM_FILE,
        .attributes = found->attributes,
        .has_security = found->security_descriptor_size > 0,
        .has_short_name = found->dos_name != NULL && *found->dos_name != 0,
        .has_unix_data = found->unix_mode != 0,
        .named_streams = found->num_named_streams,
        .links = found->num_links,
        .link_group = found->hard_link_group_id,
    };
    return walk->each(walk->context, path + 1, &entry);
}

static int on_entry(const struct wimlib_dir_entry *found, void *context)
{
    struct walk *walk = context;
    walk->hr = see(walk, found);
    return FAILED(walk->hr) ? WIMLIB_ERR_ABORTED_BY_PROGRESS : 0;
}

static HRESULT walk_image(struct wim *wim, unsigned index, const char *path, int flags,
                          struct walk *walk)
{
    AUTO_PORT_TEXTS struct port_texts texts = {0};
    wimlib_tchar *inside;
    TRY(port_text(&texts, path, &inside));
    errno = 0;
    int code = WIM(iterate_dir_tree)(wim->handle, (int)index, inside, flags, on_entry, walk);
    if (code == WIMLIB_ERR_PATH_DOES_NOT_EXIST)
        return S_FALSE;
    if (code && FAILED(walk->hr))
        return walk->hr;
    return code ? wim_failed(NULL, code, errno, "cannot look at", path) : S_OK;
}

static HRESULT keep_entry(void *context, const char *path, const struct wim_entry *entry)
{
    (void)path;
    *(struct wim_entry *)context = *entry;
    return S_OK;
}

HRESULT wim_look(struct wim *wim, unsigned index, const char *path, struct wim_entry *out)
{
    if (wim->raw)
        return wim_raw_look(wim->raw, path, out);
    *out = (struct wim_entry){0};
    struct walk walk = {keep_entry, out, S_OK, false};
    HRESULT hr = walk_image(wim, index, path, 0, &walk);
    return hr == S_FALSE ? S_OK : hr;
}

HRESULT wim_each_linked(struct wim *wim, unsigned index,
                        HRESULT (*each)(void *context, const char *path,
                                        const struct wim_entry *entry),
                        void *context)
{
    if (wim->raw)
        return wim_raw_each_linked(wim->raw, each, context);
    struct walk walk = {each, context, S_OK, true};
    return walk_image(
        wim, index, "/",
        WIMLIB_ITERATE_DIR_TREE_FLAG_RECURSIVE | WIMLIB_ITERATE_DIR_TREE_FLAG_CHILDREN, &walk);
}

struct listing {
    HRESULT (*each)(void *context, const char *name, const struct wim_entry *entry);
    void *context;
};

static HRESULT list_entry(void *context, const char *path, const struct wim_entry *entry)
{
    const struct listing *l = context;
    const char *slash = strrchr(path, '/');
    return l->each(l->context, slash ? slash + 1 : path, entry);
}

HRESULT wim_list(struct wim *wim, unsigned index, const char *folder,
                 HRESULT (*each)(void *context, const char *name, const struct wim_entry *entry),
                 void *context)
{
    struct listing l = {each, context};
    struct walk walk = {list_entry, &l, S_OK, false};
    return walk_image(wim, index, folder, WIMLIB_ITERATE_DIR_TREE_FLAG_CHILDREN, &walk);
}

/* ---- progress ---- */

/* `bytes` more or less since the beginning of the work are on the disk now. */
static HRESULT has_written(struct wim *wim, uint64_t bytes)
{
    uint64_t more = bytes > wim->bytes ? bytes - wim->bytes : 0;
    wim->bytes += more;
    if (floor_room(more) == more)
        return S_OK;
    return FAIL(HR_WIN32(ERROR_DISK_FULL), "the disk is full after %llu bytes",
                (unsigned long long)wim->bytes);
}

/* What is added to the file grows it. Where wimlib has written it anew beside it, the space of the
 * old one is free again and there is no way back to it. */
static HRESULT check_growth(struct wim *wim)
{
    struct os_stat now;
    if (!floor_has_disk_end() || FAILED(os_stat(wim->written_path, &now)) ||
        now.inode != wim->before.inode || now.size <= wim->before.size)
        return S_OK;
    return has_written(wim, now.size - wim->before.size);
}

/* Every report of wimlib's stands for a change to the file system. */
static HRESULT check_floor(struct wim *wim, uint64_t done)
{
    int denied = floor_denies_change();
    if (denied)
        return error_errno(denied, "write", "files of the image");
    return wim->written_path ? check_growth(wim) : has_written(wim, done);
}

static enum wimlib_progress_status report(struct wim *wim, uint64_t done, uint64_t total)
{
    HRESULT hr = check_floor(wim, done);
    if (SUCCEEDED(hr))
        hr = wim->progress->report(wim->progress->context, done, total);
    if (SUCCEEDED(hr))
        return WIMLIB_PROGRESS_STATUS_CONTINUE;
    wim->progress_hr = hr;
    return WIMLIB_PROGRESS_STATUS_ABORT;
}

static enum wimlib_progress_status on_progress(enum wimlib_progress_msg message,
                                               union wimlib_progress_info *info, void *context)
{
    struct wim *wim = context;
    if (message == WIMLIB_PROGRESS_MSG_TEST_FILE_EXCLUSION)
        return wim_exclude(wim, info);
    if (!wim->progress)
        return WIMLIB_PROGRESS_STATUS_CONTINUE;
    switch (message) {
    case WIMLIB_PROGRESS_MSG_EXTRACT_STREAMS:
        return report(wim, info->extract.completed_bytes, info->extract.total_bytes + 1);
    case WIMLIB_PROGRESS_MSG_WRITE_STREAMS:
        return report(wim, info->write_streams.completed_bytes,
                      info->write_streams.total_bytes + 1);
    case WIMLIB_PROGRESS_MSG_EXTRACT_FILE_STRUCTURE:
    case WIMLIB_PROGRESS_MSG_EXTRACT_METADATA:
    case WIMLIB_PROGRESS_MSG_WRITE_METADATA_BEGIN:
    case WIMLIB_PROGRESS_MSG_WRITE_METADATA_END:
    case WIMLIB_PROGRESS_MSG_CALC_INTEGRITY:
        return report(wim, 0, 1); /* nothing new, but a moment at which a cancel is seen */
    default:
        return WIMLIB_PROGRESS_STATUS_CONTINUE;
    }
}

static void begin_work(struct wim *wim, const struct wim_progress *progress)
{
    wim->progress = progress;
    wim->progress_hr = S_OK;
    wim->bytes = 0;
    errno = 0;
}

/* ---- work ---- */

static int unix_data(void)
{
    return port_has_unix_data() ? WIMLIB_EXTRACT_FLAG_UNIX_DATA : 0;
}

HRESULT wim_extract(struct wim *wim, unsigned index, const char *folder,
                    const struct wim_progress *progress)
{
    AUTO_PORT_TEXTS struct port_texts texts = {0};
    wimlib_tchar *target;
    TRY(port_path(&texts, folder, &target));
    begin_work(wim, progress);
    int code = WIM(extract_image)(wim->handle, (int)index, target,
                                  WIMLIB_EXTRACT_FLAG_NO_ACLS | unix_data());
    int err = errno;
    wim->progress = NULL;
    return code ? wim_failed(wim, code, err, "cannot unpack into", folder) : S_OK;
}

bool wim_keeps_metadata(void)
{
    return !port_has_unix_data();
}

/* "Name (2)", "Name (3)" ...: names are unique in a WIM, and real DISM's choice is not known. */
static HRESULT unique_name(const struct wim *wim, const char *name, struct port_texts *texts,
                           wimlib_tchar **out)
{
    for (unsigned n = 2;; n++) {
        AUTO_FREE char *candidate = mem_format("%s (%u)", name, n);
        if (!candidate)
            return FAIL_MEMORY();
        TRY(port_text(texts, candidate, out));
        if (!WIM(image_name_in_use)(wim->handle, *out))
            return port_keep(texts, TAKE(candidate));
    }
}

HRESULT wim_append_copy(struct wim *wim, const char *path, unsigned index, unsigned *new_index)
{
    TRY(wim_open_rest(wim));
    /* A WIM cannot export to itself: a second handle on the same file is the source. */
    AUTO_WIM struct wim *source = NULL;
    TRY(wim_open(path, false, false, &source));
    AUTO_PORT_TEXTS struct port_texts texts = {0};
    const char *name = wim_image_name(source, index);
    wimlib_tchar *unique;
    if (name && *name)
        TRY(unique_name(wim, name, &texts, &unique));
    else
        TRY(port_text(&texts, "", &unique));
    int code = WIM(export_image)(source->handle, (int)index, wim->handle, unique, NULL, 0);
    if (code)
        return wim_failed(NULL, code, errno, "cannot append an image to", path);
    TRY(wim_read_facts(wim, path));
    *new_index = wim->facts.image_count;
    return S_OK;
}

HRESULT wim_write(struct wim *wim, const char *path, bool with_integrity,
                  const struct wim_progress *progress)
{
    int flags = WIMLIB_WRITE_FLAG_FSYNC | (with_integrity ? WIMLIB_WRITE_FLAG_CHECK_INTEGRITY : 0);
    TRY(wim_open_rest(wim));
    TRY(os_stat(path, &wim->before));
    begin_work(wim, progress);
    wim->written_path = path;
    int code = WIM(overwrite)(wim->handle, flags, 0);
    int err = errno;
    wim->progress = NULL;
    return code ? wim_failed(wim, code, err, "cannot write", path) : check_growth(wim);
}

/* ---- archives ---- */

static HRESULT make_archive(WIMStruct *handle, const char *file, const struct wim_source *sources,
                            size_t count)
{
    AUTO_FREE struct wimlib_capture_source *all = mem_array(count + 1, sizeof *all);
    if (!all)
        return FAIL_MEMORY();
    AUTO_PORT_TEXTS struct port_texts texts = {0};
    wimlib_tchar *path, *name;
    for (size_t i = 0; i < count; i++) {
        TRY(port_path(&texts, sources[i].path, &all[i].fs_source_path));
        TRY(port_text(&texts, sources[i].name, &all[i].wim_target_path));
    }
    TRY(port_path(&texts, file, &path));
    TRY(port_text(&texts, "dismfake", &name));
    errno = 0;
    int code = WIM(add_image_multisource)(
        handle, all, count, name, NULL,
        WIMLIB_ADD_FLAG_NORPFIX | (port_has_unix_data() ? WIMLIB_ADD_FLAG_UNIX_DATA : 0));
    if (!code)
        code = WIM(write)(handle, path, WIMLIB_ALL_IMAGES, 0, 1);
    return code ? wim_failed(NULL, code, errno, "cannot write", file) : S_OK;
}

HRESULT wim_archive(const char *file, const struct wim_source *sources, size_t count)
{
    WIMStruct *handle;
    TRY(wim_start());
    int code = WIM(create_new_wim)(WIMLIB_COMPRESSION_TYPE_NONE, &handle);
    if (code)
        return wim_failed(NULL, code, 0, "cannot make", file);
    HRESULT hr = make_archive(handle, file, sources, count);
    WIM(free)(handle);
    return hr;
}

static HRESULT unpack_paths(struct wim *wim, unsigned index, const char *folder,
                            const char *const *names, size_t count, int flags)
{
    AUTO_PORT_TEXTS struct port_texts texts = {0};
    wimlib_tchar *target;
    TRY(port_path(&texts, folder, &target));
    AUTO_FREE wimlib_tchar **wanted = mem_array(count + 1, sizeof *wanted);
    if (!wanted)
        return FAIL_MEMORY();
    for (size_t i = 0; i < count; i++)
        TRY(port_text(&texts, names[i], &wanted[i]));
    errno = 0;
    int code = WIM(extract_paths)(wim->handle, (int)index, target,
                                  (const wimlib_tchar *const *)wanted, count, flags);
    return code ? wim_failed(NULL, code, errno, "cannot unpack into", folder) : S_OK;
}

HRESULT wim_unpack(struct wim *wim, unsigned index, const char *folder, const char *const *paths,
                   size_t count)
{
    return unpack_paths(wim, index, folder, paths, count, WIMLIB_EXTRACT_FLAG_NO_ACLS);
}

HRESULT wim_unarchive(const char *file, const char *folder, const char *const *names, size_t count,
                      bool with_folders)
{
    AUTO_WIM struct wim *wim = NULL;
    TRY(wim_open_file(file, 0, NULL, &wim));
    /* As globs, names that are not there are no mistake. */
    return unpack_paths(wim, 1, folder, names, count,
                        unix_data() | WIMLIB_EXTRACT_FLAG_GLOB_PATHS |
                            (with_folders ? 0 : WIMLIB_EXTRACT_FLAG_NO_PRESERVE_DIR_STRUCTURE));
}
