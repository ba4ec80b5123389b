/* SPDX-License-Identifier: MIT */
/*
 * change_plan.h - what a change does to the files of an image, in the order of doing it. Places are
 * below the image's root, '/' between names; letter case does not matter, so what is planned twice
 * under two spellings is one place, and a new folder has one spelling.
 */
#ifndef WINIMAGE_CHANGE_PLAN_H
#define WINIMAGE_CHANGE_PLAN_H

#include <stdbool.h>

#include "hr.h"
#include "vec.h"

enum change_verb { PLAN_FOLDER, PLAN_FILE, PLAN_REMOVE, PLAN_VERB_COUNT };

struct planned {
    enum change_verb verb;
    char *place;     /* NULL: a later word has replaced it */
    unsigned number; /* of the staged file */
    char *key;       /* private: what places are compared by */
};

struct change_plan {
    VEC(struct planned) entries;
    VEC(size_t) order; /* private: the entries by key */
};

void change_plan_clear(struct change_plan *plan);

/* A file or folder that comes takes the place of one that was to come there; a removal before it
 * stays, as what is there may be of another kind. A removal takes back all that was to come there
 * and below. E_INVALIDARG, ERROR_CANT_ACCESS_FILE: the place leads out of the image at `root`. */
HRESULT change_plan_add(struct change_plan *plan, const char *root, enum change_verb verb,
                        const char *place, unsigned number);
/* Can it be carried out? ERROR_DIRECTORY: a file is, or comes, where a folder has to be, or the
 * other way round. ERROR_SHARING_VIOLATION and others: what goes is in use.
 * ERROR_FILENAME_EXCED_RANGE: a name or path is longer than file systems take. */
HRESULT change_plan_check(const struct change_plan *plan, const char *root);

/* As a file: a JSON list of [verb, place, number]. */
HRESULT change_plan_write(const struct change_plan *plan, const char *path);
/* Whoever made the image may have written that file: its places are looked at like any other. */
HRESULT change_plan_read(struct change_plan *plan, const char *root, const char *path);

#endif
