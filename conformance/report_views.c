/* SPDX-License-Identifier: MIT */
/* report_views.c - TAP 14 and JUnit XML, made from the records. */
#include "report.h"

static void save(struct text *out, const char *path)
{
    if (out->failed || FAILED(report_save(path, out->ptr, out->len)))
        die("%s: %s", path, error_last()->text);
    text_clear(out);
}

static bool is_pass(const struct json *record)
{
    return text_equal(json_text(record, "status"), "PASS");
}

/* A TAP description must not look like a directive. */
static void add_tap_text(struct text *out, const char *text)
{
    for (; *text; text++) {
        if (*text == '#' || *text == '\\')
            text_add(out, "\\");
        text_add_n(out, *text == '\n' ? " " : text, 1);
    }
}

static void add_tap_details(struct text *out, const struct json *record)
{
    const struct json *verdict = json_get(record, "verdict");
    text_add(out, "  ---\n");
    static const char *const keys[] = {"message", "pointer", "step",   "call",
                                       "grade",   "source",  "clauses"};
    AUTO_FREE char *status = need(json_print(json_get(record, "status")));
    text_addf(out, "  status: %s\n", status);
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        if (!json_get(verdict, keys[i]))
            continue;
        AUTO_FREE char *value = need(json_print(json_get(verdict, keys[i])));
        text_addf(out, "  %s: %s\n", keys[i], value); /* JSON is YAML */
    }
    text_add(out, "  ...\n");
}

void report_write_tap(const struct report *report, const char *path)
{
    struct text out = {0};
    text_addf(&out, "TAP version 14\n1..%zu\n", report->records.len);
    for (size_t i = 0; i < report->records.len; i++) {
        const struct json *record = report->records.ptr[i];
        const struct json *skip = json_get(record, "skip");
        text_addf(&out, "%s %zu - ", is_pass(record) || skip ? "ok" : "not ok", i + 1);
        add_tap_text(&out, json_text(record, "case"));
        if (skip) {
            AUTO_FREE char *why = report_skip_text(skip);
            text_add(&out, " # SKIP ");
            add_tap_text(&out, why);
        }
        text_add(&out, "\n");
        if (!is_pass(record) && !skip)
            add_tap_details(&out, record);
    }
    save(&out, path);
}

/* Escapes for attributes and text; characters that XML cannot hold become U+FFFD. */
static void add_xml(struct text *out, const char *text)
{
    for (; text && *text; text++) {
        switch (*text) {
        case '&':
            text_add(out, "&amp;");
            break;
        case '<':
            text_add(out, "&lt;");
            break;
        case '>':
            text_add(out, "&gt;");
            break;
        case '"':
            text_add(out, "&quot;");
            break;
        case '\n':
            text_add(out, "&#10;");
            break;
        case '\t':
            text_add(out, "&#9;");
            break;
        default:
            if ((unsigned char)*text < 0x20)
                text_add(out, "\xEF\xBF\xBD");
            else
                text_add_n(out, text, 1);
        }
    }
}

static void add_attribute(struct text *out, const char *name, const char *value)
{
    text_addf(out, " %s=\"", name);
    add_xml(out, value);
    text_add(out, "\"");
}

static void add_test_case(struct text *out, const struct json *record)
{
    const char *name = json_text(record, "case"), *status = json_text(record, "status");
    const struct json *skip = json_get(record, "skip"), *verdict = json_get(record, "verdict");
    const char *slash = strrchr(name, '/');
    AUTO_FREE char *suite = slash ? need(mem_dup_n(name, (size_t)(slash - name))) : dup_text(name);
    text_add(out, "    <testcase");
    add_attribute(out, "classname", suite);
    add_attribute(out, "name", slash ? slash + 1 : name);
    text_addf(out, " time=\"%.3f\"", json_number(json_get(record, "durationMs")) / 1000);
    if (is_pass(record)) {
        text_add(out, "/>\n");
        return;
    }
    bool is_failure = text_equal(status, "FAIL") || text_equal(status, "LEAK");
    const char *element = skip ? "skipped" : is_failure ? "failure" : "error";
    AUTO_FREE char *why = skip ? report_skip_text(skip) : dup_text(json_text(verdict, "message"));
    text_addf(out, ">\n      <%s", element);
    add_attribute(out, "message", why);
    if (skip) {
        text_add(out, "/>\n    </testcase>\n");
        return;
    }
    AUTO_FREE char *details = need(json_print_pretty(verdict));
    add_attribute(out, "type", status);
    text_add(out, ">");
    add_xml(out, details);
    text_addf(out, "</%s>\n    </testcase>\n", element);
}

void report_write_junit(const struct report *report, const char *path)
{
    struct text out = {0};
    size_t failures = 0, errors = 0, skipped = 0;
    for (size_t i = 0; i < report->records.len; i++) {
        const char *status = json_text(report->records.ptr[i], "status");
        bool is_failure = text_equal(status, "FAIL") || text_equal(status, "LEAK");
        failures += is_failure;
        skipped += text_equal(status, "SKIP");
        errors += !is_failure && !text_equal(status, "SKIP") && !text_equal(status, "PASS");
    }
    text_addf(&out,
              "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n"
              "  <testsuite name=\"dismconform\" tests=\"%zu\" failures=\"%zu\" errors=\"%zu\" "
              "skipped=\"%zu\">\n",
              report->records.len, failures, errors, skipped);
    for (size_t i = 0; i < report->records.len; i++)
        add_test_case(&out, report->records.ptr[i]);
    text_add(&out, "  </testsuite>\n</testsuites>\n");
    save(&out, path);
}
