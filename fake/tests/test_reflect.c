/* SPDX-License-Identifier: MIT */
/* test_reflect.c - the tables of reflect.h and their look-ups, against numbers written down here.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "dism_codes.h"
#include "hr.h"
#include "reflect.h"

static const struct reflect_struct *struct_named(const char *name)
{
    const struct reflect_struct *found = reflect_struct_by_name(name);
    assert_non_null(found);
    return found;
}

static const struct reflect_field *field_named(const char *structure, const char *field)
{
    const struct reflect_struct *owner = struct_named(structure);
    for (uint32_t i = 0; i < owner->field_count; i++) {
        if (strcmp(owner->fields[i].name, field) == 0)
            return &owner->fields[i];
    }
    fail_msg("%s has no field %s", structure, field);
    return NULL;
}

static void assert_field(const char *structure, const char *field, enum field_kind kind,
                         uint32_t offset)
{
    const struct reflect_field *found = field_named(structure, field);
    assert_int_equal(found->kind, kind);
    assert_int_equal(found->offset, offset);
}

static void assert_parses(const char *text, uint32_t expected)
{
    HRESULT hr = 0x7777;
    if (!reflect_code_parse(text, &hr))
        fail_msg("%s is not read", text);
    assert_int_equal((uint32_t)hr, expected);
}

static void assert_does_not_parse(const char *text)
{
    HRESULT hr = 0x7777;
    if (reflect_code_parse(text, &hr))
        fail_msg("%s is read as 0x%08X", text, (unsigned)hr);
    assert_int_equal(hr, 0x7777);
}

/* ---- calls ---- */

static void every_call_is_found_by_its_own_name(void **state)
{
    (void)state;
    assert_int_equal(API_COUNT, 95);
    for (unsigned i = 0; i < API_COUNT; i++)
        assert_int_equal(reflect_api_by_name(reflect_calls[i].name), i);
}

static void names_of_calls_that_do_not_exist_are_not_found(void **state)
{
    (void)state;
    assert_int_equal(reflect_api_by_name("DismCleanupMountPoints"), API_COUNT);
    assert_int_equal(reflect_api_by_name("dismshutdown"), API_COUNT);
    assert_int_equal(reflect_api_by_name(""), API_COUNT);
}

static void a_call_lists_its_arguments_in_order(void **state)
{
    (void)state;
    static const struct reflect_arg expected[] = {
        {KIND_SESSION, "Session"},   {KIND_BOOLEAN, "ScanImage"}, {KIND_CANCEL, "CancelEvent"},
        {KIND_PROGRESS, "Progress"}, {KIND_USERDATA, "UserData"}, {KIND_OUT_HEALTH, "ImageHealth"},
    };
    const struct reflect_call *call = &reflect_calls[API_DismCheckImageHealth];
    assert_int_equal(call->arg_count, 6);
    for (unsigned i = 0; i < 6; i++) {
        assert_int_equal(call->args[i].kind, expected[i].kind);
        assert_string_equal(call->args[i].name, expected[i].name);
    }
    assert_int_equal(reflect_calls[API_DismShutdown].arg_count, 0);
    assert_int_equal(reflect_calls[API__DismAddProvisionedAppxPackage].arg_count, 12);
}

static void fifty_calls_have_known_parameters(void **state)
{
    (void)state;
    unsigned known = 0;
    for (unsigned i = 0; i < API_COUNT; i++)
        known += reflect_calls[i].is_documented;
    assert_int_equal(known, 50); /* 36 + 3 for apps + 11 that clients found out */
    assert_true(reflect_calls[API_DismShutdown].is_documented);
    assert_true(reflect_calls[API__DismGetUsedSpace].is_documented);
    assert_false(reflect_calls[API__DismStage].is_documented);
}

/* What the trace and the runner take for granted about a row. */
static void every_array_is_followed_by_its_count(void **state)
{
    (void)state;
    for (unsigned i = 0; i < API_COUNT; i++) {
        const struct reflect_call *call = &reflect_calls[i];
        for (unsigned a = 0; a < call->arg_count; a++) {
            bool is_array = false;
            reflect_kind_record(call->args[a].kind, &is_array);
            if (!is_array && call->args[a].kind != KIND_WSTRS)
                continue;
            assert_true(a + 1 < call->arg_count);
            assert_int_equal(call->args[a + 1].kind, is_array ? KIND_OUT_COUNT : KIND_COUNT);
        }
    }
}

/* ---- kinds ---- */

static void kinds_tell_direction_record_and_enumeration(void **state)
{
    (void)state;
    bool is_array = true;
    assert_ptr_equal(reflect_kind_record(KIND_OUT_PACKAGE_INFO, &is_array),
                     reflect_struct_by_name("DismPackageInfo"));
    assert_false(is_array);
    assert_ptr_equal(reflect_kind_record(KIND_OUT_STRINGS, &is_array),
                     reflect_struct_by_name("DismString"));
    assert_true(is_array);
    assert_null(reflect_kind_record(KIND_OUT_COUNT, NULL));
    assert_ptr_equal(reflect_kind_enum(KIND_OUT_HEALTH),
                     reflect_enum_by_name("DismImageHealthState"));
    assert_null(reflect_kind_enum(KIND_FLAGS));
    assert_string_equal(reflect_kind_name(KIND_WSTR_OPT), "WSTR_OPT");
    assert_true(reflect_kind_is_out(KIND_OUT_SESSION));
    assert_false(reflect_kind_is_out(KIND_COUNT));
}

static void every_kind_has_a_name_and_only_out_kinds_have_records(void **state)
{
    (void)state;
    for (unsigned k = 0; k < KIND_TOTAL; k++) {
        assert_non_null(reflect_kind_name((enum kind)k));
        if (reflect_kind_record((enum kind)k, NULL) != NULL)
            assert_true(reflect_kind_is_out((enum kind)k));
    }
}

/* ---- structures ---- */

static void structures_are_packed(void **state)
{
    (void)state;
    if (sizeof(void *) != 8)
        skip();
    assert_int_equal(struct_named("DismImageInfo")->size, 140);
    assert_int_equal(struct_named("DismPackageInfo")->size, 172);
    assert_int_equal(struct_named("DismPackageInfoEx")->size, 180);
    assert_int_equal(struct_named("DismFeature")->size, 12);
    assert_int_equal(struct_named("DismAppxPackage")->size, 68);
    assert_field("DismImageInfo", "ImageSize", FIELD_UINT64, 24);
    assert_field("DismImageInfo", "SystemRoot", FIELD_WSTR, 108);
    assert_field("DismPackageInfo", "Applicable", FIELD_BOOL, 32);
    assert_field("DismDriverPackage", "Date", FIELD_TIME, 68);
    assert_null(reflect_struct_by_name("DismNothing"));
}

static void arrays_inside_a_structure_name_record_and_count(void **state)
{
    (void)state;
    const struct reflect_field *features = field_named("DismPackageInfo", "Feature");
    assert_int_equal(features->kind, FIELD_RECORDS);
    assert_ptr_equal(features->record, struct_named("DismFeature"));
    assert_string_equal(features->count_field, "FeatureCount");
    assert_int_equal(field_named("DismPackageInfo", features->count_field)->kind, FIELD_UINT);

    const struct reflect_field *customized = field_named("DismImageInfo", "CustomizedInfo");
    assert_int_equal(customized->kind, FIELD_RECORD);
    assert_ptr_equal(customized->record, struct_named("DismWimCustomizedInfo"));
}

static void the_longer_package_structure_starts_with_the_shorter(void **state)
{
    (void)state;
    const struct reflect_struct *ex = struct_named("DismPackageInfoEx");
    assert_int_equal(ex->field_count, 2);
    assert_int_equal(ex->fields[0].kind, FIELD_BASE);
    assert_int_equal(ex->fields[0].offset, 0);
    assert_ptr_equal(ex->fields[0].record, struct_named("DismPackageInfo"));
    assert_int_equal(ex->fields[1].offset, struct_named("DismPackageInfo")->size);
}

static void enumeration_fields_know_their_enumeration(void **state)
{
    (void)state;
    const struct reflect_field *state_field = field_named("DismCapabilityInfo", "State");
    assert_int_equal(state_field->kind, FIELD_ENUM);
    assert_string_equal(state_field->enumeration->name, "DismPackageFeatureState");
}

/* ---- enumerations and constants ---- */

static void a_member_is_found_with_its_enumeration(void **state)
{
    (void)state;
    const struct reflect_enum *owner = NULL;
    const struct reflect_enum_value *member =
        reflect_enum_value_by_name("DismImageTypeUnsupported", &owner);
    assert_non_null(member);
    assert_int_equal(member->value, -1);
    assert_string_equal(owner->name, "DismImageType");
    assert_int_equal(reflect_enum_value_by_name("DismReleaseTypeOnDemandPack", NULL)->value, 14);
    assert_null(reflect_enum_value_by_name("DismImage", NULL));
}

static void a_value_shared_by_two_members_shows_the_first(void **state)
{
    (void)state;
    const struct reflect_enum *states = reflect_enum_by_name("DismPackageFeatureState");
    assert_non_null(states);
    assert_string_equal(reflect_enum_name_of(states, 3), "DismStateResolved");
    assert_string_equal(reflect_enum_name_of(states, 7), "DismStatePartiallyInstalled");
    assert_null(reflect_enum_name_of(states, 8));
}

static void constants_are_numbers_but_for_the_online_image(void **state)
{
    (void)state;
    assert_int_equal(reflect_constant_by_name("DISM_COMMIT_MASK")->value, 0xFFFF0000u);
    assert_int_equal(reflect_constant_by_name("DISM_MOUNT_READONLY")->value, 1);
    assert_null(reflect_constant_by_name("DISM_MOUNT_READONLY")->text);
    assert_null(reflect_constant_by_name("DISM_MOUNT_NOTHING"));

    static const char online[] = "DISM_{53BFAE52-B167-4E2F-A258-0A37B57FF845}";
    const struct reflect_constant *image = reflect_constant_by_name("DISM_ONLINE_IMAGE");
    assert_non_null(image);
    for (size_t i = 0; i < sizeof online; i++)
        assert_int_equal(image->text[i], online[i]);
}

/* ---- codes ---- */

static void codes_are_read_by_name_by_win32_name_and_by_number(void **state)
{
    (void)state;
    assert_parses("S_OK", 0);
    assert_parses("DISMAPI_E_NEEDS_REMOUNT", 0xC1510114u);
    assert_parses("CBS_E_SOURCE_MISSING", 0x800F081Fu);
    assert_parses("WIMGAPI_E_PARTIAL_UNMOUNT", 0xC1420117u);
    assert_parses("win32:ERROR_ELEVATION_REQUIRED", 0x800702E4u);
    assert_parses("0xC1420117", 0xC1420117u);
    assert_parses("0xabCDef09", 0xABCDEF09u);
    assert_parses("0x1", 1);
}

static void a_bare_number_and_its_hresult_are_told_apart(void **state)
{
    (void)state;
    assert_parses("ERROR_SUCCESS_REBOOT_REQUIRED", 3010);
    assert_parses("ERROR_CANCELLED", 1223);
    assert_parses("win32:ERROR_CANCELLED", 0x800704C7u);
}

static void what_is_no_code_is_refused(void **state)
{
    (void)state;
    assert_does_not_parse("");
    assert_does_not_parse("E_NOTHING");
    assert_does_not_parse("ERROR_FILE_NOT_FOUND");
    assert_does_not_parse("win32:E_FAIL");
    assert_does_not_parse("0x");
    assert_does_not_parse("0x123456789");
    assert_does_not_parse("0x12G4");
    assert_does_not_parse("12");
}

static void codes_are_shown_as_they_are_read(void **state)
{
    (void)state;
    char buffer[16];
    assert_string_equal(reflect_code_name(0, buffer), "S_OK");
    assert_string_equal(reflect_code_name(DISMAPI_E_UNKNOWN_FEATURE, buffer),
                        "DISMAPI_E_UNKNOWN_FEATURE");
    assert_string_equal(reflect_code_name(HR_WIN32(ERROR_DISK_FULL), buffer),
                        "win32:ERROR_DISK_FULL");
    assert_string_equal(reflect_code_name(HR(0xC1429999), buffer), "0xC1429999");
    assert_string_equal(reflect_code_text(WIMGAPI_E_DIR_NOT_EMPTY),
                        "the mount directory is not empty");
    assert_null(reflect_code_text(HR(0xC1429999)));
}

static void every_code_reads_back_to_its_number(void **state)
{
    (void)state;
    for (size_t i = 0; i < reflect_code_count; i++) {
        const struct reflect_code *code = &reflect_codes[i];
        char spelled[96];
        snprintf(spelled, sizeof spelled, "%s%s", code->is_win32 ? "win32:" : "", code->name);
        assert_parses(spelled, code->hr);

        char buffer[16];
        assert_parses(reflect_code_name((HRESULT)code->hr, buffer), code->hr);
    }
}

static void every_code_has_a_sentence_in_the_house_style(void **state)
{
    (void)state;
    for (size_t i = 0; i < reflect_code_count; i++) {
        const char *text = reflect_codes[i].text;
        size_t len = strlen(text);
        if (len < 10 || text[len - 1] == '.')
            fail_msg("%s: \"%s\"", reflect_codes[i].name, text);
    }
}

static void the_codes_of_c_are_the_codes_of_the_table(void **state)
{
    (void)state;
    assert_int_equal((uint32_t)WIMGAPI_E_CANNOT_COMMIT, 0xC142011Du);
    assert_int_equal((uint32_t)WIMPROVIDER_E_NO_WRITE_PERMISSION, 0xC1510111u);
    assert_int_equal((uint32_t)CBS_S_BUSY, 0x000F0801u);
    assert_true(FAILED(WIMGAPI_E_CANNOT_COMMIT));
    assert_int_equal(HR_WIN32(ERROR_POSSIBLE_DEADLOCK), HR(0x8007046B));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_call_is_found_by_its_own_name),
        cmocka_unit_test(names_of_calls_that_do_not_exist_are_not_found),
        cmocka_unit_test(a_call_lists_its_arguments_in_order),
        cmocka_unit_test(fifty_calls_have_known_parameters),
        cmocka_unit_test(every_array_is_followed_by_its_count),
        cmocka_unit_test(kinds_tell_direction_record_and_enumeration),
        cmocka_unit_test(every_kind_has_a_name_and_only_out_kinds_have_records),
        cmocka_unit_test(structures_are_packed),
        cmocka_unit_test(arrays_inside_a_structure_name_record_and_count),
        cmocka_unit_test(the_longer_package_structure_starts_with_the_shorter),
        cmocka_unit_test(enumeration_fields_know_their_enumeration),
        cmocka_unit_test(a_member_is_found_with_its_enumeration),
        cmocka_unit_test(a_value_shared_by_two_members_shows_the_first),
        cmocka_unit_test(constants_are_numbers_but_for_the_online_image),
        cmocka_unit_test(codes_are_read_by_name_by_win32_name_and_by_number),
        cmocka_unit_test(a_bare_number_and_its_hresult_are_told_apart),
        cmocka_unit_test(what_is_no_code_is_refused),
        cmocka_unit_test(codes_are_shown_as_they_are_read),
        cmocka_unit_test(every_code_reads_back_to_its_number),
        cmocka_unit_test(every_code_has_a_sentence_in_the_house_style),
        cmocka_unit_test(the_codes_of_c_are_the_codes_of_the_table),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
