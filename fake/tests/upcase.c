/* SPDX-License-Identifier: MIT */
/* upcase.c FILE - compares text_upper with the upper-case table of an NTFS volume, unit by unit. */
#include <stdio.h>

#include "error.h"
#include "os.h"
#include "text.h"

int main(int argc, char **argv)
{
    enum { UNITS = 65536 };
    AUTO_FREE char *table = NULL;
    size_t size = 0;
    unsigned wrong = 0, mapped = 0;
    if (argc != 2 || FAILED(os_read_file(argv[1], &table, &size)) || size != UNITS * 2) {
        fprintf(stderr, "upcase: no table of %d bytes (%s)\n", UNITS * 2, error_last()->text);
        return 2;
    }
    for (uint32_t unit = 0; unit < UNITS; unit++) {
        const unsigned char *entry = (const unsigned char *)table + unit * 2;
        uint32_t upper = entry[0] | (uint32_t)entry[1] << 8;
        mapped += upper != unit;
        if (text_upper(unit) != upper && wrong++ < 20)
            printf("U+%04X: ours U+%04X, the volume's U+%04X\n", unit, text_upper(unit), upper);
    }
    printf("%u lower-case units, %u differ\n", mapped, wrong);
    return wrong || !mapped;
}
