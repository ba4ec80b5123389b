/* SPDX-License-Identifier: MIT */
/* call.c - see call.h. */
#include "call.h"

#include <stdio.h>
#include <string.h>

#include "clock.h"
#include "dism_codes.h"
#include "error.h"
#include "journal.h"
#include "library.h"
#include "log.h"
#include "session.h"
#include "settings.h"
#include "text.h"
#include "trace.h"
#include "worker.h"
#include "world.h"

/* ---- names of the thread and its next call ---- */

static _Thread_local char thread_name[64];
static _Thread_local char step_name_next[64], step_name_now[64];

static void copy_name(char *to, const char *name)
{
    snprintf(to, 64, "%s", name ? name : "");
}

void call_name_thread(const char *name)
{
    copy_name(thread_name, name);
}

void call_name_step(const char *name)
{
    copy_name(step_name_next, name);
}

/* ---- the reported error ---- */

/* Apart from error.h's record, which also holds failures that the library itself has dealt with. */
static _Thread_local struct {
    uint64_t epoch;
    struct error error;
} reported;

/* Names of files need not be UTF-8, and a text cut to fit may end within a character. */
static void make_utf8(char *text)
{
    uint32_t code_point;
    for (char *at = text; *at;) {
        size_t len = text_decode(at, &code_point);
        bool is_text = len > 0 && (code_point < 0xD800 || code_point > 0xDFFF);
        for (size_t i = 0; !is_text && i < (len ? len : 1); i++)
            at[i] = '?';
        at += len ? len : 1;
    }
}

void call_report_error(HRESULT hr)
{
    const struct error *last = error_last();
    const char *text = last->hr == hr && last->text[0] ? last->text : reflect_code_text(hr);
    reported.epoch = library_epoch();
    reported.error.hr = hr;
    /* Texts of the real library end in CR LF (DismGetLastErrorMessage.5). */
    if (text)
        snprintf(reported.error.text, sizeof reported.error.text, "%.1000s\r\n", text);
    else
        snprintf(reported.error.text, sizeof reported.error.text, "the call failed with 0x%08X\r\n",
                 (unsigned)hr);
    make_utf8(reported.error.text);
}

const char *call_reported_error(void)
{
    bool is_current = FAILED(reported.error.hr) && reported.epoch == library_epoch();
    return is_current ? reported.error.text : NULL;
}

/* DismGetLastErrorMessage.3: these three leave the thread's message alone. */
static bool sets_last_error(enum api api)
{
    return api != API_DismShutdown && api != API_DismDelete && api != API_DismGetLastErrorMessage;
}

/* ---- arguments ---- */

static struct json *word_json(enum kind kind, arg_word word)
{
    switch (kind) {
    case KIND_WSTR:
    case KIND_WSTR_OPT: {
        AUTO_FREE char *text = NULL;
        if (!word || FAILED(text_from_utf16((const char16_t *)(uintptr_t)word, &text)))
            return json_new_null();
        return json_new_string(text);
    }
    case KIND_CANCEL:
    case KIND_PROGRESS:
    case KIND_USERDATA:
    case KIND_WSTRS:
        return json_new_bool(word != 0);
    case KIND_BOOLEAN:
        return json_new_bool((BOOL)word != 0);
    case KIND_NUMBER64:
    case KIND_OPAQUE_ARG:
        return json_new_number((double)word);
    default:
        return json_new_number((double)(uint32_t)word);
    }
}

static struct json *args_to_json(enum api api, const arg_word *args)
{
    struct json *object = json_new_object();
    const struct reflect_call *row = &reflect_calls[api];
    for (unsigned i = 0; i < row->arg_count; i++)
        if (!reflect_kind_is_out(row->args[i].kind) && row->args[i].kind != KIND_MEMORY)
            json_set(object, row->args[i].name, word_json(row->args[i].kind, args[i]));
    return object;
}

static bool is_required(enum kind kind)
{
    return kind == KIND_WSTR || (reflect_kind_is_out(kind) && kind != KIND_OUT_DRIVER_PACKAGE_OPT);
}

/* Outputs start as nothing, so that a failed call leaves nothing to free. */
static void clear_out(enum kind kind, arg_word word)
{
    void *out = (void *)(uintptr_t)word;
    if (!out || !reflect_kind_is_out(kind))
        return;
    size_t size = kind == KIND_OUT_SESSION || kind == KIND_OUT_COUNT || kind == KIND_OUT_DWORD ||
                          kind == KIND_OUT_HEALTH
                      ? sizeof(uint32_t)
                  : kind == KIND_OUT_NUMBER64 ? sizeof(uint64_t)
                                              : sizeof(void *);
    memset(out, 0, size);
}

static void clear_outs(const struct call *call)
{
    const struct reflect_call *row = &reflect_calls[call->api];
    for (unsigned i = 0; i < row->arg_count; i++)
        clear_out(row->args[i].kind, call->args[i]);
}

/* A list of texts and its length, the argument after it. */
static HRESULT check_list(const struct reflect_arg *args, const arg_word *words)
{
    /* NOLINTNEXTLINE(performance-no-int-to-ptr): the word was a pointer */
    const PCWSTR *texts = (const PCWSTR *)(uintptr_t)words[0];
    UINT count = (UINT)words[1];
    if (count > 0 && !texts)
        return FAIL(E_INVALIDARG, "%s is NULL and %s is %u", args[0].name, args[1].name, count);
    for (UINT i = 0; i < count; i++) {
        if (!texts[i])
            return FAIL(E_INVALIDARG, "%s has a NULL as number %u", args[0].name, i + 1);
    }
    return S_OK;
}

static HRESULT check_args(const struct call *call)
{
    const struct reflect_call *row = &reflect_calls[call->api];
    for (unsigned i = 0; i < row->arg_count; i++) {
        enum kind kind = row->args[i].kind;
        arg_word word = call->args[i];
        if (is_required(kind) && !word)
            return FAIL(E_INVALIDARG, "%s is NULL", row->args[i].name);
        if (kind == KIND_WSTRS)
            TRY(check_list(&row->args[i], &call->args[i]));
        const struct reflect_enum *members =
            reflect_kind_is_out(kind) ? NULL : reflect_kind_enum(kind);
        if (members && !reflect_enum_name_of(members, (int32_t)(uint32_t)word))
            return FAIL(E_INVALIDARG, "%s is %d, which is no value of %s", row->args[i].name,
                        (int)(uint32_t)word, members->name);
    }
    return S_OK;
}

static void bind_op(struct call *call)
{
    const struct reflect_call *row = &reflect_calls[call->api];
    call->op = (struct op){.call = call, .step = STEP_COUNT};
    for (unsigned i = 0; i < row->arg_count; i++) {
        /* NOLINTBEGIN(performance-no-int-to-ptr): the words were pointers */
        switch (row->args[i].kind) {
        case KIND_CANCEL:
            call->op.cancel = (HANDLE)(uintptr_t)call->args[i];
            break;
        case KIND_PROGRESS:
            call->op.progress = (DISM_PROGRESS_CALLBACK)(uintptr_t)call->args[i];
            break;
        case KIND_USERDATA:
            call->op.user = (PVOID)(uintptr_t)call->args[i];
            break;
        default:
            break;
        }
        /* NOLINTEND */
    }
}

static HRESULT bind_session(struct call *call)
{
    const struct reflect_call *row = &reflect_calls[call->api];
    /* Close takes its turn itself: it refuses newcomers before it waits. */
    if (call->api == API_DismCloseSession || row->arg_count == 0 ||
        row->args[0].kind != KIND_SESSION)
        return S_OK;
    TRY(session_acquire((DismSession)call->args[0], &call->session));
    call->op.image = session_image(call->session);
    return world_check_call(call->api, session_target(call->session)->root,
                            session_host_is_gone(call->session));
}

/* ---- record ---- */

static void record_enter(struct call *call)
{
    struct json *entry = json_new_object();
    json_set_string(entry, "call", reflect_calls[call->api].name);
    json_set(entry, "with", json_copy(call->args_json));
    if (*call->thread_name)
        json_set_string(entry, "thread", call->thread_name);
    if (*call->step_name)
        json_set_string(entry, "stepName", call->step_name);
    call->number = journal_add("enter", entry);
    trace(TRACE_CALL, "enter %s", reflect_calls[call->api].name);
}

static void record_leave(const struct call *call, HRESULT hr)
{
    char code[16];
    struct json *entry = json_new_object();
    json_set_string(entry, "call", reflect_calls[call->api].name);
    json_set_string(entry, "hr", reflect_code_name(hr, code));
    json_set_number(entry, "of", (double)call->number);
    if (call->op.ticks)
        json_set_number(entry, "ticks", call->op.ticks);
    journal_add("return", entry);
    trace(TRACE_CALL, "leave %s 0x%08X", reflect_calls[call->api].name, (unsigned)hr);
    if (FAILED(hr))
        log_line(LOG_ERROR, reflect_calls[call->api].name, hr, "%s",
                 error_last()->hr == hr ? error_last()->text : "failed");
    else
        log_line(LOG_INFO, reflect_calls[call->api].name, hr, "done");
}

/* ---- enter and leave ---- */

/* DismDelete and DismGetLastErrorMessage decide themselves what they can do uninitialised. */
static bool needs_library(enum api api)
{
    return api != API_DismInitialize && api != API_DismShutdown && api != API_DismDelete &&
           api != API_DismGetLastErrorMessage;
}

HRESULT call_enter(struct call *call, enum api api, const arg_word *args)
{
    *call = (struct call){.api = api, .args = args, .thread_name = thread_name};
    copy_name(step_name_now, step_name_next);
    copy_name(step_name_next, NULL);
    call->step_name = step_name_now;
    activity_begin(&call->activity, api);
    error_clear();
    /* Bad settings must not hide the message that says what is bad about them. */
    HRESULT refreshed = sets_last_error(api) ? fault_refresh() : (fault_refresh(), S_OK);
    struct error refresh_error = *error_last();
    call->args_json = args_to_json(api, args);
    record_enter(call);
    bind_op(call);
    clear_outs(call);
    if (needs_library(api)) {
        TRY(library_count_in());
        call->is_counted = true;
    }
    if (FAILED(refreshed)) {
        error_restore(&refresh_error);
        return refreshed;
    }
    call->has_floor = true;
    call->plan = floor_take_plan();
    if (call->plan)
        call->floor = *call->plan;
    call->outer_floor = floor_use(&call->floor);
    fault_at(call, STEP_COUNT, 0, &call->fault);
    if (call->fault.returns && !call->fault.after_effect)
        return FAIL(FAILED(call->fault.hr) ? call->fault.hr : E_UNEXPECTED, "rule '%s' fails %s",
                    call->fault.rule, reflect_calls[api].name);
    TRY(check_args(call));
    return bind_session(call);
}

HRESULT call_leave(struct call *call, HRESULT hr)
{
    if (call->has_floor)
        (void)floor_use(call->outer_floor);
    if (call->plan)
        *call->plan = call->floor;
    if (call->fault.returns) {
        bool has_answer = !call->fault.after_effect || SUCCEEDED(hr);
        if (has_answer) {
            hr = call->fault.hr;
            if (call->fault.after_effect)
                (void)FAIL(hr, "rule '%s' reports failure of %s, which has done its work",
                           call->fault.rule, reflect_calls[call->api].name);
        }
    }
    if (call->op.is_half_done)
        hr = call->fault.hr;
    fault_leave(call, hr);
    if (call->session)
        session_release(call->session);
    if (FAILED(hr) && sets_last_error(call->api))
        call_report_error(hr);
    record_leave(call, hr);
    if (call->is_counted)
        library_count_out();
    activity_end(&call->activity);
    json_free(call->args_json);
    return hr;
}

HRESULT call_not_implemented(const struct call *call)
{
    return FAIL(E_NOTIMPL, "%s is not implemented by dismfake yet", reflect_calls[call->api].name);
}
