/* SPDX-License-Identifier: MIT */
/* finding.c - collects what is wrong with scenario files. */
#include "finding.h"

#include <stdio.h>

void finding_at(const struct source *source, const char *pointer, const char *text, ...)
{
    struct finding *finding = need(vec_push(&source->findings->list));
    va_list args;
    va_start(args, text);
    finding->text = need(mem_format_v(text, args));
    va_end(args);
    finding->file = dup_text(source->path);
    finding->pointer = dup_text(pointer);
    finding->line = source->text ? json_line_of(source->text, source->len, pointer) : 0;
}

void finding_unreadable(const struct source *source)
{
    const char *text = error_last()->text;
    finding_at(source, "", "%s", text);
    struct findings *all = source->findings;
    if (sscanf(text, "line %u,", &all->list.ptr[all->list.len - 1].line) != 1)
        all->list.ptr[all->list.len - 1].line = 1;
}

char *finding_line(const struct finding *finding)
{
    return format("%s:%u: %s: %s", finding->file, finding->line ? finding->line : 1,
                  *finding->pointer ? finding->pointer : "/", finding->text);
}

void findings_clear(struct findings *findings)
{
    for (size_t i = 0; i < findings->list.len; i++) {
        mem_free(findings->list.ptr[i].file);
        mem_free(findings->list.ptr[i].pointer);
        mem_free(findings->list.ptr[i].text);
    }
    vec_clear(&findings->list);
}
