/* SPDX-License-Identifier: MIT */
/* wim_patch_xml.c - the XML data of a WIM: read, and with the totals of one image changed. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dism_codes.h"
#include "error.h"
#include "wim_patch_parts.h"

#define EDITS_MAX 5
#define SECONDS_1601_TO_1970 11644473600u

struct span {
    const char *from, *to;
};
struct edit {
    struct span at;
    char text[96];
};
struct editing {
    struct edit edits[EDITS_MAX];
    size_t count;
};

#define XML_MAX (64u << 20)

static HRESULT unusual(void)
{
    return FAIL(HR_WIN32(ERROR_NOT_SUPPORTED), "an image file with unusual XML data");
}

/* ---- reading ---- */

HRESULT raw_read_xml(const struct wim_raw *raw, struct os_file *file, char **out)
{
    const struct place place = place_get(raw->header + HEADER_XML);
    size_t got = 0;
    if (place.flags & PLACE_COMPRESSED || place.size > XML_MAX || place.size % 2 ||
        place.offset > INT64_MAX)
        return unusual();
    AUTO_FREE unsigned char *bytes = mem_alloc((size_t)place.size + 1);
    AUTO_FREE char16_t *units = mem_array((size_t)place.size / 2 + 1, sizeof *units);
    if (!bytes || !units)
        return FAIL_MEMORY();
    TRY(os_read_at(file, bytes, (size_t)place.size, place.offset, &got));
    if (got != place.size)
        return unusual();
    for (size_t i = 0; i < got / 2; i++)
        units[i] = wim_get16(bytes + 2 * i);
    return text_from_utf16_n(units, got / 2, out);
}

static const char *find(struct span in, const char *what)
{
    const char *at = strstr(in.from, what);
    return at && at + strlen(what) <= in.to ? at : NULL;
}

/* What is between <NAME> and </NAME>. */
static bool find_element(struct span in, const char *name, struct span *out)
{
    char open[64], close[64];
    snprintf(open, sizeof open, "<%s>", name);
    snprintf(close, sizeof close, "</%s>", name);
    const char *at = find(in, open);
    if (!at)
        return false;
    *out = (struct span){at + strlen(open), in.to};
    out->to = find(*out, close);
    return out->to != NULL;
}

static bool find_image(const char *xml, unsigned index, struct span *out)
{
    char open[64];
    snprintf(open, sizeof open, "<IMAGE INDEX=\"%u\">", index);
    const char *at = strstr(xml, open);
    if (!at)
        return false;
    out->from = at;
    out->to = strstr(at, "</IMAGE>");
    return out->to != NULL;
}

/* That of the whole file, which no image has around it. */
static bool find_total(const char *xml, struct span *out)
{
    const char *first = strstr(xml, "<IMAGE "), *end = xml + strlen(xml), *behind = first;
    for (const char *at = first; at; at = strstr(at + 1, "</IMAGE>"))
        behind = at;
    return first && (find_element((struct span){xml, first}, "TOTALBYTES", out) ||
                     find_element((struct span){behind, end}, "TOTALBYTES", out));
}

static bool read_number(struct span at, unsigned long long *out)
{
    char *end;
    *out = strtoull(at.from, &end, 10);
    return end == at.to && end != at.from;
}

uint64_t raw_total_bytes(const char *xml, unsigned index)
{
    struct span image, at;
    unsigned long long value = 0;
    return find_image(xml, index, &image) && find_element(image, "TOTALBYTES", &at) &&
                   read_number(at, &value)
               ? value
               : 0;
}

/* ---- changing ---- */

static char *replace(struct editing *editing, struct span at)
{
    struct edit *edit = &editing->edits[editing->count++];
    edit->at = at;
    return edit->text;
}

static HRESULT change_number(struct editing *editing, struct span image, const char *name,
                             int64_t change)
{
    struct span at;
    if (!find_element(image, name, &at))
        return change ? unusual() : S_OK;
    unsigned long long value;
    if (!read_number(at, &value))
        return unusual();
    if (change < 0 && value < (unsigned long long)-change)
        value = 0;
    else
        value += (unsigned long long)change;
    snprintf(replace(editing, at), sizeof editing->edits->text, "%llu", value);
    return S_OK;
}

static HRESULT change_time(struct editing *editing, struct span image)
{
    struct span at;
    if (!find_element(image, "LASTMODIFICATIONTIME", &at))
        return unusual();
    uint64_t time = wim_time_from_ns(os_wall_ns());
    snprintf(replace(editing, at), sizeof editing->edits->text,
             "<HIGHPART>0x%08X</HIGHPART><LOWPART>0x%08X</LOWPART>", (unsigned)(time >> 32),
             (unsigned)time);
    return S_OK;
}

static int by_place(const void *a, const void *b)
{
    const struct edit *x = a, *y = b;
    return x->at.from < y->at.from ? -1 : x->at.from > y->at.from;
}

HRESULT patch_xml(const char *xml, unsigned index, const struct patch_totals *totals,
                  struct text *out)
{
    struct editing editing = {.count = 0};
    struct span image, total;
    if (!find_image(xml, index, &image))
        return unusual();
    TRY(change_number(&editing, image, "TOTALBYTES", totals->bytes));
    TRY(change_number(&editing, image, "HARDLINKBYTES", totals->hard_link_bytes));
    TRY(change_time(&editing, image));
    if (find_total(xml, &total))
        snprintf(replace(&editing, total), sizeof editing.edits->text, "%llu",
                 (unsigned long long)totals->file_bytes);
    qsort(editing.edits, editing.count, sizeof *editing.edits, by_place);
    for (size_t i = 0; i < editing.count; i++) {
        text_add_n(out, xml, (size_t)(editing.edits[i].at.from - xml));
        text_add(out, editing.edits[i].text);
        xml = editing.edits[i].at.to;
    }
    text_add(out, xml);
    return out->failed ? FAIL_MEMORY() : S_OK;
}

/* In units of 100 ns since 1601. */
uint64_t wim_time_from_ns(int64_t ns)
{
    return (uint64_t)(ns / 100 + (int64_t)SECONDS_1601_TO_1970 * 10000000);
}
