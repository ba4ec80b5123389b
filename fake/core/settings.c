/* SPDX-License-Identifier: MIT */
/*
 * settings.c - reads and checks the environment. Relies on os.h and path.h only.
 */
#include "settings.h"

#include <stdio.h>
#include <string.h>

#include "dism_codes.h"
#include "error.h"
#include "os.h"
#include "path.h"
#include "reflect.h"
#include "text.h"
#include "trace.h"

#define PREFIX "DISMFAKE_"

/* What 64 bits of nanoseconds reach, whole years. */
#define FIRST_YEAR 1678
#define LAST_YEAR 2261

static struct os_mutex lock;
static bool is_read;
static struct error read_error; /* hr S_OK: the settings are good */
static struct settings current;

#define NAME_ROW(name, what) PREFIX #name,
static const char *const known_names[] = {SETTINGS(NAME_ROW)};

struct unknown {
    char name[96];
};

static void find_unknown(void *context, const char *assignment)
{
    struct unknown *unknown = context;
    if (!text_starts(assignment, PREFIX) || unknown->name[0])
        return;
    size_t len = strcspn(assignment, "=");
    for (size_t i = 0; i < sizeof known_names / sizeof *known_names; i++)
        if (strlen(known_names[i]) == len && memcmp(known_names[i], assignment, len) == 0)
            return;
    snprintf(unknown->name, sizeof unknown->name, "%.*s", (int)len, assignment);
}

static const char *value_of(const char *name)
{
    const char *value = os_getenv(name);
    return value && *value ? value : NULL;
}

static HRESULT read_choice(const char *name, const char *first, const char *second, bool *is_second)
{
    const char *value = value_of(name);
    *is_second = false;
    if (!value || strcmp(value, first) == 0)
        return S_OK;
    if (strcmp(value, second) != 0)
        return FAIL(E_INVALIDARG, "%s is '%s', expected %s or %s", name, value, first, second);
    *is_second = true;
    return S_OK;
}

/* Days since 1970-01-01 of a date of the Gregorian calendar. */
static long long days_from_date(int year, int month, int day)
{
    long long y = month <= 2 ? year - 1 : year;
    long long era = (y >= 0 ? y : y - 399) / 400;
    long long year_of_era = y - era * 400;
    long long day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    return era * 146097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year -
           719468;
}

static int days_in_month(int year, int month)
{
    int next_year = month == 12 ? year + 1 : year;
    return (int)(days_from_date(next_year, month % 12 + 1, 1) - days_from_date(year, month, 1));
}

static HRESULT read_clock(struct settings *s)
{
    const char *value = value_of(PREFIX "CLOCK");
    if (!value)
        return S_OK;
    int year, month, day, hour, minute, second, end = 0;
    if (sscanf(value, "%4d-%2d-%2dT%2d:%2d:%2d%n", &year, &month, &day, &hour, &minute, &second,
               &end) != 6 ||
        value[end] != '\0' || month < 1 || month > 12 || day < 1 || hour > 23 || minute > 59 ||
        second > 59 || day > days_in_month(year, month) || year < FIRST_YEAR || year > LAST_YEAR)
        return FAIL(E_INVALIDARG, PREFIX "CLOCK is '%s', expected YYYY-MM-DDTHH:MM:SS, %d to %d",
                    value, FIRST_YEAR, LAST_YEAR);
    s->clock_is_fixed = true;
    s->clock_start_ns =
        ((days_from_date(year, month, day) * 24 + hour) * 60 + minute) * 60000000000LL +
        second * 1000000000LL;
    return S_OK;
}

/* The environment's value as absolute native path; NULL if it is not set. */
static HRESULT read_path(const char *name, char **out)
{
    const char *value = value_of(name);
    *out = NULL;
    if (!value)
        return S_OK;
    if (path_drive(value) && !os_has_drives())
        return FAIL(E_INVALIDARG, "%s is '%s': drives are the client's, this names a real folder",
                    name, value);
    return path_full(value, out);
}

static HRESULT read_folders(struct settings *s)
{
    AUTO_FREE char *state = NULL, *online = NULL;
    TRY(read_path(PREFIX "STATE", &state));
    if (!state)
        TRY(os_state_directory("dismfake", &state));
    TRY(os_make_directories(state));
    TRY(read_path(PREFIX "ONLINE", &online));
    s->online_is_given = online != NULL;
    if (online && os_is_volume_root(online))
        return FAIL(E_INVALIDARG, PREFIX "ONLINE is '%s': the machine's own system is never opened",
                    online);
    if (!online)
        TRY(path_join(state, "online", &online));
    s->state = TAKE(state);
    s->online = TAKE(online);
    return S_OK;
}

static HRESULT read_engine(struct settings *s)
{
    static const char *const names[] = {
        [ENGINE_AUTO] = "auto", [ENGINE_LAZY] = "lazy", [ENGINE_EXTRACT] = "extract"};
    const char *value = value_of(PREFIX "ENGINE");
    if (!value)
        return S_OK;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (strcmp(value, names[i]) == 0) {
            s->engine = (enum engine_choice)i;
            return S_OK;
        }
    }
    return FAIL(E_INVALIDARG, PREFIX "ENGINE is '%s', expected auto, lazy or extract", value);
}

static HRESULT read_all(struct settings *s)
{
    struct unknown unknown = {""};
    os_environment(find_unknown, &unknown);
    if (unknown.name[0])
        return FAIL(E_INVALIDARG, "%s is no setting of dismfake (see `dismfake help`)",
                    unknown.name);

    bool no_journal, in_memory; /* hive.c asks for itself */
    TRY(read_engine(s));
    TRY(read_choice(PREFIX "HIVE", "hivex", "memory", &in_memory));
    TRY(read_choice(PREFIX "CALLBACK_THREAD", "image", "caller", &s->callback_on_caller));
    TRY(read_choice(PREFIX "JOURNAL", "on", "off", &no_journal));
    TRY(read_choice(PREFIX "LEAKS", "0", "1", &s->leaks));
    TRY(read_choice(PREFIX "STRICT", "0", "1", &s->strict));
    s->journal = !no_journal;

    s->already_initialized = HR_WIN32(ERROR_ALREADY_INITIALIZED);
    const char *code = value_of(PREFIX "ALREADY_INITIALIZED");
    if (code && !reflect_code_parse(code, &s->already_initialized))
        return FAIL(E_INVALIDARG, PREFIX "ALREADY_INITIALIZED is '%s', which is no HRESULT", code);

    s->seed = 1;
    const char *seed = value_of(PREFIX "SEED");
    if (seed && !text_to_u64(seed, &s->seed))
        return FAIL(E_INVALIDARG, PREFIX "SEED is '%s', expected a whole number", seed);

    TRY(read_clock(s));
    TRY(read_folders(s));
    s->faults = value_of(PREFIX "FAULTS");
    return trace_configure(value_of(PREFIX "TRACE"), value_of(PREFIX "TRACE_FILE"));
}

HRESULT settings_get(const struct settings **out)
{
    AUTO_LOCK(&lock);
    if (!is_read) {
        is_read = true;
        os_keep_loaded(); /* every call comes by here before it leaves a thread or memory behind */
        HRESULT hr = read_all(&current);
        if (FAILED(hr)) {
            read_error = *error_last();
            read_error.hr = hr;
        }
    }
    if (FAILED(read_error.hr)) {
        error_restore(&read_error);
        return read_error.hr;
    }
    *out = &current;
    return S_OK;
}

HRESULT settings_state_path(const char *name, char **out)
{
    const struct settings *settings;
    TRY(settings_get(&settings));
    return path_join(settings->state, name, out);
}
