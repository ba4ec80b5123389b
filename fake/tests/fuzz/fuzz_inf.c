/* SPDX-License-Identifier: MIT */
/*
 * fuzz_inf.c - libFuzzer's entry: any bytes as an INF, read as one of a driver, for an image and
 * for everything; its files, services and excluded ids. No file of a driver may lie outside of its
 * folders. An input is an INF.
 */
#include <stdlib.h>
#include <string.h>

#include "driver_files.h"

/* Neither a way up nor a drive. */
static void must_lie_inside(const char *path)
{
    if (*path == '/' || strpbrk(path, "\\:"))
        abort();
    for (const char *at = path; *at;) {
        size_t length = strcspn(at, "/");
        if (length == 0 || (length == 2 && at[0] == '.' && at[1] == '.'))
            abort();
        at += length + (at[length] == '/');
    }
}

static void look(const uint8_t *data, size_t size, const struct driver_target *target)
{
    AUTO_DRIVER_INF struct driver_inf driver = {0};
    AUTO_DRIVER_FILES struct driver_files files = {0};
    if (FAILED(driver_inf_parse(data, size, "input.inf", 0x0409, target, &driver)))
        return;
    for (size_t i = 0; i < driver.models.len && i < 100; i++) {
        const char *service;
        AUTO_FREE char *excluded = NULL;
        (void)driver_inf_service(&driver, &driver.models.ptr[i], &service);
        (void)driver_inf_excluded(&driver, &driver.models.ptr[i], &excluded);
    }
    if (!target)
        return;
    (void)driver_inf_fits(&driver, target);
    if (FAILED(driver_files_of(&driver, target->architecture, &files)))
        return;
    for (size_t i = 0; i < files.list.len; i++) {
        must_lie_inside(files.list.ptr[i].source);
        if (files.list.ptr[i].destination)
            must_lie_inside(files.list.ptr[i].destination);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct driver_target target = {9, 0x000A000058650001};
    look(data, size, &target);
    look(data, size, NULL);
    return 0;
}
