/* SPDX-License-Identifier: MIT */
/*
 * fuzz_archive.c - libFuzzer's entry: any bytes as a cabinet or a ZIP file. Names stay inside and
 * lead to their file; whatever the order, the same is read, or nothing. Checksums do not count
 * where they are ours (ZIP), and do not in a cabinet where they are 0.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "archive.h"
#include "error.h"
#include "mem.h"
#include "text.h"

#define MOST ((uint64_t)16 << 20)
#define MOST_FILES 64 /* of those that are read */

static void check_name(const struct archive *archive, size_t index)
{
    const char *name = archive_entry(archive, index)->name;
    bool is_inside = *name && *name != '/' && !strpbrk(name, "\\:") && !strstr(name, "//");
    for (const char *part = name; is_inside && part; part = strchr(part, '/')) {
        part += *part == '/';
        size_t length = strcspn(part, "/");
        is_inside = length && strncmp(part, "..", length) != 0;
    }
    if (!is_inside || archive_find(archive, name) != index || !text_is_utf8(name, strlen(name))) {
        fprintf(stderr, "name %zu is '%s'\n", index, name);
        abort();
    }
}

/* 0: it could not be read. */
static uint64_t sum_of(struct archive *archive, size_t index)
{
    AUTO_FREE uint8_t *bytes = NULL;
    uint64_t sum = 0xCBF29CE484222325u;
    size_t size;
    if (FAILED(archive_read(archive, index, (size_t)MOST, &bytes, &size)))
        return 0;
    if (size != archive_entry(archive, index)->size)
        abort();
    for (size_t i = 0; i < size; i++)
        sum = (sum ^ bytes[i]) * 0x100000001B3u;
    return sum ? sum : 1;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    AUTO_ARCHIVE struct archive *archive = NULL;
    uint64_t sums[MOST_FILES];
    if (FAILED(archive_open_bytes(data, size, "input", MOST, &archive))) {
        if (!text_is_utf8(error_last()->text, strlen(error_last()->text)))
            abort();
        return 0;
    }
    size_t count = archive_count(archive);
    for (size_t i = 0; i < count; i++)
        check_name(archive, i);
    if (count > MOST_FILES)
        count = MOST_FILES;
    for (size_t i = 0; i < count; i++)
        sums[i] = sum_of(archive, i);
    for (size_t i = count; i-- > 0;) {
        uint64_t sum = sum_of(archive, i);
        if (sum != sums[i] && sum && sums[i])
            abort();
    }
    return 0;
}
