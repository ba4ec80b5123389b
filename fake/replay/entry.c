/* SPDX-License-Identifier: MIT */
/* entry.c - see entry.h. */
#include "entry.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include <fcntl.h>
#include <linux/limits.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "answer.h"
#include "error.h"
#include "scope.h"
#include "text.h"

HRESULT entry_enter(const char *folder)
{
    if (chdir(folder) == 0)
        return S_OK;
    return errno == ENOENT || errno == ENOTDIR ? S_FALSE : error_errno(errno, "enter", folder);
}

/* ---- times ---- */

HRESULT entry_times(const char *path, struct times *out)
{
    struct stat st;
    if (lstat(path, &st) != 0)
        return error_errno(errno, "look at", path);
    *out = (struct times){{st.st_atim, st.st_mtim}};
    return S_OK;
}

HRESULT entry_set_times(const char *path, const struct times *times)
{
    if (utimensat(AT_FDCWD, path, times->both, AT_SYMLINK_NOFOLLOW) == 0 || errno == ENOENT)
        return S_OK;
    return error_errno(errno, "set the times of", path);
}

/* ---- data ---- */

#define CHUNK (1 << 20)

struct copying {
    const char *from, *to;
    int in, out;
    HRESULT (*copied)(void *context, uint64_t bytes);
    void *context;
};

static void copying_clear(struct copying *c)
{
    if (c->in >= 0)
        close(c->in);
    if (c->out >= 0)
        close(c->out);
}

static HRESULT write_all(const struct copying *c, const char *data, size_t size, off_t offset)
{
    for (size_t done = 0; done < size;) {
        ssize_t n = pwrite(c->out, data + done, size - done, offset + (off_t)done);
        if (n < 0 && errno != EINTR)
            return error_errno(errno, "write into the image", c->to);
        done += n > 0 ? (size_t)n : 0;
    }
    return S_OK;
}

static HRESULT copy_range(const struct copying *c, off_t from, off_t to)
{
    static _Alignas(4096) char chunk[CHUNK];
    while (from < to) {
        size_t want = to - from < CHUNK ? (size_t)(to - from) : CHUNK;
        ssize_t n = pread(c->in, chunk, want, from);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return error_errno(errno, "read", c->from);
        if (n == 0) /* somebody has cut it off */
            return S_OK;
        TRY(write_all(c, chunk, (size_t)n, from));
        from += n;
        TRY(c->copied(c->context, (uint64_t)from));
    }
    return S_OK;
}

/* The next part with data in it; false: none follows. */
static bool next_data(int file, off_t at, off_t size, off_t *from, off_t *to)
{
    *from = lseek(file, at, SEEK_DATA);
    if (*from < 0 && errno == ENXIO)
        return false;
    if (*from < 0) {
        *from = at;
        *to = size;
    } else {
        *to = lseek(file, *from, SEEK_HOLE);
        *to = *to < 0 || *to > size ? size : *to;
    }
    return *from < size;
}

static HRESULT copy_all(const struct copying *c)
{
    struct stat st;
    if (fstat(c->in, &st) != 0)
        return error_errno(errno, "look at", c->from);
    off_t from, to, end = 0;
    while (next_data(c->in, end, st.st_size, &from, &to)) {
        TRY(copy_range(c, from, to));
        end = to;
    }
    if (end < st.st_size && ftruncate(c->out, st.st_size) != 0) /* a hole at the end */
        return error_errno(errno, "set the size of", c->to);
    return S_OK;
}

HRESULT entry_copy(const char *from, const char *to, const struct times *times,
                   HRESULT (*copied)(void *context, uint64_t bytes), void *context)
{
    struct copying c AUTO(copying_clear) = {from, to, -1, -1, copied, context};
    c.in = open(from, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (c.in < 0)
        return error_errno(errno, "open", from);
    /* O_DIRECT: in pieces of 128 KiB; the other way is a page at a time. */
    c.out = open(to, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW | O_DIRECT, 0666);
    if (c.out < 0)
        return error_errno(errno, "open in the image", to);
    TRY(copy_all(&c));
    if (futimens(c.out, times->both) != 0)
        return error_errno(errno, "set the times of", to);
    int out = c.out;
    c.out = -1;
    return close(out) == 0 ? S_OK : error_errno(errno, "write into the image", to);
}

/* ---- streams ---- */

struct value {
    size_t size;
    char data[XATTR_SIZE_MAX];
};

static bool get_value(const char *path, const char *name, struct value *out)
{
    ssize_t size = lgetxattr(path, name, out->data, sizeof out->data);
    out->size = size < 0 ? 0 : (size_t)size;
    return size >= 0;
}

/* NTFS has no such names; the file system that we write into would take them. */
static bool is_stream_name(const char *name)
{
    return *name && text_is_utf8(name, strlen(name)) && !strpbrk(name, ":/\\");
}

static HRESULT copy_stream(const char *from, const char *to, const char *name)
{
    static struct value wanted, there;
    if (!is_stream_name(name + strlen("user."))) {
        answer("note the extended attribute %s of %s is no name of a stream", name, from);
        return S_OK;
    }
    if (!get_value(from, name, &wanted))
        return errno == ENODATA ? S_OK : error_errno(errno, "read the attributes of", from);
    if (get_value(to, name, &there) && there.size == wanted.size &&
        memcmp(there.data, wanted.data, wanted.size) == 0)
        return S_OK;
    if (lsetxattr(to, name, wanted.data, wanted.size, 0) == 0)
        return S_OK;
    return error_errno(errno, "write a stream of", to);
}

HRESULT entry_copy_streams(const char *from, const char *to)
{
    static char names[XATTR_LIST_MAX];
    ssize_t size = llistxattr(from, names, sizeof names);
    if (size < 0 && (errno == ENOTSUP || errno == E2BIG))
        size = 0;
    if (size < 0)
        return error_errno(errno, "read the attributes of", from);
    for (const char *name = names; name < names + size; name += strlen(name) + 1)
        if (text_starts(name, "user.") && !text_starts(name, "user.overlay."))
            TRY(copy_stream(from, to, name));
    return S_OK;
}
