/* SPDX-License-Identifier: MIT */
/*
 * trace.c - the developer's trace. Its lock is a leaf: nothing of ours is called under it but the
 * write.
 *
 * Each line goes out in one write, so that processes that append to one file do not mix their
 * lines.
 */
#include "trace.h"

#include <errno.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "error.h"
#include "floor.h"
#include "json.h"
#include "os.h"
#include "text.h"

#define TRACE_NAME(id, name) name,
static const char *const channel_names[] = {TRACE_CHANNELS(TRACE_NAME)};

static atomic_uint enabled;
static struct os_mutex sink_lock;
static struct os_file *sink; /* under sink_lock; NULL: stderr */

static unsigned channel_bit(const char *name, size_t len)
{
    for (unsigned i = 0; i < TRACE_COUNT; i++) {
        if (strlen(channel_names[i]) == len && memcmp(channel_names[i], name, len) == 0)
            return 1u << i;
    }
    return 0;
}

static void print_help(void)
{
    struct text t AUTO(text_clear) = {0};
    text_add(&t, "DISMFAKE_TRACE: all, or a list of");
    for (unsigned i = 0; i < TRACE_COUNT; i++)
        text_addf(&t, "%s %s", i ? "," : "", channel_names[i]);
    text_add(&t, "\n");
    if (!t.failed)
        fputs(t.ptr, stderr);
}

static HRESULT parse_channels(const char *channels, unsigned *mask, bool *wants_help)
{
    for (const char *s = channels ? channels : ""; *s;) {
        size_t len = strcspn(s, ",");
        bool is_all = len == 3 && memcmp(s, "all", 3) == 0;
        bool is_help = len == 4 && memcmp(s, "help", 4) == 0;
        unsigned bit = is_all ? (1u << TRACE_COUNT) - 1 : channel_bit(s, len);
        if (!bit && !is_help && len > 0)
            return FAIL(E_INVALIDARG, "unknown trace channel '%.*s'", (int)len, s);
        *wants_help = *wants_help || is_help;
        *mask |= bit;
        s += len + (s[len] == ',');
    }
    return S_OK;
}

HRESULT trace_configure(const char *channels, const char *path)
{
    unsigned mask = 0;
    bool wants_help = false;
    TRY(parse_channels(channels, &mask, &wants_help));
    struct os_file *opened = NULL;
    if (mask && path)
        TRY(os_open(path, OS_WRITE | OS_CREATE | OS_APPEND, &opened));
    if (wants_help)
        print_help();
    os_mutex_lock(&sink_lock);
    struct os_file *old = sink;
    sink = opened;
    atomic_store_explicit(&enabled, mask, memory_order_relaxed);
    os_mutex_unlock(&sink_lock);
    os_close(old);
    return S_OK;
}

bool trace_on(enum trace_channel channel)
{
    return atomic_load_explicit(&enabled, memory_order_relaxed) & 1u << channel;
}

static char *make_line(enum trace_channel channel, const char *message)
{
    AUTO_JSON struct json *line = json_new_object();
    bool made = json_set_string(line, "ch", channel_names[channel]) &&
                json_set_number(line, "t", (double)os_now_ms()) &&
                json_set_number(line, "tid", (double)os_thread_id()) &&
                json_set_string(line, "msg", message);
    return made ? json_print(line) : NULL;
}

static void write_line(const char *line)
{
    os_mutex_lock(&sink_lock);
    if (sink) {
        os_write(sink, line, strlen(line));
    } else {
        fputs(line, stderr);
        fflush(stderr);
    }
    os_mutex_unlock(&sink_lock);
}

void trace(enum trace_channel channel, const char *format, ...)
{
    if (!trace_on(channel))
        return;
    FLOOR_PAUSE();
    /* Tracing must not change what the traced code is about to report. */
    struct error before = *error_last();
    int err = errno;
    va_list args;
    va_start(args, format);
    AUTO_FREE char *message = mem_format_v(format, args);
    va_end(args);
    AUTO_FREE char *json = message ? make_line(channel, message) : NULL;
    AUTO_FREE char *line = json ? mem_format("%s\n", json) : NULL;
    if (line)
        write_line(line);
    error_restore(&before);
    errno = err;
}
