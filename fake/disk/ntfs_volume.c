/* SPDX-License-Identifier: MIT */
/* ntfs_volume.c - see ntfs_volume.h: opening, looking, reading. */
#include "ntfs_volume.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "dism_codes.h"
#include "mem.h"
#include "os.h"
#include "path.h"
#include "reparse.h"
#include "text.h"
#include "trace.h"
#include "ntfs_private.h"

/* ---- the device below libntfs ---- */

static struct volume *of_device(struct ntfs_device *device)
{
    return device->d_private;
}

static int device_open(struct ntfs_device *device, int flags)
{
    (void)flags;
    if (!of_device(device)->io.write)
        NDevSetReadOnly(device);
    NDevSetOpen(device);
    return 0;
}

static int device_close(struct ntfs_device *device)
{
    NDevClearOpen(device);
    return 0;
}

static s64 device_seek(struct ntfs_device *device, s64 offset, int whence)
{
    struct volume *v = of_device(device);
    int64_t base = whence == SEEK_SET ? 0 : whence == SEEK_CUR ? v->position : (int64_t)v->io.size;
    if (base + offset < 0) {
        errno = EINVAL;
        return -1;
    }
    return v->position = base + offset;
}

static s64 device_failed(struct volume *v)
{
    v->io_error = *error_last();
    errno = v->io_error.hr == HR_WIN32(ERROR_DISK_FULL) ? ENOSPC : EIO;
    return -1;
}

static s64 clamp(const struct volume *v, s64 count, s64 offset)
{
    if (count < 0 || offset < 0) {
        errno = EINVAL;
        return -1;
    }
    if ((uint64_t)offset >= v->io.size)
        return 0;
    uint64_t room = v->io.size - (uint64_t)offset;
    return (uint64_t)count < room ? count : (s64)room;
}

static s64 device_pread(struct ntfs_device *device, void *buffer, s64 count, s64 offset)
{
    struct volume *v = of_device(device);
    s64 size = clamp(v, count, offset);
    if (size > 0 && FAILED(v->io.read(v->io.context, buffer, (size_t)size, (uint64_t)offset)))
        return device_failed(v);
    return size;
}

/* libntfs does not let go of what it could not write, so it is told that all went well. The failure
 * is told by volume_change or volume_close. */
static void lose(struct volume *v)
{
    (void)device_failed(v);
    v->is_lost = true;
}

static s64 device_pwrite(struct ntfs_device *device, const void *data, s64 count, s64 offset)
{
    struct volume *v = of_device(device);
    if (!v->io.write) {
        errno = EROFS;
        return -1;
    }
    s64 size = clamp(v, count, offset);
    if (size > 0 && !v->is_lost &&
        FAILED(v->io.write(v->io.context, data, (size_t)size, (uint64_t)offset)))
        lose(v);
    return size;
}

static s64 device_read(struct ntfs_device *device, void *buffer, s64 count)
{
    s64 got = device_pread(device, buffer, count, of_device(device)->position);
    if (got > 0)
        of_device(device)->position += got;
    return got;
}

static s64 device_write(struct ntfs_device *device, const void *data, s64 count)
{
    s64 put = device_pwrite(device, data, count, of_device(device)->position);
    if (put > 0)
        of_device(device)->position += put;
    return put;
}

static int device_sync(struct ntfs_device *device)
{
    struct volume *v = of_device(device);
    if (v->io.flush && !v->is_lost && FAILED(v->io.flush(v->io.context)))
        lose(v);
    return 0;
}

static int device_stat(struct ntfs_device *device, struct stat *out)
{
    (void)device;
    (void)out;
    errno = EOPNOTSUPP;
    return -1;
}

static int device_ioctl(struct ntfs_device *device, unsigned long request, void *argument)
{
    (void)device;
    (void)request;
    (void)argument;
    errno = EOPNOTSUPP;
    return -1;
}

static struct ntfs_device_operations operations = {
    .open = device_open,
    .close = device_close,
    .seek = device_seek,
    .read = device_read,
    .write = device_write,
    .pread = device_pread,
    .pwrite = device_pwrite,
    .sync = device_sync,
    .stat = device_stat,
    .ioctl = device_ioctl,
};

/* ---- errors ---- */

HRESULT volume_failed(struct volume *v, const char *what, const char *path)
{
    int err = errno;
    if (FAILED(v->io_error.hr)) {
        struct error below = v->io_error;
        v->io_error = (struct error){0};
        error_restore(&below);
        return below.hr;
    }
    HRESULT hr = err == EIO || err == ERANGE ? HR_WIN32(ERROR_DISK_CORRUPT) : hr_from_errno(err);
    return FAIL(hr, "cannot %s %s in the NTFS volume: %s", what, path, strerror(err));
}

/* libntfs speaks to nobody but the trace. */
static int to_trace(const char *function, const char *file, int line, u32 level, void *data,
                    const char *format, va_list arguments)
{
    (void)file;
    (void)line;
    (void)data;
    if (!trace_on(TRACE_IMAGE))
        return 0;
    int err = errno;
    AUTO_FREE char *text = mem_format_v(format, arguments);
    if (text)
        trace(TRACE_IMAGE, "ntfs %s (%x): %s", function, level, text);
    errno = err;
    return 0;
}

/* ---- open and close ---- */

static HRESULT open_failed(struct volume *v, int err)
{
    if (FAILED(v->io_error.hr)) {
        error_restore(&v->io_error);
        return v->io_error.hr;
    }
    switch (err) {
    case EINVAL:
        return FAIL(HR_WIN32(ERROR_UNRECOGNIZED_VOLUME), "the partition holds no NTFS volume");
    case EPERM:
        return FAIL(HR_WIN32(ERROR_NOT_READY),
                    "Windows is hibernated on this volume: shut it down before it is changed");
    case EOPNOTSUPP:
        return FAIL(HR_WIN32(ERROR_NOT_READY), "the NTFS volume was not unmounted cleanly, its log "
                                               "has to be replayed by Windows first");
    case ENOMEM:
        return FAIL_MEMORY();
    default:
        return FAIL(HR_WIN32(ERROR_DISK_CORRUPT), "the NTFS volume is damaged: %s", strerror(err));
    }
}

/* Opening for writing looks too, but may empty the log on the way. */
static HRESULT check_log(struct volume *v)
{
    AUTO_INODE ntfs_inode *inode = ntfs_inode_open(v->ntfs, FILE_LogFile);
    AUTO_ATTR ntfs_attr *log = inode ? ntfs_attr_open(inode, AT_DATA, AT_UNNAMED, 0) : NULL;
    RESTART_PAGE_HEADER *page = NULL;
    if (!log)
        return volume_failed(v, "open", "the log");
    bool is_clean = ntfs_check_logfile(log, &page) && ntfs_is_logfile_clean(log, page);
    mem_free(page);
    return is_clean ? S_OK : open_failed(v, EOPNOTSUPP);
}

HRESULT volume_check_clean(struct volume *v)
{
    if (v->ntfs->flags & VOLUME_IS_DIRTY)
        return FAIL(HR_WIN32(ERROR_NOT_READY),
                    "the NTFS volume is marked dirty: it needs a check (chkdsk) first");
    if (ntfs_volume_check_hiberfile(v->ntfs, 0) < 0)
        return open_failed(v, EPERM);
    return check_log(v);
}

HRESULT volume_used_bytes(struct volume *v, uint64_t *out)
{
    if (ntfs_volume_get_free_space(v->ntfs) != 0)
        return volume_failed(v, "count", "free clusters");
    *out = (uint64_t)(v->ntfs->nr_clusters - v->ntfs->free_clusters) << v->ntfs->cluster_size_bits;
    return S_OK;
}

HRESULT volume_open(const struct volume_io *io, bool for_writing, struct volume **out)
{
    AUTO_VOLUME struct volume *v = mem_alloc(sizeof *v);
    if (!v)
        return FAIL_MEMORY();
    v->io = *io;
    if (!for_writing)
        v->io.write = NULL;
    ntfs_log_set_handler(to_trace);
    struct ntfs_device *device = ntfs_device_alloc("volume", 0, &operations, v);
    if (!device)
        return FAIL_MEMORY();
    v->ntfs = ntfs_device_mount(device, for_writing ? NTFS_MNT_NONE : NTFS_MNT_RDONLY);
    if (!v->ntfs) {
        int err = errno;
        (void)ntfs_device_free(device);
        return open_failed(v, err);
    }
    /* Not only for speed: without them libntfs does not find its own index of reparse points. */
    ntfs_create_lru_caches(v->ntfs);
    if (for_writing)
        TRY(volume_check_clean(v));
    *out = TAKE(v);
    return S_OK;
}

int volume_close_inode(ntfs_inode *inode)
{
    if (ntfs_inode_close(inode) == 0)
        return 0;
    int err = errno;
    volume_lose_inode(inode);
    errno = err;
    return -1;
}

void volume_lose_inode(ntfs_inode *inode)
{
    of_device(inode->vol->dev)->is_lost = true;
    (void)ntfs_inode_close(inode);
}

HRESULT volume_close(struct volume *v)
{
    HRESULT hr = S_OK;
    if (ntfs_umount(v->ntfs, false) != 0)
        hr = volume_failed(v, "finish", "everything");
    else if (FAILED(v->io_error.hr)) {
        hr = v->io_error.hr;
        error_restore(&v->io_error);
    } else if (v->is_lost) {
        hr = FAIL(hr_from_errno(EIO), "not all of the NTFS volume was written");
    }
    mem_free(v);
    return hr;
}

void volume_abandon(struct volume *v)
{
    if (v->ntfs) {
        v->io.write = NULL; /* nothing more reaches the disk */
        (void)ntfs_umount(v->ntfs, true);
    }
    mem_free(v);
}

/* ---- names ---- */

void volume_names_clear(volume_names *names)
{
    for (size_t i = 0; i < names->len; i++) {
        mem_free(names->ptr[i].text);
        mem_free(names->ptr[i].raw);
    }
    vec_clear(names);
}

struct listing {
    volume_names *names;
    HRESULT hr;
};

static int on_name(void *context, const ntfschar *name, const int len, const int kind,
                   const s64 position, const MFT_REF reference, const unsigned type)
{
    struct listing *listing = context;
    (void)position;
    (void)type;
    bool is_dots = len <= 2 && name[0] == const_cpu_to_le16('.') &&
                   (len == 1 || name[1] == const_cpu_to_le16('.'));
    if (kind == FILE_NAME_DOS || MREF(reference) < FILE_first_user || is_dots)
        return 0;
    struct volume_name *entry = vec_push(listing->names);
    if (!entry || !(entry->raw = mem_array((size_t)len, sizeof *entry->raw))) {
        listing->hr = FAIL_MEMORY();
        errno = ENOMEM;
        return -1;
    }
    memcpy(entry->raw, name, (size_t)len * sizeof *name);
    entry->raw_len = (uint8_t)len;
    entry->reference = reference;
    listing->hr = text_from_utf16_n((const char16_t *)entry->raw, (size_t)len, &entry->text);
    errno = ENOMEM;
    return SUCCEEDED(listing->hr) ? 0 : -1;
}

HRESULT volume_list(struct volume *v, ntfs_inode *folder, const char *path, volume_names *out)
{
    struct listing listing = {.names = out};
    s64 position = 0;
    if (ntfs_readdir(folder, &position, &listing, on_name) == 0)
        return S_OK;
    return FAILED(listing.hr) ? listing.hr : volume_failed(v, "list", path);
}

HRESULT volume_open_inode(struct volume *v, MFT_REF reference, const char *path, ntfs_inode **out)
{
    *out = ntfs_inode_open(v->ntfs, reference);
    return *out ? S_OK : volume_failed(v, "open", *path ? path : "the root");
}

static HRESULT find_without_case(struct volume *v, ntfs_inode *folder, const char *name,
                                 MFT_REF *out)
{
    AUTO_VOLUME_NAMES volume_names names = {0};
    TRY(volume_list(v, folder, name, &names));
    for (size_t i = 0; i < names.len; i++)
        if (text_equal_nocase(names.ptr[i].text, name)) {
            *out = names.ptr[i].reference;
            return S_OK;
        }
    return S_FALSE;
}

/* S_FALSE: no such name. */
static HRESULT find_in(struct volume *v, ntfs_inode *folder, const char *name, MFT_REF *out)
{
    AUTO_FREE char16_t *raw = NULL;
    TRY(text_to_utf16(name, &raw));
    size_t len = text_utf16_len(raw);
    if (len > NTFS_MAX_NAME_LEN)
        return S_FALSE;
    u64 found = ntfs_inode_lookup_by_name(folder, (const ntfschar *)raw, (int)len);
    if (found != (u64)-1) {
        *out = found;
        return S_OK;
    }
    if (errno != ENOENT)
        return volume_failed(v, "look for", name);
    return find_without_case(v, folder, name, out);
}

HRESULT volume_find(struct volume *v, const char *path, MFT_REF *out)
{
    MFT_REF now = FILE_root;
    for (const char *at = path; *at;) {
        AUTO_INODE ntfs_inode *folder = NULL;
        size_t len = strcspn(at, "/");
        AUTO_FREE char *name = mem_dup_n(at, len);
        if (!name)
            return FAIL_MEMORY();
        TRY(volume_open_inode(v, now, path, &folder));
        if (!(folder->mrec->flags & MFT_RECORD_IS_DIRECTORY))
            return FAIL(HR_WIN32(ERROR_PATH_NOT_FOUND), "%s is below a file in the volume", path);
        HRESULT hr = find_in(v, folder, name, &now);
        TRY(hr);
        at += len;
        while (*at == '/')
            at++;
        if (hr == S_FALSE)
            return FAIL(HR_WIN32(*at ? ERROR_PATH_NOT_FOUND : ERROR_FILE_NOT_FOUND),
                        "the volume has no %s", path);
    }
    *out = now;
    return S_OK;
}

/* ---- what a file is ---- */

static unsigned count_names(ntfs_inode *inode)
{
    unsigned count = 0;
    ntfs_attr_search_ctx *context = ntfs_attr_get_search_ctx(inode, NULL);
    if (!context)
        return 1;
    while (ntfs_attr_lookup(AT_FILE_NAME, NULL, 0, CASE_SENSITIVE, 0, NULL, 0, context) == 0) {
        const ATTR_RECORD *record = context->attr;
        const FILE_NAME_ATTR *name =
            (const FILE_NAME_ATTR *)((const u8 *)record + le16_to_cpu(record->value_offset));
        count += name->file_name_type != FILE_NAME_DOS;
    }
    ntfs_attr_put_search_ctx(context);
    return count;
}

/* The whole reparse point; caller's. */
static HRESULT read_reparse(struct volume *v, ntfs_inode *inode, const char *path,
                            unsigned char **out, size_t *size)
{
    int len = ntfs_get_ntfs_reparse_data(inode, NULL, 0);
    if (len < 0)
        return volume_failed(v, "read the reparse point", path);
    AUTO_FREE unsigned char *data = mem_alloc((size_t)len + 1);
    if (!data)
        return FAIL_MEMORY();
    if (ntfs_get_ntfs_reparse_data(inode, (char *)data, (size_t)len) != len)
        return volume_failed(v, "read the reparse point", path);
    if (len < 8)
        return FAIL(HR_WIN32(ERROR_FILE_CORRUPT), "the reparse point %s is cut short", path);
    *out = TAKE(data);
    *size = (size_t)len;
    return S_OK;
}

static uint32_t tag_of(const unsigned char *data)
{
    return data[0] | (uint32_t)data[1] << 8 | (uint32_t)data[2] << 16 | (uint32_t)data[3] << 24;
}

HRESULT volume_link_target(struct volume *v, ntfs_inode *inode, const char *path, char **out)
{
    AUTO_FREE unsigned char *data = NULL;
    size_t size = 0;
    TRY(read_reparse(v, inode, path, &data, &size));
    return reparse_target(tag_of(data), data + 8, size - 8, "", out);
}

static HRESULT kind_of(struct volume *v, ntfs_inode *inode, const char *path, enum entry_kind *out)
{
    *out = inode->mrec->flags & MFT_RECORD_IS_DIRECTORY ? ENTRY_FOLDER : ENTRY_FILE;
    if (!(inode->flags & FILE_ATTR_REPARSE_POINT))
        return S_OK;
    AUTO_FREE unsigned char *data = NULL;
    size_t size = 0;
    TRY(read_reparse(v, inode, path, &data, &size));
    if (reparse_is_link(tag_of(data)))
        *out = ENTRY_LINK;
    else if (*out == ENTRY_FILE) /* a folder stays one: a mount point of a cloud, say */
        *out = ENTRY_OTHER;
    return S_OK;
}

HRESULT volume_describe(struct volume *v, ntfs_inode *inode, const char *path,
                        struct volume_entry *out)
{
    struct timespec mtime = ntfs2timespec(inode->last_data_change_time);
    *out = (struct volume_entry){
        .record = inode->mft_no,
        .attributes = le32_to_cpu(inode->flags),
        .links = le16_to_cpu(inode->mrec->link_count) == 1 ? 1 : count_names(inode),
        .mtime_ns = os_ns(mtime.tv_sec, mtime.tv_nsec),
    };
    TRY(kind_of(v, inode, path, &out->kind));
    if (out->kind == ENTRY_FILE)
        out->size = (uint64_t)inode->data_size;
    return S_OK;
}

HRESULT volume_look(struct volume *v, const char *path, struct volume_entry *out)
{
    AUTO_INODE ntfs_inode *inode = NULL;
    MFT_REF reference = 0;
    TRY(volume_find(v, path, &reference));
    TRY(volume_open_inode(v, reference, path, &inode));
    return volume_describe(v, inode, path, out);
}

/* ---- all of it ---- */

#define LONGEST_PATH (32767 * 3) /* of Windows, in UTF-8 */

static HRESULT each_below(struct volume *v, MFT_REF reference, const char *path,
                          HRESULT (*each)(void *, const char *, const struct volume_entry *),
                          void *context);

static HRESULT each_name(struct volume *v, const struct volume_name *name, const char *folder,
                         HRESULT (*each)(void *, const char *, const struct volume_entry *),
                         void *context)
{
    struct volume_entry entry;
    AUTO_FREE char *path = mem_format("%s%s%s", folder, *folder ? "/" : "", name->text);
    if (!path)
        return FAIL_MEMORY();
    if (strlen(path) > LONGEST_PATH)
        return FAIL(HR_WIN32(ERROR_DISK_CORRUPT), "folders of the volume lie in themselves");
    {
        AUTO_INODE ntfs_inode *inode = NULL;
        TRY(volume_open_inode(v, name->reference, path, &inode));
        TRY(volume_describe(v, inode, path, &entry));
    }
    TRY(each(context, path, &entry));
    return entry.kind == ENTRY_FOLDER ? each_below(v, name->reference, path, each, context) : S_OK;
}

static HRESULT each_below(struct volume *v, MFT_REF reference, const char *path,
                          HRESULT (*each)(void *, const char *, const struct volume_entry *),
                          void *context)
{
    AUTO_VOLUME_NAMES volume_names names = {0};
    {
        AUTO_INODE ntfs_inode *folder = NULL;
        TRY(volume_open_inode(v, reference, path, &folder));
        TRY(volume_list(v, folder, path, &names));
    }
    for (size_t i = 0; i < names.len; i++)
        TRY(each_name(v, &names.ptr[i], path, each, context));
    return S_OK;
}

HRESULT volume_each(struct volume *v,
                    HRESULT (*each)(void *context, const char *path,
                                    const struct volume_entry *entry),
                    void *context)
{
    return each_below(v, FILE_root, "", each, context);
}

HRESULT volume_read_file(struct volume *v, const char *path, size_t most, char **data, size_t *size)
{
    AUTO_INODE ntfs_inode *inode = NULL;
    AUTO_ATTR ntfs_attr *content = NULL;
    MFT_REF reference = 0;
    TRY(volume_find(v, path, &reference));
    TRY(volume_open_inode(v, reference, path, &inode));
    if (!(content = ntfs_attr_open(inode, AT_DATA, AT_UNNAMED, 0)))
        return volume_failed(v, "open the content of", path);
    if ((uint64_t)content->data_size > most)
        return FAIL(HR_WIN32(ERROR_FILE_TOO_LARGE), "%s has %lld bytes", path,
                    (long long)content->data_size);
    size_t len = (size_t)content->data_size;
    AUTO_FREE char *bytes = mem_alloc(len + 1);
    if (!bytes)
        return FAIL_MEMORY();
    if (ntfs_attr_pread(content, 0, (s64)len, bytes) != (s64)len)
        return volume_failed(v, "read", path);
    *data = TAKE(bytes);
    *size = len;
    return S_OK;
}
