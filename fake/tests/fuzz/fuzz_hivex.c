/* SPDX-License-Identifier: MIT */
/*
 * fuzz_hivex.c - libFuzzer's entry: any bytes as a registry hive through hivex, which our own
 * reader keeps from what would end the process. hivex and our own have to find the same and to make
 * the same changes. An input is a hive; checksums do not count.
 */
#include "fuzz_hive.h"

static struct hive *open_by(const char *implementation, const char *path, bool for_change)
{
    struct hive *hive = NULL;
    os_setenv("DISMFAKE_HIVE", implementation);
    fuzz_check(for_change ? hive_open_for_change(path, &hive) : hive_open(path, &hive));
    return hive;
}

static void same(const struct hive *one, const struct hive *other)
{
    const struct fuzz_view a = fuzz_see(one, false), b = fuzz_see(other, false);
    if (a.sum == b.sum)
        return;
    fprintf(stderr, "%u keys and %u values are not %u and %u\n", a.keys, a.values, b.keys,
            b.values);
    abort();
}

static void change(const struct fuzz_view *view)
{
    AUTO_HIVE struct hive *one = open_by("hivex", fuzz_first, true);
    AUTO_HIVE struct hive *other = open_by("memory", fuzz_first, true);
    fuzz_change(one, view);
    fuzz_change(other, view);
    fuzz_check(hive_save(one, fuzz_second));
    AUTO_HIVE struct hive *by_hivex = open_by("hivex", fuzz_second, false);
    AUTO_HIVE struct hive *by_us = open_by("memory", fuzz_second, false);
    same(by_hivex, by_us);
    same(by_us, other);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    AUTO_HIVE struct hive *probe = NULL;
    if (!*fuzz_folder)
        fuzz_begin();
    os_setenv("DISMFAKE_HIVE", "memory");
    if (FAILED(hive_open_bytes(data, size, "input", &probe)))
        return 0;
    fuzz_write_first(data, size);
    AUTO_HIVE struct hive *hive = open_by("hivex", fuzz_first, false);
    same(hive, probe);
    struct fuzz_view view = fuzz_see(probe, true);
    change(&view);
    fuzz_forget(&view);
    return 0;
}
