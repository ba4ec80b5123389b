/* SPDX-License-Identifier: MIT */
/*
 * archivetool.c - fake/archive and base/xml.h by hand, for the tests beside it.
 *
 * Names and text are hexadecimal, "-" where there is nothing. A failure is "failed 0xHRESULT
 * MESSAGE" and exit code 1.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "archive.h"
#include "error.h"
#include "hash.h"
#include "mem.h"
#include "os.h"
#include "text.h"
#include "xml.h"

static const char usage[] =
    "usage: archivetool list ARCHIVE [MOST]   NAME SIZE TIME\n"
    "       archivetool hash ARCHIVE [back]   NAME SHA256, from the first or the last one\n"
    "       archivetool hurt ARCHIVE          cut SIZE CODE SHA256 for every size it could end at, "
    "flip\n"
    "                                         BIT CODE SHA256 for every bit that could be wrong\n"
    "       archivetool xml FILE              start DEPTH SPACE NAME [NAME VALUE]... | text TEXT "
    "|\n"
    "                                         end DEPTH NAME\n";

static void print_hex(const void *data, size_t size)
{
    const uint8_t *bytes = data;
    for (size_t i = 0; i < size; i++)
        printf("%02x", bytes[i]);
    if (size == 0)
        printf("-");
}

static void print_text(const char *text)
{
    printf(" ");
    print_hex(text, strlen(text));
}

/* ---- archives ---- */

static HRESULT list(const char *path, uint64_t most)
{
    AUTO_ARCHIVE struct archive *archive = NULL;
    TRY(archive_open(path, most, &archive));
    for (size_t i = 0; i < archive_count(archive); i++) {
        const struct archive_entry *e = archive_entry(archive, i);
        print_hex(e->name, strlen(e->name));
        printf(" %llu %llu\n", (unsigned long long)e->size, (unsigned long long)e->time);
    }
    return S_OK;
}

static HRESULT hash(const char *path, bool is_back)
{
    AUTO_ARCHIVE struct archive *archive = NULL;
    TRY(archive_open(path, 0, &archive));
    size_t count = archive_count(archive);
    for (size_t i = 0; i < count; i++) {
        AUTO_FREE uint8_t *bytes = NULL;
        char text[SHA256_TEXT];
        size_t index = is_back ? count - 1 - i : i, size;
        const char *name = archive_entry(archive, index)->name;
        TRY(archive_read(archive, index, (size_t)1 << 30, &bytes, &size));
        hash_sha256_text(bytes, size, text);
        print_hex(name, strlen(name));
        printf(" %s\n", text);
    }
    return S_OK;
}

/* ---- damaged ones ---- */

/* Of all that is in it. */
static HRESULT hash_all(const char *bytes, size_t size, char out[SHA256_TEXT])
{
    AUTO_ARCHIVE struct archive *archive = NULL;
    AUTO(text_clear) struct text all = {0};
    TRY(archive_open_bytes(bytes, size, "it", 0, &archive));
    for (size_t i = 0; i < archive_count(archive); i++) {
        AUTO_FREE uint8_t *content = NULL;
        size_t length;
        TRY(archive_read(archive, i, (size_t)64 << 20, &content, &length));
        text_addf(&all, "%s %zu ", archive_entry(archive, i)->name, length);
        text_add_n(&all, (const char *)content, length);
    }
    hash_sha256_text(all.ptr, all.len, out);
    return S_OK;
}

static void report(const char *what, size_t at, const char *bytes, size_t size)
{
    char text[SHA256_TEXT] = "-";
    HRESULT hr = hash_all(bytes, size, text);
    printf("%s %zu %08X %s\n", what, at, (unsigned)hr, text);
}

static HRESULT hurt(const char *path)
{
    AUTO_FREE char *bytes = NULL;
    size_t size;
    TRY(os_read_file(path, &bytes, &size));
    for (size_t end = 0; end <= size; end++) {
        AUTO_FREE char *part = mem_dup_n(bytes, end); /* nothing behind it can be read */
        report("cut", end, part, end);
    }
    for (size_t bit = 0; bit < size * 8; bit++) {
        bytes[bit / 8] = (char)(bytes[bit / 8] ^ 1 << bit % 8);
        report("flip", bit, bytes, size);
        bytes[bit / 8] = (char)(bytes[bit / 8] ^ 1 << bit % 8);
    }
    return S_OK;
}

/* ---- XML ---- */

static HRESULT start(void *context, const struct xml_element *e)
{
    (void)context;
    printf("start %u", e->depth);
    print_text(e->space);
    print_text(e->name);
    for (size_t i = 0; i < e->attribute_count; i++) {
        print_text(e->attributes[i].name);
        print_text(e->attributes[i].value);
    }
    printf("\n");
    return S_OK;
}

static HRESULT text(void *context, const char *bytes, size_t length)
{
    (void)context;
    printf("text ");
    print_hex(bytes, length);
    printf("\n");
    return S_OK;
}

static HRESULT end(void *context, const char *name, unsigned depth)
{
    (void)context;
    printf("end %u", depth);
    print_text(name);
    printf("\n");
    return S_OK;
}

static HRESULT read_xml(const char *path)
{
    static const struct xml_handler handler = {start, text, end};
    AUTO_FREE char *bytes = NULL;
    size_t size;
    TRY(os_read_file(path, &bytes, &size));
    return xml_read(bytes, size, path, &handler, NULL);
}

int main(int argc, char **argv)
{
    HRESULT hr;
    os_begin(&argc, &argv);
    const char *verb = argc > 2 ? argv[1] : "";
    if (argc <= 4 && strcmp(verb, "list") == 0)
        hr = list(argv[2], argc == 4 ? strtoull(argv[3], NULL, 10) : 0);
    else if (argc <= 4 && strcmp(verb, "hash") == 0)
        hr = hash(argv[2], argc == 4);
    else if (argc == 3 && strcmp(verb, "hurt") == 0)
        hr = hurt(argv[2]);
    else if (argc == 3 && strcmp(verb, "xml") == 0)
        hr = read_xml(argv[2]);
    else {
        fputs(usage, stderr);
        return 64;
    }
    if (SUCCEEDED(hr))
        return 0;
    printf("failed 0x%08X %s\n", (unsigned)hr, error_last()->text);
    return 1;
}
