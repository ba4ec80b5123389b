/* SPDX-License-Identifier: MIT */
/*
 * saved.h - the file of observations that probe writes and judge reads: JSON lines, each on the
 * disk before the next question is asked.
 *
 *   {"type": "probe", "observations": "1.0", runner, library, environment}
 *   {"type": "capability", "name", "result", "why"}
 *   {"type": "observation", "question", "clause", and the record of its case (record.h); each step
 *    that came back has its "code" in digits}
 *   {"type": "end", "lines", "digest"}     SHA-256 over the lines before, each with one newline
 */
#ifndef CONFORMANCE_SAVED_H
#define CONFORMANCE_SAVED_H

#include "util.h"

/* Appends lines; path NULL: nothing is written. Dies when it cannot. */
struct saving {
    const char *path;
    struct text lines; /* all so far */
    size_t count;
};
void saving_start(struct saving *saving, const char *path);
void saving_add(struct saving *saving, const struct json *line);
void saving_end(struct saving *saving);

/* A file that was read. */
struct saved {
    struct json *head;
    VEC(struct json *) observations;
    bool is_whole; /* the end is there */
};
/* E_INVALIDARG says what is wrong with the file and in which line. */
HRESULT saved_read(struct saved *saved, const char *path);
void saved_clear(struct saved *saved);

#endif
