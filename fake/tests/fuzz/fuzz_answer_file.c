/* SPDX-License-Identifier: MIT */
/*
 * fuzz_answer_file.c - libFuzzer's entry: any bytes as an answer file. What is read of one is
 * whole: every package is named, every setting has a component, a path and a value.
 */
#include <stdlib.h>

#include "answer_file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    AUTO_ANSWER_FILE struct answer_file *file = NULL;
    if (FAILED(answer_file_read(data, size, "unattend.xml", &file)))
        return 0;
    for (size_t i = 0; i < file->packages.len; i++) {
        const struct answer_package *p = &file->packages.ptr[i];
        if (!p->identity.name || !*p->identity.name || p->action >= ANSWER_ACTION_COUNT)
            abort();
    }
    for (size_t i = 0; i < file->settings.len; i++) {
        const struct answer_setting *s = &file->settings.ptr[i];
        if (!*s->component || !*s->path || !*s->value)
            abort();
    }
    return 0;
}
