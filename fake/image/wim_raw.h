/* SPDX-License-Identifier: MIT */
/*
 * wim_raw.h - one image of a WIM file, read without wimlib: header, table of blobs, and the image's
 * folders as the bytes they are. wimlib makes an object of every file of the image and of every
 * blob; to look at a few of them, or to change them (wim_patch.h), that costs many times the work.
 *
 * Only what is written as wimlib and DISM write it is read. Whatever is unusual or wrong fails, and
 * the caller asks wimlib, which knows more and says it better.
 */
#ifndef IMAGE_WIM_RAW_H
#define IMAGE_WIM_RAW_H

#include "os.h"
#include "wim.h"
#include "wim_read.h"

struct wim_raw;
/* Reads all of it, and checks it, so that nothing below fails for what is in the file. */
HRESULT wim_raw_open(struct os_file *file, unsigned index, struct wim_raw **out);
void wim_raw_close(struct wim_raw *raw);
DEFINE_SCOPE(wim_raw, struct wim_raw, wim_raw_close)

/* For the mount helper: gives back what only wim_patch needs, and reads the image's total size. */
HRESULT wim_raw_only_look(struct wim_raw *raw, struct os_file *file);
uint64_t wim_raw_total_bytes(const struct wim_raw *raw);
/* What wim_read.h has. */
void wim_raw_storage(const struct wim_raw *raw, struct wim_storage *out);
HRESULT wim_raw_file_at(const struct wim_raw *raw, const char *path, wim_file_fn each,
                        void *context);
HRESULT wim_raw_children(const struct wim_raw *raw, const char *path, wim_file_fn each,
                         void *context);

/* wim_look and wim_each_linked (wim.h). */
HRESULT wim_raw_look(const struct wim_raw *raw, const char *path, struct wim_entry *out);
HRESULT wim_raw_each_linked(const struct wim_raw *raw,
                            HRESULT (*each)(void *context, const char *path,
                                            const struct wim_entry *entry),
                            void *context);

#endif
