/* SPDX-License-Identifier: MIT */
/*
 * ntfs_3g.h - libntfs-3g's headers (GPL-2+: see the licence notes) beside ours. Its types.h makes a
 * BOOL, TRUE and FALSE of its own, which are renamed here, and they rely on system headers
 * that a configuration of its own would bring. Only fake/disk/ntfs_*.c include it.
 */
#ifndef DISK_NTFS_3G_H
#define DISK_NTFS_3G_H

#include <sys/stat.h>
#include <sys/types.h>
#include <time.h>

#include "dism_windows.h"

#pragma push_macro("TRUE")
#pragma push_macro("FALSE")
#undef TRUE
#undef FALSE
#define BOOL ntfs_bool
#define TRUE NTFS_TRUE
#define FALSE NTFS_FALSE

#include <ntfs-3g/types.h>

#include <ntfs-3g/attrib.h>
#include <ntfs-3g/cache.h>
#include <ntfs-3g/device.h>
#include <ntfs-3g/dir.h>
#include <ntfs-3g/inode.h>
#include <ntfs-3g/layout.h>
#include <ntfs-3g/logfile.h>
#include <ntfs-3g/logging.h>
#include <ntfs-3g/ntfstime.h>
#include <ntfs-3g/reparse.h>
#include <ntfs-3g/security.h>
#include <ntfs-3g/volume.h>

#undef BOOL
#pragma pop_macro("TRUE")
#pragma pop_macro("FALSE")

#endif
