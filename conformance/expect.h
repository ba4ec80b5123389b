/* SPDX-License-Identifier: MIT */
/* expect.h - what came back against what was expected, with the smallest useful difference. */
#ifndef CONFORMANCE_EXPECT_H
#define CONFORMANCE_EXPECT_H

#include "value.h"

/* What a call gave. */
struct outcome {
    HRESULT hr;
    const struct json *out;
    const char *message; /* NULL: none */
    bool has_progress;
    unsigned calls;
    bool is_monotonic;
    UINT first, current, total;
    uint64_t user_data; /* that every call of the callback brought back */
};

/* S_OK: it fits. S_FALSE: *why (caller's) says what does not. A failure: the expectation is
 * unusable. */
HRESULT expect_outcome(const struct json *expected, const struct outcome *got,
                       struct values *values, char **why);
/* Both kinds of expect; the one that decided goes to *assertion, its label (or NULL) to *label. */
HRESULT expect_judge(const struct json *expect, const struct outcome *got, struct values *values,
                     const struct json **assertion, const char **label, char **why);
bool expect_hr(const struct json *expected, HRESULT hr);
HRESULT expect_value(const struct json *matcher, const struct json *actual, struct values *values,
                     char **why);

#endif
