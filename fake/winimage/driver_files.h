/* SPDX-License-Identifier: MIT */
/* driver_files.h - the files that a driver's INF copies for an image. */
#ifndef WINIMAGE_DRIVER_FILES_H
#define WINIMAGE_DRIVER_FILES_H

#include "driver_inf.h"

struct driver_file {
    char
        *source; /* below the INF's folder, and below that in the driver store; '/' between names */
    char *destination; /* below the Windows folder; NULL: it is used where it is in the store */
    bool is_listed;    /* among the INF's own files; else it may be one of Windows */
};
struct driver_files {
    VEC(struct driver_file) list;
};
void driver_files_clear(struct driver_files *files);
#define AUTO_DRIVER_FILES AUTO(driver_files_clear)

/* `driver` was read for a target. ERROR_INVALID_DATA: a name leads out of a folder. */
HRESULT driver_files_of(const struct driver_inf *driver, unsigned architecture,
                        struct driver_files *out);
/* "%12%\x.sys" as a path below the Windows folder, or (*is_in_store) below the driver's folder.
 * Caller's; NULL in *out: another folder. */
HRESULT driver_files_place(const char *dirid_path, bool *is_in_store, char **out);

#endif
