/* SPDX-License-Identifier: MIT */
/* shim_links.c - see replace_links in shim.h. */
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "mem.h"
#include "shim.h"

static int replace_link(const struct wimlib_dir_entry *entry, void *target)
{
    AUTO_FREE char *path = mem_format("%s%s", (const char *)target, entry->full_path);
    struct stat stat;
    if (!(entry->attributes & WIMLIB_FILE_ATTRIBUTE_REPARSE_POINT) || lstat(path, &stat) != 0 ||
        !S_ISLNK(stat.st_mode) || unlink(path) != 0)
        return 0;
    if (entry->attributes & WIMLIB_FILE_ATTRIBUTE_DIRECTORY)
        return mkdir(path, 0755) == 0 ? 0 : WIMLIB_ERR_MKDIR;
    int file = open(path, O_CREAT | O_EXCL | O_WRONLY, 0644);
    if (file < 0)
        return WIMLIB_ERR_OPEN;
    close(file);
    return 0;
}

int replace_links(int (*iterate)(WIMStruct *, int, const char *, int,
                                 wimlib_iterate_dir_tree_callback_t, void *),
                  WIMStruct *wim, int image, char *target)
{
    return iterate(wim, image, "/", WIMLIB_ITERATE_DIR_TREE_FLAG_RECURSIVE, replace_link, target);
}
