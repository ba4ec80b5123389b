/* SPDX-License-Identifier: MIT */
/* winapifamily.h - stands in for the Windows header of this name: everything is the desktop. */
#ifndef SHIM_WINAPIFAMILY_H
#define SHIM_WINAPIFAMILY_H

#define WINAPI_PARTITION_DESKTOP 1
#define WINAPI_FAMILY_PARTITION(partitions) (partitions)

#endif
