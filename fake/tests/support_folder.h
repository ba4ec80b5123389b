/* SPDX-License-Identifier: MIT */
/* support_folder.h - a fresh folder among the temporary ones, by its real name; what it can hold.
 */
#ifndef TESTS_SUPPORT_FOLDER_H
#define TESTS_SUPPORT_FOLDER_H

#include "error.h"
#include "mem.h"
#include "os.h"

static inline HRESULT support_make_folder(const char *name, char **out)
{
    AUTO_FREE char *temp = NULL;
    uint64_t number = 0;
    TRY(os_temp_directory(&temp));
    os_random(&number, sizeof number);
    AUTO_FREE char *path =
        mem_format("%s/%s-%u-%llx", temp, name, os_pid(), (unsigned long long)number);
    if (!path)
        return FAIL_MEMORY();
    TRY(os_make_directory(path));
    return os_real_path(path, out);
}

/* Wine makes no symbolic links, and says that it did. */
static inline bool support_has_links(const char *folder)
{
    AUTO_FREE char *link = mem_format("%s/probe", folder);
    bool is_there = link && SUCCEEDED(os_make_link("nowhere", link)) && os_exists(link);
    return is_there && SUCCEEDED(os_remove_file(link));
}

#endif
