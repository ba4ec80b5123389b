/* SPDX-License-Identifier: MIT */
/*
 * os_posix.c - os.h for Linux: files, locks on files, making and removing single entries, what a
 * path stands for.
 *
 * Everything is opened close-on-exec: a descriptor that leaks into a child keeps locks and folders
 * busy. Lists and trees are in os_posix_tree.c, the rest of os.h in
 * os_posix_run.c and os_posix_child.c.
 */
#include "os.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "error.h"
#include "floor.h"
#include "mem.h"
#include "os_posix.h"

struct os_file {
    int fd;
    bool is_locked;
    char *path; /* for messages */
};

int os_file_fd(const struct os_file *file)
{
    return file->fd;
}

/* ---- files ---- */

static int open_flags(unsigned mode)
{
    bool reads = mode & OS_READ, writes = mode & (OS_WRITE | OS_APPEND | OS_TRUNCATE);
    int flags = O_CLOEXEC | O_NOCTTY | (reads && writes ? O_RDWR : writes ? O_WRONLY : O_RDONLY);
    flags |= mode & OS_CREATE ? O_CREAT : 0;
    flags |= mode & OS_EXCLUSIVE ? O_EXCL : 0;
    flags |= mode & OS_TRUNCATE ? O_TRUNC : 0;
    flags |= mode & OS_APPEND ? O_APPEND : 0;
    return flags;
}

static int open_again(int folder, const char *path, int flags, mode_t mode)
{
    int fd;
    do
        fd = openat(folder, path, flags, mode);
    while (fd < 0 && errno == EINTR);
    return fd;
}

HRESULT os_open(const char *path, unsigned mode, struct os_file **out)
{
    struct os_file *file = mem_alloc(sizeof *file);
    if (!file || !(file->path = mem_dup(path))) {
        mem_free(file);
        return FAIL_MEMORY();
    }
    int err = mode & (OS_CREATE | OS_TRUNCATE) ? floor_denies_change() : 0;
    file->fd = err ? -1 : open_again(AT_FDCWD, path, open_flags(mode), 0666);
    if (file->fd < 0) {
        err = err ? err : errno;
        mem_free(file->path);
        mem_free(file);
        return error_errno(err, "open", path);
    }
    *out = file;
    return S_OK;
}

HRESULT os_open_in_memory(const char *name, struct os_file **out, char **path)
{
    struct os_file *file = mem_alloc(sizeof *file);
    if (!file)
        return FAIL_MEMORY();
    file->fd = memfd_create(name, MFD_CLOEXEC);
    if (file->fd < 0) {
        mem_free(file);
        return error_errno(errno, "make a file in memory for", name);
    }
    file->path = mem_format("/proc/self/fd/%d", file->fd);
    *path = file->path ? mem_dup(file->path) : NULL;
    if (!*path) {
        os_close(file);
        return FAIL_MEMORY();
    }
    *out = file;
    return S_OK;
}

void os_close(struct os_file *file)
{
    if (!file)
        return;
    /* A child that was forked meanwhile has the descriptor too: closing ours would not end the
     * lock. */
    if (file->is_locked)
        os_unlock_file(file);
    close(file->fd);
    mem_free(file->path);
    mem_free(file);
}

HRESULT os_read_at(struct os_file *file, void *buffer, size_t size, uint64_t offset, size_t *got)
{
    size_t done = 0;
    while (done < size) {
        ssize_t n = pread(file->fd, (char *)buffer + done, size - done, (off_t)(offset + done));
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return error_errno(errno, "read", file->path);
        if (n == 0)
            break;
        done += (size_t)n;
    }
    *got = done;
    return S_OK;
}

/* How much of a write there is room for. Only what makes the file longer takes space. */
static size_t room_for(const struct os_file *file, size_t size, uint64_t offset)
{
    struct stat st;
    if (!floor_has_disk_end() || fstat(file->fd, &st) != 0)
        return size;
    uint64_t end = (uint64_t)st.st_size, wanted = offset + size;
    uint64_t growth = wanted <= end ? 0 : offset >= end ? size : wanted - end;
    return size - (size_t)(growth - floor_room(growth));
}

static HRESULT write_part(struct os_file *file, const char *data, size_t size, uint64_t offset)
{
    for (size_t done = 0; done < size;) {
        ssize_t n = pwrite(file->fd, data + done, size - done, (off_t)(offset + done));
        if (n < 0 && errno != EINTR)
            return error_errno(errno, "write", file->path);
        done += n > 0 ? (size_t)n : 0;
    }
    return S_OK;
}

HRESULT os_write_at(struct os_file *file, const void *data, size_t size, uint64_t offset)
{
    int denied = floor_denies_change();
    if (denied)
        return error_errno(denied, "write", file->path);
    size_t room = room_for(file, size, offset);
    TRY(write_part(file, data, room, offset));
    return room == size ? S_OK : error_errno(ENOSPC, "write", file->path);
}

/* Appending has to stay one system call, so that lines of several processes do not mix. */
HRESULT os_write(struct os_file *file, const void *data, size_t size)
{
    int denied = floor_denies_change();
    if (denied)
        return error_errno(denied, "write", file->path);
    size_t room = room_for(file, size, UINT64_MAX - size);
    for (size_t done = 0; done < room;) {
        ssize_t n = write(file->fd, (const char *)data + done, room - done);
        if (n < 0 && errno != EINTR)
            return error_errno(errno, "write", file->path);
        done += n > 0 ? (size_t)n : 0;
    }
    return room == size ? S_OK : error_errno(ENOSPC, "write", file->path);
}

HRESULT os_truncate(struct os_file *file, uint64_t size)
{
    if (!FLOOR_CHANGES(ftruncate(file->fd, (off_t)size)))
        return error_errno(errno, "set the size of", file->path);
    return S_OK;
}

HRESULT os_reserve(struct os_file *file, uint64_t offset, uint64_t size)
{
    int err = floor_denies_change();
    while (!err && fallocate(file->fd, FALLOC_FL_KEEP_SIZE, (off_t)offset, (off_t)size) != 0) {
        if (errno == EOPNOTSUPP || errno == ENOSYS)
            return S_FALSE;
        err = errno == EINTR ? 0 : errno;
    }
    return err ? error_errno(err, "make room in", file->path) : S_OK;
}

HRESULT os_sync(struct os_file *file)
{
    if (!FLOOR_CHANGES(fdatasync(file->fd)))
        return error_errno(errno, "sync", file->path);
    return S_OK;
}

/* A pipe, as a shell makes of `<(...)`, has no offsets. */
static HRESULT read_next(struct os_file *file, void *buffer, size_t size, uint64_t offset,
                         size_t *got)
{
    struct stat st;
    if (fstat(file->fd, &st) != 0 || (!S_ISFIFO(st.st_mode) && !S_ISCHR(st.st_mode)))
        return os_read_at(file, buffer, size, offset, got);
    for (*got = 0; *got < size;) {
        ssize_t n = read(file->fd, (char *)buffer + *got, size - *got);
        if (n == 0)
            break;
        if (n < 0 && errno != EINTR)
            return error_errno(errno, "read", file->path);
        *got += n > 0 ? (size_t)n : 0;
    }
    return S_OK;
}

/* Reads to the end, since files of /proc say that they are empty. */
HRESULT os_read_file(const char *path, char **data, size_t *size)
{
    AUTO_FILE struct os_file *file = NULL;
    struct stat st;
    TRY(os_open(path, OS_READ, &file));
    bool is_sized = fstat(file->fd, &st) == 0 && st.st_size > 0;
    return os_read_all(file, is_sized ? (uint64_t)st.st_size : 0, read_next, data, size);
}

/* Splits off the last component: folder as text (".", "/", "a/b"), name inside path. */
static HRESULT split_path(const char *path, char **folder, const char **name)
{
    const char *slash = strrchr(path, '/');
    *name = slash ? slash + 1 : path;
    size_t len = slash ? (size_t)(slash - path) : 0;
    *folder = !slash ? mem_dup(".") : mem_dup_n(path, len ? len : 1);
    return *folder ? S_OK : FAIL_MEMORY();
}

HRESULT os_write_file_atomic(const char *path, const void *data, size_t size)
{
    AUTO_FREE char *folder = NULL;
    const char *name = NULL;
    TRY(split_path(path, &folder, &name));
    uint64_t number = 0;
    os_random(&number, sizeof number);
    /* At most 200 bytes of the name, since a name may have 255 and ours must be as short. */
    AUTO_FREE char *temporary =
        mem_format("%s/.%.200s.tmp.%u.%016llx", folder, name, os_pid(), (unsigned long long)number);
    if (!temporary)
        return FAIL_MEMORY();
    AUTO_FILE struct os_file *file = NULL;
    TRY(os_open(temporary, OS_WRITE | OS_CREATE | OS_EXCLUSIVE, &file));
    HRESULT hr = os_write(file, data, size);
    if (SUCCEEDED(hr))
        hr = os_sync(file);
    if (SUCCEEDED(hr) && !FLOOR_CHANGES(rename(temporary, path)))
        hr = error_errno(errno, "write", path);
    if (FAILED(hr)) {
        unlink(temporary);
        return hr;
    }
    return os_sync_directory(folder);
}

static HRESULT copy_content(struct os_file *from, struct os_file *to)
{
    while (!floor_has_disk_end()) {
        ssize_t n = copy_file_range(from->fd, NULL, to->fd, NULL, 1u << 30, 0);
        if (n == 0)
            break;
        if (n < 0 && errno != EINTR)
            break; /* not between these file systems, or a real error: reading and writing tells */
    }
    off_t at = lseek(from->fd, 0, SEEK_CUR);
    size_t size = 256 * 1024, got = 0;
    AUTO_FREE char *buffer = mem_alloc(size);
    if (!buffer)
        return FAIL_MEMORY();
    for (uint64_t offset = at < 0 ? 0 : (uint64_t)at;; offset += got) {
        TRY(os_read_at(from, buffer, size, offset, &got));
        if (got == 0)
            return S_OK;
        TRY(os_write_at(to, buffer, got, offset));
    }
}

HRESULT os_copy_file(const char *from, const char *to)
{
    AUTO_FILE struct os_file *source = NULL, *target = NULL;
    TRY(os_open(from, OS_READ, &source));
    TRY(os_open(to, OS_WRITE | OS_CREATE, &target));
    struct stat a, b;
    if (fstat(source->fd, &a) != 0 || fstat(target->fd, &b) != 0)
        return error_errno(errno, "copy", from);
    if (a.st_dev == b.st_dev && a.st_ino == b.st_ino)
        return FAIL(E_INVALIDARG, "cannot copy %s onto itself", from);
    TRY(os_truncate(target, 0));
    HRESULT hr = copy_content(source, target);
    struct timespec times[2] = {{.tv_nsec = UTIME_OMIT}, a.st_mtim};
    if (SUCCEEDED(hr) && (!FLOOR_CHANGES(fchmod(target->fd, a.st_mode & 07777)) ||
                          !FLOOR_CHANGES(futimens(target->fd, times))))
        hr = error_errno(errno, "set mode and time of", to);
    if (FAILED(hr))
        unlink(to);
    return hr;
}

HRESULT os_lock_file(struct os_file *file, enum os_lock how)
{
    /* Open file description locks: other opens in this process are held off too, and closing
     * another descriptor of the file does not drop the lock, as it would with F_SETLK. */
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    int result;
    do
        result = fcntl(file->fd, how == OS_LOCK_TRY ? F_OFD_SETLK : F_OFD_SETLKW, &lock);
    while (result != 0 && errno == EINTR);
    file->is_locked = result == 0;
    if (result == 0)
        return S_OK;
    if (how == OS_LOCK_TRY && (errno == EAGAIN || errno == EACCES))
        return S_FALSE;
    return error_errno(errno, "lock", file->path);
}

void os_unlock_file(struct os_file *file)
{
    (void)fcntl(file->fd, F_OFD_SETLK, &(struct flock){.l_type = F_UNLCK, .l_whence = SEEK_SET});
    file->is_locked = false;
}

/* ---- what is there ---- */

static void fill_stat(const struct stat *st, struct os_stat *out)
{
    *out = (struct os_stat){
        .type = S_ISREG(st->st_mode)                       ? OS_TYPE_FILE
                : S_ISDIR(st->st_mode)                     ? OS_TYPE_DIRECTORY
                : S_ISLNK(st->st_mode)                     ? OS_TYPE_LINK
                : S_ISCHR(st->st_mode) && st->st_rdev == 0 ? OS_TYPE_WHITEOUT
                                                           : OS_TYPE_OTHER,
        .size = (uint64_t)st->st_size,
        .mtime_ns = os_ns(st->st_mtim.tv_sec, st->st_mtim.tv_nsec),
        .ctime_ns = os_ns(st->st_ctim.tv_sec, st->st_ctim.tv_nsec),
        .device = st->st_dev,
        .inode = st->st_ino,
        .mode = st->st_mode & 07777,
        .owner = st->st_uid,
        .links = (uint32_t)st->st_nlink,
        .device_of_node = st->st_rdev,
    };
}

HRESULT os_stat(const char *path, struct os_stat *out)
{
    struct stat st;
    if (stat(path, &st) != 0)
        return error_errno(errno, "look at", path);
    fill_stat(&st, out);
    return S_OK;
}

HRESULT os_lstat(const char *path, struct os_stat *out)
{
    struct stat st;
    if (lstat(path, &st) != 0)
        return error_errno(errno, "look at", path);
    fill_stat(&st, out);
    return S_OK;
}

HRESULT os_stat_file(struct os_file *file, struct os_stat *out)
{
    struct stat st;
    if (fstat(file->fd, &st) != 0)
        return error_errno(errno, "look at", file->path);
    fill_stat(&st, out);
    return S_OK;
}

bool os_look(const char *path, struct os_stat *out)
{
    struct stat st;
    if (stat(path, &st) != 0)
        return false;
    fill_stat(&st, out);
    return true;
}

bool os_exists(const char *path)
{
    struct stat st;
    return lstat(path, &st) == 0;
}

bool os_is_directory(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

bool os_is_file(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 && S_ISREG(st.st_mode);
}

bool os_is_writable(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 && (st.st_mode & 0222) && faccessat(AT_FDCWD, path, W_OK, 0) == 0;
}

HRESULT os_set_mtime(const char *path, int64_t mtime_ns)
{
    int64_t seconds = mtime_ns / 1000000000, rest = mtime_ns % 1000000000;
    if (rest < 0) {
        rest += 1000000000;
        seconds--;
    }
    struct timespec times[2] = {{.tv_nsec = UTIME_OMIT}, {.tv_sec = seconds, .tv_nsec = rest}};
    if (!FLOOR_CHANGES(utimensat(AT_FDCWD, path, times, AT_SYMLINK_NOFOLLOW)))
        return error_errno(errno, "set the time of", path);
    return S_OK;
}

unsigned os_umask(void)
{
    FILE *file = fopen("/proc/self/status", "re");
    char line[256];
    unsigned bits = 022;
    while (file && fgets(line, sizeof line, file))
        if (sscanf(line, "Umask: %o", &bits) == 1)
            break;
    if (file)
        fclose(file);
    return bits;
}

bool os_has_default_mode(const struct os_stat *stat, unsigned umask)
{
    bool is_folder = stat->type == OS_TYPE_DIRECTORY;
    return stat->owner == geteuid() && (stat->mode == ((is_folder ? 0777 : 0666) & ~umask) ||
                                        stat->mode == ((is_folder ? 0755 : 0644) & ~umask));
}

HRESULT os_set_mode(const char *path, uint32_t mode)
{
    if (!FLOOR_CHANGES(chmod(path, mode & 07777)))
        return error_errno(errno, "set the mode of", path);
    return S_OK;
}

struct os_denial {
    char *path;
    mode_t mode; /* before */
};

HRESULT os_deny_access(const char *path, struct os_denial **out)
{
    struct stat st;
    if (stat(path, &st) != 0)
        return error_errno(errno, "look at", path);
    struct os_denial *denial = mem_alloc(sizeof *denial);
    if (!denial || !(denial->path = mem_dup(path))) {
        mem_free(denial);
        return FAIL_MEMORY();
    }
    denial->mode = st.st_mode & 07777;
    HRESULT hr = os_set_mode(path, 0);
    if (FAILED(hr)) {
        mem_free(denial->path);
        mem_free(denial);
        return hr;
    }
    *out = denial;
    return S_OK;
}

void os_allow_access(struct os_denial *denial)
{
    (void)chmod(denial->path, denial->mode);
    mem_free(denial->path);
    mem_free(denial);
}

/* ---- making and removing ---- */

HRESULT os_make_directory(const char *path)
{
    if (!FLOOR_CHANGES(mkdir(path, 0777)))
        return error_errno(errno, "make the folder", path);
    return S_OK;
}

HRESULT os_make_directories(const char *path)
{
    if (os_is_directory(path))
        return S_OK;
    AUTO_FREE char *part = mem_dup(path);
    if (!part)
        return FAIL_MEMORY();
    for (char *s = part + 1; *part && *s; s++) {
        if (*s != '/')
            continue;
        *s = '\0';
        if (!FLOOR_CHANGES(mkdir(part, 0777))) {
            int err = errno;
            if (!os_is_directory(part))
                return error_errno(err, "make the folder", part);
        }
        *s = '/';
    }
    if (FLOOR_CHANGES(mkdir(path, 0777)))
        return S_OK;
    int err = errno; /* EEXIST too when another process was faster, which is as good */
    return os_is_directory(path) ? S_OK : error_errno(err, "make the folder", path);
}

HRESULT os_remove_file(const char *path)
{
    if (!FLOOR_CHANGES(unlink(path)))
        return error_errno(errno, "remove", path);
    return S_OK;
}

HRESULT os_remove_directory(const char *path)
{
    if (!FLOOR_CHANGES(rmdir(path)))
        return error_errno(errno, "remove the folder", path);
    return S_OK;
}

HRESULT os_rename(const char *from, const char *to)
{
    if (!FLOOR_CHANGES(rename(from, to)))
        return error_errno(errno, "rename", from);
    return S_OK;
}

HRESULT os_make_link(const char *target, const char *path)
{
    if (!FLOOR_CHANGES(symlink(target, path)))
        return error_errno(errno, "make the link", path);
    return S_OK;
}

HRESULT os_make_hard_link(const char *existing, const char *path)
{
    if (!FLOOR_CHANGES(link(existing, path)))
        return error_errno(errno, "make the link", path);
    return S_OK;
}

HRESULT os_read_link(const char *path, char **target)
{
    for (size_t cap = 256;; cap *= 2) {
        AUTO_FREE char *text = mem_alloc(cap);
        if (!text)
            return FAIL_MEMORY();
        ssize_t n = readlink(path, text, cap - 1);
        if (n < 0)
            return error_errno(errno, "read the link", path);
        if ((size_t)n < cap - 1) {
            *target = TAKE(text);
            return S_OK;
        }
    }
}

HRESULT os_sync_directory(const char *path)
{
    int fd = open_again(AT_FDCWD, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);
    if (fd < 0)
        return error_errno(errno, "open the folder", path);
    HRESULT hr = FLOOR_CHANGES(fsync(fd)) ? S_OK : error_errno(errno, "sync the folder", path);
    close(fd);
    return hr;
}

/* ---- what a path stands for ---- */

HRESULT os_real_path(const char *path, char **out)
{
    char *real = realpath(path, NULL);
    if (!real)
        return error_errno(errno, "resolve", path);
    *out = real;
    return S_OK;
}

HRESULT os_cwd(char **out)
{
    char *cwd = getcwd(NULL, 0);
    if (!cwd)
        return error_errno(errno, "find the current folder", NULL);
    *out = cwd;
    return S_OK;
}

bool os_has_drives(void)
{
    return false;
}

HRESULT os_cwd_of_drive(char drive, char **out)
{
    *out = mem_format("%c:/", drive);
    return *out ? S_OK : FAIL_MEMORY();
}

HRESULT os_system_root(char **out)
{
    *out = mem_dup("/");
    return *out ? S_OK : FAIL_MEMORY();
}

HRESULT os_temp_directory(char **out)
{
    const char *set = os_getenv("TMPDIR");
    char *path = mem_dup(set && set[0] == '/' ? set : "/tmp");
    if (!path)
        return FAIL_MEMORY();
    *out = path;
    return S_OK;
}

HRESULT os_state_directory(const char *name, char **out)
{
    const char *state = os_getenv("XDG_STATE_HOME"), *home = os_getenv("HOME");
    char *path = NULL;
    if (state && state[0] == '/') /* the XDG rules ignore a relative one */
        path = mem_format("%s/%s", state, name);
    else if (home && home[0] == '/')
        path = mem_format("%s/.local/state/%s", home, name);
    else
        path = mem_format("/tmp/%s-%u", name, (unsigned)geteuid());
    if (!path)
        return FAIL_MEMORY();
    *out = path;
    return S_OK;
}

bool os_is_volume_root(const char *path)
{
    struct statx stx;
    if (statx(AT_FDCWD, path, 0, STATX_BASIC_STATS, &stx) != 0 || !S_ISDIR(stx.stx_mode))
        return false;
    AUTO_FREE char *above = mem_format("%s/..", path);
    struct stat here, parent;
    if (!above || stat(path, &here) != 0 || stat(above, &parent) != 0)
        return false;
    /* A chroot's "/" need not be a mount's root. */
    bool is_top = here.st_dev == parent.st_dev && here.st_ino == parent.st_ino;
    if (stx.stx_attributes_mask & STATX_ATTR_MOUNT_ROOT)
        return is_top || (stx.stx_attributes & STATX_ATTR_MOUNT_ROOT);
    return is_top || here.st_dev != parent.st_dev;
}
