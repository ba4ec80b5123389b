/* SPDX-License-Identifier: MIT */
/*
 * world_verbs.h - the world verbs of the grammar as a table: what each needs, where it is done.
 *
 * Done for real means by the parent, with its own code; simulated means by the library itself,
 * through its hook DismFakeWorld. What is both (a file held open) is done for real everywhere and
 * told to a library that simulates sharing.
 */
#ifndef CONFORMANCE_WORLD_VERBS_H
#define CONFORMANCE_WORLD_VERBS_H

#include "util.h"

enum world_place { WORLD_REAL = 1, WORLD_SIMULATED = 2, WORLD_CLOCK = 4, WORLD_STATE = 8 };

struct world_verb {
    const char *name;
    bool has_path;
    unsigned place;
    const char *capability; /* NULL: none */
    const char *sentence;   /* for explain; %s is the value */
};

/* Never NULL for a step that the schema let through. */
const struct world_verb *world_verb_of(const struct json *world);
/* Some verbs are real or simulated depending on what exactly they ask for. */
bool world_is_real(const struct json *world);
bool world_is_simulated(const struct json *world);
/* Done for real, yet on this system without meaning for a library that does not simulate it? */
bool world_needs_hook(const struct json *world);
/* One step in plain words: "the volume of ... is removable". Caller's. */
char *world_sentence(const struct json *world, char *(*said)(const struct json *value));

#endif
