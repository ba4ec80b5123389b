/* SPDX-License-Identifier: MIT */
/*
 * ntfs_change.c - see ntfs_volume.h: changes written into the volume.
 *
 * A file that is there already is written into, so that all else about it stays. Not so where it
 * has other names that did not change with it: then this name leaves it and becomes a new file. A
 * parent's inode is open while a child is closed, so that libntfs updates the one index that
 * everybody sees (ntfs_inode_close_in_dir).
 */
#include <errno.h>
#include <string.h>

#include "dism_codes.h"
#include "mem.h"
#include "os.h"
#include "path.h"
#include "reparse.h"
#include "text.h"
#include "ntfs_private.h"

#define PIECE ((size_t)1 << 20)
#define HOLE 65536

/* A file with several names on this machine that is to be written. */
struct linked {
    uint64_t device, inode;
    char *path;        /* one of its names in the volume */
    MFT_REF reference; /* valid when is_written */
    bool is_written;
};

struct changing {
    struct volume *volume;
    const struct volume_progress *progress;
    uint64_t done, total;
    VEC(struct linked) linked; /* by device and inode once it is sorted */
    char *buffer;
};

/* A folder of the volume, open, and a name to be in it. */
struct place {
    ntfs_inode *folder;
    ntfschar *name;
    uint8_t name_len;
};

static void changing_clear(struct changing *c)
{
    for (size_t i = 0; i < c->linked.len; i++)
        mem_free(c->linked.ptr[i].path);
    vec_clear(&c->linked);
    mem_free(c->buffer);
}

static HRESULT report(struct changing *c)
{
    c->done++;
    if (c->volume->is_lost)
        return volume_failed(c->volume, "write", "everything");
    return c->progress ? c->progress->report(c->progress->context, c->done, c->total) : S_OK;
}

/* Calls `each` for what is in the folder `source`, to be below `path`. */
static HRESULT each_in_folder(struct changing *c, const char *path, const char *source,
                              HRESULT (*each)(struct changing *c, const char *path,
                                              const char *source))
{
    AUTO_NAMES struct os_names names = {0};
    TRY(os_list(source, &names));
    for (size_t i = 0; i < names.len; i++) {
        AUTO_FREE char *from = NULL, *to = mem_format("%s/%s", path, names.ptr[i]);
        if (!to)
            return FAIL_MEMORY();
        TRY(path_join(source, names.ptr[i], &from));
        TRY(each(c, to, from));
    }
    return S_OK;
}

/* ---- names ---- */

static void place_clear(struct place *place)
{
    if (place->folder)
        (void)volume_close_inode(place->folder);
    mem_free(place->name);
}
#define AUTO_PLACE AUTO(place_clear)

/* Closes what was made or written at that place. libntfs looks for all names of a file in the one
 * folder it is given, so with several the folder is closed first. */
static HRESULT close_at(struct changing *c, ntfs_inode **inode, struct place *place,
                        const char *path)
{
    ntfs_inode *it = *inode;
    *inode = NULL;
    if (le16_to_cpu(it->mrec->link_count) > 1) {
        int failed = volume_close_inode(place->folder);
        place->folder = NULL;
        failed |= volume_close_inode(it);
        return failed ? volume_failed(c->volume, "write", path) : S_OK;
    }
    if (ntfs_inode_close_in_dir(it, place->folder) == 0)
        return S_OK;
    HRESULT hr = volume_failed(c->volume, "write", path);
    volume_lose_inode(it);
    return hr;
}

static HRESULT place_open(struct changing *c, const char *path, struct place *out)
{
    const char *slash = strrchr(path, '/');
    AUTO_FREE char *folder = mem_dup_n(path, slash ? (size_t)(slash - path) : 0);
    AUTO_FREE char16_t *name = NULL;
    MFT_REF reference = 0;
    if (!folder)
        return FAIL_MEMORY();
    TRY(text_to_utf16(slash ? slash + 1 : path, &name));
    size_t len = text_utf16_len(name);
    if (len == 0 || len > NTFS_MAX_NAME_LEN)
        return FAIL(HR_WIN32(ERROR_INVALID_NAME), "%s is no name for NTFS", path);
    if (ntfs_forbidden_chars((const ntfschar *)name, (int)len, false))
        return FAIL(HR_WIN32(ERROR_INVALID_NAME), "%s is no name that Windows takes", path);
    TRY(volume_find(c->volume, folder, &reference));
    TRY(volume_open_inode(c->volume, reference, folder, &out->folder));
    out->name = (ntfschar *)TAKE(name);
    out->name_len = (uint8_t)len;
    return S_OK;
}

/* S_FALSE: no such name, to the letter. */
static HRESULT look(struct changing *c, const char *path, MFT_REF *out)
{
    AUTO_PLACE struct place place = {0};
    TRY(place_open(c, path, &place));
    u64 found = ntfs_inode_lookup_by_name(place.folder, place.name, place.name_len);
    if (found == (u64)-1)
        return errno == ENOENT ? S_FALSE : volume_failed(c->volume, "look for", path);
    *out = found;
    return S_OK;
}

/* ---- deleting ---- */

static HRESULT remove_name(struct changing *c, const char *path, MFT_REF reference);

static HRESULT remove_below(struct changing *c, const char *path, MFT_REF reference)
{
    AUTO_VOLUME_NAMES volume_names names = {0};
    {
        AUTO_INODE ntfs_inode *folder = NULL;
        TRY(volume_open_inode(c->volume, reference, path, &folder));
        TRY(volume_list(c->volume, folder, path, &names));
    }
    for (size_t i = 0; i < names.len; i++) {
        AUTO_FREE char *below = mem_format("%s/%s", path, names.ptr[i].text);
        if (!below)
            return FAIL_MEMORY();
        TRY(remove_name(c, below, names.ptr[i].reference));
    }
    return S_OK;
}

/* The name, and all that is below it. */
static HRESULT remove_name(struct changing *c, const char *path, MFT_REF reference)
{
    struct volume_entry entry;
    AUTO_INODE ntfs_inode *inode = NULL;
    AUTO_PLACE struct place place = {0};
    TRY(volume_open_inode(c->volume, reference, path, &inode));
    TRY(volume_describe(c->volume, inode, path, &entry));
    if (entry.kind == ENTRY_FOLDER) {
        (void)volume_close_inode(TAKE(inode)); /* only looked at */
        TRY(remove_below(c, path, reference));
        TRY(volume_open_inode(c->volume, reference, path, &inode));
    }
    TRY(place_open(c, path, &place));
    ntfs_inode_update_times(place.folder, NTFS_UPDATE_MCTIME);
    ntfs_inode *it = TAKE(inode), *folder = TAKE(place.folder);
    if (ntfs_delete(c->volume->ntfs, NULL, it, folder, place.name, place.name_len) != 0)
        return volume_failed(c->volume, "delete", path);
    return S_OK;
}

static HRESULT delete_path(struct changing *c, const char *path)
{
    MFT_REF reference = 0;
    HRESULT hr = look(c, path, &reference);
    if (hr == HR_WIN32(ERROR_PATH_NOT_FOUND) || hr == HR_WIN32(ERROR_FILE_NOT_FOUND)) {
        error_clear(); /* gone with its folder */
        return S_OK;
    }
    TRY(hr);
    return hr == S_OK ? remove_name(c, path, reference) : S_OK;
}

/* ---- making ---- */

/* The security that Windows would let a new file inherit. */
static le32 inherited_security(struct changing *c, ntfs_inode *folder, bool is_folder)
{
    struct PERMISSIONS_CACHE *cache = NULL;
    struct SECURITY_CONTEXT context = {.vol = c->volume->ntfs, .pseccache = &cache};
    return ntfs_inherited_id(&context, folder, is_folder ? true : false);
}

static HRESULT make(struct changing *c, struct place *place, const char *path, bool is_folder,
                    ntfs_inode **out)
{
    *out = ntfs_create(place->folder, inherited_security(c, place->folder, is_folder), place->name,
                       place->name_len, is_folder ? S_IFDIR : S_IFREG);
    if (!*out)
        return volume_failed(c->volume, "make", path);
    ntfs_inode_update_times(place->folder, NTFS_UPDATE_MCTIME);
    return S_OK;
}

static void set_mtime(ntfs_inode *inode, int64_t mtime_ns)
{
    struct timespec time = {.tv_sec = mtime_ns / 1000000000, .tv_nsec = mtime_ns % 1000000000};
    if (time.tv_nsec < 0) {
        time.tv_nsec += 1000000000;
        time.tv_sec--;
    }
    ntfs_inode_update_times(inode, NTFS_UPDATE_CTIME);
    inode->last_data_change_time = timespec2ntfs(time);
    NInoFileNameSetDirty(inode);
    NInoSetDirty(inode);
}

/* ---- contents ---- */

static bool is_hole(const char *bytes, size_t size)
{
    return size == HOLE && bytes[0] == 0 && memcmp(bytes, bytes + 1, size - 1) == 0;
}

static HRESULT write_all(struct changing *c, ntfs_attr *attr, const char *path, const char *bytes,
                         size_t size, uint64_t offset)
{
    for (size_t done = 0; done < size;) {
        s64 put = ntfs_attr_pwrite(attr, (s64)(offset + done), (s64)(size - done), bytes + done);
        if (put <= 0)
            return volume_failed(c->volume, "write", path);
        done += (size_t)put;
    }
    return S_OK;
}

/* Zeros in whole, aligned pieces become holes of a file large enough to have some. */
static HRESULT write_piece(struct changing *c, ntfs_attr *attr, const char *path, size_t size,
                           uint64_t offset)
{
    size_t from = 0;
    while (from < size) {
        size_t end = from;
        while (end < size) {
            size_t step = size - end < HOLE ? size - end : HOLE;
            if (is_hole(c->buffer + end, step))
                break;
            end += step;
        }
        TRY(write_all(c, attr, path, c->buffer + from, end - from, offset + from));
        from = end < size ? end + HOLE : end;
    }
    return S_OK;
}

static HRESULT write_content(struct changing *c, ntfs_inode *inode, const char *path,
                             const char *source)
{
    AUTO_FILE struct os_file *file = NULL;
    TRY(os_open(source, OS_READ, &file));
    AUTO_ATTR ntfs_attr *attr = ntfs_attr_open(inode, AT_DATA, AT_UNNAMED, 0);
    if (!attr)
        return volume_failed(c->volume, "open the content of", path);
    if (ntfs_attr_truncate(attr, 0) != 0)
        return volume_failed(c->volume, "empty", path);
    uint64_t at = 0;
    for (size_t got = 1; got != 0; at += got) {
        TRY(os_read_at(file, c->buffer, PIECE, at, &got));
        TRY(write_piece(c, attr, path, got, at));
    }
    if ((uint64_t)attr->data_size != at && ntfs_attr_truncate(attr, (s64)at) != 0)
        return volume_failed(c->volume, "set the size of", path);
    if ((attr->data_flags & ATTR_COMPRESSION_MASK) && ntfs_attr_pclose(attr) != 0)
        return volume_failed(c->volume, "write", path);
    return S_OK;
}

/* ---- streams ---- */

struct stream_target {
    struct changing *c;
    ntfs_inode *inode;
    const char *path;
};

static HRESULT write_stream(void *context, const char *name, const void *data, size_t size)
{
    const struct stream_target *t = context;
    AUTO_FREE char16_t *raw = NULL;
    if (!text_is_utf8(name, strlen(name)) || strpbrk(name, ":/\\"))
        return S_OK; /* no name of a stream */
    TRY(text_to_utf16(name, &raw));
    size_t len = text_utf16_len(raw);
    if (len == 0 || len > NTFS_MAX_NAME_LEN)
        return S_OK;
    if (!ntfs_attr_exist(t->inode, AT_DATA, (const ntfschar *)raw, (u32)len) &&
        ntfs_attr_add(t->inode, AT_DATA, (ntfschar *)raw, (u8)len, NULL, 0) != 0)
        return volume_failed(t->c->volume, "add a stream to", t->path);
    AUTO_ATTR ntfs_attr *attr = ntfs_attr_open(t->inode, AT_DATA, (ntfschar *)raw, (u32)len);
    if (!attr || ntfs_attr_truncate(attr, (s64)size) != 0)
        return volume_failed(t->c->volume, "open a stream of", t->path);
    return write_all(t->c, attr, t->path, data, size, 0);
}

static HRESULT write_streams(struct changing *c, ntfs_inode *inode, const char *path,
                             const char *source)
{
    struct stream_target target = {c, inode, path};
    return os_each_stream(source, write_stream, &target);
}

/* ---- symbolic links ---- */

static HRESULT make_link(struct changing *c, const char *path, const char *source,
                         const struct os_stat *stat)
{
    AUTO_FREE char *target = NULL, *data = NULL;
    AUTO_INODE ntfs_inode *inode = NULL;
    AUTO_PLACE struct place place = {0};
    size_t size = 0;
    struct os_stat behind;
    TRY(os_read_link(source, &target));
    TRY(reparse_make_link(target, &data, &size));
    bool is_folder = os_look(source, &behind) && behind.type == OS_TYPE_DIRECTORY;
    TRY(place_open(c, path, &place));
    TRY(make(c, &place, path, is_folder, &inode));
    if (ntfs_set_ntfs_reparse_data(inode, data, size, 0) != 0)
        return volume_failed(c->volume, "make the link", path);
    set_mtime(inode, stat->mtime_ns);
    return close_at(c, &inode, &place, path);
}

/* Is what is there a link to the same? */
static HRESULT is_same_link(struct changing *c, MFT_REF reference, const char *path,
                            const char *source, bool *out)
{
    AUTO_INODE ntfs_inode *inode = NULL;
    AUTO_FREE char *old = NULL, *now = NULL;
    struct volume_entry entry;
    *out = false;
    TRY(volume_open_inode(c->volume, reference, path, &inode));
    TRY(volume_describe(c->volume, inode, path, &entry));
    if (entry.kind != ENTRY_LINK)
        return S_OK;
    TRY(volume_link_target(c->volume, inode, path, &old));
    TRY(os_read_link(source, &now));
    *out = text_equal(old, now);
    return S_OK;
}

/* ---- files with several names ---- */

static bool is_same_file(const struct linked *a, const struct os_stat *stat)
{
    return a->device == stat->device && a->inode == stat->inode;
}

static struct linked *written_of(struct changing *c, const struct os_stat *stat)
{
    for (size_t i = 0; stat->links > 1 && i < c->linked.len; i++)
        if (is_same_file(&c->linked.ptr[i], stat) && c->linked.ptr[i].is_written)
            return &c->linked.ptr[i];
    return NULL;
}

/* How many of the names that are to be written are names of that record now. */
static HRESULT count_names_of(struct changing *c, const struct os_stat *stat, MFT_REF reference,
                              unsigned *out)
{
    *out = 0;
    for (size_t i = 0; i < c->linked.len; i++) {
        MFT_REF found;
        if (!is_same_file(&c->linked.ptr[i], stat))
            continue;
        HRESULT hr = volume_find(c->volume, c->linked.ptr[i].path, &found);
        if (SUCCEEDED(hr))
            *out += MREF(found) == MREF(reference);
        error_clear();
    }
    return S_OK;
}

/* May the record be written into: has it no names but those that change with this one? */
static HRESULT may_write_into(struct changing *c, MFT_REF reference, const char *path,
                              const struct os_stat *stat, bool *out)
{
    struct volume_entry entry;
    unsigned names = 1;
    {
        AUTO_INODE ntfs_inode *inode = NULL;
        TRY(volume_open_inode(c->volume, reference, path, &inode));
        TRY(volume_describe(c->volume, inode, path, &entry));
    }
    if (stat->links > 1)
        TRY(count_names_of(c, stat, reference, &names));
    *out = entry.kind == ENTRY_FILE && !(entry.attributes & 0x4000 /* encrypted */) &&
           entry.links == names;
    return S_OK;
}

static HRESULT link_to(struct changing *c, const char *path, const struct linked *written)
{
    AUTO_INODE ntfs_inode *inode = NULL;
    AUTO_PLACE struct place place = {0};
    TRY(place_open(c, path, &place));
    TRY(volume_open_inode(c->volume, written->reference, path, &inode));
    if (ntfs_link(inode, place.folder, place.name, place.name_len) != 0)
        return volume_failed(c->volume, "link", path);
    ntfs_inode_update_times(place.folder, NTFS_UPDATE_MCTIME);
    return close_at(c, &inode, &place, path);
}

static void note_written(struct changing *c, const struct os_stat *stat, const ntfs_inode *inode)
{
    for (size_t i = 0; stat->links > 1 && i < c->linked.len; i++)
        if (is_same_file(&c->linked.ptr[i], stat)) {
            c->linked.ptr[i].reference =
                MK_MREF(inode->mft_no, le16_to_cpu(inode->mrec->sequence_number));
            c->linked.ptr[i].is_written = true;
        }
}

/* ---- additions ---- */

static HRESULT write_file(struct changing *c, const char *path, const char *source,
                          const struct os_stat *stat, const MFT_REF *kept)
{
    AUTO_INODE ntfs_inode *inode = NULL;
    AUTO_PLACE struct place place = {0};
    TRY(place_open(c, path, &place));
    if (kept)
        TRY(volume_open_inode(c->volume, *kept, path, &inode));
    else
        TRY(make(c, &place, path, false, &inode));
    TRY(write_content(c, inode, path, source));
    TRY(write_streams(c, inode, path, source));
    inode->flags |= FILE_ATTR_ARCHIVE;
    if (!kept && !(stat->mode & 0200))
        inode->flags |= FILE_ATTR_READONLY;
    set_mtime(inode, stat->mtime_ns);
    note_written(c, stat, inode);
    return close_at(c, &inode, &place, path);
}

static HRESULT add_file(struct changing *c, const char *path, const char *source,
                        const struct os_stat *stat)
{
    MFT_REF reference = 0;
    bool is_kept = false;
    HRESULT hr = look(c, path, &reference);
    TRY(hr);
    const struct linked *written = written_of(c, stat);
    if (hr == S_OK && written && MREF(written->reference) == MREF(reference))
        return S_OK;
    if (hr == S_OK && !written)
        TRY(may_write_into(c, reference, path, stat, &is_kept));
    if (hr == S_OK && !is_kept)
        TRY(remove_name(c, path, reference));
    return written ? link_to(c, path, written)
                   : write_file(c, path, source, stat, is_kept ? &reference : NULL);
}

static HRESULT add_link(struct changing *c, const char *path, const char *source,
                        const struct os_stat *stat)
{
    MFT_REF reference = 0;
    bool is_same = false;
    HRESULT hr = look(c, path, &reference);
    TRY(hr);
    if (hr == S_OK)
        TRY(is_same_link(c, reference, path, source, &is_same));
    if (is_same)
        return S_OK;
    if (hr == S_OK)
        TRY(remove_name(c, path, reference));
    return make_link(c, path, source, stat);
}

static HRESULT add(struct changing *c, const char *path, const char *source);

static HRESULT make_folder(struct changing *c, const char *path)
{
    AUTO_INODE ntfs_inode *inode = NULL;
    AUTO_PLACE struct place place = {0};
    TRY(place_open(c, path, &place));
    TRY(make(c, &place, path, true, &inode));
    return close_at(c, &inode, &place, path);
}

static HRESULT set_folder_mtime(struct changing *c, const char *path, int64_t mtime_ns)
{
    AUTO_INODE ntfs_inode *inode = NULL;
    AUTO_PLACE struct place place = {0};
    MFT_REF reference = 0;
    TRY(look(c, path, &reference));
    TRY(place_open(c, path, &place));
    TRY(volume_open_inode(c->volume, reference, path, &inode));
    set_mtime(inode, mtime_ns);
    return close_at(c, &inode, &place, path);
}

static HRESULT is_folder(struct changing *c, MFT_REF reference, const char *path, bool *out)
{
    AUTO_INODE ntfs_inode *inode = NULL;
    struct volume_entry entry;
    TRY(volume_open_inode(c->volume, reference, path, &inode));
    TRY(volume_describe(c->volume, inode, path, &entry));
    *out = entry.kind == ENTRY_FOLDER;
    return S_OK;
}

static HRESULT add_folder(struct changing *c, const char *path, const char *source,
                          const struct os_stat *stat)
{
    MFT_REF reference = 0;
    bool is_there = false;
    HRESULT hr = look(c, path, &reference);
    TRY(hr);
    if (hr == S_OK)
        TRY(is_folder(c, reference, path, &is_there));
    if (hr == S_OK && !is_there)
        TRY(remove_name(c, path, reference));
    if (!is_there)
        TRY(make_folder(c, path));
    TRY(each_in_folder(c, path, source, add));
    return is_there ? S_OK : set_folder_mtime(c, path, stat->mtime_ns);
}

static HRESULT add(struct changing *c, const char *path, const char *source)
{
    struct os_stat stat;
    TRY(os_lstat(source, &stat));
    TRY(report(c));
    switch (stat.type) {
    case OS_TYPE_DIRECTORY:
        return add_folder(c, path, source, &stat);
    case OS_TYPE_LINK:
        return add_link(c, path, source, &stat);
    case OS_TYPE_FILE:
        return add_file(c, path, source, &stat);
    default:
        return FAIL(HR_WIN32(ERROR_NOT_SUPPORTED), "%s is no file, folder or link", source);
    }
}

/* ---- all ---- */

/* Counts what there is to do, and finds the files with several names. */
static HRESULT survey(struct changing *c, const char *path, const char *source)
{
    struct os_stat stat;
    TRY(os_lstat(source, &stat));
    c->total++;
    if (stat.type == OS_TYPE_DIRECTORY)
        return each_in_folder(c, path, source, survey);
    if (stat.type != OS_TYPE_FILE || stat.links < 2)
        return S_OK;
    struct linked *linked = vec_push(&c->linked);
    if (!linked || !(linked->path = mem_dup(path)))
        return FAIL_MEMORY();
    linked->device = stat.device;
    linked->inode = stat.inode;
    return S_OK;
}

HRESULT volume_change(struct volume *volume, const struct volume_change *changes, size_t count,
                      const struct volume_progress *progress)
{
    struct changing c AUTO(changing_clear) = {
        .volume = volume, .progress = progress, .buffer = mem_alloc(PIECE)};
    if (!c.buffer)
        return FAIL_MEMORY();
    for (size_t i = 0; i < count; i++) {
        if (changes[i].is_addition)
            TRY(survey(&c, changes[i].path, changes[i].source));
        else
            c.total++;
    }
    for (size_t i = 0; i < count; i++)
        if (!changes[i].is_addition) {
            TRY(report(&c));
            TRY(delete_path(&c, changes[i].path));
        }
    for (size_t i = 0; i < count; i++)
        if (changes[i].is_addition)
            TRY(add(&c, changes[i].path, changes[i].source));
    return S_OK;
}
