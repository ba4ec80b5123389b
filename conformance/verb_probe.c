/* SPDX-License-Identifier: MIT */
/* verb_probe.c - identity and capabilities of a library. */
#include <stdio.h>

#include "context.h"
#include "probe.h"
#include "reflect.h"
#include "verbs.h"

static void print_names(const char *what, const struct json *names)
{
    for (const struct json *name = json_first(names); name; name = json_next(name))
        printf("%-15s %s\n", what, json_string(name));
}

static void print_file(const struct subject *subject, const struct json *library)
{
    const struct json *version = json_get(library, "versionResource");
    printf("path            %s\nsha256          %s\nsize            %.0f\n", subject->path,
           subject->sha256, (double)subject->size);
    if (subject->file)
        printf("machine         %s\n", json_text(library, "machine"));
    for (const struct json *one = json_first(version); one; one = json_next(one))
        printf("version         %s: %s\n", json_key(one), json_string(one));
    print_names("extra", json_get(library, "extra"));
    fflush(stdout); /* what comes now may end badly */
}

static void print_loaded(const struct subject *subject)
{
    printf("loaded from     %s\nimplementation  %s\nexports         %zu of %d\n",
           json_text(subject->about, "loadedFrom"), subject->implementation,
           json_len(json_get(subject->about, "exports")), API_COUNT);
    print_names("missing", json_get(subject->about, "missing"));
}

static bool try_capabilities(const struct run_context *context, const struct subject *subject)
{
    static const char *const results[] = {"holds", "LIED", "claimed"};
    bool has_lied = false;
    const struct json *claims = subject->capabilities;
    for (const struct json *claim = json_first(claims); claim; claim = json_next(claim)) {
        AUTO_FREE char *why = NULL;
        enum probe_result result = probe_capability(context, json_string(claim), &why);
        has_lied = has_lied || result == PROBE_LIED;
        printf("capability      %-20s %s%s%s\n", json_string(claim), results[result],
               why ? ": " : "", why ? why : "");
    }
    return has_lied;
}

int verb_probe(const struct options *options)
{
    struct subject subject;
    struct catalog catalog;
    struct run_context context;
    int refused = context_find(&subject, options->operands.ptr[0]);
    if (refused)
        return refused;
    AUTO_JSON struct json *library = subject_details(&subject);
    print_file(&subject, library);
    refused = context_load(&subject, options);
    if (refused)
        return refused;
    print_loaded(&subject);
    context_open(&context, options, &subject, &catalog);
    bool has_lied = try_capabilities(&context, &subject);
    context_close(&context, &catalog);
    subject_close(&subject);
    return has_lied ? EXIT_NONCONFORMANT : EXIT_CONFORMANT;
}
