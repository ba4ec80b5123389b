/* SPDX-License-Identifier: MIT */
/* state_file.h - is there anything new in the state folder? A leaf: takes no other lock but that of
 * the settings. */
#ifndef CORE_STATE_FILE_H
#define CORE_STATE_FILE_H

#include "os.h"

/* What lies at that name of the state folder; inode 0: nothing, which is no error. */
void state_file_look(const char *name, struct os_stat *out);
/* Can a file with that stamp not have been changed since and keep it? One changed a moment ago can,
 * within the same tick of the clock that stamps files. `clock` is what that said before the file
 * was looked at (os_file_clock_ns). */
bool state_file_is_settled(const struct os_stat *stat, int64_t clock);
bool state_file_is_same(const struct os_stat *a, const struct os_stat *b);

#endif
