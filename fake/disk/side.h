/* SPDX-License-Identifier: MIT */
/*
 * side.h - the side file: what was written to a disk and is not in its container yet, and how far
 * an apply has got.
 *
 *   0, 4096   two headers; the valid one with the larger number counts, the other is written next
 *   8192 ...  clusters of 64 KiB, in the order in which they were first written; between them, as
 *             they came, indexes (a flush writes a new one behind everything) and the plan of an
 *             apply
 *
 * A cluster has a bit for each of its 4 KiB pages: a page is here as a whole or not at all. So
 * changes keep the places of what they replace, and sectors never have to be split.
 */
#ifndef DISK_SIDE_H
#define DISK_SIDE_H

#include "container.h"

enum { SIDE_PAGE = 4096, SIDE_CLUSTER = 65536, SIDE_PAGES = SIDE_CLUSTER / SIDE_PAGE };

enum side_state {
    SIDE_OPEN = 1, /* changes wait */
    SIDE_GROWING,  /* the container may have become longer: it goes back to its size */
    SIDE_APPLYING, /* the plan has to be carried out, from its start */
};

/* What the container was when the changes were begun. */
struct side_stamp {
    uint64_t size;
    int64_t mtime_ns;
    uint8_t id[16], version[16];
};

struct side_header {
    uint64_t number;
    enum side_state state;
    uint64_t disk_size;
    struct side_stamp stamp;
    uint64_t index_at, index_count;
    uint32_t index_crc;
    uint64_t plan_at, plan_size;
    uint64_t end; /* of what counts in the file */
};

struct side_cluster {
    uint64_t number, at; /* of the disk; in the file */
    uint16_t pages;      /* which are here */
};

struct side {
    struct os_file *file;
    char *path;
    struct side_header header; /* as on disk */
    VEC(struct side_cluster) clusters;
    uint32_t *slots; /* hash table: index into clusters + 1; 0: free */
    size_t slot_count;
    uint64_t end;
    bool is_dirty;
};

HRESULT side_open(const char *path, uint64_t disk_size, const struct side_stamp *stamp,
                  struct side **out);
/* For recovery: the header only. S_FALSE: there is no side file, or it was never begun. */
HRESULT side_open_cut_off(const char *path, struct side **out);
void side_close(struct side *side);
DEFINE_SCOPE(side, struct side, side_close)
#define AUTO_SIDE AUTO(scope_side)

HRESULT side_read(struct side *side, struct container *base, void *buffer, size_t size,
                  uint64_t offset);
HRESULT side_write(struct side *side, struct container *base, const void *data, size_t size,
                   uint64_t offset);
HRESULT side_flush(struct side *side);
uint64_t side_bytes(const struct side *side); /* how much of the disk is here */
/* Writes `header` as the next one, synced. */
HRESULT side_write_header(struct side *side, const struct side_header *header);
/* No changes any more: the container has them, and is now as `stamp` says. */
HRESULT side_empty(struct side *side, const struct side_stamp *stamp);

/* The changes as runs in the order of the disk. */
struct change {
    uint64_t offset, size, at; /* of the disk; in the side file */
};
struct changes {
    VEC(struct change) list;
};
HRESULT side_changes(const struct side *side, struct changes *out);

/* For side_file.c: as the index has it. */
HRESULT side_note_cluster(struct side *side, const struct side_cluster *cluster);
struct side_stamp side_stamp_of(const struct container *c);

#endif
