/*
 * Loaded into `hub` by LD_PRELOAD: lets one of its steps on the disk fail, or kills it there.
 *
 * HUB_FAULT      `kill-before:N`, `kill-after:N`: SIGKILL around step N
 *                `once:E:N`: step N alone fails with error number E
 *                `from:E:N`: that step fails and all after it, as on a full disk
 * HUB_FAULT_LOG  a file that gets the name of each step, one a line
 * HUB_FAULT_TRACE  a file that gets for each step, and for each program that is started, the
 *                thread, `!`, the name and the path or the command; what `hub` itself writes
 *                into it is no step
 *
 * A step is a call that changes files. Only `hub` itself counts: not the programs that it
 * starts, not `hub confine`, which becomes one of them, not `hub supervise`, not what is written to a pipe or a terminal.
 *
 * HUB_FAULT_SUPERVISOR, HUB_FAULT_SUPERVISOR_LOG, HUB_FAULT_SUPERVISOR_TRACE do the same to
 * each `hub supervise`, and to nothing else. Its log has its number behind the name. Beside the others there are
 *                `kill-first`: SIGKILL before its first instruction
 *                `kill-ready`: SIGKILL when it has said that it is ready
 *
 * HUB_FAULT_FREE      how many bytes are free on every disk that is asked for its room
 * HUB_FAULT_NO_LOCKS  no file can be locked
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

enum mode { COUNT, KILL_BEFORE, KILL_AFTER, KILL_READY, ONCE, FROM };

static pid_t meant;
static enum mode mode = COUNT;
static int error_number;
static long target;
static int log_file = -1;
static int trace = -1;
static char trace_path[4096];
static atomic_long steps;

static void end(void)
{
    kill(getpid(), SIGKILL);
    for (;;)
        pause();
}

__attribute__((constructor)) static void begin(int argc, char **argv)
{
    char program[4096];
    ssize_t length = readlink("/proc/self/exe", program, sizeof program - 1);
    if (length <= 0)
        return;
    program[length] = 0;
    const char *name = strrchr(program, '/');
    if (!name || strcmp(name, "/hub") != 0)
        return;
    if (argc > 1 && strcmp(argv[1], "confine") == 0)
        return;
    int supervisor = 0;
    for (int i = 1; i < argc; i++)
        supervisor |= strcmp(argv[i], "supervise") == 0;
    const char *fault = getenv(supervisor ? "HUB_FAULT_SUPERVISOR" : "HUB_FAULT");
    const char *path = getenv(supervisor ? "HUB_FAULT_SUPERVISOR_LOG" : "HUB_FAULT_LOG");
    const char *traced = getenv(supervisor ? "HUB_FAULT_SUPERVISOR_TRACE" : "HUB_FAULT_TRACE");
    if (supervisor && !fault && !path && !traced)
        return;
    if (fault) {
        if (strcmp(fault, "kill-first") == 0)
            end();
        else if (strcmp(fault, "kill-ready") == 0)
            mode = KILL_READY;
        else if (sscanf(fault, "kill-before:%ld", &target) == 1)
            mode = KILL_BEFORE;
        else if (sscanf(fault, "kill-after:%ld", &target) == 1)
            mode = KILL_AFTER;
        else if (sscanf(fault, "once:%d:%ld", &error_number, &target) == 2)
            mode = ONCE;
        else if (sscanf(fault, "from:%d:%ld", &error_number, &target) == 2)
            mode = FROM;
    }
    char own[4096];
    if (supervisor && path) {
        snprintf(own, sizeof own, "%s.%d", path, (int)getpid());
        path = own;
    }
    if (traced) {
        snprintf(trace_path, sizeof trace_path, "%s", traced);
        trace = syscall(SYS_openat, AT_FDCWD, traced, O_WRONLY | O_APPEND | O_CLOEXEC, 0);
    }
    if (path)
        log_file = syscall(SYS_openat, AT_FDCWD, path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
    meant = getpid();
}

/* A child between fork and exec is not meant. */
static int counts(void)
{
    return meant && getpid() == meant;
}

/* Where an open file is. */
static const char *place(int fd, char *path, size_t size)
{
    char link[64];
    int kept = errno;
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, size - 1);
    path[length > 0 ? length : 0] = 0;
    errno = kept;
    return path;
}

static void note(const char *name, const char *detail)
{
    char line[8192];
    int kept = errno;
    int length = snprintf(line, sizeof line - 1, "%ld ! %s %s", (long)syscall(SYS_gettid), name, detail);
    if (length > (int)sizeof line - 2)
        length = sizeof line - 2;
    for (char *at = line; at < line + length; at++)
        if (*at == '\n')
            *at = ' ';
    line[length++] = '\n';
    syscall(SYS_write, trace, line, length);
    errno = kept;
}

/* A program that is started is no step, but it is told of. */
static void started(const char *name, char *const argv[])
{
    if (!counts() || trace < 0)
        return;
    char line[4096] = "";
    size_t length = 0;
    for (int i = 0; argv && argv[i] && length < sizeof line - 1; i++)
        length += snprintf(line + length, sizeof line - length, i ? " %s" : "%s", argv[i]);
    note(name, line);
}

/* A name in a folder that is held open, by the folder's own path. */
static const char *named(const char *given, char *path, size_t size)
{
    static const char held[] = "/proc/self/fd/";
    char *end;
    if (strncmp(given, held, sizeof held - 1) != 0)
        return given;
    long fd = strtol(given + sizeof held - 1, &end, 10);
    if (*end != '/')
        return given;
    place((int)fd, path, size);
    size_t length = strlen(path);
    snprintf(path + length, size - length, "%s", end);
    return path;
}

/* Returns the step's number, or 0 for a call that is none; -1 when it fails. */
static long step(const char *name, int needs_space, const char *path, int fd)
{
    if (!counts())
        return 0;
    if (trace >= 0) {
        char found[4096];
        note(name, path ? named(path, found, sizeof found) : place(fd, found, sizeof found));
    }
    long now = atomic_fetch_add(&steps, 1) + 1;
    if (log_file >= 0) {
        char line[64];
        int length = snprintf(line, sizeof line, "%s\n", name);
        syscall(SYS_write, log_file, line, length);
    }
    if (mode == KILL_BEFORE && now == target)
        end();
    if ((mode == ONCE && now == target) || (mode == FROM && now >= target && needs_space)) {
        errno = error_number;
        return -1;
    }
    return now;
}

static void done(long now)
{
    if (mode == KILL_AFTER && now && now == target) {
        end();
    }
}

#define REAL(type, name, ...)                                   \
    static type (*real)(__VA_ARGS__);                           \
    if (!real)                                                  \
        real = (type(*)(__VA_ARGS__))dlsym(RTLD_NEXT, name)

#define STEP(type, name, space, path, fd, params, args)         \
    type name params                                            \
    {                                                           \
        static type(*real) params;                              \
        if (!real)                                              \
            real = (type(*) params)dlsym(RTLD_NEXT, #name);     \
        long now = step(#name, space, path, fd);                \
        if (now < 0)                                            \
            return -1;                                          \
        type result = real args;                                \
        int kept = errno;                                       \
        done(now);                                              \
        errno = kept;                                           \
        return result;                                          \
    }

STEP(int, fsync, 1, NULL, fd, (int fd), (fd))
STEP(int, fdatasync, 1, NULL, fd, (int fd), (fd))
STEP(int, rename, 1, b, -1, (const char *a, const char *b), (a, b))
STEP(int, renameat, 1, b, -1, (int x, const char *a, int y, const char *b), (x, a, y, b))
STEP(int, link, 1, b, -1, (const char *a, const char *b), (a, b))
STEP(int, symlink, 1, b, -1, (const char *a, const char *b), (a, b))
STEP(int, mkdir, 1, a, -1, (const char *a, mode_t m), (a, m))
STEP(int, mkdirat, 1, a, -1, (int x, const char *a, mode_t m), (x, a, m))
STEP(int, unlink, 0, a, -1, (const char *a), (a))
STEP(int, unlinkat, 0, a, -1, (int x, const char *a, int f), (x, a, f))
STEP(int, rmdir, 0, a, -1, (const char *a), (a))
STEP(int, ftruncate, 0, NULL, fd, (int fd, off_t n), (fd, n))
STEP(int, ftruncate64, 0, NULL, fd, (int fd, off64_t n), (fd, n))

static int is_file(int fd)
{
    struct stat found;
    int kept = errno;
    int yes = fstat(fd, &found) == 0 && S_ISREG(found.st_mode);
    errno = kept;
    return yes;
}

ssize_t write(int fd, const void *bytes, size_t length)
{
    REAL(ssize_t, "write", int, const void *, size_t);
    if (!counts() || fd == log_file || !is_file(fd)) {
        ssize_t written = real(fd, bytes, length);
        if (mode == KILL_READY && counts() && fd == STDOUT_FILENO)
            end();
        return written;
    }
    char found[4096];
    if (trace >= 0 && strcmp(place(fd, found, sizeof found), trace_path) == 0)
        return real(fd, bytes, length);
    long now = step("write", 1, NULL, fd);
    if (now < 0) {
        /* A disk that fills up takes what it can, and says so at the next call. */
        static atomic_int half;
        if (mode == FROM && length > 1 && !atomic_exchange(&half, 1))
            return real(fd, bytes, length / 2);
        return -1;
    }
    ssize_t result = real(fd, bytes, length);
    done(now);
    return result;
}

#define OPEN(name)                                              \
    int name(const char *path, int flags, ...)                  \
    {                                                           \
        REAL(int, #name, const char *, int, ...);               \
        va_list rest;                                           \
        va_start(rest, flags);                                  \
        mode_t how = flags & (O_CREAT | O_TMPFILE) ? va_arg(rest, mode_t) : 0; \
        va_end(rest);                                           \
        if (!(flags & O_CREAT))                                 \
            return real(path, flags, how);                      \
        long now = step(#name, 1, path, -1);                    \
        if (now < 0)                                            \
            return -1;                                          \
        int result = real(path, flags, how);                    \
        int kept = errno;                                       \
        done(now);                                              \
        errno = kept;                                           \
        return result;                                          \
    }

OPEN(open)
OPEN(open64)

#define ROOM(name, type)                                        \
    int name(const char *path, struct type *found)              \
    {                                                           \
        REAL(int, #name, const char *, struct type *);          \
        int result = real(path, found);                         \
        const char *free = getenv("HUB_FAULT_FREE");            \
        if (result == 0 && free && counts())                    \
            found->f_bavail = strtoull(free, NULL, 10) / found->f_frsize; \
        return result;                                          \
    }

ROOM(statvfs, statvfs)
ROOM(statvfs64, statvfs64)

int flock(int fd, int operation)
{
    REAL(int, "flock", int, int);
    if (getenv("HUB_FAULT_NO_LOCKS") && counts()) {
        errno = ENOLCK;
        return -1;
    }
    return real(fd, operation);
}

#define SPAWN(name)                                             \
    int name(pid_t *pid, const char *path, const posix_spawn_file_actions_t *actions, \
             const posix_spawnattr_t *attributes, char *const argv[], char *const envp[]) \
    {                                                           \
        REAL(int, #name, pid_t *, const char *, const posix_spawn_file_actions_t *, \
             const posix_spawnattr_t *, char *const[], char *const[]); \
        started("spawn", argv);                                 \
        return real(pid, path, actions, attributes, argv, envp); \
    }

SPAWN(posix_spawn)
SPAWN(posix_spawnp)

/* What is started in another way than by posix_spawn. */
pid_t fork(void)
{
    REAL(pid_t, "fork", void);
    started("fork", NULL);
    return real();
}
