/* SPDX-License-Identifier: MIT */
/* manifest.c - see manifest.h. Elements are told apart by where they stand, whatever their
 * namespace: asm.v3 and its later companions have the same names for the same things. */
#include "manifest.h"

#include <string.h>

#include "dism_codes.h"
#include "error.h"
#include "os.h"
#include "text.h"
#include "xml.h"

#define DEEPEST 24 /* of what is looked at: deeper elements are passed over */

void identities_clear(struct identities *identities)
{
    for (size_t i = 0; i < identities->list.len; i++)
        identity_clear(&identities->list.ptr[i]);
    vec_clear(&identities->list);
}

static void property_clear(struct manifest_property *p)
{
    mem_free(p->path);
    mem_free(p->name);
    mem_free(p->value);
}

static void texts_clear(struct manifest_texts *texts)
{
    for (size_t i = 0; i < texts->list.len; i++) {
        struct manifest_text *t = &texts->list.ptr[i];
        mem_free(t->language);
        mem_free(t->display_name);
        mem_free(t->description);
        mem_free(t->id);
        mem_free(t->value);
    }
    vec_clear(&texts->list);
}

static void update_clear(struct manifest_update *u)
{
    mem_free(u->name);
    mem_free(u->display_name);
    mem_free(u->description);
    mem_free(u->restart);
    for (size_t i = 0; i < u->parents.len; i++)
        mem_free(u->parents.ptr[i]);
    vec_clear(&u->parents);
    identities_clear(&u->components);
    identities_clear(&u->packages);
    for (size_t i = 0; i < u->drivers.len; i++)
        mem_free(u->drivers.ptr[i]);
    vec_clear(&u->drivers);
    for (size_t i = 0; i < u->properties.len; i++)
        property_clear(&u->properties.ptr[i]);
    vec_clear(&u->properties);
    texts_clear(&u->texts);
}

void manifest_free(struct manifest *m)
{
    char *const texts[] = {m->description,      m->display_name,        m->company,
                           m->copyright,        m->support_information, m->creation_time,
                           m->last_update_time, m->release_type,        m->restart,
                           m->permanence,       m->product_name,        m->product_version,
                           m->capability_name,  m->capability_version,  m->capability_language};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        mem_free(texts[i]);
    identity_clear(&m->identity);
    for (size_t i = 0; i < m->parents.len; i++)
        identities_clear(&m->parents.ptr[i].identities);
    vec_clear(&m->parents);
    for (size_t i = 0; i < m->updates.len; i++)
        update_clear(&m->updates.ptr[i]);
    vec_clear(&m->updates);
    identities_clear(&m->capability_dependencies);
    for (size_t i = 0; i < m->properties.len; i++)
        property_clear(&m->properties.ptr[i]);
    vec_clear(&m->properties);
    texts_clear(&m->texts);
    mem_free(m);
}

/* ---- reading ---- */

struct reading {
    struct manifest *manifest;
    char *names[DEEPEST + 1]; /* of the open elements, [1] is the root */
    unsigned depth;
    unsigned custom; /* depth of the customInformation we are in, 0: none */
    bool has_package;
};

static bool is_in(const struct reading *r, unsigned levels_up, const char *name)
{
    return r->depth > levels_up && r->depth - levels_up <= DEEPEST &&
           text_equal_nocase(r->names[r->depth - levels_up], name);
}

static bool is_below(const struct reading *r, const char *name)
{
    for (unsigned i = 1; i < r->depth && i <= DEEPEST; i++)
        if (text_equal_nocase(r->names[i], name))
            return true;
    return false;
}

static HRESULT copy(const struct xml_element *e, const char *name, char **out)
{
    const char *value = xml_attribute(e, name);
    if (!value || *out)
        return S_OK;
    *out = mem_dup(value);
    return *out ? S_OK : FAIL_MEMORY();
}

static HRESULT read_identity(const struct xml_element *e, struct identity *out)
{
    return identity_make(xml_attribute(e, "name"), xml_attribute(e, "publicKeyToken"),
                         xml_attribute(e, "processorArchitecture"), xml_attribute(e, "language"),
                         xml_attribute(e, "version"), out);
}

static HRESULT push_identity(const struct xml_element *e, struct identities *out)
{
    struct identity *slot = vec_push(&out->list);
    if (!slot)
        return FAIL_MEMORY();
    return read_identity(e, slot);
}

static struct manifest_update *last_update(const struct reading *r)
{
    return r->manifest->updates.len ? &r->manifest->updates.ptr[r->manifest->updates.len - 1]
                                    : NULL;
}

static HRESULT read_assembly(struct reading *r, const struct xml_element *e)
{
    struct manifest *m = r->manifest;
    TRY(copy(e, "description", &m->description));
    TRY(copy(e, "displayName", &m->display_name));
    TRY(copy(e, "company", &m->company));
    TRY(copy(e, "copyright", &m->copyright));
    TRY(copy(e, "supportInformation", &m->support_information));
    TRY(copy(e, "creationTimeStamp", &m->creation_time));
    return copy(e, "lastUpdateTimeStamp", &m->last_update_time);
}

static HRESULT read_package(struct reading *r, const struct xml_element *e)
{
    struct manifest *m = r->manifest;
    r->has_package = true;
    TRY(copy(e, "releaseType", &m->release_type));
    TRY(copy(e, "restart", &m->restart));
    TRY(copy(e, "permanence", &m->permanence));
    TRY(copy(e, "productName", &m->product_name));
    return copy(e, "productVersion", &m->product_version);
}

static enum compare read_compare(const struct xml_element *e, const char *name)
{
    const char *word = xml_attribute(e, name);
    return word && text_equal_nocase(word, "EQ") ? COMPARE_EQ : COMPARE_GE;
}

static HRESULT read_parent(struct reading *r, const struct xml_element *e)
{
    const char *integrate = xml_attribute(e, "integrate");
    struct manifest_parent *parent = vec_push(&r->manifest->parents);
    if (!parent)
        return FAIL_MEMORY();
    parent->version = read_compare(e, "versionCompare");
    parent->build = read_compare(e, "buildCompare");
    parent->revision = read_compare(e, "revisionCompare");
    parent->is_delegate = integrate && text_equal_nocase(integrate, "delegate");
    return S_OK;
}

static HRESULT read_update(struct reading *r, const struct xml_element *e)
{
    struct manifest_update *u = vec_push(&r->manifest->updates);
    if (!u)
        return FAIL_MEMORY();
    TRY(copy(e, "name", &u->name));
    if (!u->name && !(u->name = mem_dup("")))
        return FAIL_MEMORY();
    TRY(copy(e, "displayName", &u->display_name));
    TRY(copy(e, "description", &u->description));
    return copy(e, "restart", &u->restart);
}

static HRESULT read_detected(struct manifest_update *u, const struct xml_element *e)
{
    const char *name = xml_attribute(e, "name");
    if (!name)
        return S_OK;
    char **slot = vec_push(&u->parents);
    if (!slot || !(*slot = mem_dup(name)))
        return FAIL_MEMORY();
    return S_OK;
}

static HRESULT read_driver(struct manifest_update *u, const struct xml_element *e)
{
    const char *inf = xml_attribute(e, "inf");
    if (!inf)
        return S_OK;
    char **slot = vec_push(&u->drivers);
    if (!slot || !(*slot = mem_dup(inf)))
        return FAIL_MEMORY();
    return S_OK;
}

static HRESULT read_assembly_identity(struct reading *r, const struct xml_element *e)
{
    struct manifest *m = r->manifest;
    struct manifest_update *u = last_update(r);
    if (is_in(r, 1, "assembly") && r->depth == 2) {
        identity_clear(&m->identity);
        return read_identity(e, &m->identity);
    }
    if (is_in(r, 1, "parent") && m->parents.len)
        return push_identity(e, &m->parents.ptr[m->parents.len - 1].identities);
    if (is_below(r, "detectUpdate")) /* the package in which a parent feature is */
        return S_OK;
    if (u && is_in(r, 1, "component") && is_below(r, "update"))
        return push_identity(e, &u->components);
    if (u && is_in(r, 1, "package") && is_below(r, "update"))
        return push_identity(e, &u->packages);
    if (u && is_in(r, 1, "driver") && is_below(r, "update"))
        return push_identity(e, &u->components);
    return S_OK;
}

static HRESULT read_capability(struct reading *r, const struct xml_element *e)
{
    struct manifest *m = r->manifest;
    if (is_below(r, "dependency"))
        return push_identity(e, &m->capability_dependencies);
    m->has_capability = true;
    TRY(copy(e, "name", &m->capability_name));
    TRY(copy(e, "version", &m->capability_version));
    return copy(e, "language", &m->capability_language);
}

static HRESULT read_text(struct reading *r, const struct xml_element *e)
{
    struct manifest_update *u = is_below(r, "update") ? last_update(r) : NULL;
    struct manifest_text *text = vec_push(u ? &u->texts.list : &r->manifest->texts.list);
    if (!text)
        return FAIL_MEMORY();
    TRY(copy(e, "language", &text->language));
    TRY(copy(e, "displayName", &text->display_name));
    TRY(copy(e, "description", &text->description));
    TRY(copy(e, "id", &text->id));
    return copy(e, "value", &text->value);
}

static void read_sizes(struct reading *r, const struct xml_element *e)
{
    unsigned long long number;
    const char *packed = xml_attribute(e, "packageSize");
    const char *installed = xml_attribute(e, "installSize");
    const char *offline = xml_attribute(e, "completelyOfflineCapable");
    if (packed && text_to_u64(packed, &number))
        r->manifest->download_size = number;
    if (installed && text_to_u64(installed, &number))
        r->manifest->install_size = number;
    r->manifest->is_offline_said = offline != NULL;
    if (offline)
        r->manifest->is_completely_offline_capable =
            text_equal_nocase(offline, "yes") || text_equal_nocase(offline, "true");
}

/* "ServerComponent\\Version" of the elements inside customInformation. */
static char *custom_path(const struct reading *r)
{
    struct text path = {0};
    for (unsigned i = r->custom + 1; i <= r->depth && i <= DEEPEST; i++)
        text_addf(&path, "%s%s", path.len ? "\\" : "", r->names[i]);
    return text_take(&path);
}

static HRESULT read_custom(struct reading *r, const struct xml_element *e)
{
    struct manifest_update *u = is_below(r, "update") ? last_update(r) : NULL;
    for (size_t i = 0; i < e->attribute_count; i++) {
        struct manifest_property *p =
            u ? vec_push(&u->properties) : vec_push(&r->manifest->properties);
        if (!p)
            return FAIL_MEMORY();
        p->path = custom_path(r);
        p->name = mem_dup(e->attributes[i].name);
        p->value = mem_dup(e->attributes[i].value);
        if (!p->path || !p->name || !p->value)
            return FAIL_MEMORY();
    }
    return S_OK;
}

static HRESULT read_in_update(struct reading *r, const struct xml_element *e)
{
    struct manifest_update *u = last_update(r);
    if (!u || !is_below(r, "update"))
        return S_OK;
    if (text_equal_nocase(e->name, "selectable"))
        u->is_feature = true;
    if (text_equal_nocase(e->name, "detectNone")) {
        const char *word = xml_attribute(e, "default");
        u->is_on_by_default = word && text_equal_nocase(word, "true");
    }
    if (text_equal_nocase(e->name, "update") && is_below(r, "detectUpdate"))
        return read_detected(u, e);
    if (text_equal_nocase(e->name, "driver") && is_in(r, 1, "update"))
        return read_driver(u, e);
    return S_OK;
}

static HRESULT read_element(struct reading *r, const struct xml_element *e)
{
    if (r->depth == 1)
        return text_equal_nocase(e->name, "assembly")
                   ? read_assembly(r, e)
                   : FAIL(HR_WIN32(ERROR_INVALID_DATA), "the root is <%s>, not <assembly>",
                          e->name);
    if (text_equal_nocase(e->name, "assemblyIdentity"))
        return read_assembly_identity(r, e);
    if (text_equal_nocase(e->name, "package") && r->depth == 2)
        return read_package(r, e);
    if (text_equal_nocase(e->name, "parent") && is_in(r, 1, "package") && r->depth == 3)
        return read_parent(r, e);
    if (text_equal_nocase(e->name, "update") && is_in(r, 1, "package") && r->depth == 3)
        return read_update(r, e);
    if (text_equal_nocase(e->name, "capabilityIdentity"))
        return read_capability(r, e);
    if (text_equal_nocase(e->name, "string") && is_in(r, 1, "localizedStrings"))
        return read_text(r, e);
    if (text_equal_nocase(e->name, "packageExtended"))
        read_sizes(r, e);
    return read_in_update(r, e);
}

static HRESULT on_start(void *context, const struct xml_element *e)
{
    struct reading *r = context;
    r->depth = e->depth;
    if (e->depth > DEEPEST)
        return S_OK;
    mem_free(r->names[e->depth]);
    r->names[e->depth] = mem_dup(e->name);
    if (!r->names[e->depth])
        return FAIL_MEMORY();
    if (r->custom)
        return read_custom(r, e);
    if (text_equal_nocase(e->name, "customInformation")) {
        r->custom = e->depth;
        return S_OK;
    }
    return read_element(r, e);
}

static HRESULT on_end(void *context, const char *name, unsigned depth)
{
    struct reading *r = context;
    (void)name;
    if (r->custom == depth)
        r->custom = 0;
    r->depth = depth - 1;
    return S_OK;
}

static HRESULT read_all(struct reading *r, const void *bytes, size_t size, const char *name)
{
    static const struct xml_handler handler = {.start = on_start, .end = on_end};
    TRY(xml_read(bytes, size, name, &handler, r));
    if (!r->has_package || !r->manifest->identity.name || !*r->manifest->identity.name)
        return FAIL(HR_WIN32(ERROR_INVALID_DATA), "%s is no manifest of a package", name);
    return S_OK;
}

/* A session keeps thousands of them, each with one or two of what has room for eight. */
static bool fit(struct manifest *m)
{
    bool is_fit = vec_fit(&m->parents) && vec_fit(&m->updates);
    for (size_t i = 0; is_fit && i < m->updates.len; i++)
        is_fit = vec_fit(&m->updates.ptr[i].components.list) &&
                 vec_fit(&m->updates.ptr[i].packages.list);
    return is_fit;
}

HRESULT manifest_read(const void *bytes, size_t size, const char *name, struct manifest **out)
{
    AUTO_MANIFEST struct manifest *manifest = mem_alloc(sizeof *manifest);
    struct reading r = {.manifest = manifest};
    if (!manifest)
        return FAIL_MEMORY();
    HRESULT hr = read_all(&r, bytes, size, name);
    for (unsigned i = 0; i <= DEEPEST; i++)
        mem_free(r.names[i]);
    TRY(hr);
    if (!fit(manifest))
        return FAIL_MEMORY();
    *out = TAKE(manifest);
    return S_OK;
}

HRESULT manifest_read_file(const char *path, struct manifest **out)
{
    AUTO_FREE char *bytes = NULL;
    size_t size;
    TRY(os_read_file(path, &bytes, &size));
    return manifest_read(bytes, size, path, out);
}

/* ---- words ---- */

bool manifest_is_permanent(const struct manifest *m)
{
    return m->permanence && text_equal_nocase(m->permanence, "permanent");
}

DismReleaseType manifest_release_type(const char *word)
{
    static const struct {
        const char *name;
        DismReleaseType type;
    } words[] = {{"Critical Update", DismReleaseTypeCriticalUpdate},
                 {"Driver", DismReleaseTypeDriver},
                 {"Feature Pack", DismReleaseTypeFeaturePack},
                 {"Hotfix", DismReleaseTypeHotfix},
                 {"Security Update", DismReleaseTypeSecurityUpdate},
                 {"Software Update", DismReleaseTypeSoftwareUpdate},
                 {"Update", DismReleaseTypeUpdate},
                 {"Update Rollup", DismReleaseTypeUpdateRollup},
                 {"Language Pack", DismReleaseTypeLanguagePack},
                 {"Foundation", DismReleaseTypeFoundation},
                 {"Service Pack", DismReleaseTypeServicePack},
                 {"Product", DismReleaseTypeProduct},
                 {"Local Pack", DismReleaseTypeLocalPack},
                 {"OnDemand Pack", DismReleaseTypeOnDemandPack}};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (text_equal_nocase(words[i].name, word))
            return words[i].type;
    return DismReleaseTypeOther;
}

DismRestartType manifest_restart_type(const char *word)
{
    if (word && text_equal_nocase(word, "required"))
        return DismRestartRequired;
    return word && text_equal_nocase(word, "possible") ? DismRestartPossible : DismRestartNo;
}

/* "1.0" of a manifest is "0.0.1.0" of a name (real-behaviour 4.6). */
static char *capability_text(const char *name, const char *language, const char *version)
{
    bool is_short = strchr(version, '.') && strchr(version, '.') == strrchr(version, '.');
    return mem_format("%s~~~%s~%s%s", name, text_equal_nocase(language, "neutral") ? "" : language,
                      is_short ? "0.0." : "", version);
}

char *manifest_capability_text(const struct manifest *m)
{
    return capability_text(m->capability_name ? m->capability_name : "",
                           m->capability_language ? m->capability_language : "",
                           m->capability_version ? m->capability_version : "");
}

char *manifest_dependency_text(const struct identity *dependency)
{
    return capability_text(dependency->name, dependency->language, dependency->version);
}
