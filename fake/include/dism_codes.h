/* SPDX-License-Identifier: MIT */
/*
 * dism_codes.h - the codes of dismapi_codes.h as constants of C: HRESULTs (CBS_E_...,
 * WIMGAPI_E_..., WIMPROVIDER_E_...) and the numbers of Win32 errors (ERROR_FILE_NOT_FOUND is 2; as
 * HRESULT it is HR_WIN32(ERROR_FILE_NOT_FOUND)). Those of dismapi.h and dism_windows.h come with
 * them.
 */
#ifndef DISMFAKE_DISM_CODES_H
#define DISMFAKE_DISM_CODES_H

#include <stdint.h>

#include "dismapi.h"

#define DISM_CODE_KNOWN(name, value, text)
#define DISM_CODE_BARE(name, value, text)
#define DISM_CODE(name, value, text) name = (int32_t)(value),
#ifdef _WIN32
#define DISM_WIN32(name, number, text) /* winerror.h has it */
#else
#define DISM_WIN32(name, number, text) name = (number),
#endif
enum dism_code {
#include "dismapi_codes.h"
    DISM_CODE_LAST = -1
};
#undef DISM_CODE_KNOWN
#undef DISM_CODE_BARE
#undef DISM_CODE
#undef DISM_WIN32

#endif
