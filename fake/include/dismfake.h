/* SPDX-License-Identifier: MIT */
/*
 * dismfake.h - what the fake adds to the DISM API: events for Linux clients, faults, the world, the
 * journal. None of these names exists in Microsoft's DLL; look them up by name (dlsym,
 * GetProcAddress) if your program must also run there.
 *
 * Rules that hold for all functions here:
 *   - They may be called from any thread, before DismInitialize and after DismShutdown.
 *   - Text is UTF-8. Text that comes out is allocated and is freed with DismFakeFree.
 *   - An HRESULT that is negative means failure; the reason is then the calling thread's last-error
 *     message (DismGetLastErrorMessage), and nothing has been changed.
 *   - Nothing here needs administrator rights.
 */
#ifndef DISMFAKE_H
#define DISMFAKE_H

#include "dismapi.h"

/* Whoever builds the library defines this as its export decoration before including the header. */
#ifndef DISMFAKE_EXPORT
#define DISMFAKE_EXPORT
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* ---- Events: what CancelEvent takes on Linux. On Windows it takes Windows' own, which is what
 * these functions deal in there: CreateEvent and friends do as well. ---- */

/* A new event; NULL when there is no memory. A manual-reset event stays signalled until
 * DismFakeResetEvent; an auto-reset event is reset by the one operation that sees it signalled. */
DISMFAKE_EXPORT HANDLE WINAPI DismFakeCreateEvent(BOOL ManualReset, BOOL InitialState);
/* FALSE if Event is closed or was never one. On Linux any value (a managed runtime's private
 * pointer) is safe to pass everywhere and counts as never signalled. */
DISMFAKE_EXPORT BOOL WINAPI DismFakeSetEvent(HANDLE Event);
DISMFAKE_EXPORT BOOL WINAPI DismFakeResetEvent(HANDLE Event);
DISMFAKE_EXPORT BOOL WINAPI DismFakeCloseEvent(HANDLE Event);

/* ---- Faults: rules as JSON, the same form as DISMFAKE_FAULTS and `dismfake arm` ---- */

/* Arms the rules of a JSON array (or one object) in one indivisible act: a running call sees all of
 * them or none. On a mistake nothing is armed and the message says where: the JSON pointer of what
 * is wrong, or line and column of text that is no JSON. */
DISMFAKE_EXPORT HRESULT WINAPI DismFakeLoadFaults(const char *Json);
/* Takes one rule away by its id, or all with NULL. What it holds is let go. */
DISMFAKE_EXPORT HRESULT WINAPI DismFakeDisarm(const char *Id);
/* Lets go everything that waits in the hold of that name, and later arrivals too until a rule with
 * this hold is armed again. S_FALSE if nobody was waiting. */
DISMFAKE_EXPORT HRESULT WINAPI DismFakeRelease(const char *Hold);

/* The same three for every process that uses this state folder: what `dismfake arm`, `disarm` and
 * `release` do. A process sees new rules at its next call; they replace those armed this way
 * before. */
DISMFAKE_EXPORT HRESULT WINAPI DismFakeArmState(const char *Json);
DISMFAKE_EXPORT HRESULT WINAPI DismFakeDisarmState(void);
DISMFAKE_EXPORT HRESULT WINAPI DismFakeReleaseState(const char *Hold);

/* Waits, at most TimeoutMs of real time, until something has happened. What is one of
 *     "held:NAME"    a call is parked in the hold NAME
 *     "fired:ID"     the rule ID has fired at least once
 *     "blocked:TID"  the call of that thread (DismFakeThreadId) waits for another call that is
 * itself at rest (parked in a hold or inside its client's callback): nothing moves it S_OK when it
 * has, S_FALSE when the time is over. */
DISMFAKE_EXPORT HRESULT WINAPI DismFakeAwait(const char *What, UINT TimeoutMs);

/* ---- Names for rules and journal ---- */

/* Names the calling thread (rules: when.thread) and its next call (rules: when.step). NULL takes
 * the name away. The texts are copied; at most 63 bytes count. */
DISMFAKE_EXPORT void WINAPI DismFakeNameThread(const char *Name);
DISMFAKE_EXPORT void WINAPI DismFakeNameStep(const char *Name);
DISMFAKE_EXPORT UINT64 WINAPI DismFakeThreadId(void);

/* ---- The world ---- */

/* The machine restarts: every mount of the state folder becomes NeedsRemount, this process's
 * sessions are gone and the library is as if never initialised. Fails with 0x800700AA (busy) while
 * a call of this process runs. */
DISMFAKE_EXPORT HRESULT WINAPI DismFakeReboot(void);
/* Everything forgotten: mounts of the state folder are removed (mount folders emptied, images left
 * as they are), rules disarmed, journal emptied, clock set back. Busy as above. */
DISMFAKE_EXPORT HRESULT WINAPI DismFakeReset(void);
/* Moves the virtual clock on. Delays by rules (delayMs) move it too; no real time passes. */
DISMFAKE_EXPORT HRESULT WINAPI DismFakeAdvanceClock(UINT64 Milliseconds);

/* Changes what surrounds the library, for every process of the state folder. Json is one object in
 * the form of a scenario's world step: {"volume": PATH, "is": {"kind": "removable"}, "as": "usb"}.
 * Verbs: volume, service, elevated, holdFile, loadHive, tamper (how: lock, deny-access), scanner,
 * otherProcess, hostVersion, windowsUpdate, advanceMs. What a step does to a file itself
 * (writeFile, the other kinds of tamper, imageVersion) is not for this function. windowsUpdate
 * names a folder (of packages, or with a Windows) that answers as Windows Update does; without one
 * there is no network. A restart ends holdFile, loadHive and otherProcess. On a mistake nothing
 * changes and the message says where it is. */
DISMFAKE_EXPORT HRESULT WINAPI DismFakeWorld(const char *Json);
/* Undoes the change that was made with "as": Name; NULL: all that have a name. S_FALSE if none is
 * in force. */
DISMFAKE_EXPORT HRESULT WINAPI DismFakeWorldRelease(const char *Name);

/* Keeps the whole world in one file: the mounts with their folders and image files, the world, the
 * rules of the state folder, the online image. Not in it: journal, log, what a process has open.
 * Fails with 0x800700AA (busy) while any process works on a mount or this one has a session open.
 */
DISMFAKE_EXPORT HRESULT WINAPI DismFakeSaveState(const char *File);
/* Brings it back: what is mounted now is gone, what was mounted then is mounted again, in the same
 * folders (which must be empty by then), from the same image files with the content of then. Busy
 * as above, and 0xC15101FD while another process has a session on a mount. */
DISMFAKE_EXPORT HRESULT WINAPI DismFakeRestoreState(const char *File);

/* ---- What can be seen ---- */

/* One JSON object: initialised, boot, clockMs, sessions, mounts, rules (with how often each fired),
 * holds, calls in flight (of all processes of the state folder: pid, step, tick of total,
 * elapsedMs), world (the changes in force), live allocations. */
DISMFAKE_EXPORT HRESULT WINAPI DismFakeStatus(char **Json);
/* JSON array of everything since the last reset, of all processes of the state folder: calls with
 * arguments and results, steps, faults. */
DISMFAKE_EXPORT HRESULT WINAPI DismFakeJournal(char **Json);
/* Why the rule of that id has not fired, from what the journal says about all processes of the
 * state folder: {"rule", "at", "origin", "fired", "times", "reasons": [{"code", "count", "text"},
 * ...]}, the likeliest reason first. */
DISMFAKE_EXPORT HRESULT WINAPI DismFakeWhy(const char *Id, char **Json);
/* {"implementation":"fake","version":...,"capabilities":["fault:return",...]} */
DISMFAKE_EXPORT HRESULT WINAPI DismFakeCapabilities(char **Json);
/* Number of blocks handed out and not yet given to DismDelete. */
DISMFAKE_EXPORT UINT64 WINAPI DismFakeLiveAllocations(void);
DISMFAKE_EXPORT void WINAPI DismFakeFree(void *Text);

#ifdef __cplusplus
}
#endif

#endif
