/* SPDX-License-Identifier: MIT */
/*
 * dism_windows.h - the handful of Win32 names that dismapi.h needs. On Windows they come from
 * <windows.h>; elsewhere they are made here, with Windows' sizes. Clean in C89 and C++.
 *
 * WCHAR is a UTF-16 code unit everywhere: char16_t where the language has it, never Linux's
 * wchar_t.
 */
#ifndef DISM_WINDOWS_H
#define DISM_WINDOWS_H

#ifdef _WIN32

#include <stdint.h>
#include <windows.h>

#ifndef ERROR_ELEVATION_REQUIRED /* mingw-w64 10 lacks it */
#define ERROR_ELEVATION_REQUIRED 740L
#endif

#else

#include <stddef.h>
#include <stdint.h>

#if !defined(__cplusplus) && defined(__STDC_VERSION__) && __STDC_VERSION__ >= 201112L
#include <uchar.h>
typedef char16_t WCHAR;
#elif defined(__cplusplus) && __cplusplus >= 201103L
typedef char16_t WCHAR;
#else
typedef uint16_t WCHAR;
#endif

typedef int32_t HRESULT;
typedef int32_t BOOL;
typedef uint32_t UINT;
typedef uint32_t DWORD;
typedef uint16_t WORD;
typedef uint64_t UINT64;
typedef uintptr_t ULONG_PTR;
typedef void *PVOID;
typedef void *HANDLE;
typedef const WCHAR *PCWSTR;
typedef WCHAR *PWSTR;
#ifndef VOID
#define VOID void
#endif
#ifndef TRUE
#define TRUE 1
#define FALSE 0
#endif

typedef struct _SYSTEMTIME {
    WORD wYear;
    WORD wMonth;
    WORD wDayOfWeek;
    WORD wDay;
    WORD wHour;
    WORD wMinute;
    WORD wSecond;
    WORD wMilliseconds;
} SYSTEMTIME;

#define WINAPI
#define CALLBACK

#define SUCCEEDED(hr) (((HRESULT)(hr)) >= 0)
#define FAILED(hr) (((HRESULT)(hr)) < 0)

#define S_OK ((HRESULT)0)
#define S_FALSE ((HRESULT)1)
#define E_NOTIMPL ((HRESULT)0x80004001u)
#define E_FAIL ((HRESULT)0x80004005u)
#define E_UNEXPECTED ((HRESULT)0x8000FFFFu)
#define E_ACCESSDENIED ((HRESULT)0x80070005u)
#define E_OUTOFMEMORY ((HRESULT)0x8007000Eu)
#define E_INVALIDARG ((HRESULT)0x80070057u)
#define REGDB_E_CLASSNOTREG ((HRESULT)0x80040154u)

/* What the Architecture fields hold. */
#define PROCESSOR_ARCHITECTURE_INTEL 0
#define PROCESSOR_ARCHITECTURE_ARM 5
#define PROCESSOR_ARCHITECTURE_IA64 6
#define PROCESSOR_ARCHITECTURE_AMD64 9
#define PROCESSOR_ARCHITECTURE_NEUTRAL 11
#define PROCESSOR_ARCHITECTURE_ARM64 12

#endif

#endif
