/* SPDX-License-Identifier: MIT */
/*
 * os_win_thread.c - os.h for Windows: locks, threads, clocks, events.
 *
 * Times are performance counter ticks: Windows' own timeouts count in ticks of 1 to 16 ms and may
 * end a little early by a finer clock, so every wait looks at the clock again before it says that
 * the time is over.
 */
#include "os.h"

#include <assert.h>
#include <stdatomic.h>

#include <windows.h>

#include "error.h"
#include "os_win_run.h"

/* ---- locks ---- */

/* The bytes are declared as pointers in os.h and used as these, for which zero is the start. */
struct __attribute__((may_alias)) win_mutex {
    SRWLOCK lock;
    _Atomic(DWORD) owner; /* thread, 0: nobody */
};
struct __attribute__((may_alias)) win_cond {
    CONDITION_VARIABLE cond;
};
static_assert(sizeof(struct win_mutex) <= sizeof(struct os_mutex), "os_mutex is too small");
static_assert(sizeof(struct win_cond) <= sizeof(struct os_cond), "os_cond is too small");

static struct win_mutex *mutex_of(struct os_mutex *mutex)
{
    return (struct win_mutex *)(void *)mutex->impl;
}

static CONDITION_VARIABLE *cond_of(struct os_cond *cond)
{
    return &((struct win_cond *)(void *)cond->impl)->cond;
}

static void set_owner(struct win_mutex *m, bool is_mine)
{
    atomic_store_explicit(&m->owner, is_mine ? GetCurrentThreadId() : 0, memory_order_relaxed);
}

void os_mutex_lock(struct os_mutex *mutex)
{
    assert(!os_mutex_held(mutex));
    AcquireSRWLockExclusive(&mutex_of(mutex)->lock);
    set_owner(mutex_of(mutex), true);
}

void os_mutex_unlock(struct os_mutex *mutex)
{
    assert(os_mutex_held(mutex));
    set_owner(mutex_of(mutex), false);
    ReleaseSRWLockExclusive(&mutex_of(mutex)->lock);
}

bool os_mutex_held(const struct os_mutex *mutex)
{
    struct win_mutex *m = mutex_of((struct os_mutex *)(uintptr_t)mutex);
    return atomic_load_explicit(&m->owner, memory_order_relaxed) == GetCurrentThreadId();
}

static bool sleep_on(struct os_cond *cond, struct os_mutex *mutex, DWORD ms)
{
    assert(os_mutex_held(mutex));
    set_owner(mutex_of(mutex), false);
    BOOL woken = SleepConditionVariableSRW(cond_of(cond), &mutex_of(mutex)->lock, ms, 0);
    set_owner(mutex_of(mutex), true);
    return woken;
}

void os_cond_wait(struct os_cond *cond, struct os_mutex *mutex)
{
    (void)sleep_on(cond, mutex, INFINITE);
}

bool os_cond_wait_until(struct os_cond *cond, struct os_mutex *mutex, uint64_t deadline_ms)
{
    do {
        if (sleep_on(cond, mutex, win_ms_until(deadline_ms)))
            return true;
    } while (os_now_ms() < deadline_ms);
    return false;
}

void os_cond_broadcast(struct os_cond *cond)
{
    WakeAllConditionVariable(cond_of(cond));
}

/* ---- threads ---- */

struct os_thread {
    HANDLE handle;
};

struct thread_start {
    void (*run)(void *);
    void *argument;
};

static DWORD WINAPI run_thread(void *argument)
{
    struct thread_start start = *(struct thread_start *)argument;
    mem_free(argument);
    start.run(start.argument);
    return 0;
}

HRESULT os_thread_start(void (*run)(void *), void *argument, struct os_thread **out)
{
    AUTO_FREE struct os_thread *thread = mem_alloc(sizeof *thread);
    AUTO_FREE struct thread_start *start = mem_alloc(sizeof *start);
    if (!thread || !start)
        return FAIL_MEMORY();
    *start = (struct thread_start){run, argument};
    thread->handle = CreateThread(NULL, 0, run_thread, start, 0, NULL);
    if (!thread->handle)
        return win_error(GetLastError(), "start a thread", NULL);
    start = NULL; /* the thread's now */
    *out = TAKE(thread);
    return S_OK;
}

void os_thread_join(struct os_thread *thread)
{
    WaitForSingleObject(thread->handle, INFINITE);
    CloseHandle(thread->handle);
    mem_free(thread);
}

unsigned os_processor_count(void)
{
    DWORD count = GetActiveProcessorCount(ALL_PROCESSOR_GROUPS);
    return count > 0 ? (unsigned)count : 1;
}

uint64_t os_thread_id(void)
{
    return GetCurrentThreadId();
}

void os_keep_loaded(void)
{
    HMODULE module;
    (void)GetModuleHandleExW(GET_MODULE_HANDLE_EX_FLAG_PIN | GET_MODULE_HANDLE_EX_FLAG_FROM_ADDRESS,
                             (LPCWSTR)(uintptr_t)os_keep_loaded, &module);
}

/* ---- clocks ---- */

#define NS_PER_FILETIME 100
#define FILETIME_OF_1970 INT64_C(116444736000000000)

uint64_t os_now_ms(void)
{
    LARGE_INTEGER frequency, now; /* neither call fails since Windows XP */
    QueryPerformanceFrequency(&frequency);
    QueryPerformanceCounter(&now);
    uint64_t per_second = (uint64_t)frequency.QuadPart, ticks = (uint64_t)now.QuadPart;
    return ticks / per_second * 1000 + ticks % per_second * 1000 / per_second;
}

DWORD win_ms_until(uint64_t deadline_ms)
{
    uint64_t now = os_now_ms();
    uint64_t left = deadline_ms > now ? deadline_ms - now : 0;
    return left > 3600000 ? 3600000 : (DWORD)left;
}

static int64_t ns_of(FILETIME time)
{
    int64_t ticks = (int64_t)((uint64_t)time.dwHighDateTime << 32 | time.dwLowDateTime);
    return (ticks - FILETIME_OF_1970) * NS_PER_FILETIME;
}

int64_t os_wall_ns(void)
{
    FILETIME now;
    GetSystemTimePreciseAsFileTime(&now);
    return ns_of(now);
}

void os_pause(unsigned ms)
{
    uint64_t end = os_now_ms() + ms;
    while (os_now_ms() < end)
        Sleep(win_ms_until(end));
}

/* How far what a file system stamps may be behind the system's time: nothing on NTFS, a tick of
 * Linux' clock of files under Wine. */
#define FILE_CLOCK_LAG_NS 10000000
#define LONGEST_TICK_NS 50000000

int64_t os_file_clock_ns(void)
{
    FILETIME now;
    GetSystemTimeAsFileTime(&now);
    return ns_of(now) - FILE_CLOCK_LAG_NS;
}

void os_await_file_clock(int64_t past_ns)
{
    for (;;) {
        int64_t ns = os_file_clock_ns();
        if (ns > past_ns || past_ns - ns > LONGEST_TICK_NS)
            return;
        Sleep(1);
    }
}

bool os_file_clock_is_fine(const char *folder)
{
    (void)folder;
    return false; /* NTFS takes the time of the last timer interrupt */
}

/* ---- events ---- */

void *os_event_create(bool manual_reset, bool initial_state)
{
    return CreateEventW(NULL, manual_reset, initial_state, NULL);
}

bool os_event_set(void *event, bool signalled)
{
    return signalled ? SetEvent(event) : ResetEvent(event);
}

bool os_event_close(void *event)
{
    /* CloseHandle would close a file or a thread of the client just as well. */
    return os_event_set(event, false) && CloseHandle(event);
}

bool os_event_consume(void *event, bool *is_known)
{
    DWORD result = WaitForSingleObject(event, 0);
    if (is_known)
        *is_known = result != WAIT_FAILED;
    return result == WAIT_OBJECT_0;
}
