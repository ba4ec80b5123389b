/* SPDX-License-Identifier: MIT */
/* archive_zip.c - ZIP files, through minizip, which reads our input. */
#include <stdio.h>
#include <string.h>

#include <minizip/unzip.h>

#include "archive_parts.h"
#include "dism_codes.h"
#include "error.h"
#include "mem.h"
#include "text.h"

#define LONGEST_NAME 4096

struct zip {
    unzFile handle;
    uint64_t position; /* in the input: one reader at a time */
    VEC(unz64_file_pos) places;
};

static voidpf open_file(voidpf opaque, const void *name, int mode)
{
    (void)name, (void)mode;
    return opaque;
}

static struct zip *zip_of(voidpf opaque)
{
    return ((struct archive *)opaque)->state;
}

static uLong read_file(voidpf opaque, voidpf stream, void *buffer, uLong size)
{
    struct archive *archive = opaque;
    (void)stream;
    size_t got = archive_input_read(&archive->input, buffer, size, zip_of(opaque)->position);
    zip_of(opaque)->position += got;
    return (uLong)got;
}

static uLong write_file(voidpf opaque, voidpf stream, const void *buffer, uLong size)
{
    (void)opaque, (void)stream, (void)buffer, (void)size;
    return 0;
}

static ZPOS64_T tell_file(voidpf opaque, voidpf stream)
{
    (void)stream;
    return zip_of(opaque)->position;
}

static long seek_file(voidpf opaque, voidpf stream, ZPOS64_T offset, int origin)
{
    const struct archive *archive = opaque;
    struct zip *zip = zip_of(opaque);
    (void)stream;
    uint64_t base = origin == ZLIB_FILEFUNC_SEEK_CUR   ? zip->position
                    : origin == ZLIB_FILEFUNC_SEEK_END ? archive->input.size
                                                       : 0;
    zip->position = base + offset;
    return 0;
}

static int no_error(voidpf opaque, voidpf stream)
{
    (void)opaque, (void)stream;
    return 0;
}

static uint64_t filetime_of(const tm_unz *t)
{
    int64_t month = (int64_t)t->tm_mon + 1, y = (int64_t)t->tm_year - (month <= 2);
    int64_t days = 365 * y + y / 4 - y / 100 + y / 400 + (153 * ((month + 9) % 12) + 2) / 5 +
                   (int64_t)t->tm_mday - 1 - 719468;
    int64_t seconds =
        days * 86400 + (int64_t)t->tm_hour * 3600 + (int64_t)t->tm_min * 60 + (int64_t)t->tm_sec;
    return seconds < 0 ? 0 : ((uint64_t)seconds + 11644473600u) * 10000000u;
}

/* %20 and the like: packages of apps have their names in the form of URIs. */
static void decode(char *name)
{
    char *to = name;
    for (const char *from = name; *from; to++) {
        unsigned byte;
        if (from[0] == '%' && strspn(from + 1, "0123456789abcdefABCDEF") >= 2 &&
            sscanf(from + 1, "%2x", &byte) == 1 && byte) {
            *to = (char)byte;
            from += 3;
        } else {
            *to = *from++;
        }
    }
    *to = '\0';
}

static HRESULT add_current(struct archive *archive)
{
    struct zip *zip = archive->state;
    unz_file_info64 info;
    unz64_file_pos place;
    AUTO_FREE char *name = mem_alloc(LONGEST_NAME + 1);
    if (!name)
        return FAIL_MEMORY();
    if (unzGetCurrentFileInfo64(zip->handle, &info, name, LONGEST_NAME, NULL, 0, NULL, 0) !=
            UNZ_OK ||
        unzGetFilePos64(zip->handle, &place) != UNZ_OK || info.size_filename >= LONGEST_NAME ||
        strlen(name) != info.size_filename)
        return archive_damaged(archive, "an entry of its list is wrong");
    if (info.flag & 1)
        return FAIL(HR_WIN32(ERROR_INVALID_DATA), "%s is encrypted", archive->name);
    decode(name);
    size_t before = archive->entries.list.len;
    TRY(archive_add(archive, TAKE(name), info.uncompressed_size, filetime_of(&info.tmu_date)));
    if (archive->entries.list.len == before)
        return S_OK;
    unz64_file_pos *slot = vec_push(&zip->places);
    if (!slot)
        return FAIL_MEMORY();
    *slot = place;
    return S_OK;
}

static HRESULT list(struct archive *archive)
{
    struct zip *zip = archive->state;
    unz_global_info64 global;
    if (unzGetGlobalInfo64(zip->handle, &global) != UNZ_OK)
        return archive_damaged(archive, "it has no list");
    int error = global.number_entry ? unzGoToFirstFile(zip->handle) : UNZ_END_OF_LIST_OF_FILE;
    for (; error == UNZ_OK; error = unzGoToNextFile(zip->handle))
        TRY(add_current(archive));
    return error == UNZ_END_OF_LIST_OF_FILE ? S_OK
                                            : archive_damaged(archive, "its list is cut off");
}

static HRESULT zip_open(struct archive *archive)
{
    struct zip *zip = archive->state = mem_alloc(sizeof *zip);
    if (!zip)
        return FAIL_MEMORY();
    zlib_filefunc64_def functions = {open_file, read_file, write_file, tell_file,
                                     seek_file, no_error,  no_error,   archive};
    zip->handle = unzOpen2_64(archive->name, &functions);
    if (!zip->handle)
        return archive_damaged(archive, "it is no ZIP file");
    return list(archive);
}

static HRESULT zip_read(struct archive *archive, size_t index, uint8_t *out, size_t size)
{
    struct zip *zip = archive->state;
    size_t done = 0;
    int got = 0;
    if (unzGoToFilePos64(zip->handle, &zip->places.ptr[index]) != UNZ_OK ||
        unzOpenCurrentFile(zip->handle) != UNZ_OK)
        return archive_damaged(archive, "a file in it cannot be opened");
    while (done < size) {
        unsigned part = size - done > 1 << 20 ? 1 << 20 : (unsigned)(size - done);
        got = unzReadCurrentFile(zip->handle, out + done, part);
        if (got <= 0)
            break;
        done += (size_t)got;
    }
    int closed = unzCloseCurrentFile(zip->handle); /* looks at the checksum */
    return done == size && closed == UNZ_OK ? S_OK
                                            : archive_damaged(archive, "a file in it is damaged");
}

static void zip_close(struct archive *archive)
{
    struct zip *zip = archive->state;
    if (!zip)
        return;
    if (zip->handle)
        (void)unzClose(zip->handle);
    vec_clear(&zip->places);
    mem_free(zip);
}

const struct archive_reader archive_zip = {ARCHIVE_ZIP, zip_open, zip_read, zip_close};
