/* SPDX-License-Identifier: MIT */
/* report.c - the lines for people, the verdict, and the JSON lines. */
#include "report.h"

#include <stdio.h>

/* From best to worst. */
static const char *const statuses[] = {"DISABLED", "PASS",    "XFAIL", "SKIP", "XPASS", "FAIL",
                                       "LEAK",     "TIMEOUT", "CRASH", "LIED", "ERROR"};
enum { STATUS_COUNT = sizeof statuses / sizeof *statuses };
enum { RANK_PASS = 1, RANK_SKIP = 3, RANK_FAIL = 5, RANK_ERROR = 10 };

static size_t rank_of(const struct json *record)
{
    for (size_t i = 0; i < STATUS_COUNT; i++) {
        if (text_equal(json_text(record, "status"), statuses[i]))
            return i;
    }
    return RANK_ERROR;
}

void report_init(struct report *report, const char *colour, unsigned every_ms)
{
    report->line = status_line_start(stdout, every_ms);
    report->has_colour =
        text_equal(colour, "always") || (!text_equal(colour, "never") && report->line.is_terminal);
}

void report_progress(struct report *report, const char *now, size_t others)
{
    char elapsed[24];
    if (!now || !status_line_is_due(&report->line))
        return;
    AUTO_FREE char *beside = others ? format(" and %zu more", others) : need(mem_dup(""));
    AUTO_FREE char *text =
        format("[%zu of %zu cases, %zu failed, %s] %s%s", report->done, report->total,
               report->failed, status_line_elapsed(&report->line, elapsed), now, beside);
    status_line_show(&report->line, text);
}

static const char *colour_of(const struct report *report, size_t rank)
{
    if (!report->has_colour)
        return "";
    return rank <= RANK_PASS ? "\x1b[32m" : rank < RANK_FAIL ? "\x1b[33m" : "\x1b[31m";
}

char *report_skip_text(const struct json *skip)
{
    struct text text = {0};
    const struct json *missing = json_get(skip, "missing");
    text_add(&text, json_text(skip, "kind"));
    for (const struct json *one = json_first(missing); one; one = json_next(one))
        text_addf(&text, "%s%s", one == json_first(missing) ? ": " : ", ", json_string(one));
    if (json_get(skip, "wanted")) {
        AUTO_FREE char *wanted = need(json_print(json_get(skip, "wanted")));
        text_addf(&text, ": wanted %s, have %s", wanted, json_text(skip, "have"));
        if (json_text(skip, "for"))
            text_addf(&text, ", for %s", json_text(skip, "for"));
    }
    return need(text_take(&text));
}

static void print_failure(const struct json *record)
{
    const struct json *verdict = json_get(record, "verdict");
    const char *step = json_text(verdict, "step"), *call = json_text(verdict, "call");
    if (!text_equal(json_text(record, "caseStatus"), "refused")) {
        printf("    %s:%.0f %s", json_text(record, "file"), json_number(json_get(record, "line")),
               json_text(verdict, "pointer"));
        if (step || call)
            printf(" (%s%s%s)", step ? step : "", step && call ? ": " : "", call ? call : "");
        printf("\n");
    }
    printf("    %s\n", json_text(verdict, "message"));
    struct text clauses = {0};
    for (const struct json *c = json_first(json_get(verdict, "clauses")); c; c = json_next(c))
        text_addf(&clauses, "%s%s", clauses.len ? ", " : "", json_string(c));
    if (clauses.len)
        printf("    clause: %s\n", clauses.ptr);
    if (json_text(verdict, "grade"))
        printf("    grade %s", json_text(verdict, "grade"));
    if (json_text(verdict, "source"))
        printf("%ssource: %s", json_text(verdict, "grade") ? ", " : "    ",
               json_text(verdict, "source"));
    if (json_text(verdict, "grade") || json_text(verdict, "source"))
        printf("\n");
    text_clear(&clauses);
    for (const struct json *f = json_first(json_get(record, "findings")); f; f = json_next(f))
        printf("    %s\n", json_string(f));
    const struct json *left = json_get(json_get(record, "cleaned"), "left");
    for (const struct json *one = json_first(left); one; one = json_next(one))
        printf("    still mounted: %s\n", json_string(one));
    if (json_text(json_get(record, "cleaned"), "failed"))
        printf("    clean-up: %s\n", json_text(json_get(record, "cleaned"), "failed"));
    if (json_text(record, "scratch"))
        printf("    scratch: %s\n", json_text(record, "scratch"));
}

void report_case(struct report *report, const struct json *record)
{
    size_t rank = rank_of(record);
    report->done++;
    report->failed += rank >= RANK_FAIL;
    status_line_hide(&report->line);
    printf("%s%-7s%s %s", colour_of(report, rank), json_text(record, "status"),
           report->has_colour ? "\x1b[0m" : "", json_text(record, "case"));
    if (json_get(record, "skip")) {
        AUTO_FREE char *why = report_skip_text(json_get(record, "skip"));
        printf(" (%s)", why);
    } else if (json_get(record, "durationMs")) {
        printf(" (%.0f ms)", json_number(json_get(record, "durationMs")));
    }
    printf("\n");
    if (rank >= RANK_FAIL)
        print_failure(record);
    fflush(stdout);
}

const char *verdict_name(enum verdict verdict)
{
    static const char *const names[] = {"CONFORMANT", "NONCONFORMANT", "INCOMPLETE", "INVALID"};
    return names[verdict];
}

static bool decides(const struct report *report, const struct json *record)
{
    return report->gates_all || !text_equal(json_text(record, "caseStatus"), "staging");
}

static bool has_run(const struct report *report, const char *name)
{
    for (size_t i = 0; i < report->records.len; i++) {
        const struct json *record = report->records.ptr[i];
        if (text_equal(json_text(record, "case"), name) && rank_of(record) != RANK_SKIP)
            return true;
    }
    return false;
}

static enum verdict judge(const struct report *report)
{
    bool is_invalid = false, is_failed = false, is_incomplete = true;
    for (size_t i = 0; i < report->records.len; i++) {
        const struct json *record = report->records.ptr[i];
        size_t rank = rank_of(record);
        is_invalid = is_invalid || rank == RANK_ERROR;
        is_incomplete = is_incomplete && rank == RANK_SKIP; /* a run of skips proves nothing */
        is_failed = is_failed || (rank >= RANK_FAIL && decides(report, record));
    }
    for (const struct json *name = json_first(report->must_run); name; name = json_next(name))
        is_incomplete = is_incomplete || !has_run(report, json_string(name));
    if (is_invalid || report->records.len == 0)
        return VERDICT_INVALID;
    return is_failed       ? VERDICT_NONCONFORMANT
           : is_incomplete ? VERDICT_INCOMPLETE
                           : VERDICT_CONFORMANT;
}

static void print_skips(const struct report *report)
{
    struct json *groups = json_hold(json_new_object());
    for (size_t i = 0; i < report->records.len; i++) {
        const struct json *skip = json_get(report->records.ptr[i], "skip");
        if (!skip)
            continue;
        AUTO_FREE char *why = report_skip_text(skip);
        json_set_number(groups, why, json_number(json_get(groups, why)) + 1);
    }
    for (const struct json *group = json_first(groups); group; group = json_next(group))
        printf("skipped %.0f: %s\n", json_number(group), json_key(group));
    json_free(groups);
}

/* Once more at the end: in a long run the lines of failed cases are far above. */
static void print_failed(const struct report *report)
{
    static const size_t few = 20;
    for (size_t i = 0, shown = 0; i < report->records.len && report->records.len > few; i++) {
        const struct json *record = report->records.ptr[i];
        if (rank_of(record) >= RANK_FAIL && shown++ < few)
            printf("%s: %s\n", statuses[rank_of(record)], json_text(record, "case"));
    }
}

enum verdict report_finish(struct report *report)
{
    size_t counts[STATUS_COUNT] = {0}, failed = 0, staging = 0;
    for (size_t i = 0; i < report->records.len; i++) {
        size_t rank = rank_of(report->records.ptr[i]);
        counts[rank]++;
        failed += rank >= RANK_FAIL;
        staging += rank >= RANK_FAIL && !decides(report, report->records.ptr[i]);
    }
    enum verdict verdict = judge(report);
    status_line_hide(&report->line);
    print_failed(report);
    print_skips(report);
    for (const struct json *one = json_first(report->must_run); one; one = json_next(one)) {
        if (!has_run(report, json_string(one)))
            printf("must run and did not: %s\n", json_string(one));
    }
    bool is_first = true;
    for (size_t i = 0; i < STATUS_COUNT; i++) {
        if (counts[i]) {
            printf("%s%s %zu", is_first ? "" : ", ", statuses[i], counts[i]);
            is_first = false;
        }
    }
    if (staging)
        printf(" (%zu of the failures in staging cases, which do not decide)", staging);
    printf("%s%s: %zu passed, %zu failed, %zu skipped\n", is_first ? "" : "\n",
           verdict_name(verdict), counts[RANK_PASS], failed, counts[RANK_SKIP]);
    fflush(stdout);
    struct json *end = json_hold(json_new_object());
    json_set_string(end, "type", "verdict");
    json_set_string(end, "verdict", verdict_name(verdict));
    json_set_number(end, "passed", (double)counts[RANK_PASS]);
    json_set_number(end, "failed", (double)failed);
    json_set_number(end, "skipped", (double)counts[RANK_SKIP]);
    json_set(report->head, "end", end);
    return verdict;
}

HRESULT report_save(const char *path, const char *text, size_t len)
{
    struct os_stat old;
    if (FAILED(os_lstat(path, &old)) || old.type == OS_TYPE_FILE)
        return os_write_file_atomic(path, text, len);
    AUTO_FILE struct os_file *file = NULL;
    TRY(os_open(path, OS_WRITE | OS_CREATE | OS_TRUNCATE, &file));
    return os_write(file, text, len);
}

void report_write_json(const struct report *report, const char *path)
{
    struct text out = {0};
    struct json *head = json_hold(json_copy(report->head));
    json_remove(head, "end");
    for (size_t i = 0; i <= report->records.len + 1; i++) {
        const struct json *line = i == 0                     ? head
                                  : i <= report->records.len ? report->records.ptr[i - 1]
                                                             : json_get(report->head, "end");
        AUTO_FREE char *text = need(json_print(line));
        text_addf(&out, "%s\n", text);
    }
    json_free(head);
    if (out.failed || FAILED(report_save(path, out.ptr, out.len)))
        die("%s: %s", path, error_last()->text);
    text_clear(&out);
}

void report_clear(struct report *report)
{
    for (size_t i = 0; i < report->records.len; i++)
        json_free(report->records.ptr[i]);
    vec_clear(&report->records);
    json_free(report->head);
    json_free(report->must_run);
}
