/* SPDX-License-Identifier: MIT */
/* finding.h - what is wrong with scenario files: file, line, JSON pointer and a sentence. */
#ifndef CONFORMANCE_FINDING_H
#define CONFORMANCE_FINDING_H

#include "util.h"

struct finding {
    char *file, *pointer, *text;
    unsigned line;
};

struct findings {
    VEC(struct finding) list;
};

/* One file being read: the text gives the lines. */
struct source {
    const char *path;
    const char *text;
    size_t len;
    struct findings *findings;
};

void finding_at(const struct source *source, const char *pointer, const char *text, ...)
    CHECK_FORMAT(3, 4);
/* What error_last says about a file that cannot be read or is no JSON, at the line it names. */
void finding_unreadable(const struct source *source);
/* "file:line: /pointer: text", caller's. */
char *finding_line(const struct finding *finding);
void findings_clear(struct findings *findings);

#endif
