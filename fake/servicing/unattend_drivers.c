/* SPDX-License-Identifier: MIT */
/* unattend_drivers.c - see unattend_drivers.h. */
#include "unattend_drivers.h"

#include "error.h"
#include "text.h"

HRESULT unattend_drivers(struct winimage *image, struct change *change,
                         const struct answer_file *file, const char *folder)
{
    (void)image, (void)change, (void)folder;
    for (size_t i = 0; i < file->settings.len; i++)
        if (text_starts(file->settings.ptr[i].path, "DriverPaths/"))
            return FAIL(E_NOTIMPL, "drivers of an answer file are not added yet");
    return S_OK;
}
