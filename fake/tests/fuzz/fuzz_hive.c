/* SPDX-License-Identifier: MIT */
/*
 * fuzz_hive.c - libFuzzer's entry: any bytes as a registry hive, for our own reader, tree and
 * writer. What can be read is written and read again: it is the same, and nothing is odd in it. It
 * is changed, saved and read again. An input is a hive; checksums do not count.
 */
#include "fuzz_hive.h"

#include "regf.h"

static void write_anew(const uint8_t *data, size_t size, const struct fuzz_view *before)
{
    AUTO_REGF struct regf *regf = NULL, *again = NULL;
    AUTO_FREE uint8_t *bytes = NULL;
    AUTO_HIVE struct hive *hive = NULL;
    uint8_t *copy = (uint8_t *)mem_dup_n((const char *)data, size);
    fuzz_check(regf_read(copy, size, "input", &regf));
    const char *oddity = regf_oddity(regf);
    fuzz_check(regf_write(regf, "again", 1, &bytes, &size));
    fuzz_check(hive_open_bytes(bytes, size, "again", &hive));
    struct fuzz_view after = fuzz_see(hive, false);
    if (after.sum != before->sum)
        abort();
    copy = (uint8_t *)mem_dup_n((const char *)bytes, size);
    fuzz_check(regf_read(copy, size, "again", &again));
    if (!oddity && regf_oddity(again)) {
        fprintf(stderr, "what is odd was made: %s\n", regf_oddity(again));
        abort();
    }
}

static void change(const uint8_t *data, size_t size, const struct fuzz_view *view)
{
    AUTO_HIVE struct hive *hive = NULL, *again = NULL;
    fuzz_write_first(data, size);
    fuzz_check(hive_open_for_change(fuzz_first, &hive));
    fuzz_change(hive, view);
    struct fuzz_view changed = fuzz_see(hive, false);
    fuzz_check(hive_save(hive, fuzz_second));
    fuzz_check(hive_open(fuzz_second, &again));
    if (fuzz_see(again, false).sum != changed.sum)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    AUTO_HIVE struct hive *hive = NULL;
    if (!*fuzz_folder) {
        os_setenv("DISMFAKE_HIVE", "memory");
        fuzz_begin();
    }
    if (FAILED(hive_open_bytes(data, size, "input", &hive)))
        return 0;
    struct fuzz_view view = fuzz_see(hive, true);
    write_anew(data, size, &view);
    change(data, size, &view);
    fuzz_forget(&view);
    return 0;
}
