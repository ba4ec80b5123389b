/* SPDX-License-Identifier: MIT */
/*
 * wim_read.h - an image looked into without unpacking it: its folders, and where the bytes of its
 * files lie in the WIM file. Reading them is the caller's business (resource.h).
 */
#ifndef IMAGE_WIM_READ_H
#define IMAGE_WIM_READ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "hr.h"
#include "wim.h"
#include "wim_codec.h"

/* wim_open without what surrounds a call of the library, to look at one image: without wimlib
 * (wim_raw.h), where that goes. Then nothing but what follows here, and wim_facts for parts and
 * is_solid, is of use. */
HRESULT wim_open_to_look(const char *path, unsigned index, struct wim **out);
/* What the image says of the size of all its files; 0: nothing. */
uint64_t wim_total_bytes(struct wim *wim, unsigned index);
void wim_storage(const struct wim *wim, struct wim_storage *out);

struct wim_time {
    int64_t seconds; /* since 1970, UTC; a WIM's times begin in 1601 */
    uint32_t nanoseconds;
};

struct wim_stream {
    const char *name; /* NULL: the file's content, or its reparse data */
    struct wim_blob blob;
};

struct wim_file {
    const char *name; /* NULL: the root */
    uint32_t attributes, reparse_tag;
    uint32_t links;
    uint64_t link_group; /* the same for all names of a file that has several; 0: it has one */
    struct wim_time created, written, accessed;
    bool has_unix_mode;
    uint32_t unix_mode, unix_device;
    const void *security; /* lives as long as the image stays loaded: until the WIM is closed */
    size_t security_size;
    const struct wim_stream *streams; /* at least one, the nameless one first */
    size_t stream_count;
};

/* What a callback gets is borrowed, but for `security`. Its failure ends the walk. */
typedef HRESULT (*wim_file_fn)(void *context, const struct wim_file *entry);
/* The folder or file itself ("/" is the root), or what is directly in it. Loads the image's
 * metadata first if it is not there yet. */
HRESULT wim_file_at(struct wim *wim, unsigned index, const char *path, wim_file_fn each,
                    void *context);
HRESULT wim_children(struct wim *wim, unsigned index, const char *path, wim_file_fn each,
                     void *context);
/* Does any resource of the file hold several blobs compressed as one? */
bool wim_has_solid_resources(struct wim *wim);

#endif
