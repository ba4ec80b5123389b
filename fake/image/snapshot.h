/* SPDX-License-Identifier: MIT */
/*
 * snapshot.h - the state folder with everything that hangs on it, in one file: records, side
 * folders, trees and image files of the mounts; world, rules and online image. The file is a WIM,
 * which any tool for WIM files reads. Nobody else may be at work (library_alone).
 */
#ifndef IMAGE_SNAPSHOT_H
#define IMAGE_SNAPSHOT_H

#include "hr.h"

/* ERROR_BUSY while somebody works on a mount. Replaces the file. */
HRESULT snapshot_save(const char *file);
/* `forget` takes away what is mounted now; it is called once the file is known to be good and no
 * folder is in the way (WIMGAPI_E_DIR_NOT_EMPTY). */
HRESULT snapshot_restore(const char *file, HRESULT (*forget)(void));

#endif
