/* SPDX-License-Identifier: MIT */
/* context.h - what every run against a library begins with, whatever the verb. */
#ifndef CONFORMANCE_CONTEXT_H
#define CONFORMANCE_CONTEXT_H

#include "isolate.h"
#include "options.h"

/* The library, first as a file, then loaded, both times with a look at whether this process may. 0,
 * or the exit code of a refusal that has been printed; then the subject is closed. */
int context_find(struct subject *subject, const char *path);
int context_load(struct subject *subject, const struct options *options);
/* Catalogue, scratch folder and grants; dies where there is no place for them. */
void context_open(struct run_context *context, const struct options *options,
                  const struct subject *subject, struct catalog *catalog);
void context_close(struct run_context *context, struct catalog *catalog);
/* The first line of a file of results: runner, library, environment. Caller's. */
struct json *context_head(const struct subject *subject, const struct options *options,
                          const char *type);

#endif
