/* SPDX-License-Identifier: MIT */
/*
 * main.c - dismfake-replay: writes a list of changes into an image through wimlib's read-write file
 * system, which keeps what an image has besides content: attributes, security descriptor, short
 * name and named streams of a file that is written into. The library starts it
 * (image/wim_replay.c).
 *
 * Answers on stdout: "at DONE TOTAL" for progress, "note TEXT" for what could not be taken over,
 * "ready" before the first write to the image file, which waits for a line on stdin, "written" when
 * that file is what it is to be, and last "ok" (exit 0), "refused REASON" (6: nothing was touched,
 * it cannot work here) or "failed 0xHRESULT MESSAGE" (1: the image file may be half written). It
 * may be killed at any time: cage.h.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "answer.h"
#include "cage.h"
#include "dism_codes.h"
#include "error.h"
#include "plan.h"
#include "replay.h"
#include "text.h"
#include "wim_fuse.h"

struct options {
    const char *image, *index, *changes, *folder, *staging, *client;
    unsigned index_number, client_number;
    bool with_integrity, with_unix_data;
    char *errors;
};

static const char usage[] = "usage: dismfake-replay --image FILE --index N --changes FILE --folder "
                            "DIR --staging DIR\n"
                            "                       [--client PID] [--integrity] [--unix-data]\n";

/* ---- command line ---- */

static const char **option_named(struct options *o, const char *name)
{
    const struct {
        const char *name;
        const char **value;
    } all[] = {
        {"--image", &o->image},   {"--index", &o->index},     {"--changes", &o->changes},
        {"--folder", &o->folder}, {"--staging", &o->staging}, {"--client", &o->client},
    };
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        if (text_equal(all[i].name, name))
            return all[i].value;
    return NULL;
}

static bool read_number(const char *text, unsigned *out)
{
    unsigned long long number;
    if (!text || !text_to_u64(text, &number) || number == 0 || number > INT32_MAX)
        return false;
    *out = (unsigned)number;
    return true;
}

static bool parse(int argc, char **argv, struct options *o)
{
    for (int i = 1; i < argc; i++) {
        if (text_equal(argv[i], "--integrity")) {
            o->with_integrity = true;
            continue;
        }
        if (text_equal(argv[i], "--unix-data")) {
            o->with_unix_data = true;
            continue;
        }
        const char **value = option_named(o, argv[i]);
        if (!value || i + 1 == argc)
            return false;
        *value = argv[++i];
    }
    return o->image && o->changes && o->folder && o->staging &&
           read_number(o->index, &o->index_number) &&
           (!o->client || read_number(o->client, &o->client_number));
}

/* ---- in the cage ---- */

static HRESULT serve(const struct options *o)
{
    return wim_fuse_serve(o->image, o->index_number, o->folder, o->staging, o->errors,
                          o->with_unix_data);
}

/* False: the child has said why. */
static bool mount_image(const struct options *o, int *code)
{
    pid_t child = fork();
    if (child == 0) {
        HRESULT hr = serve(o);
        _exit(FAILED(hr) ? answer_failure(hr) : 0);
    }
    int status;
    while (child > 0 && waitpid(child, &status, 0) < 0 && errno == EINTR)
        ;
    if (child < 0 || WIFSIGNALED(status)) {
        *code = answer_failure(FAIL(E_FAIL, "the process that mounts ended by itself"));
        return false;
    }
    *code = WEXITSTATUS(status);
    return *code == 0;
}

struct meter {
    uint64_t from, all;
};

static HRESULT report_replayed(void *context, uint64_t done, uint64_t total)
{
    const struct meter *meter = context;
    (void)total;
    answer_progress(done, meter->all);
    return S_OK;
}

static HRESULT report_written(void *context, uint64_t done, uint64_t total)
{
    const struct meter *meter = context;
    double part = (double)done / (double)total;
    answer_progress(meter->from + (uint64_t)(part * (double)(meter->all - meter->from)),
                    meter->all);
    return S_OK;
}

/* The client first reports what has been done so far; somebody may cancel or end it there. */
static HRESULT await_go(void)
{
    answer("ready");
    return getchar() == '\n' ? S_OK : FAIL(E_FAIL, "nobody says that it may be written");
}

static HRESULT change_image(const struct options *o, const struct plan *plan)
{
    struct meter meter = {plan->work, 2 * plan->work};
    struct wim_progress replayed = {report_replayed, &meter}, written = {report_written, &meter};
    TRY(replay(plan, o->folder, &replayed));
    TRY(await_go());
    TRY(wim_fuse_commit(o->folder, o->errors, o->with_integrity, &written));
    answer("written");
    return S_OK;
}

static int work(const void *context)
{
    const struct options *o = context;
    AUTO_PLAN struct plan plan = {0};
    int code;
    plan.keeps_modes = o->with_unix_data;
    HRESULT hr = plan_read(o->changes, &plan);
    if (FAILED(hr))
        return answer_failure(hr);
    if (!mount_image(o, &code))
        return code;
    hr = change_image(o, &plan);
    if (hr == HR_WIN32(ERROR_NOT_SUPPORTED)) /* too late to refuse */
        hr = FAIL(E_FAIL, "%s", error_last()->text);
    return FAILED(hr) ? answer_failure(hr) : 0;
}

static HRESULT check_possible(void)
{
    if (geteuid() != 0)
        return FAIL(HR_WIN32(ERROR_NOT_SUPPORTED), "it takes root");
    int device = open("/dev/fuse", O_RDWR | O_CLOEXEC);
    if (device < 0)
        return FAIL(HR_WIN32(ERROR_NOT_SUPPORTED), "/dev/fuse: %s", strerror(errno));
    close(device);
    return S_OK;
}

int main(int argc, char **argv)
{
    struct options o = {0};
    if (!parse(argc, argv, &o)) {
        fputs(usage, stderr);
        return EXIT_USAGE;
    }
    HRESULT hr = check_possible();
    if (FAILED(hr))
        return answer_failure(hr);
    o.errors = mem_format("%s/errors", o.staging);
    return o.errors ? cage_run(o.client_number, work, &o) : answer_failure(FAIL_MEMORY());
}
