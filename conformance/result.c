/* SPDX-License-Identifier: MIT */
/* result.c - what a library hands out, as JSON. Reads by the offsets of the reflected structures.
 */
#include "value.h"

#include <stdio.h>

static bool is_well_formed(const char16_t *text)
{
    for (; *text; text++) {
        bool is_high = *text >= 0xD800 && *text < 0xDC00;
        if (*text >= 0xDC00 && *text < 0xE000)
            return false;
        if (is_high && !(text[1] >= 0xDC00 && text[1] < 0xE000))
            return false;
        text += is_high;
    }
    return true;
}

struct json *result_text(const char16_t *text)
{
    if (!text)
        return json_hold(json_new_null());
    if (is_well_formed(text)) {
        AUTO_FREE char *utf8 = NULL;
        if (FAILED(text_from_utf16(text, &utf8)))
            die("%s", error_last()->text);
        return json_hold(json_new_string(utf8));
    }
    struct text hex = {0};
    for (; *text; text++)
        text_addf(&hex, "%04X", (unsigned)*text);
    struct json *made = json_hold(json_new_object());
    json_put_text(made, "$utf16", need(text_take(&hex)));
    return made;
}

struct json *result_enum(const struct reflect_enum *enumeration, int32_t value)
{
    const char *name = reflect_enum_name_of(enumeration, value);
    return json_hold(name ? json_new_string(name) : json_new_number(value));
}

static struct json *result_time(const char *memory)
{
    SYSTEMTIME t;
    memcpy(&t, memory, sizeof t);
    char text[64];
    snprintf(text, sizeof text, "%04u-%02u-%02uT%02u:%02u:%02u.%03u", t.wYear, t.wMonth, t.wDay,
             t.wHour, t.wMinute, t.wSecond, t.wMilliseconds);
    return json_hold(json_new_string(text));
}

static uint32_t read_u32(const char *memory)
{
    uint32_t value;
    memcpy(&value, memory, sizeof value);
    return value;
}

static uint32_t read_count(const struct reflect_struct *record, const char *name,
                           const char *memory)
{
    for (uint32_t i = 0; i < record->field_count; i++) {
        if (text_equal(record->fields[i].name, name))
            return read_u32(memory + record->fields[i].offset);
    }
    return 0;
}

static void add_fields(struct json *object, const struct reflect_struct *record, const char *memory)
{
    for (uint32_t i = 0; i < record->field_count; i++) {
        const struct reflect_field *field = &record->fields[i];
        const char *at = memory + field->offset;
        const char *pointer = NULL;
        uint64_t wide;
        switch (field->kind) {
        case FIELD_UINT:
            json_set_number(object, field->name, read_u32(at));
            break;
        case FIELD_UINT64:
            memcpy(&wide, at, sizeof wide);
            json_set_number(object, field->name, (double)wide);
            break;
        case FIELD_BOOL:
            json_set_bool(object, field->name, read_u32(at) != 0);
            break;
        case FIELD_ENUM:
            json_set(object, field->name, result_enum(field->enumeration, (int32_t)read_u32(at)));
            break;
        case FIELD_TIME:
            json_set(object, field->name, result_time(at));
            break;
        case FIELD_WSTR:
            memcpy(&pointer, at, sizeof pointer);
            json_set(object, field->name, result_text((const char16_t *)(const void *)pointer));
            break;
        case FIELD_RECORDS:
            memcpy(&pointer, at, sizeof pointer);
            json_set(object, field->name,
                     result_records(field->record, pointer,
                                    read_count(record, field->count_field, memory)));
            break;
        case FIELD_RECORD:
            memcpy(&pointer, at, sizeof pointer);
            json_set(object, field->name,
                     pointer ? result_record(field->record, pointer) : json_new_null());
            break;
        case FIELD_BASE:
            add_fields(object, field->record, at);
            break;
        }
    }
}

struct json *result_record(const struct reflect_struct *record, const void *memory)
{
    struct json *object = json_hold(json_new_object());
    add_fields(object, record, memory);
    return object;
}

struct json *result_records(const struct reflect_struct *record, const void *memory, size_t count)
{
    if (!memory)
        return json_hold(json_new_null());
    struct json *array = json_hold(json_new_array());
    for (size_t i = 0; i < count; i++)
        json_push(array, result_record(record, (const char *)memory + i * record->size));
    return array;
}
