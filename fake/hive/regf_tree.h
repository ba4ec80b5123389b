/* SPDX-License-Identifier: MIT */
/* regf_tree.h - what reader, tree and writer of regf.h share. */
#ifndef HIVE_REGF_TREE_H
#define HIVE_REGF_TREE_H

#include "regf.h"
#include "vec.h"

#define REGF_NONE 0xFFFFFFFFu /* an offset that leads nowhere */

enum regf_layout {
    REGF_PAGE = 4096,
    REGF_BIN_HEADER = 32,
    REGF_NK = 76, /* size of a key before its name */
    REGF_VK = 20, /* of a value */
    REGF_SK = 20, /* of a security descriptor */
    REGF_NK_LATIN_NAME = 0x20,
    REGF_NK_PREDEFINED = 0x40,
    REGF_NK_ROOT = 0x0C, /* and may not be deleted */
    REGF_VK_LATIN_NAME = 1,
    REGF_MOST_IN_CELL = 16344, /* more data is in segments ("db"), since 1.4 */
    REGF_BIG_DATA_SINCE = 4,   /* 1.4 */
    REGF_HASHES_SINCE = 5,     /* "lh", 1.5 */
};

/* A list: `len` entries of a pool from `at`, with room for `cap`. */
struct regf_span {
    uint32_t at, len, cap;
};

struct regf_node {
    struct regf_name name;
    const uint8_t *nk; /* in the file; NULL: a new key */
    const uint8_t *class_name;
    uint64_t time;
    regf_key parent; /* 0: the root */
    uint32_t depth;
    uint32_t security; /* index */
    struct regf_span keys, values;
    uint16_t class_size;
};

struct regf_security {
    const uint8_t *bytes;
    uint32_t size;
    /* In the file, and how often it is used there; REGF_NONE: it is ours. */
    uint32_t offset, users;
};

struct regf {
    char *name;           /* for messages */
    const uint8_t *bytes; /* of the file, `size` of them; NULL: made in memory */
    size_t size;
    uint8_t *own; /* the same, if they are the tree's */
    uint64_t time;
    uint32_t minor; /* version */
    const char *oddity;
    size_t bins_size, used;               /* used: in cells of keys and values */
    VEC(struct regf_node) nodes;          /* a key is the index and 1 */
    VEC(regf_key) links;                  /* pool of lists of keys, in order */
    VEC(struct regf_value) values;        /* pool of lists of values */
    VEC(struct regf_security) securities; /* the first: our own, where there is none */
    VEC(uint8_t *) blocks;                /* memory for new names and data */
    size_t block_left;
    uint8_t *block_at;
};

static inline struct regf_node *regf_node_of(const struct regf *regf, regf_key key)
{
    return &regf->nodes.ptr[key - 1];
}

/* Has the key a handle in the place of its count of values, and so none? (HKEY_..., as Perflib.) */
static inline bool regf_is_predefined(const uint8_t *nk)
{
    return nk && nk[2] & REGF_NK_PREDEFINED && nk[39] & 0x80;
}

/* Memory that lives as long as the tree; NULL: none is left. */
void *regf_room(struct regf *regf, size_t size);
/* A tree with no key yet. */
HRESULT regf_begin(const char *name, struct regf **out);
/* A key that no list has yet, without a name; with its parent's security. */
HRESULT regf_new_node(struct regf *regf, regf_key parent, regf_key *out);
int regf_compare_names(const struct regf_name *a, const struct regf_name *b);
uint32_t regf_hash(const struct regf_name *name);
/* What the header's last number has to be. */
uint32_t regf_checksum(const uint8_t *header);

#endif
