/* SPDX-License-Identifier: MIT */
/* probe_steps.h - what each capability is tried with: a case as JSON text. */
#ifndef CONFORMANCE_PROBE_STEPS_H
#define CONFORMANCE_PROBE_STEPS_H

struct probe {
    const char *capability;
    const char *hook;  /* it rests on this hook; NULL: on none */
    const char *steps; /* NULL: only the hook is looked for */
};

extern const struct probe probes[]; /* ends with capability NULL */

#endif
