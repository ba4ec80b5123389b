/* SPDX-License-Identifier: MIT */
/*
 * health.c - DismCheckImageHealth, DismRestoreImageHealth, DismGetReservedStorageState,
 * DismSetReservedStorageState.
 */
#include "health.h"

#include "call.h"
#include "client_sources.h"
#include "dism_codes.h"
#include "error.h"
#include "pending.h"
#include "servicing.h"
#include "windows_of.h"

/* A scan's first report (real-behaviour 2.1). */
#define FIRST_TICK 50

/* ---- scanning ---- */

struct scanning {
    struct op *op;
    unsigned from, to; /* its share of the ticks */
};

static HRESULT report_progress(void *context, size_t done, size_t of)
{
    const struct scanning *s = context;
    TRY(op_check_cancel(s->op));
    return op_progress(s->op, s->from, s->to, done, of);
}

static HRESULT scan(struct op *op, struct winimage *image, unsigned to,
                    struct health_report *report)
{
    struct scanning s = {op, FIRST_TICK, to};
    op->ticks = FIRST_TICK - 1;
    TRY(op_ticks_to(op, FIRST_TICK));
    return health_scan(image, report_progress, &s, report);
}

/* ---- DismCheckImageHealth ---- */

/* Read-only mounts get their answer all the same. */
static HRESULT record(struct op *op, struct winimage *image, bool is_damaged)
{
    AUTO_CHANGE struct change *change = NULL;
    DismImageHealthState before;
    TRY(health_recorded(image, &before));
    if (image->is_readonly || (before != DismImageHealthy) == is_damaged)
        return op_step(op, STEP_CHECK_HEALTH_PLACE);
    TRY(change_begin(image, &change));
    TRY(health_record(image, change, is_damaged));
    return change_carry_out(change, op, STEP_CHECK_HEALTH_STAGE, STEP_CHECK_HEALTH_PLACE);
}

static HRESULT scan_and_record(struct op *op, struct winimage *image, DismImageHealthState *out)
{
    struct health_report report AUTO(health_report_clear) = {0};
    op->total = SERVICING_TICKS;
    TRY(op_step(op, STEP_CHECK_HEALTH_SCAN));
    TRY(scan(op, image, SERVICING_TICKS - 1, &report));
    bool is_damaged = report.list.len > 0;
    TRY(health_recorded(image, out));
    if (*out != DismImageNonRepairable) {
        TRY(record(op, image, is_damaged));
        *out = is_damaged ? DismImageRepairable : DismImageHealthy;
    }
    return op_ticks_to(op, op->total);
}

HRESULT impl_DismCheckImageHealth(struct call *call, DismSession Session, BOOL ScanImage,
                                  HANDLE CancelEvent, DISM_PROGRESS_CALLBACK Progress,
                                  PVOID UserData, DismImageHealthState *ImageHealth)
{
    struct winimage *image;
    DismImageHealthState state;
    (void)Session, (void)CancelEvent, (void)Progress, (void)UserData;
    TRY(windows_of(call, &image));
    if (ScanImage) {
        TRY(scan_and_record(&call->op, image, &state));
    } else {
        TRY(op_step(&call->op, STEP_CHECK_HEALTH_SCAN));
        TRY(health_recorded(image, &state));
    }
    *ImageHealth = state;
    return S_OK;
}

/* ---- DismRestoreImageHealth ---- */

static HRESULT repair(struct op *op, struct winimage *image, struct change *change,
                      const struct sources *sources)
{
    struct health_report report AUTO(health_report_clear) = {0};
    DismImageHealthState recorded;
    TRY(op_step(op, STEP_RESTORE_HEALTH_SCAN));
    TRY(health_recorded(image, &recorded));
    TRY(scan(op, image, SERVICING_TICKS / 2, &report));
    if (report.list.len == 0 && recorded == DismImageHealthy)
        return op_ticks_to(op, op->total);
    TRY(op_step(op, STEP_RESTORE_HEALTH_PLAN));
    TRY(health_repair(image, change, &report, sources));
    TRY(health_record(image, change, false));
    return servicing_finish(change, op, STEP_RESTORE_HEALTH_STAGE, STEP_RESTORE_HEALTH_PLACE);
}

HRESULT impl_DismRestoreImageHealth(struct call *call, DismSession Session, PCWSTR *SourcePaths,
                                    UINT SourcePathCount, BOOL LimitAccess, HANDLE CancelEvent,
                                    DISM_PROGRESS_CALLBACK Progress, PVOID UserData)
{
    struct winimage *image;
    AUTO_CHANGE struct change *change = NULL;
    struct sources sources AUTO(sources_clear) = {0};
    (void)Session, (void)CancelEvent, (void)Progress, (void)UserData;
    TRY(windows_of(call, &image));
    call->op.total = SERVICING_TICKS;
    TRY(servicing_begin(image, false, &change));
    TRY(client_sources(image, change, SourcePaths, SourcePathCount, LimitAccess, &sources));
    return repair(&call->op, image, change, &sources);
}

/* ---- reserved storage ---- */

#define RESERVES "Microsoft\\Windows\\CurrentVersion\\ReserveManager"
#define SHIPPED "ShippedWithReserves"

static HRESULT online_image(struct call *call, struct winimage **out)
{
    TRY(windows_of(call, out));
    if (!(*out)->is_online)
        return FAIL(HR_WIN32(ERROR_NOT_SUPPORTED), "only the running Windows has reserved storage");
    return S_OK;
}

HRESULT impl_DismGetReservedStorageState(struct call *call, DismSession Session, DWORD *State)
{
    struct winimage *image;
    struct hive *hive;
    uint32_t number = 0;
    (void)Session;
    TRY(online_image(call, &image));
    TRY(op_step(&call->op, STEP_RESERVED_READ));
    TRY(winimage_hive(image, HIVE_SOFTWARE, &hive));
    (void)hive_number(hive, hive_find(hive, hive_root(hive), RESERVES), SHIPPED, &number);
    *State = number ? DISM_RESERVED_STORAGE_ENABLED : DISM_RESERVED_STORAGE_DISABLED;
    return S_OK;
}

HRESULT impl_DismSetReservedStorageState(struct call *call, DismSession Session, DWORD State)
{
    struct winimage *image;
    struct hive *hive;
    hive_key key;
    AUTO_CHANGE struct change *change = NULL;
    (void)Session;
    if (State != DISM_RESERVED_STORAGE_DISABLED && State != DISM_RESERVED_STORAGE_ENABLED)
        return FAIL(E_INVALIDARG, "State is %u, which is neither disabled nor enabled",
                    (unsigned)State);
    TRY(online_image(call, &image));
    /* What is pending uses it (real-behaviour 6). */
    TRY(servicing_begin(image, State == DISM_RESERVED_STORAGE_DISABLED, &change));
    TRY(change_hive(change, HIVE_SOFTWARE, &hive));
    TRY(hive_make(hive, hive_root(hive), RESERVES, &key));
    TRY(hive_set_number(hive, key, SHIPPED, State));
    return change_carry_out(change, &call->op, STEP_RESERVED_STAGE, STEP_RESERVED_PLACE);
}
