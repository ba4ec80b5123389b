/* SPDX-License-Identifier: MIT */
/*
 * replay.h - the changes of a plan made in a mounted image by writing into what is there, so that
 * the rest of it stays: attributes, security descriptor, short name, named streams, creation time.
 *
 * Deletions come first. Then groups of items with the same source inode, which become one file with
 * several names. A file of the image is written into if all its remaining names are in one group;
 * if not, the names that are become a file of their own, and the others keep the old one. Where the
 * source is of another type, the old one goes first.
 */
#ifndef REPLAY_REPLAY_H
#define REPLAY_REPLAY_H

#include "plan.h"
#include "wim.h"

HRESULT replay(const struct plan *plan, const char *folder, const struct wim_progress *progress);

#endif
