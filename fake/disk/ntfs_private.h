/* SPDX-License-Identifier: MIT */
/* ntfs_private.h - what the files ntfs_*.c share. */
#ifndef DISK_NTFS_PRIVATE_H
#define DISK_NTFS_PRIVATE_H

#include "error.h"
#include "ntfs_3g.h"
#include "vec.h"
#include "ntfs_volume.h"

struct volume {
    struct volume_io io;
    int64_t position; /* of the device's own file pointer */
    ntfs_volume *ntfs;
    struct error io_error; /* the last failure of a callback: libntfs only keeps an errno */
    bool is_lost;          /* something could not be written: what comes now goes nowhere */
};

/* The error of a libntfs call that just failed with errno, or that of the callback below it. */
HRESULT volume_failed(struct volume *volume, const char *what, const char *path);

/* 0, or -1 and errno; the inode is gone either way. */
int volume_close_inode(ntfs_inode *inode);
/* The same for one that libntfs kept since it could not write it. The volume is lost then. */
void volume_lose_inode(ntfs_inode *inode);
static inline void volume_inode_close(ntfs_inode **inode)
{
    if (*inode)
        (void)volume_close_inode(*inode);
}
#define AUTO_INODE AUTO(volume_inode_close)
static inline void volume_attr_close(ntfs_attr **attr)
{
    if (*attr)
        ntfs_attr_close(*attr);
}
#define AUTO_ATTR AUTO(volume_attr_close)

/* A name in a folder. */
struct volume_name {
    char *text;
    ntfschar *raw;
    uint8_t raw_len;
    MFT_REF reference;
};
typedef VEC(struct volume_name) volume_names;
void volume_names_clear(volume_names *names);
#define AUTO_VOLUME_NAMES AUTO(volume_names_clear)
/* Without DOS names, system files, "." and "..", in the order of the index. */
HRESULT volume_list(struct volume *volume, ntfs_inode *folder, const char *path, volume_names *out);

/* ERROR_FILE_NOT_FOUND when there is nothing, ERROR_PATH_NOT_FOUND when a folder above is missing.
 * "" is the root. */
HRESULT volume_find(struct volume *volume, const char *path, MFT_REF *out);
HRESULT volume_open_inode(struct volume *volume, MFT_REF reference, const char *path,
                          ntfs_inode **out);
HRESULT volume_describe(struct volume *volume, ntfs_inode *inode, const char *path,
                        struct volume_entry *out);
/* The target in Linux' spelling, caller's. */
HRESULT volume_link_target(struct volume *volume, ntfs_inode *inode, const char *path, char **out);

#endif
