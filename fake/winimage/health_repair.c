/* SPDX-License-Identifier: MIT */
/* health_repair.c - see health.h: what is damaged comes from a source again. */
#include "component_use.h"
#include "dism_codes.h"
#include "error.h"
#include "health.h"

/* Do its files belong where they are used, too? */
static HRESULT is_in_place(struct winimage *image, const struct identity *component, bool *out)
{
    const struct component_users all = {0};
    TRY(component_is_used(image, component, &all, out));
    return *out ? component_is_newest(image, component, &all, out) : S_OK;
}

static HRESULT repair_component(struct winimage *image, struct change *change,
                                const struct health_damage *d, const struct sources *sources)
{
    bool in_place;
    TRY(is_in_place(image, &d->identity, &in_place));
    return sources_add_component(sources, image, change, &d->identity, in_place);
}

static HRESULT repair_file(struct winimage *image, struct change *change,
                           const struct health_damage *d, const struct sources *sources)
{
    AUTO_FREE uint8_t *bytes = NULL;
    AUTO_FREE char *place = component_file_place(image, d->key, d->name);
    bool in_place = false;
    size_t size;
    if (!place)
        return FAIL_MEMORY();
    HRESULT hr = sources_find_file(sources, &d->identity, d->name, d->sha256, &bytes, &size);
    TRY(hr);
    if (hr == S_FALSE)
        return sources_missing(sources, place);
    TRY(change_write(change, place, bytes, size));
    if (d->place)
        TRY(is_in_place(image, &d->identity, &in_place));
    return in_place ? change_write(change, d->place, bytes, size) : S_OK;
}

static HRESULT repair_package(struct winimage *image, struct change *change,
                              const struct health_damage *d, const struct sources *sources)
{
    static const char *const extensions[] = {".mum", ".cat"};
    AUTO_FREE char *text = identity_text(&d->identity);
    if (!text)
        return FAIL_MEMORY();
    for (size_t i = 0; i < 2; i++) {
        AUTO_FREE uint8_t *bytes = NULL;
        AUTO_FREE char *place = package_file(image, text, extensions[i]);
        AUTO_FREE char *name = mem_format("servicing/Packages/%s%s", text, extensions[i]);
        size_t size;
        if (!place || !name)
            return FAIL_MEMORY();
        HRESULT hr = sources_read_windows_file(sources, name, &bytes, &size);
        TRY(hr);
        if (hr == S_FALSE && i == 0)
            return sources_missing(sources, name);
        if (hr == S_OK)
            TRY(change_write(change, place, bytes, size));
    }
    return S_OK;
}

HRESULT health_repair(struct winimage *image, struct change *change,
                      const struct health_report *report, const struct sources *sources)
{
    for (size_t i = 0; i < report->list.len; i++) {
        const struct health_damage *d = &report->list.ptr[i];
        TRY(d->kind == HEALTH_FILE      ? repair_file(image, change, d, sources)
            : d->kind == HEALTH_PACKAGE ? repair_package(image, change, d, sources)
                                        : repair_component(image, change, d, sources));
    }
    return S_OK;
}
