/* SPDX-License-Identifier: MIT */
/*
 * probe.c - a probe is a small scenario of the runner's own, run like any other; where no behaviour
 * can be shown without harm, the hook the capability rests on must at least exist.
 */
#include "probe.h"

#include "record.h"

/* %s is the catalogue reference of the smallest image. */
static const char *const sync_steps =
    "{\"fixtures\": {\"wim\": {\"catalog\": \"%s\", \"writable\": true}, \"dir\": {\"directory\": "
    "\"empty\"}}, \"steps\": [{\"call\": \"DismMountImage\", \"with\": {\"ImageFilePath\": "
    "{\"$ref\": "
    "\"wim.path\"}, \"MountPath\": {\"$ref\": \"dir.path\"}, \"ImageIndex\": 1, "
    "\"ImageIdentifier\": "
    "{\"$const\": \"DismImageIndex\"}, \"Flags\": {\"$flags\": [\"DISM_MOUNT_READONLY\"]}, "
    "\"Progress\": {\"$progress\": {\"name\": \"p\"}}}, \"expect\": {\"hr\": \"S_OK\", "
    "\"progress\": "
    "{\"calls\": {\"$gte\": 1}}}}, {\"call\": \"DismUnmountImage\", \"with\": {\"MountPath\": "
    "{\"$ref\": "
    "\"dir.path\"}, \"Flags\": {\"$flags\": [\"DISM_DISCARD_IMAGE\"]}}, \"expect\": {\"hr\": "
    "\"S_OK\"}}]}";

static const char *const hold_steps =
    "{\"fixtures\": {\"wim\": {\"catalog\": \"%s\", \"writable\": true}, \"dir\": {\"directory\": "
    "\"empty\"}}, \"steps\": [{\"parallel\": {\"mounter\": [{\"id\": \"mount\", \"call\": "
    "\"DismMountImage\", \"with\": {\"ImageFilePath\": {\"$ref\": \"wim.path\"}, \"MountPath\": "
    "{\"$ref\": \"dir.path\"}, \"ImageIndex\": 1, \"ImageIdentifier\": {\"$const\": "
    "\"DismImageIndex\"}, \"Flags\": {\"$flags\": [\"DISM_MOUNT_READONLY\"]}, \"Progress\": "
    "{\"$progress\": {\"name\": \"gate\", \"holdAt\": 1}}}, \"expect\": {\"hr\": \"S_OK\"}}], "
    "\"keeper\": [{\"await\": {\"held\": \"gate\"}, \"timeoutMs\": 5000}, {\"release\": "
    "\"gate\"}]}}, {\"call\": \"DismUnmountImage\", \"with\": {\"MountPath\": {\"$ref\": "
    "\"dir.path\"}, \"Flags\": {\"$flags\": [\"DISM_DISCARD_IMAGE\"]}}, \"expect\": {\"hr\": "
    "\"S_OK\"}}]}";

static const char *const cancel_steps =
    "{\"fixtures\": {\"wim\": {\"catalog\": \"%s\", \"writable\": true}, \"dir\": {\"directory\": "
    "\"empty\"}}, \"steps\": [{\"call\": \"DismMountImage\", \"with\": {\"ImageFilePath\": "
    "{\"$ref\": "
    "\"wim.path\"}, \"MountPath\": {\"$ref\": \"dir.path\"}, \"ImageIndex\": 1, "
    "\"ImageIdentifier\": "
    "{\"$const\": \"DismImageIndex\"}, \"Flags\": {\"$flags\": [\"DISM_MOUNT_READONLY\"]}, "
    "\"CancelEvent\": {\"$event\": \"stop\"}, \"Progress\": {\"$progress\": {\"name\": \"p\", "
    "\"setEventAt\": {\"call\": 0, \"event\": \"stop\"}}}}, \"expect\": {\"hr\": "
    "\"any-failure\"}}]}";

static const char *const fault_steps =
    "{\"faults\": [{\"id\": \"refuse\", \"at\": \"DismGetMountedImageInfo\", \"do\": {\"return\": "
    "\"0x80070005\"}}], \"steps\": [{\"call\": \"DismGetMountedImageInfo\", \"expect\": {\"hr\": "
    "\"0x80070005\"}}]}";

static const char *const clock_steps = "{\"steps\": [{\"world\": {\"advanceMs\": 1000}}]}";

static const char *const reboot_steps =
    "{\"phases\": [{\"steps\": [{\"call\": \"DismGetMountedImageInfo\", \"expect\": {\"hr\": "
    "\"S_OK\"}}]}, {\"before\": \"reboot\", \"steps\": [{\"call\": \"DismGetMountedImageInfo\", "
    "\"expect\": {\"hr\": \"S_OK\"}}]}]}";

static const struct probe {
    const char *capability, *hook;
    const char *const *steps;
} probes[] = {
    {"fault:return", "DismFakeLoadFaults", &fault_steps},
    {"fault:crash", "DismFakeLoadFaults", NULL},
    {"fault:disk-full", "DismFakeLoadFaults", NULL},
    {"fault:alloc", "DismFakeLoadFaults", NULL},
    {"sync:blocked", "DismFakeAwait", NULL},
    {"world:reboot", "DismFakeReboot", &reboot_steps},
    {"clock:virtual", "DismFakeAdvanceClock", &clock_steps},
    {"progress:sync", NULL, &sync_steps},
    {"progress:hold", NULL, &hold_steps},
    {"progress:cancel", "DismFakeCreateEvent", &cancel_steps},
};

static const struct probe *find_probe(const char *capability)
{
    for (size_t i = 0; i < sizeof probes / sizeof *probes; i++) {
        if (text_equal(probes[i].capability, capability))
            return &probes[i];
    }
    return NULL;
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
    bool needs_image = strstr(*probe->steps, "%s") != NULL;
    if (needs_image && !image) {
        *why = dup_text("there is no catalogue with an image to try it on");
        return PROBE_NONE;
    }
    struct text steps = {0};
    const char *hole = needs_image ? strstr(*probe->steps, "%s") : NULL;
    if (hole) {
        text_add_n(&steps, *probe->steps, (size_t)(hole - *probe->steps));
        text_add(&steps, image);
        text_add(&steps, hole + 2);
    } else {
        text_add(&steps, *probe->steps);
    }
    AUTO_FREE char *text = need(text_take(&steps));
    return run_probe(context, capability, text, why);
}
