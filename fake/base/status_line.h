/* SPDX-License-Identifier: MIT */
/*
 * status_line.h - how far long work is, for people: one line that is written over on a terminal,
 * a line now and then everywhere else (a log).
 */
#ifndef BASE_STATUS_LINE_H
#define BASE_STATUS_LINE_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

struct status_line {
    FILE *to;
    bool is_terminal, is_shown;
    unsigned every_ms; /* between two lines of a log; 0: none */
    uint64_t started_ms, next_ms;
};

#define STATUS_LINE_EVERY_MS 10000

struct status_line status_line_start(FILE *to, unsigned every_ms);
/* Is it time for a new text? Ten times a second on a terminal, not in the first third of a second.
 */
bool status_line_is_due(const struct status_line *line);
void status_line_show(struct status_line *line, const char *text);
/* "NAME: DOING 43 %, 0:07" when it is due. */
void status_line_percent(struct status_line *line, const char *name, const char *doing,
                         uint64_t done, uint64_t total);
/* Before anything else is printed there, and at the end: takes the line of a terminal away. */
void status_line_hide(struct status_line *line);
/* "0:07", "1:02:03": since the start. */
const char *status_line_elapsed(const struct status_line *line, char out[24]);

#endif
