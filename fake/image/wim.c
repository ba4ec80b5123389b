/* SPDX-License-Identifier: MIT */
/* wim.c - see wim.h. The only file of the fake that sees wimlib. */
#include "wim.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <wimlib.h>

#include "dism_codes.h"
#include "error.h"
#include "floor.h"
#include "os.h"
#include "text.h"
#include "world.h"

#define SOLID_WIM_VERSION 3584 /* 0xE00, what solid resources need */

/* The metadata resource is compressed anew by every commit; level 10 instead of 50 makes that five
 * times faster for 0.005 % of size (measured: engines.md 3.4). */
#define COMPRESSION_LEVEL 10

struct wim {
    WIMStruct *handle;
    struct wim_facts facts;
    const struct wim_progress *progress;
    HRESULT progress_hr;
    /* For the floor, under which wimlib works: what has been written so far. */
    const char *written_path; /* the image file while it is being written, else NULL */
    struct os_stat before;    /* ... as it was */
    uint64_t bytes;
};

static HRESULT code_to_hr(int code, int err)
{
    static const HRESULT table[] = {
        [WIMLIB_ERR_ALREADY_LOCKED] = HR_WIN32(ERROR_SHARING_VIOLATION),
        [WIMLIB_ERR_DECOMPRESSION] = HR_WIN32(ERROR_FILE_CORRUPT),
        [WIMLIB_ERR_IMAGE_COUNT] = HR_WIN32(ERROR_INVALID_DATA),
        [WIMLIB_ERR_IMAGE_NAME_COLLISION] = HR_WIN32(ERROR_ALREADY_EXISTS),
        [WIMLIB_ERR_INSUFFICIENT_PRIVILEGES] = HR_WIN32(ERROR_ACCESS_DENIED),
        [WIMLIB_ERR_INTEGRITY] = HR_WIN32(ERROR_FILE_CORRUPT),
        [WIMLIB_ERR_INVALID_CHUNK_SIZE] = HR_WIN32(ERROR_INVALID_DATA),
        [WIMLIB_ERR_INVALID_COMPRESSION_TYPE] = HR_WIN32(ERROR_BAD_FORMAT),
        [WIMLIB_ERR_INVALID_HEADER] = HR_WIN32(ERROR_INVALID_DATA),
        [WIMLIB_ERR_INVALID_IMAGE] = DISMAPI_E_INVALID_IMAGE_INDEX,
        [WIMLIB_ERR_INVALID_INTEGRITY_TABLE] = HR_WIN32(ERROR_FILE_CORRUPT),
        [WIMLIB_ERR_INVALID_LOOKUP_TABLE_ENTRY] = HR_WIN32(ERROR_INVALID_DATA),
        [WIMLIB_ERR_INVALID_METADATA_RESOURCE] = HR_WIN32(ERROR_FILE_CORRUPT),
        [WIMLIB_ERR_INVALID_PART_NUMBER] = HR_WIN32(ERROR_INVALID_DATA),
        [WIMLIB_ERR_INVALID_RESOURCE_HASH] = HR_WIN32(ERROR_FILE_CORRUPT),
        [WIMLIB_ERR_INVALID_UTF8_STRING] = HR_WIN32(ERROR_NO_UNICODE_TRANSLATION),
        [WIMLIB_ERR_IS_SPLIT_WIM] = WIMGAPI_E_SPLIT_WIM,
        [WIMLIB_ERR_METADATA_NOT_FOUND] = HR_WIN32(ERROR_INVALID_DATA),
        [WIMLIB_ERR_NOMEM] = E_OUTOFMEMORY,
        [WIMLIB_ERR_NOT_A_REGULAR_FILE] = HR_WIN32(ERROR_INVALID_DATA),
        [WIMLIB_ERR_NOT_A_WIM_FILE] = HR_WIN32(ERROR_BAD_FORMAT),
        [WIMLIB_ERR_PATH_DOES_NOT_EXIST] = HR_WIN32(ERROR_PATH_NOT_FOUND),
        [WIMLIB_ERR_RESOURCE_NOT_FOUND] = HR_WIN32(ERROR_FILE_CORRUPT),
        [WIMLIB_ERR_UNEXPECTED_END_OF_FILE] = HR_WIN32(ERROR_INVALID_DATA),
        [WIMLIB_ERR_UNKNOWN_VERSION] = HR_WIN32(ERROR_BAD_FORMAT),
        [WIMLIB_ERR_UNSUPPORTED] = HR_WIN32(ERROR_NOT_SUPPORTED),
        [WIMLIB_ERR_UNSUPPORTED_FILE] = HR_WIN32(ERROR_NOT_SUPPORTED),
        [WIMLIB_ERR_WIM_IS_ENCRYPTED] = HR_WIN32(ERROR_NOT_SUPPORTED),
        [WIMLIB_ERR_WIM_IS_INCOMPLETE] = WIMGAPI_E_SPLIT_WIM,
        [WIMLIB_ERR_WIM_IS_READONLY] = WIMPROVIDER_E_NO_WRITE_PERMISSION,
        [WIMLIB_ERR_XML] = HR_WIN32(ERROR_INVALID_DATA),
    };
    if (code > 0 && (size_t)code < sizeof table / sizeof *table && table[code])
        return table[code];
    return err ? hr_from_errno(err) : E_FAIL; /* open, read, write ...: the system's reason */
}

static HRESULT failed(const struct wim *wim, int code, int err, const char *doing, const char *path)
{
    if (code == WIMLIB_ERR_ABORTED_BY_PROGRESS && wim && FAILED(wim->progress_hr))
        return wim->progress_hr; /* whose message stands */
    HRESULT hr = code_to_hr(code, err);
    if (err && hr == hr_from_errno(err))
        return FAIL(hr, "%s %s: %s (%s)", doing, path, wimlib_get_error_string(code),
                    strerror(err));
    return FAIL(hr, "%s %s: %s", doing, path, wimlib_get_error_string(code));
}

static HRESULT start_library(void)
{
    static struct os_mutex lock;
    static bool is_started;
    AUTO_LOCK(&lock);
    if (is_started)
        return S_OK;
    int code = wimlib_global_init(0);
    if (code)
        return FAIL(code_to_hr(code, 0), "wimlib does not start: %s",
                    wimlib_get_error_string(code));
    wimlib_set_print_errors(false);
    wimlib_set_default_compression_level(-1, COMPRESSION_LEVEL);
    is_started = true;
    return S_OK;
}

static HRESULT read_facts(struct wim *wim, const char *path)
{
    struct wimlib_wim_info info;
    int code = wimlib_get_wim_info(wim->handle, &info);
    if (code)
        return failed(NULL, code, 0, "cannot read", path);
    wim->facts = (struct wim_facts){
        .image_count = info.image_count,
        .boot_index = info.boot_index,
        .part = info.part_number,
        .parts = info.total_parts,
        .is_solid = info.compression_type == WIMLIB_COMPRESSION_TYPE_LZMS ||
                    info.wim_version == SOLID_WIM_VERSION,
        .has_integrity = info.has_integrity_table,
        .is_marked_readonly = info.is_marked_readonly,
    };
    return S_OK;
}

static enum wimlib_progress_status on_progress(enum wimlib_progress_msg message,
                                               union wimlib_progress_info *info, void *context);

HRESULT wim_open(const char *path, bool for_writing, bool check_integrity, struct wim **out)
{
    TRY(start_library());
    TRY(world_open_files(path, for_writing ? WORLD_WRITE : WORLD_READ, 1));
    AUTO_WIM struct wim *wim = mem_alloc(sizeof *wim);
    if (!wim)
        return FAIL_MEMORY();
    int flags = (for_writing ? WIMLIB_OPEN_FLAG_WRITE_ACCESS : 0) |
                (check_integrity ? WIMLIB_OPEN_FLAG_CHECK_INTEGRITY : 0);
    errno = 0;
    int code = wimlib_open_wim_with_progress(path, flags, &wim->handle, on_progress, wim);
    if (code) {
        wim->handle = NULL;
        return failed(NULL, code, errno, "cannot open", path);
    }
    TRY(read_facts(wim, path));
    *out = TAKE(wim);
    return S_OK;
}

void wim_close(struct wim *wim)
{
    if (wim->handle)
        wimlib_free(wim->handle);
    mem_free(wim);
}

const struct wim_facts *wim_facts(const struct wim *wim)
{
    return &wim->facts;
}

const char *wim_property(const struct wim *wim, unsigned index, const char *name)
{
    return wimlib_get_image_property(wim->handle, (int)index, name);
}

unsigned wim_index_of_name(const struct wim *wim, const char *name)
{
    for (unsigned i = 1; i <= wim->facts.image_count; i++) {
        const char *other = wimlib_get_image_name(wim->handle, (int)i);
        if (other && text_equal_nocase(other, name))
            return i;
    }
    return 0;
}

/* ---- looking at an image ---- */

struct walk {
    HRESULT (*each)(void *context, const char *path, const struct wim_entry *entry);
    void *context;
    HRESULT hr;
};

static int on_entry(const struct wimlib_dir_entry *found, void *context)
{
    struct walk *walk = context;
    bool is_folder = (found->attributes & WIMLIB_FILE_ATTRIBUTE_DIRECTORY) &&
                     !(found->attributes & WIMLIB_FILE_ATTRIBUTE_REPARSE_POINT);
    struct wim_entry entry = {
        .kind = is_folder ? WIM_FOLDER : WIM_FILE,
        .attributes = found->attributes,
        .has_security = found->security_descriptor_size > 0,
        .named_streams = found->num_named_streams,
        .links = found->num_links,
        .link_group = found->hard_link_group_id,
    };
    walk->hr = walk->each(walk->context, found->full_path + 1, &entry);
    return FAILED(walk->hr) ? WIMLIB_ERR_ABORTED_BY_PROGRESS : 0;
}

static HRESULT walk_image(struct wim *wim, unsigned index, const char *path, int flags,
                          struct walk *walk)
{
    errno = 0;
    int code = wimlib_iterate_dir_tree(wim->handle, (int)index, path, flags, on_entry, walk);
    if (code == WIMLIB_ERR_PATH_DOES_NOT_EXIST)
        return S_FALSE;
    if (code && FAILED(walk->hr))
        return walk->hr;
    return code ? failed(NULL, code, errno, "cannot look at", path) : S_OK;
}

static HRESULT keep_entry(void *context, const char *path, const struct wim_entry *entry)
{
    (void)path;
    *(struct wim_entry *)context = *entry;
    return S_OK;
}

HRESULT wim_look(struct wim *wim, unsigned index, const char *path, struct wim_entry *out)
{
    *out = (struct wim_entry){0};
    struct walk walk = {keep_entry, out, S_OK};
    HRESULT hr = walk_image(wim, index, path, 0, &walk);
    return hr == S_FALSE ? S_OK : hr;
}

HRESULT wim_each(struct wim *wim, unsigned index,
                 HRESULT (*each)(void *context, const char *path, const struct wim_entry *entry),
                 void *context)
{
    struct walk walk = {each, context, S_OK};
    return walk_image(
        wim, index, "/",
        WIMLIB_ITERATE_DIR_TREE_FLAG_RECURSIVE | WIMLIB_ITERATE_DIR_TREE_FLAG_CHILDREN, &walk);
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

HRESULT wim_extract(struct wim *wim, unsigned index, const char *folder,
                    const struct wim_progress *progress)
{
    begin_work(wim, progress);
    int code = wimlib_extract_image(wim->handle, (int)index, folder, WIMLIB_EXTRACT_FLAG_NO_ACLS);
    int err = errno;
    wim->progress = NULL;
    return code ? failed(wim, code, err, "cannot unpack into", folder) : S_OK;
}

HRESULT wim_update(struct wim *wim, unsigned index, const struct wim_change *changes, size_t count)
{
    AUTO_FREE struct wimlib_update_command *commands = mem_array(count + 1, sizeof *commands);
    if (!commands)
        return FAIL_MEMORY();
    for (size_t i = 0; i < count; i++) {
        if (changes[i].kind == WIM_DELETE) {
            commands[i].op = WIMLIB_UPDATE_OP_DELETE;
            commands[i].delete_.wim_path = changes[i].path;
            commands[i].delete_.delete_flags =
                WIMLIB_DELETE_FLAG_RECURSIVE | WIMLIB_DELETE_FLAG_FORCE;
        } else {
            commands[i].op = WIMLIB_UPDATE_OP_ADD;
            commands[i].add.fs_source_path = changes[i].source;
            commands[i].add.wim_target_path = changes[i].path;
            commands[i].add.add_flags = WIMLIB_ADD_FLAG_NORPFIX | WIMLIB_ADD_FLAG_NO_ACLS |
                                        WIMLIB_ADD_FLAG_NO_UNSUPPORTED_EXCLUDE;
        }
    }
    begin_work(wim, NULL);
    int code = wimlib_update_image(wim->handle, (int)index, commands, count, 0);
    return code ? failed(NULL, code, errno, "cannot take over the changes", "of the mount") : S_OK;
}

/* "Name (2)", "Name (3)" ...: names are unique in a WIM, and real DISM's choice is not known. */
static HRESULT unique_name(const struct wim *wim, const char *name, char **out)
{
    for (unsigned n = 2;; n++) {
        AUTO_FREE char *candidate = mem_format("%s (%u)", name, n);
        if (!candidate)
            return FAIL_MEMORY();
        if (!wimlib_image_name_in_use(wim->handle, candidate)) {
            *out = TAKE(candidate);
            return S_OK;
        }
    }
}

HRESULT wim_append_copy(struct wim *wim, const char *path, unsigned index, unsigned *new_index)
{
    /* A WIM cannot export to itself: a second handle on the same file is the source. */
    AUTO_WIM struct wim *source = NULL;
    TRY(wim_open(path, false, false, &source));
    const char *name = wimlib_get_image_name(source->handle, (int)index);
    AUTO_FREE char *unique = NULL;
    if (name && *name)
        TRY(unique_name(wim, name, &unique));
    int code =
        wimlib_export_image(source->handle, (int)index, wim->handle, unique ? unique : "", NULL, 0);
    if (code)
        return failed(NULL, code, errno, "cannot append an image to", path);
    TRY(read_facts(wim, path));
    *new_index = wim->facts.image_count;
    return S_OK;
}

HRESULT wim_write(struct wim *wim, const char *path, bool with_integrity,
                  const struct wim_progress *progress)
{
    int flags = WIMLIB_WRITE_FLAG_FSYNC | (with_integrity ? WIMLIB_WRITE_FLAG_CHECK_INTEGRITY : 0);
    TRY(os_stat(path, &wim->before));
    begin_work(wim, progress);
    wim->written_path = path;
    int code = wimlib_overwrite(wim->handle, flags, 0);
    int err = errno;
    wim->progress = NULL;
    return code ? failed(wim, code, err, "cannot write", path) : check_growth(wim);
}
