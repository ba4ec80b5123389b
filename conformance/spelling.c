/* SPDX-License-Identifier: MIT */
/* spelling.c - see spelling.h. */
#include "spelling.h"

static bool is_separator(char c)
{
    return c == '/' || c == '\\';
}

static char *extended(const char *path)
{
    char *made = format("\\\\?\\%s", path);
    for (char *s = made; path_drive(path) && *s; s++)
        *s = *s == '/' ? '\\' : *s; /* nothing else separates there */
    return made;
}

/* The first separator, if it starts the path, stays single: two are a network's. */
static char *doubled(const char *path)
{
    struct text made = {0};
    for (const char *s = path; *s; s++) {
        text_add_n(&made, s, 1);
        if (s > path && is_separator(*s))
            text_add_n(&made, s, 1);
    }
    return need(text_take(&made));
}

static char *mixed(const char *path)
{
    char *made = dup_text(path);
    bool is_back = false;
    for (char *s = made; *s; s++) {
        if (is_separator(*s)) {
            *s = is_back ? '\\' : '/';
            is_back = !is_back;
        }
    }
    return made;
}

/* a/b: a/./b/../b */
static char *dotted(const char *path)
{
    AUTO_FREE char *parent = NULL;
    const char *name = path_name(path);
    if (FAILED(path_parent(path, &parent)))
        return NULL;
    return format("%s/./%s/../%s", parent, name, name);
}

static char *other_case(const char *path)
{
    char *made = dup_text(path);
    for (char *s = made; *s; s++) {
        if ((*s >= 'a' && *s <= 'z') || (*s >= 'A' && *s <= 'Z'))
            *s ^= 0x20;
    }
    return made;
}

static char *with_dots(const char *path)
{
    return format("%s. .", path);
}

/* C:a: what is left below the current folder. */
static char *drive_relative(const char *path)
{
    AUTO_FREE char *cwd = NULL, *native = NULL;
    if (FAILED(os_cwd(&cwd)) || FAILED(path_native(path, &native)))
        return NULL;
    const char *rest = path_below(native, cwd);
    if (rest)
        return format("%c:%s", path_drive(native), rest);
    error_set(E_INVALIDARG, "%s is not below the current folder %s", native, cwd);
    return NULL;
}

static char *rooted(const char *path)
{
    return path_drive(path) ? dup_text(strchr(path, ':') + 1) : dup_text(path);
}

static const struct spelling {
    const char *style;
    char *(*make)(const char *path);
    bool needs_drives;
} spellings[] = {
    {"extended", extended, false},
    {"doubled-separators", doubled, false},
    {"mixed-separators", mixed, false},
    {"dotted", dotted, false},
    {"other-case", other_case, true},
    {"trailing-dots", with_dots, true},
    {"drive-relative", drive_relative, true},
    {"rooted", rooted, true},
};

static const struct spelling *find(const char *style)
{
    for (size_t i = 0; i < sizeof spellings / sizeof *spellings; i++)
        if (text_equal(spellings[i].style, style))
            return &spellings[i];
    return NULL;
}

bool spelling_needs_drives(const char *style)
{
    const struct spelling *spelling = find(style);
    return spelling && spelling->needs_drives;
}

char *spelling_make(const char *path, const char *style)
{
    const struct spelling *spelling = find(style);
    if (spelling)
        return spelling->make(path);
    error_set(E_INVALIDARG, "there is no way to spell paths '%s'", style ? style : "");
    return NULL;
}
