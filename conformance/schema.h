/* SPDX-License-Identifier: MIT */
/*
 * schema.h - checks a value against the JSON Schema of the grammar's version that it declares. The
 * schemas are compiled into the runner: they are the first half of the checker, so the two cannot
 * disagree.
 */
#ifndef CONFORMANCE_SCHEMA_H
#define CONFORMANCE_SCHEMA_H

#include "finding.h"

/* Of 1.0, 1.1 ...; made by CMake from scenario-*.schema.json. */
struct schema {
    const unsigned char *text;
    size_t size;
};
extern const struct schema scenario_schemas[];

/* Reports every difference at its place; returns how many there were. */
size_t schema_check(const struct source *source, const struct json *value, unsigned minor);

#endif
