/* SPDX-License-Identifier: MIT */
/*
 * container.h - what the formats (vhd.c, vhdx.c) have in common, below disk.h: an open file that
 * knows where each part of the virtual disk lies.
 */
#ifndef DISK_CONTAINER_H
#define DISK_CONTAINER_H

#include "bytes.h"
#include "disk.h"
#include "error.h"
#include "dism_codes.h"
#include "os.h"
#include "vec.h"

struct plan;
struct changes;
struct container;

enum extent_kind { EXTENT_FILE, EXTENT_ZERO, EXTENT_PARENT };
struct extent {
    enum extent_kind kind;
    uint64_t size; /* of the run of bytes that all lie there; at least 1 */
    uint64_t at;   /* EXTENT_FILE: offset in the file */
};

struct container_format {
    HRESULT (*open)(struct container *c);
    void (*close)(struct container *c);
    /* Where the bytes from `offset` on lie; below the size of the disk. */
    HRESULT (*map)(struct container *c, uint64_t offset, struct extent *out);
    /* S_OK if `parent` is what `child` was made from, else why not. */
    HRESULT (*check_parent)(struct container *child, const struct container *parent);
    /* How `changes` get into the file. */
    HRESULT (*plan)(struct container *c, const struct changes *changes, struct plan *plan);
};
extern const struct container_format vhd_format, vhdx_format;

/* Where a child says that its parent is: text as in the file, most trusted first. */
struct parent_hint {
    char *path;
    bool is_relative;
};

struct container {
    const struct container_format *format;
    void *own; /* the format's */
    char *path;
    struct os_file *file;
    struct os_stat stat;
    enum disk_kind kind;
    uint64_t size;
    uint32_t sector_size, physical_sector_size, block_size;
    uint8_t id[16];
    uint8_t version[16]; /* differs after every writer that keeps to the format, if it has that */
    VEC(struct parent_hint) hints;
    struct container *parent;
};

static inline bool container_has_parent(const struct container *c)
{
    return c->kind == DISK_VHD_DIFFERENCING || c->kind == DISK_VHDX_DIFFERENCING;
}

/* `lock` is called before anything is read, if the file is opened for writing. */
HRESULT container_open(const char *path, unsigned os_mode, HRESULT (*lock)(struct container *),
                       struct container **out);
/* Reads the file's structures anew; the parents stay. */
HRESULT container_reload(struct container *c);
/* Opens the parents, all the way down (chain.c). */
HRESULT container_open_parents(struct container *top, const struct disk_options *options);
void container_free(struct container *c); /* with its parents */
DEFINE_SCOPE(container, struct container, container_free)
#define AUTO_CONTAINER AUTO(scope_container)
HRESULT container_read(struct container *c, void *buffer, size_t size, uint64_t offset);
/* Exactly so much of the file itself; `code` if it ends before. */
HRESULT container_file_read(const struct container *c, void *buffer, size_t size, uint64_t offset,
                            HRESULT code);

/* What is where in a container's file: everything has to lie in it and nothing may share a byte. */
struct place {
    uint64_t at, size;
};
typedef VEC(struct place) places;
HRESULT places_add(places *list, uint64_t at, uint64_t size);
HRESULT places_check(places *list, const struct container *c, uint64_t end, HRESULT code);

/* A checksum in a file against what it should be. Fuzzers take any. */
#ifdef FUZZING_BUILD_MODE_UNSAFE_FOR_PRODUCTION
#define checksum_is(stored, computed) (true || (stored) == (computed))
#else
#define checksum_is(stored, computed) ((stored) == (computed))
#endif

#define ROUND_UP(value, unit) (((uint64_t)(value) + (unit)-1) / (unit) * (unit))

#endif
