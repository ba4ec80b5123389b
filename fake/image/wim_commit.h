/* SPDX-License-Identifier: MIT */
/*
 * wim_commit.h - writing a mount's changes into its WIM so that nothing is ever half written for
 * good.
 *
 * The image file itself is locked across processes (not with flock, which wimlib takes for itself),
 * what it was is saved before the first write (saved_image.h), and whoever finds a commit whose
 * process is gone puts it back. Lock order:
 * the image's turn, then the image file, then the registry.
 */
#ifndef IMAGE_WIM_COMMIT_H
#define IMAGE_WIM_COMMIT_H

#include "image.h"
#include "saved_image.h"

struct commit_steps {
    enum step lock, scan, write, finish;
};

/* Ticks 1..100. Flags: DISM_COMMIT_GENERATE_INTEGRITY, DISM_COMMIT_APPEND. After a failure or a
 * cancel the file is as before and the mount is Ok. */
HRESULT wim_commit(const char *mount_id, DWORD flags, struct op *op,
                   const struct commit_steps *steps);

/* Finishes what killed processes left: half written images get their header and size back. Called
 * on the way into every call that looks at mounts. */
HRESULT wim_recover(void);
/* Is there anything for it to do? For those who have the registry open anyway. */
bool wim_has_cut_off(const struct mounts *m);

#endif
