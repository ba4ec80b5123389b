/* SPDX-License-Identifier: MIT */
/* wim_codec.h - how the bytes of a WIM file are compressed: wimlib's codecs, chunk by chunk. Where
 * the chunks of a resource lie is resource.h's business. */
#ifndef IMAGE_WIM_CODEC_H
#define IMAGE_WIM_CODEC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "hr.h"

/* How the resources of a WIM file are stored. */
struct wim_storage {
    int compression; /* wimlib's number; 0: none */
    uint32_t chunk_size;
    bool is_pipable;
    bool has_rpfix; /* absolute links were made relative to the image's root */
};

enum wim_blob_kind {
    WIM_BLOB_EMPTY,
    WIM_BLOB_PLAIN,      /* `size` bytes at `offset` */
    WIM_BLOB_COMPRESSED, /* `stored_size` bytes at `offset`: chunk table and chunks */
    WIM_BLOB_ELSEWHERE,  /* missing, in another part, or in a solid resource */
};
struct wim_blob {
    uint64_t offset, stored_size, size;
    enum wim_blob_kind kind;
};

/* One thread's decompressor. */
struct wim_decompressor;
HRESULT wim_decompressor_new(const struct wim_storage *storage, struct wim_decompressor **out);
void wim_decompressor_free(struct wim_decompressor *decompressor);
/* false: the data is damaged. */
bool wim_decompress(struct wim_decompressor *decompressor, const void *from, size_t from_size,
                    void *to, size_t to_size);

/* One thread's compressor, at the level that everything is written at. */
struct wim_compressor;
HRESULT wim_compressor_new(const struct wim_storage *storage, struct wim_compressor **out);
void wim_compressor_free(struct wim_compressor *compressor);
/* Its size; 0: it does not become smaller than room. */
size_t wim_compress(struct wim_compressor *compressor, const void *from, size_t from_size, void *to,
                    size_t room);

#endif
