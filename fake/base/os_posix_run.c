/* SPDX-License-Identifier: MIT */
/*
 * os_posix_run.c - os.h for Linux: threads, clock, this process and others, libraries.
 *
 * Child processes are in os_posix_child.c.
 */
#include "os.h"

#include <assert.h>
#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <dirent.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <link.h>
#include <poll.h>
#include <pthread.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/random.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "error.h"
#include "floor.h"
#include "path.h"
#include "text.h"

extern char **environ;

/* ---- locks ---- */

/* The bytes are declared as pointers in os.h and used as these. Zero is right for both: glibc's
 * static initialisers are all zero, and a waiter names its clock itself. */
struct __attribute__((may_alias)) posix_mutex {
    pthread_mutex_t mutex;
    _Atomic(uintptr_t) owner; /* pthread_self, 0: nobody */
};
struct __attribute__((may_alias)) posix_cond {
    pthread_cond_t cond;
};
static_assert(sizeof(struct posix_mutex) <= sizeof(struct os_mutex), "os_mutex is too small");
static_assert(sizeof(struct posix_cond) <= sizeof(struct os_cond), "os_cond is too small");

static struct posix_mutex *mutex_of(struct os_mutex *mutex)
{
    return (struct posix_mutex *)(void *)mutex->impl;
}

static pthread_cond_t *cond_of(struct os_cond *cond)
{
    return &((struct posix_cond *)(void *)cond->impl)->cond;
}

static void set_owner(struct posix_mutex *m, bool is_mine)
{
    atomic_store_explicit(&m->owner, is_mine ? (uintptr_t)pthread_self() : 0, memory_order_relaxed);
}

void os_mutex_lock(struct os_mutex *mutex)
{
    assert(!os_mutex_held(mutex));
    pthread_mutex_lock(&mutex_of(mutex)->mutex);
    set_owner(mutex_of(mutex), true);
}

void os_mutex_unlock(struct os_mutex *mutex)
{
    assert(os_mutex_held(mutex));
    set_owner(mutex_of(mutex), false);
    pthread_mutex_unlock(&mutex_of(mutex)->mutex);
}

bool os_mutex_held(const struct os_mutex *mutex)
{
    struct posix_mutex *m = mutex_of((struct os_mutex *)(uintptr_t)mutex);
    return atomic_load_explicit(&m->owner, memory_order_relaxed) == (uintptr_t)pthread_self();
}

void os_cond_wait(struct os_cond *cond, struct os_mutex *mutex)
{
    assert(os_mutex_held(mutex));
    set_owner(mutex_of(mutex), false);
    pthread_cond_wait(cond_of(cond), &mutex_of(mutex)->mutex);
    set_owner(mutex_of(mutex), true);
}

bool os_cond_wait_until(struct os_cond *cond, struct os_mutex *mutex, uint64_t deadline_ms)
{
    assert(os_mutex_held(mutex));
    if (deadline_ms > INT64_MAX)
        deadline_ms = INT64_MAX; /* "never" has to stay a valid time */
    struct timespec until = {.tv_sec = (time_t)(deadline_ms / 1000),
                             .tv_nsec = (long)(deadline_ms % 1000) * 1000000};
    set_owner(mutex_of(mutex), false);
    int result =
        pthread_cond_clockwait(cond_of(cond), &mutex_of(mutex)->mutex, CLOCK_MONOTONIC, &until);
    set_owner(mutex_of(mutex), true);
    return result != ETIMEDOUT;
}

void os_cond_broadcast(struct os_cond *cond)
{
    pthread_cond_broadcast(cond_of(cond));
}

/* ---- threads ---- */

struct os_thread {
    pthread_t thread;
};

struct thread_start {
    void (*run)(void *);
    void *argument;
};

static void *run_thread(void *argument)
{
    struct thread_start start = *(struct thread_start *)argument;
    mem_free(argument);
    start.run(start.argument);
    return NULL;
}

HRESULT os_thread_start(void (*run)(void *), void *argument, struct os_thread **out)
{
    AUTO_FREE struct os_thread *thread = mem_alloc(sizeof *thread);
    AUTO_FREE struct thread_start *start = mem_alloc(sizeof *start);
    if (!thread || !start)
        return FAIL_MEMORY();
    *start = (struct thread_start){run, argument};
    int err = pthread_create(&thread->thread, NULL, run_thread, start);
    if (err)
        return error_errno(err, "start a thread", NULL);
    start = NULL; /* the thread's now */
    *out = TAKE(thread);
    return S_OK;
}

void os_thread_join(struct os_thread *thread)
{
    pthread_join(thread->thread, NULL);
    mem_free(thread);
}

unsigned os_processor_count(void)
{
    long count = sysconf(_SC_NPROCESSORS_ONLN);
    return count > 0 ? (unsigned)count : 1;
}

/* Both are asked for with every line of the journal, so they are remembered, but not by the child
 * of a fork. */
static atomic_uint process_id;
static _Thread_local pid_t thread_id;
static pthread_once_t ids_once = PTHREAD_ONCE_INIT;

static void forget_ids(void)
{
    atomic_store(&process_id, 0);
    thread_id = 0;
}

static void forget_ids_in_children(void)
{
    (void)pthread_atfork(NULL, NULL, forget_ids);
}

uint64_t os_thread_id(void)
{
    if (!thread_id) {
        (void)pthread_once(&ids_once, forget_ids_in_children);
        thread_id = gettid();
    }
    return (uint64_t)thread_id;
}

void os_keep_loaded(void)
{
    /* The linker has said so (-z nodelete). */
}

/* ---- clock ---- */

uint64_t os_now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

int64_t os_wall_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

#define LONGEST_TICK_NS 50000000 /* of the clock of files, generously */

int64_t os_file_clock_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME_COARSE, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

void os_await_file_clock(int64_t past_ns)
{
    for (;;) {
        struct timespec wait = {.tv_nsec = 500000};
        int64_t ns = os_file_clock_ns();
        if (ns > past_ns || past_ns - ns > LONGEST_TICK_NS)
            return;
        clock_nanosleep(CLOCK_MONOTONIC, 0, &wait, NULL);
    }
}

bool os_file_clock_is_fine(const char *folder)
{
    /* A tick between two changes may look like a fine clock once, not three times on end. */
    for (int i = 0; i < 3; i++) {
        struct stat before, after;
        if (stat(folder, &before) != 0 || chmod(folder, before.st_mode & 07777) != 0 ||
            stat(folder, &after) != 0 ||
            (before.st_ctim.tv_sec == after.st_ctim.tv_sec &&
             before.st_ctim.tv_nsec == after.st_ctim.tv_nsec))
            return false;
    }
    return true;
}

/* ---- this process ---- */

unsigned os_pid(void)
{
    unsigned known = atomic_load(&process_id);
    if (!known) {
        (void)pthread_once(&ids_once, forget_ids_in_children);
        known = (unsigned)getpid();
        atomic_store(&process_id, known);
    }
    return known;
}

/* Reads a file of /proc without touching the thread's error. */
static char *read_quietly(const char *path, size_t *size)
{
    struct error before = *error_last();
    char *text = NULL;
    if (FAILED(os_read_file(path, &text, size)))
        error_restore(&before);
    return text;
}

/* Into the buffer, without memory of its own; false, and errno, when it cannot be read. */
static bool read_short(const char *path, char *buffer, size_t size)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? -1 : read(fd, buffer, size - 1);
    int err = errno;
    if (fd >= 0)
        close(fd);
    errno = err;
    buffer[n > 0 ? n : 0] = '\0';
    return n >= 0;
}

/* Needs no memory: a live process must not pass for a dead one because there is none. */
/* Asking for a process by its descriptor takes a tenth of reading about it in /proc. */
static struct {
    pthread_mutex_t lock;
    unsigned pid; /* 0: none */
    uint64_t start;
    int fd;
} kept = {.lock = PTHREAD_MUTEX_INITIALIZER};

static void drop_kept(void)
{
    if (kept.pid)
        close(kept.fd);
    kept.pid = 0;
}

static bool kept_lives(void)
{
    struct pollfd poll_fd = {.fd = kept.fd, .events = POLLIN};
    return poll(&poll_fd, 1, 0) == 0; /* it can be read once the process has ended */
}

/* Opened first and then compared, so that it is that process' and not its successor's. */
static bool keep_process(unsigned pid, uint64_t start)
{
    drop_kept();
    int fd = (int)syscall(SYS_pidfd_open, pid, 0);
    bool lives = os_process_start_time(pid) == start;
    if (fd < 0)
        return lives;
    kept.pid = pid;
    kept.start = start;
    kept.fd = fd;
    if (!lives)
        drop_kept();
    return lives;
}

bool os_process_lives(unsigned pid, uint64_t start_time)
{
    if (!pid || !start_time)
        return false;
    pthread_mutex_lock(&kept.lock);
    bool is_known = kept.pid == pid && kept.start == start_time;
    bool lives = (is_known && kept_lives()) || (!is_known && keep_process(pid, start_time));
    if (!lives)
        drop_kept();
    pthread_mutex_unlock(&kept.lock);
    return lives;
}

void os_process_forget(void)
{
    pthread_mutex_lock(&kept.lock);
    drop_kept();
    pthread_mutex_unlock(&kept.lock);
}

uint64_t os_process_start_time(unsigned pid)
{
    char path[64], text[2048];
    snprintf(path, sizeof path, "/proc/%u/stat", pid);
    (void)read_short(path, text, sizeof text);
    /* The name in field 2 may hold anything, also ") "; the last parenthesis ends it. */
    const char *at = strrchr(text, ')');
    if (!at || at[1] != ' ' || at[2] == 'Z' || at[2] == 'X' || at[2] == 'x')
        return 0;
    at += 2; /* field 3 */
    for (int field = 3; field < 22 && at; field++) {
        at = strchr(at, ' ');
        at += at ? 1 : 0;
    }
    return at ? strtoull(at, NULL, 10) : 0;
}

/* Read once: no process outlives the boot it runs in. */
static char boot_id[64];
static pthread_once_t boot_id_once = PTHREAD_ONCE_INIT;

static void read_boot_id(void)
{
    char text[64];
    (void)read_short("/proc/sys/kernel/random/boot_id", text, sizeof text);
    int len = (int)strcspn(text, "\r\n");
    snprintf(boot_id, sizeof boot_id, "%.*s", len ? len : 7, len ? text : "unknown");
}

HRESULT os_boot_id(char **out)
{
    (void)pthread_once(&boot_id_once, read_boot_id);
    char *id = mem_dup(boot_id);
    if (!id)
        return FAIL_MEMORY();
    *out = id;
    return S_OK;
}

HRESULT os_system_name(char **out)
{
    struct utsname name;
    if (uname(&name) != 0)
        return FAIL(hr_from_errno(errno), "the system does not tell its name");
    *out = mem_format("%s %s %s", name.sysname, name.release, name.machine);
    return *out ? S_OK : FAIL_MEMORY();
}

HRESULT os_executable_path(char **out)
{
    return os_read_link("/proc/self/exe", out);
}

HRESULT os_find_program(const char *name, char **out)
{
    const char *path = os_getenv("PATH");
    while (path && *path) {
        size_t len = strcspn(path, ":");
        AUTO_FREE char *program = mem_format("%.*s/%s", (int)len, path, name);
        if (!program)
            return FAIL_MEMORY();
        if (len && os_is_file(program) && access(program, X_OK) == 0) {
            *out = TAKE(program);
            return S_OK;
        }
        path += len + (path[len] == ':');
    }
    return FAIL(HR_WIN32(2), "there is no program %s in PATH", name);
}

void os_random(void *buffer, size_t size)
{
    for (size_t done = 0; done < size;) {
        ssize_t n = getrandom((char *)buffer + done, size - done, 0);
        if (n < 0 && errno != EINTR)
            abort(); /* only a kernel older than 3.17 has none */
        done += n > 0 ? (size_t)n : 0;
    }
}

const char *os_getenv(const char *name)
{
    return getenv(name);
}

void os_setenv(const char *name, const char *value)
{
    if (value)
        setenv(name, value, 1);
    else
        unsetenv(name);
}

void os_environment(void (*each)(void *context, const char *assignment), void *context)
{
    for (char **entry = environ; entry && *entry; entry++)
        each(context, *entry);
}

void os_begin(int *argc, char ***argv)
{
    (void)argc, (void)argv;
}

/* Sanitizers would turn the bad write into a report and an orderly exit. */
__attribute__((no_sanitize("address", "undefined", "thread"))) static void write_nowhere(void)
{
    volatile char *volatile nowhere = NULL;
    *nowhere = 1;
}

static void restore_signal(int signal_number)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, signal_number);
    pthread_sigmask(SIG_UNBLOCK, &set, NULL);
    signal(signal_number, SIG_DFL);
}

_Noreturn void os_crash(enum os_crash how)
{
    if (how == OS_CRASH_ACCESS_VIOLATION) {
        restore_signal(SIGSEGV);
        write_nowhere();
        raise(SIGSEGV);
    }
    if (how == OS_CRASH_ABORT) {
        restore_signal(SIGABRT);
        abort();
    }
    kill(getpid(), SIGKILL);
    for (;;)
        pause(); /* the signal may reach this thread a moment later */
}

_Noreturn void os_exit_now(int code)
{
    _exit(code);
}

bool os_is_terminal(int fd)
{
    return isatty(fd) == 1;
}

unsigned os_terminal_width(int fd)
{
    struct winsize size;
    return ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

bool os_is_elevated(void)
{
    return geteuid() == 0;
}

/* ---- who has something open ---- */

#define CHILD_BEGINS_MS 1000 /* a process that is started has become its program by then */

struct opener {
    const char *folder;
    int own[2]; /* descriptors of this scan */
    char *path; /* what was found */
};

/* The kernel marks what is no longer in its folder. Such a file keeps nothing busy; a file that
 * really has that name exists under it. */
static bool is_deleted(const char *path)
{
    return text_ends(path, " (deleted)") && !os_exists(path);
}

static bool opener_takes(struct opener *opener, const char *path)
{
    if (!path_is_within(path, opener->folder) || is_deleted(path))
        return false;
    opener->path = mem_dup(path);
    return true;
}

static bool check_link(struct opener *opener, int folder, const char *name)
{
    char target[4096];
    ssize_t n = readlinkat(folder, name, target, sizeof target - 1);
    if (n <= 0 || target[0] != '/')
        return false;
    target[n] = '\0';
    return opener_takes(opener, target);
}

static bool check_descriptors(struct opener *opener, int process, bool is_self)
{
    int fd = openat(process, "fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *dir = fd < 0 ? NULL : fdopendir(fd);
    if (!dir) {
        if (fd >= 0)
            close(fd);
        return false;
    }
    bool found = false;
    const struct dirent *entry;
    while (!found && (entry = readdir(dir)) != NULL) {
        int number = atoi(entry->d_name);
        bool is_ours = is_self && (number == fd || number == process || number == opener->own[0]);
        found = entry->d_name[0] != '.' && !is_ours && check_link(opener, fd, entry->d_name);
    }
    closedir(dir);
    return found;
}

static bool check_maps(struct opener *opener, const char *pid)
{
    AUTO_FREE char *path = mem_format("/proc/%s/maps", pid);
    size_t size = 0;
    AUTO_FREE char *text = path ? read_quietly(path, &size) : NULL;
    const char *previous = "";
    for (char *line = text; line && *line;) {
        char *end = strchr(line, '\n');
        if (end)
            *end = '\0';
        char *file = strchr(line, '/'); /* nothing before the path has a slash */
        if (file && strcmp(file, previous) != 0) {
            if (opener_takes(opener, file))
                return true;
            previous = file;
        }
        line = end ? end + 1 : NULL;
    }
    return false;
}

static bool check_process(struct opener *opener, const char *pid)
{
    int process = openat(opener->own[0], pid, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (process < 0)
        return false;
    bool is_self = (unsigned)strtoul(pid, NULL, 10) == os_pid();
    bool found = check_link(opener, process, "cwd") || check_link(opener, process, "root") ||
                 check_link(opener, process, "exe") ||
                 check_descriptors(opener, process, is_self) || check_maps(opener, pid);
    close(process);
    return found;
}

/* The first process that has something open there; 0: none. */
static HRESULT scan_processes(const char *folder, char **path, unsigned *pid)
{
    DIR *dir = opendir("/proc");
    if (!dir)
        return error_errno(errno, "list", "/proc");
    struct opener opener = {.folder = folder, .own = {dirfd(dir)}};
    const struct dirent *entry;
    *pid = 0;
    while (!*pid && (entry = readdir(dir)) != NULL) {
        bool is_process = entry->d_name[0] >= '1' && entry->d_name[0] <= '9';
        if (is_process && check_process(&opener, entry->d_name))
            *pid = (unsigned)strtoul(entry->d_name, NULL, 10);
    }
    closedir(dir);
    *path = opener.path;
    return *pid && !opener.path ? FAIL_MEMORY() : S_OK;
}

/* A process that another thread of ours is just starting has all that we have open until it is the
 * new program. */
static bool is_child(unsigned pid)
{
    AUTO_FREE char *path = mem_format("/proc/%u/stat", pid);
    size_t size = 0;
    AUTO_FREE char *text = path ? read_quietly(path, &size) : NULL;
    const char *name_end = text ? strrchr(text, ')') : NULL;
    unsigned parent = 0;
    return !name_end || /* it has ended meanwhile */
           (sscanf(name_end + 1, " %*c %u", &parent) == 1 && parent == os_pid());
}

HRESULT os_find_opener(const char *folder, char **path_out, unsigned *pid_out)
{
    AUTO_FREE char *real = NULL;
    TRY(os_real_path(folder, &real));
    FLOOR_PAUSE(); /* how many processes there are is nothing that can be counted on */
    const uint64_t deadline = os_now_ms() + CHILD_BEGINS_MS;
    for (;;) {
        AUTO_FREE char *path = NULL;
        unsigned pid = 0;
        TRY(scan_processes(real, &path, &pid));
        if (!pid)
            return S_FALSE;
        if (!is_child(pid) || os_now_ms() >= deadline) {
            *path_out = TAKE(path);
            *pid_out = pid;
            return S_OK;
        }
        os_pause(1);
    }
}

void os_pause(unsigned ms)
{
    uint64_t end = os_now_ms() + ms, now;
    while ((now = os_now_ms()) < end)
        (void)poll(NULL, 0, (int)(end - now));
}

/* ---- libraries ---- */

struct os_library {
    void *handle;
};

HRESULT os_library_open(const char *absolute_path, struct os_library **out)
{
    if (!path_is_absolute(absolute_path)) /* a bare name would be searched for */
        return FAIL(E_INVALIDARG, "library path is not absolute: %s", absolute_path);
    AUTO_FREE struct os_library *library = mem_alloc(sizeof *library);
    if (!library)
        return FAIL_MEMORY();
    library->handle = dlopen(absolute_path, RTLD_NOW | RTLD_LOCAL);
    if (!library->handle) {
        const char *reason = dlerror();
        bool is_there = os_exists(absolute_path);
        return FAIL(HR_WIN32(is_there ? 193 : 126), "cannot load %s: %s", absolute_path,
                    reason ? reason : "unknown reason");
    }
    *out = TAKE(library);
    return S_OK;
}

void (*os_library_symbol(struct os_library *library, const char *name))(void)
{
    void *symbol = dlsym(library->handle, name);
    void (*function)(void) = NULL;
    memcpy(&function, &symbol, sizeof function); /* ISO C has no cast from data to function */
    return function;
}

HRESULT os_library_path(struct os_library *library, char **out)
{
    const struct link_map *map = NULL;
    if (dlinfo(library->handle, RTLD_DI_LINKMAP, &map) != 0 || !map || !map->l_name[0])
        return FAIL(E_FAIL, "the loader does not tell where a library comes from");
    return os_real_path(map->l_name, out);
}

struct module_search {
    const char *name;
    char *path;
    bool is_out_of_memory;
};

static int look_at_module(struct dl_phdr_info *info, size_t size, void *context)
{
    (void)size;
    struct module_search *search = context;
    if (!info->dlpi_name || !text_equal(path_name(info->dlpi_name), search->name))
        return 0;
    search->path = mem_dup(info->dlpi_name);
    search->is_out_of_memory = !search->path;
    return 1;
}

HRESULT os_library_find(const char *name, char **out)
{
    struct module_search search = {.name = name};
    (void)dl_iterate_phdr(look_at_module, &search);
    if (search.is_out_of_memory)
        return FAIL_MEMORY();
    *out = search.path;
    return search.path ? S_OK : S_FALSE;
}

void os_library_close(struct os_library *library)
{
    if (!library)
        return;
    dlclose(library->handle);
    mem_free(library);
}
