/* SPDX-License-Identifier: MIT */
/* place.c - see place.h. */
#include "place.h"

#include <string.h>

#include "dism_codes.h"
#include "error.h"
#include "os.h"
#include "path.h"
#include "text.h"

/* Where letter case matters, a name that is there as given is spelled so; elsewhere the list tells.
 */
static bool is_spelled(const char *path, bool wants_spelling)
{
    return os_exists(path) && !(wants_spelling && os_has_drives());
}

/* S_FALSE: the folder has no such name. The usual spelling needs no list. */
static HRESULT find_child(const char *folder, const char *name, bool wants_spelling, char **out)
{
    AUTO_FREE char *path = NULL;
    AUTO_NAMES struct os_names names = {0};
    TRY(path_join(folder, name, &path));
    if (is_spelled(path, wants_spelling)) {
        *out = TAKE(path);
        return S_OK;
    }
    if (!os_is_directory(folder))
        return S_FALSE;
    TRY(os_list(folder, &names));
    for (size_t i = 0; i < names.len; i++)
        if (text_equal_nocase(names.ptr[i], name))
            return path_join(folder, names.ptr[i], out);
    return S_FALSE;
}

/* Only a link can lead out. */
static HRESULT check_inside(const char *root, const char *path)
{
    struct os_stat stat;
    AUTO_FREE char *real = NULL, *real_root = NULL;
    TRY(os_lstat(path, &stat));
    if (stat.type != OS_TYPE_LINK)
        return S_OK;
    TRY(os_real_path(root, &real_root));
    HRESULT hr = os_real_path(path, &real);
    if (SUCCEEDED(hr) && (path_equal(real, real_root) || path_below(real, real_root)))
        return S_OK;
    error_clear();
    return FAIL(HR_WIN32(ERROR_CANT_ACCESS_FILE), "%s is a link that leads out of the image", path);
}

/* Only down: no name that is a way up, nor a separator that other systems take for one. */
static HRESULT check_names(const char *relative)
{
    for (const char *s = relative; *s;) {
        size_t len = strcspn(s, "/");
        if ((len == 1 && *s == '.') || (len == 2 && s[0] == '.' && s[1] == '.') ||
            memchr(s, '\\', len))
            return FAIL(E_INVALIDARG, "'%s' is no path inside an image", relative);
        s += len + (s[len] == '/');
    }
    return S_OK;
}

/* S_FALSE: *out is the last folder that is there, *rest what is missing below it. */
static HRESULT walk(const char *root, char *relative, bool wants_spelling, char **out, char **rest)
{
    AUTO_FREE char *found = mem_dup(root);
    if (!found)
        return FAIL_MEMORY();
    TRY(check_names(relative));
    while (*relative == '/')
        relative++;
    while (*relative) {
        size_t len = strcspn(relative, "/");
        bool is_last = relative[len] == '\0';
        AUTO_FREE char *name = mem_dup_n(relative, len), *next = NULL;
        if (!name)
            return FAIL_MEMORY();
        HRESULT hr = find_child(found, name, wants_spelling, &next);
        TRY(hr);
        if (hr == S_FALSE) {
            *out = TAKE(found);
            *rest = relative;
            return S_FALSE;
        }
        TRY(check_inside(root, next));
        mem_free(found);
        found = TAKE(next);
        relative += len + !is_last;
        while (*relative == '/')
            relative++;
    }
    *out = TAKE(found);
    *rest = relative;
    return S_OK;
}

HRESULT place_find(const char *root, const char *relative, char **out)
{
    AUTO_FREE char *copy = mem_dup(relative), *found = NULL;
    char *rest;
    if (!copy)
        return FAIL_MEMORY();
    HRESULT hr = walk(root, copy, false, &found, &rest);
    TRY(hr);
    if (hr == S_OK)
        *out = TAKE(found);
    return hr;
}

HRESULT place_of_new(const char *root, const char *relative, char **out)
{
    AUTO_FREE char *copy = mem_dup(relative), *found = NULL;
    char *rest;
    if (!copy)
        return FAIL_MEMORY();
    const char *flaw = *relative ? path_flaw(relative) : NULL;
    if (flaw)
        return FAIL(E_INVALIDARG, "'%s' has %s", relative, flaw);
    HRESULT hr = walk(root, copy, true, &found, &rest);
    TRY(hr);
    if (hr == S_OK) {
        *out = TAKE(found);
        return S_OK;
    }
    return path_join(found, rest, out);
}
