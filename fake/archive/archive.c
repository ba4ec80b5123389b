/* SPDX-License-Identifier: MIT */
/* archive.c - see archive.h: what holds for every kind, and folders. */
#include "archive.h"

#include <stdlib.h>
#include <string.h>

#include "archive_parts.h"
#include "dism_codes.h"
#include "error.h"
#include "path.h"
#include "text.h"

#define MOST_BYTES ((uint64_t)8 << 30)
#define MOST_ENTRIES 1000000
#define DEEPEST 64 /* folders */
/* Of what a file unpacks to and takes: a block of a cabinet is 9 bytes and unpacks to 32 KiB, two
 * bits of a ZIP file to 258 bytes. */
#define BEST_RATIO 4096

size_t archive_input_read(struct archive *archive, void *buffer, size_t size, uint64_t offset)
{
    const struct archive_input *input = &archive->input;
    size_t got = 0;
    if (offset >= input->size)
        return 0;
    if (size > input->size - offset)
        size = (size_t)(input->size - offset);
    if (!input->file)
        memcpy(buffer, input->bytes + offset, got = size);
    else if (FAILED(os_read_at(input->file, buffer, size, offset, &got)))
        archive->trouble = *error_last();
    return got;
}

HRESULT archive_damaged(const struct archive *archive, const char *what)
{
    if (FAILED(archive->trouble.hr)) {
        error_restore(&archive->trouble);
        return archive->trouble.hr;
    }
    return FAIL(HR_WIN32(ERROR_INVALID_DATA), "%s is damaged: %s", archive->name, what);
}

uint64_t archive_time(int year, int month, int day, int hour, int minute, int second)
{
    int64_t y = year - (month <= 2);
    int64_t days = 365 * y + y / 4 - y / 100 + y / 400 + (153 * ((month + 9) % 12) + 2) / 5 + day -
                   1 - 719468; /* since 1970 */
    int64_t seconds = days * 86400 + hour * 3600 + minute * 60 + second + 11644473600;
    return seconds < 0 ? 0 : (uint64_t)seconds * 10000000;
}

/* ---- names ---- */

/* No part of it is empty or ends in a dot or a space, which Windows drops. */
static bool has_whole_parts(const char *name)
{
    const char *c = name;
    for (; *c; c++)
        if (*c == '/' && (c == name || strchr("/. ", c[-1])))
            return false;
    return c != name && !strchr("/. ", c[-1]);
}

static HRESULT check_name(const struct archive *archive, const char *name)
{
    if (!text_is_utf8(name, strlen(name)))
        return FAIL(HR_WIN32(ERROR_INVALID_DATA), "%s holds a name that is not UTF-8",
                    archive->name);
    AUTO_FREE char *path = mem_format("C:/%s", name);
    if (!path)
        return FAIL_MEMORY();
    if (has_whole_parts(name) && !path_flaw(path))
        return S_OK;
    for (char *c = path; *c; c++)
        if ((unsigned char)*c < ' ')
            *c = '?';
    return FAIL(HR_WIN32(ERROR_INVALID_DATA), "%s holds '%s', which is no name of a file in it",
                archive->name, path + 3);
}

static HRESULT check_size(const struct archive *archive, const char *name, uint64_t size)
{
    if (size > archive->most || archive->total > archive->most - size)
        return FAIL(HR_WIN32(ERROR_FILE_TOO_LARGE), "%s holds more than %llu bytes", archive->name,
                    (unsigned long long)archive->most);
    if (archive->reader != &archive_folder && size / BEST_RATIO > archive->input.size)
        return FAIL(HR_WIN32(ERROR_INVALID_DATA), "%s is damaged: %s cannot be that large",
                    archive->name, name);
    return S_OK;
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
        return S_FALSE; /* made where a file needs it */
    TRY(check_name(archive, taken));
    TRY(check_size(archive, taken, size));
    if (archive->entries.len >= MOST_ENTRIES)
        return FAIL(HR_WIN32(ERROR_INVALID_DATA), "%s holds more than %d files", archive->name,
                    MOST_ENTRIES);
    struct archive_entry *e = vec_push(&archive->entries);
    if (!e)
        return FAIL_MEMORY();
    *e = (struct archive_entry){TAKE(taken), size, time};
    archive->total += size;
    return S_OK;
}

static int by_name(const void *a, const void *b)
{
    const struct archive_entry *const *left = a, *const *right = b;
    return text_compare_nocase((*left)->name, (*right)->name);
}

static HRESULT sort(struct archive *archive)
{
    const size_t count = archive->entries.len;
    const struct archive_entry **sorted = mem_array(count + 1, sizeof *sorted);
    archive->sorted = sorted;
    if (!sorted)
        return FAIL_MEMORY();
    for (size_t i = 0; i < count; i++)
        sorted[i] = &archive->entries.ptr[i];
    qsort(sorted, count, sizeof *sorted, by_name);
    for (size_t i = 1; i < count; i++)
        if (by_name(&sorted[i - 1], &sorted[i]) == 0)
            return FAIL(HR_WIN32(ERROR_INVALID_DATA), "%s holds '%s' twice", archive->name,
                        sorted[i]->name);
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
        else if (stat.type == OS_TYPE_FILE || (os_look(inner, &stat) && stat.type == OS_TYPE_FILE))
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
    TRY(path_join(archive->name, archive->entries.ptr[index].name, &path));
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
    (void)archive_input_read(archive, magic, sizeof magic, 0);
    if (FAILED(archive->trouble.hr))
        return archive_damaged(archive, "its start cannot be read");
    if (memcmp(magic, "MSCF", 4) == 0)
        archive->reader = &archive_cab;
    else if (memcmp(magic, "PK\3\4", 4) == 0)
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

static HRESULT list(struct archive *archive)
{
    TRY(archive->reader->open(archive));
    return sort(archive);
}

HRESULT archive_open(const char *path, uint64_t most, struct archive **out)
{
    AUTO_ARCHIVE struct archive *archive = NULL;
    struct os_stat stat;
    TRY(os_stat(path, &stat));
    TRY(begin(path, most, &archive));
    if (stat.type == OS_TYPE_DIRECTORY) {
        archive->reader = &archive_folder;
    } else if (stat.type != OS_TYPE_FILE) {
        return FAIL(HR_WIN32(ERROR_INVALID_DATA), "%s is neither a file nor a folder", path);
    } else {
        TRY(os_open(path, OS_READ, &archive->input.file));
        archive->input.size = stat.size;
        TRY(choose(archive));
    }
    TRY(list(archive));
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
    TRY(list(archive));
    *out = TAKE(archive);
    return S_OK;
}

void archive_close(struct archive *archive)
{
    if (archive->reader)
        archive->reader->close(archive);
    for (size_t i = 0; i < archive->entries.len; i++)
        mem_free(archive->entries.ptr[i].name);
    vec_clear(&archive->entries);
    mem_free(archive->sorted);
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
    return archive->entries.len;
}

const struct archive_entry *archive_entry(const struct archive *archive, size_t index)
{
    return &archive->entries.ptr[index];
}

size_t archive_find(const struct archive *archive, const char *name)
{
    const struct archive_entry wanted = {.name = (char *)name}, *key = &wanted;
    const struct archive_entry **found =
        bsearch(&key, archive->sorted, archive->entries.len, sizeof *archive->sorted, by_name);
    return found ? (size_t)(*found - archive->entries.ptr) : SIZE_MAX;
}

HRESULT archive_read(struct archive *archive, size_t index, size_t most, uint8_t **bytes,
                     size_t *size)
{
    const struct archive_entry *e = &archive->entries.ptr[index];
    if (e->size > most)
        return FAIL(HR_WIN32(ERROR_FILE_TOO_LARGE), "%s in %s is longer than %zu bytes", e->name,
                    archive->name, most);
    AUTO_FREE uint8_t *out = mem_alloc((size_t)e->size + 1);
    if (!out)
        return FAIL_MEMORY();
    archive->trouble.hr = S_OK;
    if (e->size)
        TRY(archive->reader->read(archive, index, out, (size_t)e->size));
    *size = (size_t)e->size;
    *bytes = TAKE(out);
    return S_OK;
}
