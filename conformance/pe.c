/* SPDX-License-Identifier: MIT */
/*
 * pe.c - a small reader of the PE format (Microsoft's "PE Format" and "VS_VERSIONINFO" pages): the
 * tables it needs and nothing more. Every read is checked against the file's size, every list
 * against a limit, so that any bytes at all give an answer.
 */
#include "pe.h"

enum { MOST_SECTIONS = 96, MOST_NAMES = 20000, LONGEST_NAME = 512, TYPE_VERSION = 16 };
enum { DIRECTORY_EXPORTS = 0, DIRECTORY_RESOURCES = 2 };

struct pe {
    const unsigned char *bytes;
    size_t size;
    size_t sections; /* offset of their table */
    unsigned section_count;
    size_t directories; /* offset; count of entries */
    uint32_t directory_count;
};

/* ---- numbers at an offset; 0 beyond the end, after which a check fails anyway ---- */

static bool is_inside(const struct pe *pe, uint64_t at, uint64_t size)
{
    return at <= pe->size && size <= pe->size - at;
}

static uint32_t u16_at(const struct pe *pe, uint64_t at)
{
    return is_inside(pe, at, 2) ? (uint32_t)(pe->bytes[at] | pe->bytes[at + 1] << 8) : 0;
}

static uint32_t u32_at(const struct pe *pe, uint64_t at)
{
    return u16_at(pe, at) | u16_at(pe, at + 2) << 16;
}

static HRESULT damaged(const char *what)
{
    return FAIL(E_INVALIDARG, "the library file is damaged: %s leads out of it", what);
}

/* The offset of an address in memory, with `size` bytes behind it. */
static HRESULT offset_of(const struct pe *pe, uint32_t address, uint32_t size, const char *what,
                         uint64_t *out)
{
    for (unsigned i = 0; i < pe->section_count; i++) {
        uint64_t at = pe->sections + 40u * i;
        uint32_t start = u32_at(pe, at + 12), length = u32_at(pe, at + 16);
        if (address < start || address - start >= length || size > length - (address - start))
            continue;
        *out = (uint64_t)u32_at(pe, at + 20) + (address - start);
        return is_inside(pe, *out, size) ? S_OK : damaged(what);
    }
    return damaged(what);
}

/* ---- headers ---- */

static const char *machine_name(uint32_t machine)
{
    return machine == 0x8664   ? "x64"
           : machine == 0x14c  ? "x86"
           : machine == 0xaa64 ? "arm64"
                               : "unknown";
}

static HRESULT read_headers(struct pe *pe, const char **machine)
{
    enum { PE32 = 0x10b, PE32_PLUS = 0x20b, COFF = 24 };
    uint64_t header = u32_at(pe, 0x3c);
    if (!is_inside(pe, 0, 64) || u16_at(pe, 0) != 0x5a4d || !is_inside(pe, header, COFF) ||
        u32_at(pe, header) != 0x4550)
        return S_FALSE;
    uint64_t optional = header + COFF, sections = optional + u16_at(pe, header + 20);
    uint32_t magic = u16_at(pe, optional);
    *machine = machine_name(u16_at(pe, header + 4));
    if (magic != PE32 && magic != PE32_PLUS)
        return S_FALSE;
    pe->directories = (size_t)optional + (magic == PE32 ? 96 : 112);
    pe->directory_count = u32_at(pe, pe->directories - 4);
    pe->section_count = u16_at(pe, header + 6);
    pe->sections = (size_t)sections;
    if (pe->section_count > MOST_SECTIONS || !is_inside(pe, sections, 40u * pe->section_count))
        return damaged("the table of sections");
    if (pe->directory_count > 16 || pe->directories + 8u * pe->directory_count > sections)
        return damaged("the table of directories");
    return S_OK;
}

/* S_FALSE: the file has none. */
static HRESULT find_directory(const struct pe *pe, uint32_t index, const char *what, uint64_t *at,
                              uint32_t *size)
{
    if (index >= pe->directory_count || u32_at(pe, pe->directories + 8u * index) == 0)
        return S_FALSE;
    *size = u32_at(pe, pe->directories + 8u * index + 4);
    return offset_of(pe, u32_at(pe, pe->directories + 8u * index), *size, what, at);
}

/* ---- exports ---- */

static HRESULT read_name(const struct pe *pe, uint32_t address, char *name)
{
    uint64_t at;
    TRY(offset_of(pe, address, 1, "the name of an export", &at));
    for (size_t i = 0; i < LONGEST_NAME && is_inside(pe, at + i, 1); i++) {
        name[i] = (char)pe->bytes[at + i];
        if ((unsigned char)name[i] >= 0x7f) /* names of C and C++ are ASCII */
            name[i] = '?';
        if (!name[i])
            return S_OK;
    }
    return damaged("the name of an export");
}

static HRESULT read_exports(const struct pe *pe, struct json *names)
{
    uint64_t table = 0, list = 0;
    uint32_t size = 0;
    HRESULT hr = find_directory(pe, DIRECTORY_EXPORTS, "the table of exports", &table, &size);
    if (hr != S_OK)
        return FAILED(hr) ? hr : S_OK;
    uint32_t count = u32_at(pe, table + 24);
    if (size < 40 || count > MOST_NAMES)
        return damaged("the table of exports");
    if (count == 0)
        return S_OK;
    TRY(offset_of(pe, u32_at(pe, table + 32), 4 * count, "the list of exports", &list));
    for (uint32_t i = 0; i < count; i++) {
        char name[LONGEST_NAME];
        TRY(read_name(pe, u32_at(pe, list + 4u * i), name));
        json_push(names, json_new_string(name));
    }
    return S_OK;
}

/* ---- the version resource ---- */

/* Of a folder of resources (offset from the root), the entry with that number, or the first one.
 * S_FALSE: none. */
static HRESULT find_entry(const struct pe *pe, uint64_t root, uint32_t folder, int wanted,
                          uint32_t *out)
{
    uint64_t at = root + folder;
    uint32_t count = u16_at(pe, at + 12) + u16_at(pe, at + 14);
    if (!is_inside(pe, at, 16 + 8ull * count))
        return damaged("a folder of resources");
    for (uint32_t i = 0; i < count; i++) {
        uint32_t id = u32_at(pe, at + 16 + 8ull * i);
        *out = u32_at(pe, at + 20 + 8ull * i);
        if (wanted < 0 || id == (uint32_t)wanted)
            return S_OK;
    }
    return S_FALSE;
}

static HRESULT find_version(const struct pe *pe, uint64_t *at, uint32_t *size)
{
    enum { IS_FOLDER = (int)0x80000000u };
    uint64_t root = 0;
    uint32_t entry = IS_FOLDER, length = 0;
    HRESULT hr = find_directory(pe, DIRECTORY_RESOURCES, "the table of resources", &root, &length);
    for (int level = 0; level < 3 && hr == S_OK; level++) { /* type, name, language */
        if (!(entry & (uint32_t)IS_FOLDER))
            return S_FALSE;
        hr = find_entry(pe, root, entry & 0x7fffffff, level == 0 ? TYPE_VERSION : -1, &entry);
    }
    if (hr != S_OK || (entry & (uint32_t)IS_FOLDER))
        return FAILED(hr) ? hr : S_FALSE;
    if (!is_inside(pe, root + entry, 16))
        return damaged("a resource");
    *size = u32_at(pe, root + entry + 4);
    return offset_of(pe, u32_at(pe, root + entry), *size, "the version resource", at);
}

/* A node of the version resource: length, length of its value, kind, key in UTF-16, value,
 * children, each part on a multiple of 4 from the resource's start. */
struct node {
    uint64_t end, value, children;
    uint32_t value_size; /* in bytes, or in units for a text */
    char key[64];
};

static bool read_node(const struct pe *pe, uint64_t base, uint64_t at, uint64_t end,
                      struct node *node)
{
    uint32_t length = u16_at(pe, at);
    if (length < 8 || at + length > end)
        return false;
    *node = (struct node){.end = at + length, .value_size = u16_at(pe, at + 2)};
    bool is_text = u16_at(pe, at + 4) == 1;
    uint64_t c = at + 6;
    for (size_t i = 0; c + 2 <= node->end; i++, c += 2) {
        uint32_t unit = u16_at(pe, c);
        if (i + 1 < sizeof node->key)
            node->key[i] = unit < 0x7f ? (char)unit : '?';
        if (!unit)
            break;
    }
    node->value = base + ((c + 2 - base + 3) & ~3ull);
    node->children = node->value + (uint64_t)node->value_size * (is_text ? 2 : 1);
    node->children = base + ((node->children - base + 3) & ~3ull);
    return node->value <= node->end + 3;
}

static char *node_text(const struct pe *pe, const struct node *node)
{
    char16_t units[LONGEST_NAME];
    size_t len = 0;
    for (uint64_t at = node->value; at + 2 <= node->end && len < LONGEST_NAME; at += 2) {
        if (!u16_at(pe, at))
            break;
        units[len++] = (char16_t)u16_at(pe, at);
    }
    char *text = NULL;
    if (FAILED(text_from_utf16_n(units, len, &text)))
        die("%s", error_last()->text);
    return text;
}

static void add_number(const struct pe *pe, uint64_t at, const char *key, struct json *version)
{
    uint32_t high = u32_at(pe, at), low = u32_at(pe, at + 4);
    json_put_text(version, key,
                  format("%u.%u.%u.%u", high >> 16, high & 0xffff, low >> 16, low & 0xffff));
}

/* VS_VERSION_INFO -> StringFileInfo -> a table for each language, of which the first counts ->
 * texts. */
static void read_strings(const struct pe *pe, uint64_t base, const struct node *root,
                         struct json *version)
{
    static const char *const wanted[] = {"CompanyName", "ProductName", "FileDescription",
                                         "FileVersion", "OriginalFilename"};
    struct node info, table, text;
    for (uint64_t at = root->children; read_node(pe, base, at, root->end, &info);
         at = base + ((info.end - base + 3) & ~3ull)) {
        if (!text_equal(info.key, "StringFileInfo") ||
            !read_node(pe, base, info.children, info.end, &table))
            continue;
        for (uint64_t t = table.children; read_node(pe, base, t, table.end, &text);
             t = base + ((text.end - base + 3) & ~3ull)) {
            for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++) {
                if (text_equal(text.key, wanted[i]))
                    json_put_text(version, wanted[i], node_text(pe, &text));
            }
        }
    }
}

static HRESULT read_version(const struct pe *pe, struct json **out)
{
    uint64_t at = 0;
    uint32_t size = 0;
    struct node root;
    HRESULT hr = find_version(pe, &at, &size);
    if (hr != S_OK)
        return FAILED(hr) ? hr : S_OK;
    if (!read_node(pe, at, at, at + size, &root) || !text_equal(root.key, "VS_VERSION_INFO") ||
        root.value_size < 52 || root.value + 52 > root.end || u32_at(pe, root.value) != 0xfeef04bdu)
        return damaged("the version resource");
    *out = json_hold(json_new_object());
    add_number(pe, root.value + 8, "file", *out);
    add_number(pe, root.value + 16, "product", *out);
    read_strings(pe, at, &root, *out);
    return S_OK;
}

HRESULT pe_describe(const void *bytes, size_t size, struct json **out)
{
    struct pe pe = {.bytes = bytes, .size = size};
    const char *machine = NULL;
    HRESULT hr = read_headers(&pe, &machine);
    if (hr != S_OK)
        return hr;
    AUTO_JSON struct json *about = json_hold(json_new_object());
    struct json *names = json_hold(json_new_array()), *version = NULL;
    json_set_string(about, "machine", machine);
    json_set(about, "exports", names);
    TRY(read_exports(&pe, names));
    TRY(read_version(&pe, &version));
    if (version)
        json_set(about, "version", version);
    *out = TAKE(about);
    return S_OK;
}
