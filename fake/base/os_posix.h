/* SPDX-License-Identifier: MIT */
/* os_posix.h - what the files os_posix*.c share. */
#ifndef BASE_OS_POSIX_H
#define BASE_OS_POSIX_H

#include "os_shared.h"

int os_file_fd(const struct os_file *file);

#endif
