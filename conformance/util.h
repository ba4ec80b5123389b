/* SPDX-License-Identifier: MIT */
/*
 * util.h - what every part of the runner needs: giving up with a message, memory that cannot fail,
 * texts, JSON files. A mistake of the runner's own world (no memory, no disk) ends the run as
 * invalid; what a library does never comes this way, that is data.
 */
#ifndef CONFORMANCE_UTIL_H
#define CONFORMANCE_UTIL_H

#include <stdbool.h>
#include <stdint.h>

#include "error.h"
#include "json.h"
#include "mem.h"
#include "os.h"
#include "path.h"
#include "scope.h"
#include "text.h"
#include "vec.h"

enum {
    EXIT_CONFORMANT,
    EXIT_NONCONFORMANT,
    EXIT_INCOMPLETE,
    EXIT_INVALID,
    EXIT_USAGE = 64,
    EXIT_NOT_ELEVATED = 77
};

/* Prints "dismconform: ..." and ends the process as an invalid run. */
_Noreturn void die(const char *format, ...) CHECK_FORMAT(1, 2);
/* The pointer, or die for want of memory. */
void *need(void *block);
char *format(const char *text, ...) CHECK_FORMAT(1, 2);
char *dup_text(const char *text); /* NULL stays NULL */
char *join(const char *folder, const char *name);

/* A new folder for temporary files, its path without links. Caller's. */
char *temporary_folder(void);

/* NULL on failure, with the thread's error set. */
struct json *json_load(const char *path);
void json_save(const char *path, const struct json *value); /* dies on failure */
struct json *json_hold(struct json *value);                 /* need() for JSON */
const char *json_text(const struct json *object, const char *key);
/* Takes text over. */
void json_put_text(struct json *object, const char *key, char *text);
bool json_array_has(const struct json *array, const char *text);

/* Does the name fit the glob (* and ?)? */
bool glob_fits(const char *glob, const char *name);

/* SHA-256 of a file in 64 hex digits, caller's; NULL with the error set when it cannot be read. */
char *sha256_file(const char *path);

#endif
