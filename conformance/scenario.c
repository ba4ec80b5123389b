/* SPDX-License-Identifier: MIT */
/* scenario.c - finds, reads and takes apart scenario files; the checks are in schema.c and check.c.
 */
#include "scenario.h"

#include <stdio.h>

#include "check.h"
#include "schema.h"

static bool grammar_is_ours(const struct source *source, const struct json *root, unsigned *minor)
{
    const char *grammar = json_text(root, "grammar");
    unsigned major = 0;
    char rest = 0;
    if (!grammar || sscanf(grammar, "%u.%u%c", &major, minor, &rest) != 2) {
        *minor = GRAMMAR_MINOR; /* the schema says what is wrong with it */
        return true;
    }
    if (major == GRAMMAR_MAJOR && *minor <= GRAMMAR_MINOR)
        return true;
    finding_at(source, "/grammar", "grammar %s is not supported: this runner knows %d.0 to %d.%d",
               grammar, GRAMMAR_MAJOR, GRAMMAR_MAJOR, GRAMMAR_MINOR);
    return false;
}

static void merge(struct json *into, const struct json *fixtures)
{
    for (const struct json *one = json_first(fixtures); one; one = json_next(one))
        json_set(into, json_key(one), json_hold(json_copy(one)));
}

static struct scenario *add_case(struct suite *suite, const struct scenario_file *file,
                                 const struct json *json, size_t index)
{
    struct scenario *scenario = need(vec_push(&suite->cases));
    *scenario = (struct scenario){.file = file, .json = json, .index = index};
    scenario->pointer = format("/cases/%zu", index);
    scenario->name = format("%s/%s", json_text(file->root, "suite"), json_text(json, "id"));
    scenario->fixtures = json_hold(json_new_object());
    merge(scenario->fixtures, json_get(file->root, "fixtures"));
    merge(scenario->fixtures, json_get(json, "fixtures"));
    return scenario;
}

/* Every alternative of what the case asks for asks for this too. */
static void require_disks(struct json *scenario)
{
    const struct json *old = json_get(scenario, "requires");
    struct json *alternatives = json_hold(json_new_array());
    size_t count = old ? json_len(old) : 1;
    for (size_t i = 0; i < count; i++) {
        struct json *one = json_hold(old ? json_copy(json_at(old, i)) : json_new_object());
        const struct json *known = json_get(one, "capabilities");
        struct json *all = json_hold(known ? json_copy(known) : json_new_array());
        if (!json_array_has(all, CAPABILITY_DISK))
            json_push(all, json_new_string(CAPABILITY_DISK));
        json_set(one, "capabilities", all);
        json_push(alternatives, one);
    }
    json_set(scenario, "requires", alternatives);
}

/* The case once more for each of its disks, which then is in the place of the image. */
static void add_disks(struct suite *suite, const struct scenario_file *file,
                      const struct json *json, size_t index)
{
    const struct json *list = json_first(json_get(json, "disks"));
    for (const struct json *disk = json_first(list); disk; disk = json_next(disk)) {
        const char *reference = json_string(disk);
        struct json *copy = json_hold(json_copy(json));
        json_remove(copy, "disks");
        json_put_text(
            copy, "id",
            format("%s@%.*s", json_text(json, "id"), (int)strcspn(reference, "@"), reference));
        require_disks(copy);
        struct scenario *scenario = add_case(suite, file, copy, index);
        scenario->copy = copy;
        scenario->disk = reference;
        struct json *image = json_hold(json_copy(json_get(scenario->fixtures, json_key(list))));
        json_set_string(image, "catalog", reference);
        json_set(scenario->fixtures, json_key(list), image);
    }
}

static void load_file(struct suite *suite, const char *path, const struct clauses *clauses)
{
    struct scenario_file *file = need(mem_alloc(sizeof *file));
    struct scenario_file **slot = need(vec_push(&suite->files));
    *slot = file;
    file->path = dup_text(path);
    file->is_refused = true;
    struct source source = {.path = file->path, .findings = &suite->findings};
    if (FAILED(os_read_file(path, &file->text, &file->len))) {
        finding_unreadable(&source);
        return;
    }
    if (FAILED(json_parse(file->text, file->len, &file->root))) {
        finding_unreadable(&source);
        return;
    }
    source.text = file->text;
    source.len = file->len;
    size_t before = suite->findings.list.len;
    unsigned minor;
    if (!grammar_is_ours(&source, file->root, &minor) ||
        schema_check(&source, file->root, minor) > 0)
        return;
    check_file(&source, file->root, clauses);
    if (suite->findings.list.len > before)
        return;
    file->is_refused = false;
    size_t index = 0;
    const struct json *cases = json_get(file->root, "cases");
    for (const struct json *c = json_first(cases); c; c = json_next(c), index++) {
        add_case(suite, file, c, index);
        add_disks(suite, file, c, index);
    }
}

void suite_load(struct suite *suite, const char *path, const struct clauses *clauses)
{
    if (!os_is_directory(path)) {
        load_file(suite, path, clauses);
        return;
    }
    AUTO_NAMES struct os_names names = {0};
    if (FAILED(os_list(path, &names))) {
        struct source source = {.path = path, .findings = &suite->findings};
        finding_unreadable(&source);
        return;
    }
    for (size_t i = 0; i < names.len; i++) {
        AUTO_FREE char *child = join(path, names.ptr[i]);
        if (os_is_directory(child) ? !text_equal(names.ptr[i], "clauses")
                                   : text_ends(names.ptr[i], ".json"))
            suite_load(suite, child, clauses);
    }
}

void suite_finish(struct suite *suite)
{
    for (size_t i = 0; i < suite->cases.len; i++) {
        struct scenario *a = &suite->cases.ptr[i];
        for (size_t k = 0; k < i; k++) {
            struct scenario *b = &suite->cases.ptr[k];
            if (a->file == b->file || !text_equal(a->name, b->name))
                continue;
            struct source source = {a->file->path, a->file->text, a->file->len, &suite->findings};
            AUTO_FREE char *at = format("%s/id", a->pointer);
            finding_at(&source, at, "the case %s is also in %s", a->name, b->file->path);
        }
    }
}

void suite_clear(struct suite *suite)
{
    for (size_t i = 0; i < suite->cases.len; i++) {
        mem_free(suite->cases.ptr[i].pointer);
        mem_free(suite->cases.ptr[i].name);
        json_free(suite->cases.ptr[i].fixtures);
        json_free(suite->cases.ptr[i].copy);
    }
    for (size_t i = 0; i < suite->files.len; i++) {
        json_free(suite->files.ptr[i]->root);
        mem_free(suite->files.ptr[i]->path);
        mem_free(suite->files.ptr[i]->text);
        mem_free(suite->files.ptr[i]);
    }
    vec_clear(&suite->cases);
    vec_clear(&suite->files);
    findings_clear(&suite->findings);
}

size_t scenario_phase_count(const struct json *scenario)
{
    const struct json *phases = json_get(scenario, "phases");
    return phases ? json_len(phases) : 1;
}

static const struct json *phase_part(const struct json *scenario, const char *pointer, size_t index,
                                     const char *part, char **part_pointer)
{
    const struct json *phases = json_get(scenario, "phases");
    if (part_pointer)
        *part_pointer = phases ? format("%s/phases/%zu/%s", pointer, index, part)
                               : format("%s/%s", pointer, part);
    return json_get(phases ? json_at(phases, index) : scenario, part);
}

const struct json *scenario_steps(const struct json *scenario, const char *pointer, size_t index,
                                  char **steps_pointer)
{
    return phase_part(scenario, pointer, index, "steps", steps_pointer);
}

const struct json *scenario_faults(const struct json *scenario, const char *pointer, size_t index,
                                   char **faults_pointer)
{
    return phase_part(scenario, pointer, index, "faults", faults_pointer);
}

const char *scenario_before(const struct json *scenario, size_t index)
{
    return index ? json_text(json_at(json_get(scenario, "phases"), index), "before") : NULL;
}

const char *scenario_status(const struct json *scenario)
{
    const char *status = json_text(scenario, "status");
    return status ? status : "staging";
}

bool scenario_is_initialised(const struct json *scenario)
{
    return !text_equal(json_text(scenario, "library"), "untouched");
}

static void each_step(const struct json *steps, const char *pointer,
                      void (*each)(void *, const struct json *, const char *), void *context)
{
    size_t i = 0;
    for (const struct json *step = json_first(steps); step; step = json_next(step), i++) {
        AUTO_FREE char *at = need(json_pointer_index(pointer, i));
        each(context, step, at);
        const struct json *lanes = json_get(step, "parallel");
        for (const struct json *lane = json_first(lanes); lane; lane = json_next(lane)) {
            AUTO_FREE char *lane_at = format("%s/parallel/%s", at, json_key(lane));
            each_step(lane, lane_at, each, context);
        }
    }
}

void scenario_each_step(const struct json *scenario, const char *pointer,
                        void (*each)(void *, const struct json *, const char *), void *context)
{
    for (size_t i = 0; i < scenario_phase_count(scenario); i++) {
        AUTO_FREE char *at = NULL;
        const struct json *steps = scenario_steps(scenario, pointer, i, &at);
        each_step(steps, at, each, context);
    }
    AUTO_FREE char *at = format("%s/finally", pointer);
    each_step(json_get(scenario, "finally"), at, each, context);
}

struct call_search {
    const char *api;
    bool found;
};

static void look_for_call(void *context, const struct json *step, const char *pointer)
{
    (void)pointer;
    struct call_search *search = context;
    search->found = search->found || text_equal(json_text(step, "call"), search->api);
}

bool scenario_calls(const struct json *scenario, const char *api)
{
    struct call_search search = {.api = api};
    scenario_each_step(scenario, "", look_for_call, &search);
    return search.found;
}
