/* SPDX-License-Identifier: MIT */
/*
 * os_posix_mount.c - os.h for Linux: what is mounted where, taking it away, and the marks that an
 * overlay leaves in its upper folder.
 */
#include "os.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <dlfcn.h>
#include <poll.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/pidfd.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <time.h>
#include <unistd.h>

#include "error.h"
#include "os_posix.h"
#include "path.h"
#include "text.h"
#include "vec.h"

/* ---- mounts ---- */

/* The kernel writes space, tab, line end and backslash as \ooo. */
static void unescape(char *text)
{
    char *to = text;
    for (const char *at = text; *at; to++) {
        unsigned octal;
        if (*at == '\\' && sscanf(at, "\\%3o", &octal) == 1) {
            *to = (char)octal;
            at += 4;
        } else {
            *to = *at++;
        }
    }
    *to = '\0';
}

/* "36 35 98:0 /root /point options - type source super-options" */
static bool parse_line(char *line, char **point, char **type, char **source)
{
    char *save = NULL, *field = strtok_r(line, " ", &save);
    for (int i = 0; field && i < 4; i++)
        field = strtok_r(NULL, " ", &save);
    *point = field;
    while (field && strcmp(field, "-") != 0)
        field = strtok_r(NULL, " ", &save);
    *type = field ? strtok_r(NULL, " ", &save) : NULL;
    *source = *type ? strtok_r(NULL, " ", &save) : NULL;
    if (!*source)
        return false;
    unescape(*point);
    unescape(*source);
    return true;
}

/* In the order of the table: the last one at a place is the one on top. `each` failing ends it. */
static HRESULT each_mount(HRESULT (*each)(void *context, const char *point, const char *source),
                          void *context)
{
    FILE *file = fopen("/proc/self/mountinfo", "re");
    if (!file)
        return error_errno(errno, "open", "/proc/self/mountinfo");
    char *line = NULL, *point, *type, *source;
    size_t size = 0;
    HRESULT hr = S_OK;
    while (SUCCEEDED(hr) && getline(&line, &size, file) > 0) {
        line[strcspn(line, "\n")] = '\0';
        if (parse_line(line, &point, &type, &source))
            hr = each(context, point, source);
    }
    free(line);
    fclose(file);
    return hr;
}

struct lookup {
    const char *path;
    char *source;
};

static HRESULT look_at(void *context, const char *point, const char *source)
{
    struct lookup *lookup = context;
    if (strcmp(point, lookup->path) != 0)
        return S_OK;
    mem_free(lookup->source);
    lookup->source = mem_dup(source);
    return lookup->source ? S_OK : FAIL_MEMORY();
}

HRESULT os_mount_source(const char *path, char **out)
{
    struct lookup lookup = {.path = path};
    HRESULT hr = each_mount(look_at, &lookup);
    if (FAILED(hr) || !lookup.source)
        mem_free(lookup.source);
    TRY(hr);
    if (!lookup.source)
        return S_FALSE;
    *out = lookup.source;
    return S_OK;
}

struct search {
    const char *source;
    char *path;
};

static HRESULT look_for(void *context, const char *point, const char *source)
{
    struct search *search = context;
    if (strcmp(source, search->source) != 0)
        return S_OK;
    mem_free(search->path);
    search->path = mem_dup(point);
    return search->path ? S_OK : FAIL_MEMORY();
}

HRESULT os_mount_place(const char *source, char **out)
{
    struct search search = {.source = source};
    HRESULT hr = each_mount(look_for, &search);
    if (FAILED(hr) || !search.path)
        mem_free(search.path);
    TRY(hr);
    if (!search.path)
        return S_FALSE;
    *out = search.path;
    return S_OK;
}

struct listing {
    const char *folder;
    VEC(char *) points;
};

static void listing_clear(struct listing *listing)
{
    for (size_t i = 0; i < listing->points.len; i++)
        mem_free(listing->points.ptr[i]);
    vec_clear(&listing->points);
}

static HRESULT list_below(void *context, const char *point, const char *source)
{
    struct listing *listing = context;
    (void)source;
    if (!path_is_within(point, listing->folder))
        return S_OK;
    char **slot = vec_push(&listing->points);
    return slot && (*slot = mem_dup(point)) ? S_OK : FAIL_MEMORY();
}

HRESULT os_mount_below(const char *folder, char **out)
{
    struct listing listing AUTO(listing_clear) = {.folder = folder};
    TRY(each_mount(list_below, &listing));
    for (size_t i = 0; i < listing.points.len; i++) {
        if (strcmp(listing.points.ptr[i], folder) != 0) {
            *out = TAKE(listing.points.ptr[i]);
            return S_OK;
        }
    }
    return S_FALSE;
}

void os_unmount_below(const char *folder)
{
    struct listing listing AUTO(listing_clear) = {.folder = folder};
    (void)each_mount(list_below, &listing);
    for (size_t i = listing.points.len; i-- > 0;)
        (void)umount2(listing.points.ptr[i], UMOUNT_NOFOLLOW | MNT_DETACH);
}

HRESULT os_unmount(const char *path, bool even_if_used)
{
    if (umount2(path, UMOUNT_NOFOLLOW | (even_if_used ? MNT_DETACH : 0)) == 0)
        return S_OK;
    return error_errno(errno, "unmount", path);
}

bool os_may_mount(void)
{
    return geteuid() == 0 && access("/dev/fuse", R_OK | W_OK) == 0;
}

/* ---- processes that are not our children ---- */

bool os_process_end(unsigned pid, uint64_t start_time, uint64_t deadline_ms, bool kill_it)
{
    int process = pidfd_open((pid_t)pid, 0);
    if (process < 0)
        return errno == ESRCH;
    /* The number may have been given to somebody else before it was opened. */
    bool is_over = os_process_start_time(pid) != start_time;
    if (!is_over && kill_it)
        (void)pidfd_send_signal(process, SIGKILL, NULL, 0);
    while (!is_over) {
        struct pollfd wait = {.fd = process, .events = POLLIN};
        uint64_t now = os_now_ms();
        if (now > deadline_ms)
            break;
        int n = poll(&wait, 1, (int)(deadline_ms - now));
        is_over = n > 0;
        if (n == 0 || (n < 0 && errno != EINTR))
            break;
    }
    close(process);
    return is_over;
}

bool os_take_flock(struct os_file *file)
{
    return flock(os_file_fd(file), LOCK_EX | LOCK_NB) == 0;
}

void os_drop_flock(struct os_file *file)
{
    (void)flock(os_file_fd(file), LOCK_UN);
}

bool os_await_no_flock(struct os_file *file, uint64_t deadline_ms)
{
    while (!os_take_flock(file)) {
        if (os_now_ms() >= deadline_ms)
            return false;
        os_pause(1);
    }
    os_drop_flock(file);
    return true;
}

HRESULT os_module_path(char **out)
{
    Dl_info info;
    if (!dladdr((void *)(uintptr_t)os_module_path, &info) || !info.dli_fname)
        return FAIL(E_FAIL, "this module does not know where it was loaded from");
    return os_real_path(info.dli_fname, out);
}

/* ---- overlay ---- */

HRESULT os_make_whiteout(const char *path)
{
    if (mknod(path, S_IFCHR, 0) == 0)
        return S_OK;
    return error_errno(errno, "mark as deleted", path);
}

/* The names of its extended attributes, each with its NUL; caller's. 0 where it has none, or its
 * file system knows none. */
static size_t attribute_names(const char *path, char **out)
{
    ssize_t size = llistxattr(path, NULL, 0);
    *out = NULL;
    if (size > 0 && (*out = mem_alloc((size_t)size)) != NULL)
        size = llistxattr(path, *out, (size_t)size);
    return *out && size > 0 ? (size_t)size : 0;
}

static bool is_stream(const char *name)
{
    return text_starts(name, "user.") && !text_starts(name, "user.overlay.");
}

bool os_has_streams(const char *path)
{
    AUTO_FREE char *names = NULL;
    bool found = false;
    const size_t size = attribute_names(path, &names);
    for (size_t i = 0; i < size && !found; i += strlen(names + i) + 1)
        found = is_stream(names + i);
    return found;
}

HRESULT os_each_stream(const char *path,
                       HRESULT (*each)(void *context, const char *name, const void *data,
                                       size_t size),
                       void *context)
{
    AUTO_FREE char *names = NULL;
    const size_t size = attribute_names(path, &names);
    for (size_t i = 0; i < size; i += strlen(names + i) + 1) {
        AUTO_FREE char *data = NULL;
        if (!is_stream(names + i))
            continue;
        ssize_t room = lgetxattr(path, names + i, NULL, 0);
        if (room >= 0 && !(data = mem_alloc((size_t)room + 1)))
            return FAIL_MEMORY();
        ssize_t got = room < 0 ? -1 : lgetxattr(path, names + i, data, (size_t)room);
        if (got < 0)
            return error_errno(errno, "read the attributes of", path);
        TRY(each(context, names + i + strlen("user."), data, (size_t)got));
    }
    return S_OK;
}

/* An overlay keeps its notes as trusted attributes, or as the user's where it was mounted without
 * privileges. */
static ssize_t overlay_note(const char *path, const char *note, char *value, size_t size)
{
    static const char *const kinds[] = {"trusted", "user"};
    ssize_t got = -1;
    for (size_t i = 0; i < 2 && got < 0; i++) {
        char name[64];
        snprintf(name, sizeof name, "%s.overlay.%s", kinds[i], note);
        got = lgetxattr(path, name, value, size);
    }
    return got;
}

bool os_is_opaque(const char *folder)
{
    char value[2];
    return overlay_note(folder, "opaque", value, sizeof value) == 1 && value[0] == 'y';
}

uint32_t os_overlay_generation(const char *path)
{
    /* Version, magic, length, flags, type and UUID of a file handle; FUSE's own: a node's number in
     * two words, its generation. */
    enum { HEADER = 21, MAGIC = 0xfb, FUSE_INODE = 0x81 };
    unsigned char note[HEADER + 3 * sizeof(uint32_t)];
    uint32_t words[3];
    if (overlay_note(path, "origin", (char *)note, sizeof note) != (ssize_t)sizeof note ||
        note[1] != MAGIC || note[4] != FUSE_INODE)
        return 0;
    memcpy(words, note + HEADER, sizeof words);
    return words[2];
}

void os_overlay_forget(const char *path)
{
    static const char *const notes[] = {"trusted.overlay.origin", "trusted.overlay.nlink",
                                        "user.overlay.origin", "user.overlay.nlink"};
    for (size_t i = 0; i < sizeof notes / sizeof *notes; i++)
        (void)lremovexattr(path, notes[i]);
}
