/* SPDX-License-Identifier: MIT */
/*
 * clauses.h - the clause register: one entry per statement of the contract, in files of
 * {"function": ..., "clauses": [{"id", "says", "level", "sources", ...}]} or plain arrays of
 * entries.
 */
#ifndef CONFORMANCE_CLAUSES_H
#define CONFORMANCE_CLAUSES_H

#include "finding.h"

struct clauses;

/* Reads every *.json of the folder; what is wrong with them goes to findings. */
struct clauses *clauses_load(const char *folder, struct findings *findings);
void clauses_free(struct clauses *clauses);
/* The entry of an id, NULL if there is none. */
const struct json *clauses_find(const struct clauses *clauses, const char *id);
/* All entries, in the order of their files. */
size_t clauses_count(const struct clauses *clauses);
const struct json *clauses_at(const struct clauses *clauses, size_t index);

#endif
