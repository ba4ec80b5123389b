/* SPDX-License-Identifier: MIT */
/* wim_raw_files.c - see wim_raw.h: files and folders as wim_read.h has them. */
#include "dism_codes.h"
#include "error.h"
#include "wim_raw_parts.h"

#define FEW_STREAMS 4
#define UNITS_PER_SECOND 10000000u /* of 100 ns */
#define SECONDS_1601_TO_1970 11644473600

static struct wim_time time_of(const unsigned char *at)
{
    uint64_t time = wim_get64(at);
    return (struct wim_time){
        .seconds = (int64_t)(time / UNITS_PER_SECOND) - SECONDS_1601_TO_1970,
        .nanoseconds = (uint32_t)(time % UNITS_PER_SECOND) * 100,
    };
}

static struct wim_blob blob_of(const struct wim_raw *raw, const unsigned char *hash)
{
    if (raw_is_no_hash(hash))
        return (struct wim_blob){.kind = WIM_BLOB_EMPTY};
    const unsigned char *blob = raw_blob(raw, hash);
    if (!blob)
        return (struct wim_blob){.kind = WIM_BLOB_ELSEWHERE};
    const struct place place = place_get(blob);
    return place_blob(&place);
}

/* ---- streams ---- */

struct streams {
    struct wim_stream few[FEW_STREAMS], *many, *all;
    size_t count;
};

static void streams_clear(struct streams *streams)
{
    for (size_t i = 0; i < streams->count; i++)
        mem_free((void *)(uintptr_t)streams->all[i].name);
    mem_free(streams->many);
}

/* The nameless one stands in the entry itself or among the others. */
static HRESULT read_streams(const struct wim_raw *raw, size_t at, struct streams *out)
{
    const unsigned char *entry = raw->bytes + at;
    const unsigned others = wim_get16(entry + ENTRY_STREAMS);
    if (others >= FEW_STREAMS && !(out->many = mem_array(others + 1u, sizeof *out->many)))
        return FAIL_MEMORY();
    out->all = out->many ? out->many : out->few;
    out->all[0] = (struct wim_stream){.blob = blob_of(raw, entry + ENTRY_HASH)};
    out->count = 1;
    at = raw_streams_at(raw, at);
    for (unsigned i = 0; i < others; i++, at = raw_stream_behind(raw, at)) {
        const unsigned char *stream = raw->bytes + at;
        const size_t size = wim_get16(stream + STREAM_NAME_SIZE);
        const struct wim_blob blob = blob_of(raw, stream + STREAM_HASH);
        if (size == 0) {
            if (out->all[0].blob.kind == WIM_BLOB_EMPTY)
                out->all[0].blob = blob;
            continue;
        }
        char *name;
        TRY(raw_utf8(stream + STREAM_NAME, size, &name));
        out->all[out->count++] = (struct wim_stream){name, blob};
    }
    return S_OK;
}

/* ---- files ---- */

static HRESULT give(const struct wim_raw *raw, size_t at, wim_file_fn each, void *context)
{
    const unsigned char *entry = raw->bytes + at;
    const uint32_t attributes = wim_get32(entry + ENTRY_ATTRIBUTES);
    const uint32_t security = wim_get32(entry + ENTRY_SECURITY);
    const unsigned char *unix_data = raw_unix_data(entry);
    struct streams streams AUTO(streams_clear) = {.count = 0};
    AUTO_FREE char *name = NULL;
    if (at != raw->root)
        TRY(raw_utf8(entry + ENTRY_NAME, wim_get16(entry + ENTRY_NAME_SIZE), &name));
    TRY(read_streams(raw, at, &streams));
    struct wim_file file = {
        .name = name,
        .attributes = attributes,
        .links = (uint32_t)raw_names(raw, at),
        .created = time_of(entry + ENTRY_CREATED),
        .written = time_of(entry + ENTRY_WRITTEN),
        .accessed = time_of(entry + ENTRY_ACCESSED),
        .streams = streams.all,
        .stream_count = streams.count,
    };
    if (attributes & ATTRIBUTE_REPARSE_POINT)
        file.reparse_tag = wim_get32(entry + ENTRY_LINK_GROUP);
    else if (file.links > 1)
        file.link_group = wim_get64(entry + ENTRY_LINK_GROUP);
    if (unix_data) {
        file.unix_mode = wim_get32(unix_data + UNIX_MODE);
        file.unix_device = wim_get32(unix_data + UNIX_DEVICE);
        file.has_unix_mode = file.unix_mode != 0;
    }
    if (security < raw->security_count) {
        file.security = raw->bytes + raw->security[security];
        file.security_size = raw->security[security + 1] - raw->security[security];
    }
    return each(context, &file);
}

HRESULT wim_raw_file_at(const struct wim_raw *raw, const char *path, wim_file_fn each,
                        void *context)
{
    size_t at;
    HRESULT hr = raw_find(raw, path, &at);
    if (hr == S_OK)
        return give(raw, at, each, context);
    return FAILED(hr) ? hr : FAIL(HR_WIN32(ERROR_PATH_NOT_FOUND), "the image has no %s", path);
}

HRESULT wim_raw_children(const struct wim_raw *raw, const char *path, wim_file_fn each,
                         void *context)
{
    size_t at;
    HRESULT hr = raw_find(raw, path, &at);
    if (hr != S_OK)
        return FAILED(hr) ? hr : FAIL(HR_WIN32(ERROR_PATH_NOT_FOUND), "the image has no %s", path);
    for (at = raw_first_in(raw, at); at; at = raw_behind(raw, at))
        TRY(give(raw, at, each, context));
    return S_OK;
}
