/* SPDX-License-Identifier: MIT */
/* attributes.c - see attributes.h. */
#include "attributes.h"

#include <string.h>

#define STREAM_PREFIX "user."

static bool find_stream(const struct node *node, const char *name, struct attribute *out)
{
    for (uint32_t i = 0; i < node->stream_count; i++) {
        if (text_equal(node->streams[i].name, name)) {
            out->blob = &node->streams[i].blob;
            return true;
        }
    }
    return false;
}

bool attribute_find(const struct node *node, const char *name, struct attribute *out)
{
    *out = (struct attribute){0};
    if (text_starts(name, STREAM_PREFIX))
        return find_stream(node, name + strlen(STREAM_PREFIX), out);
    if (text_equal(name, "system.ntfs_acl")) {
        out->bytes = node->security;
        out->size = node->security_size;
        return node->security != NULL;
    }
    if (text_equal(name, "system.ntfs_attrib")) {
        for (unsigned i = 0; i < sizeof out->own; i++)
            out->own[i] = (unsigned char)(node->attributes >> 8 * i);
        out->bytes = out->own;
        out->size = sizeof out->own;
        return true;
    }
    return false;
}

void attribute_names(const struct node *node, struct text *out)
{
    for (uint32_t i = 0; i < node->stream_count; i++) {
        text_add(out, STREAM_PREFIX);
        text_add_n(out, node->streams[i].name, strlen(node->streams[i].name) + 1);
    }
}
