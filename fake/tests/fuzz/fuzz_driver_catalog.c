/* SPDX-License-Identifier: MIT */
/* fuzz_driver_catalog.c - libFuzzer's entry: any bytes as a security catalogue. */
#include "driver_catalog.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct driver_catalog catalog = {0};
    if (driver_catalog_read(data, size, "input.cat", &catalog) == 0)
        (void)driver_catalog_lists(&catalog, data, size);
    driver_catalog_clear(&catalog);
    return 0;
}
