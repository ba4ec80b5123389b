/* SPDX-License-Identifier: MIT */
/* world_model.h - shared by world.c (the list of changes), world_check.c (their form) and
 * world_ask.c (the questions). */
#ifndef CORE_WORLD_MODEL_H
#define CORE_WORLD_MODEL_H

#include "world.h"

/* An entry of the list:
 *   change  as it was given
 *   path    canonical, if it names one
 *   boot    of the machine, where a restart ends it
 *   used    bytes below the path when freeBytes was said
 *   opened  files opened below the path since then (scanner) */

/* A copy of the list; NULL when nothing is changed. Caller's. */
HRESULT world_snapshot(struct json **out);
/* Adds `count` to `opened` of every scanner whose path covers this one, for all processes; the list
 * as it was before. NULL when there is none. Caller's. */
HRESULT world_count_opened(const char *path, unsigned count, struct json **before);

const struct json *world_entry_change(const struct json *entry);
const char *world_entry_text(const struct json *entry, const char *key); /* of the change */
/* The path, if the entry's change is of that verb; else NULL. */
const char *world_entry_path(const struct json *entry, const char *verb);

/* Bytes in the files below the path, on its own volume. */
uint64_t world_bytes_below(const char *path);

struct world_verb {
    const char *name;
    const char *const *keys;
    const char *choice; /* a key that takes one of `words` */
    const char *const *words;
    bool has_path, needs_choice, ends_at_reboot, is_single;
};
/* Is the change well formed, and of which verb is it? */
HRESULT world_check_change(const struct json *change, const struct world_verb **out);
bool world_parse_version(const char *text, struct world_version *out);

#endif
