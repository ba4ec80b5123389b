/* SPDX-License-Identifier: MIT */
/*
 * driver.c - a client of the DISM API for the Python tests: reads one command per line, words
 * separated by tabs, makes the call and answers "= HRESULT TAB text". Progress, when switched on,
 * comes as lines "tick N TOTAL" while the call runs. Works with sanitizers, which a library loaded
 * into Python does not.
 */
#include "client_support.h"

#include "driver_any.h"

/* Not documented, so not in the header (dismapi_calls.h). */
HRESULT WINAPI _DismExportDriver(DismSession session, PCWSTR folder, HANDLE cancel,
                                 DISM_PROGRESS_CALLBACK progress, PVOID user);

#define WORDS 16

static struct {
    bool shows_ticks;
    UINT cancel_at;
    HANDLE event;
} settings;

static void CALLBACK on_tick(UINT current, UINT total, PVOID user)
{
    (void)user;
    if (settings.shows_ticks) {
        printf("tick %u %u\n", current, total);
        fflush(stdout);
    }
    if (settings.cancel_at == current)
        CHECK(DismFakeSetEvent(settings.event));
}

static void answer(HRESULT hr, const char *text)
{
    char message[1024] = "";
    if (FAILED(hr))
        last_message(message, sizeof message);
    printf("= %08X\t%s\n", (unsigned)hr, FAILED(hr) ? message : text);
    fflush(stdout);
}

static DWORD number(const char *word)
{
    return (DWORD)strtoul(word, NULL, 0);
}

static PCWSTR optional(const char *word)
{
    return *word ? wide(word) : NULL;
}

static void list_mounts(void)
{
    static char out[65536];
    static const char *const modes[] = {"rw", "ro"}, *const statuses[] = {"Ok", "NeedsRemount",
                                                                          "Invalid"};
    DismMountedImageInfo *info = NULL;
    UINT count = 0;
    size_t len = 0;
    HRESULT hr = DismGetMountedImageInfo(&info, &count);
    out[0] = '\0';
    for (UINT i = 0; i < count; i++) {
        char mount[1024], image[1024];
        narrow(info[i].MountPath, mount, sizeof mount);
        narrow(info[i].ImageFilePath, image, sizeof image);
        len += (size_t)snprintf(out + len, sizeof out - len, "%s%s|%s|%u|%s|%s", i ? "\t" : "",
                                mount, image, info[i].ImageIndex, modes[info[i].MountMode != 0],
                                statuses[info[i].MountStatus]);
    }
    answer(hr, out);
    (void)DismDelete(info);
}

static void count_images(const char *path)
{
    DismImageInfo *info = NULL;
    UINT count = 0;
    char text[16];
    HRESULT hr = DismGetImageInfo(wide(path), &info, &count);
    snprintf(text, sizeof text, "%u", count);
    answer(hr, text);
    (void)DismDelete(info);
}

static void open_session(char **word)
{
    DismSession session = 0;
    char text[16];
    HRESULT hr = DismOpenSession(strcmp(word[1], "online") == 0 ? DISM_ONLINE_IMAGE : wide(word[1]),
                                 optional(word[2]), optional(word[3]), &session);
    snprintf(text, sizeof text, "%u", session);
    answer(hr, text);
}

/* NAME|CLASS|SIGNATURE|VERSION of each. */
static void list_drivers(char **word)
{
    static char out[65536];
    DismDriverPackage *info = NULL;
    UINT count = 0;
    size_t len = 0;
    HRESULT hr = DismGetDrivers(number(word[1]), number(word[2]) != 0, &info, &count);
    out[0] = '\0';
    for (UINT i = 0; i < count && len < sizeof out - 600; i++) {
        char name[256], class[256];
        narrow(info[i].PublishedName, name, sizeof name);
        narrow(info[i].ClassName, class, sizeof class);
        len +=
            (size_t)snprintf(out + len, sizeof out - len, "%s%s|%s|%d|%u.%u.%u.%u", i ? "\t" : "",
                             name, class, (int)info[i].DriverSignature, info[i].MajorVersion,
                             info[i].MinorVersion, info[i].Build, info[i].Revision);
    }
    answer(hr, out);
    (void)DismDelete(info);
}

static bool run_drivers(char **word)
{
    if (strcmp(word[0], "drivers") == 0)
        list_drivers(word);
    else if (strcmp(word[0], "add-driver") == 0)
        answer(DismAddDriver(number(word[1]), wide(word[2]), number(word[3]) != 0), "");
    else if (strcmp(word[0], "remove-driver") == 0)
        answer(DismRemoveDriver(number(word[1]), wide(word[2])), "");
    else if (strcmp(word[0], "export-drivers") == 0)
        answer(_DismExportDriver(number(word[1]), wide(word[2]), settings.event, on_tick, NULL),
               "");
    else
        return false;
    return true;
}

/* Text of a hook that gives JSON. */
static void ask(HRESULT(WINAPI *hook)(char **))
{
    char *json = NULL;
    HRESULT hr = hook(&json);
    answer(hr, json ? json : "");
    DismFakeFree(json);
}

static bool is(const char *word, const char *name)
{
    return strcmp(word, name) == 0;
}

/* ---- apps and editions ---- */

static void list_apps(const char *session)
{
    static char out[65536];
    DismAppxPackage *info = NULL;
    UINT count = 0;
    size_t len = 0;
    HRESULT hr = _DismGetProvisionedAppxPackages(number(session), &info, &count);
    out[0] = '\0';
    for (UINT i = 0; i < count && len < sizeof out - 1100; i++) {
        char name[512], region[512] = "";
        narrow(info[i].PackageName, name, sizeof name);
        if (info[i].Region)
            narrow(info[i].Region, region, sizeof region);
        len +=
            (size_t)snprintf(out + len, sizeof out - len, "%s%s|%s", i ? "\t" : "", name, region);
    }
    answer(hr, out);
    (void)DismDelete(info);
}

/* SESSION APP DEPENDENCY LICENCE CUSTOM-DATA REGION, all but the first two may be empty. */
static void add_app(char **word)
{
    PCWSTR dependency = optional(word[3]), license = optional(word[4]);
    answer(_DismAddProvisionedAppxPackage(
               number(word[1]), wide(word[2]), dependency ? &dependency : NULL, dependency != NULL,
               NULL, 0, license ? &license : NULL, license != NULL, !license, optional(word[5]),
               optional(word[6]), DismStubPackageOptionNone),
           "");
}

static void tell_edition(const char *session)
{
    DismString *edition = NULL;
    char text[256] = "";
    HRESULT hr = _DismGetCurrentEdition(number(session), &edition);
    if (SUCCEEDED(hr))
        narrow(edition->Value, text, sizeof text);
    answer(hr, text);
    (void)DismDelete(edition);
}

static bool run_apps(char **word)
{
    if (is(word[0], "apps"))
        list_apps(word[1]);
    else if (is(word[0], "add-app"))
        add_app(word);
    else if (is(word[0], "remove-app"))
        answer(_DismRemoveProvisionedAppxPackage(number(word[1]), wide(word[2])), "");
    else if (is(word[0], "edition"))
        tell_edition(word[1]);
    else if (is(word[0], "set-edition"))
        answer(_DismSetEdition(number(word[1]), wide(word[2]), optional(word[3]), settings.event,
                               on_tick, NULL),
               "");
    else if (is(word[0], "set-key"))
        answer(_DismSetProductKey(number(word[1]), wide(word[2])), "");
    else
        return false;
    return true;
}

/* ---- packages ---- */

/* NAME|STATE of each. */
static void list_packages(const char *session)
{
    static char out[65536];
    DismPackage *info = NULL;
    UINT count = 0;
    size_t len = 0;
    HRESULT hr = DismGetPackages(number(session), &info, &count);
    out[0] = '\0';
    for (UINT i = 0; i < count && len < sizeof out - 600; i++) {
        char name[512];
        narrow(info[i].PackageName, name, sizeof name);
        len += (size_t)snprintf(out + len, sizeof out - len, "%s%s|%d|%d", i ? "\t" : "", name,
                                (int)info[i].PackageState, (int)info[i].ReleaseType);
    }
    answer(hr, out);
    (void)DismDelete(info);
}

/* SESSION PATH IGNORE-CHECK PREVENT-PENDING; SESSION IDENTIFIER path|name */
static bool run_packages(char **word)
{
    if (is(word[0], "packages"))
        list_packages(word[1]);
    else if (is(word[0], "add-package"))
        answer(DismAddPackage(number(word[1]), wide(word[2]), number(word[3]) != 0,
                              number(word[4]) != 0, settings.event, on_tick, NULL),
               "");
    else if (is(word[0], "remove-package"))
        answer(DismRemovePackage(number(word[1]), wide(word[2]),
                                 is(word[3], "path") ? DismPackagePath : DismPackageName,
                                 settings.event, on_tick, NULL),
               "");
    else
        return false;
    return true;
}

static bool run_hook(char **word)
{
    if (is(word[0], "load"))
        answer(DismFakeLoadFaults(word[1]), "");
    else if (is(word[0], "disarm"))
        answer(DismFakeDisarm(*word[1] ? word[1] : NULL), "");
    else if (is(word[0], "release"))
        answer(DismFakeRelease(word[1]), "");
    else if (is(word[0], "reboot"))
        answer(DismFakeReboot(), "");
    else if (is(word[0], "reset"))
        answer(DismFakeReset(), "");
    else if (is(word[0], "status"))
        ask(DismFakeStatus);
    else if (is(word[0], "journal"))
        ask(DismFakeJournal);
    else if (is(word[0], "ticks"))
        settings.shows_ticks = is(word[1], "on"), answer(S_OK, "");
    else if (is(word[0], "cancel"))
        settings.cancel_at = number(word[1]), answer(S_OK, "");
    else
        return false;
    return true;
}

static void run(char **word)
{
    (void)DismFakeResetEvent(settings.event);
    if (is(word[0], "init"))
        answer(DismInitialize((DismLogLevel)number(word[1]), optional(word[2]), optional(word[3])),
               "");
    else if (is(word[0], "shutdown"))
        answer(DismShutdown(), "");
    else if (is(word[0], "mount"))
        answer(DismMountImage(wide(word[1]), wide(word[2]), number(word[3]), NULL, DismImageIndex,
                              number(word[4]), settings.event, on_tick, NULL),
               "");
    else if (is(word[0], "unmount"))
        answer(DismUnmountImage(wide(word[1]), number(word[2]), settings.event, on_tick, NULL), "");
    else if (is(word[0], "commit"))
        answer(DismCommitImage(number(word[1]), number(word[2]), settings.event, on_tick, NULL),
               "");
    else if (is(word[0], "open"))
        open_session(word);
    else if (is(word[0], "close"))
        answer(DismCloseSession(number(word[1])), "");
    else if (is(word[0], "remount"))
        answer(DismRemountImage(wide(word[1])), "");
    else if (is(word[0], "cleanup"))
        answer(DismCleanupMountpoints(), "");
    else if (is(word[0], "mounted"))
        list_mounts();
    else if (is(word[0], "info"))
        count_images(word[1]);
    else if (is(word[0], "leak")) {
        DismImageInfo *info;
        UINT count;
        answer(DismGetImageInfo(wide(word[1]), &info, &count), "");
    } else if (!run_drivers(word) && !run_apps(word) && !run_packages(word) && !run_hook(word) &&
               !run_any(word)) {
        fprintf(stderr, "driver: no command %s\n", word[0]);
        exit(2);
    }
}

int main(void)
{
    static char line[65536];
    static char empty[] = "";
    settings.event = DismFakeCreateEvent(TRUE, FALSE);
    while (fgets(line, sizeof line, stdin)) {
        char *word[WORDS];
        size_t count = 0;
        for (size_t i = 0; i < WORDS; i++)
            word[i] = empty;
        line[strcspn(line, "\n")] = '\0';
        for (char *at = line; at && count < WORDS; count++) {
            char *tab = strchr(at, '\t');
            word[count] = at;
            if (tab)
                *tab++ = '\0';
            at = tab;
        }
        run(word);
    }
    return 0;
}
