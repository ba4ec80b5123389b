/* SPDX-License-Identifier: MIT */
/* appx_name.c - see appx_name.h. */
#include "appx_name.h"

#include <string.h>

#include "error.h"
#include "hash.h"
#include "identity.h"
#include "mem.h"
#include "scope.h"
#include "text.h"

#define NAME_LETTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.-"
#define LONGEST_NAME 50
#define LONGEST_RESOURCE 30

static const struct {
    const char *word;
    unsigned number;
} architectures[] = {{"x86", 0},    {"arm", 5},      {"x64", 9},
                     {"arm64", 12}, {"neutral", 11}, {"x86a64", 14}};

bool appx_architecture(const char *word, unsigned *out)
{
    for (size_t i = 0; i < sizeof architectures / sizeof *architectures; i++) {
        if (!text_equal_nocase(architectures[i].word, word))
            continue;
        *out = architectures[i].number;
        return true;
    }
    return false;
}

bool appx_architecture_fits(const char *word, unsigned image)
{
    enum { X86 = 0, ARM = 5, AMD64 = 9, NEUTRAL = 11, ARM64 = 12, X86_ON_ARM64 = 14 };
    unsigned number;
    if (!appx_architecture(word, &number))
        return false;
    return number == NEUTRAL || number == image || (number == X86 && image == AMD64) ||
           (image == ARM64 &&
            (number == X86 || number == ARM || number == AMD64 || number == X86_ON_ARM64));
}

/* 64 bits and a zero bit in groups of five, in Crockford's alphabet. */
HRESULT appx_publisher_id(const char *publisher, char out[APPX_PUBLISHER_ID + 1])
{
    static const char alphabet[] = "0123456789abcdefghjkmnpqrstvwxyz";
    AUTO_FREE char16_t *units = NULL;
    uint8_t digest[SHA256_SIZE], *bytes;
    TRY(text_to_utf16(publisher, &units));
    size_t len = text_utf16_len(units);
    AUTO_FREE uint8_t *little = mem_alloc(len * 2 + 1);
    if (!(bytes = little))
        return FAIL_MEMORY();
    for (size_t i = 0; i < len; i++) {
        bytes[2 * i] = (uint8_t)units[i];
        bytes[2 * i + 1] = (uint8_t)(units[i] >> 8);
    }
    hash_sha256(bytes, len * 2, digest);
    for (unsigned i = 0; i < APPX_PUBLISHER_ID; i++) {
        unsigned value = 0;
        for (unsigned bit = i * 5; bit < i * 5 + 5; bit++)
            value = value << 1 | (bit < 64 ? digest[bit / 8] >> (7 - bit % 8) & 1u : 0);
        out[i] = alphabet[value];
    }
    out[APPX_PUBLISHER_ID] = '\0';
    return S_OK;
}

void appx_name_clear(struct appx_name *name)
{
    mem_free(name->text);
    mem_free(name->name);
    mem_free(name->architecture);
    mem_free(name->resource);
    mem_free(name->publisher_id);
    *name = (struct appx_name){0};
}

/* "." and ".." are no names; nor is what ends with a dot, which Windows drops. */
static bool is_name(const char *text)
{
    size_t len = strlen(text);
    return len > 0 && len <= LONGEST_NAME && strspn(text, NAME_LETTERS) == len && text[0] != '.' &&
           text[len - 1] != '.';
}

static bool is_resource(const char *text)
{
    size_t len = strlen(text);
    return text_equal(text, "~") || (len <= LONGEST_RESOURCE && strspn(text, NAME_LETTERS) == len);
}

static bool is_publisher_id(const char *text)
{
    return strlen(text) == APPX_PUBLISHER_ID &&
           strspn(text, "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ") ==
               APPX_PUBLISHER_ID;
}

static HRESULT fill(const char *const parts[5], struct appx_name *out)
{
    struct appx_name AUTO(appx_name_clear) made = {0};
    unsigned architecture;
    if (!is_name(parts[0]) || !*parts[1] || !version_parse(parts[1], &made.version) ||
        !appx_architecture(parts[2], &architecture) || !is_resource(parts[3]) ||
        !is_publisher_id(parts[4]))
        return FAIL(E_INVALIDARG,
                    "'%s_%s_%s_%s_%s' is not name_version_architecture_resource_publisher",
                    parts[0], parts[1], parts[2], parts[3], parts[4]);
    made.name = mem_dup(parts[0]);
    made.architecture = mem_dup(parts[2]);
    made.resource = mem_dup(parts[3]);
    made.publisher_id = mem_dup(parts[4]);
    made.text = mem_format("%s_%s_%s_%s_%s", parts[0], parts[1], parts[2], parts[3], parts[4]);
    if (!made.name || !made.architecture || !made.resource || !made.publisher_id || !made.text)
        return FAIL_MEMORY();
    *out = made;
    made = (struct appx_name){0};
    return S_OK;
}

HRESULT appx_name_parse(const char *text, struct appx_name *out)
{
    AUTO_FREE char *copy = mem_dup(text);
    const char *parts[5];
    char *at = copy;
    if (!copy)
        return FAIL_MEMORY();
    for (size_t i = 0; i < 5; i++) {
        char *end = strchr(at, '_');
        if (!end != (i == 4))
            return FAIL(E_INVALIDARG, "'%s' is not name_version_architecture_resource_publisher",
                        text);
        parts[i] = at;
        if (end) {
            *end = '\0';
            at = end + 1;
        }
    }
    return fill(parts, out);
}

HRESULT appx_name_make(const char *name, uint64_t version, const char *architecture,
                       const char *resource, const char *publisher, struct appx_name *out)
{
    char id[APPX_PUBLISHER_ID + 1];
    TRY(appx_publisher_id(publisher, id));
    AUTO_FREE char *number =
        mem_format("%u.%u.%u.%u", (unsigned)(version >> 48), (unsigned)(version >> 32) & 0xFFFF,
                   (unsigned)(version >> 16) & 0xFFFF, (unsigned)version & 0xFFFF);
    if (!number)
        return FAIL_MEMORY();
    const char *const parts[] = {name, number, architecture, resource, id};
    return fill(parts, out);
}

HRESULT appx_name_copy(const struct appx_name *from, struct appx_name *out)
{
    return appx_name_parse(from->text, out);
}

bool appx_name_is_family(const struct appx_name *a, const struct appx_name *b)
{
    return text_equal_nocase(a->name, b->name) &&
           text_equal_nocase(a->publisher_id, b->publisher_id);
}

char *appx_name_family(const struct appx_name *name)
{
    return mem_format("%s_%s", name->name, name->publisher_id);
}
