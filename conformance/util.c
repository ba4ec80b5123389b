/* SPDX-License-Identifier: MIT */
/* util.c - giving up, texts and JSON files; relies on base only. */
#include "util.h"

#include "hash.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

void die(const char *text, ...)
{
    va_list args;
    va_start(args, text);
    fputs("dismconform: ", stderr);
    vfprintf(stderr, text, args);
    fputc('\n', stderr);
    va_end(args);
    fflush(NULL);
    os_exit_now(EXIT_INVALID);
}

void *need(void *block)
{
    if (!block)
        die("out of memory");
    return block;
}

char *format(const char *text, ...)
{
    va_list args;
    va_start(args, text);
    char *made = mem_format_v(text, args);
    va_end(args);
    return need(made);
}

char *dup_text(const char *text)
{
    return text ? need(mem_dup(text)) : NULL;
}

char *join(const char *folder, const char *name)
{
    char *path = NULL;
    if (FAILED(path_join(folder, name, &path)))
        die("%s", error_last()->text);
    return path;
}

char *temporary_folder(void)
{
    AUTO_FREE char *temp = NULL;
    AUTO_FREE char *real = NULL;
    uint32_t chance; /* process numbers come again, and a run that was killed leaves its folder */
    os_random(&chance, sizeof chance);
    if (FAILED(os_temp_directory(&temp)) || FAILED(os_real_path(temp, &real)))
        die("%s", error_last()->text);
    char *folder = format("%s/dismconform-%u-%08x", real, os_pid(), (unsigned)chance);
    if (FAILED(os_make_directory(folder)))
        die("%s", error_last()->text);
    return folder;
}

struct json *json_load(const char *path)
{
    AUTO_FREE char *text = NULL;
    size_t size = 0;
    struct json *value = NULL;
    if (FAILED(os_read_file(path, &text, &size)) || FAILED(json_parse(text, size, &value)))
        return NULL;
    return value;
}

void json_save(const char *path, const struct json *value)
{
    AUTO_FREE char *text = need(json_print(value));
    AUTO_FILE struct os_file *file = NULL;
    if (FAILED(os_open(path, OS_WRITE | OS_CREATE | OS_TRUNCATE, &file)) ||
        FAILED(os_write(file, text, strlen(text))))
        die("%s: %s", path, error_last()->text);
}

struct json *json_hold(struct json *value)
{
    return need(value);
}

const char *json_text(const struct json *object, const char *key)
{
    return json_string(json_get(object, key));
}

void json_put_text(struct json *object, const char *key, char *text)
{
    json_set_string(object, key, text);
    mem_free(text);
}

bool json_array_has(const struct json *array, const char *text)
{
    for (const struct json *v = json_first(array); v; v = json_next(v)) {
        if (text_equal(json_string(v), text))
            return true;
    }
    return false;
}

bool glob_fits(const char *glob, const char *name)
{
    const char *star = NULL, *retry = NULL;
    while (*name) {
        if (*glob == '*') {
            star = glob++;
            retry = name;
        } else if (*glob == '?' || *glob == *name) {
            glob++;
            name++;
        } else if (star) {
            glob = star + 1;
            name = ++retry;
        } else {
            return false;
        }
    }
    while (*glob == '*')
        glob++;
    return *glob == '\0';
}

char *sha256_file(const char *path)
{
    char hex[SHA256_TEXT];
    return SUCCEEDED(hash_sha256_file(path, hex)) ? dup_text(hex) : NULL;
}
