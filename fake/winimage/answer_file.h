/* SPDX-License-Identifier: MIT */
/*
 * answer_file.h - what an answer file (unattend.xml) says of an image: packages, and the settings
 * of its offlineServicing pass (real-behaviour 6). The other passes are not for an image that is
 * not running.
 */
#ifndef WINIMAGE_ANSWER_FILE_H
#define WINIMAGE_ANSWER_FILE_H

#include <stdbool.h>

#include "identity.h"
#include "scope.h"
#include "vec.h"

enum answer_action {
    ANSWER_INSTALL,
    ANSWER_STAGE,
    ANSWER_REMOVE,
    ANSWER_CONFIGURE,
    ANSWER_REINSTALL,
    ANSWER_ACTION_COUNT
};

struct answer_selection {
    char *feature;
    bool is_on;
};

struct answer_package {
    enum answer_action action;
    struct identity identity;
    char *source; /* as written; NULL: none */
    VEC(struct answer_selection) selections;
};

struct answer_setting {
    char *component, *path, *value; /* "Microsoft-Windows-Shell-Setup", "ComputerName", ... */
    char *architecture;             /* that the component is for, as written; "": not said */
};

struct answer_file {
    VEC(struct answer_package) packages;
    VEC(struct answer_setting) settings; /* of the offlineServicing pass */
};

/* ERROR_INVALID_DATA: no XML, no answer file, or it says what there is not. */
HRESULT answer_file_read(const void *bytes, size_t size, const char *name,
                         struct answer_file **out);
/* Takes away what is for other processors than the image's (facts.h; "": not known). */
void answer_file_keep(struct answer_file *file, const char *architecture);
void answer_file_free(struct answer_file *file);
DEFINE_SCOPE(answer_file, struct answer_file, answer_file_free)
#define AUTO_ANSWER_FILE AUTO(scope_answer_file)

#endif
