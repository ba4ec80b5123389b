/* SPDX-License-Identifier: MIT */
/*
 * servicing_faults.c - every servicing call on a folder with a Windows in it, with an allocation, a
 * change to the file system, a byte that does not fit, a step failing, its process killed at every
 * change and step. After each: the folder is what it was before or what it is after the whole
 * change, nothing leaks, and the same call then works. Calls that read answer the truth or
 * E_OUTOFMEMORY.
 *
 * usage: test_servicing_faults DIRECTORY CATALOGUE [CALL]
 *        test_servicing_faults DIRECTORY CATALOGUE victim CALL CHANGE  (a child of itself)
 *
 * SERVICING_FAULTS=all: every failure, not a sample.
 */
#include <ftw.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "client_world.h"

#include "floor.h"
#include "os.h"
#include "probes.h"
#include "result.h"

#define DISK_FULL (HRESULT)0x80070070
#define SAMPLES 9 /* of each kind of failure, unless all are wanted */

static char image[1024], other[1024], before_folder[1024], catalogue[1024];
static const char *program, *directory;
static DismSession session;
static const char *where = "at first";
static bool takes_all;
static unsigned failures, absorbed, kills, left_over;

#define ASSERT(claim)                                                                              \
    do {                                                                                           \
        if (!(claim)) {                                                                            \
            char assert_text[512];                                                                 \
            last_message(assert_text, sizeof assert_text);                                         \
            fprintf(stderr, "%s:%d: %s: not so: %s (%s)\n", __FILE__, __LINE__, where, #claim,     \
                    assert_text);                                                                  \
            exit(1);                                                                               \
        }                                                                                          \
    } while (0)

/* ---- what a folder holds ---- */

static uint64_t folder_sum;
static size_t folder_root;

static uint64_t hash_bytes(uint64_t hash, const void *bytes, size_t size)
{
    for (const unsigned char *b = bytes; size-- > 0; b++)
        hash = (hash ^ *b) * 1099511628211u;
    return hash;
}

/* Entries come in any order. */
static int add_entry(const char *path, const struct stat *stat, int type, struct FTW *ftw)
{
    AUTO_FREE char *data = NULL;
    size_t size = 0;
    const char *name = path + folder_root;
    uint64_t hash = hash_bytes(14695981039346656037u, name, strlen(name) + 1);
    (void)ftw;
    if (type == FTW_F)
        CHECK(SUCCEEDED(os_read_file(path, &data, &size)));
    hash = hash_bytes(hash, &stat->st_mode, sizeof stat->st_mode);
    folder_sum += hash_bytes(hash, data, size);
    return 0;
}

/* Places, modes and contents of all files. */
static uint64_t digest(const char *folder)
{
    folder_sum = 0;
    folder_root = strlen(folder);
    CHECK(nftw(folder, add_entry, 32, FTW_PHYS) == 0);
    return folder_sum;
}

/* ---- steps ---- */

static const char *fixture(const char *name)
{
    return below(catalogue, name);
}

static void copy_folder(const char *from, const char *to)
{
    CHECK(shell("rm -rf '%s' && cp -a '%s' '%s'", to, from, to) == 0);
}

static void unpack(const char *name, const char *folder)
{
    CHECK(shell("rm -rf '%s' && wimlib-imagex apply '%s' 1 '%s' >/dev/null 2>&1", folder,
                fixture(name), folder) == 0);
}

static void close_session(void)
{
    if (session)
        ASSERT(DismCloseSession(session) == S_OK);
    session = 0;
}

/* ---- the calls that change ---- */

static HRESULT call_add_package(void)
{
    return DismAddPackage(session, wide(fixture("pkg-simple.cab")), FALSE, FALSE, NULL, NULL, NULL);
}

static HRESULT call_remove_package(void)
{
    return DismRemovePackage(session,
                             wide("Package_for_KB5030001~31bf3856ad364e35~amd64~~22621.2001.1.0"),
                             DismPackageName, NULL, NULL, NULL);
}

static HRESULT call_enable(void)
{
    return DismEnableFeature(session, wide("TelnetClient"), NULL, DismPackageNone, TRUE, NULL, 0,
                             FALSE, NULL, NULL, NULL);
}

static HRESULT call_disable(void)
{
    return DismDisableFeature(session, wide("WorkFolders-Client"), NULL, TRUE, NULL, NULL, NULL);
}

/* From the second image: what is unpacked, and put together as a package, goes with the change. */
static HRESULT call_add_capability(void)
{
    char source[1100];
    snprintf(source, sizeof source, "wim:%s:2", fixture("serviced-source.wim"));
    PCWSTR sources[] = {wide(source)};
    return DismAddCapability(session, wide("OpenSSH.Server~~~~0.0.1.0"), TRUE, sources, 1, NULL,
                             NULL, NULL);
}

static HRESULT call_remove_capability(void)
{
    return DismRemoveCapability(session, wide("OpenSSH.Server~~~~0.0.1.0"), NULL, NULL, NULL);
}

static HRESULT call_check(void)
{
    DismImageHealthState state = DismImageHealthy;
    HRESULT hr = DismCheckImageHealth(session, TRUE, NULL, NULL, NULL, &state);
    ASSERT(FAILED(hr) || state == DismImageRepairable);
    return hr;
}

static HRESULT call_restore(void)
{
    PCWSTR sources[] = {wide(below(other, "Windows"))};
    return DismRestoreImageHealth(session, sources, 1, TRUE, NULL, NULL, NULL);
}

static HRESULT call_unattend(void)
{
    return DismApplyUnattend(session, wide(fixture("unattend-install/unattend.xml")), TRUE);
}

static HRESULT call_reserved(void)
{
    return DismSetReservedStorageState(session, 0);
}

static HRESULT call_add_driver(void)
{
    return DismAddDriver(session, wide(fixture("drv-net/ctsnet.inf")), FALSE);
}

static HRESULT call_remove_driver(void)
{
    return DismRemoveDriver(session, wide("oem2.inf"));
}

static HRESULT call_add_app(void)
{
    return _DismAddProvisionedAppxPackage(session, wide(fixture("app-appx.appx")), NULL, 0, NULL, 0,
                                          NULL, 0, TRUE, NULL, NULL, DismStubPackageOptionNone);
}

static HRESULT call_remove_app(void)
{
    return _DismRemoveProvisionedAppxPackage(session,
                                             wide("Contoso.Paint_5.0.1.0_x64__8wekyb3d8bbwe"));
}

static HRESULT call_set_edition(void)
{
    return _DismSetEdition(session, wide("Enterprise"), NULL, NULL, NULL, NULL);
}

static HRESULT call_set_key(void)
{
    return _DismSetProductKey(session, wide("VK7JG-NPHTM-C97JM-9MPGT-3V66T"));
}

struct operation {
    const char *name, *fixture;
    HRESULT (*call)(void), (*prepare)(void);
    bool is_online;
    /* found out */
    uint64_t before, after;
    HRESULT success;
};

#define CLIENT "serviced-client.wim"
#define DAMAGED "serviced-damaged.wim"

static struct operation operations[] = {
    {.name = "DismAddPackage", .fixture = CLIENT, .call = call_add_package},
    {"DismRemovePackage", CLIENT, call_remove_package, .prepare = call_add_package},
    {.name = "DismEnableFeature", .fixture = CLIENT, .call = call_enable},
    {.name = "DismDisableFeature", .fixture = CLIENT, .call = call_disable},
    {.name = "DismAddCapability", .fixture = CLIENT, .call = call_add_capability},
    {"DismRemoveCapability", CLIENT, call_remove_capability, .prepare = call_add_capability},
    {.name = "DismCheckImageHealth", .fixture = DAMAGED, .call = call_check},
    {.name = "DismRestoreImageHealth", .fixture = DAMAGED, .call = call_restore},
    {.name = "DismApplyUnattend", .fixture = CLIENT, .call = call_unattend},
    {"DismSetReservedStorageState", CLIENT, call_reserved, .is_online = true},
    {.name = "DismAddDriver", .fixture = CLIENT, .call = call_add_driver},
    {"DismRemoveDriver", CLIENT, call_remove_driver, .prepare = call_add_driver},
    {.name = "_DismAddProvisionedAppxPackage", .fixture = CLIENT, .call = call_add_app},
    {.name = "_DismRemoveProvisionedAppxPackage", .fixture = CLIENT, .call = call_remove_app},
    {.name = "_DismSetEdition", .fixture = CLIENT, .call = call_set_edition},
    {.name = "_DismSetProductKey", .fixture = CLIENT, .call = call_set_key},
};

static void open_session(const struct operation *o)
{
    ASSERT(DismOpenSession(o->is_online ? DISM_ONLINE_IMAGE : wide(image), NULL, NULL, &session) ==
           S_OK);
}

static const char *folder_of(const struct operation *o)
{
    return o->is_online ? below(directory, "online") : image;
}

static void prepare(struct operation *o)
{
    const char *folder = folder_of(o);
    unpack(o->fixture, folder);
    open_session(o);
    ASSERT(!o->prepare || SUCCEEDED(o->prepare()));
    close_session();
    copy_folder(folder, before_folder);
    o->before = digest(folder);
    open_session(o);
    o->success = o->call();
    ASSERT(SUCCEEDED(o->success));
    close_session();
    o->after = digest(folder);
    ASSERT(o->after != o->before);
    copy_folder(before_folder, folder);
}

/* ---- failures within the call ---- */

/* Back to the state before, by what the user does if he can: the call once more. */
static void go_on(const struct operation *o, uint64_t now, bool tries_again)
{
    if (now == o->before && tries_again) {
        ASSERT(o->call() == o->success);
        now = digest(folder_of(o));
        ASSERT(now == o->after);
    }
    close_session();
    ASSERT(result_live_count() == 0);
    if (now != o->before)
        copy_folder(before_folder, folder_of(o));
}

/* Where everything fails, a change that was decided is made by whoever comes next. */
static uint64_t look_again(const struct operation *o)
{
    left_over++;
    close_session();
    open_session(o);
    return digest(folder_of(o));
}

static void check_outcome(const struct operation *o, HRESULT hr, bool may_be_later, bool again)
{
    uint64_t now = digest(folder_of(o));
    if (SUCCEEDED(hr)) {
        ASSERT(hr == o->success && now == o->after);
    } else {
        failures++;
        if (may_be_later && now != o->before)
            now = look_again(o);
        ASSERT(now == o->before || (may_be_later && now == o->after));
    }
    go_on(o, now, again);
}

enum mode { ALLOCATION, ALL_ALLOCATIONS, CHANGE, ALL_CHANGES, FULL_DISK, MODES };
static const char *const mode_names[] = {"allocation", "allocation and all after it", "change",
                                         "change and all after it", "byte"};

static struct floor plan_of(enum mode mode, uint64_t number)
{
    struct floor plan = {.goes_on = mode == ALL_ALLOCATIONS || mode == ALL_CHANGES,
                         .has_disk_end = mode == FULL_DISK};
    *(mode <= ALL_ALLOCATIONS ? &plan.alloc_at
      : mode <= ALL_CHANGES   ? &plan.change_at
                              : &plan.disk_end) = number;
    return plan;
}

static bool has_fired(const struct floor *plan)
{
    return plan->alloc_failed || plan->change_failed || plan->disk_was_full;
}

static struct floor try_at(const struct operation *o, enum mode mode, uint64_t number, bool again)
{
    char place[128];
    struct floor plan = plan_of(mode, number);
    snprintf(place, sizeof place, "%s, %s %llu", o->name, mode_names[mode],
             (unsigned long long)number);
    where = place;
    open_session(o);
    floor_plan(&plan);
    HRESULT hr = o->call();
    floor_plan(NULL);
    ASSERT(has_fired(&plan) || SUCCEEDED(hr));
    if (FAILED(hr) && mode <= ALL_ALLOCATIONS)
        ASSERT(hr == E_OUTOFMEMORY);
    if (FAILED(hr) && mode == FULL_DISK)
        ASSERT(hr == DISK_FULL);
    absorbed += SUCCEEDED(hr) && has_fired(&plan);
    check_outcome(o, hr, plan.goes_on, again);
    where = "between";
    return plan;
}

static uint64_t step_of(uint64_t count)
{
    uint64_t step = takes_all ? 1 : count / SAMPLES;
    return step ? step : 1;
}

static uint64_t count_of(enum mode mode, const struct floor *counts)
{
    return mode <= ALL_ALLOCATIONS ? counts->allocs
           : mode <= ALL_CHANGES   ? counts->changes
                                   : counts->bytes;
}

/* Runs differ by a change or two: folders that are there already, say. */
static void fail_within(const struct operation *o, const struct floor *counts)
{
    unsigned nth = 0;
    for (enum mode mode = ALLOCATION; mode < MODES; mode++) {
        uint64_t count = count_of(mode, counts);
        bool is_disk = mode == FULL_DISK; /* not every single byte, ever */
        uint64_t step = is_disk && takes_all ? count / 64 + 1 : step_of(count);
        for (uint64_t n = is_disk ? 0 : 1; n < count; n += step) {
            struct floor plan = try_at(o, mode, n, nth++ % 8 == 0);
            ASSERT(has_fired(&plan) || n + 3 > count);
        }
    }
    printf("%-34s %5llu allocations, %2llu changes, %6llu bytes", o->name,
           (unsigned long long)counts->allocs, (unsigned long long)counts->changes,
           (unsigned long long)counts->bytes);
    fflush(stdout);
}

/* ---- steps that fail ---- */

static const struct {
    const char *call, *step;
} steps[] = {
#define STEP_ROW(id, call, step) {#call, step},
    PROBES(STEP_ROW)};
#define STEPS (sizeof steps / sizeof *steps)

static void fail_step(const struct operation *o, const char *step)
{
    char rule[256];
    snprintf(rule, sizeof rule, "{\"id\":\"r\",\"at\":\"%s/%s\",\"do\":{\"return\":\"E_FAIL\"}}",
             o->name, step);
    where = rule;
    ASSERT(DismFakeLoadFaults(rule) == S_OK);
    open_session(o);
    HRESULT hr = o->call();
    ASSERT(hr == E_FAIL);
    ASSERT(DismFakeDisarm(NULL) == S_OK);
    check_outcome(o, hr, false, true);
}

/* ---- kills ---- */

/* What the linker puts in the place of floor.c's: ends the victim before that change. */
int __real_floor_denies_change(void);
int __wrap_floor_denies_change(void);
static uint64_t kill_at;

int __wrap_floor_denies_change(void)
{
    if (kill_at && --kill_at == 0)
        (void)raise(SIGKILL);
    return __real_floor_denies_change();
}

static int be_victim(const char *name, const char *change)
{
    const struct operation *o = operations;
    while (strcmp(o->name, name) != 0)
        o++;
    ASSERT(DismInitialize(DismLogErrors, NULL, NULL) == S_OK);
    open_session(o);
    kill_at = strtoull(change, NULL, 10);
    return SUCCEEDED(o->call()) ? 0 : 1;
}

/* Runs the call in a process that a rule or its change of that number ends; false: nothing did. */
static bool run_victim(const struct operation *o, const char *rule, uint64_t change)
{
    char number[32];
    int status = 0;
    snprintf(number, sizeof number, "%llu", (unsigned long long)change);
    pid_t pid = fork();
    CHECK(pid >= 0);
    if (pid == 0) {
        if (rule)
            (void)setenv("DISMFAKE_FAULTS", rule, 1);
        (void)execl(program, program, directory, catalogue, "victim", o->name, number, NULL);
        _exit(127);
    }
    CHECK(waitpid(pid, &status, 0) == pid);
    if (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL)
        return true;
    ASSERT(WIFEXITED(status) && (rule ? WEXITSTATUS(status) != 127 : WEXITSTATUS(status) == 0));
    return rule != NULL;
}

static bool kill_once(const struct operation *o, const char *rule, uint64_t change)
{
    char place[512];
    snprintf(place, sizeof place, "%s, killed at %s%llu", o->name, rule ? rule : "change ",
             (unsigned long long)change);
    where = place;
    bool was_killed = run_victim(o, rule, change);
    open_session(o);
    uint64_t now = digest(folder_of(o));
    ASSERT(now == o->after || (was_killed && now == o->before));
    kills += was_killed;
    go_on(o, now, now == o->before);
    where = "between";
    return was_killed;
}

static void kill_victims(const struct operation *o, uint64_t changes)
{
    char rule[256];
    for (uint64_t n = 1; n <= changes; n += step_of(changes))
        ASSERT(kill_once(o, NULL, n) || n + 3 > changes);
    for (size_t i = 0; i < STEPS; i++)
        if (strcmp(steps[i].call, o->name) == 0) {
            snprintf(rule, sizeof rule,
                     "[{\"id\":\"k\",\"at\":\"%s/%s\",\"do\":{\"crash\":\"terminate\"}}]", o->name,
                     steps[i].step);
            (void)kill_once(o, rule, 0);
        }
}

/* ---- the sweep ---- */

static void sweep(struct operation *o)
{
    unsigned failed = failures, killed = kills, late = left_over;
    where = o->name;
    prepare(o);
    struct floor counts = try_at(o, FULL_DISK, UINT64_MAX, false);
    fail_within(o, &counts);
    for (size_t i = 0; i < STEPS; i++)
        if (strcmp(steps[i].call, o->name) == 0)
            fail_step(o, steps[i].step);
    ASSERT(DismShutdown() == S_OK);
    ASSERT(DismInitialize(DismLogErrors, NULL, NULL) == S_OK);
    kill_victims(o, counts.changes);
    printf(": %u failures, %u kills, %u left to the next call\n", failures - failed, kills - killed,
           left_over - late);
    fflush(stdout);
}

int main(int argc, char **argv)
{
    CHECK(argc >= 3);
    program = argv[0];
    directory = argv[1];
    const char *all = getenv("SERVICING_FAULTS");
    takes_all = all && strcmp(all, "all") == 0;
    snprintf(catalogue, sizeof catalogue, "%s", argv[2]);
    snprintf(image, sizeof image, "%s", below(directory, "image"));
    snprintf(other, sizeof other, "%s", below(directory, "other"));
    snprintf(before_folder, sizeof before_folder, "%s", below(directory, "before"));
    if (argc == 6)
        return be_victim(argv[4], argv[5]);
    CHECK(shell("rm -rf '%s' && mkdir -p '%s/state'", directory, directory) == 0);
    CHECK(setenv("DISMFAKE_STATE", below(directory, "state"), 1) == 0);
    CHECK(setenv("DISMFAKE_ONLINE", below(directory, "online"), 1) == 0);
    CHECK(setenv("DISMFAKE_CLOCK", "2026-01-02T03:04:05", 1) == 0); /* times are part of hives */
    unpack(CLIENT, other);
    unpack(CLIENT, below(directory, "online"));
    ASSERT(DismInitialize(DismLogErrors, NULL, NULL) == S_OK);
    for (size_t i = 0; i < sizeof operations / sizeof *operations; i++)
        if (argc < 4 || strcmp(argv[3], operations[i].name) == 0)
            sweep(&operations[i]);
    where = "at last";
    ASSERT(DismShutdown() == S_OK);
    printf("%u failures, %u absorbed, %u kills, %u left to the next call\n", failures, absorbed,
           kills, left_over);
    CHECK(argc > 3 || (failures > 500 && kills > 200));
    return 0;
}
