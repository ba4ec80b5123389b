/* SPDX-License-Identifier: MIT */
/*
 * journal.c - state/journal.jsonl, opened for appending once per process. At 16 MiB the file
 * becomes journal.1.jsonl, replacing the one before.
 */
#include "journal.h"

#include <stdatomic.h>
#include <string.h>

#include "clock.h"
#include "error.h"
#include "floor.h"
#include "os.h"
#include "settings.h"
#include "text.h"
#include "trace.h"

#define ROTATE_AT (16u << 20)

static struct os_mutex lock;
static struct os_file *file;
static struct os_stat opened; /* which file that is; its number stays taken while it is open */
static atomic_uint_fast64_t sequence;

static void put_away(void)
{
    os_close(file);
    file = NULL;
}

static bool is_at(const char *path, struct os_stat *now)
{
    return SUCCEEDED(os_stat(path, now)) && now->inode == opened.inode &&
           now->device == opened.device;
}

/* Another process may have rotated or cleared the file that this one has open. It is cheap to see
 * that it is gone, or too short to have been rotated; that somebody has renamed it by hand shows by
 * its path only, which is looked at when a call begins. */
static void check_file(bool is_begin)
{
    AUTO_FREE char *path = NULL, *old = NULL;
    struct os_stat now;
    if (!is_begin && SUCCEEDED(os_stat_file(file, &now)) && now.links > 0 && now.size <= ROTATE_AT)
        return;
    if (FAILED(settings_state_path("journal.jsonl", &path)) || !is_at(path, &now)) {
        put_away();
    } else if (now.size > ROTATE_AT && SUCCEEDED(settings_state_path("journal.1.jsonl", &old))) {
        put_away();
        (void)os_rename(path, old);
    }
}

static HRESULT open_file(void)
{
    AUTO_FREE char *path = NULL;
    TRY(settings_state_path("journal.jsonl", &path));
    TRY(os_open(path, OS_WRITE | OS_CREATE | OS_APPEND, &file));
    return os_stat_file(file, &opened);
}

static void append(const char *line, size_t len, bool is_begin)
{
    AUTO_LOCK(&lock);
    if (file)
        check_file(is_begin);
    if (file || SUCCEEDED(open_file()))
        (void)os_write(file, line, len);
}

uint64_t journal_add(const char *event, struct json *entry)
{
    const struct settings *settings;
    struct json *owned AUTO(scope_json) = entry;
    FLOOR_PAUSE();
    if (FAILED(settings_get(&settings)) || !settings->journal || !entry)
        return 0;
    uint64_t number = atomic_fetch_add(&sequence, 1) + 1;
    AUTO_FREE char *printed = json_print(owned);
    if (!printed)
        return number;
    /* One object: ours, then the entry's without its bracket. */
    struct text text = {0};
    text_addf(
        &text, "{\"seq\":%llu,\"pid\":%u,\"tid\":%llu,\"clockMs\":%llu,\"event\":\"%s\"%s%s\n",
        (unsigned long long)number, os_pid(), (unsigned long long)os_thread_id(),
        (unsigned long long)clock_advanced_ms(), event, printed[1] == '}' ? "" : ",", printed + 1);
    if (!text.failed)
        append(text.ptr, text.len, text_equal(event, "enter"));
    text_clear(&text);
    return number;
}

static HRESULT read_into(const char *name, struct json *array)
{
    AUTO_FREE char *path = NULL, *data = NULL;
    TRY(settings_state_path(name, &path));
    if (!os_exists(path))
        return S_OK;
    size_t size;
    TRY(os_read_file(path, &data, &size));
    for (char *line = data, *end; *line; line = end) {
        size_t len = strcspn(line, "\n");
        end = line + len + (line[len] == '\n');
        /* A line cut short by a kill in mid-write is left out. */
        struct json *entry;
        if (SUCCEEDED(json_parse(line, len, &entry)) && !json_push(array, entry))
            return FAIL_MEMORY();
    }
    return S_OK;
}

HRESULT journal_read(struct json **out)
{
    AUTO_JSON struct json *array = json_new_array();
    TRY(read_into("journal.1.jsonl", array));
    TRY(read_into("journal.jsonl", array));
    *out = TAKE(array);
    return S_OK;
}

HRESULT journal_clear(void)
{
    AUTO_LOCK(&lock);
    AUTO_FREE char *path = NULL, *old = NULL;
    TRY(settings_state_path("journal.jsonl", &path));
    TRY(settings_state_path("journal.1.jsonl", &old));
    if (os_exists(old))
        TRY(os_remove_file(old));
    if (os_exists(path))
        TRY(os_remove_file(path));
    return S_OK;
}
