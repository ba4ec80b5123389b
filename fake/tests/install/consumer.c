/* SPDX-License-Identifier: MIT */
/* consumer.c - a client that knows nothing but the installed headers and library. */
#include <dismapi.h>
#include <dismfake.h>

int main(void)
{
    if (DismInitialize(DismLogErrors, NULL, NULL) != S_OK)
        return 1;
    if (DismShutdown() != S_OK)
        return 2;
    return DismFakeLiveAllocations() == 0 ? 0 : 3;
}
