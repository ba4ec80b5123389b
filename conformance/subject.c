/* SPDX-License-Identifier: MIT */
/* subject.c - identity of the library: path, hash, version, exports, capabilities. */
#include "subject.h"

#include "ending.h"
#include "pe.h"
#include "reflect.h"

enum { DESCRIBE_MS = 60000 };

static HRESULT describe(struct subject *subject)
{
    AUTO_FREE char *program = NULL;
    TRY(os_executable_path(&program));
    AUTO_FREE char *folder = temporary_folder();
    AUTO_FREE char *out = join(folder, "library.json");
    AUTO_FREE char *errors = join(folder, "errors.txt");
    AUTO_FREE char *state = format("DISMFAKE_STATE=%s/state", folder);
    const char *const argv[] = {program, "--describe", subject->path, out, NULL};
    const char *const environment[] = {state, NULL};
    struct os_child_options options = {
        .argv = argv, .environment = environment, .stdout_path = errors, .stderr_path = errors};
    struct os_child *child = NULL;
    struct os_child_end end = {0};
    TRY(os_child_start(&options, &child));
    HRESULT hr = os_child_wait(child, os_now_ms() + DESCRIBE_MS, &end);
    os_child_free(child);
    subject->about = hr == S_OK && end.exited && end.exit_code == 0 ? json_load(out) : NULL;
    AUTO_FREE char *said = NULL;
    size_t size = 0;
    if (FAILED(os_read_file(errors, &said, &size)))
        said = NULL;
    os_remove_tree(folder, true);
    if (subject->about)
        return S_OK;
    if (hr == S_OK && end.signal) {
        AUTO_FREE char *how = ending_text(&end, "");
        return FAIL(E_FAIL, "%s crashes when it is loaded: %s", subject->path, how);
    }
    if (hr != S_OK)
        return FAIL(E_FAIL, "%s does not come back from being loaded", subject->path);
    const char *reason = said ? said : "", *machine = json_text(subject->file, "machine");
    return FAIL(E_FAIL, "%s cannot be loaded: %.*s%s%s%s", subject->path,
                (int)strcspn(reason, "\r\n"), reason, machine ? " (it is a Windows library, " : "",
                machine ? machine : "", machine ? ")" : "");
}

static HRESULT take_side_file(struct subject *subject, const char *side_file)
{
    AUTO_FREE char *beside = format("%s.capabilities.json", subject->path);
    const char *path = side_file ? side_file : beside;
    if (!side_file && !os_is_file(path))
        return S_OK;
    struct json *claims = json_load(path);
    if (!claims)
        return FAIL(E_INVALIDARG, "%s: %s", path, error_last()->text);
    json_set(subject->about, "capabilities", claims);
    return S_OK;
}

/* What the file itself tells, before any of its code runs. */
static HRESULT read_file(struct subject *subject)
{
    AUTO_FREE char *bytes = NULL;
    size_t size = 0;
    TRY(os_read_file(subject->path, &bytes, &size));
    subject->size = size;
    subject->sha256 = sha256_file(subject->path);
    if (!subject->sha256)
        return error_last()->hr;
    TRY(pe_describe(bytes, size, &subject->file));
    const char *company = json_text(json_get(subject->file, "version"), "CompanyName");
    if (company && text_starts(company, "Microsoft"))
        subject->implementation = "microsoft";
    return S_OK;
}

HRESULT subject_find(struct subject *subject, const char *path)
{
    *subject = (struct subject){.implementation = "vendor"};
    HRESULT hr = os_real_path(path, &subject->path);
    if (SUCCEEDED(hr))
        hr = read_file(subject);
    if (FAILED(hr))
        subject_close(subject);
    return hr;
}

/* On Windows an open file keeps others out and a damaged one is damaged for any library. */
static void add_what_the_system_does(struct subject *subject)
{
    static const char *const names[] = {"world:hold", "world:tamper"};
    if (!os_has_drives() || text_equal(subject->implementation, "fake"))
        return;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (!json_array_has(subject->capabilities, names[i]))
            json_push(subject->capabilities, json_new_string(names[i]));
    }
}

HRESULT subject_load(struct subject *subject, const char *side_file)
{
    TRY(describe(subject));
    if (side_file || json_is(json_get(subject->about, "capabilities"), JSON_NULL))
        TRY(take_side_file(subject, side_file));
    const struct json *claims = json_get(subject->about, "capabilities");
    if (json_text(claims, "implementation"))
        subject->implementation = json_text(claims, "implementation");
    const struct json *names = json_get(claims, "capabilities");
    subject->capabilities =
        json_hold(json_is(names, JSON_ARRAY) ? json_copy(names) : json_new_array());
    add_what_the_system_does(subject);
    subject->lied = json_hold(json_new_object());
    return S_OK;
}

bool subject_needs_elevation(const struct subject *subject)
{
    if (text_equal(subject->implementation, "microsoft"))
        return true;
    return subject->about && os_has_drives() && !text_equal(subject->implementation, "fake") &&
           !subject_can(subject, "elevation:none");
}

void subject_close(struct subject *subject)
{
    mem_free(subject->path);
    mem_free(subject->sha256);
    json_free(subject->file);
    json_free(subject->about);
    json_free(subject->capabilities);
    json_free(subject->lied);
}

bool subject_can(const struct subject *subject, const char *capability)
{
    return json_array_has(subject->capabilities, capability);
}

struct json *subject_identity(const struct subject *subject)
{
    struct json *identity = json_hold(json_new_object());
    json_set_string(identity, "path", subject->path);
    json_set_string(identity, "sha256", subject->sha256);
    json_set_number(identity, "size", (double)subject->size);
    json_set_string(identity, "implementation", subject->implementation);
    json_set_number(identity, "exports", (double)json_len(json_get(subject->about, "exports")));
    const char *version = json_text(json_get(subject->about, "capabilities"), "version");
    if (version)
        json_set_string(identity, "version", version);
    if (json_get(subject->file, "version"))
        json_set_string(identity, "fileVersion",
                        json_text(json_get(subject->file, "version"), "file"));
    return identity;
}

struct json *subject_details(const struct subject *subject)
{
    static const char *const keys[] = {"loadedFrom", "missing", "hooks", "capabilities"};
    struct json *details = subject_identity(subject);
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        json_set(details, keys[i], json_copy(json_get(subject->about, keys[i])));
    if (!subject->file)
        return details;
    struct json *extra = json_hold(json_new_array());
    const struct json *exports = json_get(subject->file, "exports");
    for (const struct json *one = json_first(exports); one; one = json_next(one)) {
        const char *name = json_string(one);
        if (reflect_api_by_name(name) == API_COUNT && !text_starts(name, "DismFake"))
            json_push(extra, json_new_string(name));
    }
    json_set(details, "extra", extra);
    json_set_string(details, "machine", json_text(subject->file, "machine"));
    if (json_get(subject->file, "version"))
        json_set(details, "versionResource", json_copy(json_get(subject->file, "version")));
    return details;
}
