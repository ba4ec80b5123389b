/* SPDX-License-Identifier: MIT */
/*
 * tree.h - what a folder tree holds, as a list that can be kept (the manifest of a mount) and
 * compared, so that a commit looks only at what changed: (inode, size, mtime, ctime) of every file.
 * ctime makes it safe against tools that set mtime back.
 */
#ifndef IMAGE_TREE_H
#define IMAGE_TREE_H

#include "os.h"
#include "vec.h"
#include "wim.h"

struct tree_entry {
    char *path; /* below the root, '/' between components */
    enum os_type type;
    uint64_t inode, size;
    int64_t mtime_ns, ctime_ns;
};

/* Depth first, names in ordinal order: tree_compare_paths. */
struct tree {
    VEC(struct tree_entry) list;
};

/* A folder on another file system is ERROR_BUSY: somebody mounted it there, and it is not ours to
 * store. `seen` is called now and then with the number of entries seen; a failure ends the scan.
 * May be NULL. */
HRESULT tree_scan(const char *root, struct tree *out, HRESULT (*seen)(void *context, size_t count),
                  void *context);
void tree_clear(struct tree *tree);
#define AUTO_TREE AUTO(tree_clear)
HRESULT tree_save(const struct tree *tree, const char *path);
/* Saved for comparing with later: what changes at `root` from now on gets another time. */
HRESULT tree_keep(const struct tree *tree, const char *path, const char *root);
HRESULT tree_load(const char *path, struct tree *out);
int tree_compare_paths(const char *a, const char *b);
/* What is not as it was stays a change, whatever is accepted later. */
void tree_mark_changed(struct tree *old, const struct tree *now);
/* Takes over the ctime of entries directly below the root that are otherwise the same, and of their
 * other names below: renaming the entries (a reboot, a remount) changes it. */
HRESULT tree_accept_moved(struct tree *old, const struct tree *now);

/* The tree was copied somewhere else: what was `old` unchanged when it was copied (`then`) is
 * unchanged as it is `now`. */
void tree_accept_copied(struct tree *old, const struct tree *then, const struct tree *now);

/* Steps through two trees together; old or now is NULL where the other one has a name alone. */
HRESULT tree_side_by_side(const struct tree *old, const struct tree *now,
                          HRESULT (*each)(void *context, const struct tree_entry *old,
                                          const struct tree_entry *now),
                          void *context);
bool tree_is_below(const char *path, const char *folder);
/* Inode, size and times are the same; folders: their entries speak for themselves. */
bool tree_is_same(const struct tree_entry *old, const struct tree_entry *now);
/* Can an image hold it? Its name must be one that Windows has, its type no socket or the like. */
HRESULT tree_check_storable(const struct tree_entry *entry);

typedef VEC(struct wim_change) wim_changes;
/* source: WIM_ADD only, copied. */
HRESULT wim_changes_add(wim_changes *changes, enum wim_change_kind kind, const char *path,
                        const char *source);
/* Appends all of `from`, which is empty then. */
HRESULT wim_changes_move(wim_changes *from, wim_changes *to);
/* Deletions first, then additions; below an added folder nothing more is named. A socket, device or
 * pipe is ERROR_NOT_SUPPORTED: an image cannot hold it. */
HRESULT tree_changes(const struct tree *old, const struct tree *now, const char *root,
                     wim_changes *out);
void wim_changes_clear(wim_changes *changes);
/* `additions` (in the order of the tree) may name a file under one of its names only, since that
 * one moved with its folder: its other names are added too, so that they stay names of one file. */
HRESULT tree_add_linked(const struct tree *now, const char *root, wim_changes *additions);

#endif
