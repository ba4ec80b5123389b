/* SPDX-License-Identifier: MIT */
/* wim_read.c - see wim_read.h. */
#include "wim_read.h"

#include <errno.h>

#include "error.h"
#include "mem.h"
#include "text.h"
#include "trace.h"
#include "wim_handle.h"
#include "wim_raw.h"

/* ---- the file ---- */

static HRESULT open_raw(const char *path, unsigned index, struct wim *wim)
{
    AUTO_FILE struct os_file *file = NULL;
    TRY(os_open(path, OS_READ, &file));
    TRY(wim_raw_open(file, index, &wim->raw));
    TRY(wim_raw_only_look(wim->raw, file));
    wim->facts.parts = 1; /* all that it is asked for; not solid */
    return S_OK;
}

HRESULT wim_open_to_look(const char *path, unsigned index, struct wim **out)
{
    AUTO_WIM struct wim *wim = mem_alloc(sizeof *wim);
    if (!wim)
        return FAIL_MEMORY();
    if (SUCCEEDED(open_raw(path, index, wim))) {
        *out = TAKE(wim);
        return S_OK;
    }
    trace(TRACE_IMAGE, "%s is left to wimlib: %s", path, error_last()->text);
    error_clear();
    return wim_open_file(path, 0, NULL, out);
}

void wim_storage(const struct wim *wim, struct wim_storage *out)
{
    struct wimlib_wim_info info;
    if (wim->raw) {
        wim_raw_storage(wim->raw, out);
        return;
    }
    wimlib_get_wim_info(wim->handle, &info); /* never fails (wim_open has asked already) */
    *out = (struct wim_storage){
        .compression = info.compression_type,
        .chunk_size = info.chunk_size,
        .is_pipable = info.pipable,
        .has_rpfix = info.has_rpfix,
    };
}

uint64_t wim_total_bytes(struct wim *wim, unsigned index)
{
    unsigned long long total = 0;
    if (wim->raw)
        return wim_raw_total_bytes(wim->raw);
    const char *bytes = wim_property(wim, index, "TOTALBYTES");
    return bytes && text_to_u64(bytes, &total) ? total : 0;
}

static int stop_at_solid(const struct wimlib_resource_entry *resource, void *context)
{
    (void)context;
    return resource->packed ? 1 : 0;
}

bool wim_has_solid_resources(struct wim *wim)
{
    return wim->facts.is_solid &&
           wimlib_iterate_lookup_table(wim->handle, 0, stop_at_solid, NULL) != 0;
}

/* ---- entries ---- */

struct walk {
    wim_file_fn each;
    void *context;
    HRESULT hr;
};

static struct wim_blob blob_of(const struct wimlib_resource_entry *from)
{
    struct wim_blob blob = {.size = from->uncompressed_size};
    if (from->is_missing || from->packed || from->is_spanned)
        blob.kind = WIM_BLOB_ELSEWHERE;
    else if (blob.size == 0)
        blob.kind = WIM_BLOB_EMPTY;
    else
        blob.kind = from->is_compressed ? WIM_BLOB_COMPRESSED : WIM_BLOB_PLAIN;
    blob.offset = from->offset;
    blob.stored_size = from->is_compressed ? from->compressed_size : from->uncompressed_size;
    return blob;
}

static struct wim_time time_of(const struct wimlib_timespec *from)
{
    return (struct wim_time){.seconds = from->tv_sec, .nanoseconds = (uint32_t)from->tv_nsec};
}

static int on_entry(const struct wimlib_dir_entry *from, void *context)
{
    struct walk *walk = context;
    struct wim_stream few[4];
    size_t count = (size_t)from->num_named_streams + 1;
    AUTO_FREE struct wim_stream *many = count > 4 ? mem_array(count, sizeof *many) : NULL;
    struct wim_stream *streams = count > 4 ? many : few;
    if (!streams) {
        walk->hr = FAIL_MEMORY();
        return 1;
    }
    for (size_t i = 0; i < count; i++)
        streams[i] = (struct wim_stream){.name = from->streams[i].stream_name,
                                         .blob = blob_of(&from->streams[i].resource)};
    const struct wim_file entry = {
        .name = from->filename,
        .attributes = from->attributes,
        .reparse_tag = from->reparse_tag,
        .links = from->num_links,
        .link_group = from->num_links > 1 ? from->hard_link_group_id : 0,
        .created = time_of(&from->creation_time),
        .written = time_of(&from->last_write_time),
        .accessed = time_of(&from->last_access_time),
        .has_unix_mode = from->unix_mode != 0,
        .unix_mode = from->unix_mode,
        .unix_device = from->unix_rdev,
        .security = from->security_descriptor,
        .security_size = from->security_descriptor_size,
        .streams = streams,
        .stream_count = count,
    };
    walk->hr = walk->each(walk->context, &entry);
    return FAILED(walk->hr) ? 1 : 0;
}

static HRESULT iterate(struct wim *wim, unsigned index, const char *path, int flags,
                       wim_file_fn each, void *context)
{
    struct walk walk = {.each = each, .context = context};
    errno = 0;
    int code = wimlib_iterate_dir_tree(wim->handle, (int)index, path, flags, on_entry, &walk);
    TRY(walk.hr);
    return code ? wim_failed(NULL, code, errno, "cannot look into", path) : S_OK;
}

HRESULT wim_file_at(struct wim *wim, unsigned index, const char *path, wim_file_fn each,
                    void *context)
{
    if (wim->raw)
        return wim_raw_file_at(wim->raw, path, each, context);
    return iterate(wim, index, path, 0, each, context);
}

HRESULT wim_children(struct wim *wim, unsigned index, const char *path, wim_file_fn each,
                     void *context)
{
    if (wim->raw)
        return wim_raw_children(wim->raw, path, each, context);
    return iterate(wim, index, path, WIMLIB_ITERATE_DIR_TREE_FLAG_CHILDREN, each, context);
}
