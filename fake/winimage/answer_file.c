/* SPDX-License-Identifier: MIT */
/* answer_file.c - see answer_file.h. */
#include "answer_file.h"

#include <string.h>

#include "dism_codes.h"
#include "error.h"
#include "facts.h"
#include "text.h"
#include "xml.h"

#define NAMESPACE "urn:schemas-microsoft-com:unattend"
#define DEEPEST 16 /* levels of a setting */

static const char *const actions[ANSWER_ACTION_COUNT] = {"install", "stage", "remove", "configure",
                                                         "reinstall"};

static void package_clear(struct answer_package *p)
{
    identity_clear(&p->identity);
    mem_free(p->source);
    for (size_t i = 0; i < p->selections.len; i++)
        mem_free(p->selections.ptr[i].feature);
    vec_clear(&p->selections);
}

static void setting_clear(struct answer_setting *s)
{
    mem_free(s->component);
    mem_free(s->path);
    mem_free(s->value);
    mem_free(s->architecture);
}

void answer_file_free(struct answer_file *file)
{
    for (size_t i = 0; i < file->packages.len; i++)
        package_clear(&file->packages.ptr[i]);
    vec_clear(&file->packages);
    for (size_t i = 0; i < file->settings.len; i++)
        setting_clear(&file->settings.ptr[i]);
    vec_clear(&file->settings);
    mem_free(file);
}

struct reading {
    struct answer_file *file;
    bool is_servicing, is_pass, is_package; /* inside of <servicing>, the pass, a package */
    char *component, *architecture;         /* inside of it; NULL: none */
    char *names[DEEPEST];                   /* of the setting's elements */
    struct text value;
};

static bool is_named(const struct xml_element *e, const char *name)
{
    return text_equal_nocase(e->name, name);
}

static HRESULT invalid(const char *what, const char *value)
{
    return FAIL(HR_WIN32(ERROR_INVALID_DATA), "the answer file has %s '%s'", what, value);
}

/* ---- <servicing> ---- */

static HRESULT start_package(struct reading *r, const struct xml_element *e)
{
    const char *action = xml_attribute(e, "action");
    unsigned i = 0;
    while (action && i < ANSWER_ACTION_COUNT && !text_equal_nocase(actions[i], action))
        i++;
    if (!action || i == ANSWER_ACTION_COUNT)
        return invalid("a package with the action", action ? action : "");
    struct answer_package *p = vec_push(&r->file->packages);
    if (!p)
        return FAIL_MEMORY();
    p->action = (enum answer_action)i;
    r->is_package = true;
    return S_OK;
}

static HRESULT add_selection(struct answer_package *p, const struct xml_element *e)
{
    const char *name = xml_attribute(e, "name"), *state = xml_attribute(e, "state");
    bool is_on = state && text_equal_nocase(state, "true");
    if (!name || !state || (!is_on && !text_equal_nocase(state, "false")))
        return invalid("a selection with the state", state ? state : "");
    struct answer_selection *s = vec_push(&p->selections);
    if (!s || !(s->feature = mem_dup(name)))
        return FAIL_MEMORY();
    s->is_on = is_on;
    return S_OK;
}

static HRESULT in_package(struct reading *r, const struct xml_element *e)
{
    struct answer_package *p = &r->file->packages.ptr[r->file->packages.len - 1];
    if (is_named(e, "assemblyIdentity") && !p->identity.name)
        return identity_make(xml_attribute(e, "name"), xml_attribute(e, "publicKeyToken"),
                             xml_attribute(e, "processorArchitecture"),
                             xml_attribute(e, "language"), xml_attribute(e, "version"),
                             &p->identity);
    if (is_named(e, "source") && !p->source && xml_attribute(e, "location")) {
        p->source = mem_dup(xml_attribute(e, "location"));
        return p->source ? S_OK : FAIL_MEMORY();
    }
    return is_named(e, "selection") ? add_selection(p, e) : S_OK;
}

/* ---- the pass ---- */

static HRESULT in_component(struct reading *r, const struct xml_element *e)
{
    unsigned level = e->depth - 4; /* unattend, settings, component, and from there */
    r->value.len = 0;
    if (level >= DEEPEST)
        return invalid("a setting nested too deep below", r->component);
    mem_free(r->names[level]);
    r->names[level] = mem_dup(e->name);
    return r->names[level] ? S_OK : FAIL_MEMORY();
}

static HRESULT take_setting(struct reading *r, unsigned depth)
{
    struct text path = {0};
    if (r->value.len == 0)
        return S_OK;
    for (unsigned i = 0; i + 4 <= depth; i++)
        text_addf(&path, "%s%s", i ? "/" : "", r->names[i]);
    struct answer_setting *s = vec_push(&r->file->settings);
    if (!s) {
        text_clear(&path);
        return FAIL_MEMORY();
    }
    s->component = mem_dup(r->component);
    s->architecture = mem_dup(r->architecture);
    s->path = text_take(&path);
    s->value = mem_dup_n(r->value.ptr, r->value.len);
    r->value.len = 0;
    return s->component && s->architecture && s->path && s->value ? S_OK : FAIL_MEMORY();
}

/* ---- elements ---- */

static HRESULT start_component(struct reading *r, const struct xml_element *e, const char *name)
{
    const char *architecture = xml_attribute(e, "processorArchitecture");
    r->component = mem_dup(name);
    r->architecture = mem_dup(architecture ? architecture : "");
    return r->component && r->architecture ? S_OK : FAIL_MEMORY();
}

static HRESULT on_start(void *context, const struct xml_element *e)
{
    struct reading *r = context;
    const char *pass = xml_attribute(e, "pass"), *name = xml_attribute(e, "name");
    if (e->depth == 1)
        return is_named(e, "unattend") && text_equal(e->space, NAMESPACE)
                   ? S_OK
                   : FAIL(HR_WIN32(ERROR_INVALID_DATA),
                          "the root is <%s> of '%s', not <unattend>: no answer file", e->name,
                          e->space);
    if (e->depth == 2) {
        r->is_servicing = is_named(e, "servicing");
        r->is_pass = is_named(e, "settings") && pass && text_equal_nocase(pass, "offlineServicing");
        return S_OK;
    }
    if (r->is_servicing && e->depth == 3)
        return is_named(e, "package") ? start_package(r, e) : S_OK;
    if (r->is_package)
        return in_package(r, e);
    if (r->is_pass && e->depth == 3 && is_named(e, "component") && name)
        return start_component(r, e, name);
    return r->component ? in_component(r, e) : S_OK;
}

static HRESULT on_text(void *context, const char *text, size_t length)
{
    struct reading *r = context;
    if (r->component)
        text_add_n(&r->value, text, length);
    return r->value.failed ? FAIL_MEMORY() : S_OK;
}

static HRESULT end_package(struct reading *r)
{
    const struct answer_package *p = &r->file->packages.ptr[r->file->packages.len - 1];
    r->is_package = false;
    return p->identity.name && *p->identity.name ? S_OK
                                                 : invalid("a package without", "assemblyIdentity");
}

static HRESULT on_end(void *context, const char *name, unsigned depth)
{
    struct reading *r = context;
    (void)name;
    if (r->is_package && depth == 3)
        return end_package(r);
    if (r->component && depth > 3)
        return take_setting(r, depth);
    if (r->component && depth == 3) {
        mem_free(TAKE(r->component));
        mem_free(TAKE(r->architecture));
        r->value.len = 0;
    }
    return S_OK;
}

static void drop_setting(struct answer_file *file, size_t index)
{
    setting_clear(&file->settings.ptr[index]);
    vec_remove(&file->settings, index);
}

/* White space around values means nothing, and between elements it is none. */
static void trim(struct answer_file *file)
{
    for (size_t i = file->settings.len; i-- > 0;) {
        struct answer_setting *s = &file->settings.ptr[i];
        size_t start = strspn(s->value, " \t\r\n"), len = strlen(s->value);
        while (len > start && strchr(" \t\r\n", s->value[len - 1]))
            len--;
        memmove(s->value, s->value + start, len - start);
        s->value[len - start] = '\0';
        if (!*s->value)
            drop_setting(file, i);
    }
}

void answer_file_keep(struct answer_file *file, const char *architecture)
{
    unsigned image, wanted;
    for (size_t i = file->settings.len; i-- > 0;)
        if (architecture_of(architecture, &image) &&
            architecture_of(file->settings.ptr[i].architecture, &wanted) && wanted != image)
            drop_setting(file, i);
}

HRESULT answer_file_read(const void *bytes, size_t size, const char *name, struct answer_file **out)
{
    static const struct xml_handler handler = {on_start, on_text, on_end};
    AUTO_ANSWER_FILE struct answer_file *file = mem_alloc(sizeof *file);
    if (!file)
        return FAIL_MEMORY();
    struct reading r = {.file = file};
    HRESULT hr = xml_read(bytes, size, name, &handler, &r);
    for (size_t i = 0; i < DEEPEST; i++)
        mem_free(r.names[i]);
    mem_free(r.component);
    mem_free(r.architecture);
    text_clear(&r.value);
    TRY(hr);
    trim(file);
    *out = TAKE(file);
    return S_OK;
}
