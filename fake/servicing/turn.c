/* SPDX-License-Identifier: MIT */
/* turn.c - see turn.h. */
#include "turn.h"

#include "claim.h"
#include "worker.h"

static HRESULT run_claimed(struct image *image, HRESULT (*body)(void *context, struct image *image),
                           void *context)
{
    TRY(claim_take(image_key(image)));
    HRESULT hr = body(context, image);
    claim_drop(image_key(image));
    return hr;
}

HRESULT turn_run(const char *root, HRESULT (*body)(void *context, struct image *image),
                 void *context)
{
    struct image *image;
    TRY(image_acquire(root, &image));
    HRESULT hr = image_enter(image);
    if (SUCCEEDED(hr)) {
        hr = run_claimed(image, body, context);
        image_leave(image);
    }
    image_release(image);
    return hr;
}
