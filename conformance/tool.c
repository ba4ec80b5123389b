/* SPDX-License-Identifier: MIT */
/* tool.c - finds wimlib-imagex by PATH and runs it. */
#include "tool.h"

enum { TOOL_MS = 60000 };

bool tool_is_there(void)
{
    AUTO_FREE char *program = NULL;
    return SUCCEEDED(os_find_program("wimlib-imagex", &program));
}

HRESULT tool_run_wimlib(const char **arguments, const char *output, int *exit_code)
{
    AUTO_FREE char *program = NULL;
    if (FAILED(os_find_program("wimlib-imagex", &program)))
        return FAIL(HR_WIN32(2), "the program wimlib-imagex, which reads images, is not installed");
    arguments[0] = program;
    struct os_child_options options = {
        .argv = arguments, .stdout_path = output, .stderr_path = output};
    struct os_child *child = NULL;
    struct os_child_end end = {0};
    HRESULT hr = os_child_start(&options, &child);
    arguments[0] = NULL;
    TRY(hr);
    hr = os_child_wait(child, os_now_ms() + TOOL_MS, &end);
    os_child_free(child);
    if (hr != S_OK || !end.exited)
        return FAIL(E_FAIL, "wimlib-imagex did not finish");
    *exit_code = end.exit_code;
    return S_OK;
}
