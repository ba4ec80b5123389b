/* SPDX-License-Identifier: MIT */
/*
 * reflect.h - the tables of the API as data: calls and their arguments, structures and their
 * fields, enumerations, constants, result codes.
 *
 * How a row becomes code. DISM_CALL(DismCloseSession, (SESSION, Session)) is expanded by whoever
 * includes dismapi_calls.h with a DISM_CALL of its own. FOR_EACH(M, (a, b), (c, d)) gives
 * M(a, b) M(c, d); FOR_EACH_COMMA puts commas between. So, with
 *
 *     #define DISM_PARAM(kind, name) KIND_TYPE_##kind name
 *
 * FOR_EACH_COMMA(DISM_PARAM, (SESSION, Session)) is the parameter list KIND_TYPE_SESSION Session.
 */
#ifndef DISMFAKE_REFLECT_H
#define DISMFAKE_REFLECT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uchar.h>

#include "dismapi.h"

/* ---- the preprocessor's loop, 1 to 12 rows ---- */
#define REFLECT_APPLY(m, pair) m pair
#define REFLECT_1(m, s, a) REFLECT_APPLY(m, a)
#define REFLECT_2(m, s, a, ...) REFLECT_APPLY(m, a) s() REFLECT_1(m, s, __VA_ARGS__)
#define REFLECT_3(m, s, a, ...) REFLECT_APPLY(m, a) s() REFLECT_2(m, s, __VA_ARGS__)
#define REFLECT_4(m, s, a, ...) REFLECT_APPLY(m, a) s() REFLECT_3(m, s, __VA_ARGS__)
#define REFLECT_5(m, s, a, ...) REFLECT_APPLY(m, a) s() REFLECT_4(m, s, __VA_ARGS__)
#define REFLECT_6(m, s, a, ...) REFLECT_APPLY(m, a) s() REFLECT_5(m, s, __VA_ARGS__)
#define REFLECT_7(m, s, a, ...) REFLECT_APPLY(m, a) s() REFLECT_6(m, s, __VA_ARGS__)
#define REFLECT_8(m, s, a, ...) REFLECT_APPLY(m, a) s() REFLECT_7(m, s, __VA_ARGS__)
#define REFLECT_9(m, s, a, ...) REFLECT_APPLY(m, a) s() REFLECT_8(m, s, __VA_ARGS__)
#define REFLECT_10(m, s, a, ...) REFLECT_APPLY(m, a) s() REFLECT_9(m, s, __VA_ARGS__)
#define REFLECT_11(m, s, a, ...) REFLECT_APPLY(m, a) s() REFLECT_10(m, s, __VA_ARGS__)
#define REFLECT_12(m, s, a, ...) REFLECT_APPLY(m, a) s() REFLECT_11(m, s, __VA_ARGS__)
#define REFLECT_PICK(a1, a2, a3, a4, a5, a6, a7, a8, a9, a10, a11, a12, n, ...) n
#define REFLECT_LOOP(...)                                                                          \
    REFLECT_PICK(__VA_ARGS__, REFLECT_12, REFLECT_11, REFLECT_10, REFLECT_9, REFLECT_8, REFLECT_7, \
                 REFLECT_6, REFLECT_5, REFLECT_4, REFLECT_3, REFLECT_2, REFLECT_1, 0)
#define REFLECT_NOTHING()
#define REFLECT_COMMA() ,
#define FOR_EACH(m, ...) REFLECT_LOOP(__VA_ARGS__)(m, REFLECT_NOTHING, __VA_ARGS__)
#define FOR_EACH_COMMA(m, ...) REFLECT_LOOP(__VA_ARGS__)(m, REFLECT_COMMA, __VA_ARGS__)

/* ---- kinds of arguments ----
 * IN(kind, C type); OUT(kind, C type, structure, how): how is ONE (pointer to one record) or MANY
 * (pointer to an array, whose length is the OUT_COUNT argument that follows). */
#define DISM_KINDS(IN, OUT)                                                                        \
    IN(WSTR, PCWSTR)                                                                               \
    IN(WSTR_OPT, PCWSTR)                                                                           \
    IN(WSTRS, PCWSTR *)                                                                            \
    IN(COUNT, UINT)                                                                                \
    IN(SESSION, DismSession)                                                                       \
    IN(NUMBER, UINT)                                                                               \
    IN(NUMBER64, UINT64)                                                                           \
    IN(BOOLEAN, BOOL)                                                                              \
    IN(DWORD, DWORD)                                                                               \
    IN(FLAGS, DWORD)                                                                               \
    IN(LOG_LEVEL, DismLogLevel)                                                                    \
    IN(IMAGE_IDENTIFIER, DismImageIdentifier)                                                      \
    IN(PACKAGE_IDENTIFIER, DismPackageIdentifier)                                                  \
    IN(STUB_OPTION, DismStubPackageOption)                                                         \
    IN(REGISTRY_HIVE, DismRegistryHive)                                                            \
    IN(CANCEL, HANDLE)                                                                             \
    IN(PROGRESS, DISM_PROGRESS_CALLBACK)                                                           \
    IN(USERDATA, PVOID)                                                                            \
    IN(MEMORY, VOID *)                                                                             \
    IN(OPAQUE_ARG, ULONG_PTR)                                                                      \
    IN(OUT_SESSION, DismSession *)                                                                 \
    IN(OUT_COUNT, UINT *)                                                                          \
    IN(OUT_DWORD, DWORD *)                                                                         \
    IN(OUT_NUMBER64, UINT64 *)                                                                     \
    IN(OUT_HEALTH, DismImageHealthState *)                                                         \
    OUT(OUT_STRING, DismString **, DismString, ONE)                                                \
    OUT(OUT_STRINGS, DismString **, DismString, MANY)                                              \
    OUT(OUT_IMAGE_INFOS, DismImageInfo **, DismImageInfo, MANY)                                    \
    OUT(OUT_MOUNTED_IMAGE_INFOS, DismMountedImageInfo **, DismMountedImageInfo, MANY)              \
    OUT(OUT_PACKAGES, DismPackage **, DismPackage, MANY)                                           \
    OUT(OUT_PACKAGE_INFO, DismPackageInfo **, DismPackageInfo, ONE)                                \
    OUT(OUT_PACKAGE_INFO_EX, DismPackageInfoEx **, DismPackageInfoEx, ONE)                         \
    OUT(OUT_FEATURES, DismFeature **, DismFeature, MANY)                                           \
    OUT(OUT_FEATURE_INFO, DismFeatureInfo **, DismFeatureInfo, ONE)                                \
    OUT(OUT_CAPABILITIES, DismCapability **, DismCapability, MANY)                                 \
    OUT(OUT_CAPABILITY_INFO, DismCapabilityInfo **, DismCapabilityInfo, ONE)                       \
    OUT(OUT_DRIVER_PACKAGES, DismDriverPackage **, DismDriverPackage, MANY)                        \
    OUT(OUT_DRIVER_PACKAGE_OPT, DismDriverPackage **, DismDriverPackage, ONE)                      \
    OUT(OUT_DRIVERS, DismDriver **, DismDriver, MANY)                                              \
    OUT(OUT_APPX_PACKAGES, DismAppxPackage **, DismAppxPackage, MANY)

#define DISM_KIND_ENUM(kind, type) KIND_##kind,
#define DISM_KIND_ENUM_OUT(kind, type, record, how) KIND_##kind,
/* KIND_COUNT is the kind COUNT; KIND_TOTAL is how many kinds there are. */
enum kind { DISM_KINDS(DISM_KIND_ENUM, DISM_KIND_ENUM_OUT) KIND_TOTAL };

#define DISM_KIND_TYPE(kind, type) typedef type KIND_TYPE_##kind;
#define DISM_KIND_TYPE_OUT(kind, type, record, how) typedef type KIND_TYPE_##kind;
DISM_KINDS(DISM_KIND_TYPE, DISM_KIND_TYPE_OUT)

#define DISM_PARAM(kind, name) KIND_TYPE_##kind name
#define DISM_NAME(kind, name) name

/* ---- the calls ---- */
#define DISM_CALL(name, ...) API_##name,
#define DISM_CALL0(name) API_##name,
enum api {
#include "dismapi_calls.h"
    API_COUNT
};
#undef DISM_CALL
#undef DISM_CALL0

/* Every argument travels as one 64-bit word: integers and enums zero-extended (signed enums too:
 * only their low 32 bits count), pointers and callbacks as uintptr_t. Write: REFLECT_WORD(x). */
typedef uint64_t arg_word;
#define REFLECT_WORD(x) ((arg_word)(uintptr_t)(x))

struct reflect_arg {
    enum kind kind;
    const char *name;
};

struct reflect_call {
    const char *name;
    unsigned arg_count;
    const struct reflect_arg *args;
    bool is_documented; /* the published header declares it: its parameters are known */
};

/* ---- structures ---- */
enum field_kind {
    FIELD_UINT,    /* UINT, DWORD: 32 bits */
    FIELD_UINT64,  /* UINT64 */
    FIELD_BOOL,    /* BOOL */
    FIELD_ENUM,    /* 32-bit enumeration: see `enumeration` */
    FIELD_WSTR,    /* PCWSTR, may be NULL */
    FIELD_TIME,    /* SYSTEMTIME */
    FIELD_RECORDS, /* pointer to an array of `record`; `count_field` names its length */
    FIELD_RECORD,  /* pointer to one `record`, may be NULL */
    FIELD_BASE,    /* a whole `record` embedded at this offset */
};

struct reflect_struct;
struct reflect_enum;

struct reflect_field {
    const char *name;
    enum field_kind kind;
    uint32_t offset;
    const struct reflect_struct *record;
    const char *count_field;
    const struct reflect_enum *enumeration;
};

struct reflect_struct {
    const char *name;
    uint32_t size;
    uint32_t field_count;
    const struct reflect_field *fields;
};

/* ---- enumerations, constants, codes ---- */
struct reflect_enum_value {
    const char *name;
    int32_t value;
};

struct reflect_enum {
    const char *name;
    uint32_t value_count;
    const struct reflect_enum_value *values;
};

struct reflect_constant {
    const char *name; /* DISM_MOUNT_READONLY ... */
    uint32_t value;
    const char16_t *text; /* DISM_ONLINE_IMAGE only, else NULL */
};

struct reflect_code {
    const char *name; /* S_OK, E_INVALIDARG, DISMAPI_E_..., CBS_E_..., or ERROR_... (win32) */
    uint32_t hr;      /* for ERROR_...: the HRESULT form 0x8007xxxx */
    const char *text; /* our sentence: lower case, no full stop */
    bool is_win32;    /* written win32:ERROR_... in scenarios */
};

extern const struct reflect_call reflect_calls[API_COUNT];
extern const struct reflect_code reflect_codes[];
extern const size_t reflect_code_count;

/* Look-ups by name give NULL (or API_COUNT) where there is none. Names are case-sensitive. */
enum api reflect_api_by_name(const char *name);
const struct reflect_struct *reflect_struct_by_name(const char *name);
const struct reflect_constant *reflect_constant_by_name(const char *name);
/* A member of any enumeration ("DismImageName"); `*owner`, if asked for, is its enumeration. */
const struct reflect_enum_value *reflect_enum_value_by_name(const char *name,
                                                            const struct reflect_enum **owner);
const struct reflect_enum *reflect_enum_by_name(const char *name);
/* First member with that value, NULL if none. */
const char *reflect_enum_name_of(const struct reflect_enum *enumeration, int32_t value);

/* The record an OUT kind hands over, NULL for other kinds; `*is_array`, if asked for: MANY. */
const struct reflect_struct *reflect_kind_record(enum kind kind, bool *is_array);
/* The enumeration of LOG_LEVEL, IMAGE_IDENTIFIER, PACKAGE_IDENTIFIER, STUB_OPTION, REGISTRY_HIVE
 * and OUT_HEALTH; NULL for other kinds. */
const struct reflect_enum *reflect_kind_enum(enum kind kind);
const char *reflect_kind_name(enum kind kind);
bool reflect_kind_is_out(enum kind kind);

/* "DISMAPI_E_...", "win32:ERROR_...", or "0xC1420117" for one without a name (in `buffer`). */
const char *reflect_code_name(HRESULT hr, char buffer[16]);
/* Our sentence for a code, NULL if it has none. */
const char *reflect_code_text(HRESULT hr);
/* Reads a symbolic name, win32:NAME or 0x........; false if it is none of them. */
bool reflect_code_parse(const char *text, HRESULT *out);

#endif
