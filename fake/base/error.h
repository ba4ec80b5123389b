/* SPDX-License-Identifier: MIT */
/*
 * error.h - the calling thread's last error: an HRESULT and one sentence.
 *
 * A fixed thread-local buffer, so that setting it never fails, never allocates and leaves nothing
 * behind when a thread ends or the library is unloaded.
 */
#ifndef BASE_ERROR_H
#define BASE_ERROR_H

#include "hr.h"
#include "printf_style.h"

struct error {
    HRESULT hr; /* S_OK: none */
    char text[1024];
};

/* Sets this thread's error and returns hr: `return FAIL(E_INVALIDARG, "flags %#x ...", flags);`
 * Messages: lower case, no full stop, the thing that is wrong and its value. Native paths in them
 * are shown as the system writes them (path_show). */
#define FAIL(hr, ...) error_set((hr), __VA_ARGS__)
#define FAIL_MEMORY() error_set(E_OUTOFMEMORY, "out of memory")

HRESULT error_set(HRESULT hr, const char *format, ...) CHECK_FORMAT(2, 3);
/* errno of a failed operation on a path: FAIL with hr_from_errno and strerror. */
HRESULT error_errno(int err, const char *doing, const char *path);
void error_clear(void);
/* Never NULL; valid until the thread's next error. */
const struct error *error_last(void);
/* Makes a copy from elsewhere (another thread's result) this thread's error. */
void error_restore(const struct error *saved);

#endif
