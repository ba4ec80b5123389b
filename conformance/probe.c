/* SPDX-License-Identifier: MIT */
/*
 * probe.c - a probe is a small scenario of the runner's own, run like any other; where no behaviour
 * can be shown without harm, the hook the capability rests on must at least exist.
 */
#include "probe.h"

#include "probe_steps.h"
#include "record.h"

static const struct probe *find_probe(const char *capability)
{
    const struct probe *probe = probes;
    while (probe->capability && !text_equal(probe->capability, capability))
        probe++;
    return probe->capability ? probe : NULL;
}

/* An image by its bare name becomes the catalogue's reference to it; false: it has none such. */
static bool name_images(const struct catalog *catalog, const struct json *fixtures)
{
    for (const struct json *one = json_first(fixtures); one; one = json_next(one)) {
        const char *name = json_text(one, "catalog"), *hash = NULL;
        const struct json *images = json_get(catalog->json, "images");
        for (const struct json *image = json_first(images); image; image = json_next(image)) {
            if (text_equal(json_text(image, "name"), name))
                hash = json_text(image, "recipe_sha256");
        }
        if (name && !hash)
            return false;
        if (name) /* the case is ours; json_get only lends it as const */
            json_put_text((struct json *)(uintptr_t)one, "catalog",
                          format("%s@sha256:%.16s", name, hash));
    }
    return true;
}

static struct json *make_file(const char *name, const struct json *steps)
{
    struct json *scenario = json_hold(json_copy(steps));
    json_set_string(scenario, "id", name);
    json_set_string(scenario, "title", "A question to the library");
    struct json *clauses = json_hold(json_new_array());
    json_push(clauses, json_new_string("probe.question"));
    json_set(scenario, "clauses", clauses);
    struct json *file = json_hold(json_new_object()), *cases = json_hold(json_new_array());
    json_push(cases, scenario);
    json_set_string(file, "grammar", "1.2");
    json_set_string(file, "suite", "probe");
    json_set_string(file, "title", "Questions to the library");
    json_set(file, "cases", cases);
    return file;
}

struct json *probe_case(const struct run_context *context, const char *name,
                        const struct json *steps)
{
    static size_t number = 9000; /* questions come one after the other, before the cases */
    AUTO_FREE char *path = format("%s/%s.json", context->scratch, name);
    AUTO_JSON struct json *file = make_file(name, steps);
    if (!name_images(context->catalog, json_get(json_at(json_get(file, "cases"), 0), "fixtures")))
        return NULL;
    json_save(path, file);
    struct suite suite = {0};
    suite_load(&suite, path, NULL);
    if (suite.cases.len != 1) {
        AUTO_FREE char *line = finding_line(&suite.findings.list.ptr[0]);
        die("a question of the runner's own: %s", line);
    }
    struct json *record = isolate_case(context, &suite.cases.ptr[0], ++number);
    suite_clear(&suite);
    return record;
}

static enum probe_result result_of(const struct json *record)
{
    const char *status = json_text(record, "status");
    return text_equal(status, "PASS")                                  ? PROBE_HOLDS
           : text_equal(status, "SKIP") || text_equal(status, "ERROR") ? PROBE_NONE
                                                                       : PROBE_LIED;
}

enum probe_result probe_capability(const struct run_context *context, const char *capability,
                                   char **why)
{
    const struct probe *probe = find_probe(capability);
    *why = NULL;
    if (!probe) {
        *why = dup_text("there is no probe for it");
        return PROBE_NONE;
    }
    if (probe->hook && !json_array_has(json_get(context->subject->about, "hooks"), probe->hook)) {
        *why = format("the library has no %s", probe->hook);
        return PROBE_LIED;
    }
    if (!probe->steps) {
        *why = format("only %s was looked for", probe->hook);
        return PROBE_NONE;
    }
    AUTO_JSON struct json *steps = NULL;
    if (FAILED(json_parse(probe->steps, strlen(probe->steps), &steps)))
        die("a probe of the runner: %s", error_last()->text);
    AUTO_FREE char *name = dup_text(capability);
    for (char *c = name; *c; c++)
        *c = *c == ':' ? '-' : *c;
    AUTO_JSON struct json *record = probe_case(context, name, steps);
    if (!record) {
        *why = dup_text("there is no catalogue with an image to try it on");
        return PROBE_NONE;
    }
    *why = dup_text(json_text(json_get(record, "verdict"), "message"));
    return result_of(record);
}
