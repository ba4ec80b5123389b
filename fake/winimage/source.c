/* SPDX-License-Identifier: MIT */
/*
 * source.c - see source.h.
 *
 * Of an image, what has been unpacked lies in a folder at its own path, so that from there on it is
 * read as a folder is.
 */
#include "source.h"

#include <string.h>

#include "dism_codes.h"
#include "error.h"
#include "os.h"
#include "path.h"
#include "place.h"
#include "text.h"

#define MANIFESTS "WinSxS/Manifests"
#define PACKAGES "servicing/Packages"

struct source *source_new(const char *text, const char *path, unsigned index,
                          const struct source_reader *reader)
{
    struct source *source = mem_alloc(sizeof *source);
    if (!source)
        return NULL;
    *source = (struct source){
        .text = mem_dup(text), .path = mem_dup(path), .index = index, .reader = reader};
    if (source->text && source->path)
        return source;
    source_free(source);
    return NULL;
}

void source_free(struct source *source)
{
    if (source->windows)
        winimage_close(source->windows);
    if (source->image)
        source->reader->close(source->image);
    mem_free(source->folder);
    mem_free(source->why);
    mem_free(source->path);
    mem_free(source->text);
    mem_free(source);
}

/* ---- an image ---- */

struct search {
    const char *name;
    char *found;
    bool is_folder;
};

static HRESULT see_child(void *context, const char *name, bool is_folder)
{
    struct search *s = context;
    if (s->found || !text_equal_nocase(name, s->name))
        return S_OK;
    s->is_folder = is_folder;
    s->found = mem_dup(name);
    return s->found ? S_OK : FAIL_MEMORY();
}

/* As the image spells it. S_FALSE: it has no such file, or no such folder. */
static HRESULT spell(const struct source *source, const char *relative, bool wants_folder,
                     char **out)
{
    AUTO_FREE char *spelled = mem_dup("");
    if (!spelled)
        return FAIL_MEMORY();
    for (relative += strspn(relative, "/"); *relative; relative += strspn(relative, "/")) {
        size_t len = strcspn(relative, "/");
        AUTO_FREE char *name = mem_dup_n(relative, len);
        struct search search = {.name = name};
        relative += len;
        if (!name)
            return FAIL_MEMORY();
        HRESULT hr = source->reader->list(source->image, spelled, see_child, &search);
        AUTO_FREE char *found = search.found;
        TRY(hr);
        if (!found || search.is_folder != (wants_folder || relative[strspn(relative, "/")]))
            return S_FALSE;
        char *longer = mem_format("%s%s%s", spelled, *spelled ? "/" : "", found);
        if (!longer)
            return FAIL_MEMORY();
        mem_free(spelled);
        spelled = longer;
    }
    *out = TAKE(spelled);
    return S_OK;
}

static HRESULT unpack(const struct source *source, const char *spelled)
{
    AUTO_FREE char *path = NULL;
    TRY(path_join(source->folder, spelled, &path));
    return os_exists(path) ? S_OK : source->reader->unpack(source->image, spelled, source->folder);
}

/* S_FALSE: the image has no such file. A folder has what it has. */
static HRESULT need_file(const struct source *source, const char *relative)
{
    AUTO_FREE char *spelled = NULL;
    if (!source->index)
        return S_OK;
    HRESULT hr = spell(source, relative, false, &spelled);
    return hr == S_OK ? unpack(source, spelled) : hr;
}

/* ---- opening ---- */

/* The folder above is the Windows of a store that is given itself. */
static HRESULT find_windows_folder(const struct source *source, char **root, char **windows)
{
    static const char *const folders[] = {"Windows", ""};
    if (!source->index && text_equal_nocase(path_name(source->path), "WinSxS")) {
        TRY(path_parent(source->path, root));
        return path_parent(source->path, windows);
    }
    for (size_t i = 0; i < 2; i++) {
        AUTO_FREE char *below = mem_format("%s%sWinSxS", folders[i], *folders[i] ? "/" : "");
        AUTO_FREE char *store = NULL, *spelled = NULL;
        if (!below)
            return FAIL_MEMORY();
        HRESULT hr = source->index ? spell(source, below, true, &spelled)
                                   : place_find(source->folder, below, &store);
        TRY(hr);
        if (hr == S_FALSE)
            continue;
        if (source->index)
            TRY(path_join(source->folder, spelled, &store));
        *root = mem_dup(source->folder);
        return *root ? path_parent(store, windows) : FAIL_MEMORY();
    }
    return S_FALSE;
}

static HRESULT open_place(struct source *source, struct change *change)
{
    AUTO_FREE char *root = NULL, *windows = NULL;
    if (source->index) {
        TRY(source->reader->open(source->path, source->index, &source->image));
        TRY(change_scratch(change, &source->folder));
    } else if (!os_is_directory(source->path)) {
        return FAIL(HR_WIN32(ERROR_PATH_NOT_FOUND), "there is no folder %s", source->path);
    } else if (!(source->folder = mem_dup(source->path))) {
        return FAIL_MEMORY();
    }
    HRESULT hr = find_windows_folder(source, &root, &windows);
    return hr == S_OK   ? winimage_open(root, windows, false, true, &source->windows)
           : FAILED(hr) ? hr
                        : S_OK;
}

HRESULT source_open(struct source *source, struct change *change)
{
    if (source->is_unusable)
        return S_FALSE;
    if (source->is_open)
        return S_OK;
    source->is_unusable = true;
    TRY(open_place(source, change));
    source->is_unusable = false;
    source->is_open = true;
    return S_OK;
}

/* ---- files ---- */

HRESULT source_find_file(struct source *source, const char *name, char **path)
{
    HRESULT hr = need_file(source, name);
    return hr == S_OK ? place_find(source->folder, name, path) : hr;
}

static HRESULT read_place(const struct source *source, const char *place, uint8_t **bytes,
                          size_t *size)
{
    AUTO_FREE char *path = NULL;
    char *data = NULL;
    HRESULT hr = need_file(source, place);
    if (hr == S_OK)
        hr = place_find(source->windows->root, place, &path);
    if (hr != S_OK)
        return hr;
    TRY(os_read_file(path, &data, size));
    *bytes = (uint8_t *)data;
    return S_OK;
}

HRESULT source_read(struct source *source, const char *relative, uint8_t **bytes, size_t *size)
{
    if (!source->windows)
        return S_FALSE;
    AUTO_FREE char *place = winimage_below_windows(source->windows, relative);
    return place ? read_place(source, place, bytes, size) : FAIL_MEMORY();
}

/* Of a folder below the Windows folder; none is empty. */
static HRESULT each_file(const struct source *source, const char *relative,
                         HRESULT (*each)(void *context, const char *name, bool is_folder),
                         void *context)
{
    AUTO_FREE char *place = winimage_below_windows(source->windows, relative), *folder = NULL;
    AUTO_NAMES struct os_names names = {0};
    if (!place)
        return FAIL_MEMORY();
    HRESULT hr = source->index ? spell(source, place, true, &folder)
                               : place_find(source->windows->root, place, &folder);
    if (hr != S_OK)
        return FAILED(hr) ? hr : S_OK;
    if (source->index)
        return source->reader->list(source->image, folder, each, context);
    TRY(os_list(folder, &names));
    for (size_t i = 0; i < names.len; i++)
        TRY(each(context, names.ptr[i], false));
    return S_OK;
}

/* ---- components ---- */

struct manifests {
    const struct source *source;
    const struct identity *identity;
    VEC(char *) names;
};

static void manifests_clear(struct manifests *m)
{
    for (size_t i = 0; i < m->names.len; i++)
        mem_free(m->names.ptr[i]);
    vec_clear(&m->names);
}

static HRESULT see_manifest(void *context, const char *name, bool is_folder)
{
    struct manifests *m = context;
    bool may_be;
    TRY(component_may_be(name, m->identity, &may_be));
    if (!may_be || is_folder)
        return S_OK;
    char **slot = vec_push(&m->names);
    if (!slot || !(*slot = mem_format(MANIFESTS "/%s", name)))
        return FAIL_MEMORY();
    return S_OK;
}

/* Unpacks the manifests that may be the component's. */
static HRESULT need_manifests(struct source *source, const struct identity *identity)
{
    struct manifests m AUTO(manifests_clear) = {.source = source, .identity = identity};
    TRY(each_file(source, MANIFESTS, see_manifest, &m));
    for (size_t i = 0; i < m.names.len; i++) {
        AUTO_FREE char *place = winimage_below_windows(source->windows, m.names.ptr[i]);
        if (!place)
            return FAIL_MEMORY();
        TRY(need_file(source, place));
    }
    winimage_forget(source->windows); /* the store has more names than before */
    return S_OK;
}

HRESULT source_find_component(struct source *source, const struct identity *component, char **key)
{
    if (!source->windows)
        return S_FALSE;
    if (source->index)
        TRY(need_manifests(source, component));
    return component_find(source->windows, component, key, NULL);
}

void source_payload_clear(struct source_payload *p)
{
    for (size_t i = 0; p->files && i < p->component->files.len; i++)
        mem_free(p->files[i].ptr);
    mem_free(p->files);
    if (p->component)
        component_free(p->component);
    mem_free(p->manifest);
    mem_free(p->key);
}

static HRESULT read_payload(struct source *source, const char *key,
                            const struct component_file *file, struct source_bytes *out)
{
    AUTO_FREE char *place = component_file_place(source->windows, key, file->name);
    uint8_t digest[SHA256_SIZE];
    if (!place)
        return FAIL_MEMORY();
    HRESULT hr = read_place(source, place, &out->ptr, &out->size);
    TRY(hr);
    if (hr == S_FALSE)
        return FAIL(HR_WIN32(ERROR_FILE_NOT_FOUND), "it lacks %s", place);
    hash_sha256(out->ptr, out->size, digest);
    if (file->has_hash && memcmp(digest, file->sha256, sizeof digest) != 0)
        return FAIL(HR_WIN32(ERROR_INVALID_DATA), "its %s is not what its manifest says", place);
    return S_OK;
}

HRESULT source_read_component(struct source *source, const struct winimage *of,
                              const struct identity *identity, struct source_payload *out)
{
    HRESULT hr = source_find_component(source, identity, &out->key);
    if (hr != S_OK)
        return hr;
    AUTO_FREE char *place = component_manifest_place(source->windows, out->key);
    if (!place)
        return FAIL_MEMORY();
    hr = read_place(source, place, &out->manifest, &out->manifest_size);
    if (hr != S_OK)
        return hr;
    TRY(component_read(of, out->manifest, out->manifest_size, place, &out->component));
    size_t count = out->component->files.len;
    if (!(out->files = mem_array(count + 1, sizeof *out->files)))
        return FAIL_MEMORY();
    for (size_t i = 0; i < count; i++)
        TRY(read_payload(source, out->key, &out->component->files.ptr[i], &out->files[i]));
    return S_OK;
}

/* ---- packages ---- */

struct versions {
    const struct identity *wanted;
    char *best;
    uint64_t version; /* of the best; UINT64_MAX: it is the one that is wanted */
};

static HRESULT see_package(void *context, const char *name, bool is_folder)
{
    static const char extension[] = ".mum";
    struct versions *v = context;
    struct identity identity AUTO(identity_clear) = {0};
    uint64_t version = 0;
    if (is_folder || !text_ends_nocase(name, extension))
        return S_OK;
    AUTO_FREE char *text = mem_dup_n(name, strlen(name) - strlen(extension));
    if (!text)
        return FAIL_MEMORY();
    HRESULT hr = identity_parse(text, &identity);
    if (hr == E_INVALIDARG) { /* no name of a package */
        error_clear();
        return S_OK;
    }
    TRY(hr);
    if (!identity_is_same_package(&identity, v->wanted))
        return S_OK;
    if (identity_equal(&identity, v->wanted))
        version = UINT64_MAX;
    else
        (void)version_parse(identity.version, &version);
    if (v->best && version <= v->version)
        return S_OK;
    mem_free(v->best);
    v->best = TAKE(text);
    v->version = version;
    return S_OK;
}

HRESULT source_find_package(struct source *source, const struct identity *package, char **text)
{
    struct versions v = {.wanted = package};
    if (!source->windows)
        return S_FALSE;
    HRESULT hr = each_file(source, PACKAGES, see_package, &v);
    *text = v.best;
    if (FAILED(hr))
        mem_free(TAKE(*text));
    return FAILED(hr) ? hr : v.best ? S_OK : S_FALSE;
}
