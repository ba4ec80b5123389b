/* SPDX-License-Identifier: MIT */
/* log.c - see log.h. Lines end in CR LF, as the real log's do. */
#include "log.h"

#include <stdarg.h>

#include "clock.h"
#include "dism_codes.h"
#include "error.h"
#include "floor.h"
#include "os.h"
#include "path.h"
#include "settings.h"
#include "text.h"

static struct os_mutex lock;
static struct os_file *file;
static enum log_level limit;

static HRESULT default_path(char **out)
{
    AUTO_FREE char *folder = NULL;
    TRY(settings_state_path("Logs/DISM", &folder));
    TRY(os_make_directories(folder));
    return path_join(folder, "dism.log", out);
}

HRESULT log_open(const char *path, DismLogLevel level)
{
    AUTO_FREE char *own = NULL;
    if (!path) {
        TRY(default_path(&own));
        path = own;
    }
    AUTO_LOCK(&lock);
    limit = (enum log_level)level;
    HRESULT hr = os_open(path, OS_WRITE | OS_CREATE | OS_APPEND, &file);
    if (FAILED(hr)) {
        file = NULL;
        return FAIL(DISMAPI_E_LOGGING_DISABLED,
                    "the log file %s cannot be opened (0x%08X): logging is off", path,
                    (unsigned)hr);
    }
    return S_OK;
}

void log_close(void)
{
    AUTO_LOCK(&lock);
    if (file)
        os_close(file);
    file = NULL;
}

static void write_text(const struct text *text)
{
    if (file && !text->failed)
        (void)os_write(file, text->ptr, text->len);
}

void log_line(enum log_level level, const char *where, HRESULT hr, const char *format, ...)
{
    static const char *const words[] = {"Error", "Warning", "Info", "Debug"};
    FLOOR_PAUSE();
    AUTO_LOCK(&lock);
    if (!file || level > limit)
        return;
    SYSTEMTIME now = clock_system_time(clock_now_ns());
    struct text line = {0};
    text_addf(&line, "%04u-%02u-%02u %02u:%02u:%02u, %-22sDISM   API: PID=%u TID=%llu ", now.wYear,
              now.wMonth, now.wDay, now.wHour, now.wMinute, now.wSecond, words[level], os_pid(),
              (unsigned long long)os_thread_id());
    va_list args;
    va_start(args, format);
    text_addv(&line, format, args);
    va_end(args);
    text_addf(&line, " - %s", where);
    if (FAILED(hr))
        text_addf(&line, "(hr:0x%x)", (unsigned)hr);
    text_add(&line, "\r\n");
    if (!line.failed)
        path_show(line.ptr);
    write_text(&line);
    text_clear(&line);
}

void log_bare(const char *content)
{
    FLOOR_PAUSE();
    AUTO_LOCK(&lock);
    if (!file || limit < LOG_INFO)
        return;
    struct text line = {0};
    text_addf(&line, "%s\r\n", content);
    write_text(&line);
    text_clear(&line);
}
