/* SPDX-License-Identifier: MIT */
/* names.c - definitions and uses of names in one case. */
#include "names.h"

const char *name_kind_text(enum name_kind kind)
{
    static const char *const texts[] = {
        [NAME_FIXTURE] = "fixture",
        [NAME_BINDING] = "binding",
        [NAME_EVENT] = "event",
        [NAME_SIGNAL] = "signal",
        [NAME_HOLD] = "hold",
        [NAME_WORLD_CHANGE] = "world change",
        [NAME_FAULT] = "fault",
        [NAME_STEP] = "step",
        [NAME_STATE] = "saved state",
        [NAME_LANE] = "lane",
        [NAME_PROGRESS] = "progress callback",
    };
    return texts[kind];
}

struct name *names_find(const struct names *names, enum name_kind kind, const char *text)
{
    for (size_t i = 0; i < names->list.len; i++) {
        struct name *name = &names->list.ptr[i];
        if (name->kind == kind && text_equal(name->text, text))
            return name;
    }
    return NULL;
}

struct name *names_define(struct names *names, const struct source *source, enum name_kind kind,
                          const char *text, const char *pointer)
{
    struct name *name = names_find(names, kind, text);
    if (name) {
        finding_at(source, pointer, "the %s '%s' is already defined at %s", name_kind_text(kind),
                   text, name->pointer);
        return name;
    }
    name = need(vec_push(&names->list));
    name->kind = kind;
    name->text = dup_text(text);
    name->pointer = dup_text(pointer);
    return name;
}

struct name *names_use(struct names *names, const struct source *source, enum name_kind kind,
                       const char *text, const char *pointer)
{
    struct name *name = names_find(names, kind, text);
    if (name)
        name->uses++;
    else
        finding_at(source, pointer, "there is no %s '%s'", name_kind_text(kind), text);
    return name;
}

void names_clear(struct names *names)
{
    for (size_t i = 0; i < names->list.len; i++) {
        mem_free(names->list.ptr[i].text);
        mem_free(names->list.ptr[i].pointer);
    }
    vec_clear(&names->list);
}
