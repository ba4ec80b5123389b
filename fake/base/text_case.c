/* SPDX-License-Identifier: MIT */
/*
 * text_case.c - upper case as Windows' file systems have it, and comparison by it.
 *
 * The table is that of NTFS ($UpCase): each unit of the Basic Multilingual Plane by itself, the
 * same in every language. tests/upcase.sh compares it with a volume that mkntfs made.
 */
#include <string.h>

#include "text.h"

struct case_row {
    uint16_t first, last; /* lower-case letters */
    int32_t offset;       /* to upper case */
    uint32_t step;        /* 2: upper and lower letters alternate, every second one from `first` */
};

/* In order. */
static const struct case_row case_rows[] = {
    {'a', 'z', -32, 1},       {0xE0, 0xF6, -32, 1},        {0xF8, 0xFE, -32, 1},
    {0xFF, 0xFF, 121, 1},     {0x101, 0x12F, -1, 2},       {0x133, 0x137, -1, 2},
    {0x13A, 0x148, -1, 2},    {0x14B, 0x177, -1, 2},       {0x17A, 0x17E, -1, 2},
    {0x180, 0x180, 195, 1},   {0x183, 0x185, -1, 2},       {0x188, 0x188, -1, 1},
    {0x18C, 0x18C, -1, 1},    {0x192, 0x192, -1, 1},       {0x195, 0x195, 97, 1},
    {0x199, 0x199, -1, 1},    {0x19A, 0x19A, 163, 1},      {0x19E, 0x19E, 130, 1},
    {0x1A1, 0x1A5, -1, 2},    {0x1A8, 0x1A8, -1, 1},       {0x1AD, 0x1AD, -1, 1},
    {0x1B0, 0x1B0, -1, 1},    {0x1B4, 0x1B6, -1, 2},       {0x1B9, 0x1B9, -1, 1},
    {0x1BD, 0x1BD, -1, 1},    {0x1BF, 0x1BF, 56, 1},       {0x1C6, 0x1C6, -2, 1},
    {0x1C9, 0x1C9, -2, 1},    {0x1CC, 0x1CC, -2, 1},       {0x1CE, 0x1DC, -1, 2},
    {0x1DD, 0x1DD, -79, 1},   {0x1DF, 0x1EF, -1, 2},       {0x1F3, 0x1F3, -2, 1},
    {0x1F5, 0x1F5, -1, 1},    {0x1F9, 0x21F, -1, 2},       {0x223, 0x233, -1, 2},
    {0x23C, 0x23C, -1, 1},    {0x242, 0x242, -1, 1},       {0x247, 0x24F, -1, 2},
    {0x250, 0x250, 10783, 1}, {0x251, 0x251, 10780, 1},    {0x253, 0x253, -210, 1},
    {0x254, 0x254, -206, 1},  {0x256, 0x257, -205, 1},     {0x259, 0x259, -202, 1},
    {0x25B, 0x25B, -203, 1},  {0x260, 0x260, -205, 1},     {0x263, 0x263, -207, 1},
    {0x268, 0x268, -209, 1},  {0x269, 0x269, -211, 1},     {0x26B, 0x26B, 10743, 1},
    {0x26F, 0x26F, -211, 1},  {0x271, 0x271, 10749, 1},    {0x272, 0x272, -213, 1},
    {0x275, 0x275, -214, 1},  {0x27D, 0x27D, 10727, 1},    {0x280, 0x280, -218, 1},
    {0x283, 0x283, -218, 1},  {0x288, 0x288, -218, 1},     {0x289, 0x289, -69, 1},
    {0x28A, 0x28B, -217, 1},  {0x28C, 0x28C, -71, 1},      {0x292, 0x292, -219, 1},
    {0x371, 0x373, -1, 2},    {0x377, 0x377, -1, 1},       {0x37B, 0x37D, 130, 1},
    {0x3AC, 0x3AC, -38, 1},   {0x3AD, 0x3AF, -37, 1},      {0x3B1, 0x3C1, -32, 1},
    {0x3C3, 0x3CB, -32, 1},   {0x3CC, 0x3CC, -64, 1},      {0x3CD, 0x3CE, -63, 1},
    {0x3D7, 0x3D7, -8, 1},    {0x3D9, 0x3EF, -1, 2},       {0x3F2, 0x3F2, 7, 1},
    {0x3F8, 0x3F8, -1, 1},    {0x3FB, 0x3FB, -1, 1},       {0x430, 0x44F, -32, 1},
    {0x450, 0x45F, -80, 1},   {0x461, 0x481, -1, 2},       {0x48B, 0x4BF, -1, 2},
    {0x4C2, 0x4CE, -1, 2},    {0x4CF, 0x4CF, -15, 1},      {0x4D1, 0x523, -1, 2},
    {0x561, 0x586, -48, 1},   {0x1D79, 0x1D79, 35332, 1},  {0x1D7D, 0x1D7D, 3814, 1},
    {0x1E01, 0x1E95, -1, 2},  {0x1EA1, 0x1EFF, -1, 2},     {0x1F00, 0x1F07, 8, 1},
    {0x1F10, 0x1F15, 8, 1},   {0x1F20, 0x1F27, 8, 1},      {0x1F30, 0x1F37, 8, 1},
    {0x1F40, 0x1F45, 8, 1},   {0x1F51, 0x1F57, 8, 2},      {0x1F60, 0x1F67, 8, 1},
    {0x1F70, 0x1F71, 74, 1},  {0x1F72, 0x1F75, 86, 1},     {0x1F76, 0x1F77, 100, 1},
    {0x1F78, 0x1F79, 128, 1}, {0x1F7A, 0x1F7B, 112, 1},    {0x1F7C, 0x1F7D, 126, 1},
    {0x1F80, 0x1F87, 8, 1},   {0x1F90, 0x1F97, 8, 1},      {0x1FA0, 0x1FA7, 8, 1},
    {0x1FB0, 0x1FB1, 8, 1},   {0x1FB3, 0x1FB3, 9, 1},      {0x1FC3, 0x1FC3, 9, 1},
    {0x1FD0, 0x1FD1, 8, 1},   {0x1FE0, 0x1FE1, 8, 1},      {0x1FE5, 0x1FE5, 7, 1},
    {0x1FF3, 0x1FF3, 9, 1},   {0x214E, 0x214E, -28, 1},    {0x2170, 0x217F, -16, 1},
    {0x2184, 0x2184, -1, 1},  {0x24D0, 0x24E9, -26, 1},    {0x2C30, 0x2C5E, -48, 1},
    {0x2C61, 0x2C61, -1, 1},  {0x2C65, 0x2C65, -10795, 1}, {0x2C66, 0x2C66, -10792, 1},
    {0x2C68, 0x2C6C, -1, 2},  {0x2C73, 0x2C73, -1, 1},     {0x2C76, 0x2C76, -1, 1},
    {0x2C81, 0x2CE3, -1, 2},  {0x2D00, 0x2D25, -7264, 1},  {0xA641, 0xA65F, -1, 2},
    {0xA663, 0xA66D, -1, 2},  {0xA681, 0xA697, -1, 2},     {0xA723, 0xA72F, -1, 2},
    {0xA733, 0xA76F, -1, 2},  {0xA77A, 0xA77C, -1, 2},     {0xA77F, 0xA787, -1, 2},
    {0xA78C, 0xA78C, -1, 1},  {0xFF41, 0xFF5A, -32, 1},
};

uint32_t text_upper(uint32_t cp)
{
    if (cp < 0x80)
        return cp >= 'a' && cp <= 'z' ? cp - 32 : cp;
    size_t low = 0, high = sizeof case_rows / sizeof case_rows[0];
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        const struct case_row *row = &case_rows[middle];
        if (cp < row->first)
            high = middle;
        else if (cp > row->last)
            low = middle + 1;
        else
            return (cp - row->first) % row->step == 0 ? (uint32_t)((int32_t)cp + row->offset) : cp;
    }
    return cp;
}

/* Next code point in upper case; a byte that is not WTF-8 counts as a character of its own. */
static uint32_t next_upper(const char **s)
{
    const unsigned char first = (unsigned char)**s;
    if (first < 0x80) { /* nearly always */
        *s += first != 0;
        return first >= 'a' && first <= 'z' ? first - 32u : first;
    }
    uint32_t cp = 0;
    size_t used = text_decode(*s, &cp);
    if (!used) {
        cp = 0x110000u + first;
        used = 1;
    }
    *s += used;
    return text_upper(cp);
}

int text_compare_nocase(const char *a, const char *b)
{
    for (;;) {
        uint32_t x = next_upper(&a), y = next_upper(&b);
        if (x != y)
            return x < y ? -1 : 1;
        if (x == 0)
            return 0;
    }
}

bool text_equal(const char *a, const char *b)
{
    return a && b ? strcmp(a, b) == 0 : a == b;
}

bool text_equal_nocase(const char *a, const char *b)
{
    return a && b ? text_compare_nocase(a, b) == 0 : a == b;
}

bool text_starts(const char *text, const char *prefix)
{
    return strncmp(text, prefix, strlen(prefix)) == 0;
}

bool text_ends(const char *text, const char *suffix)
{
    size_t len = strlen(text), n = strlen(suffix);
    return len >= n && strcmp(text + len - n, suffix) == 0;
}

bool text_ends_nocase(const char *text, const char *suffix)
{
    /* Case partners may differ in length (y with diaeresis), so count characters, not bytes. */
    size_t n = 0;
    for (const char *s = suffix; *s; n++)
        next_upper(&s);
    const char *s = text + strlen(text);
    for (; n > 0 && s > text; n--) {
        do {
            s--;
        } while (s > text && ((unsigned char)*s & 0xC0) == 0x80);
    }
    return n == 0 && text_compare_nocase(s, suffix) == 0;
}
