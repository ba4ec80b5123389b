/* SPDX-License-Identifier: MIT */
/* client_sources.c - see client_sources.h. */
#include "client_sources.h"

#include <string.h>

#include "client_path.h"
#include "dism_codes.h"
#include "error.h"
#include "log.h"
#include "source_image.h"
#include "text.h"
#include "world.h"

#define NAME "SourcePaths"

static HRESULT add(struct sources *out, const char *text, const char *path, unsigned index)
{
    struct source **slot = vec_push(&out->list);
    if (!slot)
        return FAIL_MEMORY();
    *slot = source_new(text, path, index, &source_image);
    if (*slot)
        return S_OK;
    out->list.len--;
    return FAIL_MEMORY();
}

/* What stands behind "wim:"; NULL: no image is meant. */
static const char *image_of(const char *text)
{
    static const char *const words[] = {"WIM:", "ESD:"};
    for (size_t i = 0; i < 2; i++) {
        size_t n = 0;
        while (words[i][n] && text_upper((unsigned char)text[n]) == (unsigned char)words[i][n])
            n++;
        if (!words[i][n])
            return text + n;
    }
    return NULL;
}

/* The path may have a drive's colon in it. */
static HRESULT add_image(struct sources *out, const char *text, const char *image)
{
    const char *colon = strrchr(image, ':');
    unsigned long long index;
    AUTO_FREE char *path = NULL, *native = NULL;
    AUTO_FREE char16_t *wide = NULL;
    if (!colon || !text_to_u64(colon + 1, &index) || index == 0 || index > INT32_MAX)
        return FAIL(E_INVALIDARG, NAME " has '%s', which is not wim:PATH:INDEX", text);
    if (!(path = mem_dup_n(image, (size_t)(colon - image))))
        return FAIL_MEMORY();
    TRY(text_to_utf16(path, &wide));
    TRY(client_path(wide, NAME, E_INVALIDARG, &native));
    return add(out, text, native, (unsigned)index);
}

static HRESULT add_given(struct sources *out, const char *text)
{
    const char *image = image_of(text);
    AUTO_FREE char16_t *wide = NULL;
    AUTO_FREE char *native = NULL;
    if (image)
        return add_image(out, text, image);
    TRY(text_to_utf16(text, &wide));
    TRY(client_path(wide, NAME, E_INVALIDARG, &native));
    return add(out, text, native, 0);
}

/* Nobody asked for these: what is wrong with one fails no call. */
static HRESULT add_of_policy(struct sources *out, const char *text)
{
    HRESULT hr = add_given(out, text);
    if (hr != E_INVALIDARG)
        return hr;
    log_line(LOG_WARNING, "Sources::Policy", hr, "'%s' is passed over: %s", text,
             error_last()->text);
    error_clear();
    return S_OK;
}

static HRESULT add_policy(struct sources *out, struct winimage *image)
{
    AUTO_FREE char *places = NULL;
    bool limits_access;
    TRY(sources_policy(image, &places, &limits_access));
    out->limits_access |= limits_access;
    for (char *at = places; at;) {
        char *semicolon = strchr(at, ';');
        if (semicolon)
            *semicolon = '\0';
        if (*at)
            TRY(add_of_policy(out, at));
        at = semicolon ? semicolon + 1 : NULL;
    }
    return S_OK;
}

static HRESULT add_windows_update(struct sources *out)
{
    for (size_t i = 0; !out->limits_access; i++) {
        AUTO_FREE char *folder = NULL, *text = NULL;
        HRESULT hr = world_windows_update(i, &folder);
        if (hr != S_OK)
            return FAILED(hr) ? hr : S_OK;
        if (!(text = mem_format("Windows Update (%s)", folder)))
            return FAIL_MEMORY();
        TRY(add(out, text, folder, 0));
        out->has_update = true;
    }
    return S_OK;
}

HRESULT client_sources(struct winimage *image, struct change *change, PCWSTR *paths, UINT count,
                       BOOL limits_access, struct sources *out)
{
    out->limits_access = limits_access;
    out->change = change;
    for (UINT i = 0; i < count; i++) {
        AUTO_FREE char *text = NULL;
        TRY(text_from_utf16(paths[i], &text));
        TRY(add_given(out, text));
    }
    TRY(add_policy(out, image));
    return add_windows_update(out);
}
