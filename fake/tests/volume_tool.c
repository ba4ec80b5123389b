/* SPDX-License-Identifier: MIT */
/*
 * volume_tool.c - the NTFS layer alone, over a volume in a plain file, for programs/volume.py:
 *
 *   extract VOLUME FOLDER
 *   change VOLUME [+PATH SOURCE | -PATH]...
 *   list VOLUME
 *
 * A failure is printed as 0xHRESULT and text, exit code 1.
 */
#include <stdio.h>
#include <string.h>

#include "error.h"
#include "os.h"
#include "trace.h"
#include "vec.h"
#include "ntfs_volume.h"

static HRESULT read_at(void *context, void *buffer, size_t size, uint64_t offset)
{
    size_t got;
    TRY(os_read_at(context, buffer, size, offset, &got));
    return got == size ? S_OK : FAIL(E_FAIL, "the volume is cut short");
}

static HRESULT write_at(void *context, const void *data, size_t size, uint64_t offset)
{
    return os_write_at(context, data, size, offset);
}

static HRESULT print_entry(void *context, const char *path, const struct volume_entry *entry)
{
    (void)context;
    printf("%d %u %llu %x %s\n", entry->kind, entry->links, (unsigned long long)entry->size,
           (unsigned)entry->attributes, path);
    return S_OK;
}

typedef VEC(struct volume_change) change_list;

static HRESULT change(struct volume *volume, char **words)
{
    change_list changes = {0};
    for (; *words; words++) {
        struct volume_change *c = vec_push(&changes);
        if (!c)
            return FAIL_MEMORY();
        c->is_addition = **words == '+';
        c->path = *words + 1;
        if (c->is_addition)
            c->source = *++words;
    }
    HRESULT hr = volume_change(volume, changes.ptr, changes.len, NULL);
    vec_clear(&changes);
    return hr;
}

static HRESULT run(char **words)
{
    const bool writes = strcmp(words[0], "change") == 0;
    AUTO_FILE struct os_file *file = NULL;
    AUTO_VOLUME struct volume *volume = NULL;
    struct os_stat stat;
    TRY(os_open(words[1], OS_READ | (writes ? OS_WRITE : 0), &file));
    TRY(os_stat_file(file, &stat));
    const struct volume_io io = {
        .read = read_at, .write = write_at, .context = file, .size = stat.size};
    TRY(volume_open(&io, writes, &volume));
    if (writes)
        TRY(change(volume, words + 2));
    else if (strcmp(words[0], "extract") == 0)
        TRY(volume_extract(volume, words[2], NULL));
    else
        TRY(volume_each(volume, print_entry, NULL));
    return volume_close(TAKE(volume));
}

int main(int argc, char **argv)
{
    (void)trace_configure(os_getenv("DISMFAKE_TRACE"), NULL);
    if (argc < 3)
        return 64;
    if (SUCCEEDED(run(argv + 1)))
        return 0;
    printf("0x%08X %s\n", (unsigned)error_last()->hr, error_last()->text);
    return 1;
}
