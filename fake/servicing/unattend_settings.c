/* SPDX-License-Identifier: MIT */
/* unattend_settings.c - see unattend_settings.h. */
#include "unattend_settings.h"

#include "dism_codes.h"
#include "error.h"
#include "log.h"
#include "text.h"

#define SHELL "Microsoft-Windows-Shell-Setup"

/* Where Windows keeps it; a key of SYSTEM is below the control set. */
static const struct known {
    const char *component, *path;
    enum winimage_hive hive;
    const char *key, *value;
    bool is_flag; /* "true" is 1, "false" 0 */
} settings[] = {
    {"Microsoft-Windows-LUA-Settings", "EnableLUA", HIVE_SOFTWARE,
     "Microsoft\\Windows\\CurrentVersion\\Policies\\System", "EnableLUA", true},
    {SHELL, "ComputerName", HIVE_SYSTEM, "Control\\ComputerName\\ComputerName", "ComputerName",
     false},
    {SHELL, "ComputerName", HIVE_SYSTEM, "Services\\Tcpip\\Parameters", "Hostname", false},
    {SHELL, "TimeZone", HIVE_SYSTEM, "Control\\TimeZoneInformation", "TimeZoneKeyName", false},
    {SHELL, "RegisteredOwner", HIVE_SOFTWARE, "Microsoft\\Windows NT\\CurrentVersion",
     "RegisteredOwner", false},
    {SHELL, "RegisteredOrganization", HIVE_SOFTWARE, "Microsoft\\Windows NT\\CurrentVersion",
     "RegisteredOrganization", false}};

static HRESULT set(struct winimage *image, struct change *change, const struct known *k,
                   const char *value)
{
    struct hive *hive;
    hive_key key;
    AUTO_FREE char *control_set = NULL, *path = NULL;
    if (k->hive == HIVE_SYSTEM)
        TRY(winimage_control_set(image, &control_set));
    path = control_set ? mem_format("%s\\%s", control_set, k->key) : mem_dup(k->key);
    if (!path)
        return FAIL_MEMORY();
    TRY(change_hive(change, k->hive, &hive));
    TRY(hive_make(hive, hive_root(hive), path, &key));
    if (!k->is_flag)
        return hive_set_text(hive, key, k->value, value);
    bool is_on = text_equal_nocase(value, "true");
    if (!is_on && !text_equal_nocase(value, "false"))
        return FAIL(HR_WIN32(ERROR_INVALID_DATA), "%s of the answer file is '%s'", k->path, value);
    return hive_set_number(hive, key, k->value, is_on);
}

static bool is_of_drivers(const struct answer_setting *s)
{
    return text_starts(s->path, "DriverPaths/");
}

HRESULT unattend_settings(struct winimage *image, struct change *change,
                          const struct answer_file *file)
{
    for (size_t i = 0; i < file->settings.len; i++) {
        const struct answer_setting *s = &file->settings.ptr[i];
        bool is_known = is_of_drivers(s);
        for (size_t k = 0; k < sizeof settings / sizeof *settings; k++) {
            if (!text_equal_nocase(settings[k].component, s->component) ||
                !text_equal_nocase(settings[k].path, s->path))
                continue;
            is_known = true;
            TRY(set(image, change, &settings[k], s->value));
        }
        if (!is_known)
            log_line(LOG_WARNING, "Unattend::Setting", S_OK, "%s/%s is left out", s->component,
                     s->path);
    }
    return S_OK;
}
