/* SPDX-License-Identifier: MIT */
/*
 * store.h - the bytes of blobs, out of the WIM file, which stays open: who appends to it later does
 * not move them. Thread-safe.
 */
#ifndef MOUNTFS_STORE_H
#define MOUNTFS_STORE_H

#include <stddef.h>
#include <stdint.h>

#include "hr.h"
#include "wim_read.h"

struct store;
/* HR_WIN32(ERROR_NOT_SUPPORTED): chunks too large to be served. */
HRESULT store_open(const char *image, const struct wim_storage *storage, struct store **out);
void store_close(struct store *store);

/* That range of a blob, which must lie within it. ERROR_FILE_CORRUPT where the WIM is damaged. */
HRESULT store_read(struct store *store, const struct wim_blob *blob, uint64_t offset, void *to,
                   size_t size);

#endif
