/* SPDX-License-Identifier: MIT */
/*
 * fuzz_appx.c - libFuzzer's entry: any bytes as a package of an app, as its manifest, as its block
 * map and as a product key. A package that opens is read to its end, and its parts too.
 */
#include <stdlib.h>
#include <string.h>

#include "appx_package.h"
#include "mem.h"
#include "os.h"
#include "product_key.h"

static char folder[] = "/dev/shm/fuzz-appx-XXXXXX", file[64];

static void begin(void)
{
    if (!mkdtemp(folder))
        abort();
    snprintf(file, sizeof file, "%s/app", folder);
}

static void read_all(const struct appx_package *package)
{
    for (size_t i = 0; i < archive_count(package->archive); i++) {
        AUTO_FREE uint8_t *bytes = NULL;
        size_t size;
        const char *name = archive_entry(package->archive, i)->name;
        if (FAILED(archive_read(package->archive, i, 1 << 20, &bytes, &size)))
            continue;
        const struct appx_mapped *mapped =
            package->map ? appx_block_map_find(package->map, name) : NULL;
        if (mapped)
            (void)appx_mapped_check(mapped, bytes, size);
    }
}

static void read_package(const uint8_t *data, size_t size)
{
    AUTO_APPX_PACKAGE struct appx_package *package = NULL;
    if (FAILED(os_write_file_atomic(file, data, size)) || FAILED(appx_package_open(file, &package)))
        return;
    read_all(package);
    for (size_t i = 0; i < package->manifest->parts.len; i++) {
        AUTO_APPX_PACKAGE struct appx_package *part = NULL;
        if (SUCCEEDED(appx_package_open_part(package, &package->manifest->parts.ptr[i], &part)))
            read_all(part);
    }
}

static void read_name(const uint8_t *data, size_t size)
{
    AUTO_FREE char *text = mem_dup_n((const char *)data, size);
    struct appx_name AUTO(appx_name_clear) name = {0};
    struct product_key key;
    if (SUCCEEDED(appx_name_parse(text, &name)) && strpbrk(name.text, "/\\:"))
        abort();
    (void)product_key_read(text, &key);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    AUTO_APPX_MANIFEST struct appx_manifest *manifest = NULL;
    AUTO_APPX_BLOCK_MAP struct appx_block_map *map = NULL;
    if (!*file)
        begin();
    if (size >= 2 && memcmp(data, "PK", 2) == 0)
        read_package(data, size);
    (void)appx_manifest_read(data, size, "input", &manifest);
    (void)appx_block_map_read(data, size, "input", &map);
    read_name(data, size);
    return 0;
}
