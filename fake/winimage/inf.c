/* SPDX-License-Identifier: MIT */
/* inf.c - see inf.h. */
#include "inf.h"

#include <stdio.h>
#include <string.h>

#include "dism_codes.h"
#include "error.h"
#include "name_index.h"
#include "text.h"

/* Far more than the largest drivers have. */
enum {
    MAX_SIZE = 16 << 20,
    MAX_SECTIONS = 50000,
    MAX_LINES = 400000,
    MAX_VALUES = 2000000,
    MAX_FIELD = 4096 * 3, /* Windows takes 4096 characters */
    MAX_EXPANDED = 64 << 20,
};

struct inf {
    VEC(struct inf_section) sections;
    struct name_index by_name, strings;
    VEC(const char *) replacements; /* by the number in strings; borrowed */
};

struct parsing {
    struct inf *inf;
    const char *name; /* for messages */
    const char *at;
    size_t number; /* of the line */
    size_t section;
    bool has_section;
    size_t lines, values, expanded;
};

static void value_clear(struct inf_value *value)
{
    mem_free(value->text);
    mem_free(value->raw);
}

static void line_clear(struct inf_line *line)
{
    value_clear(&line->key);
    for (size_t i = 0; i < line->values.len; i++)
        value_clear(&line->values.ptr[i]);
    vec_clear(&line->values);
}

void inf_free(struct inf *inf)
{
    if (!inf)
        return;
    for (size_t i = 0; i < inf->sections.len; i++) {
        struct inf_section *s = &inf->sections.ptr[i];
        for (size_t k = 0; k < s->lines.len; k++)
            line_clear(&s->lines.ptr[k]);
        vec_clear(&s->lines);
        mem_free(s->name);
    }
    vec_clear(&inf->sections);
    vec_clear(&inf->replacements);
    name_index_clear(&inf->by_name);
    name_index_clear(&inf->strings);
    mem_free(inf);
}

static HRESULT broken(const struct parsing *p, const char *why)
{
    return FAIL(HR_WIN32(ERROR_INVALID_DATA), "%s, line %zu: %s", p->name, p->number, why);
}

/* ---- encodings ---- */

static HRESULT from_utf16(const uint8_t *bytes, size_t size, char **out)
{
    size_t units = size / 2;
    AUTO_FREE char16_t *copy = mem_array(units + 1, sizeof *copy);
    if (!copy)
        return FAIL_MEMORY();
    for (size_t i = 0; i < units; i++) {
        copy[i] = (char16_t)(bytes[2 * i] | bytes[2 * i + 1] << 8);
        if (copy[i] == 0)
            return FAIL(HR_WIN32(ERROR_INVALID_DATA), "a NUL at character %zu", i);
    }
    return text_from_utf16_n(copy, units, out);
}

/* Code page 1252; what it does not have stays as the control character of that number. */
static HRESULT from_code_page(const uint8_t *bytes, size_t size, char **out)
{
    static const uint16_t from_0x80[32] = {
        0x20AC, 0x81,   0x201A, 0x0192, 0x201E, 0x2026, 0x2020, 0x2021, 0x02C6, 0x2030, 0x0160,
        0x2039, 0x0152, 0x8D,   0x017D, 0x8F,   0x90,   0x2018, 0x2019, 0x201C, 0x201D, 0x2022,
        0x2013, 0x2014, 0x02DC, 0x2122, 0x0161, 0x203A, 0x0153, 0x9D,   0x017E, 0x0178};
    struct text text = {0};
    for (size_t i = 0; i < size; i++) {
        char encoded[4];
        uint32_t cp = bytes[i] >= 0x80 && bytes[i] < 0xA0 ? from_0x80[bytes[i] - 0x80] : bytes[i];
        text_add_n(&text, encoded, text_encode(cp, encoded));
    }
    *out = text_take(&text);
    return *out ? S_OK : FAIL_MEMORY();
}

static HRESULT decode(const uint8_t *bytes, size_t size, const char *name, char **out)
{
    if (size > MAX_SIZE)
        return FAIL(HR_WIN32(ERROR_INVALID_DATA), "%s: %zu bytes are too many for an INF", name,
                    size);
    if (size >= 2 && bytes[0] == 0xFF && bytes[1] == 0xFE)
        return from_utf16(bytes + 2, size - 2, out);
    bool has_mark = size >= 3 && memcmp(bytes, "\xEF\xBB\xBF", 3) == 0;
    for (size_t i = has_mark ? 3 : 0; i < size; i++)
        if (bytes[i] < ' ' && !strchr("\t\r\n\f\x1A", bytes[i] ? bytes[i] : 1))
            return FAIL(HR_WIN32(ERROR_INVALID_DATA), "%s: a byte %#x at %zu is no text", name,
                        bytes[i], i);
    if (!has_mark)
        return from_code_page(bytes, size, out);
    if (!text_is_utf8((const char *)bytes + 3, size - 3))
        return FAIL(HR_WIN32(ERROR_INVALID_DATA), "%s: not the UTF-8 that its mark says", name);
    *out = mem_dup_n((const char *)bytes + 3, size - 3);
    return *out ? S_OK : FAIL_MEMORY();
}

/* ---- lines ---- */

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\f' || c == 0x1A;
}
static bool is_end(char c)
{
    return c == 0 || c == '\n' || c == '\r';
}

static void skip_blanks(struct parsing *p)
{
    while (is_blank(*p->at))
        p->at++;
}

static void skip_line(struct parsing *p)
{
    while (!is_end(*p->at))
        p->at++;
    if (*p->at == '\r' && p->at[1] == '\n')
        p->at++;
    if (*p->at)
        p->at++;
    p->number++;
}

/* Is a '\' here the last of its line? */
static bool is_continuation(const char *at)
{
    at++;
    while (is_blank(*at))
        at++;
    return is_end(*at) || *at == ';';
}

/* Up to ',' or the line's end, or '=' where a key may be; what is between quotes stays. */
static HRESULT read_field(struct parsing *p, bool may_be_key, char **out)
{
    struct text text AUTO(text_clear) = {0};
    size_t keep = 0; /* without the blanks at the end */
    bool is_quoted = false;
    skip_blanks(p);
    for (; !is_end(*p->at); p->at++) {
        char c = *p->at;
        if (is_quoted && c == '"' && p->at[1] == '"') {
            p->at++; /* one quote */
        } else if (c == '"') {
            is_quoted = !is_quoted;
            keep = text.len;
            continue;
        } else if (!is_quoted && c == '\\' && is_continuation(p->at)) {
            skip_line(p);
            skip_blanks(p);
            if (*p->at == 0)
                break;
            p->at--;
            continue;
        } else if (!is_quoted && (c == ',' || c == ';' || (c == '=' && may_be_key))) {
            break;
        }
        text_add_n(&text, &c, 1);
        if (is_quoted || !is_blank(c))
            keep = text.len;
        if (text.len > MAX_FIELD)
            return broken(p, "a field of more than 4096 characters");
    }
    *out = text.failed ? NULL : mem_dup_n(text.ptr ? text.ptr : "", keep);
    return *out ? S_OK : FAIL_MEMORY();
}

static HRESULT push_value(struct parsing *p, struct inf_line *line, char *text)
{
    struct inf_value *value = p->values++ < MAX_VALUES ? vec_push(&line->values) : NULL;
    if (!value) {
        mem_free(text);
        return p->values > MAX_VALUES ? broken(p, "too many values") : FAIL_MEMORY();
    }
    value->text = text;
    return S_OK;
}

static HRESULT read_fields(struct parsing *p, struct inf_line *line)
{
    bool goes_on = true;
    for (bool may_be_key = true; goes_on; may_be_key = false) {
        AUTO_FREE char *field = NULL;
        TRY(read_field(p, may_be_key, &field));
        goes_on = *p->at == ',' || *p->at == '=';
        if (*p->at == '=')
            line->key.text = TAKE(field);
        else
            TRY(push_value(p, line, TAKE(field)));
        p->at += goes_on;
    }
    return S_OK;
}

static HRESULT read_section_name(struct parsing *p)
{
    const char *end = ++p->at;
    while (!is_end(*end) && *end != ']')
        end++;
    if (*end != ']')
        return broken(p, "a section's name without its end");
    AUTO_FREE char *name = NULL;
    const char *first = p->at, *last = end;
    while (first < last && is_blank(*first))
        first++;
    while (last > first && is_blank(last[-1]))
        last--;
    if (last - first > 255 * 3)
        return broken(p, "a section's name of more than 255 characters");
    p->at = end;
    if (!(name = mem_dup_n(first, (size_t)(last - first))))
        return FAIL_MEMORY();
    p->has_section = true;
    if (name_index_find(&p->inf->by_name, name, &p->section))
        return S_OK;
    if (p->inf->sections.len == MAX_SECTIONS)
        return broken(p, "too many sections");
    struct inf_section *section = vec_push(&p->inf->sections);
    if (!section)
        return FAIL_MEMORY();
    section->name = TAKE(name);
    p->section = p->inf->sections.len - 1;
    return name_index_add(&p->inf->by_name, section->name, p->section);
}

static HRESULT read_line(struct parsing *p)
{
    if (!p->has_section)
        return broken(p, "a line before the first section");
    if (p->lines++ == MAX_LINES)
        return broken(p, "too many lines");
    struct inf_line *line = vec_push(&p->inf->sections.ptr[p->section].lines);
    return line ? read_fields(p, line) : FAIL_MEMORY();
}

static HRESULT read_all(struct parsing *p)
{
    while (skip_blanks(p), *p->at) {
        if (*p->at == '[')
            TRY(read_section_name(p));
        else if (!is_end(*p->at) && *p->at != ';')
            TRY(read_line(p));
        skip_line(p);
    }
    return S_OK;
}

/* ---- strings ---- */

/* The number behind "Strings.", 0: plain; -1: another section. */
static long language_of(const char *section)
{
    unsigned number;
    char rest;
    if (text_equal_nocase(section, "Strings"))
        return 0;
    char head[9] = {0};
    memcpy(head, section, strlen(section) < 8 ? strlen(section) : 8);
    return text_equal_nocase(head, "Strings.") && sscanf(section + 8, "%4x%c", &number, &rest) == 1
               ? (long)number
               : -1;
}

static HRESULT add_strings(struct inf *inf, const struct inf_section *section)
{
    for (size_t i = 0; i < section->lines.len; i++) {
        const struct inf_line *line = &section->lines.ptr[i];
        if (!line->key.text || !*line->key.text)
            continue;
        HRESULT hr = name_index_add(&inf->strings, line->key.text, inf->replacements.len);
        TRY(hr);
        if (hr == S_FALSE)
            continue;
        const char **text = vec_push(&inf->replacements);
        if (!text)
            return FAIL_MEMORY();
        *text = inf_field(line, 0);
    }
    return S_OK;
}

/* The language itself, then others of its kind (the low ten bits), then the plain ones. */
static HRESULT index_strings(struct inf *inf, unsigned language)
{
    for (int pass = 0; pass < 3; pass++)
        for (size_t i = 0; i < inf->sections.len; i++) {
            long of = language_of(inf->sections.ptr[i].name);
            bool is_wanted = pass == 0   ? of > 0 && of == (long)language
                             : pass == 1 ? of > 0 && language && (of & 0x3FF) == (language & 0x3FF)
                                         : of == 0;
            if (is_wanted)
                TRY(add_strings(inf, &inf->sections.ptr[i]));
        }
    return S_OK;
}

/* What stands for %name%, NULL: nothing. `length` is that of the name. */
static HRESULT replacement(const struct inf *inf, const char *name, size_t length, const char **out)
{
    size_t number;
    AUTO_FREE char *copy = mem_dup_n(name, length);
    if (!copy)
        return FAIL_MEMORY();
    *out = name_index_find(&inf->strings, copy, &number) ? inf->replacements.ptr[number] : NULL;
    return S_OK;
}

static HRESULT expand_into(const struct inf *inf, const char *raw, struct text *out)
{
    while (*raw) {
        const char *end = *raw == '%' ? strchr(raw + 1, '%') : NULL;
        const char *text = NULL;
        if (end && end == raw + 1)
            text = "%";
        else if (end)
            TRY(replacement(inf, raw + 1, (size_t)(end - raw - 1), &text));
        if (text) {
            text_add(out, text);
            raw = end + 1;
        } else {
            text_add_n(out, raw++, 1);
        }
    }
    return S_OK;
}

static HRESULT expand(struct parsing *p, struct inf_value *value)
{
    struct text text AUTO(text_clear) = {0};
    if (!value->text || !strchr(value->text, '%'))
        return S_OK;
    TRY(expand_into(p->inf, value->text, &text));
    if (text.len > MAX_FIELD || (p->expanded += text.len) > MAX_EXPANDED)
        return FAIL(HR_WIN32(ERROR_INVALID_DATA), "%s: its strings make a text that is too long",
                    p->name);
    value->raw = value->text;
    value->text = text_take(&text);
    return value->text ? S_OK : FAIL_MEMORY();
}

static HRESULT expand_all(struct parsing *p)
{
    for (size_t i = 0; i < p->inf->sections.len; i++) {
        const struct inf_section *s = &p->inf->sections.ptr[i];
        if (language_of(s->name) >= 0)
            continue;
        for (size_t k = 0; k < s->lines.len; k++) {
            TRY(expand(p, &s->lines.ptr[k].key));
            for (size_t v = 0; v < s->lines.ptr[k].values.len; v++)
                TRY(expand(p, &s->lines.ptr[k].values.ptr[v]));
        }
    }
    return S_OK;
}

/* ---- the interface ---- */

HRESULT inf_parse(const void *bytes, size_t size, unsigned language, const char *name,
                  struct inf **out)
{
    AUTO_FREE char *text = NULL;
    TRY(decode(bytes, size, name, &text));
    AUTO_INF struct inf *inf = mem_alloc(sizeof *inf);
    if (!inf)
        return FAIL_MEMORY();
    struct parsing p = {.inf = inf, .name = name, .at = text, .number = 1};
    TRY(read_all(&p));
    TRY(index_strings(inf, language));
    TRY(expand_all(&p));
    *out = TAKE(inf);
    return S_OK;
}

const struct inf_section *inf_section(const struct inf *inf, const char *name)
{
    size_t number;
    return name_index_find(&inf->by_name, name, &number) ? &inf->sections.ptr[number] : NULL;
}

const struct inf_line *inf_line(const struct inf_section *section, const char *key)
{
    for (size_t i = 0; section && i < section->lines.len; i++) {
        const char *text = section->lines.ptr[i].key.text;
        if (text && text_equal_nocase(text, key))
            return &section->lines.ptr[i];
    }
    return NULL;
}

const char *inf_field(const struct inf_line *line, size_t index)
{
    return line && index < line->values.len ? line->values.ptr[index].text : "";
}
