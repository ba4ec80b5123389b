/* SPDX-License-Identifier: MIT */
/* saved.c - see saved.h. */
#include "saved.h"

#include <stdio.h>

#include "hash.h"
#include "question.h"

/* ---- writing ---- */

void saving_start(struct saving *saving, const char *path)
{
    *saving = (struct saving){.path = path};
    AUTO_FILE struct os_file *file = NULL;
    if (path && FAILED(os_open(path, OS_WRITE | OS_CREATE | OS_TRUNCATE, &file)))
        die("%s", error_last()->text);
}

void saving_add(struct saving *saving, const struct json *line)
{
    AUTO_FREE char *text = need(json_print(line));
    size_t before = saving->lines.len;
    text_addf(&saving->lines, "%s\n", text);
    saving->count++;
    if (saving->lines.failed)
        die("out of memory");
    if (!saving->path)
        return;
    AUTO_FILE struct os_file *file = NULL;
    if (FAILED(os_open(saving->path, OS_WRITE | OS_CREATE | OS_APPEND, &file)) ||
        FAILED(os_write(file, saving->lines.ptr + before, saving->lines.len - before)) ||
        FAILED(os_sync(file)))
        die("%s: %s", saving->path, error_last()->text);
}

void saving_end(struct saving *saving)
{
    char digest[SHA256_TEXT];
    struct json *end = json_hold(json_new_object());
    hash_sha256_text(saving->lines.ptr, saving->lines.len, digest);
    json_set_string(end, "type", "end");
    json_set_number(end, "lines", (double)saving->count);
    json_set_string(end, "digest", digest);
    saving_add(saving, end);
    json_free(end);
    text_clear(&saving->lines);
}

/* ---- reading ---- */

static HRESULT check_head(const struct json *head, const char *path)
{
    unsigned major = 0, minor = 0;
    char rest = 0;
    const char *version = json_text(head, "observations");
    if (!text_equal(json_text(head, "type"), "probe") || !version)
        return FAIL(E_INVALIDARG, "%s holds no observations of dismconform probe", path);
    if (sscanf(version, "%u.%u%c", &major, &minor, &rest) != 2)
        return FAIL(E_INVALIDARG, "%s: line 1: '%s' is no version", path, version);
    if (major != OBSERVATIONS_MAJOR || minor > OBSERVATIONS_MINOR)
        return FAIL(E_INVALIDARG,
                    "%s was written by another runner (dismconform %s): its observations are of "
                    "version %s, this one reads %d.0 to %d.%d",
                    path, json_text(head, "version") ? json_text(head, "version") : "of no version",
                    version, OBSERVATIONS_MAJOR, OBSERVATIONS_MAJOR, OBSERVATIONS_MINOR);
    return S_OK;
}

static HRESULT check_end(const struct json *end, const struct text *before, size_t count,
                         const char *path)
{
    char digest[SHA256_TEXT];
    hash_sha256_text(before->ptr, before->len, digest);
    if (!text_equal(digest, json_text(end, "digest")) ||
        json_number(json_get(end, "lines")) != (double)count)
        return FAIL(E_INVALIDARG,
                    "%s was changed after probe wrote it: what is in it is no evidence", path);
    return S_OK;
}

static HRESULT take_line(struct saved *saved, struct json *line, const struct text *before,
                         size_t count, const char *path)
{
    const char *type = json_text(line, "type");
    if (count == 0)
        TRY(check_head(line, path));
    if (saved->is_whole)
        return FAIL(E_INVALIDARG, "%s: line %zu stands behind the end", path, count + 1);
    if (text_equal(type, "end")) {
        TRY(check_end(line, before, count, path));
        saved->is_whole = true;
    }
    if (text_equal(type, "observation") && !json_text(line, "question"))
        return FAIL(E_INVALIDARG, "%s: line %zu is an observation of no question", path, count + 1);
    if (count == 0)
        saved->head = json_hold(json_copy(line));
    else if (text_equal(type, "observation"))
        *(struct json **)need(vec_push(&saved->observations)) = json_hold(json_copy(line));
    return S_OK;
}

static HRESULT read_lines(struct saved *saved, const char *path, const char *text, size_t size)
{
    struct text before = {0}; /* with bare newlines, whatever a mail program made of them */
    size_t count = 0;
    HRESULT hr = S_OK;
    for (size_t at = 0; at < size && SUCCEEDED(hr); count++) {
        const char *end = memchr(text + at, '\n', size - at);
        size_t whole = end ? (size_t)(end - (text + at)) : size - at, len = whole;
        while (len > 0 && text[at + len - 1] == '\r')
            len--;
        AUTO_JSON struct json *line = NULL;
        if (FAILED(json_parse(text + at, len, &line)) && !end && count > 0)
            break; /* cut off in the middle of a line, as when the machine went down */
        if (!line)
            hr = FAIL(E_INVALIDARG, "%s: line %zu is damaged", path, count + 1);
        else
            hr = take_line(saved, line, &before, count, path);
        text_add_n(&before, text + at, len);
        text_add(&before, "\n");
        at += whole + 1;
    }
    if (before.failed)
        die("out of memory");
    text_clear(&before);
    return SUCCEEDED(hr) && count == 0 ? FAIL(E_INVALIDARG, "%s is empty", path) : hr;
}

HRESULT saved_read(struct saved *saved, const char *path)
{
    AUTO_FREE char *text = NULL;
    size_t size = 0;
    *saved = (struct saved){0};
    TRY(os_read_file(path, &text, &size));
    return read_lines(saved, path, text, size);
}

void saved_clear(struct saved *saved)
{
    json_free(saved->head);
    for (size_t i = 0; i < saved->observations.len; i++)
        json_free(saved->observations.ptr[i]);
    vec_clear(&saved->observations);
}
