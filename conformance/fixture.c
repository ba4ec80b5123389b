/* SPDX-License-Identifier: MIT */
/*
 * fixture.c - the catalogue (images, packages, drivers, answer files) and what is made from it.
 *
 * A catalogue image is named by the hash of its recipe: that says what is in it, whatever version
 * of the writer packed it.
 */
#include "fixture.h"

#include "hash.h"

void catalog_open(struct catalog *catalog, const char *folder)
{
    *catalog = (struct catalog){.folder = dup_text(folder)};
    if (!folder) {
        AUTO_FREE char *program = NULL;
        AUTO_FREE char *bin = NULL;
        if (FAILED(os_executable_path(&program)) || FAILED(path_parent(program, &bin)))
            die("%s", error_last()->text);
        catalog->folder = format("%s/../fixtures/catalog", bin);
        if (!os_is_directory(catalog->folder)) {
            mem_free(catalog->folder);
            catalog->folder = format("%s/../share/dismfake/catalog", bin);
        }
    }
    AUTO_FREE char *list = join(catalog->folder, "catalog.json");
    catalog->json = json_load(list);
}

void catalog_close(struct catalog *catalog)
{
    mem_free(catalog->folder);
    json_free(catalog->json);
}

/* In the list "images", or in "leftOut": what could not be made where the catalogue was. */
static HRESULT find_image(const struct catalog *catalog, const char *list, const char *reference,
                          const struct json **out)
{
    size_t len = strcspn(reference, "@");
    AUTO_FREE char *name = need(mem_dup_n(reference, len));
    const char *hash = strchr(reference, ':');
    if (!catalog->json)
        return FAIL(HR_WIN32(2), "there is no catalogue of images in %s", catalog->folder);
    const struct json *images = json_get(catalog->json, list);
    for (const struct json *image = json_first(images); image; image = json_next(image)) {
        if (!text_equal(json_text(image, "name"), name))
            continue;
        const char *known = json_text(image, "recipe_sha256");
        if (hash && known && !text_starts(known, hash + 1))
            return FAIL(E_INVALIDARG, "the catalogue's %s is %s@sha256:%.8s, not %s", name, name,
                        known, reference);
        *out = image;
        return S_OK;
    }
    return FAIL(HR_WIN32(2), "the catalogue %s has no image '%s'", catalog->folder, name);
}

HRESULT catalog_check(const struct catalog *catalog, const char *reference)
{
    const struct json *image;
    HRESULT hr = find_image(catalog, "images", reference, &image);
    return hr == HR_WIN32(2) ? find_image(catalog, "leftOut", reference, &image) : hr;
}

static HRESULT copy_file(const char *from, const char *to)
{
    TRY(os_copy_file(from, to));
    return os_set_mode(to, 0644);
}

static HRESULT copy_folder(const char *from, const char *to)
{
    AUTO_NAMES struct os_names names = {0};
    TRY(os_list(from, &names));
    TRY(os_make_directory(to));
    for (size_t i = 0; i < names.len; i++) {
        AUTO_FREE char *source = join(from, names.ptr[i]);
        AUTO_FREE char *copy = join(to, names.ptr[i]);
        TRY(os_is_directory(source) ? copy_folder(source, copy) : copy_file(source, copy));
    }
    return S_OK;
}

static HRESULT copy_into(const struct catalog *catalog, const char *name, const char *folder)
{
    AUTO_FREE char *from = join(catalog->folder, name);
    AUTO_FREE char *to = join(folder, path_name(name));
    return os_is_directory(from) ? copy_folder(from, to) : copy_file(from, to);
}

/* Of a file or a folder; NULL: it is not there. */
static char *hash_of(const char *path)
{
    char hex[SHA256_TEXT];
    if (os_is_directory(path))
        return SUCCEEDED(hash_sha256_folder(path, hex)) ? dup_text(hex) : NULL;
    return sha256_file(path);
}

/* As the system's programs write it; takes text over. */
static void put_path(struct json *made, char *path)
{
    for (char *s = path; os_has_drives() && *s; s++)
        *s = *s == '/' ? '\\' : *s;
    json_put_text(made, "path", path);
}

static HRESULT make_image(const struct catalog *catalog, const struct json *spec,
                          const char *folder, struct json *made)
{
    const struct json *image = NULL;
    TRY(find_image(catalog, "images", json_text(spec, "catalog"), &image));
    const char *file = json_text(image, "file");
    const struct json *parts = json_get(image, "parts");
    if (!file)
        file = json_text(json_at(parts, 0), "file");
    if (!file)
        return FAIL(E_INVALIDARG, "the catalogue names no file for %s", json_text(spec, "catalog"));
    TRY(copy_into(catalog, file, folder));
    for (const struct json *part = json_first(parts); part; part = json_next(part)) {
        const char *name = json_text(part, "file");
        if (name && !text_equal(name, file))
            TRY(copy_into(catalog, name, folder));
    }
    AUTO_FREE char *path = join(folder, path_name(file));
    put_path(made, dup_text(path));
    const char *known = json_text(image, "sha256");
    char *hash = known ? dup_text(known) : hash_of(path);
    if (!hash)
        return error_last()->hr;
    json_put_text(made, "sha256", hash);
    json_set_bool(made, "writable", json_bool(json_get(spec, "writable")));
    return S_OK;
}

/* The last component, or components, of a folder fixture. */
static char *folder_name(const char *style)
{
    if (text_equal(style, "unicode"))
        return dup_text("Ord\xC3\xA9n-\xD0\xBF\xD0\xB0\xD0\xBF\xD0\xBA\xD0\xB0-"
                        "\xE6\x97\xA5\xE6\x9C\xAC-\xF0\x9F\x98\x80");
    if (!text_equal(style, "long"))
        return dup_text("dir");
    struct text name = {0};
    for (int part = 0; part < 3; part++) {
        for (int i = 0; i < 120; i++)
            text_add(&name, "l");
        text_add(&name, part < 2 ? "/" : "");
    }
    return need(text_take(&name));
}

static HRESULT make_folder(const struct json *spec, const char *folder, const char *relative,
                           struct json *made)
{
    const char *kind = json_text(spec, "directory"), *style = json_text(spec, "pathStyle");
    AUTO_FREE char *name = folder_name(style);
    AUTO_FREE char *path = join(folder, name);
    AUTO_FREE char *parent = NULL;
    TRY(path_parent(path, &parent));
    TRY(os_make_directories(parent));
    if (!text_equal(kind, "absent"))
        TRY(os_make_directory(path));
    if (text_equal(kind, "occupied")) {
        AUTO_FREE char *file = join(path, "occupied.txt");
        TRY(os_write_file_atomic(file, "occupied\n", 9));
    }
    if (text_equal(style, "extended"))
        put_path(made, format("\\\\?\\%s", path));
    else if (text_equal(style, "trailing-separator"))
        put_path(made, format("%s/", path));
    else if (text_equal(style, "relative"))
        put_path(made, format("%s/%s", relative, name));
    else
        put_path(made, dup_text(path));
    return S_OK;
}

static HRESULT make_garbage(const char *path)
{
    enum { SIZE = 65536 };
    AUTO_FREE unsigned char *bytes = need(mem_alloc(SIZE));
    uint32_t state = 2463534242u; /* xorshift32: the same garbage each time */
    for (size_t i = 0; i < SIZE; i++) {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        bytes[i] = (unsigned char)state;
    }
    return os_write_file_atomic(path, bytes, SIZE);
}

static HRESULT make_truncated(const struct catalog *catalog, const char *path)
{
    const struct json *image = NULL;
    TRY(find_image(catalog, "images", "two-index-tiny", &image));
    AUTO_FREE char *from = join(catalog->folder, json_text(image, "file"));
    AUTO_FREE char *bytes = NULL;
    size_t size;
    TRY(os_read_file(from, &bytes, &size));
    return os_write_file_atomic(path, bytes, size / 2);
}

static HRESULT make_file(const struct catalog *catalog, const struct json *spec, const char *folder,
                         struct json *made)
{
    const char *kind = json_text(spec, "file"), *extension = json_text(spec, "extension");
    AUTO_FREE char *name = format("file%s", extension ? extension : ".wim");
    AUTO_FREE char *path = join(folder, name);
    put_path(made, dup_text(path));
    if (text_equal(kind, "empty"))
        return os_write_file_atomic(path, "", 0);
    if (text_equal(kind, "garbage"))
        return make_garbage(path);
    if (text_equal(kind, "truncated-image"))
        return make_truncated(catalog, path);
    return S_OK;
}

HRESULT fixtures_make(const struct catalog *catalog, const struct json *fixtures,
                      const char *scratch, struct json *made)
{
    for (const struct json *spec = json_first(fixtures); spec; spec = json_next(spec)) {
        AUTO_FREE char *relative = format("fixtures/%s", json_key(spec));
        AUTO_FREE char *folder = join(scratch, relative);
        TRY(os_make_directories(folder));
        struct json *one = json_hold(json_new_object());
        json_set(made, json_key(spec), one);
        if (json_get(spec, "catalog"))
            TRY(make_image(catalog, spec, folder, one));
        else if (json_get(spec, "directory"))
            TRY(make_folder(spec, folder, relative, one));
        else
            TRY(make_file(catalog, spec, folder, one));
        AUTO_FREE char *plain = NULL;
        TRY(path_native(json_text(one, "path"), &plain));
        json_set_string(one, "name", path_name(plain));
    }
    return S_OK;
}

HRESULT fixtures_unchanged(const struct json *made, const char **name)
{
    for (const struct json *one = json_first(made); one; one = json_next(one)) {
        bool may_change = json_bool(json_get(one, "writable"));
        const char *hash = may_change ? NULL : json_text(one, "sha256");
        AUTO_FREE char *now = hash ? hash_of(json_text(one, "path")) : NULL;
        if (hash && !text_equal(hash, now)) {
            *name = json_key(one);
            return S_FALSE;
        }
    }
    return S_OK;
}
