/* SPDX-License-Identifier: MIT */
/*
 * wim_fuse.h - wimlib's own read-write file system over an image, whose end writes the WIM. Its
 * process belongs to wimlib; dismfake-replay (replay/) is the only user.
 */
#ifndef IMAGE_WIM_FUSE_H
#define IMAGE_WIM_FUSE_H

#include "wim.h"

/* To be called in a process of its own, which ends with 0 once the image is mounted at `folder`, an
 * empty folder; a child of it then serves until the commit, and is in turn what S_OK comes back in.
 * A failure comes back in the process itself: ERROR_NOT_SUPPORTED where FUSE is refused. Changed
 * data waits in a new folder below `staging`; what wimlib complains of goes into the file `errors`.
 * with_unix_data: modes can be set, and what is made new gets owner and mode. */
HRESULT wim_fuse_serve(const char *path, unsigned index, const char *folder, const char *staging,
                       const char *errors, bool with_unix_data);

/* From another process: writes the WIM. The file system goes, but for after a failure. */
HRESULT wim_fuse_commit(const char *folder, const char *errors, bool with_integrity,
                        const struct wim_progress *progress);

#endif
