/* SPDX-License-Identifier: MIT */
/*
 * partition.h - how a disk is divided: GPT, MBR with logical partitions, or one volume without a
 * table; and what kind of file system each partition looks like. Which one holds a Windows is for
 * others to say.
 */
#ifndef DISK_PARTITION_H
#define DISK_PARTITION_H

#include "disk.h"
#include "vec.h"

enum partition_table { TABLE_NONE, TABLE_MBR, TABLE_GPT };

enum volume_kind {
    VOLUME_UNKNOWN,
    VOLUME_NTFS,
    VOLUME_FAT,
    VOLUME_EXFAT,
    VOLUME_REFS,
    VOLUME_BITLOCKER,
};
const char *volume_kind_name(enum volume_kind kind);

enum { GUID_TEXT = 37 };
struct partition {
    unsigned number; /* from 1, as the table has it; logical ones of an MBR from 5 */
    uint64_t offset, size;
    uint8_t mbr_type; /* TABLE_MBR: 7 is NTFS, 0x27 a hidden one ... */
    bool is_active;
    char type[GUID_TEXT], id[GUID_TEXT]; /* TABLE_GPT: lower case, "" else */
    uint64_t attributes;
    char name[36 * 3 + 1]; /* UTF-8 */
    enum volume_kind volume;
};

struct partitions {
    enum partition_table table;
    bool is_from_backup;        /* the GPT at the front is damaged */
    char id[GUID_TEXT];         /* of the disk: a GUID, or the MBR's eight digits */
    VEC(struct partition) list; /* in the order of the table */
};
/* Neither table nor file system: TABLE_NONE with no partition. ERROR_DISK_CORRUPT: a table that is
 * damaged or names what is not there. */
HRESULT partitions_read(struct disk *disk, struct partitions *out);
void partitions_clear(struct partitions *partitions);
#define AUTO_PARTITIONS AUTO(partitions_clear)

/* gpt.c. S_FALSE: there is none. */
HRESULT gpt_read(struct disk *disk, struct partitions *out);

/* volume.c: what the first sector of a partition says. */
HRESULT volume_probe(struct disk *disk, uint64_t offset, uint64_t size, enum volume_kind *out);

#endif
