/* SPDX-License-Identifier: MIT */
/*
 * os_win_tree.c - os.h for Windows: listing folders and removing trees. Links are removed, never
 * followed; where a volume is mounted, it is left alone.
 */

#include "os_win.h"
#include "vec.h"

/* ---- listing ---- */

struct listing {
    HANDLE find;
    WIN32_FIND_DATAW entry;
    bool has_entry;
    DWORD code; /* 0: ended, or goes on */
};

static void listing_end(struct listing *listing)
{
    if (listing->find && listing->find != INVALID_HANDLE_VALUE)
        FindClose(listing->find);
}

static bool is_dot_name(const wchar_t *name)
{
    return wcscmp(name, L".") == 0 || wcscmp(name, L"..") == 0;
}

static void listing_next(struct listing *listing)
{
    do
        listing->has_entry = FindNextFileW(listing->find, &listing->entry);
    while (listing->has_entry && is_dot_name(listing->entry.cFileName));
    if (!listing->has_entry && GetLastError() != ERROR_NO_MORE_FILES)
        listing->code = GetLastError();
}

static HRESULT listing_begin(const wchar_t *folder, struct listing *out)
{
    size_t len = wcslen(folder);
    FLOOR_PAUSE(); /* as in win_path */
    AUTO_FREE wchar_t *pattern = mem_array(len + 3, sizeof *pattern);
    if (!pattern)
        return FAIL_MEMORY();
    memcpy(pattern, folder, len * sizeof *folder);
    if (folder[len - 1] != L'\\')
        pattern[len++] = L'\\';
    pattern[len] = L'*';
    out->find = FindFirstFileExW(pattern, FindExInfoBasic, &out->entry, FindExSearchNameMatch, NULL,
                                 FIND_FIRST_EX_LARGE_FETCH);
    out->has_entry = out->find != INVALID_HANDLE_VALUE;
    if (!out->has_entry && GetLastError() != ERROR_FILE_NOT_FOUND)
        out->code = GetLastError(); /* an empty root has not even dots */
    if (out->has_entry && is_dot_name(out->entry.cFileName))
        listing_next(out);
    return S_OK;
}

HRESULT os_list(const char *path, struct os_names *out)
{
    AUTO_FREE wchar_t *wide = NULL;
    struct listing listing AUTO(listing_end) = {0};
    struct os_names names AUTO_NAMES = {0};
    size_t cap = 0;
    TRY(win_path(path, &wide));
    TRY(listing_begin(wide, &listing));
    for (; listing.has_entry; listing_next(&listing)) {
        if (!vec_reserve_raw((void **)&names.ptr, &cap, names.len + 1, sizeof *names.ptr))
            return FAIL_MEMORY();
        TRY(text_from_utf16(listing.entry.cFileName, &names.ptr[names.len]));
        names.len++;
    }
    if (listing.code)
        return win_error(listing.code, "list", path);
    os_names_sort(&names);
    *out = names;
    names = (struct os_names){0};
    return S_OK;
}

bool os_is_empty_directory(const char *path)
{
    struct error before = *error_last();
    AUTO_FREE wchar_t *wide = NULL;
    struct listing listing AUTO(listing_end) = {0};
    bool is_empty = SUCCEEDED(win_path(path, &wide)) && SUCCEEDED(listing_begin(wide, &listing)) &&
                    !listing.has_entry && !listing.code;
    error_restore(&before);
    return is_empty;
}

/* ---- removing a tree ---- */

/* A folder that is being emptied, and all above it: as deep as a path can be is too deep for a
 * thread's stack. */
struct level {
    struct listing listing;
    size_t path_len; /* of the folder */
    size_t left;     /* entries that are still there */
};

#define LONGEST_PATH 32767

struct removal {
    wchar_t *path; /* of what is looked at */
    size_t len;
    VEC(struct level) levels;
    struct error first; /* S_OK: nothing went wrong */
};

static void removal_clear(struct removal *removal)
{
    for (size_t i = 0; i < removal->levels.len; i++)
        listing_end(&removal->levels.ptr[i].listing);
    vec_clear(&removal->levels);
    mem_free(removal->path);
}

static void remember_failure(struct removal *removal)
{
    if (SUCCEEDED(removal->first.hr))
        removal->first = *error_last();
}

static void removal_failed(struct removal *removal, DWORD code, int denied)
{
    AUTO_FREE char *path = NULL;
    const char *name = SUCCEEDED(win_path_from(removal->path, &path)) ? path : NULL;
    (void)(denied ? error_errno(denied, "remove", name) : win_error(code, "remove", name));
    remember_failure(removal);
}

static void set_length(struct removal *removal, size_t len)
{
    removal->len = len;
    removal->path[len] = L'\0';
}

static bool add_name(struct removal *removal, const wchar_t *name)
{
    bool has_separator = removal->path[removal->len - 1] == L'\\';
    size_t len = removal->len + !has_separator, name_len = wcslen(name);
    if (len + name_len >= LONGEST_PATH) {
        removal_failed(removal, ERROR_FILENAME_EXCED_RANGE, 0);
        return false;
    }
    removal->path[len - 1] = L'\\';
    memcpy(removal->path + len, name, name_len * sizeof *name);
    set_length(removal, len + name_len);
    return true;
}

static bool remove_here(struct removal *removal)
{
    int denied = floor_denies_change();
    DWORD code = denied ? 0 : win_remove(removal->path);
    if (denied || code)
        removal_failed(removal, code, denied);
    return !denied && !code;
}

/* The folder at the path is emptied next. */
static bool enter(struct removal *removal)
{
    struct level *level = vec_push(&removal->levels);
    if (!level) {
        (void)FAIL_MEMORY();
        remember_failure(removal);
        return false;
    }
    level->path_len = removal->len;
    if (SUCCEEDED(listing_begin(removal->path, &level->listing)))
        return true;
    remember_failure(removal);
    level->left = 1;
    return true;
}

/* Back in the folder above, whose entry is gone or not. */
static void go_on(struct removal *removal, bool is_gone)
{
    struct level *level = &removal->levels.ptr[removal->levels.len - 1];
    level->left += is_gone ? 0 : 1;
    set_length(removal, level->path_len);
    listing_next(&level->listing);
}

/* Number of entries that are still in the folder that this ends. */
static size_t leave(struct removal *removal)
{
    struct level *level = &removal->levels.ptr[--removal->levels.len];
    set_length(removal, level->path_len);
    if (level->listing.code) {
        removal_failed(removal, level->listing.code, 0);
        level->left++;
    }
    listing_end(&level->listing);
    return level->left;
}

static void take_entry(struct removal *removal, const WIN32_FIND_DATAW *entry)
{
    DWORD attributes = entry->dwFileAttributes, tag = entry->dwReserved0;
    if (!add_name(removal, entry->cFileName)) {
        go_on(removal, false);
        return;
    }
    enum win_link link = win_link_kind(removal->path, attributes, tag);
    if (link == WIN_VOLUME_MOUNT)
        removal_failed(removal, ERROR_BUSY, 0);
    if (link != WIN_NO_LINK || !(attributes & FILE_ATTRIBUTE_DIRECTORY))
        go_on(removal, link != WIN_VOLUME_MOUNT && remove_here(removal));
    else if (!enter(removal))
        go_on(removal, false);
}

/* Number of entries of the folder at the path that are still there. */
static size_t remove_below(struct removal *removal)
{
    size_t left = enter(removal) ? 0 : 1;
    while (removal->levels.len > 0) {
        struct level *level = &removal->levels.ptr[removal->levels.len - 1];
        if (level->listing.has_entry) {
            WIN32_FIND_DATAW entry = level->listing.entry; /* the array may move */
            take_entry(removal, &entry);
            continue;
        }
        left = leave(removal);
        if (removal->levels.len > 0)
            go_on(removal, left == 0 && remove_here(removal));
    }
    return left;
}

HRESULT os_remove_tree(const char *path, bool and_itself)
{
    AUTO_FREE wchar_t *wide = NULL;
    struct os_stat stat;
    TRY(os_lstat(path, &stat));
    if (stat.type != OS_TYPE_DIRECTORY)
        return and_itself ? os_remove_file(path) : win_error(ERROR_PATH_NOT_FOUND, "empty", path);
    TRY(win_path(path, &wide));
    struct removal removal AUTO(removal_clear) = {0};
    if (!(removal.path = mem_array(LONGEST_PATH + 1, sizeof *removal.path)))
        return FAIL_MEMORY();
    memcpy(removal.path, wide, wcslen(wide) * sizeof *wide);
    set_length(&removal, wcslen(wide));
    size_t left = remove_below(&removal);
    if (left == 0 && and_itself)
        return os_remove_directory(path);
    if (FAILED(removal.first.hr))
        error_restore(&removal.first);
    return removal.first.hr;
}
