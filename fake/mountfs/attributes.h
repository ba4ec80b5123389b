/* SPDX-License-Identifier: MIT */
/*
 * attributes.h - extended attributes of a node, by the names ntfs-3g has for them:
 * system.ntfs_attrib (four bytes, little endian), system.ntfs_acl (the security descriptor), and
 * user.NAME for each named stream.
 */
#ifndef MOUNTFS_ATTRIBUTES_H
#define MOUNTFS_ATTRIBUTES_H

#include <stdbool.h>
#include <stddef.h>

#include "nodes.h"
#include "text.h"

#define ATTRIBUTE_SIZE_MAX 65536u /* Linux' own limit */

struct attribute {
    const struct wim_blob *blob; /* the value of a stream; else: */
    const void *bytes;           /* borrowed from the node or from this */
    size_t size;
    unsigned char own[4];
};
bool attribute_find(const struct node *node, const char *name, struct attribute *out);
/* The names listxattr answers, each with its NUL: the streams, as with ntfs-3g. */
void attribute_names(const struct node *node, struct text *out);

#endif
