/* SPDX-License-Identifier: MIT */
/*
 * nodes.h - the files and folders of an image as numbered nodes. A folder is read from the WIM when
 * somebody first looks into it; from then on nothing of it changes, so nodes are read without a
 * lock. Names of one file (hard links) are the same node. Thread-safe.
 */
#ifndef MOUNTFS_NODES_H
#define MOUNTFS_NODES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "hr.h"
#include "store.h"
#include "wim_read.h"

#define NODE_ROOT 1u /* also FUSE's number for it */

enum node_type { NODE_FILE, NODE_FOLDER, NODE_LINK, NODE_SPECIAL };

struct node_stream {
    char *name;
    struct wim_blob blob;
};

struct node {
    enum node_type type;
    uint32_t attributes;
    uint32_t links;
    uint32_t unix_mode; /* 0: the image has none */
    uint32_t unix_device;
    uint32_t security_size;
    const void *security; /* NULL: none */
    struct wim_time created, written, accessed;
    struct wim_blob blob; /* of a file: its content */
    uint32_t stream_count;
    struct node_stream *streams; /* the named ones */
    uint32_t parent;             /* 0: the root. Of a file with several names: one of them */
    uint32_t place;              /* among the parent's children */
    uint32_t origin; /* of a file with several names: hash_name of the path of one of them */
    union {
        struct { /* NODE_FOLDER */
            const char *name;
            struct folder *folder; /* atomic; NULL: not read yet */
        };
        char *target;   /* NODE_LINK */
        uint32_t given; /* NODE_FILE: atomic, see nodes_give */
    };
};

/* Files first and then folders, each by strcmp. */
struct child {
    const char *name;
    uint32_t node;
};
struct folder {
    size_t count, file_count;
    struct child *children;
    char *names;
};

struct nodes;
/* link_root: where an absolute link of an image that keeps those relative to its root leads to.
 * Borrows all but link_root. Reads the root. */
HRESULT nodes_new(struct wim *wim, unsigned index, struct store *store, const char *link_root,
                  struct nodes **out);
void nodes_free(struct nodes *nodes);

/* NULL: no such node was ever given out. */
const struct node *nodes_get(struct nodes *nodes, uint64_t number);
/* The node must be a folder. What comes out lives as long as `nodes`. */
HRESULT nodes_folder(struct nodes *nodes, uint32_t number, const struct folder **out);
/* NULL where nodes_folder would have to read. */
const struct folder *nodes_known_folder(struct nodes *nodes, uint32_t number);
/* 0: no such name in it. */
uint32_t folder_find(const struct folder *folder, const char *name);
/* A walk through all files: those of a folder, then its folders one after another. */
struct place {
    uint32_t folder;
    uint32_t index; /* of the child that comes next */
};
/* Gives the next file and moves on; S_FALSE: there is none. */
HRESULT nodes_next_file(struct nodes *nodes, struct place *place, uint32_t *number);

/* The kernel has been given this file's content, and has it for some time to come. */
void nodes_give(struct nodes *nodes, uint32_t number);
bool nodes_was_given(struct nodes *nodes, uint32_t number);

/* How many nodes are known so far. */
uint64_t nodes_count(struct nodes *nodes);

#endif
