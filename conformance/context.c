/* SPDX-License-Identifier: MIT */
/* context.c - see context.h. */
#include "context.h"

#include <stdio.h>

static bool is_allowed(const struct subject *subject)
{
    if (!subject_needs_elevation(subject) || os_is_elevated())
        return true;
    fprintf(stderr,
            "dismconform: %s works for administrators only, and this process is not elevated: "
            "nothing was called. Start dismconform from a terminal that was opened with \"Run as "
            "administrator\".\n",
            subject->path);
    return false;
}

static int refuse(struct subject *subject, int code)
{
    if (code == EXIT_INVALID)
        fprintf(stderr, "dismconform: %s\n", error_last()->text);
    subject_close(subject);
    return code;
}

int context_find(struct subject *subject, const char *path)
{
    if (FAILED(subject_find(subject, path)))
        return refuse(subject, EXIT_INVALID);
    return is_allowed(subject) ? 0 : refuse(subject, EXIT_NOT_ELEVATED);
}

int context_load(struct subject *subject, const struct options *options)
{
    if (FAILED(subject_load(subject, options->capabilities)))
        return refuse(subject, EXIT_INVALID);
    return is_allowed(subject) ? 0 : refuse(subject, EXIT_NOT_ELEVATED);
}

/* Without a grant: the least that is of use. */
static const char *granted(const struct options *options, const struct subject *subject)
{
    if (options->touches)
        return options->touches;
    return text_equal(subject->implementation, "fake") ? "scratch" : "nothing";
}

/* A real library has real work to do. */
static double patience(const struct options *options, const struct subject *subject)
{
    if (options->timeout_factor > 0)
        return options->timeout_factor;
    return text_equal(subject->implementation, "fake") ? 1 : 4;
}

void context_open(struct run_context *context, const struct options *options,
                  const struct subject *subject, struct catalog *catalog)
{
    /* Rules of the caller's environment must not reach the cases. */
    os_setenv("DISMFAKE_FAULTS", NULL);
    catalog_open(catalog, options->fixtures);
    *context = (struct run_context){.subject = subject,
                                    .catalog = catalog,
                                    .touches = granted(options, subject),
                                    .timeout_factor = patience(options, subject),
                                    .keeps_scratch = options->keeps_scratch};
    if (FAILED(os_executable_path(&context->program)))
        die("%s", error_last()->text);
    context->scratch = temporary_folder();
}

void context_close(struct run_context *context, struct catalog *catalog)
{
    if (!context->keeps_scratch)
        os_remove_tree(context->scratch, true);
    mem_free((char *)(uintptr_t)context->scratch);
    mem_free(context->program);
    catalog_close(catalog);
}

struct json *context_head(const struct subject *subject, const struct options *options,
                          const char *type)
{
    struct json *head = json_hold(json_new_object());
    struct json *environment = json_hold(json_new_object());
    json_set_string(head, "type", type);
    json_set_string(head, "runner", "dismconform");
    json_set_string(head, "version", DISMCONFORM_VERSION);
    json_put_text(head, "grammar", format("%d.%d", GRAMMAR_MAJOR, GRAMMAR_MINOR));
    json_set(head, "library", subject_details(subject));
    AUTO_FREE char *system = NULL;
    if (SUCCEEDED(os_system_name(&system)))
        json_set_string(environment, "os", system);
    json_set_bool(environment, "elevated", os_is_elevated());
    json_set_string(environment, "locale", os_getenv("LANG"));
    json_set_string(environment, "touches", granted(options, subject));
    json_set_number(environment, "timeoutMultiplier", patience(options, subject));
    json_set(head, "environment", environment);
    return head;
}
