/* SPDX-License-Identifier: MIT */
/* servicing.c - see servicing.h. */
#include "servicing.h"

#include "dism_codes.h"
#include "error.h"
#include "floor.h"
#include "op.h"
#include "pending.h"
#include "world.h"

HRESULT servicing_begin(struct winimage *image, bool prevents_pending, struct change **out)
{
    AUTO_CHANGE struct change *change = NULL;
    struct hive *hive;
    TRY(world_check_unserviced(image->root));
    TRY(change_begin(image, &change));
    HRESULT hr = winimage_hive(image, HIVE_SOFTWARE, &hive);
    if (hr == HR_WIN32(ERROR_FILE_NOT_FOUND))
        error_clear(); /* nothing can be pending */
    else
        TRY(hr);
    if (SUCCEEDED(hr))
        TRY(pending_check(hive, prevents_pending));
    *out = TAKE(change);
    return S_OK;
}

/* What a rule that stops the call half way leaves (probes.h). */
static HRESULT spoil(struct change *change)
{
    struct hive *hive;
    change_forget(change);
    TRY(change_hive(change, HIVE_SOFTWARE, &hive));
    TRY(pending_spoil(hive));
    return change_carry_out_instead(change);
}

HRESULT servicing_finish(struct change *change, struct op *op, enum step stage, enum step place)
{
    HRESULT hr = change_carry_out(change, op, stage, place);
    if (FAILED(hr) && op->is_half_done) {
        struct error reason = *error_last();
        FLOOR_PAUSE();
        (void)spoil(change);
        error_restore(&reason);
    }
    TRY(hr);
    return op_ticks_to(op, op->total);
}

HRESULT servicing_result(const struct package_outcome *outcome)
{
    return outcome->needs_reload    ? DISMAPI_S_RELOAD_IMAGE_SESSION_REQUIRED
           : outcome->needs_restart ? ERROR_SUCCESS_REBOOT_REQUIRED
                                    : S_OK;
}
