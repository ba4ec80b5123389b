/* SPDX-License-Identifier: MIT */
/* disk_facts.h - what the hives of a Windows say of it, under the names that the XML of a WIM has.
 */
#ifndef IMAGE_DISK_FACTS_H
#define IMAGE_DISK_FACTS_H

#include "ntfs_volume.h"
#include "vec.h"

struct disk_fact {
    char *name, *text;
};
struct disk_facts {
    VEC(struct disk_fact) list;
};
/* Hives that are missing or damaged just say nothing. */
HRESULT disk_facts_read(struct volume *volume, struct disk_facts *out);
const char *disk_facts_find(const struct disk_facts *facts, const char *name);
void disk_facts_clear(struct disk_facts *facts);

#endif
