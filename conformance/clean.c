/* SPDX-License-Identifier: MIT */
/* clean.c - see clean.h. */
#include "clean.h"

#include <stdio.h>

#include "ending.h"
#include "invoke.h"
#include "library.h"
#include "touches.h"

enum { CLEAN_MS = 300000 }; /* discarding a large image takes minutes on a real machine */

static bool is_needed(const struct run *run)
{
    const struct run_context *context = run->context;
    AUTO_FREE char *why = NULL;
    return !text_equal(context->subject->implementation, "fake") &&
           !text_equal(json_text(run->record, "status"), "PASS") &&
           touches_of(run->scenario, &why) >= TOUCHES_MOUNTS;
}

static void run_child(struct run *run, const char *out, struct json *cleaned)
{
    const char *const argv[] = {run->context->program, "--clean", run->context->subject->path,
                                run->scratch,          out,       NULL};
    AUTO_FREE char *errors = join(run->scratch, "clean.txt");
    struct os_child_options options = {
        .argv = argv, .directory = run->scratch, .stdout_path = errors, .stderr_path = errors};
    struct os_child *child = NULL;
    struct os_child_end end = {0};
    uint64_t limit = (uint64_t)(CLEAN_MS * run->context->timeout_factor);
    HRESULT hr = os_child_start(&options, &child);
    if (SUCCEEDED(hr)) {
        hr = os_child_wait(child, os_now_ms() + limit, &end);
        os_child_free(child);
    }
    if (FAILED(hr))
        json_set_string(cleaned, "failed", error_last()->text);
    else if (hr == S_FALSE)
        json_set_string(cleaned, "failed", "ending the mounts takes too long");
    else if (!ending_is_clean(&end))
        json_put_text(cleaned, "failed", ending_text(&end, "while it ended the mounts"));
}

void clean_up(struct run *run)
{
    if (!is_needed(run))
        return;
    struct json *cleaned = json_hold(json_new_object());
    AUTO_FREE char *out = join(run->scratch, "cleaned.json");
    run_child(run, out, cleaned);
    AUTO_JSON struct json *said = os_is_file(out) ? json_load(out) : NULL;
    for (const struct json *one = json_first(said); one; one = json_next(one))
        json_set(cleaned, json_key(one), json_hold(json_copy(one)));
    json_set(run->record, "cleaned", cleaned);
    if (!clean_has_failed(run->record))
        return;
    json_set_string(run->record, "status", "ERROR");
    json_set_string(run->record, "stage", "clean-up");
}

bool clean_has_failed(const struct json *record)
{
    const struct json *cleaned = json_get(record, "cleaned");
    return json_get(cleaned, "failed") || json_len(json_get(cleaned, "left")) > 0;
}

/* ---- the child ---- */

static struct library library; /* stays loaded until the process ends */

static HRESULT call(enum api api, const arg_word *words)
{
    return library.exports[api] ? invoke(api, library.exports[api], words) : E_NOTIMPL;
}

static HRESULT initialise(const char *folder)
{
    AUTO_FREE char *log = join(folder, "clean.log");
    AUTO_FREE char16_t *log16 = NULL;
    path_show(log);
    TRY(text_to_utf16(log, &log16));
    const arg_word words[] = {DismLogErrorsWarningsInfo, REFLECT_WORD(log16), 0};
    return call(API_DismInitialize, words);
}

/* The mounts at and below the folder, as an array of paths. */
static HRESULT list_mounts(const char *folder, struct json *paths)
{
    DismMountedImageInfo *mounts = NULL;
    UINT count = 0;
    const arg_word words[] = {REFLECT_WORD(&mounts), REFLECT_WORD(&count)};
    TRY(call(API_DismGetMountedImageInfo, words));
    for (UINT i = 0; i < count; i++) {
        AUTO_FREE char *path = NULL;
        AUTO_FREE char *native = NULL;
        PCWSTR text;
        memcpy(&text, &mounts[i].MountPath, sizeof text);
        TRY(text_from_utf16((const char16_t *)text, &path));
        if (path && SUCCEEDED(path_native(path, &native)) && path_is_within(native, folder))
            json_push(paths, json_new_string(path));
    }
    const arg_word block[] = {REFLECT_WORD(mounts)};
    if (mounts)
        (void)call(API_DismDelete, block);
    return S_OK;
}

static void discard(const char *path)
{
    AUTO_FREE char16_t *path16 = NULL;
    if (FAILED(text_to_utf16(path, &path16)))
        return;
    const arg_word words[] = {REFLECT_WORD(path16), DISM_DISCARD_IMAGE, 0, 0, 0};
    (void)call(API_DismUnmountImage, words);
}

int clean_child(const char *path, const char *folder, const char *out)
{
    AUTO_JSON struct json *result = json_hold(json_new_object());
    struct json *before = json_hold(json_new_array()), *after = json_hold(json_new_array());
    json_set(result, "ended", before);
    json_set(result, "left", after);
    HRESULT hr = library_open(path, &library);
    if (SUCCEEDED(hr))
        hr = initialise(folder);
    if (SUCCEEDED(hr))
        hr = list_mounts(folder, before);
    for (const struct json *one = json_first(before); one; one = json_next(one))
        discard(json_string(one));
    if (SUCCEEDED(hr))
        hr = list_mounts(folder, after);
    char buffer[16];
    if (FAILED(hr))
        json_put_text(
            result, "failed",
            format("the list of mounts cannot be had: %s", reflect_code_name(hr, buffer)));
    (void)call(API_DismShutdown, NULL);
    json_save(out, result);
    return EXIT_CONFORMANT;
}
