/* SPDX-License-Identifier: MIT */
/* process.c - the parent's side of one phase. */
#include "process.h"

#include "channel.h"
#include "record.h"

enum { GRACE_MS = 2000, SLICE_MS = 200, OUTPUT_LIMIT = 8192 };

/* ---- the job ---- */

static void list_change(void *context, const struct json *step, const char *pointer)
{
    (void)pointer;
    const char *name = json_text(json_get(step, "world"), "as");
    if (name)
        json_push(context, json_new_string(name));
}

static bool has_faults(const struct json *scenario)
{
    bool found = json_get(scenario, "faults") != NULL;
    const struct json *phases = json_get(scenario, "phases");
    for (const struct json *phase = json_first(phases); phase; phase = json_next(phase))
        found = found || json_get(phase, "faults");
    return found;
}

static struct json *make_job(const struct run *run, size_t phase, const char *observations)
{
    const struct scenario *scenario = run->scenario;
    struct json *job = json_hold(json_new_object());
    struct json *changes = json_hold(json_new_array());
    bool is_last = phase + 1 == scenario_phase_count(scenario->json);
    scenario_each_step(scenario->json, scenario->pointer, list_change, changes);
    AUTO_FREE char *file = NULL;
    if (FAILED(os_real_path(scenario->file->path, &file)))
        die("%s", error_last()->text);
    json_set_string(job, "file", file);
    json_set_number(job, "case", (double)scenario->index);
    json_set_string(job, "pointer", scenario->pointer);
    json_set_number(job, "phase", (double)phase);
    json_set_string(job, "scratch", run->scratch);
    json_set_string(job, "observations", observations);
    json_set_string(job, "library", run->context->subject->path);
    if (!text_equal(run->context->subject->implementation, "fake"))
        json_set_string(job, "touches", run->context->touches);
    json_set_number(job, "timeoutFactor", run->context->timeout_factor);
    json_set(job, "fixtures", json_copy(run->fixtures));
    json_set_bool(job, "disk", scenario->disk != NULL);
    json_set(job, "bindings", json_copy(run->bindings));
    json_set(job, "worldChanges", changes);
    if (has_faults(scenario->json))
        json_set_bool(job, "hasFaults", true);
    json_set_bool(job, "isLast", is_last);
    json_set_bool(job, "finallyOnly", run->is_finally_only);
    json_set_bool(job, "reboot",
                  !run->is_finally_only &&
                      text_equal(scenario_before(scenario->json, phase), "reboot"));
    return job;
}

/* ---- listening ---- */

static HRESULT answer(struct run *run, const char *text)
{
    AUTO_JSON struct json *request = NULL;
    TRY(json_parse(text, strlen(text), &request));
    record_world(run->record, request);
    if (json_text(request, "release"))
        return world_release(&run->world, json_text(request, "release"));
    return world_apply(&run->world, request);
}

static void handle_line(struct run *run, struct os_child *child, const char *line,
                        struct text *output)
{
    const char *mark = strstr(line, CHANNEL_MARK);
    if (!mark) {
        if (output->len < OUTPUT_LIMIT)
            text_addf(output, "%s\n", line);
        return;
    }
    AUTO_FREE char *reply = SUCCEEDED(answer(run, mark + strlen(CHANNEL_MARK)))
                                ? dup_text("ok\n")
                                : format("%s\n", error_last()->text);
    for (char *c = reply; *c && c[1]; c++) {
        if (*c == '\n')
            *c = ' ';
    }
    os_child_write(child, reply, strlen(reply));
}

/* Answers requests until the process has ended; false if the deadline came first. */
static bool listen(struct run *run, struct os_child *child, uint64_t deadline,
                   struct os_child_end *end, struct text *output)
{
    bool has_ended = false;
    while (!has_ended && os_now_ms() < deadline) {
        uint64_t slice = os_now_ms() + SLICE_MS;
        char *line = NULL;
        if (os_child_read_line(child, slice < deadline ? slice : deadline, &line) == S_OK) {
            handle_line(run, child, line, output);
            mem_free(line);
            continue;
        }
        has_ended = os_child_wait(child, os_now_ms() + SLICE_MS / 10, end) == S_OK;
    }
    char *line = NULL;
    while (has_ended && os_child_read_line(child, os_now_ms(), &line) == S_OK) {
        handle_line(run, child, line, output);
        mem_free(line);
    }
    return has_ended;
}

/* ---- reading observations ---- */

static bool expects_no_return(const struct json *scenario, const char *case_pointer,
                              const char *pointer);

struct step_search {
    const char *pointer;
    bool is_no_return;
};

static void look_for_step(void *context, const struct json *step, const char *pointer)
{
    struct step_search *search = context;
    if (text_equal(pointer, search->pointer))
        search->is_no_return = text_equal(json_text(step, "expect"), "no-return");
}

static bool expects_no_return(const struct json *scenario, const char *case_pointer,
                              const char *pointer)
{
    struct step_search search = {.pointer = pointer};
    scenario_each_step(scenario, case_pointer, look_for_step, &search);
    return search.is_no_return;
}

struct reader {
    struct run *run;
    size_t phase;
    struct phase_end *end;
    struct json *in_flight; /* pointer -> call */
    double highest;
    bool is_cleaning;
};

static void read_enter(struct reader *reader, struct json *line)
{
    json_set_string(reader->in_flight, json_text(line, "pointer"), json_text(line, "call"));
    record_enter(reader->run->record, line, reader->phase, reader->run->sequence_base);
}

static void read_line(struct reader *reader, struct json *line)
{
    struct phase_end *end = reader->end;
    const char *type = json_text(line, "t"), *pointer = json_text(line, "pointer");
    double sequence = json_number(json_get(line, "seq"));
    if (sequence > reader->highest)
        reader->highest = sequence;
    if (text_equal(type, "enter")) {
        read_enter(reader, line);
    } else if (text_equal(type, "return")) {
        json_remove(reader->in_flight, pointer);
        record_return(reader->run->record, line, reader->phase, reader->run->sequence_base);
    } else if (text_equal(type, "fail") && !end->failure) {
        json_set_bool(line, "inFinally", reader->is_cleaning);
        end->failure = json_hold(json_copy(line));
    } else if (text_equal(type, "timeout")) {
        end->is_late = true;
        end->pointer = dup_text(pointer);
    } else if (text_equal(type, "label")) {
        record_label(reader->run->record, pointer, json_text(line, "label"));
    } else if (text_equal(type, "check")) {
        record_check(reader->run->record, line, reader->phase);
    } else if (text_equal(type, "bindings")) {
        json_free(reader->run->bindings);
        reader->run->bindings = json_hold(json_copy(json_get(line, "values")));
    } else if (text_equal(type, "finally")) {
        reader->is_cleaning = true;
    } else if (text_equal(type, "end")) {
        end->is_complete = true;
    }
    if (text_equal(type, "load") || text_equal(type, "exit") || text_equal(type, "enter")) {
        mem_free(end->stage);
        end->stage = dup_text(text_equal(type, "enter") ? "run" : type);
    }
}

static void settle(struct reader *reader)
{
    struct phase_end *end = reader->end;
    const struct json *flight = reader->in_flight;
    for (const struct json *one = json_first(flight); one; one = json_next(one)) {
        bool is_no_return = expects_no_return(reader->run->scenario->json,
                                              reader->run->scenario->pointer, json_key(one));
        end->is_in_no_return = end->is_in_no_return || is_no_return;
        if (!end->pointer)
            end->pointer = dup_text(json_key(one));
    }
    if (end->pointer)
        end->call = dup_text(json_text(flight, end->pointer));
    reader->run->sequence_base += reader->highest;
}

static void read_observations(struct run *run, size_t phase, const char *path,
                              struct phase_end *end)
{
    AUTO_FREE char *text = NULL;
    size_t size = 0;
    struct reader reader = {
        .run = run, .phase = phase, .end = end, .in_flight = json_hold(json_new_object())};
    if (FAILED(os_read_file(path, &text, &size)))
        text = NULL;
    for (char *at = text; at && *at;) {
        size_t len = strcspn(at, "\n");
        AUTO_JSON struct json *line = NULL;
        if (SUCCEEDED(json_parse(at, len, &line)))
            read_line(&reader, line);
        at += len + (at[len] == '\n');
    }
    settle(&reader);
    json_free(reader.in_flight);
}

/* ---- the phase ---- */

static HRESULT start(const struct run *run, const char *job, const char *errors,
                     struct os_child **child)
{
    AUTO_FREE char *state = format("DISMFAKE_STATE=%s/state", run->scratch);
    AUTO_FREE char *tmpdir = format("TMPDIR=%s/tmp", run->scratch);
    AUTO_FREE char *tmp = format("TMP=%s/tmp", run->scratch);
    AUTO_FREE char *temp = format("TEMP=%s/tmp", run->scratch);
    path_show(tmp); /* for whoever reads them: DISM's own helpers do */
    path_show(temp);
    const char *const environment[] = {state, tmpdir, tmp, temp, NULL};
    const char *const argv[] = {run->context->program, "--phase", job, NULL};
    struct os_child_options options = {.argv = argv,
                                       .environment = environment,
                                       .directory = run->scratch,
                                       .stderr_path = errors,
                                       .pipe_stdin = true,
                                       .pipe_stdout = true};
    return os_child_start(&options, child);
}

HRESULT process_phase(struct run *run, size_t phase, struct phase_end *end)
{
    unsigned number = run->processes++;
    AUTO_FREE char *job_path = format("%s/job-%u.json", run->scratch, number);
    AUTO_FREE char *observations = format("%s/observations-%u.jsonl", run->scratch, number);
    AUTO_FREE char *errors = format("%s/stderr-%u.txt", run->scratch, number);
    struct json *job = make_job(run, phase, observations);
    json_save(job_path, job);
    json_free(job);
    struct os_child *child = NULL;
    TRY(start(run, job_path, errors, &child));
    uint64_t deadline = run->is_finally_only
                            ? os_now_ms() + (uint64_t)(30000 * run->context->timeout_factor)
                            : run->deadline + GRACE_MS;
    struct text output = {0};
    bool has_ended = listen(run, child, deadline, &end->child, &output);
    if (!has_ended) {
        os_child_kill(child);
        end->is_late = true;
    }
    os_child_free(child);
    read_observations(run, phase, observations, end);
    AUTO_FREE char *said = need(text_take(&output));
    record_output(run->record, said, errors);
    return S_OK;
}

void phase_end_clear(struct phase_end *end)
{
    json_free(end->failure);
    mem_free(end->pointer);
    mem_free(end->call);
    mem_free(end->stage);
}
