/* SPDX-License-Identifier: MIT */
/* identity.c - see identity.h. */
#include "identity.h"

#include <string.h>

#include "dism_codes.h"
#include "error.h"
#include "scope.h"
#include "text.h"

#define PARTS 5

static char **part(struct identity *identity, size_t i)
{
    char **const parts[PARTS] = {&identity->name, &identity->token, &identity->architecture,
                                 &identity->language, &identity->version};
    return parts[i];
}

void identity_clear(struct identity *identity)
{
    mem_free(identity->name);
    *identity = (struct identity){0};
}

bool version_parse(const char *text, uint64_t *out)
{
    uint64_t version = 0;
    for (unsigned i = 0; i < 4; i++) {
        uint64_t number = 0;
        size_t len = strspn(text, "0123456789");
        if (len > 9 || (len == 0 && *text))
            return false;
        for (size_t k = 0; k < len; k++)
            number = number * 10 + (uint64_t)(text[k] - '0');
        if (number > 0xFFFF)
            return false;
        version = version << 16 | number;
        text += len;
        if (*text == '.' && i < 3 && text[1])
            text++;
        else if (*text)
            return false;
    }
    *out = version;
    return true;
}

HRESULT identity_make(const char *name, const char *token, const char *architecture,
                      const char *language, const char *version, struct identity *out)
{
    bool is_neutral = language && text_equal_nocase(language, "neutral");
    const char *const texts[PARTS] = {name, token, architecture, is_neutral ? "" : language,
                                      version};
    size_t sizes[PARTS], size = 0;
    for (size_t i = 0; i < PARTS; i++)
        size += sizes[i] = (texts[i] ? strlen(texts[i]) : 0) + 1;
    char *at = mem_alloc(size);
    if (!at)
        return FAIL_MEMORY();
    for (size_t i = 0; i < PARTS; at += sizes[i++])
        *part(out, i) = texts[i] ? memcpy(at, texts[i], sizes[i]) : at;
    return S_OK;
}

HRESULT identity_copy(const struct identity *from, struct identity *out)
{
    return identity_make(from->name, from->token, from->architecture, from->language, from->version,
                         out);
}

HRESULT identity_parse(const char *text, struct identity *out)
{
    AUTO_FREE char *copy = mem_dup(text);
    char *parts[PARTS];
    size_t count = 0;
    uint64_t version;
    if (!copy)
        return FAIL_MEMORY();
    for (char *at = copy; at && count < PARTS; count++) {
        char *tilde = count + 1 < PARTS ? strchr(at, '~') : NULL;
        parts[count] = at;
        if (tilde)
            *tilde = '\0';
        at = tilde ? tilde + 1 : NULL;
    }
    if (count != PARTS || !*parts[0] || strchr(parts[PARTS - 1], '~') ||
        !version_parse(parts[PARTS - 1], &version))
        return FAIL(E_INVALIDARG, "'%s' is not name~token~architecture~language~version", text);
    return identity_make(parts[0], parts[1], parts[2], parts[3], parts[4], out);
}

char *identity_text(const struct identity *i)
{
    return mem_format("%s~%s~%s~%s~%s", i->name, i->token, i->architecture, i->language,
                      i->version);
}

bool identity_is_same_package(const struct identity *a, const struct identity *b)
{
    return text_equal_nocase(a->name, b->name) && text_equal_nocase(a->token, b->token) &&
           text_equal_nocase(a->architecture, b->architecture) &&
           text_equal_nocase(a->language, b->language);
}

bool identity_equal(const struct identity *a, const struct identity *b)
{
    uint64_t version_a, version_b;
    if (!identity_is_same_package(a, b))
        return false;
    if (version_parse(a->version, &version_a) && version_parse(b->version, &version_b))
        return version_a == version_b;
    return text_equal(a->version, b->version);
}

int version_compare(const struct identity *a, const struct identity *b)
{
    uint64_t left = 0, right = 0;
    bool has_left = version_parse(a->version, &left), has_right = version_parse(b->version, &right);
    if (has_left != has_right)
        return has_left ? 1 : -1;
    return (left > right) - (left < right);
}
