/* SPDX-License-Identifier: MIT */
/*
 * schema.h - checks a value against the JSON Schema of the grammar, which is compiled into the
 * runner: the schema file is the first half of the checker, so the two cannot disagree.
 */
#ifndef CONFORMANCE_SCHEMA_H
#define CONFORMANCE_SCHEMA_H

#include "finding.h"

/* Made by CMake from scenario-1.0.schema.json. */
extern const unsigned char scenario_schema[];
extern const size_t scenario_schema_size;

/* Reports every difference at its place; returns how many there were. */
size_t schema_check(const struct source *source, const struct json *value);

#endif
