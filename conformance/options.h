/* SPDX-License-Identifier: MIT */
/* options.h - the command line. */
#ifndef CONFORMANCE_OPTIONS_H
#define CONFORMANCE_OPTIONS_H

#include "util.h"

struct options {
    const char *verb;
    const char *library, *fixtures, *capabilities, *clauses, *must_run;
    const char *case_glob, *except_glob, *suite_glob, *touches, *colour;
    const char *json, *tap, *junit;
    unsigned jobs;         /* 0: not given */
    double timeout_factor; /* 0: not given */
    double progress_seconds;
    bool keeps_scratch, gates_all, wants_all_clauses, shows_help;
    VEC(const char *) operands;
};

/* Prints what is wrong and gives false. */
bool options_read(struct options *options, int argc, char **argv);
void options_help(void);

#endif
