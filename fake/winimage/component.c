/* SPDX-License-Identifier: MIT */
/* component.c - see component.h. */
#include "component.h"

#include <stdlib.h>
#include <string.h>

#include "dism_codes.h"
#include "error.h"
#include "os.h"
#include "place.h"
#include "text.h"
#include "xml.h"

#define MANIFEST ".manifest"

void component_free(struct component *component)
{
    identity_clear(&component->identity);
    for (size_t i = 0; i < component->files.len; i++) {
        mem_free(component->files.ptr[i].name);
        mem_free(component->files.ptr[i].place);
    }
    vec_clear(&component->files);
    mem_free(component);
}

/* ---- the manifest ---- */

struct reading {
    const struct winimage *image;
    struct component *component;
    bool is_digest; /* inside DigestValue */
    struct text digest;
};

/* What manifests call the folders of a Windows. */
static HRESULT place_of(const struct winimage *image, const char *destination, const char *name,
                        char **out)
{
    static const struct {
        const char *variable, *folder;
        bool is_below_windows;
    } folders[] = {{"$(runtime.system32)", "System32", true},
                   {"$(runtime.drivers)", "System32/drivers", true},
                   {"$(runtime.windows)", "", true},
                   {"$(runtime.programFiles)", "Program Files", false},
                   {"$(runtime.programData)", "ProgramData", false},
                   {"$(runtime.bootDrive)", "", false}};
    *out = NULL;
    for (size_t i = 0; destination && i < sizeof folders / sizeof *folders; i++) {
        size_t len = strlen(folders[i].variable);
        AUTO_FREE char *start = mem_dup_n(destination, strnlen(destination, len));
        if (!start)
            return FAIL_MEMORY();
        if (!text_equal_nocase(start, folders[i].variable))
            continue;
        AUTO_FREE char *folder = folders[i].is_below_windows
                                     ? winimage_below_windows(image, folders[i].folder)
                                     : mem_dup(folders[i].folder);
        struct text path = {0};
        if (!folder)
            return FAIL_MEMORY();
        text_addf(&path, "%s/%s/%s", folder, destination + len, name);
        char *whole = text_take(&path);
        if (!whole)
            return FAIL_MEMORY();
        char *to = whole; /* one separator between names */
        for (const char *c = whole; *c; c++) {
            char one = *c == '\\' ? '/' : *c;
            if (one != '/' || (to > whole && to[-1] != '/'))
                *to++ = one;
        }
        *to = '\0';
        *out = whole;
        return S_OK;
    }
    return S_OK;
}

static HRESULT on_start(void *context, const struct xml_element *e)
{
    struct reading *r = context;
    struct component *c = r->component;
    r->is_digest = text_equal_nocase(e->name, "DigestValue");
    if (e->depth == 1 && !text_equal_nocase(e->name, "assembly"))
        return FAIL(HR_WIN32(ERROR_INVALID_DATA), "the root is <%s>, not <assembly>", e->name);
    if (e->depth != 2)
        return S_OK;
    if (text_equal_nocase(e->name, "assemblyIdentity") && !c->identity.name)
        return identity_make(xml_attribute(e, "name"), xml_attribute(e, "publicKeyToken"),
                             xml_attribute(e, "processorArchitecture"),
                             xml_attribute(e, "language"), xml_attribute(e, "version"),
                             &c->identity);
    if (!text_equal_nocase(e->name, "file") || !xml_attribute(e, "name"))
        return S_OK;
    const char *name = xml_attribute(e, "name");
    if (strpbrk(name, "/\\:") || strstr(name, ".."))
        return FAIL(HR_WIN32(ERROR_INVALID_DATA), "'%s' is no name of a file", name);
    struct component_file *file = vec_push(&c->files);
    if (!file || !(file->name = mem_dup(name)))
        return FAIL_MEMORY();
    return place_of(r->image, xml_attribute(e, "destinationPath"), name, &file->place);
}

static HRESULT on_text(void *context, const char *text, size_t length)
{
    struct reading *r = context;
    if (r->is_digest)
        text_add_n(&r->digest, text, length);
    return S_OK;
}

static bool from_base64(const char *text, uint8_t *out, size_t size)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    uint32_t bits = 0;
    unsigned have = 0;
    size_t done = 0;
    for (; *text && *text != '='; text++) {
        const char *digit = strchr(digits, *text);
        if (!digit)
            continue; /* white space */
        bits = bits << 6 | (uint32_t)(digit - digits);
        have += 6;
        if (have < 8)
            continue;
        have -= 8;
        if (done == size)
            return false;
        out[done++] = (uint8_t)(bits >> have);
    }
    return done == size;
}

static HRESULT on_end(void *context, const char *name, unsigned depth)
{
    struct reading *r = context;
    struct component *c = r->component;
    (void)depth;
    if (!text_equal_nocase(name, "DigestValue"))
        return S_OK;
    AUTO_FREE char *digest = text_take(&r->digest);
    if (!digest)
        return FAIL_MEMORY();
    r->is_digest = false;
    if (c->files.len) {
        struct component_file *file = &c->files.ptr[c->files.len - 1];
        file->has_hash = from_base64(digest, file->sha256, sizeof file->sha256);
    }
    return S_OK;
}

HRESULT component_read(const struct winimage *image, const void *bytes, size_t size,
                       const char *name, struct component **out)
{
    static const struct xml_handler handler = {on_start, on_text, on_end};
    AUTO_COMPONENT struct component *component = mem_alloc(sizeof *component);
    if (!component)
        return FAIL_MEMORY();
    struct reading r = {.image = image, .component = component};
    HRESULT hr = xml_read(bytes, size, name, &handler, &r);
    text_clear(&r.digest);
    TRY(hr);
    if (!component->identity.name || !*component->identity.name)
        return FAIL(HR_WIN32(ERROR_INVALID_DATA), "%s is no manifest of a component", name);
    *out = TAKE(component);
    return S_OK;
}

/* ---- the store ---- */

static void store_free(void *ptr)
{
    struct component_store *store = ptr;
    for (size_t i = 0; i < store->keys.len; i++)
        mem_free(store->keys.ptr[i]);
    vec_clear(&store->keys);
    mem_free(store);
}

static int compare(const void *a, const void *b)
{
    char *const *left = a, *const *right = b;
    return text_compare_nocase(*left, *right);
}

static HRESULT read_store(const struct winimage *image, struct component_store *store)
{
    AUTO_FREE char *path = NULL;
    AUTO_NAMES struct os_names names = {0};
    HRESULT hr = winimage_find(image, "WinSxS/Manifests", &path);
    TRY(hr);
    if (hr == S_FALSE)
        return S_OK;
    TRY(os_list(path, &names));
    for (size_t i = 0; i < names.len; i++) {
        if (!text_ends_nocase(names.ptr[i], MANIFEST))
            continue;
        char **slot = vec_push(&store->keys);
        if (!slot || !(*slot = mem_dup_n(names.ptr[i], strlen(names.ptr[i]) - strlen(MANIFEST))))
            return FAIL_MEMORY();
        store->has_cut_names = store->has_cut_names || strstr(*slot, "..");
    }
    if (store->keys.len)
        qsort(store->keys.ptr, store->keys.len, sizeof *store->keys.ptr, compare);
    return S_OK;
}

HRESULT component_store_of(struct winimage *image, const struct component_store **out)
{
    struct component_store *store = winimage_part(image, PART_STORE);
    if (!store) {
        store = mem_alloc(sizeof *store);
        if (!store)
            return FAIL_MEMORY();
        HRESULT hr = read_store(image, store);
        if (FAILED(hr)) {
            store_free(store);
            return hr;
        }
        winimage_keep(image, PART_STORE, store, store_free);
    }
    *out = store;
    return S_OK;
}

char *component_manifest_place(const struct winimage *image, const char *key)
{
    AUTO_FREE char *name = mem_format("WinSxS/Manifests/%s" MANIFEST, key);
    return name ? winimage_below_windows(image, name) : NULL;
}

char *component_file_place(const struct winimage *image, const char *key, const char *name)
{
    AUTO_FREE char *path = mem_format("WinSxS/%s/%s", key, name);
    return path ? winimage_below_windows(image, path) : NULL;
}

HRESULT component_read_key(struct winimage *image, const char *key, struct component **out)
{
    AUTO_FREE char *place = component_manifest_place(image, key), *path = NULL, *bytes = NULL;
    size_t size;
    if (!place)
        return FAIL_MEMORY();
    HRESULT hr = place_find(image->root, place, &path);
    TRY(hr);
    if (hr == S_FALSE)
        return FAIL(HR_WIN32(ERROR_FILE_NOT_FOUND), "the store has no manifest %s", key);
    TRY(os_read_file(path, &bytes, &size));
    return component_read(image, bytes, size, path, out);
}

/* Is it in the store under that key? */
static HRESULT is_key_of(struct winimage *image, const char *key, const struct identity *identity,
                         struct component **out)
{
    AUTO_COMPONENT struct component *component = NULL;
    TRY(component_read_key(image, key, &component));
    if (!identity_equal(&component->identity, identity))
        return S_FALSE;
    if (out)
        *out = TAKE(component);
    return S_OK;
}

static bool starts_nocase(const char *text, const char *prefix)
{
    for (; *prefix; text++, prefix++)
        if (text_upper((unsigned char)*text) != text_upper((unsigned char)*prefix))
            return false;
    return true;
}

/* The first key that is not before the prefix. */
static size_t lower_bound(const struct component_store *store, const char *prefix)
{
    size_t low = 0, high = store->keys.len;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (text_compare_nocase(store->keys.ptr[middle], prefix) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* What stands in keys behind the name; caller's, NULL without memory. */
static char *key_tail(const struct identity *identity)
{
    return mem_format("_%s_%s_%s_", identity->token, identity->version,
                      *identity->language ? identity->language : "none");
}

/* Names of more than 40 characters are cut in the middle: "microsoft-windo..s-something". */
static bool may_be_cut(const char *key, const struct identity *identity, const char *tail)
{
    size_t len = strlen(key), tail_len = strlen(tail), arch = strlen(identity->architecture);
    const char *hash = strrchr(key, '_');
    return strstr(key, "..") && hash && len > tail_len + arch &&
           starts_nocase(key, identity->architecture) && key[arch] == '_' &&
           (size_t)(hash + 1 - key) >= tail_len && starts_nocase(hash + 1 - tail_len, tail);
}

HRESULT component_may_be(const char *name, const struct identity *identity, bool *out)
{
    AUTO_FREE char *tail = key_tail(identity), *start = NULL;
    if (!tail || !(start = mem_format("%s_%s%s", identity->architecture, identity->name, tail)))
        return FAIL_MEMORY();
    *out = text_ends_nocase(name, MANIFEST) &&
           (starts_nocase(name, start) || may_be_cut(name, identity, tail));
    return S_OK;
}

static HRESULT find_among(struct winimage *image, const struct component_store *store,
                          const struct identity *identity, const char *tail, char **key,
                          struct component **out)
{
    AUTO_FREE char *prefix = mem_format("%s_%s%s", identity->architecture, identity->name, tail);
    if (!prefix)
        return FAIL_MEMORY();
    size_t first = lower_bound(store, prefix);
    for (size_t i = 0; i < store->keys.len; i++) {
        size_t at = (first + i) % store->keys.len;
        const char *name = store->keys.ptr[at];
        if (!starts_nocase(name, prefix) &&
            (!store->has_cut_names || !may_be_cut(name, identity, tail))) {
            if (!store->has_cut_names)
                break; /* sorted: nothing else can be it */
            continue;
        }
        HRESULT hr = is_key_of(image, name, identity, out);
        if (hr == S_FALSE)
            continue;
        TRY(hr);
        *key = mem_dup(name);
        return *key ? S_OK : FAIL_MEMORY();
    }
    return S_FALSE;
}

HRESULT component_find(struct winimage *image, const struct identity *identity, char **key,
                       struct component **out)
{
    const struct component_store *store;
    AUTO_FREE char *tail = key_tail(identity);
    if (!tail)
        return FAIL_MEMORY();
    TRY(component_store_of(image, &store));
    return find_among(image, store, identity, tail, key, out);
}

/* ---- other versions ---- */

/* ARCH_NAME_TOKEN_VERSION_LANGUAGE_HASH, taken apart in place. A name may have '_' in it. */
struct key_parts {
    char *copy;
    const char *architecture, *name, *token, *version, *language; /* NULL: no key of that form */
};

static HRESULT take_apart(const char *key, struct key_parts *out)
{
    *out = (struct key_parts){.copy = mem_dup(key)};
    if (!out->copy)
        return FAIL_MEMORY();
    const char *from_behind[4]; /* hash, language, version, token */
    for (size_t i = 0; i < 4; i++) {
        char *last = strrchr(out->copy, '_');
        if (!last)
            return S_OK;
        *last = '\0';
        from_behind[i] = last + 1;
    }
    char *first = strchr(out->copy, '_');
    if (!first)
        return S_OK;
    *first = '\0';
    out->architecture = out->copy;
    out->name = first + 1;
    out->token = from_behind[3];
    out->version = from_behind[2];
    out->language = from_behind[1];
    return S_OK;
}

static HRESULT may_be_another_version(const char *key, const struct identity *identity, bool *out)
{
    struct key_parts k;
    *out = false;
    TRY(take_apart(key, &k));
    if (k.name)
        *out = text_equal_nocase(k.architecture, identity->architecture) &&
               text_equal_nocase(k.token, identity->token) &&
               text_equal_nocase(k.language, *identity->language ? identity->language : "none") &&
               (text_equal_nocase(k.name, identity->name) || strstr(k.name, "..")) &&
               !text_equal(k.version, identity->version);
    mem_free(k.copy);
    return S_OK;
}

HRESULT component_other_versions(struct winimage *image, const struct identity *identity,
                                 struct component_keys *out)
{
    const struct component_store *store;
    AUTO_FREE char *prefix =
        mem_format("%s_%s_%s_", identity->architecture, identity->name, identity->token);
    if (!prefix)
        return FAIL_MEMORY();
    TRY(component_store_of(image, &store));
    for (size_t i = store->has_cut_names ? 0 : lower_bound(store, prefix); i < store->keys.len;
         i++) {
        bool is_one;
        if (!store->has_cut_names && !starts_nocase(store->keys.ptr[i], prefix))
            break;
        TRY(may_be_another_version(store->keys.ptr[i], identity, &is_one));
        const char **key = is_one ? vec_push(&out->list) : NULL;
        if (is_one && !key)
            return FAIL_MEMORY();
        if (key)
            *key = store->keys.ptr[i];
    }
    return S_OK;
}

void component_keys_clear(struct component_keys *keys)
{
    vec_clear(&keys->list);
}

static HRESULT is_intact(const struct winimage *image, const char *key,
                         const struct component_file *file, bool *out)
{
    AUTO_FREE char *place = component_file_place(image, key, file->name), *path = NULL;
    AUTO_FREE char *bytes = NULL;
    uint8_t sha256[SHA256_SIZE];
    size_t size;
    *out = false;
    if (!place)
        return FAIL_MEMORY();
    HRESULT hr = place_find(image->root, place, &path);
    if (hr != S_OK)
        return FAILED(hr) ? hr : S_OK;
    TRY(os_read_file(path, &bytes, &size));
    hash_sha256(bytes, size, sha256);
    *out = !file->has_hash || memcmp(sha256, file->sha256, sizeof sha256) == 0;
    return S_OK;
}

HRESULT component_check_intact(const struct winimage *image, const char *key,
                               const struct component *component)
{
    for (size_t i = 0; i < component->files.len; i++) {
        bool intact;
        TRY(is_intact(image, key, &component->files.ptr[i], &intact));
        if (!intact)
            return FAIL(HR_WIN32(ERROR_SXS_COMPONENT_STORE_CORRUPT),
                        "%s of %s in the component store is damaged", component->files.ptr[i].name,
                        key);
    }
    return S_OK;
}
