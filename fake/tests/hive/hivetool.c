/* SPDX-License-Identifier: MIT */
/*
 * hivetool.c - fake/hive by hand, for the tests beside it.
 *
 * Names, paths and data are hexadecimal, "-" where there is nothing. A failure is "failed 0xHRESULT
 * MESSAGE" and exit code 1.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "error.h"
#include "hive.h"
#include "mem.h"
#include "os.h"
#include "regf.h"
#include "text.h"

static const char usage[] =
    "usage: hivetool dump HIVE               key NAME TIME DEPTH | value NAME TYPE DATA\n"
    "       hivetool look HIVE               what our reader finds odd in it, \"nothing\"\n"
    "       hivetool empty OUT NAME          a new hive\n"
    "       hivetool change HIVE OUT SCRIPT TIME\n"
    "                                        lines: make PATH | delete PATH | unset PATH NAME |\n"
    "                                        set PATH NAME TYPE DATA\n";

/* ---- hexadecimal ---- */

static void print_hex(const void *data, size_t size)
{
    const uint8_t *bytes = data;
    for (size_t i = 0; i < size; i++)
        printf("%02x", bytes[i]);
    if (size == 0)
        printf("-");
}

static unsigned digit(char c)
{
    return c <= '9' ? (unsigned)(c - '0') : (unsigned)(c - 'a') + 10;
}

/* In place; NUL-terminated. */
static size_t from_hex(char *text)
{
    size_t size = 0;
    for (; text[2 * size] && text[2 * size] != '-'; size++)
        text[size] = (char)(digit(text[2 * size]) << 4 | digit(text[2 * size + 1]));
    text[size] = 0;
    return size;
}

/* ---- dump ---- */

struct dump {
    const struct hive *hive;
    unsigned depth;
};

static HRESULT dump_value(void *context, const char *name, const struct hive_value *value)
{
    (void)context;
    printf("value ");
    print_hex(name, strlen(name));
    printf(" %u ", (unsigned)value->type);
    print_hex(value->data, value->size);
    printf("\n");
    return S_OK;
}

static HRESULT dump_key(void *context, hive_key key, const char *name)
{
    struct dump *d = context;
    printf("key ");
    print_hex(name, strlen(name));
    printf(" %llu %u\n", (unsigned long long)hive_key_time(d->hive, key), d->depth);
    TRY(hive_each_value(d->hive, key, dump_value, d));
    d->depth++;
    TRY(hive_each_key(d->hive, key, dump_key, d));
    d->depth--;
    return S_OK;
}

static HRESULT dump(const char *path)
{
    AUTO_HIVE struct hive *hive = NULL;
    TRY(hive_open(path, &hive));
    AUTO_FREE char *name = hive_key_name(hive, hive_root(hive));
    struct dump d = {.hive = hive};
    return name ? dump_key(&d, hive_root(hive), name) : FAIL_MEMORY();
}

static HRESULT look(const char *path)
{
    AUTO_REGF struct regf *regf = NULL;
    char *bytes;
    size_t size;
    TRY(os_read_file(path, &bytes, &size));
    TRY(regf_read((uint8_t *)bytes, size, path, &regf));
    printf("%s\n", regf_oddity(regf) ? regf_oddity(regf) : "nothing");
    return S_OK;
}

/* ---- make and change ---- */

static HRESULT make_empty(const char *path, const char *name)
{
    AUTO_REGF struct regf *regf = NULL;
    AUTO_FREE uint8_t *bytes = NULL;
    size_t size;
    TRY(regf_new(&regf));
    TRY(regf_write(regf, name, 0x01D9000000000000, &bytes, &size));
    return os_write_file_atomic(path, bytes, size);
}

static HRESULT obey(struct hive *hive, char *line)
{
    char *words[5] = {0};
    size_t sizes[5] = {0}, count = 0;
    for (char *word = line; word && count < 5; count++) {
        char *space = strchr(word, ' ');
        if (space)
            *space++ = 0;
        words[count] = word;
        sizes[count] = count == 0 || count == 3 ? 0 : from_hex(word);
        word = space;
    }
    hive_key key = hive_root(hive);
    if (count < 2)
        return FAIL(E_INVALIDARG, "a line of %zu words", count);
    if (strcmp(words[0], "make") == 0)
        return hive_make(hive, key, words[1], &key);
    key = hive_find(hive, key, words[1]);
    if (!key)
        return FAIL(E_INVALIDARG, "no key %s", words[1]);
    if (strcmp(words[0], "delete") == 0)
        return hive_delete_key(hive, key);
    if (strcmp(words[0], "unset") == 0 && count == 3)
        return hive_delete_value(hive, key, words[2]);
    if (strcmp(words[0], "set") == 0 && count == 5)
        return hive_set(hive, key, words[2], (uint32_t)strtoul(words[3], NULL, 10), words[4],
                        sizes[4]);
    return FAIL(E_INVALIDARG, "what is %s", words[0]);
}

static HRESULT change(const char *path, const char *out, const char *script, const char *time)
{
    AUTO_HIVE struct hive *hive = NULL;
    AUTO_FREE char *text = NULL;
    size_t size;
    TRY(os_read_file(script, &text, &size));
    TRY(hive_open_for_change(path, &hive));
    hive_set_time(hive, strtoull(time, NULL, 10));
    for (char *line = text; *line;) {
        char *end = strchr(line, '\n');
        if (end)
            *end = 0;
        TRY(obey(hive, line));
        line = end ? end + 1 : line + strlen(line);
    }
    return hive_save(hive, out);
}

int main(int argc, char **argv)
{
    HRESULT hr;
    os_begin(&argc, &argv);
    const char *verb = argc > 1 ? argv[1] : "";
    if (argc == 3 && strcmp(verb, "dump") == 0)
        hr = dump(argv[2]);
    else if (argc == 3 && strcmp(verb, "look") == 0)
        hr = look(argv[2]);
    else if (argc == 4 && strcmp(verb, "empty") == 0)
        hr = make_empty(argv[2], argv[3]);
    else if (argc == 6 && strcmp(verb, "change") == 0)
        hr = change(argv[2], argv[3], argv[4], argv[5]);
    else {
        fputs(usage, stderr);
        return 64;
    }
    if (SUCCEEDED(hr))
        return 0;
    printf("failed 0x%08X %s\n", (unsigned)hr, error_last()->text);
    return 1;
}
