/* SPDX-License-Identifier: MIT */
/*
 * child.c - one phase from beginning to end: initialise, arm, run, clean up, look for what is left,
 * shut down. Ends with the observation "end"; whoever does not find it knows that the process died.
 */
#include "child.h"

#include <stdio.h>

#include "expect.h"
#include "invoke.h"
#include "phase.h"
#include "scenario.h"

static bool has_failed(void)
{
    AUTO_LOCK(&the_phase.lock);
    return the_phase.has_failed;
}

/* ---- around the steps ---- */

static bool reboot(void)
{
    if (!json_bool(json_get(the_phase.job, "reboot")))
        return true;
    HRESULT hr = the_phase.library.hooks.DismFakeReboot
                     ? the_phase.library.hooks.DismFakeReboot()
                     : FAIL(E_NOTIMPL, "the library cannot reboot");
    if (SUCCEEDED(hr))
        return true;
    AUTO_FREE char *message = call_message();
    phase_fail("ERROR", the_phase.pointer, NULL, NULL, "reboot: %s",
               message ? message : error_last()->text);
    return false;
}

static void look_for_elevated(void *context, const struct json *step, const char *pointer)
{
    (void)pointer;
    bool *found = context;
    *found = *found || json_get(json_get(step, "world"), "elevated");
}

/* Elevation belongs to a process: every phase starts with it and may take it away. */
static bool elevate(void)
{
    bool is_used = false;
    scenario_each_step(the_phase.scenario, the_phase.pointer, look_for_elevated, &is_used);
    if (!is_used || !the_phase.library.hooks.DismFakeWorld ||
        SUCCEEDED(the_phase.library.hooks.DismFakeWorld("{\"elevated\": true}")))
        return true;
    phase_fail("ERROR", the_phase.pointer, NULL, NULL, "world: the library cannot be elevated");
    return false;
}

static HRESULT initialise_library(const char *what)
{
    AUTO_FREE char *log = join(the_phase.scratch, "dism.log");
    AUTO_FREE char *scratch = join(the_phase.scratch, "tmp");
    AUTO_FREE char16_t *log16 = NULL;
    AUTO_FREE char16_t *scratch16 = NULL;
    path_show(log);
    path_show(scratch);
    TRY(text_to_utf16(log, &log16));
    TRY(text_to_utf16(scratch, &scratch16));
    const arg_word words[] = {DismLogErrorsWarningsInfo, REFLECT_WORD(log16),
                              REFLECT_WORD(scratch16)};
    return call_plain(API_DismInitialize, words, what);
}

static bool initialise(void)
{
    if (!scenario_is_initialised(the_phase.scenario))
        return true;
    HRESULT hr = initialise_library("DismInitialize");
    if (hr == S_OK)
        return true;
    char buffer[16];
    AUTO_FREE char *message = call_message();
    phase_fail("FAIL", "DismInitialize", NULL, NULL,
               "the runner's DismInitialize: wanted S_OK, got %s%s%s",
               reflect_code_name(hr, buffer), message ? ", saying: " : "", message ? message : "");
    return false;
}

static const struct json *phase_faults(size_t part)
{
    bool has_phases = json_get(the_phase.scenario, "phases") != NULL;
    if (part == 0)
        return has_phases && the_phase.index > 0 ? NULL : json_get(the_phase.scenario, "faults");
    return has_phases
               ? scenario_faults(the_phase.scenario, the_phase.pointer, the_phase.index, NULL)
               : NULL;
}

static bool arm_faults(void)
{
    struct json *rules = json_hold(json_new_array());
    bool is_resolved = true;
    for (size_t part = 0; part < 2; part++) {
        const struct json *faults = phase_faults(part);
        for (const struct json *fault = json_first(faults); fault; fault = json_next(fault)) {
            struct json *plain = value_resolve_deep(&the_phase.values, fault);
            is_resolved = is_resolved && plain;
            if (plain)
                json_push(rules, plain);
        }
    }
    bool is_armed = is_resolved;
    if (is_resolved && json_len(rules) > 0) {
        AUTO_FREE char *text = need(json_print(rules));
        is_armed = the_phase.library.hooks.DismFakeLoadFaults &&
                   SUCCEEDED(the_phase.library.hooks.DismFakeLoadFaults(text));
        if (!is_armed) {
            AUTO_FREE char *message = call_message();
            phase_fail("ERROR", the_phase.pointer, NULL, NULL, "the faults cannot be armed: %s",
                       message ? message : "the library gives no reason");
        }
    } else if (!is_resolved) {
        phase_fail("ERROR", the_phase.pointer, NULL, NULL, "%s", error_last()->text);
    }
    json_free(rules);
    return is_armed;
}

static void check_fired(void)
{
    for (size_t part = 0; part < 2; part++) {
        const struct json *faults = phase_faults(part);
        size_t i = 0;
        for (const struct json *fault = json_first(faults); fault; fault = json_next(fault), i++) {
            AUTO_FREE char *at = part == 0 ? format("%s/faults/%zu", the_phase.pointer, i)
                                           : format("%s/phases/%zu/faults/%zu", the_phase.pointer,
                                                    the_phase.index, i);
            const struct json *must = json_get(fault, "mustFire");
            AUTO_FREE char *what = format("fired:%s", json_text(fault, "id"));
            if ((!must || json_bool(must)) && the_phase.library.hooks.DismFakeAwait &&
                the_phase.library.hooks.DismFakeAwait(what, 0) != S_OK)
                phase_fail("ERROR", at, NULL, NULL, "the fault '%s' never fired",
                           json_text(fault, "id"));
        }
    }
}

/* ---- what is left ---- */

static uint64_t allowed_residue(const char *what)
{
    uint64_t count = 0;
    json_u64(json_get(json_get(the_phase.scenario, "residue"), what), &count);
    return count;
}

static void judge_residue(const char *what, uint64_t found)
{
    struct json *line = json_hold(json_new_object());
    json_set_string(line, "what", what);
    json_set_number(line, "found", (double)found);
    observe("residue", line);
    if (found != allowed_residue(what))
        phase_fail("LEAK", the_phase.pointer, NULL, NULL,
                   "%s left at the end: wanted %llu, got %llu", what,
                   (unsigned long long)allowed_residue(what), (unsigned long long)found);
}

/* A real machine may have other mounts than those of the case. */
static UINT count_ours(const DismMountedImageInfo *mounts, UINT count)
{
    UINT ours = 0;
    for (UINT i = 0; i < count; i++) {
        AUTO_FREE char *path = NULL;
        AUTO_FREE char *native = NULL;
        PCWSTR text;
        memcpy(&text, &mounts[i].MountPath, sizeof text);
        if (FAILED(text_from_utf16((const char16_t *)text, &path)))
            die("%s", error_last()->text);
        ours += !path || FAILED(path_native(path, &native)) ||
                path_is_within(native, the_phase.scratch);
    }
    return ours;
}

static void judge_mounts(void)
{
    if (!the_phase.library.exports[API_DismGetMountedImageInfo])
        return;
    bool was_initialised = scenario_is_initialised(the_phase.scenario);
    bool is_ours = !was_initialised && the_phase.library.exports[API_DismInitialize] &&
                   initialise_library("DismInitialize") == S_OK;
    DismMountedImageInfo *mounts = NULL;
    UINT count = 0;
    const arg_word words[] = {REFLECT_WORD(&mounts), REFLECT_WORD(&count)};
    HRESULT hr = call_plain(API_DismGetMountedImageInfo, words, "DismGetMountedImageInfo");
    if (SUCCEEDED(hr)) {
        UINT ours = the_phase.is_guarded ? count_ours(mounts, count) : count;
        if (mounts && !call_delete(mounts))
            the_phase.undeleted++;
        judge_residue("mounts", ours);
    } else {
        AUTO_FREE char *message = call_message();
        if (was_initialised || is_ours)
            phase_fail("FAIL", "DismGetMountedImageInfo", NULL, NULL,
                       "the runner cannot count the mounts: %s", message ? message : "no reason");
    }
    if (is_ours)
        call_plain(API_DismShutdown, NULL, "DismShutdown");
}

static void judge_all_residue(void)
{
    uint64_t allocations = the_phase.library.hooks.DismFakeLiveAllocations
                               ? the_phase.library.hooks.DismFakeLiveAllocations()
                               : the_phase.undeleted;
    judge_residue("allocations", allocations);
    judge_residue("sessions", the_phase.sessions.len);
    judge_mounts();
}

/* Sessions the case leaves open on purpose, or because it failed: closed, so that the end is clean.
 */
static void close_sessions(void)
{
    for (size_t i = 0; i < the_phase.sessions.len; i++) {
        const arg_word words[] = {the_phase.sessions.ptr[i]};
        if (the_phase.library.exports[API_DismCloseSession])
            call_plain(API_DismCloseSession, words, "DismCloseSession");
    }
    the_phase.sessions.len = 0;
}

static void shut_down(bool is_last)
{
    if (!scenario_is_initialised(the_phase.scenario))
        return;
    if (!is_last && !has_failed() && the_phase.sessions.len > 0)
        return; /* the machine or the process goes down with its sessions open */
    close_sessions();
    HRESULT hr = call_plain(API_DismShutdown, NULL, "DismShutdown");
    char buffer[16];
    if (hr != S_OK && !has_failed())
        phase_fail("FAIL", "DismShutdown", NULL, NULL,
                   "the runner's DismShutdown: wanted S_OK, got %s", reflect_code_name(hr, buffer));
}

/* ---- finally ---- */

static bool can_resolve(const struct json *step)
{
    AUTO_LOCK(&the_phase.lock);
    for (const struct json *v = json_first(json_get(step, "with")); v; v = json_next(v)) {
        struct json *plain = value_resolve(&the_phase.values, v);
        if (!plain)
            return false;
        json_free(plain);
    }
    return true;
}

/* Every step has its turn, whatever the one before did; after a failure, steps that need what the
 * case never got are left out. */
static void run_finally(void)
{
    const struct json *steps = json_get(the_phase.scenario, "finally");
    if (!steps)
        return;
    bool had_failed = has_failed();
    size_t i = 0;
    observe("finally", NULL);
    the_phase.is_in_finally = true;
    for (const struct json *step = json_first(steps); step; step = json_next(step), i++) {
        {
            AUTO_LOCK(&the_phase.lock);
            the_phase.is_abandoned = false;
        }
        AUTO_FREE char *at = format("%s/finally/%zu", the_phase.pointer, i);
        if (had_failed && !can_resolve(step))
            continue;
        run_step(step, at, NULL);
    }
}

static void release_world(void)
{
    if (FAILED(world_let_go(NULL)))
        phase_fail("ERROR", the_phase.pointer, NULL, NULL, "releasing world changes: %s",
                   error_last()->text);
}

static void send_bindings(void)
{
    struct json *line = json_hold(json_new_object());
    struct json *values = json_hold(json_new_object());
    for (size_t i = 0; i < the_phase.values.bindings.len; i++)
        json_set(values, the_phase.values.bindings.ptr[i].name,
                 json_copy(the_phase.values.bindings.ptr[i].value));
    json_set(line, "values", values);
    observe("bindings", line);
}

static void run_phase(void)
{
    const struct json *job = the_phase.job;
    bool is_last = json_bool(json_get(job, "isLast"));
    bool is_finally_only = json_bool(json_get(job, "finallyOnly"));
    AUTO_FREE char *at = NULL;
    const struct json *steps =
        scenario_steps(the_phase.scenario, the_phase.pointer, the_phase.index, &at);
    bool is_ready = elevate() && reboot() && initialise();
    if (is_ready && !is_finally_only && arm_faults() && run_steps(steps, at, NULL) == FLOW_ON &&
        !has_failed())
        check_fired();
    if (!is_ready)
        return;
    if (is_last || has_failed()) {
        sync_release_all();
        release_world();
        run_finally();
    }
    if (is_last && !has_failed() && !is_finally_only)
        judge_all_residue();
    shut_down(is_last);
    send_bindings();
}

/* ---- beginning and end of the process ---- */

static void take_job(const struct json *job, const struct json *root)
{
    uint64_t index = 0;
    json_u64(json_get(job, "case"), &index);
    the_phase.job = job;
    the_phase.scenario = json_at(json_get(root, "cases"), index);
    the_phase.pointer = json_text(job, "pointer");
    the_phase.scratch = json_text(job, "scratch");
    the_phase.timeout_factor = json_number(json_get(job, "timeoutFactor"));
    the_phase.is_guarded = touches_parse(json_text(job, "touches"), &the_phase.touches);
    the_phase.values.fixtures = json_get(job, "fixtures");
    the_phase.reads_messages = !scenario_calls(the_phase.scenario, "DismGetLastErrorMessage");
    index = 0;
    json_u64(json_get(job, "phase"), &index);
    the_phase.index = index;
    const struct json *bindings = json_get(job, "bindings");
    for (const struct json *value = json_first(bindings); value; value = json_next(value))
        values_bind(&the_phase.values, json_key(value), json_hold(json_copy(value)), 0);
}

static void phase_clear(void)
{
    events_close();
    values_clear(&the_phase.values);
    for (size_t i = 0; i < the_phase.steps.len; i++) {
        mem_free(the_phase.steps.ptr[i]->id);
        mem_free(the_phase.steps.ptr[i]->label);
        mem_free(the_phase.steps.ptr[i]);
    }
    for (size_t i = 0; i < the_phase.holds.len; i++) {
        mem_free(the_phase.holds.ptr[i]->name);
        mem_free(the_phase.holds.ptr[i]);
    }
    for (size_t i = 0; i < the_phase.signals.len; i++)
        mem_free(the_phase.signals.ptr[i]);
    for (size_t i = 0; i < the_phase.progresses.len; i++)
        mem_free(the_phase.progresses.ptr[i]);
    vec_clear(&the_phase.steps);
    vec_clear(&the_phase.holds);
    vec_clear(&the_phase.signals);
    vec_clear(&the_phase.progresses);
    vec_clear(&the_phase.barriers);
    vec_clear(&the_phase.in_flight);
    vec_clear(&the_phase.sessions);
}

int child_phase(const char *job_path)
{
    AUTO_JSON struct json *job = json_load(job_path);
    if (!job)
        die("%s", error_last()->text);
    AUTO_JSON struct json *root = json_load(json_text(job, "file"));
    if (!root)
        die("%s", error_last()->text);
    if (FAILED(os_open(json_text(job, "observations"), OS_WRITE | OS_CREATE | OS_APPEND,
                       &the_phase.observations)))
        die("%s", error_last()->text);
    take_job(job, root);
    observe("load", NULL);
    if (FAILED(library_open(json_text(job, "library"), &the_phase.library))) {
        phase_fail("ERROR", the_phase.pointer, NULL, NULL, "the library cannot be loaded: %s",
                   error_last()->text);
        observe("end", NULL);
        os_close(the_phase.observations);
        return 0;
    }
    if (the_phase.library.hooks.DismFakeNameThread)
        the_phase.library.hooks.DismFakeNameThread("main");
    watchdog_start();
    run_phase();
    watchdog_stop();
    phase_clear();
    /* The library stays loaded: what it does when the process ends belongs to the judgement. */
    observe("exit", NULL);
    observe("end", NULL);
    os_close(the_phase.observations);
    return 0;
}

int child_describe(const char *path, const char *out_path)
{
    static struct library library; /* stays loaded until the process ends */
    if (FAILED(library_open(path, &library))) {
        fprintf(stderr, "%s\n", error_last()->text);
        return EXIT_INVALID;
    }
    struct json *about = library_describe(&library);
    json_save(out_path, about);
    json_free(about);
    return 0;
}
