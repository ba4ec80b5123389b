/* SPDX-License-Identifier: MIT */
/* facts.c - see facts.h. */
#include "facts.h"

#include <stdlib.h>

#include "dism_codes.h"
#include "error.h"
#include "text.h"

#define CURRENT_VERSION "Microsoft\\Windows NT\\CurrentVersion"

static const struct {
    const char *word;
    unsigned number;
} architectures[] = {{"x86", 0}, {"arm", 5}, {"ia64", 6}, {"amd64", 9}, {"arm64", 12}, {"x64", 9}};

bool architecture_of(const char *word, unsigned *out)
{
    for (size_t i = 0; i < sizeof architectures / sizeof *architectures; i++) {
        if (!text_equal_nocase(architectures[i].word, word))
            continue;
        *out = architectures[i].number;
        return true;
    }
    return false;
}

static void facts_free(void *ptr)
{
    struct facts *facts = ptr;
    mem_free(facts->edition);
    mem_free(facts->installation_type);
    mem_free(facts);
}

/* *out NULL: the image has no such hive. */
static HRESULT hive_or_none(struct winimage *image, enum winimage_hive which, struct hive **out)
{
    HRESULT hr = winimage_hive(image, which, out);
    if (hr != HR_WIN32(ERROR_FILE_NOT_FOUND))
        return hr;
    error_clear();
    *out = NULL;
    return S_OK;
}

static HRESULT read_architecture(const struct hive *hive, const char *control_set,
                                 struct facts *facts)
{
    AUTO_FREE char *key = mem_format("%s\\Control\\Session Manager\\Environment", control_set);
    AUTO_FREE char *word = NULL;
    if (!key)
        return FAIL_MEMORY();
    word = hive_text(hive, hive_find(hive, hive_root(hive), key), "PROCESSOR_ARCHITECTURE");
    for (size_t i = 0; word && i < sizeof architectures / sizeof *architectures; i++)
        if (text_equal_nocase(architectures[i].word, word)) {
            facts->architecture = architectures[i].word;
            facts->architecture_number = architectures[i].number;
        }
    return hive_trouble(hive);
}

/* Before Windows 10 "6.1" in one text, since then two numbers. */
static uint64_t read_version(const struct hive *hive, hive_key key)
{
    uint32_t major = 0, minor = 0, revision = 0;
    AUTO_FREE char *text = hive_text(hive, key, "CurrentVersion");
    AUTO_FREE char *build = hive_text(hive, key, "CurrentBuildNumber");
    if (!hive_number(hive, key, "CurrentMajorVersionNumber", &major) ||
        !hive_number(hive, key, "CurrentMinorVersionNumber", &minor)) {
        char *end = NULL;
        major = text ? (uint32_t)strtoul(text, &end, 10) : 0;
        minor = end && *end == '.' ? (uint32_t)strtoul(end + 1, NULL, 10) : 0;
    }
    (void)hive_number(hive, key, "UBR", &revision);
    return (uint64_t)(major & 0xFFFF) << 48 | (uint64_t)(minor & 0xFFFF) << 32 |
           (uint64_t)(build ? strtoul(build, NULL, 10) & 0xFFFF : 0) << 16 | (revision & 0xFFFF);
}

static HRESULT text_or_empty(char *text, char **out)
{
    *out = text ? text : mem_dup("");
    return *out ? S_OK : FAIL_MEMORY();
}

static HRESULT read_all(struct winimage *image, struct facts *facts)
{
    struct hive *software, *system;
    TRY(hive_or_none(image, HIVE_SOFTWARE, &software));
    TRY(hive_or_none(image, HIVE_SYSTEM, &system));
    facts->architecture = "";
    hive_key key = software ? hive_find(software, hive_root(software), CURRENT_VERSION) : 0;
    TRY(text_or_empty(key ? hive_text(software, key, "EditionID") : NULL, &facts->edition));
    TRY(text_or_empty(key ? hive_text(software, key, "InstallationType") : NULL,
                      &facts->installation_type));
    facts->is_pe = text_equal_nocase(facts->installation_type, "WindowsPE");
    if (key)
        facts->version = read_version(software, key);
    if (software)
        TRY(hive_trouble(software));
    if (system) {
        AUTO_FREE char *control_set = NULL;
        TRY(winimage_control_set(image, &control_set));
        return read_architecture(system, control_set, facts);
    }
    return S_OK;
}

HRESULT facts_of(struct winimage *image, const struct facts **out)
{
    struct facts *facts = winimage_part(image, PART_FACTS);
    if (!facts) {
        facts = mem_alloc(sizeof *facts);
        if (!facts)
            return FAIL_MEMORY();
        HRESULT hr = read_all(image, facts);
        if (FAILED(hr)) {
            facts_free(facts);
            return hr;
        }
        winimage_keep(image, PART_FACTS, facts, facts_free);
    }
    *out = facts;
    return S_OK;
}

/* ---- language ---- */

struct seeking {
    const struct hive *hive;
    unsigned long number; /* of the installed one */
    char *found;
};

static HRESULT compare_language(void *context, hive_key key, const char *name)
{
    struct seeking *s = context;
    uint32_t number;
    if (s->found || !hive_number(s->hive, key, "LCID", &number) || number != s->number)
        return S_OK;
    s->found = mem_dup(name);
    return s->found ? S_OK : FAIL_MEMORY();
}

HRESULT facts_default_language(struct winimage *image, char **out)
{
    struct hive *system;
    AUTO_FREE char *control_set = NULL, *installed = NULL;
    TRY(hive_or_none(image, HIVE_SYSTEM, &system));
    if (!system)
        return text_or_empty(NULL, out);
    TRY(winimage_control_set(image, &control_set));
    hive_key control =
        hive_find(system, hive_find(system, hive_root(system), control_set), "Control");
    installed = hive_text(system, hive_find(system, control, "Nls\\Language"), "InstallLanguage");
    struct seeking s = {.hive = system, .number = installed ? strtoul(installed, NULL, 16) : 0};
    TRY(hive_each_key(system, hive_find(system, control, "MUI\\UILanguages"), compare_language,
                      &s));
    return text_or_empty(s.found, out);
}
