/* SPDX-License-Identifier: MIT */
/* package_source.c - see package_source.h. */
#include "package_source.h"

#include <string.h>

#include "dism_codes.h"
#include "error.h"
#include "os.h"
#include "path.h"
#include "text.h"
#include "xml.h"

#define MANIFEST "update.mum"
#define LARGEST_MANIFEST ((size_t)64 << 20)
#define LARGEST_INNER ((size_t)2 << 30)

static void source_clear(struct package_source *s)
{
    if (s->manifest)
        manifest_free(s->manifest);
    if (s->archive)
        archive_close(s->archive);
    mem_free(s->text);
}

void package_sources_clear(struct package_sources *sources)
{
    for (size_t i = 0; i < sources->list.len; i++)
        source_clear(&sources->list.ptr[i]);
    vec_clear(&sources->list);
}

/* Takes the archive over, also on failure. */
static HRESULT add(struct package_sources *out, struct archive *archive, const char *name)
{
    AUTO_ARCHIVE struct archive *taken = archive;
    AUTO_FREE uint8_t *bytes = NULL;
    size_t size, index = archive_find(archive, MANIFEST);
    uint64_t version;
    TRY(archive_read(archive, index, LARGEST_MANIFEST, &bytes, &size));
    struct package_source *s = vec_push(&out->list);
    if (!s)
        return FAIL_MEMORY();
    s->archive = TAKE(taken);
    s->index = index;
    TRY(manifest_read(bytes, size, name, &s->manifest));
    s->text = identity_text(&s->manifest->identity);
    if (!s->text)
        return FAIL_MEMORY();
    if (!version_parse(s->manifest->identity.version, &version))
        return FAIL(HR_WIN32(ERROR_INVALID_DATA), "%s: '%s' is no version", name,
                    s->manifest->identity.version);
    if (path_flaw(s->text) || strpbrk(s->text, "/\\"))
        return FAIL(HR_WIN32(ERROR_INVALID_DATA), "%s: '%s' is no name of a package", name,
                    s->text);
    return S_OK;
}

/* An .msu says in an answer file what is to be done with it. */
static HRESULT check_answer_files(struct archive *outer)
{
    static const struct xml_handler handler;
    for (size_t i = 0; i < archive_count(outer); i++) {
        const struct archive_entry *e = archive_entry(outer, i);
        AUTO_FREE uint8_t *bytes = NULL;
        size_t size;
        if (!path_has_extension(e->name, ".xml"))
            continue;
        TRY(archive_read(outer, i, LARGEST_MANIFEST, &bytes, &size));
        HRESULT hr = xml_read(bytes, size, e->name, &handler, NULL);
        struct error reason = *error_last();
        if (hr == HR_WIN32(ERROR_INVALID_DATA))
            return FAIL(HR_WIN32(ERROR_XML_PARSE_ERROR), "%s", reason.text);
        TRY(hr);
    }
    return S_OK;
}

/* Those of its cabinets that are packages: one with data for searching lies beside them. */
static HRESULT add_inner(struct package_sources *out, struct archive *outer)
{
    if (out->is_msu)
        TRY(check_answer_files(outer));
    for (size_t i = 0; i < archive_count(outer); i++) {
        const struct archive_entry *e = archive_entry(outer, i);
        AUTO_FREE uint8_t *bytes = NULL;
        AUTO_ARCHIVE struct archive *inner = NULL;
        size_t size;
        if (!path_has_extension(e->name, ".cab"))
            continue;
        TRY(archive_read(outer, i, LARGEST_INNER, &bytes, &size));
        TRY(archive_open_bytes(bytes, size, e->name, 0, &inner));
        if (archive_find(inner, MANIFEST) != SIZE_MAX)
            TRY(add(out, TAKE(inner), e->name));
    }
    return S_OK;
}

static HRESULT open_archive(const char *path, bool is_folder, struct archive **out)
{
    HRESULT hr = archive_open(path, 0, out);
    if (hr != HR_WIN32(ERROR_INVALID_DATA) || is_folder)
        return hr;
    struct error reason = *error_last();
    AUTO_FILE struct os_file *file = NULL;
    char magic[4] = {0};
    size_t got = 0;
    TRY(os_open(path, OS_READ, &file));
    (void)os_read_at(file, magic, sizeof magic, 0, &got);
    if (got == 4 && memcmp(magic, "MSCF", 4) == 0) /* a cabinet, but a damaged one */
        return FAIL(hr, "%s", reason.text);
    return FAIL(CBS_E_INVALID_PACKAGE, "%s", reason.text);
}

static HRESULT open_at(const char *path, struct package_sources *out)
{
    AUTO_ARCHIVE struct archive *archive = NULL;
    struct os_stat stat;
    TRY(os_stat(path, &stat));
    bool is_folder = stat.type == OS_TYPE_DIRECTORY;
    TRY(open_archive(path, is_folder, &archive));
    out->is_msu = path_has_extension(path, ".msu");
    if (archive_find(archive, MANIFEST) != SIZE_MAX)
        return add(out, TAKE(archive), path);
    if (!is_folder)
        TRY(add_inner(out, archive));
    if (out->list.len)
        return S_OK;
    return FAIL(is_folder ? E_INVALIDARG : CBS_E_INVALID_PACKAGE, "%s holds no " MANIFEST, path);
}

HRESULT package_sources_open(const char *path, struct package_sources *out)
{
    AUTO_FREE char *folder = NULL;
    *out = (struct package_sources){0};
    if (!path_has_extension(path, ".mum") || !os_is_file(path))
        return open_at(path, out);
    if (!text_equal_nocase(path_name(path), MANIFEST))
        return FAIL(E_INVALIDARG, "%s is not called " MANIFEST, path);
    TRY(path_parent(path, &folder));
    return open_at(folder, out);
}
