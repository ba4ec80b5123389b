/* SPDX-License-Identifier: MIT */
/*
 * verb_run.c - runs the selected cases, several at a time where the library allows it, and reports
 * them in the order of the files.
 */
#include <stdio.h>

#include "clean.h"
#include "context.h"
#include "probe.h"
#include "record.h"
#include "report.h"
#include "verbs.h"

struct pool {
    const struct run_context *context;
    struct report *report;
    VEC(const struct scenario *) queue;
    struct os_mutex lock;
    struct os_cond moved;
    size_t next;       /* of the queue; those before it have been begun */
    const char *dirty; /* the case that left a mount which cannot be ended: no other one is begun */
    unsigned workers;  /* that have not come to its end */
};

#define LOOK_AGAIN_MS 100

/* Needs the lock. Names the case that was begun first. */
static void show_progress(struct pool *pool)
{
    const char *now = NULL;
    size_t running = 0;
    for (size_t i = 0; i < pool->next; i++) {
        if (pool->report->records.ptr[i])
            continue;
        now = running++ ? now : pool->queue.ptr[i]->name;
    }
    report_progress(pool->report, now, running ? running - 1 : 0);
}

static struct json *skip_after(const struct pool *pool, const struct scenario *scenario,
                               const char *dirty)
{
    struct json *record = record_new(scenario, pool->context->subject);
    struct json *why = json_hold(json_new_object());
    json_set_string(why, "kind", "the machine was left dirty");
    json_set(why, "missing", json_new_array());
    json_push((struct json *)(uintptr_t)json_get(why, "missing"), json_new_string(dirty));
    record_skip(record, why);
    return record;
}

static void work(void *argument)
{
    struct pool *pool = argument;
    for (;;) {
        size_t i;
        const char *dirty;
        {
            AUTO_LOCK(&pool->lock);
            i = pool->next;
            if (i >= pool->queue.len) {
                pool->workers--;
                os_cond_broadcast(&pool->moved);
                return;
            }
            dirty = pool->dirty;
            pool->next++;
        }
        struct json *record = dirty ? skip_after(pool, pool->queue.ptr[i], dirty)
                                    : isolate_case(pool->context, pool->queue.ptr[i], i + 1);
        AUTO_LOCK(&pool->lock);
        if (clean_has_failed(record) && !pool->dirty)
            pool->dirty = pool->queue.ptr[i]->name;
        pool->report->records.ptr[i] = record;
        report_case(pool->report, record);
        show_progress(pool);
    }
}

static void run_pool(struct pool *pool, unsigned jobs)
{
    size_t count = pool->queue.len;
    for (size_t i = 0; i < count; i++)
        *(struct json **)need(vec_push(&pool->report->records)) = NULL;
    pool->workers = jobs;
    AUTO_FREE struct os_thread **threads = need(mem_array(jobs, sizeof *threads));
    for (unsigned i = 0; i < jobs; i++) {
        if (FAILED(os_thread_start(work, pool, &threads[i])))
            die("%s", error_last()->text);
    }
    {
        AUTO_LOCK(&pool->lock);
        while (pool->workers > 0) {
            (void)os_cond_wait_until(&pool->moved, &pool->lock, os_now_ms() + LOOK_AGAIN_MS);
            show_progress(pool);
        }
    }
    for (unsigned i = 0; i < jobs; i++)
        os_thread_join(threads[i]);
}

/* A file that was refused is an error of the run. */
static void report_refused(struct report *report, const struct suite *suite)
{
    for (size_t i = 0; i < suite->findings.list.len; i++) {
        const char *file = suite->findings.list.ptr[i].file;
        struct json *record = NULL;
        for (size_t k = 0; k < report->records.len; k++) {
            if (text_equal(json_text(report->records.ptr[k], "case"), file))
                record = report->records.ptr[k];
        }
        AUTO_FREE char *line = finding_line(&suite->findings.list.ptr[i]);
        if (!record) {
            record = json_hold(json_new_object());
            json_set_string(record, "type", "case");
            json_set_string(record, "case", file);
            json_set_string(record, "file", file);
            json_set_number(record, "line", suite->findings.list.ptr[i].line);
            json_set_string(record, "pointer", suite->findings.list.ptr[i].pointer);
            json_set_string(record, "caseStatus", "refused");
            json_set(record, "findings", json_new_array());
            record_error(record, "load", "the scenario file is refused");
            *(struct json **)need(vec_push(&report->records)) = record;
        }
        json_push((struct json *)(uintptr_t)json_get(record, "findings"), json_new_string(line));
    }
    for (size_t i = 0; i < report->records.len; i++) {
        if (text_equal(json_text(report->records.ptr[i], "caseStatus"), "refused"))
            report_case(report, report->records.ptr[i]);
    }
}

static struct json *read_must_run(const char *path)
{
    AUTO_FREE char *text = NULL;
    size_t size;
    if (FAILED(os_read_file(path, &text, &size)))
        die("%s", error_last()->text);
    struct json *names = json_hold(json_new_array());
    for (char *line = text; *line;) {
        size_t len = strcspn(line, "\r\n");
        AUTO_FREE char *name = need(mem_dup_n(line, len));
        if (*name && *name != '#')
            json_push(names, json_new_string(name));
        line += len;
        line += strspn(line, "\r\n");
    }
    return names;
}

/* Claims that a selected case relies on are tried first. */
static void try_claims(const struct run_context *context, struct subject *subject,
                       const struct pool *pool)
{
    const struct json *claims = subject->capabilities;
    for (const struct json *claim = json_first(claims); claim; claim = json_next(claim)) {
        const char *name = json_string(claim);
        bool is_needed = false;
        for (size_t i = 0; name && i < pool->queue.len; i++)
            is_needed = is_needed || subject_needs(pool->queue.ptr[i], name);
        AUTO_FREE char *why = NULL;
        if (is_needed && probe_capability(context, name, &why) == PROBE_LIED)
            json_set_string(subject->lied, name, why);
    }
}

static unsigned choose_jobs(const struct options *options, const struct subject *subject,
                            size_t cases)
{
    unsigned jobs = options->jobs;
    if (!jobs)
        jobs = text_equal(subject->implementation, "fake") ? os_processor_count() : 1;
    if (jobs > cases)
        jobs = (unsigned)cases;
    return jobs ? jobs : 1;
}

static int exit_of(enum verdict verdict)
{
    static const int codes[] = {EXIT_CONFORMANT, EXIT_NONCONFORMANT, EXIT_INCOMPLETE, EXIT_INVALID};
    return codes[verdict];
}

/* Before the run: results of an earlier one must not be taken for this one's, and a file that
 * cannot be written is better known before the work than after it. */
static bool outputs_are_writable(const struct options *options)
{
    const char *const files[] = {options->json, options->tap, options->junit};
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        if (files[i] && FAILED(report_save(files[i], "", 0))) {
            fprintf(stderr, "dismconform: %s: %s\n", files[i], error_last()->text);
            return false;
        }
    }
    return true;
}

static int no_run(void)
{
    printf("INVALID: 0 passed, 0 failed, 0 skipped\n");
    return EXIT_INVALID;
}

int verb_run(const struct options *options)
{
    struct suite suite = {0};
    struct clauses *clauses;
    struct subject subject;
    struct catalog catalog;
    struct run_context context;
    struct report report = {0};
    struct pool pool = {.context = &context, .report = &report};
    if (!outputs_are_writable(options))
        return no_run();
    int refused = context_find(&subject, options->library);
    if (!refused)
        refused = context_load(&subject, options);
    if (refused)
        return refused == EXIT_INVALID ? no_run() : refused;
    report.must_run = options->must_run ? read_must_run(options->must_run) : NULL;
    verb_load(options, 0, &suite, &clauses);
    for (size_t i = 0; i < suite.cases.len; i++) {
        const struct scenario *scenario = &suite.cases.ptr[i];
        if (verb_selects(options, scenario) &&
            !text_equal(scenario_status(scenario->json), "retired"))
            *(const struct scenario **)need(vec_push(&pool.queue)) = scenario;
    }
    context_open(&context, options, &subject, &catalog);
    report_init(&report, options->colour, (unsigned)(options->progress_seconds * 1000));
    report.head = context_head(&subject, options, "run");
    report.gates_all = options->gates_all;
    report.total = pool.queue.len;
    try_claims(&context, &subject, &pool);
    run_pool(&pool, choose_jobs(options, &subject, pool.queue.len));
    report_refused(&report, &suite);
    if (report.records.len == 0)
        fprintf(stderr, "dismconform: %s\n",
                suite.files.len ? "no case is selected" : "there is no scenario file");
    enum verdict verdict = report_finish(&report);
    if (options->json)
        report_write_json(&report, options->json);
    if (options->tap)
        report_write_tap(&report, options->tap);
    if (options->junit)
        report_write_junit(&report, options->junit);
    context.keeps_scratch = context.keeps_scratch || pool.dirty;
    vec_clear(&pool.queue);
    report_clear(&report);
    context_close(&context, &catalog);
    subject_close(&subject);
    suite_clear(&suite);
    clauses_free(clauses);
    return exit_of(verdict);
}
