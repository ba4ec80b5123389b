/* SPDX-License-Identifier: MIT */
/* wim_patch_parts.h - what wim_patch.c, wim_patch_out.c and wim_patch_xml.c share. */
#ifndef IMAGE_WIM_PATCH_PARTS_H
#define IMAGE_WIM_PATCH_PARTS_H

#include "text.h"
#include "vec.h"
#include "wim_patch.h"
#include "wim_raw_parts.h"

/* ---- the end of the file, which grows (wim_patch_out.c) ---- */

struct patch_out {
    struct os_file *file;
    const struct wim_storage *storage;
    struct wim_compressor *compressor; /* made when it is needed */
    uint64_t written;                  /* the file's size so far */
    VEC(unsigned char) waiting;        /* what comes behind it */
};
void patch_out_clear(struct patch_out *out);
/* As it is, compressed where that makes it smaller, or what is compressed already. */
HRESULT patch_add_plain(struct patch_out *out, const void *data, size_t size, struct place *place);
HRESULT patch_add_blob(struct patch_out *out, const void *data, size_t size, struct place *place);
/* The image's folders: chunks that did not change are taken over as they are stored. */
HRESULT patch_add_folders(struct patch_out *out, const struct wim_raw *raw,
                          const bool *is_changed /* of each chunk */, struct place *place);
HRESULT patch_flush(struct patch_out *out);

/* ---- XML data (wim_patch_xml.c), as UTF-8 ---- */

struct patch_totals {
    int64_t bytes, hard_link_bytes; /* more or less than the image had */
    uint64_t file_bytes;            /* of the file, up to its XML data */
};
/* ERROR_NOT_SUPPORTED: it is not as wimlib and DISM write it. */
HRESULT patch_xml(const char *xml, unsigned index, const struct patch_totals *totals,
                  struct text *out);
uint64_t wim_time_from_ns(int64_t ns);

#endif
