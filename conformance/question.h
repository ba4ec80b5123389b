/* SPDX-License-Identifier: MIT */
/*
 * question.h - the open questions of the contract: what no document settles and a real library
 * would. They are data, compiled in from questions/ and described in README.md.
 */
#ifndef CONFORMANCE_QUESTION_H
#define CONFORMANCE_QUESTION_H

#include "clauses.h"

/* Version of the file of observations: another major is another format, a newer minor may hold what
 * this runner does not know. */
enum { OBSERVATIONS_MAJOR = 1, OBSERVATIONS_MINOR = 0 };

/* All questions, in order, as an array. Read once, checked once; dies on a mistake in them. */
const struct json *questions(void);
const struct json *question_find(const char *id); /* NULL: not known */

/* What an observation says to its question: {"question", "clause", "status", ..}. Status is
 * "answered" (with "answer", the known one that came), "unforeseen" (no known answer fits; "why"),
 * "crashed" or "hung" (and nobody foresaw it; "why"), "not asked" ("why"). For an answer of
 * Microsoft's library also what it changes in the contract: "grade" and "level" as {"from", "to"}.
 * clauses may be NULL. Caller's. */
struct json *question_judge(const struct json *question, const struct json *observation,
                            bool is_evidence, const struct clauses *clauses);
void question_print(const struct json *judgement, const struct json *observation);

#endif
