/* SPDX-License-Identifier: MIT */
/*
 * os_win_file.c - os.h for Windows: open files, their locks, files as memory.
 *
 * Everything is opened with all share modes unless the caller wants others kept out, so that our
 * having a file open keeps nobody from anything, and not inherited. Where a write goes is always
 * said with it: Windows' calls move the file's own position also when they are given an offset.
 */
#include <limits.h>
#include <string.h>

#include "os_win.h"

struct os_file {
    HANDLE handle;
    bool is_locked, appends;
    uint64_t position; /* of os_write */
    char *path;        /* for messages */
};

#define LARGEST_PIECE (1u << 30)

HANDLE os_file_handle(const struct os_file *file)
{
    return file->handle;
}

const char *win_file_path(const struct os_file *file)
{
    return file->path;
}

static OVERLAPPED at_offset(uint64_t offset)
{
    return (OVERLAPPED){.Offset = (DWORD)offset, .OffsetHigh = (DWORD)(offset >> 32)};
}

/* ---- opening ---- */

static DWORD access_of(unsigned mode)
{
    DWORD access = mode & OS_READ ? GENERIC_READ : 0;
    if (mode & (OS_WRITE | OS_TRUNCATE))
        access |= GENERIC_WRITE;
    if (mode & OS_APPEND)
        access |= FILE_APPEND_DATA | FILE_WRITE_ATTRIBUTES | SYNCHRONIZE;
    return access ? access : GENERIC_READ;
}

static DWORD disposition_of(unsigned mode)
{
    if (mode & OS_CREATE)
        return mode & OS_EXCLUSIVE ? CREATE_NEW : OPEN_ALWAYS;
    return OPEN_EXISTING;
}

static DWORD share_of(unsigned mode)
{
    return mode & OS_ALONE ? 0 : mode & OS_NO_WRITERS ? FILE_SHARE_READ : WIN_SHARE_ALL;
}

static DWORD attributes_of(unsigned mode)
{
    return FILE_ATTRIBUTE_NORMAL | (mode & OS_FOLDER_TOO ? FILE_FLAG_BACKUP_SEMANTICS : 0);
}

HRESULT os_open(const char *path, unsigned mode, struct os_file **out)
{
    AUTO_FREE wchar_t *wide = NULL;
    TRY(win_path(path, &wide));
    struct os_file *file = mem_alloc(sizeof *file);
    if (!file || !(file->path = mem_dup(path))) {
        mem_free(file);
        return FAIL_MEMORY();
    }
    errno = mode & (OS_CREATE | OS_TRUNCATE) ? floor_denies_change() : 0;
    file->appends = (mode & OS_APPEND) != 0;
    file->handle = errno ? INVALID_HANDLE_VALUE
                         : CreateFileW(wide, access_of(mode), share_of(mode), NULL,
                                       disposition_of(mode), attributes_of(mode), NULL);
    HRESULT hr = file->handle == INVALID_HANDLE_VALUE ? win_change_error("open", path) : S_OK;
    FILE_END_OF_FILE_INFO empty = {.EndOfFile.QuadPart = 0};
    if (SUCCEEDED(hr) && (mode & OS_TRUNCATE) &&
        !SetFileInformationByHandle(file->handle, FileEndOfFileInfo, &empty, sizeof empty))
        hr = win_error(GetLastError(), "empty", path);
    if (FAILED(hr)) {
        os_close(file);
        return hr;
    }
    *out = file;
    return S_OK;
}

void os_close(struct os_file *file)
{
    if (!file)
        return;
    if (file->is_locked)
        os_unlock_file(file); /* at once; the end of a handle releases it at the system's leisure */
    if (file->handle != INVALID_HANDLE_VALUE)
        CloseHandle(file->handle);
    mem_free(file->path);
    mem_free(file);
}

/* ---- reading and writing ---- */

HRESULT os_read_at(struct os_file *file, void *buffer, size_t size, uint64_t offset, size_t *got)
{
    size_t done = 0;
    while (done < size) {
        OVERLAPPED at = at_offset(offset + done);
        DWORD n = 0, piece = (DWORD)(size - done < LARGEST_PIECE ? size - done : LARGEST_PIECE);
        if (!ReadFile(file->handle, (char *)buffer + done, piece, &n, &at)) {
            DWORD code = GetLastError();
            if (code == ERROR_HANDLE_EOF || code == ERROR_BROKEN_PIPE)
                break;
            return win_error(code, "read", file->path);
        }
        if (n == 0)
            break;
        done += n;
    }
    *got = done;
    return S_OK;
}

static uint64_t size_of(const struct os_file *file)
{
    LARGE_INTEGER size;
    return GetFileSizeEx(file->handle, &size) ? (uint64_t)size.QuadPart : 0;
}

/* How much of a write there is room for. Only what makes the file longer takes space. */
static size_t room_for(const struct os_file *file, size_t size, uint64_t offset)
{
    if (!floor_has_disk_end())
        return size;
    uint64_t end = size_of(file), wanted = offset + size;
    uint64_t growth = wanted <= end ? 0 : offset >= end ? size : wanted - end;
    return size - (size_t)(growth - floor_room(growth));
}

static HRESULT write_part(struct os_file *file, const char *data, size_t size, uint64_t offset)
{
    for (size_t done = 0; done < size;) {
        OVERLAPPED at = at_offset(file->appends ? UINT64_MAX : offset + done);
        DWORD n = 0, piece = (DWORD)(size - done < LARGEST_PIECE ? size - done : LARGEST_PIECE);
        if (!WriteFile(file->handle, data + done, piece, &n, &at))
            return win_error(GetLastError(), "write", file->path);
        done += n;
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

/* Windows appends in one piece; Wine looks for the end first, so that writers take turns. */
#define APPENDING_BYTE (INT64_MAX - 3)

static HRESULT append(struct os_file *file, const void *data, size_t size)
{
    OVERLAPPED at = at_offset(APPENDING_BYTE);
    bool has_turn = LockFileEx(file->handle, LOCKFILE_EXCLUSIVE_LOCK, 0, 1, 0, &at);
    HRESULT hr = os_write_at(file, data, size, UINT64_MAX - size);
    if (has_turn)
        (void)UnlockFileEx(file->handle, 0, 1, 0, &at);
    return hr;
}

HRESULT os_write(struct os_file *file, const void *data, size_t size)
{
    if (file->appends)
        return append(file, data, size);
    TRY(os_write_at(file, data, size, file->position));
    file->position += size;
    return S_OK;
}

HRESULT os_truncate(struct os_file *file, uint64_t size)
{
    FILE_END_OF_FILE_INFO end = {.EndOfFile.QuadPart = (LONGLONG)size};
    if (!WIN_CHANGES(SetFileInformationByHandle(file->handle, FileEndOfFileInfo, &end, sizeof end)))
        return win_change_error("set the size of", file->path);
    return S_OK;
}

HRESULT os_reserve(struct os_file *file, uint64_t offset, uint64_t size)
{
    (void)file, (void)offset, (void)size;
    return S_FALSE;
}

HRESULT os_sync(struct os_file *file)
{
    if (!WIN_CHANGES(FlushFileBuffers(file->handle)))
        return win_change_error("sync", file->path);
    return S_OK;
}

/* ---- locks ---- */

/* One byte that no file is long enough to have: Windows keeps others from locked content, and ours
 * is a lock that only those who ask for it see. */
#define LOCKED_BYTE (INT64_MAX - 1)

HRESULT os_lock_file(struct os_file *file, enum os_lock how)
{
    OVERLAPPED at = at_offset(LOCKED_BYTE);
    DWORD flags = LOCKFILE_EXCLUSIVE_LOCK | (how == OS_LOCK_TRY ? LOCKFILE_FAIL_IMMEDIATELY : 0);
    file->is_locked = LockFileEx(file->handle, flags, 0, 1, 0, &at);
    if (file->is_locked)
        return S_OK;
    DWORD code = GetLastError();
    if (how == OS_LOCK_TRY && (code == ERROR_LOCK_VIOLATION || code == ERROR_IO_PENDING))
        return S_FALSE;
    return win_error(code, "lock", file->path);
}

void os_unlock_file(struct os_file *file)
{
    OVERLAPPED at = at_offset(LOCKED_BYTE);
    (void)UnlockFileEx(file->handle, 0, 1, 0, &at);
    file->is_locked = false;
}

/* There is no flock here, and wimlib does not lock. */
bool os_await_no_flock(struct os_file *file, uint64_t deadline_ms)
{
    (void)file, (void)deadline_ms;
    return true;
}

/* ---- files as memory ---- */

HRESULT os_map_new(const char *path, size_t size, void **out)
{
    AUTO_FREE wchar_t *wide = NULL;
    TRY(win_path(path, &wide));
    AUTO_HANDLE HANDLE file = CreateFileW(wide, GENERIC_READ | GENERIC_WRITE, WIN_SHARE_ALL, NULL,
                                          CREATE_NEW, FILE_ATTRIBUTE_NORMAL, NULL);
    if (file == INVALID_HANDLE_VALUE)
        return win_error(GetLastError(), "make", path);
    /* Makes the file as long and takes its space. */
    AUTO_HANDLE HANDLE mapping = CreateFileMappingW(
        file, NULL, PAGE_READWRITE, (DWORD)((uint64_t)size >> 32), (DWORD)size, NULL);
    void *memory = mapping ? MapViewOfFile(mapping, FILE_MAP_ALL_ACCESS, 0, 0, size) : NULL;
    if (!memory) {
        HRESULT hr = win_error(GetLastError(), "map", path);
        (void)DeleteFileW(wide);
        return hr;
    }
    *out = memory;
    return S_OK;
}

void os_unmap(void *memory, size_t size)
{
    (void)size;
    (void)UnmapViewOfFile(memory);
}
