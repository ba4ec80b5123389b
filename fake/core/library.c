/* SPDX-License-Identifier: MIT */
/* library.c - see library.h. */
#include "library.h"

#include "activity.h"
#include "board.h"
#include "dism_codes.h"
#include "error.h"
#include "os.h"
#include "session.h"
#include "worker.h"

enum state { STATE_CLOSED, STATE_OPEN, STATE_CLOSING };

static struct os_mutex turn; /* of initialise, shut down, restart; taken before the library lock */

static struct os_mutex lock;
static struct os_cond calls_left;
static enum state state;
static unsigned calls;
static uint64_t epoch = 1;

HRESULT library_count_in(void)
{
    AUTO_LOCK(&lock);
    if (state == STATE_CLOSING)
        return FAIL(DISMAPI_E_SHUTDOWN_IN_PROGRESS, "DismShutdown is running");
    if (state == STATE_CLOSED)
        return FAIL(DISMAPI_E_DISMAPI_NOT_INITIALIZED, "DismInitialize has not been called");
    calls++;
    return S_OK;
}

void library_count_out(void)
{
    AUTO_LOCK(&lock);
    calls--;
    os_cond_broadcast(&calls_left);
}

bool library_is_initialised(void)
{
    AUTO_LOCK(&lock);
    return state != STATE_CLOSED;
}

uint64_t library_epoch(void)
{
    AUTO_LOCK(&lock);
    return epoch;
}

static void set_state(enum state next)
{
    AUTO_LOCK(&lock);
    if (next == STATE_CLOSED)
        epoch++;
    state = next;
}

HRESULT library_initialise(HRESULT (*prepare)(void *context), void *context)
{
    /* In a callback the library is initialised, and waiting for a shutdown would wait for
     * ourselves. */
    if (image_in_callback())
        return FAIL(HR_WIN32(ERROR_ALREADY_INITIALIZED), "called from a progress callback");
    AUTO_LOCK(&turn);
    if (library_is_initialised())
        return FAIL(HR_WIN32(ERROR_ALREADY_INITIALIZED),
                    "DismInitialize was called before and not followed by DismShutdown");
    HRESULT hr = prepare(context);
    if (SUCCEEDED(hr) || hr == (HRESULT)DISMAPI_E_LOGGING_DISABLED)
        set_state(STATE_OPEN);
    return hr;
}

static HRESULT begin_closing(void)
{
    AUTO_LOCK(&lock);
    if (state == STATE_CLOSED)
        return FAIL(DISMAPI_E_DISMAPI_NOT_INITIALIZED, "DismInitialize has not been called");
    if (session_count() > 0)
        return FAIL(DISMAPI_E_OPEN_SESSION_HANDLES, "%zu sessions are open", session_count());
    state = STATE_CLOSING;
    if (calls > 0)
        activity_wait(ACTIVITY_DRAIN);
    while (calls > 0)
        os_cond_wait(&calls_left, &lock);
    activity_wait_ends();
    if (session_count() > 0) { /* a DismOpenSession was among them */
        state = STATE_OPEN;
        return FAIL(DISMAPI_E_OPEN_SESSION_HANDLES, "%zu sessions are open", session_count());
    }
    return S_OK;
}

HRESULT library_shut_down(void (*finish)(void))
{
    if (image_in_callback())
        return FAIL(HR_WIN32(ERROR_POSSIBLE_DEADLOCK),
                    "DismShutdown was called from a progress callback, whose call it waits for");
    AUTO_LOCK(&turn);
    TRY(begin_closing());
    finish();
    set_state(STATE_CLOSED);
    board_close();
    return S_OK;
}

static HRESULT check_idle(bool closes)
{
    AUTO_LOCK(&lock);
    if (calls > 0)
        return FAIL(HR_WIN32(ERROR_BUSY), "%u calls are running", calls);
    if (closes) {
        epoch++;
        state = STATE_CLOSED;
    }
    return S_OK;
}

HRESULT library_restart(HRESULT (*during)(void))
{
    TRY(check_idle(false)); /* a shutdown may have the turn and wait for the call we are in */
    AUTO_LOCK(&turn);
    TRY(check_idle(true));
    session_forget_all();
    return during();
}

static HRESULT close_for_a_while(enum state *before)
{
    AUTO_LOCK(&lock);
    if (calls > 0 || session_count() > 0)
        return FAIL(HR_WIN32(ERROR_BUSY), "%u calls are running and %zu sessions are open", calls,
                    session_count());
    *before = state;
    if (state == STATE_OPEN)
        state = STATE_CLOSING;
    return S_OK;
}

HRESULT library_alone(HRESULT (*during)(void *context), void *context)
{
    enum state before = STATE_CLOSED;
    TRY(check_idle(false)); /* as in library_restart */
    AUTO_LOCK(&turn);
    TRY(close_for_a_while(&before));
    HRESULT hr = during(context);
    AUTO_LOCK(&lock);
    state = before;
    return hr;
}
