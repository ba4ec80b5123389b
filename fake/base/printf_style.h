/* SPDX-License-Identifier: MIT */
/*
 * printf_style.h - arguments that the compiler checks like those of printf: CHECK_FORMAT(which
 * parameter is the format, the first of the arguments or 0). mingw-w64 has to be told which of
 * Windows' two printfs is meant, and says so by a macro of its own.
 */
#ifndef BASE_PRINTF_STYLE_H
#define BASE_PRINTF_STYLE_H

#include <stdio.h>

#ifdef __MINGW_PRINTF_FORMAT
#define PRINTF_STYLE __MINGW_PRINTF_FORMAT
#else
#define PRINTF_STYLE printf
#endif
#define CHECK_FORMAT(format_at, arguments_at)                                                      \
    __attribute__((format(PRINTF_STYLE, format_at, arguments_at)))

#endif
