/* SPDX-License-Identifier: MIT */
/*
 * pattern.c - patterns of the schema on top of base's regex.h, which knows no counted repeats:
 * those are written out first, [a-z]{1,3} as [a-z][a-z]?[a-z]?.
 */
#include "pattern.h"

#include <stdlib.h>

#include "regex.h"
#include "util.h"

/* Where the atom that ends before `end` begins. */
static size_t atom_start(const char *text, size_t end)
{
    char close = text[end - 1], open = close == ')' ? '(' : close == ']' ? '[' : '\0';
    size_t at = end - 1;
    int depth = 0;
    if (!open)
        return at > 0 && text[at - 1] == '\\' ? at - 1 : at;
    do {
        depth += text[at] == close;
        depth -= text[at] == open;
    } while (depth > 0 && at-- > 0);
    return at;
}

static char *write_out(const char *pattern)
{
    struct text out = {0};
    for (const char *p = pattern; *p; p++) {
        if (*p == '\\' && p[1]) {
            text_add_n(&out, p++, 2);
            continue;
        }
        if (*p != '{') {
            text_add_n(&out, p, 1);
            continue;
        }
        char *end = NULL;
        unsigned long low = strtoul(p + 1, &end, 10), high = low;
        bool is_open = *end == ',' && end[1] == '}';
        if (*end == ',')
            high = is_open ? (end++, low) : strtoul(end + 1, &end, 10);
        size_t start = out.len ? atom_start(out.ptr, out.len) : 0;
        if (*end != '}' || high < low || high == 0 || !out.len)
            die("schema pattern %s has a repeat the runner cannot read", pattern);
        AUTO_FREE char *atom = need(mem_dup_n(out.ptr + start, out.len - start));
        out.len = start;
        out.ptr[start] = '\0';
        for (unsigned long i = 0; i < high; i++)
            text_addf(&out, "%s%s", atom, i < low ? "" : "?");
        if (is_open)
            text_addf(&out, "%s*", atom);
        p = end;
    }
    return need(text_take(&out));
}

bool pattern_matches(const char *pattern, const char *text)
{
    bool matched = false;
    AUTO_FREE char *plain = write_out(pattern);
    if (FAILED(regex_match(plain, text, &matched)))
        die("schema pattern %s: %s", pattern, error_last()->text);
    return matched;
}
