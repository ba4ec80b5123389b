/* SPDX-License-Identifier: MIT */
/*
 * archive_zip.c - ZIP files: listed by minizip, which reads our input, and unpacked by zlib.
 * minizip 1.1 does not see 64-bit numbers (ZIP64) where a long has 64 bits, and MakeAppx writes no
 * others.
 */
#include <stdio.h>
#include <string.h>

#include <minizip/unzip.h>
#include <zlib.h>

#include "archive_parts.h"
#include "bytes.h"
#include "dism_codes.h"
#include "error.h"
#include "mem.h"
#include "text.h"

#define LONGEST_NAME 4096

struct place { /* of a file in the archive */
    uint64_t header, packed;
    uint32_t crc;
    unsigned method; /* 0: stored, 8: deflated */
};

struct zip {
    unzFile handle;
    uint64_t position; /* in the input: one reader at a time */
    VEC(struct place) places;
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
    size_t got = archive_input_read(archive, buffer, size, zip_of(opaque)->position);
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

static uint64_t time_of(const tm_unz *t)
{
    return archive_time((int)t->tm_year, (int)t->tm_mon + 1, (int)t->tm_mday, (int)t->tm_hour,
                        (int)t->tm_min, (int)t->tm_sec);
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

/* Each number that has no room where it belongs follows in the extra field, in this order. */
static void take_64(const uint8_t *extra, size_t size, uint64_t *const numbers[3])
{
    for (size_t at = 0; at + 4 <= size;) {
        const uint8_t *field = extra + at + 4;
        size_t left = (size_t)get_le(extra + at + 2, 2);
        bool is_64 = get_le(extra + at, 2) == 1;
        at += 4 + left;
        for (size_t i = 0; is_64 && at <= size && i < 3; i++) {
            if (*numbers[i] != UINT32_MAX || left < 8)
                continue;
            *numbers[i] = get_le(field, 8);
            field += 8;
            left -= 8;
        }
    }
}

/* What the entry of the list says that minizip does not tell. */
static HRESULT find_place(struct archive *archive, uint64_t entry, uint64_t *size,
                          struct place *out)
{
    uint8_t head[46], extra[1024];
    if (archive_input_read(archive, head, sizeof head, entry) != sizeof head ||
        memcmp(head, "PK\1\2", 4) != 0)
        return archive_damaged(archive, "an entry of its list is not where it should be");
    size_t name_size = (size_t)get_le(head + 28, 2), extra_size = (size_t)get_le(head + 30, 2);
    out->method = (unsigned)get_le(head + 10, 2);
    out->crc = (uint32_t)get_le(head + 16, 4);
    out->packed = get_le(head + 20, 4);
    *size = get_le(head + 24, 4);
    out->header = get_le(head + 42, 4);
    extra_size =
        archive_input_read(archive, extra, extra_size < sizeof extra ? extra_size : sizeof extra,
                           entry + sizeof head + name_size);
    take_64(extra, extra_size, (uint64_t *const[]){size, &out->packed, &out->header});
    return S_OK;
}

static HRESULT add_current(struct archive *archive)
{
    struct zip *zip = archive->state;
    unz_file_info64 info;
    unz64_file_pos entry;
    struct place place;
    uint64_t size;
    AUTO_FREE char *name = mem_alloc(LONGEST_NAME + 1);
    if (!name)
        return FAIL_MEMORY();
    if (unzGetCurrentFileInfo64(zip->handle, &info, name, LONGEST_NAME, NULL, 0, NULL, 0) !=
            UNZ_OK ||
        unzGetFilePos64(zip->handle, &entry) != UNZ_OK || info.size_filename >= LONGEST_NAME ||
        strlen(name) != info.size_filename)
        return archive_damaged(archive, "an entry of its list is wrong");
    if (info.flag & 1)
        return FAIL(HR_WIN32(ERROR_INVALID_DATA), "%s is encrypted", archive->name);
    decode(name);
    TRY(find_place(archive, entry.pos_in_zip_directory, &size, &place));
    HRESULT hr = archive_add(archive, TAKE(name), size, time_of(&info.tmu_date));
    TRY(hr);
    if (hr == S_FALSE)
        return S_OK;
    struct place *slot = vec_push(&zip->places);
    if (!slot)
        return FAIL_MEMORY();
    *slot = place;
    return S_OK;
}

static HRESULT list(struct archive *archive)
{
    struct zip *zip = archive->state;
    unz_global_info64 global;
    /* minizip takes what is cut off there for zero. */
    if (unzGetGlobalInfo64(zip->handle, &global) != UNZ_OK || global.number_entry == 0)
        return archive_damaged(archive, "its list is empty or cut off");
    int error = unzGoToFirstFile(zip->handle);
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

static bool inflate_all(struct archive *archive, uint64_t at, uint64_t packed, uint8_t *out,
                        size_t size)
{
    uint8_t input[32768];
    z_stream stream = {.next_out = out};
    int error = inflateInit2(&stream, -MAX_WBITS);
    if (error != Z_OK)
        return false;
    for (size_t room = size; error == Z_OK && room; room = size - (size_t)(stream.next_out - out)) {
        if (stream.avail_in == 0) {
            size_t part = packed < sizeof input ? (size_t)packed : sizeof input;
            stream.avail_in = (uInt)archive_input_read(archive, input, part, at);
            stream.next_in = input;
            at += stream.avail_in;
            packed -= stream.avail_in;
        }
        stream.avail_out = room > 1 << 30 ? 1 << 30 : (uInt)room;
        error = inflate(&stream, Z_NO_FLUSH);
    }
    bool is_whole = stream.next_out == out + size;
    (void)inflateEnd(&stream);
    return is_whole;
}

static HRESULT zip_read(struct archive *archive, size_t index, uint8_t *out, size_t size)
{
    const struct place *place = &zip_of(archive)->places.ptr[index];
    uint8_t head[30];
    if (archive_input_read(archive, head, sizeof head, place->header) != sizeof head ||
        memcmp(head, "PK\3\4", 4) != 0)
        return archive_damaged(archive, "a file in it is not where its list says");
    uint64_t at = place->header + sizeof head + get_le(head + 26, 2) + get_le(head + 28, 2);
    bool is_whole = place->method == Z_DEFLATED
                        ? inflate_all(archive, at, place->packed, out, size)
                        : place->method == 0 && place->packed == size &&
                              archive_input_read(archive, out, size, at) == size;
    return is_whole && crc32_of(out, size) == place->crc
               ? S_OK
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
