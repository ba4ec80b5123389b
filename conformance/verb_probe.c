/* SPDX-License-Identifier: MIT */
/*
 * verb_probe.c - identity and capabilities of a library, and what it answers to the open questions
 * of the contract. Each question is a case in processes of its own, and its answer is on the disk
 * before the next one is asked.
 */
#include <stdio.h>

#include "clean.h"
#include "context.h"
#include "judging.h"
#include "probe.h"
#include "reflect.h"
#include "saved.h"
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

static bool try_capabilities(const struct run_context *context, const struct subject *subject,
                             struct saving *saving)
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
        AUTO_JSON struct json *line = json_hold(json_new_object());
        json_set_string(line, "type", "capability");
        json_set_string(line, "name", json_string(claim));
        json_set_string(line, "result", results[result]);
        if (why)
            json_set_string(line, "why", why);
        saving_add(saving, line);
    }
    return has_lied;
}

/* ---- questions ---- */

static struct json *not_asked(const char *reason)
{
    struct json *record = json_hold(json_new_object()), *skip = json_hold(json_new_object());
    json_set_string(skip, "kind", reason);
    json_set_string(record, "status", "SKIP");
    json_set(record, "skip", skip);
    return record;
}

/* Names of codes come and go; their digits stay. */
static void add_codes(const struct json *record)
{
    const struct json *steps = json_get(record, "steps");
    for (const struct json *step = json_first(steps); step; step = json_next(step)) {
        HRESULT hr;
        if (json_text(step, "hr") && reflect_code_parse(json_text(step, "hr"), &hr))
            json_put_text((struct json *)(uintptr_t)step, "code", format("0x%08X", (unsigned)hr));
    }
}

static struct json *ask(const struct run_context *context, const struct json *question,
                        const char *dirty)
{
    static const char *const spare[] = {"case",       "file",    "line",   "pointer", "title",
                                        "caseStatus", "clauses", "library"}; /* of the record */
    const char *id = json_text(question, "id");
    AUTO_FREE char *because = dirty ? format("the machine was left dirty by %s", dirty) : NULL;
    struct json *record =
        dirty ? not_asked(because) : probe_case(context, id, json_get(question, "case"));
    if (!record)
        record = not_asked("the catalogue lacks an image");
    for (size_t i = 0; i < sizeof spare / sizeof *spare; i++)
        json_remove(record, spare[i]);
    json_set_string(record, "type", "observation");
    json_set_string(record, "question", id);
    json_set_string(record, "clause", json_text(question, "clause"));
    add_codes(record);
    return record;
}

/* The name of a question that left the machine dirty, or NULL. */
static const char *ask_all(const struct run_context *context, const struct options *options,
                           const struct json *library, struct saving *saving)
{
    struct judging judging;
    const char *dirty = NULL;
    judging_start(&judging, options, library);
    for (const struct json *one = json_first(questions()); one; one = json_next(one)) {
        const char *id = json_text(one, "id");
        if (options->case_glob && !glob_fits(options->case_glob, id))
            continue;
        AUTO_JSON struct json *observation = ask(context, one, dirty);
        saving_add(saving, observation);
        judging_add(&judging, observation);
        if (!dirty && clean_has_failed(observation))
            dirty = id;
    }
    (void)judging_end(&judging);
    return dirty;
}

int verb_probe(const struct options *options)
{
    struct subject subject;
    struct catalog catalog;
    struct run_context context;
    struct saving saving;
    int refused = context_find(&subject, options->operands.ptr[0]);
    if (refused)
        return refused;
    AUTO_JSON struct json *before = subject_details(&subject);
    print_file(&subject, before);
    refused = context_load(&subject, options);
    if (refused)
        return refused;
    print_loaded(&subject);
    context_open(&context, options, &subject, &catalog);
    AUTO_JSON struct json *head = context_head(&subject, options, "probe");
    json_put_text(head, "observations", format("%d.%d", OBSERVATIONS_MAJOR, OBSERVATIONS_MINOR));
    saving_start(&saving, options->json);
    saving_add(&saving, head);
    bool has_lied = try_capabilities(&context, &subject, &saving);
    const char *dirty = ask_all(&context, options, json_get(head, "library"), &saving);
    saving_end(&saving);
    if (dirty)
        printf(
            "the machine was left dirty by %s: what is mounted below %s has to be ended by hand\n",
            dirty, context.scratch);
    context.keeps_scratch = context.keeps_scratch || dirty;
    context_close(&context, &catalog);
    subject_close(&subject);
    return dirty ? EXIT_INVALID : has_lied ? EXIT_NONCONFORMANT : EXIT_CONFORMANT;
}
