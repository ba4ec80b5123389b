/* SPDX-License-Identifier: MIT */
/* old_wimlib.c - a library with all of wimlib's names that says it is version 1.12.0; with
 * LACKS_ONE, one without wimlib_write. */
#include "wim_functions.h"

#define OLD(name)                                                                                  \
    __declspec(dllexport) unsigned wimlib_##name(void);                                            \
    unsigned wimlib_##name(void)                                                                   \
    {                                                                                              \
        return 1u << 20 | 12u << 10;                                                               \
    }
#ifdef LACKS_ONE
#define wimlib_write other_write
#endif
WIM_FUNCTIONS(OLD)
