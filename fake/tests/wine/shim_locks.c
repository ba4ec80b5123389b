/* SPDX-License-Identifier: MIT */
/* shim_locks.c - see lift_locks in shim.h: the library's calls of flock lead to one that locks
 * nothing. */
#include <dlfcn.h>
#include <elf.h>
#include <link.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "shim.h"

static int no_flock(int file, int operation)
{
    (void)file, (void)operation;
    return 0;
}

static void set_slot(void **slot, void *value)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    void *start = (void *)((uintptr_t)slot & ~(page - 1));
    if (mprotect(start, page, PROT_READ | PROT_WRITE) == 0) /* may be read-only once filled */
        *slot = value;
}

static uintptr_t entry_of(const struct link_map *map, ElfW(Sxword) tag)
{
    for (const ElfW(Dyn) *entry = map->l_ld; entry->d_tag != DT_NULL; entry++)
        if (entry->d_tag == tag)
            return entry->d_un.d_ptr;
    return 0;
}

static unsigned redirect(const struct link_map *map, ElfW(Sxword) table, ElfW(Sxword) size)
{
    const ElfW(Rela) *rows = (const void *)entry_of(map, table);
    const ElfW(Sym) *symbols = (const void *)entry_of(map, DT_SYMTAB);
    const char *names = (const char *)entry_of(map, DT_STRTAB);
    size_t count = rows ? entry_of(map, size) / sizeof *rows : 0;
    unsigned found = 0;
    for (size_t i = 0; i < count; i++) {
        if (strcmp(names + symbols[ELF64_R_SYM(rows[i].r_info)].st_name, "flock") != 0)
            continue;
        set_slot((void **)(map->l_addr + rows[i].r_offset), (void *)no_flock);
        found++;
    }
    return found;
}

void lift_locks(void *library)
{
    struct link_map *map;
    if (dlinfo(library, RTLD_DI_LINKMAP, &map) != 0 ||
        redirect(map, DT_JMPREL, DT_PLTRELSZ) + redirect(map, DT_RELA, DT_RELASZ) == 0)
        fprintf(stderr, "libwim-15.dll (test shim): the library calls no flock\n");
}
