/* SPDX-License-Identifier: MIT */
/* edition.c - see edition.h. */
#include "edition.h"

#include <string.h>

#include "component_use.h"
#include "dism_codes.h"
#include "error.h"
#include "os.h"
#include "package_keys.h"
#include "place.h"
#include "text.h"
#include "xml.h"

#define CURRENT_VERSION "Microsoft\\Windows NT\\CurrentVersion"
#define PROTECTION CURRENT_VERSION "\\SoftwareProtectionPlatform"
#define DEEPEST 16 /* packages in packages */

void editions_clear(struct editions *editions)
{
    for (size_t i = 0; i < editions->list.len; i++)
        mem_free(editions->list.ptr[i]);
    vec_clear(&editions->list);
}

/* ---- the package of an edition ---- */

/* The highest version in that state; *out NULL: none. */
static HRESULT find_package(struct winimage *image, const char *edition,
                            DismPackageFeatureState state, struct package **out)
{
    AUTO_FREE char *name = mem_format("Microsoft-Windows-%sEdition", edition);
    struct packages *packages;
    uint64_t highest = 0, version;
    *out = NULL;
    if (!name)
        return FAIL_MEMORY();
    TRY(packages_of(image, &packages));
    for (size_t i = 0; i < packages->list.len; i++) {
        struct package *p = &packages->list.ptr[i];
        if (!text_equal_nocase(p->identity.name, name) || package_state(p) != state ||
            !version_parse(p->identity.version, &version) || (*out && version < highest))
            continue;
        *out = p;
        highest = version;
    }
    return S_OK;
}

/* ---- the current one ---- */

HRESULT edition_current(struct winimage *image, char **out)
{
    struct hive *hive;
    HRESULT hr = winimage_hive(image, HIVE_SOFTWARE, &hive);
    if (hr != HR_WIN32(ERROR_FILE_NOT_FOUND))
        TRY(hr);
    bool has_record = SUCCEEDED(hr) && hive_find(hive, hive_root(hive), CBS_KEY);
    if (SUCCEEDED(hr))
        TRY(hive_trouble(hive));
    if (!has_record)
        return FAIL(DISM_E_STORE_UNUSABLE, "the image has no record of what is installed");
    *out = hive_text(hive, hive_find(hive, hive_root(hive), CURRENT_VERSION), "EditionID");
    TRY(hive_trouble(hive));
    return *out ? S_OK : FAIL(DISM_E_STORE_UNUSABLE, "the image does not say what edition it is");
}

/* ---- targets ---- */

struct reading {
    const char *edition;
    struct editions *out;
    bool is_inside; /* the row of that edition */
};

static HRESULT on_matrix(void *context, const struct xml_element *e)
{
    struct reading *r = context;
    const char *id = xml_attribute(e, "ID");
    if (e->depth == 2)
        r->is_inside = text_equal(e->name, "Edition") && id && text_equal_nocase(id, r->edition);
    if (e->depth != 3 || !r->is_inside || !text_equal(e->name, "Target") || !id)
        return S_OK;
    char **slot = vec_push(&r->out->list);
    return slot && (*slot = mem_dup(id)) ? S_OK : FAIL_MEMORY();
}

static HRESULT read_matrix(const struct winimage *image, const char *edition, struct editions *out)
{
    static const struct xml_handler handler = {.start = on_matrix};
    struct reading r = {.edition = edition, .out = out};
    AUTO_FREE char *path = NULL, *bytes = NULL;
    size_t size;
    HRESULT hr = winimage_find(image, "servicing/Editions/EditionMatrix.xml", &path);
    if (hr != S_OK)
        return hr;
    TRY(os_read_file(path, &bytes, &size));
    return xml_read(bytes, size, path, &handler, &r);
}

HRESULT edition_targets(struct winimage *image, struct editions *out)
{
    AUTO_FREE char *current = NULL;
    TRY(edition_current(image, &current));
    TRY(read_matrix(image, current, out));
    for (size_t i = out->list.len; i-- > 0;) {
        struct package *package;
        TRY(find_package(image, out->list.ptr[i], DismStateStaged, &package));
        if (package && !text_equal_nocase(out->list.ptr[i], current))
            continue;
        mem_free(out->list.ptr[i]);
        vec_remove(&out->list, i);
    }
    return S_OK;
}

/* ---- changing ---- */

struct setting {
    struct winimage *image;
    struct change *change;
    struct hive *hive;
    char *from;
    const char *to; /* as the matrix spells it */
};

static HRESULT install(const struct setting *s, struct package *package, unsigned depth);

static HRESULT install_contained(const struct setting *s, const struct manifest_update *update,
                                 unsigned depth)
{
    struct packages *packages;
    TRY(packages_of(s->image, &packages));
    for (size_t i = 0; i < update->packages.list.len; i++) {
        AUTO_FREE char *text = identity_text(&update->packages.list.ptr[i]);
        if (!text)
            return FAIL_MEMORY();
        struct package *package = packages_find(packages, text);
        if (package && package_state(package) == DismStateStaged)
            TRY(install(s, package, depth + 1));
    }
    return S_OK;
}

static HRESULT install(const struct setting *s, struct package *package, unsigned depth)
{
    const struct manifest *manifest;
    if (depth > DEEPEST)
        return FAIL(HR_WIN32(ERROR_INVALID_DATA), "packages are nested too deep in %s",
                    package->text);
    TRY(package_manifest(s->image, package, &manifest));
    for (size_t u = 0; manifest && u < manifest->updates.len; u++)
        TRY(install_contained(s, &manifest->updates.ptr[u], depth));
    return package_finish_adding(s->image, s->change, package);
}

static HRESULT swap_packages(const struct setting *s)
{
    const struct component_users users = {0};
    struct package *before, *after;
    TRY(find_package(s->image, s->from, DismStateInstalled, &before));
    TRY(find_package(s->image, s->to, DismStateStaged, &after));
    if (before)
        TRY(package_to_staged(s->image, s->change, before, &users));
    return install(s, after, 0);
}

/* What the name of the product calls an edition. */
static const char *word_of(const char *edition)
{
    static const char *const words[][2] = {{"Core", "Home"},
                                           {"Professional", "Pro"},
                                           {"ProfessionalEducation", "Pro Education"},
                                           {"ProfessionalWorkstation", "Pro for Workstations"},
                                           {"ServerStandard", "Standard"},
                                           {"ServerDatacenter", "Datacenter"}};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (text_equal_nocase(words[i][0], edition))
            return words[i][1];
    return edition;
}

/* A product whose name does not end with its edition keeps it. */
static HRESULT rename_product(const struct setting *s, hive_key key)
{
    AUTO_FREE char *name = hive_text(s->hive, key, "ProductName");
    AUTO_FREE char *end = mem_format(" %s", word_of(s->from));
    if (!end)
        return FAIL_MEMORY();
    if (!name || !text_ends_nocase(name, end))
        return hive_trouble(s->hive);
    AUTO_FREE char *renamed =
        mem_format("%.*s %s", (int)(strlen(name) - strlen(end)), name, word_of(s->to));
    return renamed ? hive_set_text(s->hive, key, "ProductName", renamed) : FAIL_MEMORY();
}

static HRESULT write_edition(const struct setting *s)
{
    hive_key key;
    TRY(hive_make(s->hive, hive_root(s->hive), CURRENT_VERSION, &key));
    TRY(rename_product(s, key));
    return hive_set_text(s->hive, key, "EditionID", s->to);
}

/* The answer file of the edition is also in the Windows folder, where there is one. */
static HRESULT move_answers(const struct setting *s)
{
    AUTO_FREE char *old_name = mem_format("%s.xml", s->from);
    AUTO_FREE char *old = old_name ? winimage_below_windows(s->image, old_name) : NULL;
    AUTO_FREE char *name = mem_format("%s.xml", s->to);
    AUTO_FREE char *place = name ? winimage_below_windows(s->image, name) : NULL;
    AUTO_FREE char *source = mem_format("servicing/Editions/%sEdition.xml", s->to);
    AUTO_FREE char *path = NULL;
    if (!old || !place || !source)
        return FAIL_MEMORY();
    TRY(change_remove(s->change, old));
    HRESULT hr = winimage_find(s->image, source, &path);
    return hr == S_OK ? change_copy(s->change, place, path) : hr;
}

static HRESULT set(struct setting *s)
{
    TRY(change_hive(s->change, HIVE_SOFTWARE, &s->hive));
    TRY(swap_packages(s));
    TRY(write_edition(s));
    return move_answers(s);
}

HRESULT edition_set(struct winimage *image, struct change *change, const char *edition)
{
    AUTO_EDITIONS struct editions targets = {0};
    struct setting s = {.image = image, .change = change};
    TRY(edition_targets(image, &targets));
    for (size_t i = 0; i < targets.list.len; i++)
        if (text_equal_nocase(targets.list.ptr[i], edition))
            s.to = targets.list.ptr[i];
    if (!s.to)
        return FAIL(E_INVALIDARG, "the image cannot become '%s'", edition);
    TRY(edition_current(image, &s.from));
    HRESULT hr = set(&s);
    mem_free(s.from);
    return hr;
}

HRESULT edition_set_key(struct change *change, const struct product_key *key)
{
    struct hive *hive;
    hive_key at;
    uint8_t id[DIGITAL_PRODUCT_ID];
    TRY(change_hive(change, HIVE_SOFTWARE, &hive));
    TRY(hive_make(hive, hive_root(hive), CURRENT_VERSION, &at));
    AUTO_FREE char *product = hive_text(hive, at, "ProductId");
    TRY(hive_trouble(hive));
    product_key_digital_id(key, product ? product : "", id);
    TRY(hive_set(hive, at, "DigitalProductId", HIVE_BINARY, id, sizeof id));
    TRY(hive_make(hive, hive_root(hive), PROTECTION, &at));
    return hive_set_text(hive, at, "BackupProductKeyDefault", key->text);
}
