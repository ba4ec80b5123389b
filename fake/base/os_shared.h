/* SPDX-License-Identifier: MIT */
/* os_shared.h - what os_posix*.c and os_win*.c do in the same way. */
#ifndef BASE_OS_SHARED_H
#define BASE_OS_SHARED_H

#include "os.h"
#include "text.h"

void os_names_sort(struct os_names *names);
/* All that `read` gives from the start on, with a NUL behind it; a piece that is not full is the
 * last. `expected` bytes are likely. Caller's. */
HRESULT os_read_all(struct os_file *file, uint64_t expected,
                    HRESULT (*read)(struct os_file *file, void *buffer, size_t size,
                                    uint64_t offset, size_t *got),
                    char **data, size_t *size);
/* Takes the first `len` bytes of the buffer as a line, without a CR at its end; `skip` more go with
 * them. Caller's. */
HRESULT os_take_line(struct text *buffer, size_t len, size_t skip, char **line);

#endif
