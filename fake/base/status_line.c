/* SPDX-License-Identifier: MIT */
/* status_line.c - see status_line.h. */
#include "status_line.h"

#include "os.h"

#define FIRST_MS 300
#define AGAIN_MS 100

struct status_line status_line_start(FILE *to, unsigned every_ms)
{
    uint64_t now = os_now_ms();
    bool is_terminal = os_is_terminal(to == stdout ? 1 : 2);
    return (struct status_line){.to = to,
                                .is_terminal = is_terminal,
                                .every_ms = every_ms,
                                .started_ms = now,
                                .next_ms = now + (is_terminal ? FIRST_MS : every_ms)};
}

bool status_line_is_due(const struct status_line *line)
{
    return (line->is_terminal || line->every_ms > 0) && os_now_ms() >= line->next_ms;
}

void status_line_show(struct status_line *line, const char *text)
{
    line->next_ms = os_now_ms() + (line->is_terminal ? AGAIN_MS : line->every_ms);
    if (!line->is_terminal) {
        fprintf(line->to, "%s\n", text);
        fflush(line->to);
        return;
    }
    /* A line that wraps could not be taken back. */
    int width = (int)os_terminal_width(line->to == stdout ? 1 : 2) - 1;
    fprintf(line->to, "\r\033[K%.*s", width, text);
    fflush(line->to);
    line->is_shown = true;
}

void status_line_hide(struct status_line *line)
{
    if (line->is_shown)
        fputs("\r\033[K", line->to);
    line->is_shown = false;
}

const char *status_line_elapsed(const struct status_line *line, char out[24])
{
    unsigned long long s = (os_now_ms() - line->started_ms) / 1000;
    if (s < 3600)
        snprintf(out, 24, "%llu:%02llu", s / 60, s % 60);
    else
        snprintf(out, 24, "%llu:%02llu:%02llu", s / 3600, s / 60 % 60, s % 60);
    return out;
}

void status_line_percent(struct status_line *line, const char *name, const char *doing,
                         uint64_t done, uint64_t total)
{
    char text[256], elapsed[24];
    if (!status_line_is_due(line))
        return;
    snprintf(text, sizeof text, "%s: %s %llu %%, %s", name, doing,
             (unsigned long long)(total ? done * 100 / total : 0),
             status_line_elapsed(line, elapsed));
    status_line_show(line, text);
}
