/* SPDX-License-Identifier: MIT */
/* wim_patch.c - see wim_patch.h. */
#include <stdlib.h>
#include <string.h>

#include "dism_codes.h"
#include "error.h"
#include "wim_patch_parts.h"

#define CONTENT_MAX (16u << 20) /* more is for wimlib, which compresses on all processors */
#define REPORT_BYTES (256u << 10)

enum {
    ATTRIBUTES_OF_LINKS = ATTRIBUTE_REPARSE_POINT | ATTRIBUTE_DIRECTORY,
    ATTRIBUTE_ENCRYPTED = 0x4000
};

/* One name whose content changed. */
struct name {
    const struct wim_change *change;
    size_t at; /* in the image's folders */
    uint64_t device, inode, size;
    int64_t mtime_ns;
};

struct patch {
    struct wim_raw *raw;
    struct patch_out out;
    VEC(struct name) names; /* those of one file one after another */
    uint64_t content_size;
    bool *is_changed; /* each chunk of the folders */
    char *xml;
    struct patch_totals totals;
    const struct wim_progress *progress;
    uint64_t done, reported;
};

static void patch_clear(struct patch *p)
{
    vec_clear(&p->names);
    mem_free(p->is_changed);
    mem_free(p->xml);
    patch_out_clear(&p->out);
}

/* ---- is it that kind of change? ---- */

static bool is_plain_file(const struct wim_raw *raw, size_t at)
{
    struct wim_entry entry;
    raw_describe(raw, at, &entry);
    return entry.kind == WIM_FILE && !entry.has_unix_data &&
           !(entry.attributes & (ATTRIBUTES_OF_LINKS | ATTRIBUTE_ENCRYPTED)) &&
           wim_get16(raw->bytes + at + ENTRY_STREAMS) == 0;
}

/* What the content was; false: it is not in this file. */
static bool old_size(const struct wim_raw *raw, size_t at, uint64_t *size)
{
    const unsigned char *hash = raw->bytes + at + ENTRY_HASH, *blob = raw_blob(raw, hash);
    *size = blob ? place_get(blob).size : 0;
    return blob || raw_is_no_hash(hash);
}

static HRESULT see_change(struct patch *p, const struct wim_change *change, unsigned umask)
{
    struct os_stat now;
    size_t at;
    uint64_t size;
    if (change->kind != WIM_ADD)
        return S_FALSE;
    HRESULT hr = raw_find(p->raw, change->path, &at);
    if (hr != S_OK)
        return hr;
    TRY(os_lstat(change->source, &now));
    if (now.type != OS_TYPE_FILE || !os_has_default_mode(&now, umask) ||
        now.mtime_ns == OS_NS_MIN || now.mtime_ns == OS_NS_MAX || /* wimlib knows which it is */
        !is_plain_file(p->raw, at) || !old_size(p->raw, at, &size))
        return S_FALSE;
    struct name *name = vec_push(&p->names);
    if (!name)
        return FAIL_MEMORY();
    *name = (struct name){change, at, now.device, now.inode, now.size, now.mtime_ns};
    p->content_size += now.size;
    return p->content_size <= CONTENT_MAX ? S_OK : S_FALSE;
}

static int by_file(const void *a, const void *b)
{
    const struct name *x = a, *y = b;
    if (x->device != y->device)
        return x->device < y->device ? -1 : 1;
    if (x->inode != y->inode)
        return x->inode < y->inode ? -1 : 1;
    return x->at < y->at ? -1 : x->at > y->at;
}

static size_t count_names(const struct patch *p, size_t first)
{
    size_t i = first;
    while (i < p->names.len && p->names.ptr[i].inode == p->names.ptr[first].inode &&
           p->names.ptr[i].device == p->names.ptr[first].device)
        i++;
    return i - first;
}

/* The names of one file here are all the names of one file in the image. */
static bool are_same_files(const struct patch *p)
{
    size_t count;
    for (size_t i = 0; i < p->names.len; i += count) {
        count = count_names(p, i);
        for (size_t k = i; k < i + count; k++) {
            const unsigned char *group = p->raw->bytes + p->names.ptr[k].at + ENTRY_LINK_GROUP;
            if (raw_names(p->raw, p->names.ptr[k].at) != count ||
                (k > i &&
                 (p->names.ptr[k].at == p->names.ptr[k - 1].at ||
                  memcmp(group, p->raw->bytes + p->names.ptr[i].at + ENTRY_LINK_GROUP, 8) != 0)))
                return false;
        }
    }
    return true;
}

static HRESULT read_xml(struct patch *p)
{
    struct text tried AUTO(text_clear) = {0};
    HRESULT hr = raw_read_xml(p->raw, p->out.file, &p->xml);
    if (hr == S_OK)
        hr = patch_xml(p->xml, p->raw->index, &p->totals, &tried);
    return hr == HR_WIN32(ERROR_NOT_SUPPORTED) ? S_FALSE : hr;
}

static HRESULT plan(struct patch *p, const struct wim_change *changes, size_t count)
{
    unsigned umask = os_umask();
    if (place_get(p->raw->header + HEADER_INTEGRITY).offset)
        return S_FALSE;
    for (size_t i = 0; i < count; i++) {
        HRESULT hr = see_change(p, &changes[i], umask);
        if (hr != S_OK)
            return hr;
    }
    if (p->names.len)
        qsort(p->names.ptr, p->names.len, sizeof *p->names.ptr, by_file);
    if (!are_same_files(p))
        return S_FALSE;
    size_t chunk_size = p->raw->storage.chunk_size ? p->raw->storage.chunk_size : p->raw->size;
    p->is_changed = mem_array(p->raw->size / chunk_size + 1, sizeof *p->is_changed);
    return p->is_changed ? read_xml(p) : FAIL_MEMORY();
}

/* ---- contents ---- */

static HRESULT report(struct patch *p, uint64_t more)
{
    p->done += more + 1;
    if (p->done - p->reported < REPORT_BYTES && p->reported)
        return S_OK;
    p->reported = p->done;
    /* The rest is half as much again, however much that is. */
    uint64_t total = p->content_size + p->names.len;
    return p->progress->report(p->progress->context, p->done, total + total / 2 + 1);
}

static void count_refs(const struct wim_raw *raw, const unsigned char *hash, int64_t change)
{
    unsigned char *blob = raw_blob(raw, hash);
    if (!blob)
        return;
    int64_t refs = (int64_t)wim_get32(blob + BLOB_REFS) + change;
    wim_put(blob + BLOB_REFS, 4, refs < 0 ? 0 : (uint64_t)refs);
}

static void set_entry(struct patch *p, const struct name *name, const unsigned char *hash)
{
    unsigned char *entry = p->raw->bytes + name->at;
    const size_t chunk_size = p->raw->storage.chunk_size;
    memcpy(entry + ENTRY_HASH, hash, SHA1_SIZE);
    wim_put(entry + ENTRY_WRITTEN, 8, wim_time_from_ns(name->mtime_ns));
    if (!chunk_size)
        return;
    p->is_changed[(name->at + ENTRY_WRITTEN) / chunk_size] = true;
    p->is_changed[(name->at + ENTRY_HASH + SHA1_SIZE - 1) / chunk_size] = true;
}

static HRESULT store(struct patch *p, const void *data, size_t size, unsigned char *hash)
{
    struct place place;
    memset(hash, 0, SHA1_SIZE);
    if (size == 0)
        return S_OK;
    hash_sha1(data, size, hash);
    if (raw_blob(p->raw, hash))
        return S_OK;
    TRY(patch_add_blob(&p->out, data, size, &place));
    return raw_add_blob(p->raw, &place, hash);
}

/* One file, under all its names. */
static HRESULT write_content(struct patch *p, size_t first, size_t names)
{
    const struct name *name = &p->names.ptr[first];
    struct wim_raw *raw = p->raw;
    unsigned char hash[SHA1_SIZE];
    AUTO_FREE char *data = NULL;
    uint64_t was = 0;
    size_t size = 0;
    TRY(os_read_file(name->change->source, &data, &size));
    if (size > UINT32_MAX)
        return FAIL(HR_WIN32(ERROR_SHARING_VIOLATION), "%s grows", name->change->source);
    (void)old_size(raw, name->at, &was);
    TRY(store(p, data, size, hash));
    count_refs(raw, raw->bytes + name->at + ENTRY_HASH, -(int64_t)names);
    count_refs(raw, hash, (int64_t)names);
    for (size_t i = first; i < first + names; i++)
        set_entry(p, &p->names.ptr[i], hash);
    int64_t change = (int64_t)size - (int64_t)was;
    p->totals.bytes += change * (int64_t)names;
    p->totals.hard_link_bytes += change * ((int64_t)names - 1);
    return report(p, size);
}

static HRESULT write_contents(struct patch *p)
{
    size_t count;
    for (size_t i = 0; i < p->names.len; i += count) {
        count = count_names(p, i);
        TRY(write_content(p, i, count));
    }
    return S_OK;
}

/* ---- the rest ---- */

static HRESULT write_folders(struct patch *p)
{
    struct wim_raw *raw = p->raw;
    struct place place;
    TRY(patch_add_folders(&p->out, raw, p->is_changed, &place));
    unsigned char *blob = raw->blobs + raw->metadata * BLOB_ENTRY_SIZE;
    place_put(blob, &place);
    hash_sha1(raw->bytes, raw->size, blob + BLOB_HASH);
    if (wim_get32(raw->header + HEADER_BOOT_INDEX) == raw->index)
        place_put(raw->header + HEADER_BOOT_METADATA, &place);
    return S_OK;
}

static HRESULT write_blobs(struct patch *p)
{
    struct place place;
    TRY(patch_add_plain(&p->out, p->raw->blobs, p->raw->blob_count * BLOB_ENTRY_SIZE, &place));
    place.flags = PLACE_METADATA; /* as wimlib and DISM mark it */
    place_put(p->raw->header + HEADER_BLOBS, &place);
    p->totals.file_bytes = place.offset + place.size;
    return S_OK;
}

static HRESULT write_xml(struct patch *p)
{
    struct text xml AUTO(text_clear) = {0};
    AUTO_FREE char16_t *units = NULL;
    struct place place;
    TRY(patch_xml(p->xml, p->raw->index, &p->totals, &xml));
    TRY(text_to_utf16(xml.ptr, &units));
    size_t count = text_utf16_len(units);
    AUTO_FREE unsigned char *bytes = mem_alloc(count * 2 + 1);
    if (!bytes)
        return FAIL_MEMORY();
    for (size_t i = 0; i < count; i++)
        wim_put(bytes + 2 * i, 2, units[i]);
    TRY(patch_add_plain(&p->out, bytes, count * 2, &place));
    place.flags = PLACE_METADATA;
    place_put(p->raw->header + HEADER_XML, &place);
    return S_OK;
}

static HRESULT mark_writing(struct patch *p)
{
    unsigned char flags[4];
    wim_put(flags, 4, wim_get32(p->raw->header + HEADER_FLAGS) | HEADER_FLAG_WRITE_IN_PROGRESS);
    return os_write_at(p->out.file, flags, sizeof flags, HEADER_FLAGS);
}

static HRESULT write_all(struct patch *p)
{
    TRY(mark_writing(p));
    TRY(write_contents(p));
    TRY(write_folders(p));
    TRY(p->progress->report(p->progress->context, 0, 1)); /* a moment at which a cancel is seen */
    TRY(write_blobs(p));
    TRY(write_xml(p));
    TRY(patch_flush(&p->out));
    TRY(p->progress->report(p->progress->context, 0, 1));
    TRY(os_write_at(p->out.file, p->raw->header, WIM_HEADER_SIZE, 0));
    return os_sync(p->out.file);
}

HRESULT wim_patch(struct wim_raw *raw, struct os_file *file, const struct wim_change *changes,
                  size_t count, const struct wim_progress *progress)
{
    struct patch p AUTO(patch_clear) = {
        .raw = raw,
        .out = {.file = file, .storage = &raw->storage, .written = raw->file_size},
        .progress = progress,
    };
    HRESULT hr = plan(&p, changes, count);
    if (hr != S_OK)
        return hr;
    if (!os_take_flock(file))
        return FAIL(HR_WIN32(ERROR_SHARING_VIOLATION), "another tool writes into the image file");
    hr = write_all(&p);
    os_drop_flock(file);
    return hr;
}
