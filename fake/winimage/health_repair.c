/* SPDX-License-Identifier: MIT */
/* health_repair.c - see health.h: what is damaged comes from a source again. */
#include "dism_codes.h"
#include "error.h"
#include "health.h"

static HRESULT repair_file(struct winimage *image, struct change *change,
                           const struct health_damage *d, const struct sources *sources)
{
    AUTO_FREE uint8_t *bytes = NULL;
    AUTO_FREE char *place = component_file_place(image, d->key, d->name);
    size_t size;
    if (!place)
        return FAIL_MEMORY();
    HRESULT hr = sources_find_file(sources, &d->identity, d->name, d->sha256, &bytes, &size);
    TRY(hr);
    if (hr == S_FALSE)
        return sources_missing(sources, place);
    TRY(change_write(change, place, bytes, size));
    return d->place ? change_write(change, d->place, bytes, size) : S_OK;
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
        TRY(d->kind == HEALTH_FILE ? repair_file(image, change, d, sources)
            : d->kind == HEALTH_PACKAGE
                ? repair_package(image, change, d, sources)
                : sources_add_component(sources, image, change, &d->identity));
    }
    return S_OK;
}
