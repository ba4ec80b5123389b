/* SPDX-License-Identifier: MIT */
/*
 * driver_any.h - any call of the API by its name, for test_driver: its inputs in the order of the
 * table, without cancel event and progress; a list as one word, "a|b". The answer's text is all
 * that the call gave, field by field, as JSON.
 */
#ifndef TESTS_DRIVER_ANY_H
#define TESTS_DRIVER_ANY_H

#include <stdbool.h>

bool run_any(char **word); /* false: there is no such call */

#endif
