/* SPDX-License-Identifier: MIT */
/* os_posix_map.c - os.h: a file as shared memory. */
#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "error.h"
#include "os.h"
#include "os_posix.h"

HRESULT os_map_new(const char *path, size_t size, void **out)
{
    int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (fd < 0)
        return error_errno(errno, "make", path);
    /* Reserved now: a disk that is full later must not end the process at a store. */
    int failed = posix_fallocate(fd, 0, (off_t)size);
    void *memory =
        failed ? MAP_FAILED : mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    HRESULT hr = S_OK;
    if (memory == MAP_FAILED) {
        hr = error_errno(failed ? failed : errno, "map", path);
        (void)unlink(path);
    }
    close(fd);
    if (SUCCEEDED(hr))
        *out = memory;
    return hr;
}

HRESULT os_map(const struct os_file *file, size_t size, const void **out)
{
    void *memory = mmap(NULL, size, PROT_READ, MAP_SHARED, os_file_fd(file), 0);
    if (memory == MAP_FAILED)
        return error_errno(errno, "map", "a file in memory");
    *out = memory;
    return S_OK;
}

void os_unmap(void *memory, size_t size)
{
    (void)munmap(memory, size);
}
