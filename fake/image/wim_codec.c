/* SPDX-License-Identifier: MIT */
/* wim_codec.c - see wim_codec.h. */
#include "wim_codec.h"

#include "error.h"
#include "mem.h"
#include "wim_handle.h"

/* ---- decompression ---- */

struct wim_decompressor {
    struct wimlib_decompressor *handle;
};

HRESULT wim_decompressor_new(const struct wim_storage *storage, struct wim_decompressor **out)
{
    TRY(wim_start());
    AUTO_FREE struct wim_decompressor *decompressor = mem_alloc(sizeof *decompressor);
    if (!decompressor)
        return FAIL_MEMORY();
    int code = wimlib_create_decompressor((enum wimlib_compression_type)storage->compression,
                                          storage->chunk_size, &decompressor->handle);
    if (code)
        return wim_failed(NULL, code, 0, "cannot decompress", "this kind of image file");
    *out = TAKE(decompressor);
    return S_OK;
}

void wim_decompressor_free(struct wim_decompressor *decompressor)
{
    if (!decompressor)
        return;
    wimlib_free_decompressor(decompressor->handle);
    mem_free(decompressor);
}

bool wim_decompress(struct wim_decompressor *decompressor, const void *from, size_t from_size,
                    void *to, size_t to_size)
{
    return wimlib_decompress(from, from_size, to, to_size, decompressor->handle) == 0;
}

/* ---- compression ---- */

struct wim_compressor {
    struct wimlib_compressor *handle;
};

HRESULT wim_compressor_new(const struct wim_storage *storage, struct wim_compressor **out)
{
    TRY(wim_start()); /* which sets the level */
    AUTO_FREE struct wim_compressor *compressor = mem_alloc(sizeof *compressor);
    if (!compressor)
        return FAIL_MEMORY();
    int code = wimlib_create_compressor((enum wimlib_compression_type)storage->compression,
                                        storage->chunk_size, 0, &compressor->handle);
    if (code)
        return wim_failed(NULL, code, 0, "cannot compress", "this kind of image file");
    *out = TAKE(compressor);
    return S_OK;
}

void wim_compressor_free(struct wim_compressor *compressor)
{
    if (!compressor)
        return;
    wimlib_free_compressor(compressor->handle);
    mem_free(compressor);
}

size_t wim_compress(struct wim_compressor *compressor, const void *from, size_t from_size, void *to,
                    size_t room)
{
    return wimlib_compress(from, from_size, to, room, compressor->handle);
}
