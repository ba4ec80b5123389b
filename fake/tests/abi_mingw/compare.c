/* SPDX-License-Identifier: MIT */
/*
 * compare.c - compares our dismapi.h with mingw-w64's: the two lists number by number, then that
 * ours has every name of theirs.
 *
 *     test_abi_mingw <their dismapi.h> <our dismapi.h>
 */
#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "abi_list.h"

static char their_text[1 << 16];
static char our_text[1 << 17];

/* The list's length, or 0 after a difference. */
static unsigned compare_items(void)
{
    const struct abi_item *ours = abi_list_of_ours();
    const struct abi_item *theirs = abi_list_of_theirs();
    unsigned count = 0;
    bool differs = false;
    for (; ours[count].name != NULL; count++) {
        if (strcmp(ours[count].name, theirs[count].name) == 0 &&
            ours[count].value == theirs[count].value)
            continue;
        printf("%s: 0x%x here, %s: 0x%x there\n", ours[count].name, (unsigned)ours[count].value,
               theirs[count].name, (unsigned)theirs[count].value);
        differs = true;
    }
    return differs || theirs[count].name != NULL ? 0 : count;
}

static bool compare_online_image(void)
{
    size_t i = 0;
    while (abi_online_image_of_ours(i) != 0 &&
           abi_online_image_of_ours(i) == abi_online_image_of_theirs(i))
        i++;
    if (i > 0 && abi_online_image_of_ours(i) == abi_online_image_of_theirs(i))
        return true;
    printf("DISM_ONLINE_IMAGE differs at unit %zu\n", i);
    return false;
}

static bool read_text(const char *path, char *text, size_t size)
{
    FILE *file = fopen(path, "rb");
    size_t len = file != NULL ? fread(text, 1, size, file) : 0;
    if (file != NULL)
        fclose(file);
    if (len == 0 || len == size) {
        printf("cannot read %s whole\n", path);
        return false;
    }
    text[len] = '\0';
    return true;
}

static bool is_name_unit(char c)
{
    return isalnum((unsigned char)c) || c == '_';
}

static bool has_name(const char *text, const char *name, size_t len)
{
    for (const char *at = strstr(text, name); at != NULL; at = strstr(at + 1, name)) {
        if ((at == text || !is_name_unit(at[-1])) && !is_name_unit(at[len]))
            return true;
    }
    return false;
}

/* Every DISM name of their text must be a name of ours; gives how many there were, 0 if one lacks.
 */
static unsigned compare_names(void)
{
    unsigned count = 0;
    bool lacks = false;
    for (char *at = their_text; *at != '\0';) {
        if (!is_name_unit(*at)) {
            at++;
            continue;
        }
        char *end = at;
        while (is_name_unit(*end))
            end++;
        if (strncmp(at, "Dism", 4) == 0 || strncmp(at, "DISM", 4) == 0) {
            char after = *end;
            *end = '\0';
            count++;
            if (!has_name(our_text, at, (size_t)(end - at))) {
                printf("%s is missing here\n", at);
                lacks = true;
            }
            *end = after;
        }
        at = end;
    }
    return lacks ? 0 : count;
}

int main(int argc, char **argv)
{
    if (argc != 3 || !read_text(argv[1], their_text, sizeof their_text) ||
        !read_text(argv[2], our_text, sizeof our_text))
        return 2;
    bool same_text = compare_online_image();
    unsigned items = compare_items();
    unsigned names = compare_names();
    printf("%u numbers and %u names compared\n", items, names);
    return same_text && items > 0 && names > 0 ? 0 : 1;
}
