/* SPDX-License-Identifier: MIT */
/* wim_raw_tree.c - see wim_raw.h: folders and what is in them. */
#include <stdlib.h>
#include <string.h>

#include "dism_codes.h"
#include "error.h"
#include "text.h"
#include "vec.h"
#include "wim_raw_parts.h"

#define DEPTH_MAX 1000u
#define TAG_UNIX_DATA 0x337DD873u /* wimlib's: owner, group, mode, device */

static HRESULT damaged(const char *what)
{
    return FAIL(HR_WIN32(ERROR_FILE_CORRUPT), "an image with %s", what);
}

static uint64_t aligned(uint64_t value)
{
    return (value + 7) & ~(uint64_t)7;
}

/* ---- one entry ---- */

static bool is_folder(const unsigned char *entry)
{
    uint32_t attributes = wim_get32(entry + ENTRY_ATTRIBUTES);
    return (attributes & ATTRIBUTE_DIRECTORY) && !(attributes & ATTRIBUTE_REPARSE_POINT);
}

static bool is_end(const unsigned char *entry)
{
    return aligned(wim_get64(entry)) <= 8;
}

/* Of a file that can have several names; 0: it has one. */
static uint64_t group_of(const unsigned char *entry)
{
    uint32_t attributes = wim_get32(entry + ENTRY_ATTRIBUTES);
    return attributes & (ATTRIBUTE_DIRECTORY | ATTRIBUTE_REPARSE_POINT)
               ? 0
               : wim_get64(entry + ENTRY_LINK_GROUP);
}

/* What follows the names: tagged items. */
static size_t items_at(const unsigned char *entry)
{
    size_t name = wim_get16(entry + ENTRY_NAME_SIZE);
    size_t short_name = wim_get16(entry + ENTRY_SHORT_NAME_SIZE);
    return ENTRY_NAME + (name ? name + 2 : 0) + (short_name ? short_name + 2 : 0);
}

size_t raw_streams_at(const struct wim_raw *raw, size_t at)
{
    return at + (size_t)aligned(wim_get64(raw->bytes + at + ENTRY_LENGTH));
}

size_t raw_stream_behind(const struct wim_raw *raw, size_t at)
{
    return at + (size_t)aligned(wim_get64(raw->bytes + at + STREAM_LENGTH));
}

static size_t next_of(const struct wim_raw *raw, size_t at)
{
    unsigned streams = wim_get16(raw->bytes + at + ENTRY_STREAMS);
    at = raw_streams_at(raw, at);
    for (; streams > 0; streams--)
        at = raw_stream_behind(raw, at);
    return at;
}

size_t raw_first_in(const struct wim_raw *raw, size_t folder)
{
    size_t at = (size_t)wim_get64(raw->bytes + folder + ENTRY_CHILDREN);
    return at && !is_end(raw->bytes + at) ? at : 0;
}

size_t raw_behind(const struct wim_raw *raw, size_t at)
{
    at = next_of(raw, at);
    return is_end(raw->bytes + at) ? 0 : at;
}

const unsigned char *raw_unix_data(const unsigned char *entry)
{
    uint64_t end = aligned(wim_get64(entry)), at = aligned(items_at(entry));
    while (at + 8 <= end) {
        uint64_t size = wim_get32(entry + at + 4);
        if (wim_get32(entry + at) == TAG_UNIX_DATA && size >= UNIX_SIZE && at + 8 + size <= end)
            return entry + at + 8;
        at += 8 + aligned(size);
    }
    return NULL;
}

static unsigned named_streams(const struct wim_raw *raw, size_t at)
{
    unsigned named = 0, streams = wim_get16(raw->bytes + at + ENTRY_STREAMS);
    at = raw_streams_at(raw, at);
    for (; streams > 0; streams--, at = raw_stream_behind(raw, at))
        named += wim_get16(raw->bytes + at + STREAM_NAME_SIZE) != 0;
    return named;
}

static size_t first_link(const struct wim_raw *raw, uint64_t group)
{
    size_t from = 0, to = raw->link_count;
    while (from < to) {
        size_t middle = from + (to - from) / 2;
        if (raw->links[middle].group < group)
            from = middle + 1;
        else
            to = middle;
    }
    return from;
}

size_t raw_names(const struct wim_raw *raw, size_t at)
{
    uint64_t group = group_of(raw->bytes + at);
    if (!group)
        return 1;
    size_t first = first_link(raw, group), i = first;
    while (i < raw->link_count && raw->links[i].group == group)
        i++;
    return i - first;
}

void raw_describe(const struct wim_raw *raw, size_t at, struct wim_entry *out)
{
    const unsigned char *entry = raw->bytes + at, *unix_data = raw_unix_data(entry);
    uint32_t security = wim_get32(entry + ENTRY_SECURITY);
    *out = (struct wim_entry){
        .kind = is_folder(entry) ? WIM_FOLDER : WIM_FILE,
        .attributes = wim_get32(entry + ENTRY_ATTRIBUTES),
        .has_security =
            security < raw->security_count && raw->security[security] < raw->security[security + 1],
        .has_short_name = wim_get16(entry + ENTRY_SHORT_NAME_SIZE) != 0,
        .has_unix_data = unix_data && wim_get32(unix_data + UNIX_MODE) != 0,
        .named_streams = named_streams(raw, at),
        .links = (unsigned)raw_names(raw, at),
        .link_group = group_of(entry),
    };
}

/* ---- checking ---- */

struct check {
    struct wim_raw *raw;
    size_t left; /* so many entries at most have room in it: more, and folders contain themselves */
};

static HRESULT check_streams(const struct wim_raw *raw, size_t at, unsigned count)
{
    for (; count > 0; count--) {
        if (raw->size - at < STREAM_NAME)
            return damaged("a stream beyond its end");
        uint64_t length = aligned(wim_get64(raw->bytes + at));
        unsigned name = wim_get16(raw->bytes + at + STREAM_NAME_SIZE);
        if (length > raw->size - at || STREAM_NAME + (uint64_t)name > length || name % 2)
            return damaged("a stream beyond its end");
        at += (size_t)length;
    }
    return S_OK;
}

/* wimlib leaves such entries out. */
static bool is_bad_name(const unsigned char *name, size_t size)
{
    for (size_t i = 0; i < size; i += 2) {
        uint16_t unit = wim_get16(name + i);
        if (unit == 0 || unit == '/')
            return true;
    }
    return size == 0 || (size == 2 && name[0] == '.') ||
           (size == 4 && name[0] == '.' && name[1] == 0 && name[2] == '.' && name[3] == 0);
}

static HRESULT add_link(struct wim_raw *raw, size_t at)
{
    uint64_t group = group_of(raw->bytes + at);
    if (!group)
        return S_OK;
    if (!vec_reserve_raw((void **)&raw->links, &raw->link_cap, raw->link_count + 1,
                         sizeof *raw->links))
        return FAIL_MEMORY();
    raw->links[raw->link_count++] = (struct raw_link){group, at};
    return S_OK;
}

static HRESULT check_entry(struct check *c, size_t at, bool is_root)
{
    const struct wim_raw *raw = c->raw;
    const unsigned char *entry = raw->bytes + at;
    uint64_t length = aligned(wim_get64(entry));
    if (length < ENTRY_NAME || length > raw->size - at || items_at(entry) > length)
        return damaged("an entry beyond its end");
    unsigned name = wim_get16(entry + ENTRY_NAME_SIZE);
    if (name % 2 || wim_get16(entry + ENTRY_SHORT_NAME_SIZE) % 2 ||
        (!is_root && is_bad_name(entry + ENTRY_NAME, name)))
        return damaged("a bad name");
    if (c->left-- == 0)
        return damaged("a folder in itself");
    TRY(check_streams(raw, at + (size_t)length, wim_get16(entry + ENTRY_STREAMS)));
    return add_link(c->raw, at);
}

static HRESULT check_folder(struct check *c, uint64_t at, unsigned depth)
{
    const struct wim_raw *raw = c->raw;
    if (depth > DEPTH_MAX)
        return damaged("very deep folders");
    for (;;) {
        if (at % 8 || at > raw->size || raw->size - at < 8)
            return damaged("a folder beyond its end");
        const unsigned char *entry = raw->bytes + at;
        if (is_end(entry))
            return S_OK;
        if (raw->size - at < ENTRY_NAME)
            return damaged("an entry beyond its end");
        TRY(check_entry(c, (size_t)at, false));
        uint64_t children = wim_get64(entry + ENTRY_CHILDREN);
        if (children && !is_folder(entry))
            return damaged("a file with something in it");
        if (children)
            TRY(check_folder(c, children, depth + 1));
        at = next_of(raw, (size_t)at);
    }
}

static int by_group(const void *a, const void *b)
{
    const struct raw_link *x = a, *y = b;
    if (x->group != y->group)
        return x->group < y->group ? -1 : 1;
    return x->at < y->at ? -1 : x->at > y->at;
}

/* Names of one file have the same content; where they do not, wimlib has rules of its own. */
static HRESULT check_links(const struct wim_raw *raw)
{
    if (raw->link_count)
        qsort(raw->links, raw->link_count, sizeof *raw->links, by_group);
    for (size_t i = 1; i < raw->link_count; i++) {
        const struct raw_link *one = &raw->links[i - 1], *other = &raw->links[i];
        if (one->group == other->group && memcmp(raw->bytes + one->at + ENTRY_HASH,
                                                 raw->bytes + other->at + ENTRY_HASH, SHA1_SIZE))
            return damaged("names of one file that has two contents");
    }
    return S_OK;
}

static HRESULT check_security(struct wim_raw *raw)
{
    if (raw->size < 8)
        return damaged("no root");
    uint64_t total = aligned(wim_get32(raw->bytes));
    const uint32_t count = wim_get32(raw->bytes + 4);
    total = total ? total : 8;
    if (total > raw->size || 8 + 8 * (uint64_t)count > total)
        return damaged("security data beyond its end");
    raw->security = mem_array(count + (size_t)1, sizeof *raw->security);
    if (!raw->security)
        return FAIL_MEMORY();
    raw->security[0] = 8 + 8 * (size_t)count;
    for (uint32_t i = 0; i < count; i++) {
        uint64_t size = wim_get64(raw->bytes + 8 + 8 * (size_t)i);
        if (size > total - raw->security[i])
            return damaged("security data beyond its end");
        raw->security[i + 1] = raw->security[i] + (size_t)size;
    }
    raw->security_count = count;
    raw->root = (size_t)total;
    return S_OK;
}

HRESULT raw_check_tree(struct wim_raw *raw)
{
    struct check c = {raw, raw->size / ENTRY_NAME};
    TRY(check_security(raw));
    if (raw->size - raw->root < ENTRY_NAME)
        return damaged("no root");
    TRY(check_entry(&c, raw->root, true));
    const unsigned char *root = raw->bytes + raw->root;
    uint64_t children = wim_get64(root + ENTRY_CHILDREN);
    if (!is_folder(root))
        return damaged("a root that is no folder");
    if (children)
        TRY(check_folder(&c, children, 0));
    return check_links(raw);
}

/* ---- looking ---- */

HRESULT raw_utf8(const unsigned char *name, size_t size, char **out)
{
    char16_t units[UINT16_MAX / 2 + 1];
    for (size_t i = 0; i < size / 2; i++)
        units[i] = wim_get16(name + 2 * i);
    return text_from_utf16_n(units, size / 2, out);
}

static size_t find_in(const struct wim_raw *raw, size_t folder, const char16_t *name, size_t units)
{
    for (size_t at = raw_first_in(raw, folder); at; at = raw_behind(raw, at)) {
        const unsigned char *entry = raw->bytes + at;
        if (wim_get16(entry + ENTRY_NAME_SIZE) != units * 2)
            continue;
        size_t i = 0;
        while (i < units && wim_get16(entry + ENTRY_NAME + 2 * i) == name[i])
            i++;
        if (i == units)
            return at;
    }
    return 0;
}

HRESULT raw_find(const struct wim_raw *raw, const char *path, size_t *out)
{
    AUTO_FREE char16_t *name = NULL;
    TRY(text_to_utf16(path, &name));
    size_t at = raw->root;
    for (const char16_t *from = name; *from;) {
        size_t units = 0;
        while (from[units] && from[units] != '/')
            units++;
        if (units && !(at = find_in(raw, at, from, units)))
            return S_FALSE;
        from += units + (from[units] == '/');
    }
    *out = at;
    return S_OK;
}

HRESULT wim_raw_look(const struct wim_raw *raw, const char *path, struct wim_entry *out)
{
    size_t at;
    *out = (struct wim_entry){0};
    HRESULT hr = raw_find(raw, path, &at);
    if (hr == S_OK)
        raw_describe(raw, at, out);
    return SUCCEEDED(hr) ? S_OK : hr;
}

struct walk {
    const struct wim_raw *raw;
    HRESULT (*each)(void *context, const char *path, const struct wim_entry *entry);
    void *context;
    struct text path;
};

static void walk_clear(struct walk *walk)
{
    text_clear(&walk->path);
}

static HRESULT add_name(struct walk *walk, const unsigned char *entry)
{
    AUTO_FREE char *name = NULL;
    TRY(raw_utf8(entry + ENTRY_NAME, wim_get16(entry + ENTRY_NAME_SIZE), &name));
    if (walk->path.len)
        text_add(&walk->path, "/");
    text_add(&walk->path, name);
    return walk->path.failed ? FAIL_MEMORY() : S_OK;
}

static HRESULT walk_folder(struct walk *walk, size_t folder)
{
    const struct wim_raw *raw = walk->raw;
    for (size_t at = raw_first_in(raw, folder); at; at = raw_behind(raw, at)) {
        size_t was = walk->path.len;
        bool is_inner = is_folder(raw->bytes + at);
        struct wim_entry entry;
        if (!is_inner && raw_names(raw, at) < 2)
            continue;
        TRY(add_name(walk, raw->bytes + at));
        raw_describe(raw, at, &entry);
        TRY(is_inner ? walk_folder(walk, at) : walk->each(walk->context, walk->path.ptr, &entry));
        walk->path.len = was;
        walk->path.ptr[was] = '\0';
    }
    return S_OK;
}

HRESULT wim_raw_each_linked(const struct wim_raw *raw,
                            HRESULT (*each)(void *context, const char *path,
                                            const struct wim_entry *entry),
                            void *context)
{
    struct walk walk AUTO(walk_clear) = {.raw = raw, .each = each, .context = context};
    return walk_folder(&walk, raw->root);
}
