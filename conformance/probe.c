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

/* The smallest image, as scenarios name it; NULL without a catalogue. */
static char *image_reference(const struct catalog *catalog)
{
    const struct json *images = json_get(catalog->json, "images");
    for (const struct json *image = json_first(images); image; image = json_next(image)) {
        if (text_equal(json_text(image, "name"), "two-index-tiny"))
            return format("two-index-tiny@sha256:%.16s", json_text(image, "recipe_sha256"));
    }
    return NULL;
}

static struct json *make_file(const char *steps)
{
    struct json *scenario = NULL;
    if (FAILED(json_parse(steps, strlen(steps), &scenario)))
        die("a probe of the runner: %s", error_last()->text);
    json_set_string(scenario, "id", "probe");
    json_set_string(scenario, "title", "A claimed capability is there");
    struct json *clauses = json_hold(json_new_array());
    json_push(clauses, json_new_string("probe.capability"));
    json_set(scenario, "clauses", clauses);
    struct json *file = json_hold(json_new_object()), *cases = json_hold(json_new_array());
    json_push(cases, scenario);
    json_set_string(file, "grammar", "1.0");
    json_set_string(file, "suite", "probe");
    json_set_string(file, "title", "Probes of capabilities");
    json_set(file, "cases", cases);
    return file;
}

static enum probe_result run_probe(const struct run_context *context, const char *name,
                                   const char *steps, char **why)
{
    static size_t number = 9000; /* probes run one after the other, before the cases */
    AUTO_FREE char *path = format("%s/probe-%s.json", context->scratch, name);
    for (char *c = strrchr(path, '/') + 1; *c; c++) {
        if (*c == ':')
            *c = '-';
    }
    struct json *file = make_file(steps);
    json_save(path, file);
    json_free(file);
    struct suite suite = {0};
    suite_load(&suite, path, NULL);
    if (suite.cases.len != 1) {
        AUTO_FREE char *line = finding_line(&suite.findings.list.ptr[0]);
        die("a probe of the runner: %s", line);
    }
    struct json *record = isolate_case(context, &suite.cases.ptr[0], ++number);
    const char *status = json_text(record, "status");
    enum probe_result result = text_equal(status, "PASS")    ? PROBE_HOLDS
                               : text_equal(status, "SKIP")  ? PROBE_NONE
                               : text_equal(status, "ERROR") ? PROBE_NONE
                                                             : PROBE_LIED;
    const char *message = json_text(json_get(record, "verdict"), "message");
    *why = message ? dup_text(message) : NULL;
    json_free(record);
    suite_clear(&suite);
    return result;
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
    AUTO_FREE char *image = image_reference(context->catalog);
    bool needs_image = strstr(probe->steps, "%s") != NULL;
    if (needs_image && !image) {
        *why = dup_text("there is no catalogue with an image to try it on");
        return PROBE_NONE;
    }
    struct text steps = {0};
    const char *hole = needs_image ? strstr(probe->steps, "%s") : NULL;
    if (hole) {
        text_add_n(&steps, probe->steps, (size_t)(hole - probe->steps));
        text_add(&steps, image);
        text_add(&steps, hole + 2);
    } else {
        text_add(&steps, probe->steps);
    }
    AUTO_FREE char *text = need(text_take(&steps));
    return run_probe(context, capability, text, why);
}
