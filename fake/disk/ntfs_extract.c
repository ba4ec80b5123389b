/* SPDX-License-Identifier: MIT */
/* ntfs_extract.c - see ntfs_volume.h: the files of a volume as files of this machine. */
#include <string.h>

#include "dism_codes.h"
#include "mem.h"
#include "os.h"
#include "path.h"
#include "text.h"
#include "ntfs_private.h"

#define PIECE ((size_t)1 << 20)
#define HOLE 65536 /* zeros of that length, aligned, are not written */

struct extraction {
    struct volume *volume;
    const struct volume_progress *progress;
    uint64_t done, total; /* bytes, and some for every name */
    char **first_names;   /* by record: of files with several names, the one that came first */
    size_t records;
    char *buffer;
};

/* What a name costs beside its bytes. */
#define NAME_COST 4096

static HRESULT report(struct extraction *x, uint64_t more)
{
    x->done += more;
    if (!x->progress)
        return S_OK;
    uint64_t done = x->done < x->total ? x->done : x->total;
    return x->progress->report(x->progress->context, done, x->total);
}

static HRESULT count(void *context, const char *path, const struct volume_entry *entry)
{
    (void)path;
    struct extraction *x = context;
    x->total += NAME_COST + entry->size;
    return S_OK;
}

static bool is_zero(const char *bytes, size_t size)
{
    return size == 0 || (bytes[0] == 0 && memcmp(bytes, bytes + 1, size - 1) == 0);
}

/* Runs of HOLE zero bytes stay holes. */
static HRESULT write_piece(struct os_file *file, const char *bytes, size_t size, uint64_t offset)
{
    size_t from = 0;
    while (from < size) {
        size_t end = from;
        while (end < size) {
            size_t step = size - end < HOLE ? size - end : HOLE;
            if (step == HOLE && is_zero(bytes + end, step))
                break;
            end += step;
        }
        if (end > from)
            TRY(os_write_at(file, bytes + from, end - from, offset + from));
        from = end < size ? end + HOLE : end;
    }
    return S_OK;
}

static HRESULT extract_content(struct extraction *x, ntfs_inode *inode, const char *path,
                               const char *target, uint64_t size)
{
    AUTO_FILE struct os_file *file = NULL;
    TRY(os_open(target, OS_WRITE | OS_CREATE | OS_EXCLUSIVE, &file));
    if (size == 0)
        return S_OK;
    AUTO_ATTR ntfs_attr *content = ntfs_attr_open(inode, AT_DATA, AT_UNNAMED, 0);
    if (!content)
        return volume_failed(x->volume, "open the content of", path);
    for (uint64_t at = 0; at < size;) {
        s64 want = size - at < PIECE ? (s64)(size - at) : (s64)PIECE;
        s64 got = ntfs_attr_pread(content, (s64)at, want, x->buffer);
        if (got <= 0)
            return volume_failed(x->volume, "read", path);
        TRY(write_piece(file, x->buffer, (size_t)got, at));
        at += (uint64_t)got;
        TRY(report(x, (uint64_t)got));
    }
    return os_truncate(file, size);
}

/* NULL: the record is out of range, which a damaged folder may say. */
static char **first_name_of(const struct extraction *x, const struct volume_entry *entry)
{
    return entry->links > 1 && entry->record < x->records ? &x->first_names[entry->record] : NULL;
}

static HRESULT extract_file(struct extraction *x, ntfs_inode *inode, const char *path,
                            const char *target, const struct volume_entry *entry)
{
    char **first = first_name_of(x, entry);
    if (first && *first) {
        TRY(os_make_hard_link(*first, target));
        return report(x, entry->size);
    }
    /* What only Windows can read (encrypted, in the cloud, packed by its own driver) is an empty
     * file here; in the volume it stays as it is. */
    bool is_readable = entry->kind == ENTRY_FILE && !(inode->flags & FILE_ATTR_ENCRYPTED);
    TRY(extract_content(x, inode, path, target, is_readable ? entry->size : 0));
    TRY(os_set_mtime(target, entry->mtime_ns));
    return !first || (*first = mem_dup(target)) ? S_OK : FAIL_MEMORY();
}

static HRESULT extract_link(struct extraction *x, ntfs_inode *inode, const char *path,
                            const char *target, const struct volume_entry *entry)
{
    AUTO_FREE char *leads_to = NULL;
    TRY(volume_link_target(x->volume, inode, path, &leads_to));
    TRY(os_make_link(leads_to, target));
    return os_set_mtime(target, entry->mtime_ns);
}

static HRESULT extract_folder(struct extraction *x, MFT_REF reference, const char *path,
                              const char *target);

static HRESULT extract_name(struct extraction *x, const struct volume_name *name,
                            const char *folder, const char *into)
{
    AUTO_FREE char *path = mem_format("%s%s%s", folder, *folder ? "/" : "", name->text);
    AUTO_FREE char *target = NULL;
    struct volume_entry entry;
    if (!path)
        return FAIL_MEMORY();
    TRY(path_join(into, name->text, &target));
    {
        AUTO_INODE ntfs_inode *inode = NULL;
        TRY(volume_open_inode(x->volume, name->reference, path, &inode));
        TRY(volume_describe(x->volume, inode, path, &entry));
        if (entry.kind == ENTRY_LINK)
            TRY(extract_link(x, inode, path, target, &entry));
        else if (entry.kind != ENTRY_FOLDER)
            TRY(extract_file(x, inode, path, target, &entry));
    }
    if (entry.kind == ENTRY_FOLDER) {
        TRY(os_make_directory(target));
        TRY(extract_folder(x, name->reference, path, target));
        TRY(os_set_mtime(target, entry.mtime_ns));
    }
    return report(x, NAME_COST);
}

static HRESULT extract_folder(struct extraction *x, MFT_REF reference, const char *path,
                              const char *target)
{
    AUTO_VOLUME_NAMES volume_names names = {0};
    {
        AUTO_INODE ntfs_inode *folder = NULL;
        TRY(volume_open_inode(x->volume, reference, path, &folder));
        TRY(volume_list(x->volume, folder, path, &names));
    }
    for (size_t i = 0; i < names.len; i++)
        TRY(extract_name(x, &names.ptr[i], path, target));
    return S_OK;
}

static void extraction_clear(struct extraction *x)
{
    for (size_t i = 0; i < x->records; i++)
        mem_free(x->first_names[i]);
    mem_free(x->first_names);
    mem_free(x->buffer);
}

HRESULT volume_extract(struct volume *v, const char *folder, const struct volume_progress *progress)
{
    const size_t records = (size_t)(v->ntfs->mft_na->data_size >> v->ntfs->mft_record_size_bits);
    struct extraction x AUTO(extraction_clear) = {.volume = v, .progress = progress};
    x.buffer = mem_alloc(PIECE);
    x.first_names = mem_array(records, sizeof *x.first_names);
    if (!x.buffer || !x.first_names)
        return FAIL_MEMORY();
    x.records = records;
    TRY(volume_each(v, count, &x));
    return extract_folder(&x, FILE_root, "", folder);
}
