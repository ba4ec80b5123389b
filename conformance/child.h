/* SPDX-License-Identifier: MIT */
/* child.h - what runs in a process of its own, started by dismconform itself. */
#ifndef CONFORMANCE_CHILD_H
#define CONFORMANCE_CHILD_H

/* One phase, described by a job file (isolate.c writes it). Gives the exit code. */
int child_phase(const char *job_path);
/* Loads a library and describes it into a file. */
int child_describe(const char *library, const char *out_path);

#endif
