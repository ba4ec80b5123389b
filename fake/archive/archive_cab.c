/* SPDX-License-Identifier: MIT */
/*
 * archive_cab.c - cabinets, through libmspack, which asks us for every file and every byte of
 * memory: its "files" are the archive's input and a place in memory.
 */
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <mspack.h>

#include "archive_parts.h"
#include "bytes.h"
#include "dism_codes.h"
#include "error.h"
#include "mem.h"
#include "text.h"

/* The two names libmspack opens. */
#define INPUT_NAME "input"
#define OUTPUT_NAME "output"

struct cab {
    struct mspack_system system; /* first: libmspack hands it back */
    struct archive *archive;
    struct mscab_decompressor *decompressor;
    struct mscabd_cabinet *cabinet;
    VEC(struct mscabd_file *) files; /* in the order of the entries */
    uint8_t *out;                    /* of the entry being read */
    size_t out_size, out_done;
    bool is_spent; /* libmspack goes on behind an error as if there had been none */
};

/* libmspack hands it round as its own structure, of which it knows nothing. */
struct cab_file {
    struct cab *cab;
    uint64_t position;
    bool is_output;
};

/* libmspack takes much else for a lack of memory, and that for much else; what allocates may be
 * given a copy of the system. */
static _Thread_local bool lacks_memory;

static void *allocate(struct mspack_system *self, size_t bytes)
{
    (void)self;
    void *block = mem_alloc(bytes ? bytes : 1);
    lacks_memory = lacks_memory || !block;
    return block;
}

static struct mspack_file *open_file(struct mspack_system *self, const char *name, int mode)
{
    struct cab_file *file = allocate(self, sizeof *file);
    if (!file)
        return NULL;
    (void)name;
    file->cab = (struct cab *)(void *)self;
    file->is_output = mode == MSPACK_SYS_OPEN_WRITE;
    return (struct mspack_file *)(void *)file;
}

static struct cab_file *file_of(struct mspack_file *file)
{
    return (struct cab_file *)(void *)file;
}

static void close_file(struct mspack_file *file)
{
    mem_free(file);
}

static int read_file(struct mspack_file *given, void *buffer, int bytes)
{
    struct cab_file *file = file_of(given);
    if (!file || file->is_output || bytes < 0)
        return -1;
    size_t got = archive_input_read(file->cab->archive, buffer, (size_t)bytes, file->position);
    file->position += got;
    return (int)got;
}

static int write_file(struct mspack_file *given, void *buffer, int bytes)
{
    struct cab_file *file = file_of(given);
    struct cab *cab = file->cab;
    if (!file->is_output || bytes < 0 || (size_t)bytes > cab->out_size - cab->out_done)
        return -1;
    memcpy(cab->out + cab->out_done, buffer, (size_t)bytes);
    cab->out_done += (size_t)bytes;
    return bytes;
}

static int seek_file(struct mspack_file *given, off_t offset, int mode)
{
    struct cab_file *file = file_of(given);
    int64_t base = mode == MSPACK_SYS_SEEK_CUR   ? (int64_t)file->position
                   : mode == MSPACK_SYS_SEEK_END ? (int64_t)file->cab->archive->input.size
                                                 : 0;
    if (base + offset < 0)
        return -1;
    file->position = (uint64_t)(base + offset);
    return 0;
}

static off_t tell_file(struct mspack_file *file)
{
    return (off_t)file_of(file)->position;
}

static void no_message(struct mspack_file *file, const char *format, ...)
{
    (void)file, (void)format;
}

static void copy(void *from, void *to, size_t bytes)
{
    memcpy(to, from, bytes);
}

static HRESULT failed(const struct cab *cab, int error)
{
    if (lacks_memory)
        return FAIL_MEMORY();
    switch (error) {
    case MSPACK_ERR_CHECKSUM:
        return archive_damaged(cab->archive, "a checksum is wrong");
    case MSPACK_ERR_SIGNATURE:
        return archive_damaged(cab->archive, "it is no cabinet");
    default:
        return archive_damaged(cab->archive, "what is in it cannot be read");
    }
}

static uint64_t time_of(const struct mscabd_file *f)
{
    return archive_time(f->date_y, f->date_m, f->date_d, f->time_h, f->time_m, f->time_s);
}

/* Names without the UTF-8 mark are in a code page nobody names; what is not ASCII in them is taken
 * for Latin-1. */
static char *name_of(const struct mscabd_file *file)
{
    struct text name = {0};
    if (file->attribs & MSCAB_ATTRIB_UTF_NAME)
        return mem_dup(file->filename);
    for (const unsigned char *c = (const unsigned char *)file->filename; *c; c++) {
        char bytes[4];
        text_add_n(&name, bytes, text_encode(*c, bytes));
    }
    return text_take(&name);
}

static HRESULT list(struct cab *cab)
{
    for (struct mscabd_file *f = cab->cabinet->files; f; f = f->next) {
        HRESULT hr = archive_add(cab->archive, name_of(f), f->length, time_of(f));
        TRY(hr);
        if (hr == S_FALSE)
            continue;
        struct mscabd_file **slot = vec_push(&cab->files);
        if (!slot)
            return FAIL_MEMORY();
        *slot = f;
    }
    return S_OK;
}

static HRESULT cab_open(struct archive *archive)
{
    struct cab *cab = archive->state = mem_alloc(sizeof *cab);
    if (!cab)
        return FAIL_MEMORY();
    cab->archive = archive;
    cab->system =
        (struct mspack_system){open_file,  close_file, read_file, write_file, seek_file, tell_file,
                               no_message, allocate,   mem_free,  copy,       NULL};
    lacks_memory = false;
    cab->decompressor = mspack_create_cab_decompressor(&cab->system);
    if (!cab->decompressor)
        return FAIL_MEMORY();
    cab->cabinet = cab->decompressor->open(cab->decompressor, INPUT_NAME);
    if (!cab->cabinet)
        return failed(cab, cab->decompressor->last_error(cab->decompressor));
    if (cab->cabinet->flags & (MSCAB_HDR_PREVCAB | MSCAB_HDR_NEXTCAB))
        return FAIL(HR_WIN32(ERROR_INVALID_DATA), "%s is one of several cabinets", archive->name);
    return list(cab);
}

static HRESULT cab_read(struct archive *archive, size_t index, uint8_t *out, size_t size)
{
    struct cab *cab = archive->state;
    if (cab->is_spent)
        return archive_damaged(archive, "a file in it could not be read before");
    cab->out = out;
    cab->out_size = size;
    cab->out_done = 0;
    lacks_memory = false;
    int error = cab->decompressor->extract(cab->decompressor, cab->files.ptr[index], OUTPUT_NAME);
    cab->is_spent = error || cab->out_done != size;
    if (error)
        return failed(cab, error);
    return cab->is_spent ? archive_damaged(archive, "a file in it is cut off") : S_OK;
}

static void cab_close(struct archive *archive)
{
    struct cab *cab = archive->state;
    if (!cab)
        return;
    if (cab->cabinet)
        cab->decompressor->close(cab->decompressor, cab->cabinet);
    if (cab->decompressor)
        mspack_destroy_cab_decompressor(cab->decompressor);
    vec_clear(&cab->files);
    mem_free(cab);
}

const struct archive_reader archive_cab = {ARCHIVE_CAB, cab_open, cab_read, cab_close};
