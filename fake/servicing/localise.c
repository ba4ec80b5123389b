/* SPDX-License-Identifier: MIT */
/* localise.c - see localise.h. */
#include "localise.h"

#include <string.h>

#include "facts.h"
#include "text.h"

#define REFERENCE "$(string."

static bool is_in(const struct manifest_text *text, const char *language)
{
    return text->language && text_equal_nocase(text->language, language);
}

/* The ID of "$(string.ID)"; its length, 0: it is none. */
static size_t reference_of(const char *text, const char **id)
{
    size_t start = strlen(REFERENCE), len = text ? strlen(text) : 0;
    if (len <= start + 1 || !text_starts(text, REFERENCE) || text[len - 1] != ')')
        return 0;
    *id = text + start;
    return len - start - 1;
}

static void resolve(const struct manifest_texts *texts, const char *language, const char **text)
{
    const char *id;
    size_t len = reference_of(*text, &id);
    unsigned best = 0; /* of the one taken: any, English, the language */
    for (size_t i = 0; len && i < texts->list.len; i++) {
        const struct manifest_text *t = &texts->list.ptr[i];
        unsigned rank = is_in(t, language) ? 3 : is_in(t, "en-US") ? 2 : 1;
        if (!t->id || !t->value || strlen(t->id) != len || strncmp(t->id, id, len) != 0 ||
            rank <= best)
            continue;
        *text = t->value;
        best = rank;
    }
}

HRESULT localise(struct winimage *image, const struct manifest *manifest,
                 const struct manifest_texts *of, struct localised *text)
{
    AUTO_FREE char *language = NULL;
    if (!manifest || manifest->texts.list.len + of->list.len == 0)
        return S_OK;
    TRY(facts_default_language(image, &language));
    for (size_t i = 0; i < of->list.len; i++) {
        const struct manifest_text *t = &of->list.ptr[i];
        if (is_in(t, language) && t->display_name)
            text->display_name = t->display_name;
        if (is_in(t, language) && t->description)
            text->description = t->description;
    }
    resolve(&manifest->texts, language, &text->display_name);
    resolve(&manifest->texts, language, &text->description);
    return S_OK;
}
