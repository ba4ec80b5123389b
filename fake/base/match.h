/* SPDX-License-Identifier: MIT */
/*
 * match.h - matchers of scenario-grammar 3 over JSON: a literal, an object (subset at every depth),
 * an array (same length and order) or one $-operator. Used by the runner for expectations and by
 * the fake for when.args of a fault.
 *
 * Operators: $any $present $exact $anyOf $allOf $not $lt $lte $gt $gte $regex $contains $unordered
 * $each $length $flagsAll $flagsNone $const $ref $samePath $sameText. An object with an operator
 * has that one key and no other. Numbers compare by value. $regex takes the subset that regex.h
 * describes.
 */
#ifndef BASE_MATCH_H
#define BASE_MATCH_H

#include <stdbool.h>

#include "json.h"

struct match_context {
    void *user;
    /* Value of {"$const": name}, of {"$ref": name} and of a value object given to $samePath. A new
     * JSON value (caller's), or NULL if there is none. May be NULL: then such a matcher is a
     * mistake. */
    struct json *(*resolve)(void *user, const struct json *value);
    /* Bits of a flag name, false if unknown. May be NULL. */
    bool (*flag)(void *user, const char *name, uint32_t *bits);
};

/* Is the matcher well formed? E_INVALIDARG with the pointer of the culprit. */
HRESULT match_check(const struct json *matcher, const char *pointer,
                    const struct match_context *context);
/* S_OK: matches. S_FALSE: does not; *why (caller's, may be NULL) is the smallest useful difference:
 * "/MountedImageInfo/0/ImageIndex: wanted 2, got 1". A failure: the matcher cannot be used.
 * `actual` NULL means the value is absent (only $present: false and $not match it). */
HRESULT match_json(const struct json *matcher, const struct json *actual,
                   const struct match_context *context, char **why);

#endif
