/* SPDX-License-Identifier: MIT */
/*
 * vhdicat.c - the second reader: what libvhdi says a container holds, as a flat file.
 *
 *   vhdicat OUT DISK [PARENT ...]    nearest parent first; prints the size
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <libvhdi.h>

enum { MOST = 16, PIECE = 1 << 20 };

static void fail(const char *what)
{
    fprintf(stderr, "vhdicat: %s\n", what);
    exit(1);
}

static void copy(libvhdi_file_t *file, FILE *out, size64_t size)
{
    static char piece[PIECE];
    for (off64_t offset = 0; (size64_t)offset < size;) {
        size_t wanted = size - (size64_t)offset < PIECE ? (size_t)(size - (size64_t)offset) : PIECE;
        ssize_t got = libvhdi_file_read_buffer_at_offset(file, piece, wanted, offset, NULL);
        if (got <= 0)
            fail("cannot read");
        bool is_zero = !piece[0] && memcmp(piece, piece + 1, (size_t)got - 1) == 0;
        bool is_last = (size64_t)(offset + got) == size;
        if (!is_zero || is_last)
            if (fseek(out, offset, SEEK_SET) != 0 ||
                fwrite(piece, 1, (size_t)got, out) != (size_t)got)
                fail("cannot write");
        offset += got;
    }
}

int main(int argc, char **argv)
{
    libvhdi_file_t *files[MOST] = {NULL};
    size64_t size = 0;
    int count = argc - 2;
    if (count < 1 || count > MOST)
        fail("usage: vhdicat OUT DISK [PARENT ...]");
    for (int i = 0; i < count; i++)
        if (libvhdi_file_initialize(&files[i], NULL) != 1 ||
            libvhdi_file_open(files[i], argv[i + 2], libvhdi_get_access_flags_read(), NULL) != 1)
            fail(argv[i + 2]);
    for (int i = count - 1; i > 0; i--)
        if (libvhdi_file_set_parent_file(files[i - 1], files[i], NULL) != 1)
            fail("the parent does not fit");
    if (libvhdi_file_get_media_size(files[0], &size, NULL) != 1)
        fail("no size");
    FILE *out = fopen(argv[1], "wb");
    if (!out)
        fail(argv[1]);
    copy(files[0], out, size);
    if (fclose(out) != 0)
        fail("cannot write");
    for (int i = 0; i < count; i++)
        libvhdi_file_free(&files[i], NULL);
    printf("%llu\n", (unsigned long long)size);
    return 0;
}
