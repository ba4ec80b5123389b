/* SPDX-License-Identifier: MIT */
/*
 * mounts.h - the mount registry: what is mounted where, on disk, shared by all processes of a state
 * folder and safe against kill -9 at any moment.
 *
 * One JSON file, replaced in one step, under a lock file. A transaction reads the file anew,
 * changes records in memory and saves. It is held for moments only: long work is a record in a
 * state that says so, with the owner's pid and start time, so that everybody can tell work in
 * progress from work abandoned.
 */
#ifndef IMAGE_MOUNTS_H
#define IMAGE_MOUNTS_H

#include <stdbool.h>
#include <stdint.h>

#include "dismapi.h"
#include "os.h"
#include "vec.h"

enum mount_state {
    MOUNT_MOUNTING,
    MOUNT_OK,
    MOUNT_COMMITTING, /* the image file may be half written: `saved` brings it back */
    MOUNT_UNMOUNTING, /* the folder may be half empty */
    MOUNT_PARTIAL, /* an unmount stopped half way (0xC142011D for a commit): only a discard is left
                    */
    MOUNT_INVALID, /* abandoned while mounting or unmounting */
};

/* An image file as it was when last looked at under its lock. */
struct image_stamp {
    uint64_t size, device, inode;
    int64_t mtime_ns;
};

/* What a commit puts back when it is cancelled or killed; of a disk, whose side file knows, only
 * the stamp. Writing in place appends, rewrites the header last, and overwrites the XML data and
 * the integrity table at the old end where no image changed: so the header, the size and what lies
 * from `tail_offset` on (kept in the mount's side folder, "tail") give the old file, byte for byte.
 */
#define SAVED_HEADER 208
struct saved_image {
    struct image_stamp stamp;
    struct image_stamp written; /* after the last write; size 0: not known to be reached */
    uint64_t tail_offset;
    unsigned char header[SAVED_HEADER];
    bool is_written_twice; /* a commit that appends and keeps metadata */
    /* ... the header after the first time. */
    unsigned char header_between[SAVED_HEADER];
    bool has_between;
};

/* What a `lazy` mount has running: zero when nothing is mounted (a restart, a dead helper). */
struct live_mount {
    uint64_t device; /* of what is mounted on the mount folder */
    unsigned helper_pid;
    uint64_t helper_start;
};

struct mount {
    char *id;               /* a GUID, also the name of its folder below state/mounts */
    char *image_path;       /* absolute, as given and made native */
    char *mount_path;       /* canonical */
    char *mount_path_given; /* absolute, as the client wrote it: what lists show */
    char *image_path_given;
    char *engine;
    char *boot;  /* the boot in which it was mounted or remounted */
    char *aside; /* `extract`: where a reboot put the tree, NULL: it is in place */
    struct live_mount live;
    unsigned index;
    bool is_readonly;
    enum mount_state state;
    unsigned owner_pid; /* while mounting, committing, unmounting */
    uint64_t owner_start;
    uint64_t owner_call; /* activity_serial of the owner: what a call that failed twice left behind
                            is abandoned though its process lives */
    struct image_stamp stamp;
    uint64_t folder_device, folder_inode;
    struct saved_image saved;
};

struct mounts {
    struct os_file *lock;
    char *boot; /* the boot now */
    unsigned reboots;
    VEC(struct mount) list;
};

/* Begins a transaction: lock, read, and what a restart of the machine since the last transaction
 * means. Every successful open needs mounts_close; AUTO_MOUNTS does it. */
HRESULT mounts_open(struct mounts *m);
HRESULT mounts_save(struct mounts *m);
void mounts_close(struct mounts *m);
#define AUTO_MOUNTS AUTO(mounts_close)

/* Borrowed from the transaction; NULL if there is none. */
struct mount *mounts_find_path(struct mounts *m, const char *mount_path);
struct mount *mounts_find_id(struct mounts *m, const char *id);
struct mount *mounts_add(struct mounts *m); /* with a new id and this boot; NULL without memory */
void mounts_remove(struct mounts *m, struct mount *mount);

/* Transactions of their own: takes the record away (also if it is gone); sets its state, with
 * this process as the owner; says that it is mounted, by our engine and with our `live`. */
HRESULT mounts_forget(const char *id);
HRESULT mounts_mark_mounted(const struct mount *ours);
HRESULT mounts_mark(const char *id, enum mount_state state);

/* Marks the record as work of this process. */
void mount_claim(struct mount *mount, enum mount_state state);
/* Is its owner (another process or this one) still at work? */
bool mount_is_busy(const struct mount *mount);
bool mount_is_ours(const struct mount *mount);

/* Is what lies at the mount path the folder that was mounted into? A link or another folder in its
 * place belongs to somebody else. */
bool mount_has_its_folder(const struct mount *mount);

/* What DismGetMountedImageInfo says. Looks at the disk: image file and folder. */
DismMountStatus mount_status(const struct mounts *m, const struct mount *mount);

HRESULT mount_copy(const struct mount *from, struct mount *to);
void mount_clear(struct mount *mount);

/* state/mounts/ID, or a name below it. Caller's. */
HRESULT mount_side_path(const struct mount *mount, const char *name, char **out);

/* The machine restarts: a new boot; trees go aside. */
HRESULT mounts_reboot(void);
const char *mount_state_name(enum mount_state state);

#endif
