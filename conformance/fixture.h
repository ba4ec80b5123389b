/* SPDX-License-Identifier: MIT */
/*
 * fixture.h - makes what a case starts from: images of the catalogue, folders, files. Done by the
 * parent process with its own code, never by the library under judgement.
 */
#ifndef CONFORMANCE_FIXTURE_H
#define CONFORMANCE_FIXTURE_H

#include "util.h"

struct catalog {
    char *folder;
    struct json *json; /* NULL: there is none */
};

/* folder NULL: next to the program, in the build tree or as installed. */
void catalog_open(struct catalog *catalog, const char *folder);
void catalog_close(struct catalog *catalog);
/* Is "name@sha256:hash" there? Fails with the hash it should name. */
HRESULT catalog_check(const struct catalog *catalog, const char *reference);

/* Makes all fixtures of an object below scratch/fixtures and adds them to `made` as
 * {"wim": {"path", "name"}}, with "sha256" and "writable" for images of the catalogue. */
HRESULT fixtures_make(const struct catalog *catalog, const struct json *fixtures,
                      const char *scratch, struct json *made);
/* S_FALSE with *name set (borrowed) when one that is not writable was changed. */
HRESULT fixtures_unchanged(const struct json *made, const char **name);

#endif
