/* SPDX-License-Identifier: MIT */
/* hr.h - HRESULTs: building them, passing them up. */
#ifndef BASE_HR_H
#define BASE_HR_H

#include "dism_windows.h"

/* A Win32 error number as HRESULT: HR_WIN32(ERROR_X). */
#define HR_WIN32(code) ((HRESULT)(0x80070000u | ((uint32_t)(code)&0xFFFFu)))
/* A code written as hex literal. */
#define HR(code) ((HRESULT)(code))

/* Returns from the function if expr failed. Nothing else in this project hides control flow. */
#define TRY(expr)                                                                                  \
    do {                                                                                           \
        HRESULT try_hr = (expr);                                                                   \
        if (FAILED(try_hr))                                                                        \
            return try_hr;                                                                         \
    } while (0)

/* errno as HRESULT, with the meaning Windows gives it: ENOENT is 0x80070002, ENOSPC 0x80070070 ...
 */
HRESULT hr_from_errno(int err);

#endif
