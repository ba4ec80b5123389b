/* SPDX-License-Identifier: MIT */
/* apps.c - see apps.h. */
#include "apps.h"

#include "dism_codes.h"
#include "error.h"
#include "log.h"
#include "os.h"
#include "place.h"
#include "scope.h"
#include "xml.h"

#define SPACE "http://schemas.microsoft.com/appx/2013/appxprovisionpackage"
#define PROVISIONED "Provisioned"
#define END_OF_LIFE "EndOfLife"

/* ---- the file ---- */

static void entry_clear(struct app_entry *e)
{
    mem_free(e->list);
    mem_free(e->name);
    mem_free(e->full_name);
    mem_free(e->family);
    mem_free(e->attributes);
}

void app_entries_clear(struct app_entries *entries)
{
    for (size_t i = 0; i < entries->list.len; i++)
        entry_clear(&entries->list.ptr[i]);
    vec_clear(&entries->list);
}

struct reading {
    struct app_entries *entries;
    char *list; /* the element below the root */
};

static HRESULT copy(const char *text, char **out)
{
    *out = text ? mem_dup(text) : NULL;
    return *out || !text ? S_OK : FAIL_MEMORY();
}

static HRESULT add_attribute(struct text *out, const char *name, const char *value)
{
    text_addf(out, " %s=\"", name);
    TRY(xml_escape(out, value));
    text_add(out, "\"");
    return S_OK;
}

static bool is_main(const struct xml_element *e)
{
    const char *type = xml_attribute(e, "PackageType");
    const char *of_bundle = xml_attribute(e, "ProvisionSourceIsBundle");
    bool is_of_bundle = text_equal_nocase(of_bundle, "true") || text_equal(of_bundle, "1");
    return !type ? !is_of_bundle
                 : text_equal_nocase(type, "bundle") ||
                       (text_equal_nocase(type, "main") && !is_of_bundle);
}

static HRESULT add_entry(struct app_entries *entries, const char *list, const struct xml_element *e)
{
    struct text all AUTO(text_clear) = {0};
    struct app_entry *entry = vec_push(&entries->list);
    if (!entry)
        return FAIL_MEMORY();
    for (size_t i = 0; i < e->attribute_count; i++)
        TRY(add_attribute(&all, e->attributes[i].name, e->attributes[i].value));
    TRY(copy(list, &entry->list));
    TRY(copy(e->name, &entry->name));
    TRY(copy(xml_attribute(e, "FullName"), &entry->full_name));
    TRY(copy(xml_attribute(e, "FamilyName"), &entry->family));
    entry->is_main = is_main(e);
    entry->attributes = text_take(&all);
    return entry->attributes ? S_OK : FAIL_MEMORY();
}

static HRESULT on_start(void *context, const struct xml_element *e)
{
    struct reading *r = context;
    if (e->depth == 1 && !text_equal(e->name, "AppxProvisionList"))
        return FAIL(HR_WIN32(ERROR_INVALID_DATA), "the root of " APPS_FILE " is <%s>", e->name);
    if (e->depth == 2) {
        mem_free(r->list);
        return copy(e->name, &r->list);
    }
    return e->depth == 3 ? add_entry(r->entries, r->list, e) : S_OK;
}

HRESULT app_entries_read(const struct winimage *image, struct app_entries *out)
{
    static const struct xml_handler handler = {.start = on_start};
    AUTO_FREE char *path = NULL, *bytes = NULL;
    struct reading r = {.entries = out};
    size_t size;
    HRESULT hr = place_find(image->root, APPS_FILE, &path);
    if (hr != S_OK)
        return hr;
    TRY(os_read_file(path, &bytes, &size));
    hr = xml_read(bytes, size, path, &handler, &r);
    mem_free(r.list);
    return hr;
}

/* What is not so is not said. */
HRESULT app_entries_add(struct app_entries *entries, const struct appx_name *name, const char *type,
                        bool is_of_bundle)
{
    struct xml_attribute attributes[3] = {{"FullName", name->text}};
    struct xml_element element = {
        .name = "Package", .attributes = attributes, .attribute_count = 1};
    if (type)
        attributes[element.attribute_count++] = (struct xml_attribute){"PackageType", type};
    if (is_of_bundle)
        attributes[element.attribute_count++] =
            (struct xml_attribute){"ProvisionSourceIsBundle", "true"};
    return add_entry(entries, PROVISIONED, &element);
}

static void drop(struct app_entries *entries, const char *list, const char *full_name,
                 const char *family)
{
    for (size_t i = entries->list.len; i-- > 0;) {
        struct app_entry *e = &entries->list.ptr[i];
        bool is_it = full_name ? e->full_name && text_equal_nocase(e->full_name, full_name)
                               : e->family && text_equal_nocase(e->family, family);
        if (!is_it || !text_equal(e->list, list))
            continue;
        entry_clear(e);
        vec_remove(&entries->list, i);
    }
}

void app_entries_drop(struct app_entries *entries, const char *full_name)
{
    drop(entries, PROVISIONED, full_name, NULL);
}

void app_entries_revive(struct app_entries *entries, const char *family)
{
    drop(entries, END_OF_LIFE, NULL, family);
}

static void add_list(const struct app_entries *entries, const char *list, struct text *out)
{
    text_addf(out, "<%s>", list);
    for (size_t i = 0; i < entries->list.len; i++) {
        const struct app_entry *e = &entries->list.ptr[i];
        if (text_equal(e->list, list))
            text_addf(out, "<%s%s/>", e->name, e->attributes);
    }
    text_addf(out, "</%s>", list);
}

static bool is_written(const struct app_entries *entries, size_t index)
{
    const char *list = entries->list.ptr[index].list;
    bool is_known = text_equal(list, PROVISIONED) || text_equal(list, END_OF_LIFE);
    for (size_t i = 0; i < index && !is_known; i++)
        is_known = text_equal(entries->list.ptr[i].list, list);
    return is_known;
}

HRESULT app_entries_text(const struct app_entries *entries, struct text *out)
{
    text_add(out,
             "<?xml version=\"1.0\" encoding=\"utf-8\"?><AppxProvisionList xmlns=\"" SPACE "\">");
    add_list(entries, END_OF_LIFE, out);
    add_list(entries, PROVISIONED, out);
    for (size_t i = 0; i < entries->list.len; i++)
        if (!is_written(entries, i))
            add_list(entries, entries->list.ptr[i].list, out);
    text_add(out, "</AppxProvisionList>");
    return out->failed ? FAIL_MEMORY() : S_OK;
}

/* ---- what is provisioned ---- */

static void app_clear(struct app *app)
{
    appx_name_clear(&app->name);
    mem_free(app->location);
    mem_free(app->regions);
}

void apps_clear(struct apps *apps)
{
    for (size_t i = 0; i < apps->list.len; i++)
        app_clear(&apps->list.ptr[i]);
    vec_clear(&apps->list);
}

const struct app *apps_find(const struct apps *apps, const char *full_name)
{
    for (size_t i = 0; i < apps->list.len; i++)
        if (text_equal_nocase(apps->list.ptr[i].name.text, full_name))
            return &apps->list.ptr[i];
    return NULL;
}

struct gathering {
    struct winimage *image;
    struct hive *hive; /* NULL: the image has none */
    struct apps *apps;
};

static HRESULT find_location(const struct gathering *g, struct app *app)
{
    AUTO_FREE char *key = mem_format(APPS_KEY "\\Applications\\%s", app->name.text);
    AUTO_FREE char *side = mem_format(APPS_SIDE_KEY "\\%s", app->name.text);
    if (!key || !side)
        return FAIL_MEMORY();
    if (g->hive) {
        hive_key root = hive_root(g->hive);
        app->location = hive_text(g->hive, hive_find(g->hive, root, key), "Path");
        app->regions = hive_text(g->hive, hive_find(g->hive, root, side), "Regions");
    }
    bool is_bundle = text_equal(app->name.resource, "~");
    if (!app->location)
        app->location =
            mem_format("%%SYSTEMDRIVE%%\\Program Files\\WindowsApps\\%s\\%s", app->name.text,
                       is_bundle ? "AppxMetadata\\AppxBundleManifest.xml" : "AppxManifest.xml");
    return app->location ? S_OK : FAIL_MEMORY();
}

/* A name that is none is passed over. */
static HRESULT add_app(const struct gathering *g, const char *full_name, bool is_main)
{
    struct app app = {.is_main = is_main};
    if (apps_find(g->apps, full_name))
        return S_OK;
    HRESULT hr = appx_name_parse(full_name, &app.name);
    if (hr == E_INVALIDARG) {
        log_line(LOG_WARNING, "Appx::List", hr, "%s", error_last()->text);
        error_clear();
        return S_OK;
    }
    if (SUCCEEDED(hr))
        hr = find_location(g, &app);
    struct app *slot = SUCCEEDED(hr) ? vec_push(&g->apps->list) : NULL;
    if (!slot)
        app_clear(&app);
    else
        *slot = app;
    TRY(hr);
    return slot ? S_OK : FAIL_MEMORY();
}

static HRESULT on_key(void *context, hive_key key, const char *name)
{
    (void)key;
    return add_app(context, name, true);
}

static HRESULT gather(const struct gathering *g)
{
    AUTO_APP_ENTRIES struct app_entries entries = {0};
    TRY(app_entries_read(g->image, &entries));
    for (size_t i = 0; i < entries.list.len; i++) {
        const struct app_entry *e = &entries.list.ptr[i];
        if (e->full_name && text_equal(e->list, PROVISIONED))
            TRY(add_app(g, e->full_name, e->is_main));
    }
    if (!g->hive)
        return S_OK;
    hive_key key = hive_find(g->hive, hive_root(g->hive), APPS_KEY "\\Applications");
    if (key)
        TRY(hive_each_key(g->hive, key, on_key, (void *)g));
    return hive_trouble(g->hive);
}

HRESULT apps_read(struct winimage *image, struct apps *out)
{
    struct gathering g = {.image = image, .apps = out};
    HRESULT hr = winimage_hive(image, HIVE_SOFTWARE, &g.hive);
    if (hr == HR_WIN32(ERROR_FILE_NOT_FOUND)) {
        error_clear();
        g.hive = NULL;
    } else {
        TRY(hr);
    }
    return gather(&g);
}
