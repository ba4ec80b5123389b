/* SPDX-License-Identifier: MIT */
/* test_driver_catalog.c - the reader of security catalogues, on what the fixtures write. */
#include "unit_support.h"

#include "driver_catalog.h"
#include "security_catalog.h"

static void write_catalog(const char *signer, struct text *out)
{
    static const struct catalog_member members[] = {{"a.inf", "first", 5}, {"b.sys", "second", 6}};
    assert_hr(S_OK, security_catalog(members, 2, signer, 133000000000000000u, out));
}

static void what_it_lists_is_found_by_its_bytes(void **state)
{
    (void)state;
    struct text bytes AUTO(text_clear) = {0};
    struct driver_catalog catalog AUTO(driver_catalog_clear) = {0};
    write_catalog("Contoso Root", &bytes);
    assert_hr(S_OK, driver_catalog_read(bytes.ptr, bytes.len, "x.cat", &catalog));
    assert_true(driver_catalog_lists(&catalog, "first", 5));
    assert_true(driver_catalog_lists(&catalog, "second", 6));
    assert_false(driver_catalog_lists(&catalog, "third", 5));
    assert_true(catalog.is_signed);
    assert_string_equal(catalog.signer, "Contoso Root");
}

static void one_that_nobody_signed_says_so(void **state)
{
    (void)state;
    struct text bytes AUTO(text_clear) = {0};
    struct driver_catalog catalog AUTO(driver_catalog_clear) = {0};
    write_catalog(NULL, &bytes);
    assert_hr(S_OK, driver_catalog_read(bytes.ptr, bytes.len, "x.cat", &catalog));
    assert_true(driver_catalog_lists(&catalog, "first", 5));
    assert_false(catalog.is_signed);
    assert_null(catalog.signer);
}

/* Of a cut one the outermost length is a lie. */
static void a_cut_one_is_none(void **state)
{
    (void)state;
    struct text bytes AUTO(text_clear) = {0};
    write_catalog("Contoso Root", &bytes);
    for (size_t size = 0; size < bytes.len; size++) {
        struct driver_catalog catalog = {0};
        AUTO_FREE char *cut = mem_dup_n(bytes.ptr, size);
        assert_hr(HR_WIN32(ERROR_INVALID_DATA), driver_catalog_read(cut, size, "x.cat", &catalog));
    }
}

/* Whatever a byte is, what is read lies inside: for the sanitizers to see. */
static void a_changed_one_is_read_or_refused(void **state)
{
    (void)state;
    struct text bytes AUTO(text_clear) = {0};
    size_t read = 0, refused = 0;
    write_catalog("Contoso Root", &bytes);
    for (size_t at = 0; at < bytes.len; at++)
        for (unsigned bit = 0; bit < 8; bit++) {
            struct driver_catalog catalog = {0};
            bytes.ptr[at] = (char)(bytes.ptr[at] ^ 1 << bit);
            HRESULT hr = driver_catalog_read(bytes.ptr, bytes.len, "x.cat", &catalog);
            assert_true(hr == S_OK || hr == HR_WIN32(ERROR_INVALID_DATA));
            *(hr == S_OK ? &read : &refused) += 1;
            driver_catalog_clear(&catalog);
            bytes.ptr[at] = (char)(bytes.ptr[at] ^ 1 << bit);
        }
    assert_true(read > 0 && refused > 0);
}

/* What is inside becomes the content of an element. */
static void wrap(struct text *content, char tag)
{
    struct text outer = {0};
    const char head[] = {tag, (char)0x82, (char)(content->len >> 8), (char)content->len};
    text_add_n(&outer, head, sizeof head);
    text_add_n(&outer, content->ptr, content->len);
    text_clear(content);
    *content = outer;
}

static void put_before(struct text *content, const char *bytes, size_t size)
{
    struct text both = {0};
    text_add_n(&both, bytes, size);
    text_add_n(&both, content->ptr, content->len);
    text_clear(content);
    *content = both;
}
#define PUT_BEFORE(content, bytes) put_before((content), (bytes), sizeof(bytes) - 1)

/* makecat writes a member's digest as text in UTF-16. */
static void digests_come_as_text_too(void **state)
{
    (void)state;
    uint8_t digest[SHA1_SIZE];
    struct text t AUTO(text_clear) = {0};
    struct driver_catalog catalog AUTO(driver_catalog_clear) = {0};
    hash_sha1("first", 5, digest);
    for (size_t i = 0; i < SHA1_SIZE; i++) {
        char hex[3];
        snprintf(hex, sizeof hex, "%02X", digest[i]);
        text_add_n(&t, (const char[]){hex[0], 0, hex[1], 0}, 4);
    }
    wrap(&t, 0x04);
    wrap(&t, 0x30);                 /* member */
    wrap(&t, 0x30);                 /* members */
    PUT_BEFORE(&t, "\x30\0\x30\0"); /* usage, algorithm */
    wrap(&t, 0x30);
    wrap(&t, (char)0xA0);
    PUT_BEFORE(&t, "\x06\x09\x2B\x06\x01\x04\x01\x82\x37\x0A\x01"); /* a trust list */
    wrap(&t, 0x30);
    PUT_BEFORE(&t, "\x02\x01\x01\x31\0"); /* version, algorithms */
    wrap(&t, 0x30);
    wrap(&t, (char)0xA0);
    PUT_BEFORE(&t, "\x06\x09\x2A\x86\x48\x86\xF7\x0D\x01\x07\x02"); /* signed data */
    wrap(&t, 0x30);
    assert_hr(S_OK, driver_catalog_read(t.ptr, t.len, "x.cat", &catalog));
    assert_int_equal(catalog.digests.len, 1);
    assert_true(driver_catalog_lists(&catalog, "first", 5));
    assert_false(catalog.is_signed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_it_lists_is_found_by_its_bytes),
        cmocka_unit_test(one_that_nobody_signed_says_so),
        cmocka_unit_test(a_cut_one_is_none),
        cmocka_unit_test(a_changed_one_is_read_or_refused),
        cmocka_unit_test(digests_come_as_text_too),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
