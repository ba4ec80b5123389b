/* SPDX-License-Identifier: MIT */
/* match_operator.h - the table of operators. Private to match.c and match_check.c. */
#ifndef BASE_MATCH_OPERATOR_H
#define BASE_MATCH_OPERATOR_H

#include "match.h"

struct run;
struct place;

typedef HRESULT match_function(struct run *run, const struct json *argument,
                               const struct json *actual, const struct place *place);

enum argument {
    ARGUMENT_TRUE,
    ARGUMENT_BOOL,
    ARGUMENT_NUMBER,
    ARGUMENT_STRING,
    ARGUMENT_REGEX,
    ARGUMENT_MATCHER,
    ARGUMENT_MATCHERS,     /* an array of them */
    ARGUMENT_TWO_MATCHERS, /* an array of at least two */
    ARGUMENT_MEMBERS,      /* an object of them */
    ARGUMENT_LENGTH,       /* a whole number or an operator */
    ARGUMENT_FLAGS,
    ARGUMENT_VALUE, /* a string or a value object */
    ARGUMENT_NAME,  /* a name to resolve */
};

struct operator_row {
    const char *name;
    enum argument argument;
    match_function *match; /* NULL: equal to what it resolves to */
};

/* The operator of an object; NULL for a plain object. E_INVALIDARG for mixtures and unknown ones.
 */
HRESULT match_operator_of(const struct json *object, const char *pointer,
                          const struct operator_row **out);

#endif
