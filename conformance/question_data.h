/* SPDX-License-Identifier: MIT */
/* question_data.h - the files of questions/, compiled in (made by CMakeLists.txt). */
#ifndef CONFORMANCE_QUESTION_DATA_H
#define CONFORMANCE_QUESTION_DATA_H

#include <stddef.h>

struct question_file {
    const char *name;
    const unsigned char *bytes;
    size_t size;
};

extern const struct question_file question_files[];
extern const size_t question_file_count;

#endif
