/* SPDX-License-Identifier: MIT */
/*
 * os_posix_tree.c - os.h for Linux: listing folders and removing trees.
 *
 * A tree is removed relative to open folders: no path grows too long, and no link that somebody
 * puts in the way is followed. What is mounted inside is left alone.
 */
#include "os_shared.h"

#include <errno.h>
#include <string.h>

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "error.h"
#include "floor.h"
#include "vec.h"

/* ---- listing ---- */

static bool is_dot_name(const char *name)
{
    return strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
}

static HRESULT read_names(DIR *dir, const char *path, struct os_names *names)
{
    size_t cap = 0;
    for (;;) {
        errno = 0;
        const struct dirent *entry = readdir(dir);
        if (!entry)
            return errno ? error_errno(errno, "list", path) : S_OK;
        if (is_dot_name(entry->d_name))
            continue;
        if (!vec_reserve_raw((void **)&names->ptr, &cap, names->len + 1, sizeof *names->ptr))
            return FAIL_MEMORY();
        char *name = mem_dup(entry->d_name);
        if (!name)
            return FAIL_MEMORY();
        names->ptr[names->len++] = name;
    }
}

HRESULT os_list(const char *path, struct os_names *out)
{
    DIR *dir = opendir(path);
    if (!dir)
        return error_errno(errno, "list", path);
    struct os_names names AUTO_NAMES = {0};
    HRESULT hr = read_names(dir, path, &names);
    closedir(dir);
    TRY(hr);
    os_names_sort(&names);
    *out = names;
    names = (struct os_names){0};
    return S_OK;
}

bool os_is_empty_directory(const char *path)
{
    DIR *dir = opendir(path);
    if (!dir)
        return false;
    const struct dirent *entry;
    do
        entry = readdir(dir);
    while (entry && is_dot_name(entry->d_name));
    closedir(dir);
    return !entry;
}

/* ---- removing a tree ---- */

struct removal {
    const char *top;
    struct error first; /* S_OK: nothing went wrong */
};

static void removal_failed(struct removal *removal, int err, const char *name)
{
    if (SUCCEEDED(removal->first.hr)) {
        FAIL(hr_from_errno(err), "cannot remove %s at or below %s: %s", name, removal->top,
             strerror(err));
        removal->first = *error_last();
    }
}

static int open_folder(int parent, const char *name)
{
    int flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
    int fd = openat(parent, name, flags);
    if (fd < 0 && errno == EACCES && fchmodat(parent, name, 0700, 0) == 0)
        fd = openat(parent, name, flags);
    return fd;
}

static bool unlink_in(int folder, const char *name, int flags)
{
    if (FLOOR_CHANGES(unlinkat(folder, name, flags)))
        return true;
    return errno == EACCES && fchmod(folder, 0700) == 0 && unlinkat(folder, name, flags) == 0;
}

/* Something of another file system, or of another place in this one, that somebody mounted there.
 */
static bool is_mount_point(int parent, int folder)
{
    struct statx stx;
    struct stat here, above;
    if (statx(folder, "", AT_EMPTY_PATH, STATX_BASIC_STATS, &stx) == 0 &&
        (stx.stx_attributes_mask & STATX_ATTR_MOUNT_ROOT))
        return (stx.stx_attributes & STATX_ATTR_MOUNT_ROOT) != 0;
    return fstat(folder, &here) != 0 || fstat(parent, &above) != 0 || here.st_dev != above.st_dev;
}

static size_t remove_children(struct removal *removal, int folder);

static bool remove_entry(struct removal *removal, int folder, const char *name, unsigned char type)
{
    if (type != DT_DIR) {
        if (unlink_in(folder, name, 0))
            return true;
        if (type != DT_UNKNOWN || (errno != EISDIR && errno != EPERM)) {
            removal_failed(removal, errno, name);
            return false;
        }
    }
    int below = open_folder(folder, name);
    if (below < 0) {
        removal_failed(removal, errno, name);
        return false;
    }
    if (is_mount_point(folder, below)) {
        close(below);
        removal_failed(removal, EBUSY, name);
        return false;
    }
    size_t left = remove_children(removal, below);
    close(below);
    if (left > 0)
        return false; /* what is left has told why */
    if (unlink_in(folder, name, AT_REMOVEDIR))
        return true;
    removal_failed(removal, errno, name);
    return false;
}

/* Number of entries that are still there. */
static size_t remove_children(struct removal *removal, int folder)
{
    int scan = fcntl(folder, F_DUPFD_CLOEXEC, 0);
    DIR *dir = scan < 0 ? NULL : fdopendir(scan);
    if (!dir) {
        removal_failed(removal, errno, "a folder's content");
        if (scan >= 0)
            close(scan);
        return 1;
    }
    size_t removed, left;
    do { /* again while it helps: a file system may skip entries when others are removed */
        removed = left = 0;
        const struct dirent *entry;
        while ((entry = readdir(dir)) != NULL) {
            if (is_dot_name(entry->d_name))
                continue;
            if (remove_entry(removal, folder, entry->d_name, entry->d_type))
                removed++;
            else
                left++;
        }
        rewinddir(dir);
    } while (removed > 0 && left == 0);
    closedir(dir);
    return left;
}

HRESULT os_remove_tree(const char *path, bool and_itself)
{
    struct stat st;
    if (lstat(path, &st) != 0)
        return error_errno(errno, "remove", path);
    if (!S_ISDIR(st.st_mode))
        return and_itself ? os_remove_file(path) : error_errno(ENOTDIR, "empty", path);
    struct removal removal = {.top = path};
    int folder = open_folder(AT_FDCWD, path);
    if (folder < 0)
        return error_errno(errno, "open the folder", path);
    size_t left = remove_children(&removal, folder);
    close(folder);
    if (left == 0 && and_itself)
        return os_remove_directory(path);
    if (FAILED(removal.first.hr))
        error_restore(&removal.first);
    return removal.first.hr;
}
