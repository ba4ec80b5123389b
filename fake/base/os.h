/* SPDX-License-Identifier: MIT */
/*
 * os.h - the operating system: files, folders, locks, threads, processes, clock, libraries. One
 * interface, two implementations (os_posix*.c, os_win*.c), which are the only files with
 * platform headers. Paths are native and UTF-8. Functions that fail set the thread's error
 * (error.h).
 */
#ifndef BASE_OS_H
#define BASE_OS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "hr.h"
#include "scope.h"

/* ---- files ---- */
struct os_file;
enum os_mode {
    OS_READ = 1,
    OS_WRITE = 2,
    OS_CREATE = 4,    /* make it if it is not there (mode 0666 & ~umask) */
    OS_EXCLUSIVE = 8, /* with OS_CREATE: fail if it is there */
    OS_TRUNCATE = 16,
    OS_APPEND = 32, /* every write goes to the end, in one piece */
    /* Windows, where an open file can keep others out; without meaning on Linux: */
    OS_ALONE = 64,       /* nobody else opens it meanwhile */
    OS_NO_WRITERS = 128, /* nobody else opens it for writing meanwhile */
    OS_FOLDER_TOO = 256, /* it may be a folder, to keep it open */
};
HRESULT os_open(const char *path, unsigned mode,
                struct os_file **out); /* not inherited by children */
void os_close(struct os_file *file);
DEFINE_SCOPE(file, struct os_file, os_close)
#define AUTO_FILE AUTO(scope_file)
HRESULT os_read_at(struct os_file *file, void *buffer, size_t size, uint64_t offset, size_t *got);
HRESULT os_write_at(struct os_file *file, const void *data, size_t size,
                    uint64_t offset);                                  /* all of it */
HRESULT os_write(struct os_file *file, const void *data, size_t size); /* all of it */
HRESULT os_truncate(struct os_file *file, uint64_t size);
/* What is written there later finds room; neither content nor size changes. S_FALSE: this file
 * system does not promise that. */
HRESULT os_reserve(struct os_file *file, uint64_t offset, uint64_t size);
HRESULT os_sync(struct os_file *file); /* data and size are on the disk when it returns */
/* A file in memory that ends when it is closed, with a path by which this process can open it
 * (Linux). *path is the caller's. */
HRESULT os_open_in_memory(const char *name, struct os_file **out, char **path);
/* Whole file, with a NUL behind it. Caller's: mem_free. */
HRESULT os_read_file(const char *path, char **data, size_t *size);
/* Temp file beside it, fdatasync, rename, fsync of the folder: the old content or the new, never
 * half. */
HRESULT os_write_file_atomic(const char *path, const void *data, size_t size);
HRESULT os_copy_file(const char *from, const char *to); /* content, mode, mtime */

/* Locks a file against other opens of it, in this process and in others; ends with os_close or the
 * process. Not seen by flock(2) users (wimlib is one). OS_LOCK_TRY: S_FALSE when somebody has it.
 */
enum os_lock { OS_LOCK_WAIT, OS_LOCK_TRY };
HRESULT os_lock_file(struct os_file *file, enum os_lock how); /* needs OS_WRITE; exclusive */
void os_unlock_file(struct os_file *file);
/* Returns when nobody else has the file locked with flock(2), or at the deadline (os_now_ms):
 * false. A process that is being killed gives its locks up one after another. */
bool os_await_no_flock(struct os_file *file, uint64_t deadline_ms);
/* flock(2) on the file, as wimlib does it while it writes. false: somebody else has it. */
bool os_take_flock(struct os_file *file);
void os_drop_flock(struct os_file *file);

/* Makes a file of that size, reserved on the disk, and maps it: what is stored there is seen by
 * whoever reads the file. Fails if it is there. */
HRESULT os_map_new(const char *path, size_t size, void **out);
/* The content of a file in memory, to be read; `size` is not 0 (Linux). */
HRESULT os_map(const struct os_file *file, size_t size, const void **out);
void os_unmap(void *memory, size_t size);

enum os_type {
    OS_TYPE_FILE,
    OS_TYPE_DIRECTORY,
    OS_TYPE_LINK,
    OS_TYPE_OTHER,
    OS_TYPE_WHITEOUT /* what an overlay's upper folder has in the place of a deleted file */
};
/* Times in nanoseconds: what is before 1677 or after 2262, as files of 1601, is the nearest that 64
 * bits hold: OS_NS_MIN or OS_NS_MAX. */
#define OS_NS_MIN INT64_MIN
#define OS_NS_MAX INT64_MAX
static inline int64_t os_ns(int64_t seconds, int64_t nanoseconds)
{
    const int64_t second = 1000000000;
    return seconds <= INT64_MIN / second   ? OS_NS_MIN
           : seconds >= INT64_MAX / second ? OS_NS_MAX
                                           : seconds * second + nanoseconds;
}
struct os_stat {
    enum os_type type;
    uint64_t size;
    int64_t mtime_ns, ctime_ns; /* since 1970, UTC; see os_ns */
    uint64_t device, inode;
    uint32_t mode; /* POSIX permission bits */
    uint32_t owner;
    uint32_t links;
    uint64_t device_of_node; /* OS_TYPE_OTHER: st_rdev */
};
/* os_stat follows a link at the end, os_lstat does not. HR_WIN32(2) or (3) when there is nothing.
 */
HRESULT os_stat(const char *path, struct os_stat *out);
HRESULT os_lstat(const char *path, struct os_stat *out);
bool os_look(const char *path, struct os_stat *out); /* os_stat, but not to be there is no error */
HRESULT os_stat_file(struct os_file *file, struct os_stat *out);
bool os_exists(const char *path); /* without following a link at the end */
bool os_is_directory(const char *path);
bool os_is_file(const char *path);
/* May this process write the file? (Its mode has a write bit, also for root: Windows' read-only
 * attribute binds administrators too.) */
bool os_is_writable(const char *path);
HRESULT os_set_mtime(const char *path, int64_t mtime_ns); /* of a link itself, if it is one */
HRESULT os_set_mode(const char *path, uint32_t mode);
/* Nobody (on Linux: but root) gets at the file or folder until the denial is lifted, which frees
 * it; by then it may be gone. */
struct os_denial;
HRESULT os_deny_access(const char *path, struct os_denial **out);
void os_allow_access(struct os_denial *denial);
/* Owner and mode as if this process had just made it, by open(2) with 0666 or, as wimlib does, 0644
 * (folders: 0777, 0755); groups can be inherited and do not count. */
bool os_has_default_mode(const struct os_stat *stat, unsigned umask);
unsigned os_umask(void);

HRESULT os_make_directory(const char *path);
HRESULT os_make_directories(const char *path); /* with parents; fine if it is there */
HRESULT os_remove_file(const char *path);
HRESULT os_remove_directory(const char *path);              /* empty */
HRESULT os_rename(const char *from, const char *to);        /* replaces a file */
HRESULT os_make_link(const char *target, const char *path); /* symbolic */
HRESULT os_make_hard_link(const char *existing, const char *path);
HRESULT os_read_link(const char *path, char **target);
HRESULT os_sync_directory(const char *path);

struct os_names {
    char **ptr;
    size_t len;
};
/* Names in a folder without . and .., ordinal order. */
HRESULT os_list(const char *path, struct os_names *out);
void os_names_clear(struct os_names *names);
#define AUTO_NAMES AUTO(os_names_clear)
bool os_is_empty_directory(const char *path);
/* Everything below path, links not followed, modes that forbid it changed first; `and_itself` also
 * the folder. Goes on after a failure and reports the first. */
HRESULT os_remove_tree(const char *path, bool and_itself);

HRESULT os_real_path(const char *path, char **out); /* links resolved; must exist */
HRESULT os_cwd(char **out);
/* Has the system drive letters, and with them Windows' rules for names (path.h)? */
bool os_has_drives(void);
HRESULT os_cwd_of_drive(char drive, char **out); /* its root, where the process has been nowhere */
/* The root of the volume that the running system is on: "/", "C:/". */
HRESULT os_system_root(char **out);
HRESULT os_temp_directory(char **out); /* TMPDIR or /tmp */
/* ~/.local/state/NAME by the XDG rules (XDG_STATE_HOME), not created. */
HRESULT os_state_directory(const char *name, char **out);
/* Is the path the root of a volume (a mount point)? */
bool os_is_volume_root(const char *path);
/* A process (this one included) that has a file open or its current folder at or below `folder`.
 * S_OK: found, *path_out (caller's) is what it has and *pid_out who. S_FALSE: nobody. Sees only
 * processes this user may look into. */
HRESULT os_find_opener(const char *folder, char **path_out, unsigned *pid_out);

/* ---- mounts of the system, and overlays (Linux) ---- */
/* May this process mount at all? A first look, without trying. */
bool os_may_mount(void);
/* What the topmost mount at exactly that path names as its source; caller's. S_FALSE: nothing is
 * mounted there. */
HRESULT os_mount_source(const char *path, char **out);
/* Where something with that source is mounted, the last one first; caller's. S_FALSE: nowhere. */
HRESULT os_mount_place(const char *source, char **out);
/* ERROR_BUSY while somebody uses it, unless even_if_used: then it goes from the folder tree at once
 * and ends when the last user does. */
HRESULT os_unmount(const char *path, bool even_if_used);
/* Where something is mounted below the folder, not at it; caller's. S_FALSE: nowhere. */
HRESULT os_mount_below(const char *folder, char **out);
/* Takes away whatever is mounted at or below the folder, used or not. */
void os_unmount_below(const char *folder);
/* Does this folder of an overlay's upper layer hide all of the lower one? */
bool os_is_opaque(const char *folder);
HRESULT os_make_whiteout(const char *path);
/* Which generation the lower layer's FUSE server gave the file that this one was copied up from; 0:
 * not known. */
uint32_t os_overlay_generation(const char *path);
/* What an overlay noted about where the file came from is of no use under another lower layer. */
void os_overlay_forget(const char *path);
/* Has the file or folder extended attributes of users (user.NAME), which an image keeps as named
 * streams? */
bool os_has_streams(const char *path);
/* Calls `each` with the name (without "user.") and the value of each; a failure ends it. */
HRESULT os_each_stream(const char *path,
                       HRESULT (*each)(void *context, const char *name, const void *data,
                                       size_t size),
                       void *context);

/* ---- threads ---- */
struct os_mutex {
    void *impl[8]; /* zero is ready to use */
};
struct os_cond {
    void *impl[8]; /* zero is ready to use */
};
void os_mutex_lock(struct os_mutex *mutex);
void os_mutex_unlock(struct os_mutex *mutex);
bool os_mutex_held(const struct os_mutex *mutex); /* by the calling thread; for assert */
void os_cond_wait(struct os_cond *cond, struct os_mutex *mutex);
/* false when the time is over (real, monotonic milliseconds of os_now_ms). */
bool os_cond_wait_until(struct os_cond *cond, struct os_mutex *mutex, uint64_t deadline_ms);
void os_cond_broadcast(struct os_cond *cond);
static inline void os_scope_unlock(struct os_mutex **mutex)
{
    if (*mutex)
        os_mutex_unlock(*mutex);
}
/* Locks here, unlocks at the end of the scope. */
#define OS_JOIN_(a, b) a##b
#define OS_JOIN(a, b) OS_JOIN_(a, b)
#define OS_AUTO_LOCK(name, mutex)                                                                  \
    AUTO(os_scope_unlock) struct os_mutex *name = (mutex);                                         \
    os_mutex_lock(name)
#define AUTO_LOCK(mutex) OS_AUTO_LOCK(OS_JOIN(auto_lock_, __COUNTER__), mutex)

struct os_thread;
HRESULT os_thread_start(void (*run)(void *), void *argument, struct os_thread **out);
void os_thread_join(struct os_thread *thread); /* waits and frees */
unsigned os_processor_count(void);             /* at least 1 */
uint64_t os_thread_id(void);                   /* of the caller; the system's number, never 0 */

/* Keeps the code of this module in memory until the process ends, whatever the client unloads. */
void os_keep_loaded(void);

/* ---- events: what clients pass as a HANDLE. Windows' own there; on Linux a table of ours, in
 * which a handle that is not one of them is never dereferenced ---- */
HANDLE os_event_create(bool manual_reset, bool initial_state); /* NULL: no memory */
bool os_event_set(HANDLE event, bool signalled);
bool os_event_close(HANDLE event);
/* Is it signalled? Resets an auto-reset event then. `*is_known`, if asked for: it is a handle that
 * can be waited for. */
bool os_event_consume(HANDLE event, bool *is_known);

/* ---- clock: real time; everything the fake answers comes from its virtual clock instead ---- */
uint64_t os_now_ms(void); /* monotonic */
/* Lets that time pass, between two looks at what nobody announces (another process' lock, a mount
 * in use). Not for waiting on our own threads. */
void os_pause(unsigned ms);
int64_t os_wall_ns(void); /* since 1970, UTC */
/* Returns when the clock that stamps files is past that moment, so that a change made from now on
 * has another time. It ticks every few milliseconds; does not wait for one that was set back. */
void os_await_file_clock(int64_t past_ns);
/* What that clock says: a change made from now on has this time or a later one. */
int64_t os_file_clock_ns(void);
/* Do two changes right after another have different times on that folder's file system? (Linux
 * since 6.13.) Finds out by setting the folder's own mode to what it is. */
bool os_file_clock_is_fine(const char *folder);

/* ---- processes ---- */
unsigned os_pid(void);
/* When that process was started, in a unit of the system: with the pid a name that is never reused.
 * 0 if there is no such process. */
uint64_t os_process_start_time(unsigned pid);
/* Does the process live that was started then? The last one that was asked for is kept open until
 * it ends, another one is asked for, or os_process_forget. */
bool os_process_lives(unsigned pid, uint64_t start_time);
void os_process_forget(void);
/* Waits for the end of a process that need not be a child of ours; kill_it: SIGKILL first. false
 * when the deadline (os_now_ms) passed first. */
bool os_process_end(unsigned pid, uint64_t start_time, uint64_t deadline_ms, bool kill_it);
/* Text that differs after each start of the machine; "unknown" where there is none. */
HRESULT os_boot_id(char **out);
HRESULT os_executable_path(char **out);
/* The program of that name in PATH. HR_WIN32(2): there is none. Caller's. */
HRESULT os_find_program(const char *name, char **out);
/* The file that this code was loaded from: our library, or the program. Caller's. */
HRESULT os_module_path(char **out);
HRESULT os_system_name(char **out); /* name, release and machine: "Linux 6.1.0 x86_64" */
void os_random(void *buffer, size_t size);
const char *os_getenv(const char *name);             /* borrowed; NULL if unset */
void os_setenv(const char *name, const char *value); /* NULL takes it away */
/* Calls `each` with NAME=VALUE for every variable. */
void os_environment(void (*each)(void *context, const char *assignment), void *context);

/* The first thing in a program's main: arguments are UTF-8 and no patterns, streams are bytes, and
 * a terminal shows UTF-8. Linux is like that. */
void os_begin(int *argc, char ***argv);

enum os_crash { OS_CRASH_TERMINATE, OS_CRASH_ACCESS_VIOLATION, OS_CRASH_ABORT };
/* Ends the process at once, no cleanup: SIGKILL to itself, a real SIGSEGV, abort(). */
_Noreturn void os_crash(enum os_crash how);
_Noreturn void os_exit_now(int code); /* no atexit handlers */

struct os_child;
struct os_child_options {
    const char *const *argv;        /* NULL-terminated; argv[0] is the program's path */
    const char *const *environment; /* additions "NAME=VALUE", NULL-terminated; may be NULL */
    const char *directory;          /* current folder, NULL: ours */
    const char *stdout_path;        /* where its output goes, NULL: ours */
    const char *stderr_path;
    bool pipe_stdin;  /* os_child_write, os_child_close_stdin */
    bool pipe_stdout; /* os_child_read_line */
    /* Stays open in the child and in what it forks, and with it its lock (os_lock_file): if this
     * process dies, the lock ends only when the last of them is gone. NULL: nothing. */
    struct os_file *keep;
};
enum os_signal { OS_SIGNAL_ABORT = 6, OS_SIGNAL_KILL = 9, OS_SIGNAL_ACCESS_VIOLATION = 11 };
struct os_child_end {
    bool exited; /* exit_code is valid */
    int exit_code;
    int signal; /* what ended it, 0 otherwise: a crash. On Windows an enum os_signal where the
                   status says the same, else the NTSTATUS */
};
HRESULT os_child_start(const struct os_child_options *options, struct os_child **out);
/* S_OK and *end when it has ended, S_FALSE when the deadline (os_now_ms) passed first. */
HRESULT os_child_wait(struct os_child *child, uint64_t deadline_ms, struct os_child_end *end);
/* Ends it and everything it started (its process group). */
void os_child_kill(struct os_child *child);
unsigned os_child_pid(const struct os_child *child);
HRESULT os_child_write(struct os_child *child, const void *data, size_t size);
void os_child_close_stdin(struct os_child *child);
/* One line without its end, caller's; S_FALSE at the end of the output or after the deadline. */
HRESULT os_child_read_line(struct os_child *child, uint64_t deadline_ms, char **line);
void os_child_free(struct os_child *child); /* kills it first if it still runs */

/* ---- libraries ---- */
struct os_library;
HRESULT os_library_open(const char *absolute_path, struct os_library **out);
void (*os_library_symbol(struct os_library *library, const char *name))(void); /* NULL: none */
/* Where a module of that file name, loaded by whomever, comes from; caller's. S_FALSE: none is. */
HRESULT os_library_find(const char *name, char **out);
/* Where the module was really loaded from. Caller's. */
HRESULT os_library_path(struct os_library *library, char **out);
void os_library_close(struct os_library *library);

bool os_is_terminal(int fd);        /* 1 stdout, 2 stderr */
unsigned os_terminal_width(int fd); /* in columns; 80 where that is not known */
bool os_is_elevated(void);          /* root, administrator */

#endif
