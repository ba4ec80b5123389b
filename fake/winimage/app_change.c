/* SPDX-License-Identifier: MIT */
/* app_change.c - see app_change.h. */
#include "app_change.h"

#include <string.h>

#include "apps.h"
#include "appx_package.h"
#include "dism_codes.h"
#include "error.h"
#include "facts.h"
#include "log.h"
#include "os.h"
#include "text.h"
#include "xml.h"

#define APPLICATIONS APPS_KEY "\\Applications"
#define DEPROVISIONED APPS_KEY "\\Deprovisioned"
#define LICENSES "ProgramData/Microsoft/Windows/ClipSVC/Install/Apps"
#define CUSTOM_DATA "microsoft.system.package.metadata/custom.data"

void app_paths_clear(struct app_paths *paths)
{
    for (size_t i = 0; i < paths->list.len; i++)
        mem_free(paths->list.ptr[i]);
    vec_clear(&paths->list);
}

void app_request_clear(struct app_request *request)
{
    mem_free(request->path);
    mem_free(request->custom_data);
    mem_free(request->regions);
    app_paths_clear(&request->dependencies);
    app_paths_clear(&request->optional);
    app_paths_clear(&request->licenses);
}

/* ---- what both need ---- */

struct changing {
    struct winimage *image;
    struct change *change;
    struct hive *hive;
    struct apps apps;
    struct app_entries entries;
    unsigned architecture; /* of the image */
};

static void changing_clear(struct changing *c)
{
    apps_clear(&c->apps);
    app_entries_clear(&c->entries);
}

static HRESULT begin(struct changing *c)
{
    const struct facts *facts;
    TRY(facts_of(c->image, &facts));
    c->architecture = facts->architecture_number;
    TRY(apps_read(c->image, &c->apps));
    TRY(app_entries_read(c->image, &c->entries));
    return change_hive(c->change, HIVE_SOFTWARE, &c->hive);
}

static HRESULT finish(const struct changing *c)
{
    struct text xml AUTO(text_clear) = {0};
    TRY(app_entries_text(&c->entries, &xml));
    return change_write(c->change, APPS_FILE, xml.ptr, xml.len);
}

static HRESULT find_key(const struct changing *c, const char *above, const char *name,
                        hive_key *out)
{
    AUTO_FREE char *path = mem_format("%s\\%s", above, name);
    if (!path)
        return FAIL_MEMORY();
    *out = hive_find(c->hive, hive_root(c->hive), path);
    return hive_trouble(c->hive);
}

static HRESULT delete_key(const struct changing *c, const char *above, const char *name)
{
    hive_key key;
    TRY(find_key(c, above, name, &key));
    return key ? hive_delete_key(c->hive, key) : S_OK;
}

/* ---- taking away ---- */

struct asking {
    const struct changing *changing;
    const char *full_name;
    bool is_used;
};

static HRESULT ask_user(void *context, hive_key key, const char *name)
{
    struct asking *a = context;
    a->is_used |= text_starts(name, "S-1-") && hive_find(a->changing->hive, key, a->full_name) != 0;
    return S_OK;
}

/* Has any user that package? */
static HRESULT is_used(const struct changing *c, const char *full_name, bool *out)
{
    struct asking a = {c, full_name, false};
    hive_key key = hive_find(c->hive, hive_root(c->hive), APPS_KEY);
    if (key)
        TRY(hive_each_key(c->hive, key, ask_user, &a));
    *out = a.is_used;
    return hive_trouble(c->hive);
}

static HRESULT remove_payload(const struct changing *c, const char *full_name)
{
    bool has_user;
    TRY(is_used(c, full_name, &has_user));
    AUTO_FREE char *folder = mem_format(APPS_FOLDER "/%s", full_name);
    if (!folder)
        return FAIL_MEMORY();
    return has_user ? S_OK : change_remove(c->change, folder);
}

struct removing {
    struct changing *changing;
    const struct appx_name *name;
};

/* Frameworks, which others may need, stay. */
static HRESULT remove_part(void *context, hive_key key, const char *name)
{
    const struct removing *r = context;
    struct appx_name part AUTO(appx_name_clear) = {0};
    (void)key;
    HRESULT hr = appx_name_parse(name, &part);
    if (hr == E_INVALIDARG) {
        error_clear();
        return S_OK;
    }
    TRY(hr);
    if (!appx_name_is_family(&part, r->name))
        return S_OK;
    app_entries_drop(&r->changing->entries, name);
    return remove_payload(r->changing, name);
}

static HRESULT take_away(struct changing *c, const struct appx_name *name)
{
    struct removing r = {c, name};
    hive_key key;
    TRY(find_key(c, APPLICATIONS, name->text, &key));
    if (key) {
        TRY(hive_each_key(c->hive, key, remove_part, &r));
        TRY(hive_delete_key(c->hive, key));
    }
    TRY(remove_payload(c, name->text));
    TRY(delete_key(c, APPS_SIDE_KEY, name->text));
    app_entries_drop(&c->entries, name->text);
    return S_OK;
}

static HRESULT deprovision(struct changing *c, const char *full_name)
{
    hive_key key;
    const struct app *app = apps_find(&c->apps, full_name);
    if (!app || !app->is_main)
        return FAIL(HR_WIN32(ERROR_PATH_NOT_FOUND), "the app %s is not provisioned", full_name);
    AUTO_FREE char *family = appx_name_family(&app->name);
    AUTO_FREE char *mark = family ? mem_format(DEPROVISIONED "\\%s", family) : NULL;
    if (!mark)
        return FAIL_MEMORY();
    TRY(take_away(c, &app->name));
    TRY(hive_make(c->hive, hive_root(c->hive), mark, &key));
    return finish(c);
}

HRESULT app_deprovision(struct winimage *image, struct change *change, const char *full_name)
{
    struct changing c AUTO(changing_clear) = {.image = image, .change = change};
    TRY(begin(&c));
    return deprovision(&c, full_name);
}

/* ---- packages that come ---- */

struct packages_coming {
    VEC(struct appx_package *) list;
};

static void coming_clear(struct packages_coming *coming)
{
    for (size_t i = 0; i < coming->list.len; i++)
        if (coming->list.ptr[i])
            appx_package_close(coming->list.ptr[i]);
    vec_clear(&coming->list);
}

struct provisioning {
    struct changing base;
    const struct app_request *request;
    struct packages_coming given; /* dependencies that fit the image */
    struct hive_texts languages;  /* of the image */
};

static void provisioning_clear(struct provisioning *p)
{
    changing_clear(&p->base);
    coming_clear(&p->given);
    hive_texts_clear(&p->languages);
}

static HRESULT on_language(void *context, hive_key key, const char *name)
{
    struct provisioning *p = context;
    (void)key;
    char **slot = vec_push(&p->languages.list);
    return slot && (*slot = mem_dup(name)) ? S_OK : FAIL_MEMORY();
}

static HRESULT read_languages(struct provisioning *p)
{
    struct hive *system;
    AUTO_FREE char *set = NULL, *path = NULL;
    TRY(winimage_hive(p->base.image, HIVE_SYSTEM, &system));
    TRY(winimage_control_set(p->base.image, &set));
    if (!(path = mem_format("%s\\Control\\MUI\\UILanguages", set)))
        return FAIL_MEMORY();
    hive_key key = hive_find(system, hive_root(system), path);
    return key ? hive_each_key(system, key, on_language, p) : hive_trouble(system);
}

/* "de" fits "de-DE", "de-DE" only itself. */
static bool speaks(const char *language, const char *image)
{
    size_t len = strlen(language);
    AUTO_FREE char *start = mem_dup_n(image, strnlen(image, len));
    return start && text_equal_nocase(start, language) &&
           (strlen(image) == len || image[len] == '-');
}

static bool has_language(const struct provisioning *p, const struct appx_part *part)
{
    for (size_t i = 0; i < part->languages.len; i++)
        for (size_t k = 0; k < p->languages.list.len; k++)
            if (speaks(part->languages.ptr[i], p->languages.list.ptr[k]))
                return true;
    return part->languages.len == 0; /* for sizes of screens and the like */
}

/* The application for this image: for its own processor, else for any, else what it can run. */
static const struct appx_part *choose_application(const struct provisioning *p,
                                                  const struct appx_manifest *bundle, bool is_stub)
{
    const struct appx_part *best = NULL;
    unsigned best_rank = 0;
    for (size_t i = 0; i < bundle->parts.len; i++) {
        const struct appx_part *part = &bundle->parts.ptr[i];
        unsigned number;
        if (part->is_resource || part->is_stub != is_stub ||
            !appx_architecture(part->architecture, &number) ||
            !appx_architecture_fits(part->architecture, p->base.architecture))
            continue;
        unsigned rank = number == p->base.architecture ? 3 : number == 11 ? 2 : 1;
        if (rank <= best_rank)
            continue;
        best = part;
        best_rank = rank;
    }
    return best;
}

static HRESULT add_part(const struct appx_package *bundle, const struct appx_part *part,
                        struct packages_coming *out)
{
    struct appx_package **slot = vec_push(&out->list);
    return slot ? appx_package_open_part(bundle, part, slot) : FAIL_MEMORY();
}

/* Of a bundle what fits the image, the application first. */
static HRESULT open_parts(const struct provisioning *p, const struct appx_package *bundle,
                          struct packages_coming *out)
{
    const struct appx_manifest *m = bundle->manifest;
    bool wants_stub = p->request->stub == DismStubPackageOptionInstallStub;
    const struct appx_part *application = choose_application(p, m, wants_stub);
    if (!application)
        application = choose_application(p, m, false);
    if (!application)
        return FAIL(APPX_DEPLOY_WRONG_ARCHITECTURE, "nothing in %s is for this image's processor",
                    m->name.text);
    TRY(add_part(bundle, application, out));
    for (size_t i = 0; i < m->parts.len; i++)
        if (m->parts.ptr[i].is_resource && has_language(p, &m->parts.ptr[i]))
            TRY(add_part(bundle, &m->parts.ptr[i], out));
    return S_OK;
}

static HRESULT check_architecture(const struct provisioning *p, const struct appx_package *package)
{
    const struct appx_name *name = &package->manifest->name;
    return appx_architecture_fits(name->architecture, p->base.architecture)
               ? S_OK
               : FAIL(APPX_DEPLOY_WRONG_ARCHITECTURE, "%s is for another processor than the image",
                      name->text);
}

/* ---- dependencies ---- */

/* Callers hand over those for every processor. */
static HRESULT open_given(struct provisioning *p)
{
    for (size_t i = 0; i < p->request->dependencies.list.len; i++) {
        AUTO_APPX_PACKAGE struct appx_package *package = NULL;
        TRY(appx_package_open(p->request->dependencies.list.ptr[i], &package));
        if (!package->manifest->is_bundle &&
            !appx_architecture_fits(package->manifest->name.architecture, p->base.architecture)) {
            log_line(LOG_INFO, "Appx::Dependency", S_OK, "passed over: %s",
                     package->manifest->name.text);
            continue;
        }
        struct appx_package **slot = vec_push(&p->given.list);
        if (!slot)
            return FAIL_MEMORY();
        *slot = TAKE(package);
    }
    return S_OK;
}

static bool meets(const struct appx_name *name, const struct appx_dependency *d,
                  const struct appx_name *of)
{
    return text_equal_nocase(name->name, d->name) &&
           text_equal_nocase(name->publisher_id, d->publisher_id) && name->version >= d->least &&
           (text_equal_nocase(name->architecture, of->architecture) ||
            text_equal_nocase(name->architecture, "neutral") ||
            text_equal_nocase(of->architecture, "neutral"));
}

/* The highest version of those given and those that are there; NULL: none. */
static const struct appx_name *find_dependency(const struct provisioning *p,
                                               const struct appx_dependency *d,
                                               const struct appx_name *of)
{
    const struct appx_name *best = NULL;
    for (size_t i = 0; i < p->given.list.len; i++) {
        const struct appx_name *name = &p->given.list.ptr[i]->manifest->name;
        if (meets(name, d, of) && (!best || name->version > best->version))
            best = name;
    }
    for (size_t i = 0; i < p->base.apps.list.len; i++) {
        const struct appx_name *name = &p->base.apps.list.ptr[i].name;
        if (meets(name, d, of) && (!best || name->version >= best->version))
            best = name;
    }
    return best;
}

/* ---- keys ---- */

static HRESULT set_path(const struct changing *c, const char *above, const char *full_name,
                        bool is_bundle)
{
    AUTO_FREE char *path = above ? mem_format(APPLICATIONS "\\%s\\%s", above, full_name)
                                 : mem_format(APPLICATIONS "\\%s", full_name);
    AUTO_FREE char *value =
        mem_format("C:\\Program Files\\WindowsApps\\%s\\%s", full_name,
                   is_bundle ? "AppxMetadata\\AppxBundleManifest.xml" : APPX_MANIFEST);
    hive_key key;
    if (!path || !value)
        return FAIL_MEMORY();
    TRY(hive_make(c->hive, hive_root(c->hive), path, &key));
    return hive_set_text(c->hive, key, "Path", value);
}

static HRESULT set_dependencies(const struct provisioning *p, const char *above,
                                const struct appx_manifest *manifest)
{
    for (size_t i = 0; i < manifest->dependencies.len; i++) {
        const struct appx_dependency *d = &manifest->dependencies.ptr[i];
        const struct appx_name *found = find_dependency(p, d, &manifest->name);
        if (!found)
            return FAIL(APPX_DEPLOY_DEPENDENCY_MISSING, "%s needs %s, which is not there",
                        manifest->name.text, d->name);
        TRY(set_path(&p->base, above, found->text, false));
    }
    return S_OK;
}

/* ---- one package and what comes with it ---- */

static HRESULT unpack(const struct changing *c, const struct appx_package *package)
{
    AUTO_FREE char *folder = mem_format(APPS_FOLDER "/%s", package->manifest->name.text);
    if (!folder)
        return FAIL_MEMORY();
    TRY(change_remove(c->change, folder));
    return appx_package_unpack(package, c->change, folder);
}

/* Versions before it go; a later one keeps it out. */
static HRESULT replace_versions(struct changing *c, const struct appx_name *name)
{
    for (size_t i = 0; i < c->apps.list.len; i++) {
        const struct app *app = &c->apps.list.ptr[i];
        if (appx_name_is_family(&app->name, name) && app->name.version > name->version)
            return FAIL(APPX_DEPLOY_DOWNGRADE, "%s is there, which is later than %s",
                        app->name.text, name->text);
    }
    for (size_t i = 0; i < c->apps.list.len; i++)
        if (appx_name_is_family(&c->apps.list.ptr[i].name, name))
            TRY(take_away(c, &c->apps.list.ptr[i].name));
    return S_OK;
}

/* Frameworks may be there in several versions and for several processors. */
static HRESULT add_framework(struct changing *c, const struct appx_package *package)
{
    const struct appx_name *name = &package->manifest->name;
    if (apps_find(&c->apps, name->text))
        return S_OK;
    TRY(unpack(c, package));
    return app_entries_add(&c->entries, name, "framework", false);
}

static HRESULT welcome(struct changing *c, const struct appx_name *name)
{
    AUTO_FREE char *family = appx_name_family(name);
    if (!family)
        return FAIL_MEMORY();
    app_entries_revive(&c->entries, family);
    return delete_key(c, DEPROVISIONED, family);
}

static const char *type_of(const struct appx_manifest *m)
{
    return m->is_optional   ? "optional"
           : m->is_bundle   ? "bundle"
           : m->is_resource ? "resource"
                            : NULL;
}

static HRESULT add_coming(struct provisioning *p, const char *full_name,
                          const struct appx_package *package, bool is_part)
{
    const struct appx_manifest *m = package->manifest;
    TRY(unpack(&p->base, package));
    TRY(app_entries_add(&p->base.entries, &m->name, type_of(m), is_part));
    if (is_part)
        TRY(set_path(&p->base, full_name, m->name.text, false));
    return set_dependencies(p, full_name, m);
}

/* `out`: the full name of what holds the application. */
static HRESULT add_app(struct provisioning *p, const struct appx_package *package, const char **out)
{
    struct packages_coming parts AUTO(coming_clear) = {0};
    const struct appx_manifest *m = package->manifest;
    struct changing *c = &p->base;
    if (m->is_bundle)
        TRY(open_parts(p, package, &parts));
    TRY(replace_versions(c, &m->name));
    TRY(set_path(c, NULL, m->name.text, m->is_bundle));
    TRY(add_coming(p, m->name.text, package, false));
    for (size_t i = 0; i < parts.list.len; i++)
        TRY(add_coming(p, m->name.text, parts.list.ptr[i], true));
    if (out) {
        AUTO_FREE char *custom =
            mem_format(APPS_FOLDER "/%s/" CUSTOM_DATA,
                       m->is_bundle ? parts.list.ptr[0]->manifest->name.text : m->name.text);
        if (!custom)
            return FAIL_MEMORY();
        if (p->request->custom_data)
            TRY(change_copy(c->change, custom, p->request->custom_data));
        *out = m->name.text;
    }
    return welcome(c, &m->name);
}

/* ---- licences, regions ---- */

static HRESULT on_license(void *context, const struct xml_element *e)
{
    struct text *id = context;
    const char *value = e->depth == 1 ? xml_attribute(e, "LicenseID") : NULL;
    if (value && strlen(value) < 100 && strspn(value, "0123456789abcdefABCDEF-") == strlen(value))
        text_add(id, value);
    return id->failed ? FAIL_MEMORY() : S_OK;
}

/* Where the service that hands out licences finds it at the first start. */
static HRESULT add_license(const struct changing *c, const char *path, const char *full_name)
{
    static const struct xml_handler handler = {.start = on_license};
    struct text id AUTO(text_clear) = {0};
    AUTO_FREE char *bytes = NULL;
    size_t size;
    TRY(os_read_file(path, &bytes, &size));
    HRESULT hr = xml_read(bytes, size, path, &handler, &id);
    if (hr == HR_WIN32(ERROR_INVALID_DATA)) {
        struct error why = *error_last();
        return FAIL(HR_WIN32(ERROR_XML_PARSE_ERROR), "%s", why.text);
    }
    TRY(hr);
    AUTO_FREE char *place = mem_format(LICENSES "/%s.xml", id.len ? id.ptr : full_name);
    return place ? change_write(c->change, place, bytes, size) : FAIL_MEMORY();
}

static HRESULT set_regions(const struct changing *c, const char *full_name, const char *regions)
{
    AUTO_FREE char *path = mem_format(APPS_SIDE_KEY "\\%s", full_name);
    hive_key key;
    if (!path)
        return FAIL_MEMORY();
    if (!regions)
        return S_OK;
    TRY(hive_make(c->hive, hive_root(c->hive), path, &key));
    return hive_set_text(c->hive, key, "Regions", regions);
}

/* ---- all ---- */

static HRESULT add_given(struct provisioning *p)
{
    for (size_t i = 0; i < p->given.list.len; i++) {
        const struct appx_package *package = p->given.list.ptr[i];
        if (package->manifest->is_framework)
            TRY(add_framework(&p->base, package));
        else
            TRY(add_app(p, package, NULL));
    }
    return S_OK;
}

static HRESULT add_optional(struct provisioning *p)
{
    for (size_t i = 0; i < p->request->optional.list.len; i++) {
        AUTO_APPX_PACKAGE struct appx_package *package = NULL;
        TRY(appx_package_open(p->request->optional.list.ptr[i], &package));
        if (!package->manifest->is_bundle)
            TRY(check_architecture(p, package));
        TRY(add_app(p, package, NULL));
    }
    return S_OK;
}

static HRESULT add_main(struct provisioning *p, const struct appx_package *package)
{
    const struct app_request *r = p->request;
    const char *full_name;
    if (package->manifest->is_framework)
        return add_framework(&p->base, package);
    if (!r->skips_license && r->licenses.list.len == 0)
        return FAIL(E_INVALIDARG, "no licence is given, and SkipLicense is FALSE");
    TRY(add_app(p, package, &full_name));
    for (size_t i = 0; i < r->licenses.list.len; i++)
        TRY(add_license(&p->base, r->licenses.list.ptr[i], full_name));
    return set_regions(&p->base, full_name, r->regions);
}

static HRESULT provision(struct provisioning *p)
{
    AUTO_APPX_PACKAGE struct appx_package *package = NULL;
    TRY(begin(&p->base));
    TRY(read_languages(p));
    TRY(appx_package_open(p->request->path, &package));
    if (package->manifest->is_resource)
        return FAIL(APPX_DEPLOY_INVALID_PACKAGE, "%s has resources of an app alone",
                    package->manifest->name.text);
    if (!package->manifest->is_bundle)
        TRY(check_architecture(p, package));
    TRY(open_given(p));
    TRY(add_given(p));
    TRY(add_main(p, package));
    TRY(add_optional(p));
    return finish(&p->base);
}

HRESULT app_provision(struct winimage *image, struct change *change,
                      const struct app_request *request)
{
    struct provisioning p AUTO(provisioning_clear) = {.base = {.image = image, .change = change},
                                                      .request = request};
    return provision(&p);
}
