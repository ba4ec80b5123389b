/* SPDX-License-Identifier: MIT */
/*
 * chain.c - finding and opening the parents of a differencing disk.
 *
 * A child names its parent by several paths. Those relative to its own folder come first, since
 * disks are moved together. The first one that leads to the disk the child was made from is taken;
 * if none does, the error tells what was wrong with the one that was there.
 */
#include "container.h"

#include <string.h>

#include "path.h"
#include "text.h"

enum { LONGEST_CHAIN = 64 };

/* ---- from a path of Windows to one here ---- */

/* The folder's entry of that name in any letter case. S_FALSE: none. */
static HRESULT find_entry(const char *folder, const char *name, size_t len, char **out)
{
    AUTO_FREE char *wanted = mem_dup_n(name, len);
    if (!wanted)
        return FAIL_MEMORY();
    TRY(path_join(folder, wanted, out));
    if (os_exists(*out))
        return S_OK;
    mem_free(TAKE(*out));
    AUTO_NAMES struct os_names names = {0};
    if (!os_is_directory(folder) || FAILED(os_list(folder, &names)))
        return S_FALSE;
    for (size_t i = 0; i < names.len; i++)
        if (text_equal_nocase(names.ptr[i], wanted))
            return path_join(folder, names.ptr[i], out);
    return S_FALSE;
}

/* `path` with '/' below an existing folder. S_FALSE: nothing is there. */
static HRESULT find_below(const char *folder, const char *path, char **out)
{
    AUTO_FREE char *at = mem_dup(folder);
    if (!at)
        return FAIL_MEMORY();
    while (*path) {
        size_t len = strcspn(path, "/");
        AUTO_FREE char *next = NULL;
        HRESULT hr = S_OK;
        if (len == 2 && memcmp(path, "..", 2) == 0)
            hr = path_parent(at, &next);
        else if (len && !(len == 1 && *path == '.'))
            hr = find_entry(at, path, len, &next);
        if (hr != S_OK)
            return hr;
        if (next) {
            mem_free(at);
            at = TAKE(next);
        }
        path += len + (path[len] == '/');
    }
    *out = TAKE(at);
    return S_OK;
}

/* S_FALSE: the hint names nothing here. */
static HRESULT resolve(const struct container *child, const struct parent_hint *hint,
                       const struct disk_options *options, char **out)
{
    AUTO_FREE char *path = mem_dup(hint->path), *real = NULL, *folder = NULL;
    if (!path)
        return FAIL_MEMORY();
    for (char *c = path; *c; c++)
        *c = *c == '\\' ? '/' : *c;
    if (path_is_network(path) || text_starts(path, "//?/Volume"))
        return S_FALSE;
    if (path_drive(path)) {
        if (!options || !options->native_path)
            return S_FALSE;
        HRESULT hr = options->native_path(options->context, hint->path, out);
        return hr == S_OK && !os_exists(*out) ? (mem_free(TAKE(*out)), S_FALSE) : hr;
    }
    if (*path == '/')
        return find_below("/", path + 1, out);
    TRY(os_real_path(child->path, &real));
    TRY(path_parent(real, &folder));
    return find_below(folder, path, out);
}

/* ---- opening ---- */

static HRESULT check_cycle(const struct container *top, const struct container *child,
                           const char *path)
{
    struct os_stat stat;
    TRY(os_stat(path, &stat));
    for (const struct container *c = top; c; c = c->parent)
        if (c->stat.device == stat.device && c->stat.inode == stat.inode)
            return FAIL(VHD_E_CHAIN_CYCLE, "%s names %s as its parent, which stands on it",
                        child->path, path);
    return S_OK;
}

static HRESULT open_candidate(struct container *child, const char *path)
{
    AUTO_CONTAINER struct container *parent = NULL;
    HRESULT hr = container_open(path, OS_READ, NULL, &parent);
    if (FAILED(hr)) {
        if (hr == E_OUTOFMEMORY)
            return hr;
        struct error cause = *error_last();
        return FAIL(hr == E_ACCESSDENIED ? VHD_E_PARENT_DENIED : VHD_E_IN_PARENT,
                    "parent of %s: %s", child->path, cause.text);
    }
    TRY(child->format->check_parent(child, parent));
    child->parent = TAKE(parent);
    return S_OK;
}

static HRESULT open_parent(struct container *top, struct container *child,
                           const struct disk_options *options)
{
    struct error first = {0}; /* what was wrong with the first that is there */
    for (size_t i = 0; i < child->hints.len; i++) {
        AUTO_FREE char *path = NULL;
        HRESULT hr = resolve(child, &child->hints.ptr[i], options, &path);
        if (hr == S_FALSE)
            continue;
        TRY(hr);
        hr = check_cycle(top, child, path);
        if (SUCCEEDED(hr))
            hr = open_candidate(child, path);
        if (SUCCEEDED(hr) || hr == E_OUTOFMEMORY)
            return hr;
        if (!first.hr)
            first = *error_last();
    }
    if (first.hr) {
        error_restore(&first);
        return first.hr;
    }
    return FAIL(VHD_E_PARENT_NOT_FOUND, "the parent of %s, %s, is not there", child->path,
                child->hints.len ? child->hints.ptr[0].path : "which it does not name");
}

HRESULT container_open_parents(struct container *top, const struct disk_options *options)
{
    unsigned length = 1;
    for (struct container *c = top; container_has_parent(c); c = c->parent) {
        if (++length > LONGEST_CHAIN)
            return FAIL(VHD_E_LIMITATION, "%s stands on more than %d disks", top->path,
                        LONGEST_CHAIN - 1);
        TRY(open_parent(top, c, options));
    }
    return S_OK;
}
