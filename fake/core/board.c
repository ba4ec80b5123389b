/* SPDX-License-Identifier: MIT */
/* board.c - see board.h. */
#include "board.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "activity.h"
#include "error.h"
#include "floor.h"
#include "os.h"
#include "path.h"
#include "settings.h"
#include "text.h"

#define MAGIC "dismfake calls 1"
#define NOTES 32

struct board {
    char magic[sizeof MAGIC];
    uint32_t pid;
    uint64_t start; /* os_process_start_time: with the pid a name that is never reused */
    struct board_note notes[NOTES];
};

static struct os_mutex lock;
static struct board *ours;
static unsigned our_pid; /* a forked child has its parent's, and makes its own */
static unsigned in_use;

static HRESULT path_of(unsigned pid, char **out)
{
    AUTO_FREE char *folder = NULL;
    char name[16];
    TRY(settings_state_path("running", &folder));
    snprintf(name, sizeof name, "%u", pid);
    return path_join(folder, name, out);
}

/* S_FALSE: its process is gone, or it is none of ours. */
static HRESULT read_board(const char *path, unsigned pid, struct board *out)
{
    AUTO_FILE struct os_file *file = NULL;
    size_t got = 0;
    TRY(os_open(path, OS_READ, &file));
    TRY(os_read_at(file, out, sizeof *out, 0, &got));
    if (got == sizeof *out && memcmp(out->magic, MAGIC, sizeof MAGIC) == 0)
        return os_process_start_time(out->pid) == out->start ? S_OK : S_FALSE;
    /* One that is being made says nothing yet; its maker may have been killed over it. */
    memset(out, 0, sizeof *out);
    return os_process_start_time(pid) ? S_OK : S_FALSE;
}

/* Calls `each` for the boards of living processes and removes those of dead ones. */
static void each_board(void (*each)(const struct board *board, void *context), void *context)
{
    AUTO_FREE char *folder = NULL;
    AUTO_NAMES struct os_names names = {0};
    if (FAILED(settings_state_path("running", &folder)) || !os_is_directory(folder) ||
        FAILED(os_list(folder, &names)))
        return;
    for (size_t i = 0; i < names.len; i++) {
        struct board board;
        AUTO_FREE char *path = NULL;
        if (FAILED(path_join(folder, names.ptr[i], &path)))
            continue;
        HRESULT hr = read_board(path, (unsigned)strtoul(names.ptr[i], NULL, 10), &board);
        if (hr == S_FALSE)
            (void)os_remove_file(path);
        else if (SUCCEEDED(hr) && each)
            each(&board, context);
    }
}

void board_sweep(void)
{
    struct error before = *error_last();
    each_board(NULL, NULL);
    error_restore(&before);
}

static HRESULT make_ours(void)
{
    AUTO_FREE char *folder = NULL, *path = NULL;
    void *memory = NULL;
    unsigned pid = os_pid();
    TRY(settings_state_path("running", &folder));
    TRY(os_make_directories(folder));
    each_board(NULL, NULL);
    TRY(path_of(pid, &path));
    if (os_exists(path)) /* of an earlier process with our number */
        TRY(os_remove_file(path));
    TRY(os_map_new(path, sizeof *ours, &memory));
    ours = memory;
    our_pid = pid;
    in_use = 0;
    ours->pid = pid;
    ours->start = os_process_start_time(pid);
    memcpy(ours->magic, MAGIC, sizeof MAGIC);
    return S_OK;
}

struct board_note *board_take(void)
{
    struct error before = *error_last();
    FLOOR_PAUSE();
    AUTO_LOCK(&lock);
    if ((!ours || our_pid != os_pid()) && FAILED(make_ours())) {
        error_restore(&before);
        return NULL;
    }
    for (size_t i = 0; i < NOTES; i++) {
        if (!ours->notes[i].is_used) {
            ours->notes[i].since_ms = 0;
            ours->notes[i].is_used = 1;
            in_use++;
            return &ours->notes[i];
        }
    }
    return NULL;
}

void board_give_back(struct board_note *note)
{
    AUTO_LOCK(&lock);
    if (!note || !ours || note < ours->notes || note >= ours->notes + NOTES)
        return;
    note->is_used = 0;
    in_use--;
}

void board_close(void)
{
    struct error before = *error_last();
    AUTO_FREE char *path = NULL;
    FLOOR_PAUSE();
    AUTO_LOCK(&lock);
    if (!ours || our_pid != os_pid() || in_use > 0)
        return;
    if (SUCCEEDED(path_of(our_pid, &path)))
        (void)os_remove_file(path);
    os_unmap(ours, sizeof *ours);
    ours = NULL;
    error_restore(&before);
}

struct json *board_entry(const struct board_note *note, unsigned pid)
{
    struct json *entry = json_new_object();
    uint64_t now = os_now_ms();
    json_set_string(entry, "call", reflect_calls[note->api].name);
    json_set_number(entry, "pid", pid);
    json_set_number(entry, "thread", (double)note->thread);
    json_set_string(entry, "state", activity_state_name((enum activity_state)note->state));
    if (note->step < STEP_COUNT)
        json_set_string(entry, "step", step_name((enum step)note->step));
    if (note->total > 0) {
        json_set_number(entry, "tick", note->tick);
        json_set_number(entry, "total", note->total);
    }
    json_set_number(entry, "elapsedMs", now > note->since_ms ? (double)(now - note->since_ms) : 0);
    return entry;
}

static void add_board(const struct board *board, void *array)
{
    if (board->pid == os_pid())
        return;
    for (size_t i = 0; i < NOTES; i++)
        if (board->notes[i].is_used && board->notes[i].api < API_COUNT && board->notes[i].since_ms)
            json_push(array, board_entry(&board->notes[i], board->pid));
}

void board_add_others(struct json *array)
{
    struct error before = *error_last();
    each_board(add_board, array);
    error_restore(&before);
}
