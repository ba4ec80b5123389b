/* SPDX-License-Identifier: MIT */
/* volume.c - which file system a boot sector belongs to. See partition.h. */
#include "partition.h"

#include <string.h>

#include "bytes.h"

enum { BOOT_SECTOR = 512 };

const char *volume_kind_name(enum volume_kind kind)
{
    static const char *const names[] = {"unknown", "ntfs", "fat", "exfat", "refs", "bitlocker"};
    return names[kind];
}

/* FAT has no mark that must be there; its numbers have to make sense. */
static bool is_fat(const uint8_t *boot)
{
    uint32_t bytes_per_sector = LE16(boot + 11), sectors_per_cluster = boot[13];
    return (boot[0] == 0xEB || boot[0] == 0xE9) && LE16(boot + 510) == 0xAA55 &&
           bytes_per_sector >= 512 && bytes_per_sector <= 4096 &&
           (bytes_per_sector & (bytes_per_sector - 1)) == 0 && sectors_per_cluster &&
           (sectors_per_cluster & (sectors_per_cluster - 1)) == 0 && LE16(boot + 14) &&
           (boot[16] == 1 || boot[16] == 2) && (boot[21] == 0xF0 || boot[21] >= 0xF8);
}

static enum volume_kind kind_of(const uint8_t *boot)
{
    static const struct {
        const char *oem; /* at 3 */
        enum volume_kind kind;
    } marks[] = {{"NTFS    ", VOLUME_NTFS},
                 {"EXFAT   ", VOLUME_EXFAT},
                 {"-FVE-FS-", VOLUME_BITLOCKER},
                 {"ReFS\0\0\0\0", VOLUME_REFS}};
    for (size_t i = 0; i < sizeof marks / sizeof *marks; i++)
        if (memcmp(boot + 3, marks[i].oem, 8) == 0)
            return marks[i].kind;
    /* BitLocker To Go shows a FAT to those who cannot read it; its GUID is in the boot sector. */
    static const uint8_t to_go[16] = {0x3B, 0xD6, 0x67, 0x49, 0x29, 0x2E, 0xD8, 0x4A,
                                      0x83, 0x99, 0xF6, 0xA3, 0x39, 0xE3, 0xD0, 0x01};
    if (memcmp(boot + 3, "MSWIN4.1", 8) == 0 && memcmp(boot + 424, to_go, 16) == 0)
        return VOLUME_BITLOCKER;
    return is_fat(boot) ? VOLUME_FAT : VOLUME_UNKNOWN;
}

HRESULT volume_probe(struct disk *disk, uint64_t offset, uint64_t size, enum volume_kind *out)
{
    uint8_t boot[BOOT_SECTOR];
    *out = VOLUME_UNKNOWN;
    if (size < sizeof boot)
        return S_OK;
    TRY(disk_read(disk, boot, sizeof boot, offset));
    *out = kind_of(boot);
    return S_OK;
}
