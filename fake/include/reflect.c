/* SPDX-License-Identifier: MIT */
/*
 * reflect.c - builds the tables of reflect.h out of the rows of dismapi_calls.h, dismapi_structs.h,
 * dismapi_enums.h, dismapi_constants.h and dismapi_codes.h, and searches them. The tables are
 * constant, so everything here may be called from any thread.
 */
#include "reflect.h"

#include <stdio.h>
#include <string.h>

#include "dismapi_prototypes.h" /* the compiler compares dismapi.h with the table */

#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))

/* ---- the calls ---- */

#define REFLECT_ARG(kind, name)                                                                    \
    {                                                                                              \
        KIND_##kind, #name                                                                         \
    }
#define REFLECT_ARG_IS_KNOWN(kind, name) &&KIND_##kind != KIND_OPAQUE_ARG

#define DISM_CALL(name, ...)                                                                       \
    static const struct reflect_arg args_of_##name[] = {FOR_EACH_COMMA(REFLECT_ARG, __VA_ARGS__)};
#define DISM_CALL0(name)
#include "dismapi_calls.h"
#undef DISM_CALL
#undef DISM_CALL0

#define DISM_CALL(name, ...)                                                                       \
    [API_##name] = {#name, LENGTH(args_of_##name), args_of_##name,                                 \
                    true FOR_EACH(REFLECT_ARG_IS_KNOWN, __VA_ARGS__)},
#define DISM_CALL0(name) [API_##name] = {#name, 0, NULL, true},
const struct reflect_call reflect_calls[API_COUNT] = {
#include "dismapi_calls.h"
};
#undef DISM_CALL
#undef DISM_CALL0

enum api reflect_api_by_name(const char *name)
{
    for (unsigned i = 0; i < API_COUNT; i++) {
        if (strcmp(reflect_calls[i].name, name) == 0)
            return (enum api)i;
    }
    return API_COUNT;
}

/* ---- the enumerations ---- */

#define DISM_ENUM(name) static const struct reflect_enum_value values_of_##name[] = {
#define DISM_ENUM_VALUE(member) {#member, member},
#define DISM_ENUM_END(name)                                                                        \
    }                                                                                              \
    ;
#include "dismapi_enums.h"
#undef DISM_ENUM
#undef DISM_ENUM_VALUE
#undef DISM_ENUM_END

#define DISM_ENUM_VALUE(member)
#define DISM_ENUM_END(name)

#define DISM_ENUM(name) ENUM_##name,
enum enum_id {
#include "dismapi_enums.h"
    ENUM_COUNT
};
#undef DISM_ENUM

#define DISM_ENUM(name) [ENUM_##name] = {#name, LENGTH(values_of_##name), values_of_##name},
static const struct reflect_enum enums[ENUM_COUNT] = {
#include "dismapi_enums.h"
};
#undef DISM_ENUM
#undef DISM_ENUM_VALUE
#undef DISM_ENUM_END

const struct reflect_enum *reflect_enum_by_name(const char *name)
{
    for (size_t i = 0; i < ENUM_COUNT; i++) {
        if (strcmp(enums[i].name, name) == 0)
            return &enums[i];
    }
    return NULL;
}

const struct reflect_enum_value *reflect_enum_value_by_name(const char *name,
                                                            const struct reflect_enum **owner)
{
    for (size_t i = 0; i < ENUM_COUNT; i++) {
        for (uint32_t v = 0; v < enums[i].value_count; v++) {
            if (strcmp(enums[i].values[v].name, name) != 0)
                continue;
            if (owner != NULL)
                *owner = &enums[i];
            return &enums[i].values[v];
        }
    }
    return NULL;
}

const char *reflect_enum_name_of(const struct reflect_enum *enumeration, int32_t value)
{
    for (uint32_t v = 0; v < enumeration->value_count; v++) {
        if (enumeration->values[v].value == value)
            return enumeration->values[v].name;
    }
    return NULL;
}

/* ---- the structures ---- */

#define DISM_STRUCT_END(name)
#define DISM_FIELD(structure, field, kind)
#define DISM_FIELD_ENUM(structure, field, enumeration)
#define DISM_FIELD_RECORDS(structure, field, record, count)
#define DISM_FIELD_RECORD(structure, field, record)
#define DISM_FIELD_BASE(structure, record)

#define DISM_STRUCT(name) STRUCT_##name,
enum struct_id {
#include "dismapi_structs.h"
    STRUCT_COUNT
};
#undef DISM_STRUCT
#undef DISM_STRUCT_END
#undef DISM_FIELD
#undef DISM_FIELD_ENUM
#undef DISM_FIELD_RECORDS
#undef DISM_FIELD_RECORD
#undef DISM_FIELD_BASE

/* Fields point to structures, structures to fields. */
static const struct reflect_struct structs[STRUCT_COUNT];

#define DISM_STRUCT(name) static const struct reflect_field fields_of_##name[] = {
#define DISM_STRUCT_END(name)                                                                      \
    }                                                                                              \
    ;
#define DISM_FIELD(structure, field, kind)                                                         \
    {#field, FIELD_##kind, offsetof(structure, field), NULL, NULL, NULL},
#define DISM_FIELD_ENUM(structure, field, enumeration)                                             \
    {#field, FIELD_ENUM, offsetof(structure, field), NULL, NULL, &enums[ENUM_##enumeration]},
#define DISM_FIELD_RECORDS(structure, field, record, count)                                        \
    {#field, FIELD_RECORDS, offsetof(structure, field), &structs[STRUCT_##record], #count, NULL},
#define DISM_FIELD_RECORD(structure, field, record)                                                \
    {#field, FIELD_RECORD, offsetof(structure, field), &structs[STRUCT_##record], NULL, NULL},
#define DISM_FIELD_BASE(structure, record)                                                         \
    {"Base", FIELD_BASE, 0, &structs[STRUCT_##record], NULL, NULL},
#include "dismapi_structs.h"
#undef DISM_STRUCT
#undef DISM_STRUCT_END
#undef DISM_FIELD
#undef DISM_FIELD_ENUM
#undef DISM_FIELD_RECORDS
#undef DISM_FIELD_RECORD
#undef DISM_FIELD_BASE

#define DISM_STRUCT(name)                                                                          \
    [STRUCT_##name] = {#name, sizeof(name), LENGTH(fields_of_##name), fields_of_##name},
#define DISM_STRUCT_END(name)
#define DISM_FIELD(structure, field, kind)
#define DISM_FIELD_ENUM(structure, field, enumeration)
#define DISM_FIELD_RECORDS(structure, field, record, count)
#define DISM_FIELD_RECORD(structure, field, record)
#define DISM_FIELD_BASE(structure, record)
static const struct reflect_struct structs[STRUCT_COUNT] = {
#include "dismapi_structs.h"
};

const struct reflect_struct *reflect_struct_by_name(const char *name)
{
    for (size_t i = 0; i < STRUCT_COUNT; i++) {
        if (strcmp(structs[i].name, name) == 0)
            return &structs[i];
    }
    return NULL;
}

/* ---- the constants ---- */

#define DISM_CONSTANT(name) {#name, (uint32_t)(name), NULL},
#define DISM_TEXT_CONSTANT(name) {#name, 0, (const char16_t *)(name)},
static const struct reflect_constant constants[] = {
#include "dismapi_constants.h"
};

const struct reflect_constant *reflect_constant_by_name(const char *name)
{
    for (size_t i = 0; i < LENGTH(constants); i++) {
        if (strcmp(constants[i].name, name) == 0)
            return &constants[i];
    }
    return NULL;
}

/* ---- the kinds of arguments ---- */

struct kind_facts {
    const char *name;
    const struct reflect_struct *record;
    bool is_array;
};

#define HOW_ONE false
#define HOW_MANY true
#define KIND_FACTS(kind, type) [KIND_##kind] = {#kind, NULL, false},
#define KIND_FACTS_OUT(kind, type, record, how)                                                    \
    [KIND_##kind] = {#kind, &structs[STRUCT_##record], HOW_##how},
static const struct kind_facts kinds[KIND_TOTAL] = {DISM_KINDS(KIND_FACTS, KIND_FACTS_OUT)};

static const struct reflect_enum *const kind_enums[KIND_TOTAL] = {
    [KIND_LOG_LEVEL] = &enums[ENUM_DismLogLevel],
    [KIND_IMAGE_IDENTIFIER] = &enums[ENUM_DismImageIdentifier],
    [KIND_PACKAGE_IDENTIFIER] = &enums[ENUM_DismPackageIdentifier],
    [KIND_STUB_OPTION] = &enums[ENUM_DismStubPackageOption],
    [KIND_REGISTRY_HIVE] = &enums[ENUM_DismRegistryHive],
    [KIND_OUT_HEALTH] = &enums[ENUM_DismImageHealthState],
};

const struct reflect_struct *reflect_kind_record(enum kind kind, bool *is_array)
{
    if (is_array != NULL)
        *is_array = kinds[kind].is_array;
    return kinds[kind].record;
}

const struct reflect_enum *reflect_kind_enum(enum kind kind)
{
    return kind_enums[kind];
}

const char *reflect_kind_name(enum kind kind)
{
    return kinds[kind].name;
}

bool reflect_kind_is_out(enum kind kind)
{
    return strncmp(kinds[kind].name, "OUT_", 4) == 0;
}

/* ---- the codes ---- */

#define DISM_CODE_KNOWN(name, value, text) {#name, value, text, false},
#define DISM_CODE(name, value, text) {#name, value, text, false},
#define DISM_CODE_BARE(name, value, text) {#name, value, text, false},
#define DISM_WIN32(name, number, text) {#name, 0x80070000u + (number), text, true},
const struct reflect_code reflect_codes[] = {
#include "dismapi_codes.h"
};
#undef DISM_CODE_KNOWN
#undef DISM_CODE
#undef DISM_CODE_BARE
#undef DISM_WIN32

const size_t reflect_code_count = LENGTH(reflect_codes);

/* The same rows as scenario files spell them. */
#define DISM_CODE_KNOWN(name, value, text) #name,
#define DISM_CODE(name, value, text) #name,
#define DISM_CODE_BARE(name, value, text) #name,
#define DISM_WIN32(name, number, text) "win32:" #name,
static const char *const spellings[LENGTH(reflect_codes)] = {
#include "dismapi_codes.h"
};

static const struct reflect_code *find_code(uint32_t hr)
{
    for (size_t i = 0; i < LENGTH(reflect_codes); i++) {
        if (reflect_codes[i].hr == hr)
            return &reflect_codes[i];
    }
    return NULL;
}

const char *reflect_code_name(HRESULT hr, char buffer[16])
{
    const struct reflect_code *code = find_code((uint32_t)hr);
    if (code != NULL)
        return spellings[code - reflect_codes];
    snprintf(buffer, 16, "0x%08X", (unsigned)hr);
    return buffer;
}

const char *reflect_code_text(HRESULT hr)
{
    const struct reflect_code *code = find_code((uint32_t)hr);
    return code != NULL ? code->text : NULL;
}

static bool parse_hex(const char *text, HRESULT *out)
{
    if (strncmp(text, "0x", 2) != 0 && strncmp(text, "0X", 2) != 0)
        return false;
    const char *digits = text + 2;
    size_t len = strlen(digits);
    if (len == 0 || len > 8 || strspn(digits, "0123456789abcdefABCDEF") != len)
        return false;
    uint32_t value = 0;
    for (size_t i = 0; i < len; i++) {
        uint32_t c = (uint32_t)(unsigned char)digits[i];
        value = value << 4 | (c <= '9' ? c - '0' : (c & 0x1F) + 9); /* 'a' and 'A' end in 1 */
    }
    *out = (HRESULT)value;
    return true;
}

bool reflect_code_parse(const char *text, HRESULT *out)
{
    for (size_t i = 0; i < LENGTH(reflect_codes); i++) {
        if (strcmp(spellings[i], text) == 0) {
            *out = (HRESULT)reflect_codes[i].hr;
            return true;
        }
    }
    return parse_hex(text, out);
}
