/* SPDX-License-Identifier: MIT */
/*
 * ahead.h - reads files before they are asked for. Who reads the files of a tree one after another
 * is recognised, and threads of this module bring what comes next: into the kernel's cache, so
 * that those reads never reach the server.
 *
 * Then the server does not see how far the reader is. So the last file of every batch is only
 * decompressed: the read of it arrives and calls for the batch after the next.
 */
#ifndef MOUNTFS_AHEAD_H
#define MOUNTFS_AHEAD_H

#include <stddef.h>
#include <stdint.h>

#include "hr.h"
#include "nodes.h"
#include "store.h"

/* Puts the beginning of a file into the kernel's cache; may wait for a read of that file. */
typedef void (*ahead_give_fn)(uint32_t node, const void *data, size_t size);

struct ahead;
/* Borrows nodes and store. */
HRESULT ahead_new(struct nodes *nodes, struct store *store, ahead_give_fn give, struct ahead **out);
/* Its threads begin, and end with the process. */
HRESULT ahead_start(struct ahead *ahead);
/* A file's beginning is being read. Never waits for long. */
void ahead_saw(struct ahead *ahead, uint32_t number);

#endif
