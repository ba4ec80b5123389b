/* SPDX-License-Identifier: MIT */
/*
 * fault_source.c - where rules come from: DISMFAKE_FAULTS, once per process, and the state folder,
 * for all its processes.
 */
#include <string.h>

#include "error.h"
#include "fault.h"
#include "fault_rule.h"
#include "settings.h"
#include "state_file.h"

static struct os_mutex refresh_lock;
static bool environment_is_read;
static struct error environment_error;
static struct os_stat state_file; /* of faults.json as last read; inode 0: there was none */

HRESULT fault_load(const char *json)
{
    return fault_arm(json, FAULT_FROM_PROCESS, false);
}

HRESULT fault_arm_state(const char *json)
{
    fault_rules checked AUTO(fault_rules_clear) = {0};
    AUTO_FREE char *path = NULL, *releases = NULL;
    TRY(fault_rules_parse(json, &checked));
    TRY(settings_state_path("faults.json", &path));
    TRY(settings_state_path("releases", &releases));
    if (os_exists(releases))
        TRY(os_remove_tree(releases, true));
    TRY(os_write_file_atomic(path, json, strlen(json)));
    for (size_t i = 0; i < checked.len; i++)
        fault_note_armed(&checked.ptr[i], FAULT_FROM_STATE, true);
    return S_OK;
}

HRESULT fault_disarm_state(void)
{
    AUTO_FREE char *path = NULL;
    TRY(settings_state_path("faults.json", &path));
    return os_exists(path) ? os_remove_file(path) : S_OK;
}

static HRESULT load_environment(void)
{
    const struct settings *settings;
    TRY(settings_get(&settings));
    if (!settings->faults)
        return S_OK;
    if (settings->faults[0] != '@')
        return fault_arm(settings->faults, FAULT_FROM_ENVIRONMENT, false);
    AUTO_FREE char *text = NULL;
    size_t size;
    TRY(os_read_file(settings->faults + 1, &text, &size));
    return fault_arm(text, FAULT_FROM_ENVIRONMENT, false);
}

static HRESULT load_state_folder(void)
{
    AUTO_FREE char *path = NULL, *text = NULL;
    struct os_stat now;
    state_file_look("faults.json", &now);
    if (now.inode == state_file.inode && now.mtime_ns == state_file.mtime_ns &&
        now.size == state_file.size)
        return S_OK;
    state_file = now;
    size_t size;
    TRY(settings_state_path("faults.json", &path));
    if (now.inode && SUCCEEDED(os_read_file(path, &text, &size)))
        return fault_arm(text, FAULT_FROM_STATE, true);
    return fault_arm("[]", FAULT_FROM_STATE, true);
}

HRESULT fault_refresh(void)
{
    AUTO_LOCK(&refresh_lock);
    if (!environment_is_read) {
        environment_is_read = true;
        if (FAILED(load_environment()))
            environment_error = *error_last();
    }
    if (FAILED(environment_error.hr)) {
        error_restore(&environment_error);
        return environment_error.hr;
    }
    return load_state_folder();
}
