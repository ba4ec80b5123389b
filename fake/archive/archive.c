/* SPDX-License-Identifier: MIT */
/* archive.c - see archive.h: what holds for every kind, and folders. */
#include "archive.h"

#include <string.h>

#include "archive_parts.h"
#include "dism_codes.h"
#include "error.h"
#include "path.h"
#include "text.h"

#define MOST_BYTES ((uint64_t)8 << 30)
#define MOST_ENTRIES 1000000
#define DEEPEST 64 /* folders */

size_t archive_input_read(const struct archive_input *input, void *buffer, size_t size,
                          uint64_t offset)
{
    size_t got = 0;
    if (offset >= input->size)
        return 0;
    if (size > input->size - offset)
        size = (size_t)(input->size - offset);
    if (!input->file)
        memcpy(buffer, input->bytes + offset, got = size);
    else if (FAILED(os_read_at(input->file, buffer, size, offset, &got)))
        return 0;
    return got;
}

HRESULT archive_damaged(const struct archive *archive, const char *what)
{
    return FAIL(HR_WIN32(ERROR_INVALID_DATA), "%s is damaged: %s", archive->name, what);
}

/* ---- names ---- */

/* Nothing that could lead out of the folder an archive is unpacked into, on any system. */
static bool is_safe(const char *name)
{
    if (!*name || *name == '/' || strchr(name, ':'))
        return false;
    for (const char *part = name; *part;) {
        size_t len = strcspn(part, "/");
        if (len == 0 || (len <= 2 && strncmp(part, "..", len) == 0))
            return false;
        for (size_t i = 0; i < len; i++)
            if ((unsigned char)part[i] < 0x20 || strchr("<>\"|?*", part[i]))
                return false;
        part += len + (part[len] == '/');
    }
    return true;
}

HRESULT archive_add(struct archive *archive, char *name, uint64_t size, uint64_t time)
{
    AUTO_FREE char *taken = name;
    if (!taken)
        return FAIL_MEMORY();
    for (char *c = taken; *c; c++)
        if (*c == '\\')
            *c = '/';
    if (text_ends(taken, "/") && size == 0)
        return S_OK; /* a folder: made where a file needs it */
    if (!text_is_utf8(taken, strlen(taken)) || !is_safe(taken))
        return FAIL(HR_WIN32(ERROR_INVALID_DATA), "%s holds '%s', a name that leads elsewhere",
                    archive->name, taken);
    if (archive->entries.list.len >= MOST_ENTRIES)
        return FAIL(HR_WIN32(ERROR_INVALID_DATA), "%s holds more than %d files", archive->name,
                    MOST_ENTRIES);
    archive->total += size;
    if (size > archive->most || archive->total > archive->most)
        return FAIL(HR_WIN32(ERROR_FILE_TOO_LARGE), "%s holds more than %llu bytes", archive->name,
                    (unsigned long long)archive->most);
    struct archive_entry *e = vec_push(&archive->entries.list);
    if (!e)
        return FAIL_MEMORY();
    *e = (struct archive_entry){TAKE(taken), size, time};
    return S_OK;
}

/* ---- folders ---- */

static HRESULT add_folder(struct archive *archive, const char *path, const char *below,
                          unsigned depth)
{
    AUTO_NAMES struct os_names names = {0};
    if (depth > DEEPEST)
        return FAIL(HR_WIN32(ERROR_INVALID_DATA), "folders in %s are nested too deep",
                    archive->name);
    TRY(os_list(path, &names));
    for (size_t i = 0; i < names.len; i++) {
        AUTO_FREE char *inner = NULL, *name = NULL;
        struct os_stat stat;
        TRY(path_join(path, names.ptr[i], &inner));
        if (!(name = mem_format("%s%s%s", below, *below ? "/" : "", names.ptr[i])))
            return FAIL_MEMORY();
        TRY(os_lstat(inner, &stat));
        if (stat.type == OS_TYPE_DIRECTORY)
            TRY(add_folder(archive, inner, name, depth + 1));
        else if (stat.type == OS_TYPE_FILE)
            TRY(archive_add(archive, TAKE(name), stat.size, 0));
    }
    return S_OK;
}

static HRESULT folder_open(struct archive *archive)
{
    return add_folder(archive, archive->name, "", 0);
}

static HRESULT folder_read(struct archive *archive, size_t index, uint8_t *out, size_t size)
{
    AUTO_FREE char *path = NULL;
    AUTO_FILE struct os_file *file = NULL;
    size_t got;
    TRY(path_join(archive->name, archive->entries.list.ptr[index].name, &path));
    TRY(os_open(path, OS_READ, &file));
    TRY(os_read_at(file, out, size, 0, &got));
    return got == size ? S_OK : archive_damaged(archive, "a file became shorter");
}

static void folder_close(struct archive *archive)
{
    (void)archive;
}

const struct archive_reader archive_folder = {ARCHIVE_FOLDER, folder_open, folder_read,
                                              folder_close};

/* ---- opening ---- */

static HRESULT choose(struct archive *archive)
{
    char magic[8] = {0};
    (void)archive_input_read(&archive->input, magic, sizeof magic, 0);
    if (memcmp(magic, "MSCF", 4) == 0)
        archive->reader = &archive_cab;
    else if (memcmp(magic, "PK\3\4", 4) == 0 || memcmp(magic, "PK\5\6", 4) == 0)
        archive->reader = &archive_zip;
    else if (memcmp(magic, "MSWIM\0\0", 7) == 0)
        return FAIL(HR_WIN32(ERROR_NOT_SUPPORTED), "%s is a package in WIM form, which is not read",
                    archive->name);
    else
        return FAIL(HR_WIN32(ERROR_INVALID_DATA), "%s is no cabinet and no ZIP file",
                    archive->name);
    return S_OK;
}

static HRESULT begin(const char *name, uint64_t most, struct archive **out)
{
    AUTO_ARCHIVE struct archive *archive = mem_alloc(sizeof *archive);
    if (!archive || !(archive->name = mem_dup(name)))
        return FAIL_MEMORY();
    archive->most = most ? most : MOST_BYTES;
    *out = TAKE(archive);
    return S_OK;
}

HRESULT archive_open(const char *path, uint64_t most, struct archive **out)
{
    AUTO_ARCHIVE struct archive *archive = NULL;
    struct os_stat stat;
    TRY(os_stat(path, &stat));
    TRY(begin(path, most, &archive));
    if (stat.type == OS_TYPE_DIRECTORY) {
        archive->reader = &archive_folder;
    } else {
        TRY(os_open(path, OS_READ, &archive->input.file));
        archive->input.size = stat.size;
        TRY(choose(archive));
    }
    TRY(archive->reader->open(archive));
    *out = TAKE(archive);
    return S_OK;
}

HRESULT archive_open_bytes(const void *bytes, size_t size, const char *name, uint64_t most,
                           struct archive **out)
{
    AUTO_ARCHIVE struct archive *archive = NULL;
    TRY(begin(name, most, &archive));
    if (!(archive->input.bytes = mem_alloc(size + 1)))
        return FAIL_MEMORY();
    memcpy(archive->input.bytes, bytes, size);
    archive->input.size = size;
    TRY(choose(archive));
    TRY(archive->reader->open(archive));
    *out = TAKE(archive);
    return S_OK;
}

void archive_close(struct archive *archive)
{
    if (archive->reader)
        archive->reader->close(archive);
    for (size_t i = 0; i < archive->entries.list.len; i++)
        mem_free(archive->entries.list.ptr[i].name);
    vec_clear(&archive->entries.list);
    if (archive->input.file)
        os_close(archive->input.file);
    mem_free(archive->input.bytes);
    mem_free(archive->name);
    mem_free(archive);
}

/* ---- entries ---- */

enum archive_kind archive_kind(const struct archive *archive)
{
    return archive->reader->kind;
}

size_t archive_count(const struct archive *archive)
{
    return archive->entries.list.len;
}

const struct archive_entry *archive_entry(const struct archive *archive, size_t index)
{
    return &archive->entries.list.ptr[index];
}

size_t archive_find(const struct archive *archive, const char *name)
{
    for (size_t i = 0; i < archive->entries.list.len; i++)
        if (text_equal_nocase(archive->entries.list.ptr[i].name, name))
            return i;
    return SIZE_MAX;
}

HRESULT archive_read(struct archive *archive, size_t index, size_t most, uint8_t **bytes,
                     size_t *size)
{
    const struct archive_entry *e = &archive->entries.list.ptr[index];
    if (e->size > most)
        return FAIL(HR_WIN32(ERROR_FILE_TOO_LARGE), "%s in %s is longer than %zu bytes", e->name,
                    archive->name, most);
    AUTO_FREE uint8_t *out = mem_alloc((size_t)e->size + 1);
    if (!out)
        return FAIL_MEMORY();
    if (e->size)
        TRY(archive->reader->read(archive, index, out, (size_t)e->size));
    *size = (size_t)e->size;
    *bytes = TAKE(out);
    return S_OK;
}

HRESULT archive_extract(struct archive *archive, size_t index, const char *path)
{
    AUTO_FREE uint8_t *bytes = NULL;
    AUTO_FILE struct os_file *file = NULL;
    size_t size;
    TRY(archive_read(archive, index, SIZE_MAX - 1, &bytes, &size));
    TRY(os_open(path, OS_WRITE | OS_CREATE | OS_EXCLUSIVE, &file));
    return os_write(file, bytes, size);
}
