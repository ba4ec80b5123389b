/* SPDX-License-Identifier: MIT */
/* judging.h - observations judged one after the other, and what they come to. */
#ifndef CONFORMANCE_JUDGING_H
#define CONFORMANCE_JUDGING_H

#include "options.h"
#include "question.h"

struct judging {
    struct clauses *clauses; /* NULL: there is no register at hand */
    bool is_evidence;        /* only what Microsoft's library answers is */
    struct json *judgements;
    unsigned answered, unforeseen, not_asked, changes;
};

/* The register of --clauses, else the one that lies beside the program, if one does. */
void judging_start(struct judging *judging, const struct options *options,
                   const struct json *library);
/* Judges and prints. An observation of a question that this runner does not know counts as not
 * asked. */
void judging_add(struct judging *judging, const struct json *observation);
/* Prints the counts. Gives the exit code: 1 for an answer that nobody foresaw, 2 for a question
 * without an answer. */
int judging_end(struct judging *judging);

#endif
