/* SPDX-License-Identifier: MIT */
/* check.c - the checks of a whole file and of a whole case; steps and values are in check_*.c. */
#include "check.h"

#include "clauses.h"
#include "scenario.h"

static void define_fixtures(struct checker *c, struct names *names, const struct json *fixtures,
                            const char *pointer)
{
    for (const struct json *fixture = json_first(fixtures); fixture; fixture = json_next(fixture)) {
        AUTO_FREE char *at = format("%s/fixtures/%s", pointer, json_key(fixture));
        if (names != c->file_fixtures &&
            names_find(c->file_fixtures, NAME_FIXTURE, json_key(fixture)))
            finding_at(c->source, at, "the file already has a fixture '%s'", json_key(fixture));
        names_define(names, c->source, NAME_FIXTURE, json_key(fixture), at);
    }
}

static void check_requirements(struct checker *c, const struct json *requires, const char *pointer)
{
    static const char *const known[] = {
        "fault:return",
        "fault:crash",
        "fault:disk-full",
        "fault:alloc",
        "sync:blocked",
        "sync:schedule",
        "world:reboot",
        "world:tamper",
        "world:hold",
        "world:hive",
        "world:volume",
        "world:elevation",
        "world:service",
        "world:scanner",
        "world:other-process",
        "world:version",
        "world:update",
        "world:save-state",
        "journal:calls",
        "clock:virtual",
        "progress:sync",
        "progress:hold",
        "progress:cancel",
        CAPABILITY_DISK,
        NULL,
    };
    size_t i = 0;
    for (const struct json *one = json_first(requires); one; one = json_next(one), i++) {
        AUTO_FREE char *at = format("%s/requires/%zu", pointer, i);
        for (const struct json *name = json_first(json_get(one, "capabilities")); name;
             name = json_next(name)) {
            size_t k = 0;
            while (known[k] && !text_equal(known[k], json_string(name)))
                k++;
            if (!known[k])
                finding_at(c->source, at, "there is no capability '%s'", json_string(name));
        }
        for (const struct json *name = json_first(json_get(one, "exports")); name;
             name = json_next(name)) {
            if (reflect_api_by_name(json_string(name)) == API_COUNT)
                finding_at(c->source, at, "there is no function %s", json_string(name));
        }
    }
}

static void check_order(struct checker *c)
{
    size_t i = 0;
    for (const struct json *rule = json_first(json_get(c->scenario, "order")); rule;
         rule = json_next(rule), i++) {
        AUTO_FREE char *at = format("%s/order/%zu", c->pointer, i);
        static const char *const ends[] = {"before", "after"};
        for (int k = 0; k < 2; k++) {
            const char *edge = json_text(rule, ends[k]);
            AUTO_FREE char *step = need(mem_dup_n(edge, (size_t)(strchr(edge, '.') - edge)));
            names_use(&c->names, c->source, NAME_STEP, step, at);
        }
        for (const struct json *clause = json_first(json_get(rule, "clauses")); clause;
             clause = json_next(clause)) {
            if (!json_array_has(json_get(c->scenario, "clauses"), json_string(clause)))
                finding_at(c->source, at, "clause %s is not in the list of its case",
                           json_string(clause));
        }
    }
}

static void check_unused(struct checker *c)
{
    static const struct {
        enum name_kind kind;
        const char *complaint;
    } rules[] = {
        {NAME_FIXTURE, "is used nowhere"},          {NAME_BINDING, "is read nowhere"},
        {NAME_SIGNAL, "is awaited nowhere"},        {NAME_HOLD, "is released nowhere"},
        {NAME_WORLD_CHANGE, "is released nowhere"}, {NAME_STATE, "is restored nowhere"},
    };
    for (size_t i = 0; i < c->names.list.len; i++) {
        const struct name *name = &c->names.list.ptr[i];
        for (size_t k = 0; k < sizeof rules / sizeof *rules; k++) {
            if (name->kind == rules[k].kind && name->uses == 0)
                finding_at(c->source, name->pointer, "the %s '%s' %s", name_kind_text(name->kind),
                           name->text, rules[k].complaint);
        }
    }
}

static void refuse_unsupported(struct checker *c)
{
    static const char *const keys[] = {"journal", "history", "explore"};
    for (size_t i = 0; i < 3; i++) {
        AUTO_FREE char *at = format("%s/%s", c->pointer, keys[i]);
        if (json_get(c->scenario, keys[i]))
            finding_at(c->source, at, "'%s' is not supported by this runner yet", keys[i]);
    }
}

static void check_disks(struct checker *c)
{
    const struct json *list = json_first(json_get(c->scenario, "disks"));
    const struct json *holders[] = {c->file, c->scenario};
    bool is_image = !list;
    for (size_t i = 0; i < 2 && list; i++) {
        const struct json *fixture = json_get(json_get(holders[i], "fixtures"), json_key(list));
        is_image = is_image || json_get(fixture, "catalog");
    }
    AUTO_FREE char *at = list ? format("%s/disks/%s", c->pointer, json_key(list)) : NULL;
    if (!is_image)
        finding_at(c->source, at, "the case has no fixture '%s' with an image of the catalogue",
                   json_key(list));
}

static void check_clauses_known(struct checker *c)
{
    for (const struct json *clause = json_first(json_get(c->scenario, "clauses")); clause;
         clause = json_next(clause)) {
        AUTO_FREE char *at = format("%s/clauses", c->pointer);
        if (c->clauses && !clauses_find(c->clauses, json_string(clause)))
            finding_at(c->source, at, "clause %s is not in the register", json_string(clause));
    }
}

static void check_case(struct checker *c)
{
    size_t phases = scenario_phase_count(c->scenario);
    AUTO_FREE char *finally_at = format("%s/finally", c->pointer);
    AUTO_FREE char *faults_at = format("%s/faults", c->pointer);
    const struct json *finally = json_get(c->scenario, "finally");
    bool has_phases = json_get(c->scenario, "phases") != NULL;
    refuse_unsupported(c);
    check_requirements(c, json_get(c->scenario, "requires"), c->pointer);
    check_clauses_known(c);
    check_disks(c);
    define_fixtures(c, &c->names, json_get(c->scenario, "fixtures"), c->pointer);
    for (int is_checking = 0; is_checking < 2; is_checking++) {
        for (c->phase = 0; c->phase < phases; c->phase++) {
            AUTO_FREE char *steps_at = NULL;
            AUTO_FREE char *phase_faults_at = NULL;
            const struct json *steps = scenario_steps(c->scenario, c->pointer, c->phase, &steps_at);
            const struct json *faults =
                scenario_faults(c->scenario, c->pointer, c->phase, &phase_faults_at);
            (is_checking ? check_faults : define_fault_names)(c, faults, phase_faults_at);
            if (has_phases && c->phase == 0)
                (is_checking ? check_faults
                             : define_fault_names)(c, json_get(c->scenario, "faults"), faults_at);
            (is_checking ? check_steps : define_step_names)(c, steps, steps_at);
            if (is_checking && c->phase > 0 && !scenario_before(c->scenario, c->phase))
                finding_at(c->source, steps_at, "a later phase needs the key 'before'");
        }
        c->phase = phases - 1;
        (is_checking ? check_steps : define_step_names)(c, finally, finally_at);
    }
    if (has_phases && json_get(json_at(json_get(c->scenario, "phases"), 0), "before"))
        finding_at(c->source, c->pointer, "nothing comes before the first phase");
    check_order(c);
    check_crashes(c);
    check_worlds(c);
    check_unused(c);
}

void check_file(const struct source *source, const struct json *root, const struct clauses *clauses)
{
    struct names file_fixtures = {0};
    struct checker whole = {
        .source = source, .clauses = clauses, .file = root, .file_fixtures = &file_fixtures};
    define_fixtures(&whole, &file_fixtures, json_get(root, "fixtures"), "");
    check_requirements(&whole, json_get(root, "requires"), "");
    size_t index = 0;
    const struct json *cases = json_get(root, "cases");
    for (const struct json *c = json_first(cases); c; c = json_next(c), index++) {
        AUTO_FREE char *pointer = format("/cases/%zu", index);
        struct checker checker = whole;
        checker.scenario = c;
        checker.pointer = pointer;
        check_case(&checker);
        names_clear(&checker.names);
        for (const struct json *other = json_first(cases); other != c; other = json_next(other)) {
            if (text_equal(json_text(other, "id"), json_text(c, "id")))
                finding_at(source, pointer, "the case '%s' stands in this file twice",
                           json_text(c, "id"));
        }
    }
    for (size_t i = 0; i < file_fixtures.list.len; i++) {
        const struct name *name = &file_fixtures.list.ptr[i];
        if (name->uses == 0)
            finding_at(source, name->pointer, "the fixture '%s' is used nowhere", name->text);
    }
    names_clear(&file_fixtures);
}
