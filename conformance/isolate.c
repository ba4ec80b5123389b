/* SPDX-License-Identifier: MIT */
/* isolate.c - a case from its fixtures to its record; one phase's process is in process.c. */
#include "isolate.h"

#include "clean.h"
#include "ending.h"
#include "process.h"
#include "record.h"

static HRESULT prepare(struct run *run)
{
    static const char *const folders[] = {"state", "tmp", "fixtures"};
    for (size_t i = 0; i < 3; i++) {
        AUTO_FREE char *folder = join(run->scratch, folders[i]);
        TRY(os_make_directories(folder));
    }
    return fixtures_make(run->context->catalog, run->scenario->fixtures, run->scratch,
                         run->fixtures);
}

static void finally_after_death(struct run *run, size_t phase)
{
    if (!json_get(run->scenario->json, "finally"))
        return;
    struct phase_end end = {0};
    run->is_finally_only = true;
    process_phase(run, phase, &end);
    phase_end_clear(&end);
}

/* Judges how a phase ended; true if the case goes on with the next one. */
static bool judge_phase(struct run *run, size_t phase, const struct phase_end *end)
{
    const struct json *scenario = run->scenario->json;
    bool is_crash_wanted = text_equal(scenario_before(scenario, phase + 1), "process-crash") &&
                           phase + 1 < scenario_phase_count(scenario);
    if (end->failure) {
        record_failure(run->record, end->failure);
        return false;
    }
    if (end->is_late) {
        record_death(run->record, "TIMEOUT", scenario, run->scenario->pointer, end,
                     "did not come back in time");
        finally_after_death(run, phase);
        return false;
    }
    if (!end->is_complete && is_crash_wanted && end->is_in_no_return)
        return true;
    if (!end->is_complete || !ending_is_clean(&end->child)) {
        AUTO_FREE char *how =
            ending_text(&end->child, end->is_complete ? "after its work" : "inside the call");
        record_death(run->record, "CRASH", scenario, run->scenario->pointer, end, how);
        if (!end->is_complete)
            finally_after_death(run, phase);
        return false;
    }
    return true;
}

static void run_phases(struct run *run)
{
    const struct json *scenario = run->scenario->json;
    size_t count = scenario_phase_count(scenario);
    for (size_t phase = 0; phase < count; phase++) {
        struct phase_end end = {0};
        if (text_equal(scenario_before(scenario, phase), "reboot"))
            world_reboot(&run->world);
        if (FAILED(process_phase(run, phase, &end))) {
            record_error(run->record, "process", error_last()->text);
            phase_end_clear(&end);
            return;
        }
        bool goes_on = judge_phase(run, phase, &end);
        phase_end_clear(&end);
        if (!goes_on)
            return;
    }
    record_judge_order(run->record, scenario, run->scenario->pointer);
    const char *name = NULL;
    if (fixtures_unchanged(run->fixtures, &name) == S_FALSE) {
        AUTO_FREE char *text = format("the fixture '%s' is not writable, but it was changed", name);
        record_fail(run->record, "FAIL", run->scenario->pointer, scenario, text);
    }
}

struct json *isolate_case(const struct run_context *context, const struct scenario *scenario,
                          size_t number)
{
    uint64_t start = os_now_ms(), ms = 120000;
    json_u64(json_get(scenario->json, "timeoutMs"), &ms);
    AUTO_FREE char *scratch = format("%s/%04zu", context->scratch, number);
    struct run run = {.context = context,
                      .scenario = scenario,
                      .scratch = scratch,
                      .record = record_new(scenario, context->subject),
                      .fixtures = json_hold(json_new_object()),
                      .bindings = json_hold(json_new_object()),
                      .deadline = start + (uint64_t)((double)ms * context->timeout_factor)};
    run.world.scratch = scratch;
    run.world.keeps_out = !text_equal(context->subject->implementation, "fake");
    struct json *skip = subject_skip(context->subject, scenario, context->touches);
    const char *lie = skip ? NULL : subject_lie(context->subject, scenario);
    if (skip)
        record_skip(run.record, skip);
    else if (lie)
        record_lie(run.record, lie, json_text(context->subject->lied, lie));
    else if (FAILED(prepare(&run)))
        record_error(run.record, "fixture", error_last()->text);
    else
        run_phases(&run);
    world_clear(&run.world);
    if (!skip && !lie)
        clean_up(&run);
    json_set_number(run.record, "durationMs", (double)(os_now_ms() - start));
    os_unmount_below(scratch); /* what a library that crashed left mounted */
    bool is_dirty = clean_has_failed(run.record);
    if (!context->keeps_scratch && !is_dirty && os_is_directory(scratch))
        os_remove_tree(scratch, true);
    else if ((context->keeps_scratch || is_dirty) && !skip)
        json_set_string(run.record, "scratch", scratch);
    json_free(run.fixtures);
    json_free(run.bindings);
    return run.record;
}
