/* SPDX-License-Identifier: MIT */
/* sources.c - see sources.h. */
#include "sources.h"

#include <string.h>

#include "dism_codes.h"
#include "error.h"
#include "log.h"
#include "place.h"

void sources_clear(struct sources *sources)
{
    for (size_t i = 0; i < sources->list.len; i++)
        source_free(sources->list.ptr[i]);
    vec_clear(&sources->list);
}

static const struct source *first_passed_over(const struct sources *sources)
{
    for (size_t i = 0; i < sources->list.len; i++)
        if (sources->list.ptr[i]->why)
            return sources->list.ptr[i];
    return NULL;
}

HRESULT sources_missing(const struct sources *sources, const char *what)
{
    bool has_network = sources->limits_access || sources->has_update;
    const struct source *s = first_passed_over(sources);
    return FAIL(has_network ? CBS_E_SOURCE_MISSING : CBS_E_DOWNLOAD_FAILURE,
                "%s is in none of the %zu sources%s%s%s%s%s", what, sources->list.len,
                has_network ? "" : ", and there is no network to get it from", s ? "; " : "",
                s ? s->text : "", s ? " was passed over: " : "", s ? s->why->text : "");
}

/* ---- asking one after another ---- */

/* Of the machine, not of a source. */
static bool is_everywhere(HRESULT hr)
{
    return hr == E_OUTOFMEMORY || hr == HR_WIN32(ERROR_DISK_FULL) ||
           hr == HR_WIN32(ERROR_HANDLE_DISK_FULL);
}

static HRESULT pass_over(struct source *source, HRESULT hr)
{
    if (is_everywhere(hr))
        return hr;
    log_line(LOG_WARNING, "Sources::PassOver", hr, "%s is passed over: %s", source->text,
             error_last()->text);
    if (!source->why && !(source->why = mem_alloc(sizeof *source->why)))
        return FAIL_MEMORY();
    *source->why = *error_last();
    error_clear();
    return S_FALSE;
}

/* S_FALSE: none gave it. `ask` fails where its source is in the way, S_FALSE: that has it not. */
static HRESULT ask_each(const struct sources *sources,
                        HRESULT (*ask)(struct source *source, void *context), void *context)
{
    for (size_t i = 0; i < sources->list.len; i++) {
        struct source *source = sources->list.ptr[i];
        HRESULT hr = source_open(source, sources->change);
        if (hr == S_OK)
            hr = ask(source, context);
        if (FAILED(hr))
            hr = pass_over(source, hr);
        if (hr != S_FALSE)
            return hr;
    }
    return S_FALSE;
}

/* ---- components ---- */

struct component_wish {
    const struct winimage *image;
    const struct identity *identity;
    struct source_payload payload;
};

static HRESULT ask_component(struct source *source, void *context)
{
    struct component_wish *wish = context;
    source_payload_clear(&wish->payload); /* of the one before */
    wish->payload = (struct source_payload){0};
    return source_read_component(source, wish->image, wish->identity, &wish->payload);
}

static HRESULT write_component(const struct winimage *image, struct change *change,
                               const struct source_payload *p, bool in_place)
{
    AUTO_FREE char *manifest = component_manifest_place(image, p->key);
    if (!manifest)
        return FAIL_MEMORY();
    TRY(change_write(change, manifest, p->manifest, p->manifest_size));
    for (size_t i = 0; i < p->component->files.len; i++) {
        const struct component_file *file = &p->component->files.ptr[i];
        AUTO_FREE char *here = component_file_place(image, p->key, file->name);
        if (!here)
            return FAIL_MEMORY();
        TRY(change_write(change, here, p->files[i].ptr, p->files[i].size));
        if (file->place && in_place)
            TRY(change_write(change, file->place, p->files[i].ptr, p->files[i].size));
    }
    return S_OK;
}

HRESULT sources_add_component(const struct sources *sources, struct winimage *image,
                              struct change *change, const struct identity *identity, bool in_place)
{
    struct component_wish wish = {.image = image, .identity = identity};
    HRESULT hr = ask_each(sources, ask_component, &wish);
    if (hr == S_OK)
        hr = write_component(image, change, &wish.payload, in_place);
    source_payload_clear(&wish.payload);
    return hr == S_FALSE ? sources_missing(sources, identity->name) : hr;
}

/* ---- packages ---- */

struct package_wish {
    const struct identity *identity;
    struct change *change;
    struct package_sources *out;
};

static HRESULT open_package(const char *path, const struct package_wish *wish)
{
    package_sources_clear(wish->out); /* of a source before */
    TRY(package_sources_open(path, wish->out));
    if (!identity_is_same_package(&wish->out->list.ptr[0].manifest->identity, wish->identity))
        return FAIL(HR_WIN32(ERROR_INVALID_DATA), "%s is another package than its name says", path);
    return S_OK;
}

/* As a cabinet, else out of its Windows. */
static HRESULT ask_package(struct source *source, void *context)
{
    const struct package_wish *wish = context;
    const struct identity *i = wish->identity;
    AUTO_FREE char *path = NULL;
    AUTO_FREE char *name =
        mem_format("%s~%s~%s~%s~.cab", i->name, i->token, i->architecture, i->language);
    if (!name)
        return FAIL_MEMORY();
    HRESULT hr = source_find_file(source, name, &path);
    if (hr == S_FALSE)
        hr = source_make_package(source, wish->change, i, &path);
    return hr == S_OK ? open_package(path, wish) : hr;
}

HRESULT sources_open_package(const struct sources *sources, const struct identity *package,
                             struct package_sources *out)
{
    struct package_wish wish = {package, sources->change, out};
    HRESULT hr = ask_each(sources, ask_package, &wish);
    if (hr == S_OK)
        return S_OK;
    package_sources_clear(out);
    return hr == S_FALSE ? sources_missing(sources, package->name) : hr;
}

/* ---- single files ---- */

struct file_wish {
    const struct identity *component; /* NULL: `name` is below Windows */
    const char *name;
    const uint8_t *sha256;
    uint8_t **bytes;
    size_t *size;
};

static HRESULT ask_file(struct source *source, void *context)
{
    const struct file_wish *wish = context;
    AUTO_FREE char *key = NULL, *name = NULL;
    AUTO_FREE uint8_t *data = NULL;
    uint8_t digest[SHA256_SIZE];
    HRESULT hr = source_find_component(source, wish->component, &key);
    if (hr != S_OK)
        return hr;
    if (!(name = mem_format("WinSxS/%s/%s", key, wish->name)))
        return FAIL_MEMORY();
    hr = source_read(source, name, &data, wish->size);
    if (hr != S_OK)
        return hr;
    hash_sha256(data, *wish->size, digest);
    if (memcmp(digest, wish->sha256, sizeof digest) != 0)
        return FAIL(HR_WIN32(ERROR_INVALID_DATA), "its %s is not what is wanted", name);
    *wish->bytes = TAKE(data);
    return S_OK;
}

HRESULT sources_find_file(const struct sources *sources, const struct identity *component,
                          const char *name, const uint8_t *sha256, uint8_t **bytes, size_t *size)
{
    struct file_wish wish = {component, name, sha256, bytes, size};
    return ask_each(sources, ask_file, &wish);
}

static HRESULT ask_windows_file(struct source *source, void *context)
{
    const struct file_wish *wish = context;
    return source_read(source, wish->name, wish->bytes, wish->size);
}

HRESULT sources_read_windows_file(const struct sources *sources, const char *relative,
                                  uint8_t **bytes, size_t *size)
{
    struct file_wish wish = {NULL, relative, NULL, bytes, size};
    return ask_each(sources, ask_windows_file, &wish);
}

/* ---- the policy ---- */

#define POLICY "Microsoft\\Windows\\CurrentVersion\\Policies\\Servicing"
#define NEVER 2 /* UseWindowsUpdate: "Never attempt to download payload from Windows Update" */

HRESULT sources_policy(struct winimage *image, char **places, bool *limits_access)
{
    struct hive *hive;
    uint32_t update = 0;
    *places = NULL;
    *limits_access = false;
    HRESULT hr = winimage_hive(image, HIVE_SOFTWARE, &hive);
    if (hr == HR_WIN32(ERROR_FILE_NOT_FOUND)) {
        error_clear();
        return S_OK;
    }
    TRY(hr);
    hive_key key = hive_find(hive, hive_root(hive), POLICY);
    (void)hive_number(hive, key, "UseWindowsUpdate", &update);
    *limits_access = update == NEVER;
    *places = hive_text(hive, key, "LocalSourcePath");
    return hive_trouble(hive);
}
