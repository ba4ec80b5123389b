/* SPDX-License-Identifier: MIT */
/*
 * inf.h - INF files: sections of lines, in UTF-16 with a mark, UTF-8 with a mark, or code page
 * 1252.
 *
 * A line is KEY = VALUE, VALUE ... or has values only. Sections of one name are one. "%name%" is
 * replaced by the INF's own strings, those of a language first ([Strings.0407]); what they do not
 * have ("%12%" is a folder's number) stays, and a string's own text is not looked into. A comment
 * goes from ';' to the line's end, a line goes on behind a '\' at its end.
 */
#ifndef WINIMAGE_INF_H
#define WINIMAGE_INF_H

#include "hr.h"
#include "scope.h"
#include "vec.h"

struct inf_value {
    char *text; /* NULL: none, of a key */
    char *raw;  /* as the file has it; NULL: the same */
};
struct inf_line {
    struct inf_value key;
    VEC(struct inf_value) values;
};
struct inf_section {
    char *name;
    VEC(struct inf_line) lines;
};

struct inf;
/* `language` is the number of Windows for it (0x0407), 0: none; `name` is for messages.
 * ERROR_INVALID_DATA: it is no text, or breaks the rules, or is more than an INF can be. */
HRESULT inf_parse(const void *bytes, size_t size, unsigned language, const char *name,
                  struct inf **out);
void inf_free(struct inf *inf);
DEFINE_SCOPE(inf, struct inf, inf_free)
#define AUTO_INF AUTO(scope_inf)

/* NULL: there is none. */
const struct inf_section *inf_section(const struct inf *inf, const char *name);
/* The line of that key, the first one. `section` may be NULL. */
const struct inf_line *inf_line(const struct inf_section *section, const char *key);
/* "" where there is none. */
const char *inf_field(const struct inf_line *line, size_t index);

#endif
