/* SPDX-License-Identifier: MIT */
/* driver_any.c - see driver_any.h. Goes by the tables of the contract. */
#include "driver_any.h"

#include "client_support.h"

#include "invoke.h"
#include "reflect.h"

#define ARGUMENTS 12
#define TEXTS 16

/* ---- what comes back, as JSON ---- */

static void put_text(PCWSTR text)
{
    static char utf8[65536];
    if (!text) {
        fputs("null", stdout);
        return;
    }
    narrow(text, utf8, sizeof utf8);
    putchar('"');
    for (const char *s = utf8; *s; s++) {
        if (*s == '"' || *s == '\\')
            putchar('\\');
        putchar(*s);
    }
    putchar('"');
}

static uint32_t u32_at(const char *memory)
{
    uint32_t value;
    memcpy(&value, memory, sizeof value);
    return value;
}

static void put_time(const char *memory)
{
    SYSTEMTIME t;
    memcpy(&t, memory, sizeof t);
    printf("\"%04u-%02u-%02uT%02u:%02u:%02u.%03u\"", t.wYear, t.wMonth, t.wDay, t.wHour, t.wMinute,
           t.wSecond, t.wMilliseconds);
}

static void put_records(const struct reflect_struct *record, const char *memory, uint32_t count);

static uint32_t count_at(const struct reflect_struct *record, const char *name, const char *memory)
{
    for (uint32_t i = 0; i < record->field_count; i++)
        if (strcmp(record->fields[i].name, name) == 0)
            return u32_at(memory + record->fields[i].offset);
    return 0;
}

static void put_record(const struct reflect_struct *record, const char *memory);

static void put_pointed(const struct reflect_struct *record, const struct reflect_field *field,
                        const char *memory)
{
    const char *pointer;
    memcpy(&pointer, memory + field->offset, sizeof pointer);
    if (field->kind == FIELD_WSTR)
        put_text((PCWSTR)(const void *)pointer);
    else if (!pointer)
        fputs("null", stdout);
    else if (field->kind == FIELD_RECORDS)
        put_records(field->record, pointer, count_at(record, field->count_field, memory));
    else
        put_record(field->record, pointer);
}

static void put_field(const struct reflect_struct *record, const struct reflect_field *field,
                      const char *memory)
{
    const char *at = memory + field->offset;
    uint64_t wide_number;
    switch (field->kind) {
    case FIELD_UINT:
    case FIELD_BOOL:
    case FIELD_ENUM:
        printf("%u", u32_at(at));
        break;
    case FIELD_UINT64:
        memcpy(&wide_number, at, sizeof wide_number);
        printf("%llu", (unsigned long long)wide_number);
        break;
    case FIELD_TIME:
        put_time(at);
        break;
    case FIELD_BASE:
        put_record(field->record, at);
        break;
    default:
        put_pointed(record, field, memory);
    }
}

static void put_record(const struct reflect_struct *record, const char *memory)
{
    for (uint32_t i = 0; i < record->field_count; i++) {
        printf("%s\"%s\": ", i ? ", " : "{", record->fields[i].name ? record->fields[i].name : "");
        put_field(record, &record->fields[i], memory);
    }
    putchar('}');
}

static void put_records(const struct reflect_struct *record, const char *memory, uint32_t count)
{
    putchar('[');
    for (uint32_t i = 0; i < count; i++) {
        fputs(i ? ", " : "", stdout);
        put_record(record, memory + (size_t)i * record->size);
    }
    putchar(']');
}

/* ---- the call ---- */

struct any {
    const struct reflect_call *call;
    arg_word words[ARGUMENTS];
    uint64_t out[ARGUMENTS]; /* what outputs point to */
    PCWSTR texts[TEXTS];     /* of the lists */
    uint32_t text_count;
};

/* wide() gives its buffers to others soon. */
static PCWSTR keep(uint32_t number, const char *utf8)
{
    static WCHAR kept[TEXTS][2048];
    PCWSTR text = wide(utf8);
    size_t length = 0;
    while (text[length])
        length++;
    memcpy(kept[number], text, (length + 1) * sizeof *text);
    return kept[number];
}

/* "a|b" as a list; the number of its entries is the argument behind it. */
static arg_word take_list(struct any *any, char *word, arg_word *count)
{
    uint32_t first = any->text_count;
    for (char *end = word; end && *word; word = end ? end + 1 : word) {
        end = strchr(word, '|');
        if (end)
            *end = '\0';
        CHECK(any->text_count < TEXTS);
        any->texts[any->text_count] = keep(any->text_count, word);
        any->text_count++;
    }
    *count = any->text_count - first;
    return *count ? REFLECT_WORD(&any->texts[first]) : 0;
}

static void take_arguments(struct any *any, char **word)
{
    for (unsigned i = 0; i < any->call->arg_count; i++) {
        enum kind kind = any->call->args[i].kind;
        if (reflect_kind_is_out(kind))
            any->words[i] = REFLECT_WORD(&any->out[i]);
        else if (kind == KIND_CANCEL || kind == KIND_PROGRESS || kind == KIND_USERDATA)
            any->words[i] = 0;
        else if (kind == KIND_WSTR || kind == KIND_WSTR_OPT)
            any->words[i] = **word ? REFLECT_WORD(wide(*word)) : 0, word++;
        else if (kind == KIND_WSTRS)
            any->words[i] = take_list(any, *word++, &any->words[i + 1]);
        else if (kind != KIND_COUNT)
            any->words[i] = strtoul(*word++, NULL, 0);
    }
}

static void put_out(const struct any *any, unsigned i)
{
    bool is_array = false;
    const struct reflect_struct *record = reflect_kind_record(any->call->args[i].kind, &is_array);
    const char *memory = (const char *)(uintptr_t)any->out[i];
    if (!record)
        printf("%llu", (unsigned long long)any->out[i]);
    else if (!memory)
        fputs("null", stdout);
    else
        put_records(record, memory, is_array ? (uint32_t)any->out[i + 1] : 1);
}

static void give_back(struct any *any)
{
    for (unsigned i = 0; i < any->call->arg_count; i++)
        if (reflect_kind_record(any->call->args[i].kind, NULL))
            (void)DismDelete((void *)(uintptr_t)any->out[i]);
}

/* Declared here as in the table: not all are documented, so not all are in the header. */
#define DISM_CALL(name, ...) HRESULT WINAPI name(FOR_EACH_COMMA(DISM_PARAM, __VA_ARGS__));
#define DISM_CALL0(name) HRESULT WINAPI name(void);
#include "dismapi_calls.h"
#undef DISM_CALL
#undef DISM_CALL0

static void (*const functions[API_COUNT])(void) = {
#define DISM_CALL(name, ...) [API_##name] = (void (*)(void))name,
#define DISM_CALL0(name) [API_##name] = (void (*)(void))name,
#include "dismapi_calls.h"
#undef DISM_CALL
#undef DISM_CALL0
};

bool run_any(char **word)
{
    enum api api = reflect_api_by_name(word[0]);
    if (api == API_COUNT)
        return false;
    static char message[4096];
    struct any any = {.call = &reflect_calls[api]};
    message[0] = '\0';
    take_arguments(&any, word + 1);
    HRESULT hr = invoke(api, functions[api], any.words);
    if (FAILED(hr))
        last_message(message, sizeof message);
    printf("= %08X\t%s", (unsigned)hr, message);
    const char *before = "{";
    for (unsigned i = 0; SUCCEEDED(hr) && i < any.call->arg_count; i++) {
        if (!reflect_kind_is_out(any.call->args[i].kind))
            continue;
        printf("%s\"%s\": ", before, any.call->args[i].name);
        put_out(&any, i);
        before = ", ";
    }
    puts(SUCCEEDED(hr) && *before == ',' ? "}" : "");
    fflush(stdout);
    give_back(&any);
    return true;
}
