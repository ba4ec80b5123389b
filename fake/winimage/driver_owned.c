/* SPDX-License-Identifier: MIT */
/* driver_owned.c - see driver_keys.h: services and files, which several drivers can own. */
#include <stdlib.h>
#include <string.h>

#include "dism_codes.h"
#include "driver_files.h"
#include "driver_keys.h"
#include "driver_list.h"
#include "error.h"
#include "path.h"
#include "text.h"

#define OWNERS "Owners"
#define LOCKDOWN "Microsoft\\Windows\\CurrentVersion\\Setup\\PnpLockdownFiles"
#define LOCKDOWN_CLASS 4 /* as a dump has it */

/* ---- owners ---- */

static HRESULT add_owner(struct hive *hive, hive_key key, const char *published)
{
    struct hive_texts owners AUTO(hive_texts_clear) = {0};
    TRY(hive_get_texts(hive, key, OWNERS, &owners));
    for (size_t i = 0; i < owners.list.len; i++)
        if (text_equal_nocase(owners.list.ptr[i], published))
            return S_OK;
    char **added = vec_push(&owners.list);
    if (!added || !(*added = mem_dup(published)))
        return FAIL_MEMORY();
    return hive_set_texts(hive, key, OWNERS, (const char *const *)owners.list.ptr, owners.list.len);
}

struct owned {
    const struct hive *hive;
    const char *published;
    struct hive_texts *found; /* names of keys */
};

static HRESULT find_owned(void *context, hive_key key, const char *name)
{
    const struct owned *o = context;
    struct hive_texts owners AUTO(hive_texts_clear) = {0};
    TRY(hive_get_texts(o->hive, key, OWNERS, &owners));
    for (size_t i = 0; i < owners.list.len; i++) {
        if (!text_equal_nocase(owners.list.ptr[i], o->published))
            continue;
        char **found = vec_push(&o->found->list);
        if (!found || !(*found = mem_dup(name)))
            return FAIL_MEMORY();
        return S_OK;
    }
    return S_OK;
}

static HRESULT disown(struct hive *hive, const char *path, const char *published)
{
    struct hive_texts owners AUTO(hive_texts_clear) = {0};
    hive_key key = hive_find(hive, hive_root(hive), path);
    if (!key)
        return hive_trouble(hive);
    TRY(hive_get_texts(hive, key, OWNERS, &owners));
    for (size_t i = owners.list.len; i-- > 0;)
        if (text_equal_nocase(owners.list.ptr[i], published)) {
            mem_free(owners.list.ptr[i]);
            vec_remove(&owners.list, i);
        }
    return owners.list.len ? hive_set_texts(hive, key, OWNERS, (const char *const *)owners.list.ptr,
                                            owners.list.len)
                           : hive_delete_key(hive, key);
}

/* Of the keys below `parent` those that have no other owner go. */
static HRESULT disown_all(struct hive *hive, const char *parent, const char *published)
{
    struct hive_texts names AUTO(hive_texts_clear) = {0};
    struct owned o = {hive, published, &names};
    TRY(hive_each_key(hive, hive_find(hive, hive_root(hive), parent), find_owned, &o));
    for (size_t i = 0; i < names.list.len; i++) {
        AUTO_FREE char *path = mem_format("%s\\%s", parent, names.list.ptr[i]);
        if (!path)
            return FAIL_MEMORY();
        TRY(disown(hive, path, published));
    }
    return hive_trouble(hive);
}

/* ---- services ---- */

/* "%12%\x.sys" as Windows has it in ImagePath. */
static HRESULT image_path(const struct driver_record *r, const char *binary, char **out)
{
    bool is_in_store;
    AUTO_FREE char *place = NULL;
    TRY(driver_files_place(binary, &is_in_store, &place));
    *out = !place        ? mem_dup(binary)
           : is_in_store ? mem_format("\\SystemRoot\\%s\\%s\\%s", DRIVER_STORE, r->id, place)
                         : mem_format("%s", place);
    for (char *c = *out; c && *c; c++)
        if (*c == '/')
            *c = '\\';
    return *out ? S_OK : FAIL_MEMORY();
}

/* "@oem0.inf,%Name%;text", or the text alone where it is no string of the INF. */
static char *display_name(const struct driver_record *r, const struct inf_line *line)
{
    const struct inf_value *value = line && line->values.len ? line->values.ptr : NULL;
    return value && value->raw ? mem_format("@%s,%s;%s", r->published, value->raw, value->text)
                               : mem_dup(value ? value->text : "");
}

static HRESULT set_number(struct hive *hive, hive_key key, const char *name,
                          const struct inf_line *line)
{
    return line ? hive_set_number(hive, key, name, (uint32_t)strtoul(inf_field(line, 0), NULL, 0))
                : S_OK;
}

static HRESULT write_service(struct hive *hive, const char *control_set,
                             const struct driver_record *r, const struct inf_line *add)
{
    const char *name = inf_field(add, 0);
    const struct inf_section *s = inf_section(r->inf->inf, inf_field(add, 2));
    if (!*name || strpbrk(name, "\\/") || strlen(name) > 255)
        return FAIL(HR_WIN32(ERROR_INVALID_DATA), "%s: '%s' is no name of a service", r->inf->name,
                    name);
    AUTO_FREE char *path = mem_format("%s\\Services\\%s", control_set, name), *binary = NULL;
    AUTO_FREE char *display = display_name(r, inf_line(s, "DisplayName"));
    hive_key key;
    if (!path || !display)
        return FAIL_MEMORY();
    TRY(image_path(r, inf_field(inf_line(s, "ServiceBinary"), 0), &binary));
    TRY(hive_make(hive, hive_root(hive), path, &key));
    TRY(set_number(hive, key, "Type", inf_line(s, "ServiceType")));
    TRY(set_number(hive, key, "Start", inf_line(s, "StartType")));
    TRY(set_number(hive, key, "ErrorControl", inf_line(s, "ErrorControl")));
    if (*binary)
        TRY(hive_set_text(hive, key, "ImagePath", binary));
    if (*display)
        TRY(hive_set_text(hive, key, "DisplayName", display));
    if (*inf_field(inf_line(s, "LoadOrderGroup"), 0))
        TRY(hive_set_text(hive, key, "Group", inf_field(inf_line(s, "LoadOrderGroup"), 0)));
    return add_owner(hive, key, r->published);
}

HRESULT driver_services_write(struct hive *system, const char *control_set,
                              const struct driver_record *r)
{
    const char *last = NULL;
    for (size_t i = 0; i < r->inf->models.len; i++) {
        const struct driver_model *m = &r->inf->models.ptr[i];
        const struct inf_section *section;
        if (last && text_equal_nocase(last, m->install))
            continue;
        last = m->install;
        TRY(driver_inf_install(r->inf->inf, last, m->architecture, ".Services", &section));
        for (size_t k = 0; section && k < section->lines.len; k++) {
            const struct inf_line *line = &section->lines.ptr[k];
            if (line->key.text && text_equal_nocase(line->key.text, "AddService") &&
                *inf_field(line, 0))
                TRY(write_service(system, control_set, r, line));
        }
    }
    return S_OK;
}

HRESULT driver_services_delete(struct hive *system, const char *control_set, const char *published)
{
    AUTO_FREE char *services = mem_format("%s\\Services", control_set);
    return services ? disown_all(system, services, published) : FAIL_MEMORY();
}

/* ---- files ---- */

static char *lockdown_key(const char *place)
{
    return mem_format(LOCKDOWN "\\%%SystemRoot%%/%s", place);
}

HRESULT driver_lockdown_write(struct hive *software, const struct driver_record *r,
                              const char *place, const char *source)
{
    AUTO_FREE char *path = lockdown_key(place);
    AUTO_FREE char *from = mem_format("%%SystemRoot%%\\%s\\%s\\%s", DRIVER_STORE, r->id, source);
    hive_key key;
    if (!path || !from)
        return FAIL_MEMORY();
    for (char *c = from; *c; c++)
        if (*c == '/')
            *c = '\\';
    TRY(hive_make(software, hive_root(software), path, &key));
    TRY(hive_set_number(software, key, "Class", LOCKDOWN_CLASS));
    TRY(hive_set_text(software, key, "Source", from));
    return add_owner(software, key, r->published);
}

HRESULT driver_lockdown_delete(struct hive *software, const char *published)
{
    return disown_all(software, LOCKDOWN, published);
}

HRESULT driver_lockdown_is_of_others(const struct hive *software, const char *place,
                                     const char *published, bool *out)
{
    AUTO_FREE char *path = lockdown_key(place);
    struct hive_texts owners AUTO(hive_texts_clear) = {0};
    *out = false;
    if (!path)
        return FAIL_MEMORY();
    TRY(hive_get_texts(software, hive_find(software, hive_root(software), path), OWNERS, &owners));
    TRY(hive_trouble(software));
    for (size_t i = 0; i < owners.list.len; i++)
        *out = *out || !text_equal_nocase(owners.list.ptr[i], published);
    return S_OK;
}
