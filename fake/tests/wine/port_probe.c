/* SPDX-License-Identifier: MIT */
/* port_probe.c - prints what port_start answers: "HRESULT message". The library has to lie beside
 * this program, see test_library.py. */
#include <stdio.h>

#include "error.h"
#include "wim_port.h"

int main(void)
{
    HRESULT hr = port_start();
    printf("%08X %s\n", (unsigned)hr, FAILED(hr) ? error_last()->text : "");
    if (SUCCEEDED(hr)) {
        printf("version %u\n", WIM(get_version)());
        port_stop();
    }
    return 0;
}
