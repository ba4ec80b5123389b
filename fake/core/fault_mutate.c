/* SPDX-License-Identifier: MIT */
/*
 * fault_mutate.c - see fault_mutate.h. One walk serves both: without memory it checks names and
 * types, with memory it finds the place.
 */
#include "fault_mutate.h"

#include <stdio.h>
#include <string.h>

#include "error.h"
#include "result.h"
#include "text.h"
#include "vec.h"

/* What a pointer leads to, in the order in which places are written: the way to a field leads
 * through pointers and counts. */
enum place_kind {
    PLACE_FIELD,   /* of a record, or an out number: see `field` */
    PLACE_RECORDS, /* a pointer to records inside a record */
    PLACE_COUNT,   /* the length of an array */
    PLACE_RESULT,  /* the out pointer itself */
    PLACE_KINDS
};

struct place {
    enum place_kind kind;
    enum field_kind field;
    const struct reflect_enum *enumeration;
    void *memory; /* NULL while only checking */
    void *block;  /* what the client will give to DismDelete */
};

struct walk {
    const struct reflect_call *row;
    const arg_word *args;
    const char *rest; /* of the pointer */
    const char *whole;
    struct place *out;
};

#define NOT_THERE S_FALSE /* fits the types, but this result has no such place */

/* The next part of the pointer; false at its end. */
static bool next_part(struct walk *w, char part[64])
{
    if (*w->rest != '/')
        return false;
    size_t len = strcspn(++w->rest, "/");
    snprintf(part, 64, "%.*s", (int)(len < 63 ? len : 63), w->rest);
    w->rest += len;
    return true;
}

static HRESULT unknown(const struct walk *w, const char *part, const char *owner)
{
    return FAIL(E_INVALIDARG, "%s: %s has no '%s'", w->whole, owner, part);
}

static HRESULT parse_index(const struct walk *w, const char *part, uint64_t *out)
{
    unsigned long long index;
    if (part[0] < '0' || part[0] > '9' || !text_to_u64(part, &index) || index > 1000000)
        return FAIL(E_INVALIDARG, "%s: expected the number of an element, got '%s'", w->whole,
                    part);
    *out = index;
    return S_OK;
}

static HRESULT walk_record(struct walk *w, const struct reflect_struct *record, char *memory);

/* Behind a pointer to `count` records (known only with memory). */
static HRESULT walk_records(struct walk *w, const struct reflect_struct *record, char *records,
                            uint32_t count, bool is_array)
{
    char part[64];
    uint64_t index = 0;
    bool has_memory = w->args != NULL;
    if (is_array) {
        (void)next_part(w, part);
        TRY(parse_index(w, part, &index));
    }
    if (has_memory && (!records || index >= count)) {
        (void)FAIL(E_INVALIDARG, "%s: there are %u elements", w->whole, records ? count : 0);
        return NOT_THERE;
    }
    return walk_record(w, record, has_memory ? records + index * record->size : NULL);
}

static const struct reflect_field *find_field(const struct reflect_struct *record, const char *name,
                                              uint32_t *offset)
{
    for (uint32_t i = 0; i < record->field_count; i++) {
        const struct reflect_field *field = &record->fields[i];
        if (field->kind == FIELD_BASE) { /* its fields show as the record's own */
            const struct reflect_field *found = find_field(field->record, name, offset);
            *offset += found ? field->offset : 0;
            if (found)
                return found;
        } else if (text_equal(field->name, name)) {
            *offset = field->offset;
            return field;
        }
    }
    return NULL;
}

static void *pointer_at(const char *memory)
{
    void *pointer = NULL;
    if (memory)
        memcpy(&pointer, memory, sizeof pointer);
    return pointer;
}

static uint32_t count_of(const struct reflect_struct *record, const struct reflect_field *field,
                         const char *memory)
{
    uint32_t offset = 0, count = 1;
    if (memory && field->kind == FIELD_RECORDS && find_field(record, field->count_field, &offset))
        memcpy(&count, memory + offset, sizeof count);
    return count;
}

static bool is_count(const struct reflect_struct *record, const char *name)
{
    for (uint32_t i = 0; i < record->field_count; i++) {
        const struct reflect_field *field = &record->fields[i];
        if (field->kind == FIELD_BASE
                ? is_count(field->record, name)
                : field->kind == FIELD_RECORDS && text_equal(field->count_field, name))
            return true;
    }
    return false;
}

static HRESULT walk_record(struct walk *w, const struct reflect_struct *record, char *memory)
{
    char part[64];
    uint32_t offset = 0;
    if (!next_part(w, part))
        return FAIL(E_INVALIDARG, "%s: names a whole %s: name one of its fields", w->whole,
                    record->name);
    const struct reflect_field *field = find_field(record, part, &offset);
    if (!field)
        return unknown(w, part, record->name);
    char *at = memory ? memory + offset : NULL;
    bool is_pointer = field->kind == FIELD_RECORDS || field->kind == FIELD_RECORD;
    if (is_pointer && *w->rest)
        return walk_records(w, field->record, pointer_at(at), count_of(record, field, memory),
                            field->kind == FIELD_RECORDS);
    if (*w->rest)
        return FAIL(E_INVALIDARG, "%s: %s is a plain value", w->whole, part);
    w->out->kind = is_pointer ? PLACE_RECORDS : is_count(record, part) ? PLACE_COUNT : PLACE_FIELD;
    w->out->field = field->kind;
    w->out->enumeration = field->enumeration;
    w->out->memory = at;
    return S_OK;
}

static HRESULT number_place(struct walk *w, enum kind kind, void *memory)
{
    if (*w->rest)
        return FAIL(E_INVALIDARG, "%s: leads into a plain number", w->whole);
    w->out->kind = kind == KIND_OUT_COUNT ? PLACE_COUNT : PLACE_FIELD;
    w->out->field = kind == KIND_OUT_NUMBER64 ? FIELD_UINT64
                    : kind == KIND_OUT_HEALTH ? FIELD_ENUM
                                              : FIELD_UINT;
    w->out->enumeration = reflect_kind_enum(kind);
    w->out->memory = memory;
    return S_OK;
}

static HRESULT walk_out(struct walk *w, unsigned index)
{
    enum kind kind = w->row->args[index].kind;
    bool is_array = false;
    const struct reflect_struct *record = reflect_kind_record(kind, &is_array);
    /* NOLINTNEXTLINE(performance-no-int-to-ptr): the word was a pointer */
    void *variable = w->args ? (void *)(uintptr_t)w->args[index] : NULL;
    if (kind == KIND_OUT_SESSION)
        return FAIL(E_INVALIDARG,
                    "%s: a session whose number its client does not know could never be closed",
                    w->whole);
    if (w->args && !variable) {
        (void)FAIL(E_INVALIDARG, "%s: the client passed NULL", w->whole);
        return NOT_THERE;
    }
    if (!record)
        return number_place(w, kind, variable);
    w->out->block = pointer_at(variable);
    if (*w->rest) {
        uint32_t count = 1;
        /* NOLINTNEXTLINE(performance-no-int-to-ptr): the word was a pointer */
        if (w->args && is_array)
            memcpy(&count, (void *)(uintptr_t)w->args[index + 1], sizeof count);
        return walk_records(w, record, w->out->block, count, is_array);
    }
    w->out->kind = PLACE_RESULT;
    w->out->memory = variable;
    return S_OK;
}

/* args NULL: only checks. */
static HRESULT find_place(enum api api, const arg_word *args, const char *pointer,
                          struct place *out)
{
    char part[64];
    struct walk w = {&reflect_calls[api], args, pointer, pointer, out};
    *out = (struct place){0};
    if (!next_part(&w, part))
        return FAIL(E_INVALIDARG, "'%s' is no pointer: it starts with '/'", pointer);
    for (unsigned i = 0; i < w.row->arg_count; i++)
        if (text_equal(w.row->args[i].name, part) && reflect_kind_is_out(w.row->args[i].kind))
            return walk_out(&w, i);
    return FAIL(E_INVALIDARG, "%s: %s hands out no '%s'", pointer, w.row->name, part);
}

/* ---- values ---- */

static HRESULT wrong_value(const char *pointer, const char *wanted)
{
    return FAIL(E_INVALIDARG, "%s: expected %s", pointer, wanted);
}

static HRESULT whole_number(const struct json *value, const char *pointer, double lowest,
                            double highest, int64_t *out)
{
    double number = json_number(value);
    if (!json_is(value, JSON_NUMBER) || !(number >= lowest && number <= highest) ||
        (double)(int64_t)number != number)
        return FAIL(E_INVALIDARG, "%s: expected a whole number from %.0f to %.0f", pointer, lowest,
                    highest);
    *out = (int64_t)number;
    return S_OK;
}

static HRESULT enum_value(const struct json *value, const struct reflect_enum *enumeration,
                          const char *pointer, int64_t *out)
{
    const char *name = json_string(value)     ? json_string(value)
                       : json_len(value) == 1 ? json_string(json_get(value, "$const"))
                                              : NULL;
    if (!name)
        return json_is(value, JSON_NUMBER)
                   ? whole_number(value, pointer, INT32_MIN, INT32_MAX, out)
                   : wrong_value(pointer, "a member's name, {\"$const\": name} or a number");
    const struct reflect_enum *owner = NULL;
    const struct reflect_enum_value *member = reflect_enum_value_by_name(name, &owner);
    if (!member || owner != enumeration)
        return FAIL(E_INVALIDARG, "%s: '%s' is no member of %s", pointer, name, enumeration->name);
    *out = member->value;
    return S_OK;
}

static HRESULT time_value(const struct json *value, const char *pointer, SYSTEMTIME *out)
{
    unsigned v[7] = {0};
    int end = 0;
    const char *text = json_string(value);
    if (!text ||
        sscanf(text, "%4u-%2u-%2uT%2u:%2u:%2u.%3u%n", &v[0], &v[1], &v[2], &v[3], &v[4], &v[5],
               &v[6], &end) != 7 ||
        text[end])
        return wrong_value(pointer, "a time like 2026-01-15T10:20:30.000");
    *out = (SYSTEMTIME){.wYear = (WORD)v[0],
                        .wMonth = (WORD)v[1],
                        .wDay = (WORD)v[2],
                        .wHour = (WORD)v[3],
                        .wMinute = (WORD)v[4],
                        .wSecond = (WORD)v[5],
                        .wMilliseconds = (WORD)v[6]};
    return S_OK;
}

static HRESULT utf16_units(const char *hex, const char *pointer, char16_t **out)
{
    size_t len = strlen(hex), count = len / 4;
    AUTO_FREE char16_t *units = mem_array(count + 1, sizeof *units);
    if (!units)
        return FAIL_MEMORY();
    for (size_t i = 0; i < count; i++) {
        unsigned unit;
        char digits[5];
        snprintf(digits, sizeof digits, "%.4s", hex + 4 * i);
        if (strspn(digits, "0123456789abcdefABCDEF") != 4 || sscanf(digits, "%4x", &unit) != 1)
            return wrong_value(pointer, "hexadecimal units of 16 bits");
        units[i] = (char16_t)unit;
    }
    if (len % 4)
        return wrong_value(pointer, "hexadecimal units of 16 bits");
    *out = TAKE(units);
    return S_OK;
}

/* NULL for null. */
static HRESULT text_value(const struct json *value, const char *pointer, char16_t **out)
{
    const char *hex = json_len(value) == 1 ? json_string(json_get(value, "$utf16")) : NULL;
    *out = NULL;
    if (json_is(value, JSON_NULL))
        return S_OK;
    if (hex)
        return utf16_units(hex, pointer, out);
    if (!json_string(value))
        return wrong_value(pointer, "a text, null or {\"$utf16\": hex}");
    return text_to_utf16(json_string(value), out);
}

/* Writes the value there, or with memory NULL only checks that it could. */
static HRESULT put_field(const struct place *place, const struct json *value, const char *pointer)
{
    int64_t number = 0;
    uint32_t word;
    SYSTEMTIME time;
    AUTO_FREE char16_t *text = NULL;
    PCWSTR attached = NULL;
    switch (place->field) {
    case FIELD_UINT64:
        TRY(whole_number(value, pointer, 0, 9007199254740992.0, &number));
        if (place->memory)
            memcpy(place->memory, &number, sizeof number);
        return S_OK;
    case FIELD_TIME:
        TRY(time_value(value, pointer, &time));
        if (place->memory)
            memcpy(place->memory, &time, sizeof time);
        return S_OK;
    case FIELD_WSTR:
        TRY(text_value(value, pointer, &text));
        if (!place->memory)
            return S_OK;
        if (text)
            TRY(result_attach(place->block, text, &attached));
        memcpy(place->memory, &attached, sizeof attached);
        return S_OK;
    case FIELD_BOOL:
        if (!json_is(value, JSON_BOOL))
            return wrong_value(pointer, "true or false");
        number = json_bool(value);
        break;
    case FIELD_ENUM:
        TRY(enum_value(value, place->enumeration, pointer, &number));
        break;
    default:
        TRY(whole_number(value, pointer, 0, UINT32_MAX, &number));
        break;
    }
    word = (uint32_t)number;
    if (place->memory)
        memcpy(place->memory, &word, sizeof word);
    return S_OK;
}

static HRESULT put(const struct place *place, const struct json *value, const char *pointer)
{
    if (place->kind == PLACE_FIELD || place->kind == PLACE_COUNT)
        return put_field(place, value, pointer);
    if (!json_is(value, JSON_NULL))
        return wrong_value(pointer, "null, or a pointer to one of its fields");
    if (place->memory)
        memset(place->memory, 0, sizeof(void *));
    if (place->memory && place->kind == PLACE_RESULT && place->block)
        (void)result_delete(place->block); /* the client cannot */
    return S_OK;
}

/* ---- the whole ---- */

HRESULT mutation_parse(const struct json *values, enum api api, const char *pointer,
                       struct mutation *out)
{
    if (!json_is(values, JSON_OBJECT) || !json_first(values))
        return FAIL(E_INVALIDARG, "%s: expected an object of pointers and values", pointer);
    for (const struct json *v = json_first(values); v; v = json_next(v)) {
        struct place place;
        HRESULT hr = find_place(api, NULL, json_key(v), &place);
        if (SUCCEEDED(hr))
            hr = put(&place, v, json_key(v));
        if (FAILED(hr)) {
            struct error reason = *error_last();
            return FAIL(hr, "%s: %s", pointer, reason.text);
        }
    }
    out->api = api;
    out->values = json_copy(values);
    return out->values ? S_OK : FAIL_MEMORY();
}

void mutation_clear(struct mutation *m)
{
    json_free(m->values);
    *m = (struct mutation){0};
}

static HRESULT check_count(const struct place *place, const struct json *value, const char *pointer)
{
    uint32_t count;
    if (place->kind != PLACE_COUNT)
        return S_OK;
    memcpy(&count, place->memory, sizeof count);
    if (json_number(value) <= count)
        return S_OK;
    (void)FAIL(E_INVALIDARG, "%s: there are only %u elements", pointer, count);
    return NOT_THERE;
}

static HRESULT put_all(const struct mutation *m, const arg_word *args, enum place_kind kind)
{
    for (const struct json *v = json_first(m->values); v; v = json_next(v)) {
        struct place place;
        HRESULT hr = find_place(m->api, args, json_key(v), &place);
        if (hr != S_OK)
            return hr;
        if (place.kind == kind)
            TRY(put(&place, v, json_key(v)));
    }
    return S_OK;
}

static HRESULT check_all(const struct mutation *m, const arg_word *args)
{
    for (const struct json *v = json_first(m->values); v; v = json_next(v)) {
        struct place place;
        HRESULT hr = find_place(m->api, args, json_key(v), &place);
        if (hr == S_OK)
            hr = check_count(&place, v, json_key(v));
        if (hr != S_OK)
            return hr;
    }
    return S_OK;
}

HRESULT mutation_apply(const struct mutation *m, const arg_word *args, char **why)
{
    HRESULT hr = check_all(m, args);
    *why = hr == S_OK ? NULL : mem_dup(error_last()->text);
    if (hr != S_OK)
        return hr;
    for (int kind = PLACE_FIELD; kind < PLACE_KINDS; kind++)
        TRY(put_all(m, args, (enum place_kind)kind));
    return S_OK;
}
