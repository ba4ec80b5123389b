/* SPDX-License-Identifier: MIT */
/*
 * fuzz_disk.c - libFuzzer's entry: containers, their chains and their partition tables as anybody
 * might hand them to us. Built with FUZZING_BUILD_MODE_UNSAFE_FOR_PRODUCTION, checksums do not
 * count.
 *
 * Containers are large and nearly empty, so an input is a list of what is not zero (seeds_disk.py
 * writes it): flags (bit 0: VHDX), then for each of two files, "disk" and what may be its parent,
 * "p", its size in sectors (3 bytes), then pieces: which file (1 byte), first sector (3), count of
 * sectors (1), the bytes.
 *
 * What opens is read, written beside, applied, opened again: what was written has to be there.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bytes.h"
#include "disk.h"
#include "error.h"
#include "os.h"
#include "partition.h"

enum { SECTOR = 512, MOST_SECTORS = (24 << 20) / SECTOR, PIECE = 5, FILES = 2, SAMPLE = 9000 };

static char folder[64], paths[2][FILES][96], side[96];

static void remove_folder(void)
{
    (void)os_remove_tree(folder, true);
}

static void begin(void)
{
    const char *temporary = os_getenv("TMPDIR");
    snprintf(folder, sizeof folder, "%.40s/fuzz-disk-%u", temporary ? temporary : "/tmp", os_pid());
    if (FAILED(os_make_directory(folder)))
        abort();
    atexit(remove_folder);
    snprintf(side, sizeof side, "%s/side", folder);
    for (unsigned vhdx = 0; vhdx < 2; vhdx++)
        for (unsigned n = 0; n < FILES; n++)
            snprintf(paths[vhdx][n], sizeof *paths[vhdx], "%s/%s.vhd%s", folder, n ? "p" : "disk",
                     vhdx ? "x" : "");
}

static void write_piece(struct os_file *const files[FILES], const uint64_t sizes[FILES],
                        const uint8_t *piece, size_t bytes)
{
    unsigned file = piece[0] % FILES;
    uint64_t offset = get_le(piece + 1, 3) * SECTOR;
    if (offset < sizes[file])
        (void)os_write_at(files[file], piece + PIECE,
                          offset + bytes <= sizes[file] ? bytes : (size_t)(sizes[file] - offset),
                          offset);
}

static bool make_files(const uint8_t *data, size_t size, bool is_vhdx)
{
    AUTO_FILE struct os_file *disk = NULL, *parent = NULL;
    struct os_file *files[FILES];
    uint64_t sizes[FILES];
    if (size < 3 * FILES ||
        FAILED(os_open(paths[is_vhdx][0], OS_WRITE | OS_CREATE | OS_TRUNCATE, &disk)) ||
        FAILED(os_open(paths[is_vhdx][1], OS_WRITE | OS_CREATE | OS_TRUNCATE, &parent)))
        return false;
    files[0] = disk, files[1] = parent;
    for (unsigned n = 0; n < FILES; n++) {
        sizes[n] = get_le(data + 3 * n, 3) % MOST_SECTORS * SECTOR;
        if (FAILED(os_truncate(files[n], sizes[n])))
            return false;
    }
    data += 3 * FILES;
    size -= 3 * FILES;
    while (size > PIECE) {
        size_t bytes = (size_t)data[4] * SECTOR;
        bytes = bytes < size - PIECE ? bytes : size - PIECE;
        write_piece(files, sizes, data, bytes);
        data += PIECE + bytes;
        size -= PIECE + bytes;
    }
    return true;
}

/* Where in the disk to look: its ends, and some places between. */
static uint64_t place(uint64_t size, unsigned n)
{
    uint64_t last = size > SAMPLE ? size - SAMPLE : 0;
    return n == 0 ? 0 : n == 1 ? last : (last / 7 * n + n * 321) % (last + 1);
}

static void look(const char *path)
{
    static uint8_t buffer[SAMPLE];
    AUTO_DISK struct disk *disk = NULL;
    if (FAILED(disk_open(path, DISK_READ, NULL, &disk)))
        return;
    uint64_t size = disk_info(disk).size;
    for (unsigned n = 0; n < 6; n++)
        (void)disk_read(disk, buffer, size < SAMPLE ? (size_t)size : SAMPLE, place(size, n));
    AUTO_PARTITIONS struct partitions partitions = {0};
    (void)partitions_read(disk, &partitions);
}

static void check(HRESULT hr)
{
    if (SUCCEEDED(hr))
        return;
    fprintf(stderr, "0x%08X %s\n", (unsigned)hr, error_last()->text);
    abort();
}

static void change(const char *path)
{
    static uint8_t mark[SAMPLE], seen[SAMPLE];
    AUTO_DISK struct disk *disk = NULL;
    (void)os_remove_file(side);
    if (FAILED(disk_open(path, DISK_CHANGE, NULL, &disk)))
        return;
    uint64_t size = disk_info(disk).size;
    size_t sample = size < SAMPLE ? (size_t)size : SAMPLE;
    memset(mark, 0x5A, sizeof mark);
    check(disk_use_side_file(disk, side));
    for (unsigned n = 0; n < 4; n++)
        if (FAILED(disk_write(disk, mark, sample, place(size, n))))
            return; /* what is below it cannot be read, or lies behind the end */
    if (FAILED(disk_apply(disk, NULL)))
        return;
    disk_close(TAKE(disk));
    check(disk_open(path, DISK_READ, NULL, &disk));
    for (unsigned n = 0; n < 4; n++) {
        check(disk_read(disk, seen, sample, place(size, n)));
        if (memcmp(seen, mark, sample) != 0)
            abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (!*folder)
        begin();
    if (!size || !make_files(data + 1, size - 1, data[0] & 1))
        return 0;
    look(paths[data[0] & 1][0]);
    change(paths[data[0] & 1][0]);
    return 0;
}
