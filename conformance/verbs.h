/* SPDX-License-Identifier: MIT */
/* verbs.h - what dismconform can be told to do. Each gives the exit code. */
#ifndef CONFORMANCE_VERBS_H
#define CONFORMANCE_VERBS_H

#include "clauses.h"
#include "options.h"
#include "scenario.h"

int verb_run(const struct options *options);       /* verb_run.c */
int verb_probe(const struct options *options);     /* verb_probe.c */
int verb_judge(const struct options *options);     /* verb_judge.c */
int verb_questions(const struct options *options); /* verb_judge.c */
int verb_lint(const struct options *options);
int verb_list(const struct options *options);
int verb_explain(const struct options *options);

/* Reads all operands from `first` on; the register, if one was named. */
void verb_load(const struct options *options, size_t first, struct suite *suite,
               struct clauses **clauses);
/* Do --case and --suite select it? */
bool verb_selects(const struct options *options, const struct scenario *scenario);

#endif
