/* SPDX-License-Identifier: MIT */
/* appx_manifest.c - see appx_manifest.h. */
#include "appx_manifest.h"

#include <stdlib.h>
#include <string.h>

#include "dism_codes.h"
#include "error.h"
#include "identity.h"
#include "text.h"
#include "xml.h"

#define BLOCK 65536

static void free_texts(char **texts, size_t count)
{
    for (size_t i = 0; i < count; i++)
        mem_free(texts[i]);
    mem_free(texts);
}

void appx_manifest_free(struct appx_manifest *m)
{
    appx_name_clear(&m->name);
    for (size_t i = 0; i < m->dependencies.len; i++)
        mem_free(m->dependencies.ptr[i].name);
    vec_clear(&m->dependencies);
    for (size_t i = 0; i < m->parts.len; i++) {
        mem_free(m->parts.ptr[i].file);
        mem_free(m->parts.ptr[i].architecture);
        free_texts(m->parts.ptr[i].languages.ptr, m->parts.ptr[i].languages.len);
    }
    vec_clear(&m->parts);
    mem_free(m);
}

/* ---- manifests ---- */

struct reading {
    struct appx_manifest *manifest;
    char section[40];       /* the element below the root */
    struct text flag;       /* text of an element of Properties */
    struct appx_part *part; /* of a bundle, being read */
};

static HRESULT invalid(const char *what)
{
    return FAIL(APPX_PACKAGE_INVALID_MANIFEST, "%s", what);
}

static HRESULT need(const struct xml_element *e, const char *name, const char **out)
{
    *out = xml_attribute(e, name);
    return *out ? S_OK
                : FAIL(APPX_PACKAGE_INVALID_MANIFEST, "<%s> has no attribute %s", e->name, name);
}

static const char *attribute_or(const struct xml_element *e, const char *name, const char *other)
{
    const char *value = xml_attribute(e, name);
    return value ? value : other;
}

static bool is_true(const char *text)
{
    return text_equal_nocase(text, "true") || text_equal(text, "1");
}

static HRESULT read_identity(struct reading *r, const struct xml_element *e)
{
    struct appx_manifest *m = r->manifest;
    const char *name, *publisher, *version;
    uint64_t number;
    TRY(need(e, "Name", &name));
    TRY(need(e, "Publisher", &publisher));
    TRY(need(e, "Version", &version));
    if (!*version || !version_parse(version, &number))
        return FAIL(APPX_PACKAGE_INVALID_MANIFEST, "'%s' is no version", version);
    HRESULT hr = appx_name_make(
        name, number,
        m->is_bundle ? "neutral" : attribute_or(e, "ProcessorArchitecture", "neutral"),
        m->is_bundle ? "~" : attribute_or(e, "ResourceId", ""), publisher, &m->name);
    return hr == E_INVALIDARG
               ? FAIL(APPX_PACKAGE_INVALID_MANIFEST, "'%s' is no name of an app", name)
               : hr;
}

static HRESULT read_dependency(struct reading *r, const struct xml_element *e)
{
    const char *name, *publisher;
    TRY(need(e, "Name", &name));
    struct appx_dependency *d = vec_push(&r->manifest->dependencies);
    if (!d || !(d->name = mem_dup(name)))
        return FAIL_MEMORY();
    TRY(need(e, "Publisher", &publisher));
    if (!version_parse(attribute_or(e, "MinVersion", "0.0.0.0"), &d->least))
        return invalid("MinVersion of a dependency is no version");
    return appx_publisher_id(publisher, d->publisher_id);
}

static HRESULT read_part(struct reading *r, const struct xml_element *e)
{
    const char *file;
    TRY(need(e, "FileName", &file));
    struct appx_part *p = r->part = vec_push(&r->manifest->parts);
    if (!p || !(p->file = mem_dup(file)) ||
        !(p->architecture = mem_dup(attribute_or(e, "Architecture", "neutral"))))
        return FAIL_MEMORY();
    for (char *c = p->file; *c; c++)
        *c = *c == '\\' ? '/' : *c;
    p->is_resource = text_equal_nocase(xml_attribute(e, "Type"), "resource");
    p->is_stub = is_true(attribute_or(e, "IsStub", ""));
    return S_OK;
}

static HRESULT read_language(struct reading *r, const struct xml_element *e)
{
    const char *language = xml_attribute(e, "Language");
    if (!language)
        return S_OK;
    char **slot = vec_push(&r->part->languages);
    return slot && (*slot = mem_dup(language)) ? S_OK : FAIL_MEMORY();
}

static HRESULT read_root(struct reading *r, const struct xml_element *e)
{
    r->manifest->is_bundle = text_equal(e->name, "Bundle");
    return r->manifest->is_bundle || text_equal(e->name, "Package")
               ? S_OK
               : FAIL(APPX_PACKAGE_INVALID_MANIFEST, "the root is <%s>", e->name);
}

static HRESULT read_section(struct reading *r, const struct xml_element *e)
{
    size_t len = strnlen(e->name, sizeof r->section - 1);
    memcpy(r->section, e->name, len);
    r->section[len] = '\0';
    return text_equal(e->name, "Identity") && !r->manifest->name.text ? read_identity(r, e) : S_OK;
}

static HRESULT on_start(void *context, const struct xml_element *e)
{
    struct reading *r = context;
    r->flag.len = 0;
    if (e->depth == 1)
        return read_root(r, e);
    if (e->depth == 2)
        return read_section(r, e);
    if (e->depth == 3 && text_equal(r->section, "Dependencies")) {
        r->manifest->is_optional |= text_equal(e->name, "MainPackageDependency");
        return text_equal(e->name, "PackageDependency") ? read_dependency(r, e) : S_OK;
    }
    if (!r->manifest->is_bundle || !text_equal(r->section, "Packages"))
        return S_OK;
    if (e->depth == 3)
        return text_equal(e->name, "Package") ? read_part(r, e) : S_OK;
    return r->part && text_equal(e->name, "Resource") ? read_language(r, e) : S_OK;
}

static HRESULT on_text(void *context, const char *text, size_t length)
{
    struct reading *r = context;
    if (text_equal(r->section, "Properties") && r->flag.len + length < 100)
        text_add_n(&r->flag, text, length);
    return r->flag.failed ? FAIL_MEMORY() : S_OK;
}

static HRESULT on_end(void *context, const char *name, unsigned depth)
{
    struct reading *r = context;
    if (depth == 3 && text_equal(r->section, "Properties")) {
        bool is_set = r->flag.ptr && r->flag.len && is_true(r->flag.ptr);
        r->manifest->is_framework |= is_set && text_equal(name, "Framework");
        r->manifest->is_resource |= is_set && text_equal(name, "ResourcePackage");
    }
    r->flag.len = 0;
    return S_OK;
}

HRESULT appx_manifest_read(const void *bytes, size_t size, const char *name,
                           struct appx_manifest **out)
{
    static const struct xml_handler handler = {on_start, on_text, on_end};
    AUTO_APPX_MANIFEST struct appx_manifest *manifest = mem_alloc(sizeof *manifest);
    struct reading r = {.manifest = manifest};
    if (!manifest)
        return FAIL_MEMORY();
    HRESULT hr = xml_read(bytes, size, name, &handler, &r);
    text_clear(&r.flag);
    if (hr == HR_WIN32(ERROR_INVALID_DATA)) {
        struct error why = *error_last();
        return FAIL(APPX_PACKAGE_INVALID_MANIFEST, "%s", why.text);
    }
    TRY(hr);
    if (!manifest->name.text)
        return FAIL(APPX_PACKAGE_INVALID_MANIFEST, "%s has no identity", name);
    *out = TAKE(manifest);
    return S_OK;
}

/* ---- block maps ---- */

void appx_block_map_free(struct appx_block_map *map)
{
    for (size_t i = 0; i < map->files.len; i++) {
        mem_free(map->files.ptr[i].file);
        vec_clear(&map->files.ptr[i].hashes);
    }
    vec_clear(&map->files);
    mem_free(map);
}

/* Four digits at a time: a SHA-256 is 43 and a sign of equality. */
static bool from_base64(const char *text, uint8_t out[SHA256_SIZE])
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    uint32_t bits = 0;
    unsigned have = 0;
    size_t done = 0;
    for (; *text && *text != '='; text++) {
        const char *digit = strchr(digits, *text);
        if (!digit)
            return false;
        bits = bits << 6 | (uint32_t)(digit - digits);
        have += 6;
        if (have < 8)
            continue;
        have -= 8;
        if (done == SHA256_SIZE)
            return false;
        out[done++] = (uint8_t)(bits >> have);
    }
    return done == SHA256_SIZE;
}

static HRESULT bad_map(const char *what, const char *value)
{
    return FAIL(APPX_PACKAGE_INVALID_BLOCK_MAP, "%s '%s'", what, value ? value : "");
}

static HRESULT map_file(struct appx_block_map *map, const struct xml_element *e)
{
    const char *file = xml_attribute(e, "Name"), *size = xml_attribute(e, "Size");
    unsigned long long bytes;
    if (!file || !size || !text_to_u64(size, &bytes))
        return bad_map("no name or size of", file);
    struct appx_mapped *m = vec_push(&map->files);
    if (!m || !(m->file = mem_dup(file)))
        return FAIL_MEMORY();
    m->size = bytes;
    for (char *c = m->file; *c; c++)
        *c = *c == '\\' ? '/' : *c;
    return S_OK;
}

static HRESULT map_block(struct appx_block_map *map, const struct xml_element *e)
{
    const char *text = xml_attribute(e, "Hash");
    uint8_t hash[SHA256_SIZE];
    if (map->files.len == 0 || !text || !from_base64(text, hash))
        return bad_map("no SHA-256 is", text);
    struct appx_mapped *m = &map->files.ptr[map->files.len - 1];
    for (size_t i = 0; i < sizeof hash; i++) {
        uint8_t *slot = vec_push(&m->hashes);
        if (!slot)
            return FAIL_MEMORY();
        *slot = hash[i];
    }
    return S_OK;
}

static HRESULT on_map(void *context, const struct xml_element *e)
{
    struct appx_block_map *map = context;
    if (e->depth == 1 && !text_equal(e->name, "BlockMap"))
        return bad_map("the root is", e->name);
    if (e->depth == 1 && !text_ends(attribute_or(e, "HashMethod", ""), "#sha256"))
        return bad_map("not known is the hash method", xml_attribute(e, "HashMethod"));
    if (e->depth == 2 && text_equal(e->name, "File"))
        return map_file(map, e);
    return e->depth == 3 && text_equal(e->name, "Block") ? map_block(map, e) : S_OK;
}

static int compare_mapped(const void *a, const void *b)
{
    return text_compare_nocase(((const struct appx_mapped *)a)->file,
                               ((const struct appx_mapped *)b)->file);
}

HRESULT appx_block_map_read(const void *bytes, size_t size, const char *name,
                            struct appx_block_map **out)
{
    static const struct xml_handler handler = {.start = on_map};
    AUTO_APPX_BLOCK_MAP struct appx_block_map *map = mem_alloc(sizeof *map);
    if (!map)
        return FAIL_MEMORY();
    HRESULT hr = xml_read(bytes, size, name, &handler, map);
    if (hr == HR_WIN32(ERROR_INVALID_DATA)) {
        struct error why = *error_last();
        return FAIL(APPX_PACKAGE_INVALID_BLOCK_MAP, "%s", why.text);
    }
    TRY(hr);
    if (map->files.len)
        qsort(map->files.ptr, map->files.len, sizeof *map->files.ptr, compare_mapped);
    *out = TAKE(map);
    return S_OK;
}

const struct appx_mapped *appx_block_map_find(const struct appx_block_map *map, const char *file)
{
    const struct appx_mapped key = {.file = (char *)file};
    return map->files.len ? bsearch(&key, map->files.ptr, map->files.len, sizeof *map->files.ptr,
                                    compare_mapped)
                          : NULL;
}

HRESULT appx_mapped_check(const struct appx_mapped *mapped, const uint8_t *bytes, size_t size)
{
    bool is_same =
        mapped->size == size && mapped->hashes.len / SHA256_SIZE == (size + BLOCK - 1) / BLOCK;
    for (size_t at = 0; is_same && at < size; at += BLOCK) {
        uint8_t hash[SHA256_SIZE];
        hash_sha256(bytes + at, size - at < BLOCK ? size - at : BLOCK, hash);
        is_same = memcmp(hash, mapped->hashes.ptr + at / BLOCK * SHA256_SIZE, SHA256_SIZE) == 0;
    }
    return is_same
               ? S_OK
               : FAIL(APPX_PACKAGE_WRONG_HASH, "%s is not what the block map says", mapped->file);
}
