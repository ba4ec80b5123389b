/* SPDX-License-Identifier: MIT */
/*
 * disktool.c - fake/disk by hand, for the tests beside it.
 *
 * Prints lines "KEY VALUE". A failure is "failed 0xHRESULT MESSAGE" and exit code 1.
 * SCRIPT is a row of writes: offset and size (8 bytes each, little endian), then the bytes.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bytes.h"
#include "dism_codes.h"
#include "disk.h"
#include "error.h"
#include "floor.h"
#include "os.h"
#include "partition.h"
#include "text.h"

static const char usage[] =
    "usage: disktool info DISK\n"
    "       disktool partitions DISK\n"
    "       disktool read DISK OUT [SIDE]         the disk as a flat file; with the changes in "
    "SIDE\n"
    "       disktool pieces DISK OUT SEED         the same, read in random pieces\n"
    "       disktool write DISK SIDE SCRIPT       changes, flushed\n"
    "       disktool apply DISK SIDE [FAULT N]    FAULT: change, changes, alloc, allocs (that one, "
    "or\n"
    "                                             all from there on), full (bytes left), step "
    "(the\n"
    "                                             watcher's answer to step N is a failure)\n"
    "       disktool look DISK N                  opens, reads, lists partitions; allocation N "
    "fails\n"
    "       disktool forget DISK SIDE\n"
    "       disktool recover DISK SIDE\n";

enum { PIECE = 4 << 20 };

static HRESULT info(struct disk *disk)
{
    struct disk_info i = disk_info(disk);
    printf("kind %s\nsize %llu\nfile-size %llu\nsector-size %u\nphysical-sector-size %u\n"
           "block-size %u\nparents %u\nid ",
           disk_kind_name(i.kind), (unsigned long long)i.size, (unsigned long long)i.file_size,
           i.sector_size, i.physical_sector_size, i.block_size, i.parents);
    for (unsigned n = 0; n < sizeof i.id; n++)
        printf("%02x", i.id[n]);
    printf("\n");
    for (unsigned n = 0; disk_parent_path(disk, n); n++)
        printf("parent %s\n", disk_parent_path(disk, n));
    return S_OK;
}

static HRESULT partitions(struct disk *disk)
{
    static const char *const tables[] = {"none", "mbr", "gpt"};
    AUTO_PARTITIONS struct partitions p = {0};
    TRY(partitions_read(disk, &p));
    printf("table %s\nid %s\nbackup %d\n", tables[p.table], p.id, p.is_from_backup);
    for (size_t i = 0; i < p.list.len; i++) {
        const struct partition *one = &p.list.ptr[i];
        printf("partition %u %llu %llu %02x %d %s %s %llx %s [%s]\n", one->number,
               (unsigned long long)one->offset, (unsigned long long)one->size, one->mbr_type,
               one->is_active, *one->type ? one->type : "-", *one->id ? one->id : "-",
               (unsigned long long)one->attributes, volume_kind_name(one->volume), one->name);
    }
    return S_OK;
}

static bool is_zero(const char *data, size_t size)
{
    return size == 0 || (!data[0] && memcmp(data, data + 1, size - 1) == 0);
}

static HRESULT copy_piece(struct disk *disk, struct os_file *out, char *buffer, size_t size,
                          uint64_t offset)
{
    TRY(disk_read(disk, buffer, size, offset));
    return is_zero(buffer, size) ? S_OK : os_write_at(out, buffer, size, offset);
}

static HRESULT read_out(struct disk *disk, const char *path, unsigned seed)
{
    AUTO_FILE struct os_file *out = NULL;
    AUTO_FREE char *buffer = mem_alloc(PIECE);
    uint64_t size = disk_info(disk).size;
    TRY(os_open(path, OS_WRITE | OS_CREATE | OS_TRUNCATE, &out));
    srand(seed);
    for (uint64_t offset = 0; offset < size;) {
        uint64_t piece = seed ? 1 + (uint64_t)rand() % 300000 : PIECE;
        piece = size - offset < piece ? size - offset : piece;
        TRY(copy_piece(disk, out, buffer, (size_t)piece, offset));
        offset += piece;
    }
    return os_truncate(out, size);
}

static HRESULT write_script(struct disk *disk, const char *path)
{
    AUTO_FREE char *script = NULL;
    size_t len;
    TRY(os_read_file(path, &script, &len));
    for (size_t at = 0; at < len;) {
        uint64_t offset = LE64(script + at), size = LE64(script + at + 8);
        TRY(disk_write(disk, script + at + 16, (size_t)size, offset));
        at += 16 + (size_t)size;
    }
    TRY(disk_flush(disk));
    printf("changed %llu\n", (unsigned long long)disk_changed_bytes(disk));
    return S_OK;
}

struct watcher {
    uint64_t steps, fail_at;
    bool is_past_return;
};

static HRESULT step(void *context, uint64_t done, uint64_t total)
{
    struct watcher *w = context;
    if (done > total)
        return FAIL(E_UNEXPECTED, "%llu of %llu bytes", (unsigned long long)done,
                    (unsigned long long)total);
    return ++w->steps == w->fail_at ? FAIL(HR_WIN32(ERROR_CANCELLED), "cancelled") : S_OK;
}

static void no_return(void *context)
{
    ((struct watcher *)context)->is_past_return = true;
}

static HRESULT apply(struct disk *disk, const char *fault, unsigned long long n)
{
    struct watcher w = {0};
    struct disk_watch watch = {&w, step, no_return};
    struct floor floor = {0};
    floor.goes_on = text_equal(fault, "changes") || text_equal(fault, "allocs");
    if (text_starts(fault, "change"))
        floor.change_at = n;
    else if (text_starts(fault, "alloc"))
        floor.alloc_at = n;
    else if (text_equal(fault, "full"))
        floor.has_disk_end = true, floor.disk_end = n;
    else if (text_equal(fault, "step"))
        w.fail_at = n;
    (void)floor_use(&floor);
    HRESULT hr = disk_apply(disk, &watch);
    (void)floor_use(NULL);
    printf("changes-asked %llu\nallocs-asked %llu\nsteps %llu\npast-return %d\nchanged %llu\n",
           (unsigned long long)floor.changes, (unsigned long long)floor.allocs,
           (unsigned long long)w.steps, w.is_past_return,
           (unsigned long long)disk_changed_bytes(disk));
    return hr;
}

static HRESULT look_at(const char *path)
{
    AUTO_DISK struct disk *disk = NULL;
    AUTO_PARTITIONS struct partitions p = {0};
    char bytes[5000];
    TRY(disk_open(path, DISK_READ, NULL, &disk));
    TRY(disk_read(disk, bytes, sizeof bytes, 300));
    return partitions_read(disk, &p);
}

static HRESULT look(const char *path, unsigned long long n)
{
    struct floor floor = {.alloc_at = n};
    (void)floor_use(&floor);
    HRESULT hr = look_at(path);
    (void)floor_use(NULL);
    return hr;
}

static HRESULT recover(const char *path, const char *side)
{
    static const char *const names[] = {"whole", "undone", "finished"};
    enum disk_recovered recovered;
    TRY(disk_recover(path, side, DISK_CHANGE, &recovered));
    printf("recovered %s\n", names[recovered]);
    return S_OK;
}

static HRESULT run(int argc, char **argv)
{
    const char *verb = argv[1], *path = argv[2];
    AUTO_DISK struct disk *disk = NULL;
    if (text_equal(verb, "recover"))
        return recover(path, argv[3]);
    if (text_equal(verb, "look"))
        return look(path, strtoull(argv[3], NULL, 10));
    bool changes = text_equal(verb, "write") || text_equal(verb, "apply") ||
                   text_equal(verb, "forget") || (text_equal(verb, "read") && argc > 4);
    TRY(disk_open(path, changes ? DISK_CHANGE : DISK_READ, NULL, &disk));
    if (changes)
        TRY(disk_use_side_file(disk, text_equal(verb, "read") ? argv[4] : argv[3]));
    if (text_equal(verb, "info"))
        return info(disk);
    if (text_equal(verb, "partitions"))
        return partitions(disk);
    if (text_equal(verb, "read"))
        return read_out(disk, argv[3], 0);
    if (text_equal(verb, "pieces"))
        return read_out(disk, argv[3], (unsigned)atoi(argv[4]));
    if (text_equal(verb, "write"))
        return write_script(disk, argv[4]);
    if (text_equal(verb, "apply"))
        return apply(disk, argc > 5 ? argv[4] : "", argc > 5 ? strtoull(argv[5], NULL, 10) : 0);
    return disk_forget_changes(disk);
}

int main(int argc, char **argv)
{
    static const struct {
        const char *verb;
        int arguments;
    } verbs[] = {{"info", 1},  {"partitions", 1}, {"read", 2},   {"pieces", 3}, {"look", 2},
                 {"write", 3}, {"apply", 2},      {"forget", 2}, {"recover", 2}};
    for (size_t i = 0; i < sizeof verbs / sizeof *verbs; i++) {
        if (argc < 3 || !text_equal(verbs[i].verb, argv[1]) || argc < 2 + verbs[i].arguments)
            continue;
        HRESULT hr = run(argc, argv);
        if (FAILED(hr))
            printf("failed 0x%08X %s\n", (unsigned)hr, error_last()->text);
        return FAILED(hr);
    }
    fputs(usage, stderr);
    return 64;
}
