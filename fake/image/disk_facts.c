/* SPDX-License-Identifier: MIT */
/* disk_facts.c - see disk_facts.h. */
#include "disk_facts.h"

#include <stdio.h>
#include <string.h>

#include "dism_codes.h"
#include "error.h"
#include "hive.h"
#include "log.h"
#include "os.h"
#include "settings.h"
#include "text.h"

#define LARGEST_HIVE ((size_t)1 << 30)
#define CURRENT_VERSION "Microsoft\\Windows NT\\CurrentVersion"

/* text is taken over, also on failure; NULL adds nothing. */
static HRESULT add(struct disk_facts *facts, const char *name, char *text)
{
    if (!text)
        return S_OK;
    struct disk_fact *fact = vec_push(&facts->list);
    if (!fact || !(fact->name = mem_dup(name))) {
        mem_free(text);
        return FAIL_MEMORY();
    }
    fact->text = text;
    return S_OK;
}

const char *disk_facts_find(const struct disk_facts *facts, const char *name)
{
    for (size_t i = 0; i < facts->list.len; i++)
        if (text_equal(facts->list.ptr[i].name, name))
            return facts->list.ptr[i].text;
    return NULL;
}

void disk_facts_clear(struct disk_facts *facts)
{
    for (size_t i = 0; i < facts->list.len; i++) {
        mem_free(facts->list.ptr[i].name);
        mem_free(facts->list.ptr[i].text);
    }
    vec_clear(&facts->list);
}

/* ---- hives ---- */

/* S_FALSE: there is none that can be read. */
static HRESULT open_hive(struct volume *volume, const char *name, struct hive **out)
{
    AUTO_FREE char *path = mem_format("Windows/System32/config/%s", name), *bytes = NULL;
    size_t size;
    if (!path)
        return FAIL_MEMORY();
    HRESULT hr = volume_read_file(volume, path, LARGEST_HIVE, &bytes, &size);
    if (FAILED(hr)) {
        error_clear();
        return S_FALSE;
    }
    hr = hive_open_bytes(bytes, size, path, out);
    if (hr == HR_WIN32(ERROR_BADDB)) {
        log_line(LOG_WARNING, "Disk::Hive", hr, "%s: %s", path, error_last()->text);
        error_clear();
        hr = S_FALSE;
    }
    return hr;
}

static HRESULT add_value(struct disk_facts *facts, const char *name, const struct hive *hive,
                         const char *key, const char *value)
{
    return add(facts, name, hive_text(hive, hive_find(hive, hive_root(hive), key), value));
}

/* Since Windows 10 two numbers, before it "6.3". */
static HRESULT add_version(struct disk_facts *facts, const struct hive *hive)
{
    uint32_t major, minor;
    unsigned both[2];
    hive_key key = hive_find(hive, hive_root(hive), CURRENT_VERSION);
    AUTO_FREE char *text = hive_text(hive, key, "CurrentVersion");
    if (hive_number(hive, key, "CurrentMajorVersionNumber", &major) &&
        hive_number(hive, key, "CurrentMinorVersionNumber", &minor)) {
        both[0] = major;
        both[1] = minor;
    } else if (!text || sscanf(text, "%u.%u", &both[0], &both[1]) != 2) {
        return S_OK;
    }
    TRY(add(facts, "WINDOWS/VERSION/MAJOR", mem_format("%u", both[0])));
    return add(facts, "WINDOWS/VERSION/MINOR", mem_format("%u", both[1]));
}

static HRESULT read_software(struct volume *volume, struct disk_facts *facts)
{
    static const char *const names[][2] = {{"WINDOWS/PRODUCTNAME", "ProductName"},
                                           {"WINDOWS/EDITIONID", "EditionID"},
                                           {"WINDOWS/INSTALLATIONTYPE", "InstallationType"},
                                           {"WINDOWS/VERSION/BUILD", "CurrentBuildNumber"},
                                           {"WINDOWS/VERSION/BUILD", "CurrentBuild"},
                                           {"WINDOWS/VERSION/SPBUILD", "UBR"}};
    AUTO_HIVE struct hive *hive = NULL;
    HRESULT hr = open_hive(volume, "SOFTWARE", &hive);
    if (hr != S_OK)
        return FAILED(hr) ? hr : S_OK;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        TRY(add_value(facts, names[i][0], hive, CURRENT_VERSION, names[i][1]));
    return add_version(facts, hive);
}

/* ---- SYSTEM ---- */

struct languages {
    struct disk_facts *facts;
    const struct hive *hive;
    unsigned count;
    unsigned installed; /* the LCID that was installed, 0: not known */
};

static HRESULT add_language(void *context, hive_key key, const char *name)
{
    struct languages *l = context;
    AUTO_FREE char *element = mem_format("WINDOWS/LANGUAGES/LANGUAGE[%u]", ++l->count);
    uint32_t number;
    if (!element)
        return FAIL_MEMORY();
    TRY(add(l->facts, element, mem_dup(name)));
    if (hive_number(l->hive, key, "LCID", &number) && number == l->installed)
        TRY(add(l->facts, "WINDOWS/LANGUAGES/DEFAULT", mem_dup(name)));
    return S_OK;
}

static HRESULT read_languages(struct disk_facts *facts, const struct hive *hive, hive_key control)
{
    struct languages l = {.facts = facts, .hive = hive};
    hive_key nls = hive_find(hive, control, "Nls\\Language");
    AUTO_FREE char *installed = hive_text(hive, nls, "InstallLanguage");
    if (!installed || sscanf(installed, "%x", &l.installed) != 1)
        l.installed = 0;
    return hive_each_key(hive, hive_find(hive, control, "MUI\\UILanguages"), add_language, &l);
}

/* What the variable of that name says, as the numbers that PROCESSOR_ARCHITECTURE_* are. */
static const char *architecture_number(const char *name)
{
    static const char *const names[][2] = {
        {"x86", "0"}, {"ARM", "5"}, {"IA64", "6"}, {"AMD64", "9"}, {"ARM64", "12"}};
    for (size_t i = 0; name && i < sizeof names / sizeof *names; i++)
        if (text_equal_nocase(name, names[i][0]))
            return names[i][1];
    return NULL;
}

static HRESULT read_control(struct disk_facts *facts, const struct hive *hive, hive_key control)
{
    hive_key environment = hive_find(hive, control, "Session Manager\\Environment");
    hive_key options = hive_find(hive, control, "ProductOptions");
    uint32_t pack;
    AUTO_FREE char *architecture = hive_text(hive, environment, "PROCESSOR_ARCHITECTURE");
    TRY(add(facts, "WINDOWS/ARCH", mem_dup(architecture_number(architecture))));
    TRY(add(facts, "WINDOWS/PRODUCTTYPE", hive_text(hive, options, "ProductType")));
    TRY(add(facts, "WINDOWS/PRODUCTSUITE", hive_text(hive, options, "ProductSuite")));
    if (hive_number(hive, hive_find(hive, control, "Windows"), "CSDVersion",
                    &pack)) /* 0x100: the first service pack */
        TRY(add(facts, "WINDOWS/VERSION/SPLEVEL", mem_format("%u", (unsigned)(pack >> 8))));
    return read_languages(facts, hive, control);
}

static HRESULT read_system(struct volume *volume, struct disk_facts *facts)
{
    AUTO_HIVE struct hive *hive = NULL;
    uint32_t current = 1;
    HRESULT hr = open_hive(volume, "SYSTEM", &hive);
    if (hr != S_OK)
        return FAILED(hr) ? hr : S_OK;
    hive_key root = hive_root(hive);
    (void)hive_number(hive, hive_find(hive, root, "Select"), "Current", &current);
    AUTO_FREE char *control = mem_format("ControlSet%03u\\Control", (unsigned)current);
    return control ? read_control(facts, hive, hive_find(hive, root, control)) : FAIL_MEMORY();
}

/* ---- all ---- */

HRESULT disk_facts_read(struct volume *volume, struct disk_facts *out)
{
    uint64_t used;
    TRY(read_software(volume, out));
    TRY(read_system(volume, out));
    TRY(volume_used_bytes(volume, &used));
    TRY(add(out, "TOTALBYTES", mem_format("%llu", (unsigned long long)used)));
    return add(out, "WINDOWS/SYSTEMROOT", mem_dup("WINDOWS"));
}
