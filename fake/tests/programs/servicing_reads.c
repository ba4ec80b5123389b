/* SPDX-License-Identifier: MIT */
/*
 * servicing_reads.c - servicing calls that read, with their allocations failing one after the
 * other, alone and with all that follow: they answer E_OUTOFMEMORY or what they answer always, and
 * so does the next call of the same session.
 *
 * usage: test_servicing_reads DIRECTORY CATALOGUE
 *
 * SERVICING_FAULTS=all: every allocation, not a sample.
 */
#include "client_world.h"

#include "floor.h"
#include "mem.h"
#include "reflect.h"
#include "result.h"

#define SAMPLES 60
#define SEED 14695981039346656037u

static const char *directory, *catalogue;
static DismSession session;

/* ---- what an answer holds ---- */

static uint64_t hash_bytes(uint64_t hash, const void *bytes, size_t size)
{
    for (const unsigned char *b = bytes; size-- > 0; b++)
        hash = (hash ^ *b) * 1099511628211u;
    return hash;
}

static uint64_t hash_record(uint64_t hash, const struct reflect_struct *s, const char *record);

static UINT count_in(const struct reflect_struct *s, const char *record, const char *name)
{
    UINT count = 0;
    for (size_t i = 0; i < s->field_count; i++)
        if (strcmp(s->fields[i].name, name) == 0)
            memcpy(&count, record + s->fields[i].offset, sizeof count);
    return count;
}

static uint64_t hash_text(uint64_t hash, PCWSTR text)
{
    size_t len = 0;
    while (text && text[len])
        len++;
    hash = hash_bytes(hash, text ? "t" : "n", 1);
    return hash_bytes(hash, text, len * sizeof *text);
}

static uint64_t hash_field(uint64_t hash, const struct reflect_struct *s,
                           const struct reflect_field *f, const char *record)
{
    const char *at = record + f->offset, *pointer;
    switch (f->kind) {
    case FIELD_WSTR:
        memcpy(&pointer, at, sizeof pointer);
        return hash_text(hash, (PCWSTR)(const void *)pointer);
    case FIELD_RECORDS:
        memcpy(&pointer, at, sizeof pointer);
        for (UINT n = count_in(s, record, f->count_field); n > 0; n--, pointer += f->record->size)
            hash = hash_record(hash, f->record, pointer);
        return hash;
    case FIELD_RECORD:
        memcpy(&pointer, at, sizeof pointer);
        return pointer ? hash_record(hash, f->record, pointer) : hash;
    case FIELD_BASE:
        return hash_record(hash, f->record, at);
    case FIELD_TIME:
        return hash_bytes(hash, at, sizeof(SYSTEMTIME));
    case FIELD_UINT64:
        return hash_bytes(hash, at, 8);
    default:
        return hash_bytes(hash, at, 4);
    }
}

static uint64_t hash_record(uint64_t hash, const struct reflect_struct *s, const char *record)
{
    for (size_t i = 0; i < s->field_count; i++)
        hash = hash_field(hash, s, &s->fields[i], record);
    return hash;
}

/* ---- the calls ---- */

static HRESULT finish(HRESULT hr, void *answer, const char *record, UINT count, uint64_t *out)
{
    const struct reflect_struct *s = reflect_struct_by_name(record);
    CHECK(s && SUCCEEDED(hr) == (answer != NULL));
    *out = SEED;
    for (UINT i = 0; answer && i < count; i++)
        *out = hash_record(*out, s, (const char *)answer + (size_t)i * s->size);
    (void)DismDelete(answer);
    return hr;
}

#define LIST(name, record, call)                                                                   \
    static HRESULT name(uint64_t *out)                                                             \
    {                                                                                              \
        record *answer = NULL;                                                                     \
        UINT count = 0;                                                                            \
        HRESULT hr = call;                                                                         \
        return finish(hr, answer, #record, count, out);                                            \
    }
#define ONE(name, record, call)                                                                    \
    static HRESULT name(uint64_t *out)                                                             \
    {                                                                                              \
        record *answer = NULL;                                                                     \
        HRESULT hr = call;                                                                         \
        return finish(hr, answer, #record, 1, out);                                                \
    }

#define FOUNDATION "Microsoft-Windows-Foundation-Package~31bf3856ad364e35~amd64~~10.0.22621.1"

LIST(packages, DismPackage, DismGetPackages(session, &answer, &count))
LIST(features, DismFeature, DismGetFeatures(session, NULL, DismPackageNone, &answer, &count))
LIST(parents, DismFeature,
     DismGetFeatureParent(session, wide("Printing-Foundation-InternetPrinting-Client"), NULL,
                          DismPackageNone, &answer, &count))
LIST(capabilities, DismCapability, DismGetCapabilities(session, &answer, &count))
LIST(drivers, DismDriverPackage, DismGetDrivers(session, TRUE, &answer, &count))
LIST(apps, DismAppxPackage, _DismGetProvisionedAppxPackages(session, &answer, &count))
LIST(editions, DismString, _DismGetTargetEditions(session, &answer, &count))
ONE(edition, DismString, _DismGetCurrentEdition(session, &answer))
ONE(package, DismPackageInfo,
    DismGetPackageInfo(session, wide(FOUNDATION), DismPackageName, &answer))
ONE(package_of_file, DismPackageInfoEx,
    DismGetPackageInfoEx(session, wide(below(catalogue, "pkg-simple.cab")), DismPackagePath,
                         &answer))
ONE(feature, DismFeatureInfo,
    DismGetFeatureInfo(session, wide("TelnetClient"), NULL, DismPackageNone, &answer))
ONE(capability, DismCapabilityInfo,
    DismGetCapabilityInfo(session, wide("Language.OCR~~~en-US~0.0.1.0"), &answer))
LIST(driver, DismDriver,
     DismGetDriverInfo(session, wide(below(catalogue, "drv-net/ctsnet.inf")), &answer, &count,
                       NULL))

static HRESULT health(uint64_t *out)
{
    DismImageHealthState state = DismImageHealthy;
    HRESULT hr = DismCheckImageHealth(session, FALSE, NULL, NULL, NULL, &state);
    *out = SUCCEEDED(hr) ? (uint64_t)state : 0;
    return hr;
}

static const struct {
    const char *name;
    HRESULT (*call)(uint64_t *out);
} calls[] = {{"DismGetPackages", packages},        {"DismGetFeatures", features},
             {"DismGetFeatureParent", parents},    {"DismGetCapabilities", capabilities},
             {"DismGetDrivers", drivers},          {"_DismGetProvisionedAppxPackages", apps},
             {"_DismGetTargetEditions", editions}, {"_DismGetCurrentEdition", edition},
             {"DismGetPackageInfo", package},      {"DismGetPackageInfoEx", package_of_file},
             {"DismGetFeatureInfo", feature},      {"DismGetCapabilityInfo", capability},
             {"DismGetDriverInfo", driver},        {"DismCheckImageHealth", health}};

/* ---- the sweep ---- */

static unsigned wrong;

static void judge(const char *name, const struct floor *plan, HRESULT hr, bool is_same)
{
    if (hr == S_OK ? is_same : hr == E_OUTOFMEMORY && plan->alloc_failed)
        return;
    char text[512];
    last_message(text, sizeof text);
    fprintf(stderr, "%s, allocation %llu%s: 0x%08X, %s (%s)\n", name,
            (unsigned long long)plan->alloc_at, plan->goes_on ? " and all after it" : "",
            (unsigned)hr, is_same ? "the same" : "another answer", text);
    wrong++;
}

static struct floor try_at(size_t i, uint64_t number, bool goes_on, uint64_t truth)
{
    struct floor plan = {.alloc_at = number, .goes_on = goes_on}, none = {0};
    uint64_t answer = 0;
    CHECK_HR(S_OK, DismOpenSession(wide(below(directory, "image")), NULL, NULL, &session));
    floor_plan(&plan);
    HRESULT hr = calls[i].call(&answer);
    floor_plan(NULL);
    judge(calls[i].name, &plan, hr, number == UINT64_MAX || answer == truth);
    if (number != UINT64_MAX) {
        hr = calls[i].call(&answer);
        none.alloc_at = number;
        judge("once more", &none, hr, answer == truth);
    }
    CHECK_HR(S_OK, DismCloseSession(session));
    CHECK(result_live_count() == 0);
    return plan;
}

static void sweep(size_t i, bool takes_all)
{
    uint64_t truth = 0;
    CHECK_HR(S_OK, DismOpenSession(wide(below(directory, "image")), NULL, NULL, &session));
    CHECK_HR(S_OK, calls[i].call(&truth));
    CHECK_HR(S_OK, DismCloseSession(session));
    struct floor counts = try_at(i, UINT64_MAX, false, truth);
    uint64_t step = takes_all ? 1 : counts.allocs / SAMPLES + 1;
    for (uint64_t n = 1; n <= counts.allocs; n += step) {
        (void)try_at(i, n, false, truth);
        (void)try_at(i, n, true, truth);
    }
    printf("%-32s %5llu allocations\n", calls[i].name, (unsigned long long)counts.allocs);
}

int main(int argc, char **argv)
{
    CHECK(argc == 3);
    directory = argv[1];
    catalogue = argv[2];
    const char *all = getenv("SERVICING_FAULTS");
    CHECK(shell("rm -rf '%s' && mkdir -p '%s/state' && wimlib-imagex apply "
                "'%s/serviced-client.wim' 1 '%s/image' >/dev/null",
                directory, directory, catalogue, directory) == 0);
    CHECK(setenv("DISMFAKE_STATE", below(directory, "state"), 1) == 0);
    CHECK_HR(S_OK, DismInitialize(DismLogErrors, NULL, NULL));
    for (size_t i = 0; i < sizeof calls / sizeof *calls; i++)
        sweep(i, all && strcmp(all, "all") == 0);
    CHECK_HR(S_OK, DismShutdown());
    return wrong > 0;
}
