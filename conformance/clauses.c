/* SPDX-License-Identifier: MIT */
/* clauses.c - reads the clause register and checks the shape of its entries. */
#include "clauses.h"

struct clauses {
    VEC(struct json *) files;
    VEC(const struct json *) entries;
};

static bool is_level(const char *level)
{
    static const char *const levels[] = {"must", "may", "contested", "observed", "assumed"};
    for (size_t i = 0; level && i < sizeof levels / sizeof *levels; i++) {
        if (text_equal(level, levels[i]))
            return true;
    }
    return false;
}

static void add_entry(struct clauses *clauses, const struct source *source,
                      const struct json *entry, const char *pointer)
{
    const char *id = json_text(entry, "id");
    if (!id) {
        finding_at(source, pointer, "the key 'id' is missing");
        return;
    }
    if (clauses_find(clauses, id))
        finding_at(source, pointer, "the clause %s stands in the register twice", id);
    if (!json_text(entry, "says"))
        finding_at(source, pointer, "clause %s: the key 'says' is missing", id);
    if (!is_level(json_text(entry, "level")))
        finding_at(source, pointer,
                   "clause %s: level is none of: must, may, contested, observed, assumed", id);
    const char *testable = json_text(entry, "testable");
    if (!testable || (!text_equal(testable, "yes") && !text_starts(testable, "no: ")))
        finding_at(source, pointer, "clause %s: 'testable' is neither 'yes' nor 'no: REASON'", id);
    if (json_len(json_get(entry, "sources")) == 0)
        finding_at(source, pointer, "clause %s: 'sources' is missing or empty", id);
    const struct json **slot = need(vec_push(&clauses->entries));
    *slot = entry;
}

static void load_file(struct clauses *clauses, const char *path, struct findings *findings)
{
    AUTO_FREE char *text = NULL;
    size_t len = 0;
    struct json *root = NULL;
    struct source source = {.path = path, .findings = findings};
    if (FAILED(os_read_file(path, &text, &len)) || FAILED(json_parse(text, len, &root))) {
        finding_unreadable(&source);
        return;
    }
    source.text = text;
    source.len = len;
    struct json **slot = need(vec_push(&clauses->files));
    *slot = root;
    const char *pointer = json_is(root, JSON_ARRAY) ? "" : "/clauses";
    const struct json *entries = json_is(root, JSON_ARRAY) ? root : json_get(root, "clauses");
    if (!json_is(entries, JSON_ARRAY)) {
        finding_at(&source, "", "expected an array of clauses, or an object with 'clauses'");
        return;
    }
    size_t i = 0;
    for (const struct json *entry = json_first(entries); entry; entry = json_next(entry), i++) {
        AUTO_FREE char *at = need(json_pointer_index(pointer, i));
        add_entry(clauses, &source, entry, at);
    }
}

struct clauses *clauses_load(const char *folder, struct findings *findings)
{
    struct clauses *clauses = need(mem_alloc(sizeof *clauses));
    AUTO_NAMES struct os_names names = {0};
    struct source source = {.path = folder, .findings = findings};
    if (FAILED(os_list(folder, &names)))
        finding_unreadable(&source);
    for (size_t i = 0; i < names.len; i++) {
        AUTO_FREE char *path = join(folder, names.ptr[i]);
        if (text_ends(names.ptr[i], ".json"))
            load_file(clauses, path, findings);
    }
    return clauses;
}

void clauses_free(struct clauses *clauses)
{
    if (!clauses)
        return;
    for (size_t i = 0; i < clauses->files.len; i++)
        json_free(clauses->files.ptr[i]);
    vec_clear(&clauses->files);
    vec_clear(&clauses->entries);
    mem_free(clauses);
}

const struct json *clauses_find(const struct clauses *clauses, const char *id)
{
    for (size_t i = 0; clauses && i < clauses->entries.len; i++) {
        if (text_equal(json_text(clauses->entries.ptr[i], "id"), id))
            return clauses->entries.ptr[i];
    }
    return NULL;
}

size_t clauses_count(const struct clauses *clauses)
{
    return clauses ? clauses->entries.len : 0;
}

const struct json *clauses_at(const struct clauses *clauses, size_t index)
{
    return clauses->entries.ptr[index];
}
