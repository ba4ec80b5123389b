/* SPDX-License-Identifier: MIT */
/* wim_raw_parts.h - what wim_raw.c, wim_raw_tree.c and wim_patch.c share: where things lie in a WIM
 * file. */
#ifndef IMAGE_WIM_RAW_PARTS_H
#define IMAGE_WIM_RAW_PARTS_H

#include "hash.h"
#include "resource.h"
#include "wim_bytes.h"
#include "wim_raw.h"

/* ---- the header ---- */
enum {
    WIM_HEADER_SIZE = 208,
    HEADER_VERSION = 0x0C,
    HEADER_FLAGS = 0x10,
    HEADER_CHUNK_SIZE = 0x14,
    HEADER_PART = 0x28,
    HEADER_PARTS = 0x2A,
    HEADER_IMAGE_COUNT = 0x2C,
    HEADER_BLOBS = 0x30, /* a place, as are the next two and the last */
    HEADER_XML = 0x48,
    HEADER_BOOT_METADATA = 0x60,
    HEADER_BOOT_INDEX = 0x78,
    HEADER_INTEGRITY = 0x7C,
};
enum {
    HEADER_FLAG_COMPRESSED = 0x2,
    HEADER_FLAG_WRITE_IN_PROGRESS = 0x40,
    HEADER_FLAG_RPFIX = 0x80,
    HEADER_FLAG_XPRESS = 0x20000,
    HEADER_FLAG_LZX = 0x40000,
};

/* ---- places of resources: 7 bytes size as stored, 1 flags, 8 offset, 8 size ---- */
enum { PLACE_SIZE = 24, PLACE_METADATA = 2, PLACE_COMPRESSED = 4, PLACE_SPANNED = 8 };
struct place {
    uint64_t stored_size, offset, size;
    unsigned flags;
};
struct place place_get(const unsigned char *at);
void place_put(unsigned char *at, const struct place *place);
struct wim_blob place_blob(const struct place *place);

/* ---- entries of the table of blobs: a place, and ---- */
enum { BLOB_PART = 24, BLOB_REFS = 26, BLOB_HASH = 30, BLOB_ENTRY_SIZE = 50 };

/* ---- entries of folders, on boundaries of 8 bytes ---- */
enum {
    ENTRY_LENGTH = 0, /* to its streams; up to 8: the folder's end */
    ENTRY_ATTRIBUTES = 0x08,
    ENTRY_SECURITY = 0x0C,
    ENTRY_CHILDREN = 0x10,
    ENTRY_CREATED = 0x28,
    ENTRY_ACCESSED = 0x30,
    ENTRY_WRITTEN = 0x38,
    ENTRY_HASH = 0x40,
    ENTRY_LINK_GROUP = 0x58, /* of a reparse point: tag and flags */
    ENTRY_STREAMS = 0x60,
    ENTRY_SHORT_NAME_SIZE = 0x62,
    ENTRY_NAME_SIZE = 0x64,
    ENTRY_NAME = 0x66,
};
/* ... and of their streams behind them */
enum { STREAM_LENGTH = 0, STREAM_HASH = 0x10, STREAM_NAME_SIZE = 0x24, STREAM_NAME = 0x26 };

/* ... and of what wimlib notes of files of Unix */
enum { UNIX_MODE = 8, UNIX_DEVICE = 12, UNIX_SIZE = 16 };

enum {
    ATTRIBUTE_DIRECTORY = 0x10,
    ATTRIBUTE_REPARSE_POINT = 0x400,
};

struct raw_link {
    uint64_t group;
    size_t at;
};

struct wim_raw {
    unsigned char header[WIM_HEADER_SIZE];
    struct wim_storage storage;
    unsigned index;
    uint64_t file_size;
    uint64_t total_bytes; /* once wim_raw_only_look has asked for it; 0: not known */

    unsigned char *blobs;
    size_t blob_count, blob_cap;
    uint32_t *slots; /* number of a blob + 1, where its hash says or behind it; 0: free */
    size_t slot_mask;
    size_t metadata; /* the blob with the image's folders */

    unsigned char *stored; /* ... as it lies in the file */
    unsigned char *bytes;  /* ... and as it is */
    size_t size;
    size_t root;
    uint32_t security_count;
    size_t *security;       /* where each descriptor begins, and behind the last */
    struct raw_link *links; /* files that are in a group, sorted by it */
    size_t link_count, link_cap;
};

/* NULL: there is no such blob. */
unsigned char *raw_blob(const struct wim_raw *raw, const unsigned char hash[SHA1_SIZE]);
HRESULT raw_add_blob(struct wim_raw *raw, const struct place *place,
                     const unsigned char hash[SHA1_SIZE]);
bool raw_is_no_hash(const unsigned char hash[SHA1_SIZE]); /* that of nothing: zeros */

/* wim_patch_xml.c: the XML data as UTF-8, caller's; ERROR_NOT_SUPPORTED: none that can be read so.
 * An image's total in it; 0: there is none. */
HRESULT raw_read_xml(const struct wim_raw *raw, struct os_file *file, char **out);
uint64_t raw_total_bytes(const char *xml, unsigned index);

/* wim_raw_tree.c */
HRESULT raw_check_tree(struct wim_raw *raw);
/* S_FALSE: nothing is there. */
HRESULT raw_find(const struct wim_raw *raw, const char *path, size_t *at);
void raw_describe(const struct wim_raw *raw, size_t at, struct wim_entry *out);
/* The first of a folder, and the next one; 0: there is none. */
size_t raw_first_in(const struct wim_raw *raw, size_t folder);
size_t raw_behind(const struct wim_raw *raw, size_t at);
/* An entry's streams but for the nameless one, which may be among them or in the entry itself. */
size_t raw_streams_at(const struct wim_raw *raw, size_t at);
size_t raw_stream_behind(const struct wim_raw *raw, size_t at);
const unsigned char *raw_unix_data(const unsigned char *entry); /* NULL: it has none */
HRESULT raw_utf8(const unsigned char *name, size_t size, char **out);
/* How many names the file has. */
size_t raw_names(const struct wim_raw *raw, size_t at);

#endif
