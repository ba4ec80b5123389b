/* SPDX-License-Identifier: MIT */
/* tiny.c - the smallest Windows library that has exports of the table and others. */

#define TINY_EXPORT(name)                                                                          \
    __declspec(dllexport) int name(void);                                                          \
    int name(void)                                                                                 \
    {                                                                                              \
        return 0;                                                                                  \
    }

TINY_EXPORT(DismInitialize)
TINY_EXPORT(DismShutdown)
TINY_EXPORT(_DismUnheardOf)
TINY_EXPORT(SomethingElse)
