/* SPDX-License-Identifier: MIT */
/*
 * clean.h - mounts that a case leaves on a real machine: discarded by a process of their own, as
 * far as they lie in the case's folder.
 */
#ifndef CONFORMANCE_CLEAN_H
#define CONFORMANCE_CLEAN_H

#include "process.h"

/* After a case that may have mounted something and did not pass. What was ended, and what is still
 * there, goes into the record: "cleaned" {"ended", "left", "failed"}. A fake's mounts go with its
 * state folder. */
void clean_up(struct run *run);
/* Is the machine dirty after this case, so that no other one can be judged? */
bool clean_has_failed(const struct json *record);

/* The child's side: `dismconform --clean LIBRARY FOLDER OUT`. */
int clean_child(const char *library, const char *folder, const char *out);

#endif
