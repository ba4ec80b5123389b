/* SPDX-License-Identifier: MIT */
/* test_xml.c - what is told of a document, what is refused, and who ends the reading. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "dism_codes.h"
#include "error.h"
#include "floor.h"
#include "mem.h"
#include "os.h"
#include "text.h"
#include "xml.h"

#define INVALID HR_WIN32(ERROR_INVALID_DATA)

/* ---- what is told, as text ---- */

struct telling {
    struct text text;
    const char *ends_at; /* an element at which the handler gives ... */
    HRESULT hr;
};

static HRESULT tell_start(void *context, const struct xml_element *e)
{
    struct telling *t = context;
    text_addf(&t->text, "<%u %s", e->depth, e->name);
    if (*e->space)
        text_addf(&t->text, " {%s}", e->space);
    for (size_t i = 0; i < e->attribute_count; i++)
        text_addf(&t->text, " %s=[%s]", e->attributes[i].name, e->attributes[i].value);
    text_add(&t->text, ">");
    return text_equal(e->name, t->ends_at) ? t->hr : S_OK;
}

static HRESULT tell_text(void *context, const char *text, size_t length)
{
    struct telling *t = context;
    text_add_n(&t->text, text, length);
    return S_OK;
}

static HRESULT tell_end(void *context, const char *name, unsigned depth)
{
    struct telling *t = context;
    text_addf(&t->text, "</%u %s>", depth, name);
    return S_OK;
}

static const struct xml_handler teller = {tell_start, tell_text, tell_end};

static void expect_bytes(const void *bytes, size_t size, const char *expected)
{
    struct telling t = {0};
    if (FAILED(xml_read(bytes, size, "it", &teller, &t)))
        fail_msg("%s", error_last()->text);
    AUTO_FREE char *told = text_take(&t.text);
    assert_string_equal(told, expected);
}

static void expect(const char *document, const char *expected)
{
    expect_bytes(document, strlen(document), expected);
}

static void refuse_bytes(const void *bytes, size_t size, const char *message)
{
    struct telling t = {0};
    HRESULT hr = xml_read(bytes, size, "it", &teller, &t);
    text_clear(&t.text);
    assert_int_equal(hr, INVALID);
    if (!strstr(error_last()->text, message))
        fail_msg("'%s', wanted '%s'", error_last()->text, message);
}

static void refuse(const char *document, const char *message)
{
    refuse_bytes(document, strlen(document), message);
}

/* ---- what is read ---- */

static void elements_attributes_and_text_are_told_in_their_order(void **state)
{
    (void)state;
    expect("<a/>", "<1 a></1 a>");
    expect("<?xml version=\"1.0\"?>\n<!-- c --><a x='1' y=\"2\">t<b>u</b>v<?pi?><b/></a>\n<!---->",
           "<1 a x=[1] y=[2]>t<2 b>u</2 b>v<2 b></2 b></1 a>");
    expect("<a>x<![CDATA[<&]]]>y</a>", "<1 a>x<&]y</1 a>");
}

static void entities_of_xml_and_numbers_become_characters(void **state)
{
    (void)state;
    expect("<a b='&amp;&lt;&gt;&quot;&apos;'>&amp;&lt;&gt;&quot;&apos;</a>",
           "<1 a b=[&<>\"']>&<>\"'</1 a>");
    expect("<a b='1&#38;2&#x26;3&#38;#38;&#x1F600;&#10;'>&#38;&#x26;&#38;#38;</a>",
           "<1 a b=[1&2&3&#38;\xF0\x9F\x98\x80\n]>&&&#38;</1 a>");
    expect("<a b='x\n\ty'/>", "<1 a b=[x  y]></1 a>");
    expect("<a>x\r\ny\rz</a>", "<1 a>x\ny\nz</1 a>");
}

static void names_lose_their_prefix_and_have_a_namespace(void **state)
{
    (void)state;
    expect("<a xmlns='u:1' xmlns:p='u:2' p:x='1'><p:b x='2' p:x='3'/><c xmlns=''/></a>",
           "<1 a {u:1} x=[1]><2 b {u:2} x=[2] x=[3]></2 b><2 c></2 c></1 a>");
    expect("<a xmlns='relative'/>", "<1 a {relative}></1 a>");
    expect("<a xmlns='no uri \xC3\xA9'/>", "<1 a {no uri \xC3\xA9}></1 a>");
    refuse("<p:a/>", "Namespace prefix p on a is not defined");
    refuse("<a p:b=''/>", "Namespace prefix p for b on a is not defined");
    refuse("<a xmlns:p=''/>", "it, line 1: xmlns:p");
    refuse("<a xmlns:p='u' xmlns:q='u' p:b='' q:b=''/>", "Namespaced Attribute b in 'u' redefined");
}

static HRESULT look_up(void *context, const struct xml_element *e)
{
    (void)context;
    assert_string_equal(xml_attribute(e, "name"), "one");
    assert_string_equal(xml_attribute(e, "empty"), "");
    assert_null(xml_attribute(e, "Name"));
    return S_OK;
}

static void attributes_are_found_by_name(void **state)
{
    static const struct xml_handler handler = {.start = look_up};
    static const char document[] = "<a empty='' name='one'/>";
    (void)state;
    assert_int_equal(xml_read(document, strlen(document), "it", &handler, NULL), S_OK);
}

static void encodings_become_utf8(void **state)
{
    static const char latin[] = "<?xml version='1.0' encoding='ISO-8859-1'?><a b='\xE9'>\xDF</a>";
    static const char ascii[] = "<?xml version='1.0' encoding='utf-16'?><a b='\xE9'>\xDF</a>";
    char wide[2 * sizeof ascii], other[2 * sizeof ascii];
    size_t size = 2 * sizeof ascii;
    (void)state;
    expect("\xEF\xBB\xBF<a b='\xC3\xA9'>\xE2\x82\xAC</a>", "<1 a b=[\xC3\xA9]>\xE2\x82\xAC</1 a>");
    expect(latin, "<1 a b=[\xC3\xA9]>\xC3\x9F</1 a>");
    wide[0] = other[1] = '\xFF';
    wide[1] = other[0] = '\xFE';
    for (size_t i = 0; i + 1 < sizeof ascii; i++) {
        wide[2 * i + 2] = other[2 * i + 3] = ascii[i];
        wide[2 * i + 3] = other[2 * i + 2] = 0;
    }
    expect_bytes(wide, size, "<1 a b=[\xC3\xA9]>\xC3\x9F</1 a>");
    expect_bytes(other, size, "<1 a b=[\xC3\xA9]>\xC3\x9F</1 a>");
    expect_bytes(wide + 2, size - 2, "<1 a b=[\xC3\xA9]>\xC3\x9F</1 a>");
    refuse_bytes(wide, size - 1, "it");
    refuse("<a>\xC3</a>", "line 1: ");
    refuse("<a>\xED\xA0\x80</a>", "line 1: ");
    refuse("<?xml version='1.0' encoding='no-such-thing'?><a/>", "line 1: ");
}

/* ---- what is refused ---- */

static void documents_that_are_not_well_formed_are_refused_with_their_line(void **state)
{
    (void)state;
    refuse("", "it is empty");
    refuse(" ", "it, line 1: ");
    refuse("text", "it, line 1: ");
    refuse("<a>\n<b>\n</a>", "it, line 3: Opening and ending tag mismatch: b line 2 and a");
    refuse("<a b='1'\nb='2'/>", "it, line 2: Attribute b redefined");
    refuse("<a b=1/>", "it, line 1: ");
    refuse("<a>\n&nbsp;</a>", "it, line 2: Entity 'nbsp' not defined");
    refuse("<a b='&nbsp;'/>", "Entity 'nbsp' not defined");
    refuse("<a>&#0;</a>", "it, line 1: ");
    refuse("<a>&#xD800;</a>", "it, line 1: ");
    refuse("<a>\x01</a>", "it, line 1: ");
    refuse("<a/><b/>", "it, line 1: Extra content");
    refuse("<a/>text", "it, line 1: Extra content");
    refuse_bytes("<a>\0</a>", 8, "it, line 1: ");
    refuse_bytes("<a/>\0", 5, "it is not well-formed XML");
}

/* What has been told by then is what stands before the end, and no more. */
static void a_document_cut_off_anywhere_is_refused(void **state)
{
    static const char document[] = "<?xml version='1.0' encoding='utf-8'?>\n<!-- c -->\n"
                                   "<p:a xmlns:p='u' b='&amp;1'>t&#65;<![CDATA[x]]><b c=\"d\"/>"
                                   "\xE2\x82\xAC<?pi x?></p:a>";
    (void)state;
    expect(document, "<1 a {u} b=[&1]>tAx<2 b c=[d]></2 b>\xE2\x82\xAC</1 a>");
    for (size_t size = 0; size < strlen(document); size++) {
        AUTO_FREE char *part = mem_dup_n(document, size);
        refuse_bytes(part, size, "it");
    }
}

static void a_document_type_ends_the_reading(void **state)
{
    static const char refusal[] = "it: a document type is not accepted";
    (void)state;
    refuse("<!DOCTYPE a><a/>", refusal);
    refuse("<!DOCTYPE a SYSTEM 'file:///etc/passwd'><a/>", refusal);
    refuse("<!DOCTYPE a PUBLIC 'p' 'http://localhost:1/a'><a/>", refusal);
    refuse("<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>", refusal);
    refuse("<!DOCTYPE a [<!ENTITY b SYSTEM '/etc/passwd'>]><a>&b;</a>", refusal);
    refuse("<!DOCTYPE a [<!ENTITY % b SYSTEM '/etc/passwd'> %b;]><a/>", refusal);
    refuse("<!DOCTYPE a [<!ATTLIST a b CDATA 'c'>]><a/>", refusal);
    refuse("<!DOCTYPE a [<!ENTITY b 'bbbbbbbbbb'><!ENTITY c '&b;&b;&b;&b;&b;&b;&b;&b;'>"
           "<!ENTITY d '&c;&c;&c;&c;&c;&c;&c;&c;'><!ENTITY e '&d;&d;&d;&d;&d;&d;&d;&d;'>"
           "<!ENTITY f '&e;&e;&e;&e;&e;&e;&e;&e;'>]><a b='&f;'>&f;</a>",
           refusal);
    refuse("<a><!DOCTYPE a></a>", "it, line 1: ");
}

static char *nested(unsigned depth)
{
    struct text t = {0};
    for (unsigned i = 0; i < depth; i++)
        text_add(&t, "<a>");
    for (unsigned i = 0; i < depth; i++)
        text_add(&t, "</a>");
    return text_take(&t);
}

static void elements_are_nested_256_deep_at_most(void **state)
{
    static const struct xml_handler silent = {0};
    (void)state;
    AUTO_FREE char *deepest = nested(256), *deeper = nested(257), *deep = nested(500000);
    assert_int_equal(xml_read(deepest, strlen(deepest), "it", &silent, NULL), S_OK);
    refuse(deeper, "it: elements are nested deeper than 256");
    refuse(deep, "it: elements are nested deeper than 256");
}

static HRESULT count_text(void *context, const char *text, size_t length)
{
    (void)text;
    *(size_t *)context += length;
    return S_OK;
}

/* More than what libxml2 looks ahead and keeps (10 MB). */
static void a_large_document_is_read(void **state)
{
    static const struct xml_handler handler = {.text = count_text};
    const size_t most = (size_t)24 << 20;
    size_t seen = 0, pieces = 0;
    struct text t = {0};
    (void)state;
    text_add(&t, "<a>");
    while (t.len < most) {
        text_addf(&t, "<b c='%zu'>0123456789&amp;</b>\n", t.len);
        pieces++;
    }
    text_add(&t, "</a>");
    assert_int_equal(xml_read(t.ptr, t.len, "it", &handler, &seen), S_OK);
    assert_int_equal(seen, pieces * 12);
    text_clear(&t);
}

/* ---- the handler ---- */

static void a_handler_ends_the_reading(void **state)
{
    static const char document[] = "<a><b/><c>";
    struct telling t = {.ends_at = "b", .hr = S_FALSE};
    (void)state;
    assert_int_equal(xml_read(document, strlen(document), "it", &teller, &t), S_OK);
    assert_string_equal(t.text.ptr, "<1 a><2 b>");
    text_clear(&t.text);
    t.hr = E_ACCESSDENIED;
    assert_int_equal(xml_read(document, strlen(document), "it", &teller, &t), E_ACCESSDENIED);
    assert_string_equal(t.text.ptr, "<1 a><2 b>");
    text_clear(&t.text);
}

static HRESULT refuse_text(void *context, const char *text, size_t length)
{
    (void)context, (void)text, (void)length;
    return FAIL(E_ACCESSDENIED, "no text, please");
}

static HRESULT refuse_end(void *context, const char *name, unsigned depth)
{
    (void)context;
    return FAIL(E_ACCESSDENIED, "no end of %s at %u", name, depth);
}

static void a_handlers_failure_and_its_words_are_passed_on(void **state)
{
    static const struct xml_handler no_text = {.text = refuse_text}, no_end = {.end = refuse_end};
    static const char document[] = "<a>t<b/>u</a>&";
    (void)state;
    assert_int_equal(xml_read(document, strlen(document), "it", &no_text, NULL), E_ACCESSDENIED);
    assert_string_equal(error_last()->text, "no text, please");
    assert_int_equal(xml_read(document, strlen(document), "it", &no_end, NULL), E_ACCESSDENIED);
    assert_string_equal(error_last()->text, "no end of b at 2");
}

/* ---- no memory, many threads ---- */

static HRESULT pass_over(void *context, const struct xml_element *e)
{
    (void)context, (void)e;
    return S_OK;
}

static void every_allocation_of_ours_may_fail(void **state)
{
    static const char document[] = "<a b='1' c='2'><b d='3'/></a>";
    static const struct xml_handler handler = {.start = pass_over};
    HRESULT hr = E_OUTOFMEMORY;
    unsigned failed = 0;
    (void)state;
    for (; hr == E_OUTOFMEMORY; failed++) {
        struct floor floor = {.alloc_at = failed + 1};
        (void)floor_use(&floor);
        hr = xml_read(document, strlen(document), "it", &handler, NULL);
        (void)floor_use(NULL);
    }
    assert_int_equal(hr, S_OK);
    assert_true(failed > 3);
}

#define ROUNDS 200

static void read_good_and_bad(void *argument)
{
    unsigned *right = argument;
    static const char good[] = "<a xmlns='u' b='&amp;'>t</a>", bad[] = "<a>\n<b></a>";
    for (unsigned i = 0; i < ROUNDS; i++) {
        struct telling t = {0};
        HRESULT hr = xml_read(good, strlen(good), "it", &teller, &t);
        AUTO_FREE char *told = text_take(&t.text);
        t = (struct telling){0};
        bool is_bad = xml_read(bad, strlen(bad), "that", &teller, &t) == INVALID &&
                      strstr(error_last()->text, "that, line 2: Opening");
        text_clear(&t.text);
        if (hr == S_OK && text_equal(told, "<1 a {u} b=[&]>t</1 a>") && is_bad)
            ++*right;
    }
}

/* libxml2 keeps something for each thread; threads end, and others come. */
static void threads_read_at_the_same_time(void **state)
{
    (void)state;
    for (unsigned n = 0; n < 3; n++) {
        struct os_thread *threads[6];
        unsigned right[6] = {0};
        for (unsigned i = 0; i < 6; i++)
            assert_int_equal(os_thread_start(read_good_and_bad, &right[i], &threads[i]), S_OK);
        for (unsigned i = 0; i < 6; i++) {
            os_thread_join(threads[i]);
            assert_int_equal(right[i], ROUNDS);
        }
    }
}

/* ---- escaping ---- */

static void what_is_escaped_is_read_as_it_was(void **state)
{
    static const char text[] = "a<b>&amp;\"'\t\r\n \xC3\xA9\xF0\x9F\x98\x80]]>\x7F";
    struct text document = {0};
    (void)state;
    text_add(&document, "<a b=\"");
    assert_int_equal(xml_escape(&document, text), S_OK);
    text_add(&document, "\" c='");
    assert_int_equal(xml_escape(&document, text), S_OK);
    text_add(&document, "'>");
    assert_int_equal(xml_escape(&document, text), S_OK);
    text_add(&document, "</a>");
    AUTO_FREE char *expected = mem_format("<1 a b=[%s] c=[%s]>%s</1 a>", text, text, text);
    expect(document.ptr, expected);
    text_clear(&document);
}

static void what_has_no_form_in_xml_is_not_escaped(void **state)
{
    struct text t = {0};
    (void)state;
    assert_int_equal(xml_escape(&t, "a\x01"), E_INVALIDARG);
    assert_int_equal(xml_escape(&t, "a\xFF"), E_INVALIDARG);
    text_clear(&t);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(elements_attributes_and_text_are_told_in_their_order),
        cmocka_unit_test(entities_of_xml_and_numbers_become_characters),
        cmocka_unit_test(names_lose_their_prefix_and_have_a_namespace),
        cmocka_unit_test(attributes_are_found_by_name),
        cmocka_unit_test(encodings_become_utf8),
        cmocka_unit_test(documents_that_are_not_well_formed_are_refused_with_their_line),
        cmocka_unit_test(a_document_cut_off_anywhere_is_refused),
        cmocka_unit_test(a_document_type_ends_the_reading),
        cmocka_unit_test(elements_are_nested_256_deep_at_most),
        cmocka_unit_test(a_large_document_is_read),
        cmocka_unit_test(a_handler_ends_the_reading),
        cmocka_unit_test(a_handlers_failure_and_its_words_are_passed_on),
        cmocka_unit_test(every_allocation_of_ours_may_fail),
        cmocka_unit_test(threads_read_at_the_same_time),
        cmocka_unit_test(what_is_escaped_is_read_as_it_was),
        cmocka_unit_test(what_has_no_form_in_xml_is_not_escaped),
    };
    os_begin(&argc, &argv);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
