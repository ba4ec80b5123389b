/* SPDX-License-Identifier: MIT */
/* driver_inf.c - see driver_inf.h. */
#include "driver_inf.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dism_codes.h"
#include "error.h"
#include "facts.h"
#include "name_index.h"
#include "os.h"
#include "path.h"
#include "text.h"

static const struct {
    const char *word;
    unsigned number;
} architectures[] = {{"x86", 0}, {"arm64", 12}, {"arm", 5}, {"ia64", 6}, {"amd64", 9}};

const char *driver_architecture_word(unsigned architecture)
{
    for (size_t i = 0; i < sizeof architectures / sizeof *architectures; i++)
        if (architectures[i].number == architecture)
            return architectures[i].word;
    return "x86";
}

void driver_inf_clear(struct driver_inf *driver)
{
    inf_free(driver->inf);
    mem_free(driver->name);
    vec_clear(&driver->models);
    *driver = (struct driver_inf){0};
}

static bool starts_nocase(const char *text, const char *prefix)
{
    for (; *prefix; text++, prefix++)
        if (text_upper((unsigned char)*text) != text_upper((unsigned char)*prefix))
            return false;
    return true;
}

/* ---- decorations ---- */

struct decoration {
    unsigned architecture;
    uint64_t version; /* the least one it is for */
};

/* "NTamd64.10.0...22000": major, minor, kind of product, suite, build. Numbers can be missing. The
 * kind and the suite are not looked at. */
static bool decoration_parse(const char *text, struct decoration *out)
{
    *out = (struct decoration){0};
    if (!*text)
        return true;
    if (!starts_nocase(text, "NT"))
        return false;
    text += 2;
    for (size_t i = 0; i < sizeof architectures / sizeof *architectures; i++) {
        if (!starts_nocase(text, architectures[i].word))
            continue;
        out->architecture = architectures[i].number;
        text += strlen(architectures[i].word);
        break;
    }
    static const unsigned shifts[] = {48, 32, 64, 64, 16};
    for (size_t i = 0; *text == '.' && i < sizeof shifts / sizeof *shifts; i++) {
        char *end;
        unsigned long number = strtoul(text + 1, &end, 0);
        if (shifts[i] < 64)
            out->version |= (uint64_t)(number & 0xFFFF) << shifts[i];
        text = end > text + 1 ? end : text + 1;
    }
    return *text == 0;
}

static bool fits(const struct decoration *d, const struct driver_target *target)
{
    return !target || (d->architecture == target->architecture &&
                       (target->version == 0 || d->version >> 16 <= target->version >> 16));
}

/* ---- [Version] ---- */

/* "05/21/2023" as FILETIME. */
static uint64_t date_of(const char *text)
{
    unsigned month, day, year;
    if (sscanf(text, "%2u%*1[/-]%2u%*1[/-]%4u", &month, &day, &year) != 3 || year < 1601 ||
        month < 1 || month > 12 || day < 1 || day > 31)
        return 0;
    int64_t y = (int64_t)year - (month <= 2);
    int64_t days = 365 * y + y / 4 - y / 100 + y / 400 + (153 * ((month + 9) % 12) + 2) / 5 +
                   (int64_t)day - 1 - 584694; /* from 1601 on */
    return days < 0 ? 0 : (uint64_t)days * 864000000000u;
}

static uint64_t version_of(const char *text)
{
    uint64_t version = 0;
    for (unsigned shift = 48;; shift -= 16) {
        char *end;
        version |= (uint64_t)(strtoul(text, &end, 10) & 0xFFFF) << shift;
        if (*end != '.' || shift == 0)
            return version;
        text = end + 1;
    }
}

static bool is_known_signature(const char *signature)
{
    return text_equal_nocase(signature, "$Windows NT$") ||
           text_equal_nocase(signature, "$Chicago$") ||
           text_equal_nocase(signature, "$Windows 95$");
}

/* CatalogFile.NTamd64 before CatalogFile.NT before CatalogFile. */
static HRESULT find_catalog(const struct inf_section *version, const struct driver_target *target,
                            const char **out)
{
    AUTO_FREE char *own =
        mem_format("CatalogFile.NT%s", driver_architecture_word(target ? target->architecture : 9));
    if (!own)
        return FAIL_MEMORY();
    const char *const keys[] = {own, "CatalogFile.NT", "CatalogFile"};
    *out = "";
    for (size_t i = 0; !**out && i < 3; i++)
        *out = inf_field(inf_line(version, keys[i]), 0);
    return S_OK;
}

static HRESULT read_version(struct driver_inf *d, const struct driver_target *target)
{
    const struct inf_section *version = inf_section(d->inf, "Version");
    const char *signature = inf_field(inf_line(version, "Signature"), 0);
    if (!version || !is_known_signature(signature))
        return FAIL(HR_WIN32(ERROR_INVALID_DATA), "%s: its [Version] has the signature '%s'",
                    d->name, signature);
    d->class_name = inf_field(inf_line(version, "Class"), 0);
    d->class_guid = inf_field(inf_line(version, "ClassGuid"), 0);
    d->provider = inf_field(inf_line(version, "Provider"), 0);
    d->date = date_of(inf_field(inf_line(version, "DriverVer"), 0));
    d->version = version_of(inf_field(inf_line(version, "DriverVer"), 1));
    d->is_locked_down = text_equal(inf_field(inf_line(version, "PnpLockdown"), 0), "1");
    if (!*d->class_name && !*d->class_guid)
        return FAIL(HR_WIN32(ERROR_INVALID_DATA), "%s names no class of devices: it is no driver",
                    d->name);
    return find_catalog(version, target, &d->catalog);
}

/* ---- models ---- */

struct collecting {
    struct driver_inf *driver;
    const struct driver_target *target;
    struct name_index seen; /* architecture and id */
    VEC(char *) keys;       /* of seen */
};

static void collecting_clear(struct collecting *c)
{
    for (size_t i = 0; i < c->keys.len; i++)
        mem_free(c->keys.ptr[i]);
    vec_clear(&c->keys);
    name_index_clear(&c->seen);
}

/* S_FALSE: there was one with this id for this architecture. */
static HRESULT note(struct collecting *c, const struct driver_model *m)
{
    char **key = vec_push(&c->keys);
    const char *id = *m->hardware_id ? m->hardware_id : inf_field(m->line, 2);
    if (!key || !(*key = mem_format("%u %s", m->architecture, id)))
        return FAIL_MEMORY();
    return name_index_add(&c->seen, *key, c->keys.len);
}

static HRESULT add_models(struct collecting *c, const char *manufacturer, unsigned architecture,
                          const struct inf_section *section)
{
    for (size_t i = 0; i < section->lines.len; i++) {
        const struct inf_line *line = &section->lines.ptr[i];
        struct driver_model model = {manufacturer,       line->key.text, inf_field(line, 0),
                                     inf_field(line, 1), line,           architecture};
        if (!line->key.text || line->values.len < 2)
            continue;
        HRESULT hr = note(c, &model);
        TRY(hr);
        if (hr == S_FALSE)
            continue;
        struct driver_model *added = vec_push(&c->driver->models);
        if (!added)
            return FAIL_MEMORY();
        *added = model;
    }
    return S_OK;
}

/* S_FALSE: there is no such section. */
static HRESULT models_section(const struct inf *inf, const char *models, const char *decoration,
                              const struct inf_section **out)
{
    AUTO_FREE char *name = *decoration ? mem_format("%s.%s", models, decoration) : mem_dup(models);
    if (!name)
        return FAIL_MEMORY();
    *out = inf_section(inf, name);
    return *out ? S_OK : S_FALSE;
}

/* A line of [Manufacturer]: NAME = MODELS, DECORATION, ... */
static HRESULT add_manufacturer(struct collecting *c, const struct inf_line *line)
{
    const struct inf_section *best = NULL;
    struct decoration best_for = {0};
    const char *name = line->key.text ? line->key.text : inf_field(line, 0);
    for (size_t i = 0; i < (line->values.len ? line->values.len : 1); i++) {
        const char *word = i ? inf_field(line, i) : "";
        const struct inf_section *section;
        struct decoration d;
        HRESULT hr = models_section(c->driver->inf, inf_field(line, 0), word, &section);
        TRY(hr);
        if (hr == S_FALSE || !decoration_parse(word, &d) || !fits(&d, c->target))
            continue;
        if (!c->target)
            TRY(add_models(c, name, d.architecture, section));
        else if (!best || d.version >= best_for.version)
            best = section, best_for = d;
    }
    return best ? add_models(c, name, best_for.architecture, best) : S_OK;
}

/* A driver without devices of its own has a decorated [DefaultInstall]. */
static HRESULT has_default_install(const struct inf *inf, unsigned architecture, bool *out)
{
    AUTO_FREE char *name =
        mem_format("DefaultInstall.NT%s", driver_architecture_word(architecture));
    if (!name)
        return FAIL_MEMORY();
    *out = inf_section(inf, name) != NULL;
    return S_OK;
}

static HRESULT read_models(struct driver_inf *d, const struct driver_target *target)
{
    const struct inf_section *section = inf_section(d->inf, "Manufacturer");
    struct collecting c AUTO(collecting_clear) = {.driver = d, .target = target};
    bool is_primitive = false;
    for (size_t i = 0; !section && !is_primitive && i < 5; i++)
        TRY(has_default_install(d->inf, architectures[i].number, &is_primitive));
    if (!section && !is_primitive)
        return FAIL(HR_WIN32(ERROR_INVALID_DATA), "%s has no [Manufacturer]: it is no driver",
                    d->name);
    for (size_t i = 0; section && i < section->lines.len; i++)
        TRY(add_manufacturer(&c, &section->lines.ptr[i]));
    return S_OK;
}

/* S_FALSE: no section of this line of [Manufacturer] is for it. */
static HRESULT line_fits(const struct inf *inf, const struct inf_line *line,
                         const struct driver_target *target)
{
    for (size_t i = 0; i < (line->values.len ? line->values.len : 1); i++) {
        const struct inf_section *section;
        struct decoration d;
        const char *word = i ? inf_field(line, i) : "";
        HRESULT hr = models_section(inf, inf_field(line, 0), word, &section);
        TRY(hr);
        if (hr == S_OK && decoration_parse(word, &d) && fits(&d, target))
            return S_OK;
    }
    return S_FALSE;
}

HRESULT driver_inf_fits(const struct driver_inf *driver, const struct driver_target *target)
{
    const struct inf_section *section = inf_section(driver->inf, "Manufacturer");
    bool has_default;
    for (size_t i = 0; section && i < section->lines.len; i++) {
        HRESULT hr = line_fits(driver->inf, &section->lines.ptr[i], target);
        if (hr != S_FALSE)
            return hr;
    }
    TRY(has_default_install(driver->inf, target->architecture, &has_default));
    return has_default ? S_OK : S_FALSE;
}

HRESULT driver_inf_parse(const void *bytes, size_t size, const char *name, unsigned language,
                         const struct driver_target *target, struct driver_inf *out)
{
    struct driver_inf d AUTO(driver_inf_clear) = {.name = mem_dup(name)};
    if (!d.name)
        return FAIL_MEMORY();
    TRY(inf_parse(bytes, size, language, name, &d.inf));
    TRY(read_version(&d, target));
    TRY(read_models(&d, target));
    *out = d;
    d = (struct driver_inf){0};
    return S_OK;
}

HRESULT driver_inf_read(const char *path, unsigned language, const struct driver_target *target,
                        struct driver_inf *out)
{
    AUTO_FREE char *bytes = NULL;
    size_t size;
    TRY(os_read_file(path, &bytes, &size));
    return driver_inf_parse(bytes, size, path_name(path), language, target, out);
}

/* ---- install sections ---- */

HRESULT driver_inf_install(const struct inf *inf, const char *install, unsigned architecture,
                           const char *suffix, const struct inf_section **out)
{
    AUTO_FREE char *own =
        mem_format("%s.NT%s%s", install, driver_architecture_word(architecture), suffix);
    AUTO_FREE char *any = mem_format("%s.NT%s", install, suffix);
    AUTO_FREE char *plain = mem_format("%s%s", install, suffix);
    if (!own || !any || !plain)
        return FAIL_MEMORY();
    *out = inf_section(inf, own);
    if (!*out)
        *out = inf_section(inf, any);
    if (!*out)
        *out = inf_section(inf, plain);
    return *out ? S_OK : S_FALSE;
}

HRESULT driver_inf_service(const struct driver_inf *driver, const struct driver_model *model,
                           const char **out)
{
    enum { RUNS_THE_DEVICE = 2 };
    const struct inf_section *section;
    *out = "";
    TRY(driver_inf_install(driver->inf, model->install, model->architecture, ".Services",
                           &section));
    for (size_t i = 0; section && i < section->lines.len; i++) {
        const struct inf_line *line = &section->lines.ptr[i];
        if (line->key.text && text_equal_nocase(line->key.text, "AddService") &&
            strtoul(inf_field(line, 1), NULL, 0) & RUNS_THE_DEVICE) {
            *out = inf_field(line, 0);
            return S_OK;
        }
    }
    return S_OK;
}

/* [ControlFlags] keeps ids out of what is offered, ExcludeId of the section out of the match. */
HRESULT driver_inf_excluded(const struct driver_inf *driver, const struct driver_model *model,
                            char **out)
{
    struct text text AUTO(text_clear) = {0};
    const struct inf_section *install, *flags = inf_section(driver->inf, "ControlFlags");
    TRY(driver_inf_install(driver->inf, model->install, model->architecture, "", &install));
    const struct inf_line *line = inf_line(install, "ExcludeId");
    for (size_t i = 0; line && i < line->values.len; i++)
        text_addf(&text, "%s%s", text.len ? "," : "", inf_field(line, i));
    for (size_t i = 0; flags && i < flags->lines.len; i++) {
        const struct inf_line *from = &flags->lines.ptr[i];
        for (size_t k = 0; from->key.text && k < from->values.len; k++)
            if (starts_nocase(from->key.text, "ExcludeFromSelect") && *model->hardware_id &&
                text_equal_nocase(inf_field(from, k), model->hardware_id))
                text_addf(&text, "%s%s", text.len ? "," : "", inf_field(from, k));
    }
    *out = text_take(&text);
    return *out ? S_OK : FAIL_MEMORY();
}

/* ---- the image ---- */

HRESULT driver_target_of(struct winimage *image, struct driver_target *out, unsigned *language)
{
    const struct facts *facts;
    AUTO_FREE char *control_set = NULL, *key = NULL, *number = NULL;
    struct hive *hive;
    TRY(facts_of(image, &facts));
    *out = (struct driver_target){facts->architecture_number, facts->version};
    *language = 0;
    HRESULT hr = winimage_hive(image, HIVE_SYSTEM, &hive);
    if (hr == HR_WIN32(ERROR_FILE_NOT_FOUND)) {
        error_clear();
        return S_OK;
    }
    TRY(hr);
    TRY(winimage_control_set(image, &control_set));
    if (!(key = mem_format("%s\\Control\\Nls\\Language", control_set)))
        return FAIL_MEMORY();
    number = hive_text(hive, hive_find(hive, hive_root(hive), key), "InstallLanguage");
    *language = number ? (unsigned)strtoul(number, NULL, 16) : 0;
    return hive_trouble(hive);
}
