/* SPDX-License-Identifier: MIT */
/* frame.c - see frame.h. */
#include "frame.h"

#include "invoke.h"
#include "scenario.h"

void frame_clear(struct frame *frame)
{
    for (size_t i = 0; i < MAX_ARGUMENTS; i++) {
        mem_free(frame->texts[i]);
        for (size_t k = 0; k < frame->array_lens[i]; k++)
            mem_free((void *)(uintptr_t)frame->arrays[i][k]);
        mem_free(frame->arrays[i]);
    }
    json_free(frame->arguments);
    json_free(frame->out);
}

/* ---- arguments ---- */

static HRESULT put_text(const struct json *plain, char16_t **text)
{
    if (json_is(plain, JSON_NULL))
        return S_OK;
    return text_to_utf16(json_string(plain) ? json_string(plain) : "", text);
}

static HRESULT put_array(struct frame *frame, unsigned i, const struct json *plain)
{
    if (!json_is(plain, JSON_ARRAY))
        return S_OK;
    size_t len = json_len(plain);
    frame->arrays[i] = need(mem_array(len + 1, sizeof *frame->arrays[i]));
    frame->array_lens[i] = len;
    for (size_t k = 0; k < len; k++) {
        char16_t *text = NULL;
        TRY(put_text(json_at(plain, k), &text));
        frame->arrays[i][k] = (PCWSTR)text;
    }
    return S_OK;
}

static arg_word number_word(enum kind kind, const struct json *plain)
{
    if (json_is(plain, JSON_BOOL))
        return json_bool(plain);
    double number = json_number(plain);
    if (number < 0)
        return (uint32_t)(int32_t)number;
    bool is_wide = kind == KIND_NUMBER64 || kind == KIND_OPAQUE_ARG || kind == KIND_CANCEL ||
                   kind == KIND_USERDATA || kind == KIND_MEMORY;
    return is_wide ? (arg_word)number : (uint32_t)number;
}

static HRESULT put_argument(struct frame *frame, unsigned i, const struct json *value,
                            const struct json *plain)
{
    enum kind kind = frame->call->args[i].kind;
    switch (kind) {
    case KIND_WSTR:
    case KIND_WSTR_OPT:
        TRY(put_text(plain, &frame->texts[i]));
        frame->words[i] = REFLECT_WORD(frame->texts[i]);
        return S_OK;
    case KIND_WSTRS:
        TRY(put_array(frame, i, plain));
        frame->words[i] = REFLECT_WORD(frame->arrays[i]);
        return S_OK;
    case KIND_CANCEL:
        frame->words[i] = json_get(value, "$event")
                              ? REFLECT_WORD(event_of(json_text(value, "$event")))
                              : number_word(kind, plain);
        return S_OK;
    case KIND_PROGRESS:
        if (json_get(value, "$progress")) {
            frame->progress = progress_new(json_get(value, "$progress"));
            frame->words[i] = REFLECT_WORD(progress_callback);
        }
        return S_OK;
    case KIND_MEMORY:
        if (json_get(value, "$ref")) {
            AUTO_LOCK(&the_phase.lock);
            frame->words[i] = values_binding(&the_phase.values, json_text(value, "$ref"))->word;
            return S_OK;
        }
        frame->words[i] = number_word(kind, plain);
        return S_OK;
    default:
        frame->words[i] = number_word(kind, plain);
        return S_OK;
    }
}

static struct json *resolve_argument(const struct json *value)
{
    AUTO_LOCK(&the_phase.lock);
    return value_resolve(&the_phase.values, value);
}

/* What is not given: NULL, the length of the array before, the progress record, an out variable. */
static void put_defaults(struct frame *frame)
{
    const struct json *with = json_get(frame->step, "with");
    for (unsigned i = 0; i < frame->call->arg_count; i++) {
        const struct reflect_arg *arg = &frame->call->args[i];
        if (arg->kind == KIND_USERDATA && frame->progress) {
            if (json_get(with, arg->name))
                frame->progress->user_data = frame->words[i];
            else
                frame->words[i] = frame->progress->user_data;
        }
        if (json_get(with, arg->name))
            continue;
        if (reflect_kind_is_out(arg->kind))
            frame->words[i] = REFLECT_WORD(&frame->slots[i]);
        if (arg->kind == KIND_COUNT && i > 0)
            frame->words[i] = frame->array_lens[i - 1];
    }
}

HRESULT frame_put_arguments(struct frame *frame)
{
    const struct json *with = json_get(frame->step, "with");
    frame->arguments = json_hold(json_new_object());
    for (unsigned i = 0; i < frame->call->arg_count; i++) {
        const struct reflect_arg *arg = &frame->call->args[i];
        const struct json *value = json_get(with, arg->name);
        if (!value)
            continue;
        struct json *plain = resolve_argument(value);
        if (!plain)
            return E_INVALIDARG;
        json_set(frame->arguments, arg->name, plain);
        TRY(put_argument(frame, i, value, plain));
    }
    put_defaults(frame);
    return S_OK;
}

/* ---- results ---- */

static uint32_t count_behind(const struct frame *frame, unsigned i)
{
    for (unsigned k = i + 1; k < frame->call->arg_count; k++) {
        if (frame->call->args[k].kind == KIND_OUT_COUNT)
            return frame->words[k] ? (uint32_t)frame->slots[k] : 0;
    }
    return 0;
}

static struct json *read_pointer(const struct frame *frame, unsigned i, HRESULT hr)
{
    bool is_array;
    const struct reflect_struct *record = reflect_kind_record(frame->call->args[i].kind, &is_array);
    const void *memory = (const void *)(uintptr_t)frame->slots[i];
    if (!memory)
        return json_hold(json_new_null());
    if (FAILED(hr)) { /* whatever a failing call leaves there is not followed */
        struct json *text = json_hold(json_new_object());
        json_put_text(text, "pointer", format("0x%llx", (unsigned long long)frame->slots[i]));
        return text;
    }
    return is_array ? result_records(record, memory, count_behind(frame, i))
                    : result_record(record, memory);
}

void frame_read_results(struct frame *frame, HRESULT hr)
{
    frame->out = json_hold(json_new_object());
    for (unsigned i = 0; i < frame->call->arg_count; i++) {
        const struct reflect_arg *arg = &frame->call->args[i];
        if (!reflect_kind_is_out(arg->kind) || !frame->words[i])
            continue;
        struct json *value;
        if (reflect_kind_record(arg->kind, NULL))
            value = read_pointer(frame, i, hr);
        else if (arg->kind == KIND_OUT_HEALTH)
            value = result_enum(reflect_kind_enum(arg->kind), (int32_t)frame->slots[i]);
        else if (arg->kind == KIND_OUT_NUMBER64)
            value = json_hold(json_new_number((double)frame->slots[i]));
        else
            value = json_hold(json_new_number((uint32_t)frame->slots[i]));
        json_set(frame->out, arg->name, value);
    }
}

bool call_delete(const void *memory)
{
    void (*function)(void) = the_phase.library.exports[API_DismDelete];
    const arg_word words[] = {REFLECT_WORD(memory)};
    return function && SUCCEEDED(invoke(API_DismDelete, function, words));
}

void frame_free_results(struct frame *frame, HRESULT hr)
{
    for (unsigned i = 0; SUCCEEDED(hr) && i < frame->call->arg_count; i++) {
        if (!reflect_kind_record(frame->call->args[i].kind, NULL) || !frame->slots[i] ||
            frame->keeps_result[i])
            continue;
        if (!call_delete((const void *)(uintptr_t)frame->slots[i])) {
            AUTO_LOCK(&the_phase.lock);
            the_phase.undeleted++;
        }
    }
}

char *call_message(void)
{
    void (*function)(void) = the_phase.library.exports[API_DismGetLastErrorMessage];
    DismString *message = NULL;
    const arg_word words[] = {REFLECT_WORD(&message)};
    if (!function || FAILED(invoke(API_DismGetLastErrorMessage, function, words)) || !message)
        return NULL;
    PCWSTR value;
    memcpy(&value, &message->Value, sizeof value);
    char *text = NULL;
    if (FAILED(text_from_utf16((const char16_t *)value, &text)))
        text = NULL;
    if (!call_delete(message)) {
        AUTO_LOCK(&the_phase.lock);
        the_phase.undeleted++;
    }
    return text;
}

void frame_count_sessions(const struct frame *frame, HRESULT hr)
{
    AUTO_LOCK(&the_phase.lock);
    if (frame->api == API_DismOpenSession && SUCCEEDED(hr)) {
        uint32_t *session = need(vec_push(&the_phase.sessions));
        *session = (uint32_t)frame->slots[3];
    }
    if (frame->api == API_DismCloseSession && SUCCEEDED(hr)) {
        uint32_t closed = (uint32_t)frame->words[0];
        the_phase.values.last_closed = closed;
        for (size_t i = 0; i < the_phase.sessions.len; i++) {
            if (the_phase.sessions.ptr[i] == closed) {
                vec_remove(&the_phase.sessions, i);
                break;
            }
        }
    }
}

/* ---- binding ---- */

static const struct json *walk(const struct json *value, const char *path)
{
    while (value && *path == '/') {
        size_t len = strcspn(path + 1, "/");
        AUTO_FREE char *part = need(mem_dup_n(path + 1, len));
        unsigned long long index;
        if (json_is(value, JSON_ARRAY))
            value = text_to_u64(part, &index) ? json_at(value, (size_t)index) : NULL;
        else
            value = json_get(value, part);
        path += 1 + len;
    }
    return value;
}

static unsigned argument_of_path(const struct frame *frame, const char *path)
{
    for (unsigned i = 0; i < frame->call->arg_count; i++) {
        if (text_starts(path, "/out/") && text_equal(path + 5, frame->call->args[i].name))
            return i;
    }
    return MAX_ARGUMENTS;
}

struct delete_search {
    const char *binding;
    bool found;
};

static void look_for_delete(void *context, const struct json *step, const char *pointer)
{
    (void)pointer;
    struct delete_search *search = context;
    const struct json *structure = json_get(json_get(step, "with"), "DismStructure");
    if (text_equal(json_text(structure, "$ref"), search->binding))
        search->found = true;
}

/* Results that the case itself gives to DismDelete are its own to free. */
static bool is_deleted_by_case(const char *binding)
{
    struct delete_search search = {.binding = binding};
    scenario_each_step(the_phase.scenario, the_phase.pointer, look_for_delete, &search);
    return search.found;
}

void frame_note_kept(struct frame *frame)
{
    const struct json *binds = json_get(frame->step, "bind");
    for (const struct json *bind = json_first(binds); bind; bind = json_next(bind)) {
        unsigned i = argument_of_path(frame, json_string(bind));
        if (i < MAX_ARGUMENTS)
            frame->keeps_result[i] = frame->keeps_result[i] || is_deleted_by_case(json_key(bind));
    }
}

bool frame_bind(struct frame *frame)
{
    const struct json *binds = json_get(frame->step, "bind");
    for (const struct json *bind = json_first(binds); bind; bind = json_next(bind)) {
        const char *path = json_string(bind);
        const struct json *value = walk(frame->out, path + strlen("/out"));
        unsigned i = argument_of_path(frame, path);
        if (!value) {
            phase_fail("FAIL", frame->pointer, frame->step, NULL,
                       "bind '%s': there is nothing at %s", json_key(bind), path);
            return false;
        }
        AUTO_LOCK(&the_phase.lock);
        values_bind(&the_phase.values, json_key(bind), json_hold(json_copy(value)),
                    i < MAX_ARGUMENTS ? frame->slots[i] : 0);
    }
    return true;
}
