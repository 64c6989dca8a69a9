/* SPDX-License-Identifier: Apache-2.0
 *
 * fault - with LD_PRELOAD: makes calls that the plugin makes fail.
 *
 * The file that FCGI_FAULT names is mapped, and shared with the test
 * (FCGITest::Fault). Each place in the plugin that calls something has a row in
 * it, with the calls counted. The test arms one place with an error while the
 * host runs: that call, or every one, fails from then on.
 *
 * Whose a call is tells its return address. One that the compiler has made a
 * jump is its caller's: the plugin's, too, unless the host has called it.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#define PUBLIC __attribute__((visibility("default")))
#define SITES 1024

/* In place of an errno. */
enum special {
    ONE_BYTE = -1, /* no more than that is moved */
    END = -2,      /* of the file, or of what the other side sends */
};

/* What a descriptor is, as letters: which errors are to be expected. */
enum kind {
    KIND_NONE = '-',
    KIND_SOCKET = 's',
    KIND_FILE = 'f',
    KIND_OTHER = 'o', /* of eventfd(2) and its like */
};

struct site {
    atomic_uint offset; /* of the return address in the plugin; 0: free */
    char call[24];
    atomic_uint hits;
    atomic_uint kinds; /* a letter in each byte */
};

struct control {
    atomic_uint armed; /* 1 + index of the row; 0: none */
    atomic_int error;
    atomic_uint skip; /* calls that pass before */
    atomic_uint all;  /* whether all behind the first fail as well */
    atomic_uint done; /* calls that have failed */
    atomic_uint lost; /* places for which there was no row */
    struct site sites[SITES];
};

static struct control *control;
static uintptr_t plugin, plugin_end;
static atomic_flag lock = ATOMIC_FLAG_INIT;

static void *real_of(const char *name)
{
    return dlsym(RTLD_NEXT, name);
}

__attribute__((constructor)) static void begin(void)
{
    const char *name = getenv("FCGI_FAULT");
    int (*real_open)(const char *, int, ...) = real_of("open");
    int (*real_close)(int) = real_of("close");
    int fd = name != NULL ? real_open(name, O_RDWR | O_CLOEXEC) : -1;

    if (fd < 0)
        return;
    control =
        mmap(NULL, sizeof(*control), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (control == MAP_FAILED)
        control = NULL;
    real_close(fd);
}

/* Where the plugin is mapped, as /proc tells. */
static void find_plugin(void)
{
    FILE *in = fopen("/proc/self/maps", "re");
    char line[1024];
    uintptr_t from, to;

    while (in != NULL && fgets(line, sizeof(line), in) != NULL) {
        if (strstr(line, "/monkey-fastcgi") == NULL ||
            sscanf(line, "%zx-%zx", &from, &to) != 2)
            continue;
        plugin = plugin == 0 ? from : plugin;
        plugin_end = to;
    }
    if (in != NULL)
        fclose(in);
}

/* Whoever loads it uses dlopen(). */
PUBLIC void *dlopen(const char *name, int flags)
{
    void *(*real)(const char *, int) = real_of("dlopen");
    void *loaded = real(name, flags);

    if (control != NULL && plugin == 0 && name != NULL &&
        strstr(name, "/monkey-fastcgi") != NULL)
        find_plugin();
    return loaded;
}

static enum kind kind_of(int fd)
{
    static int (*real)(int, struct stat *);
    struct stat st;

    if (real == NULL)
        real = real_of("fstat");
    if (fd < 0 || real(fd, &st) < 0)
        return KIND_NONE;
    if (S_ISSOCK(st.st_mode))
        return KIND_SOCKET;
    return S_ISREG(st.st_mode) || S_ISCHR(st.st_mode) ? KIND_FILE : KIND_OTHER;
}

static void add_kind(struct site *site, enum kind kind)
{
    unsigned kinds = atomic_load(&site->kinds);

    for (int i = 0; i < 4; i++) {
        unsigned letter = kinds >> (8 * i) & 255U;

        if (letter == (unsigned)kind)
            return;
        if (letter != 0)
            continue;
        atomic_fetch_or(&site->kinds, (unsigned)kind << (8 * i));
        return;
    }
}

/* The place's row; a new one where it has none; SITES where there is no
 * room. */
static unsigned row_of(unsigned offset, const char *call)
{
    unsigned i = 0;

    for (; i < SITES; i++) {
        unsigned has = atomic_load(&control->sites[i].offset);

        if (has == offset)
            return i;
        if (has == 0)
            break;
    }
    while (atomic_flag_test_and_set(&lock))
        ;
    while (i < SITES && atomic_load(&control->sites[i].offset) != 0 &&
           atomic_load(&control->sites[i].offset) != offset)
        i++;
    if (i < SITES && atomic_load(&control->sites[i].offset) == 0) {
        strncpy(control->sites[i].call, call,
                sizeof(control->sites[i].call) - 1);
        atomic_store(&control->sites[i].offset, offset);
    }
    atomic_flag_clear(&lock);
    return i;
}

/* What is to become of a call: 0, an errno, or one of enum special. `fd`: what
 * it is about, or -1. */
static int fault(const char *call, const void *caller, int fd)
{
    uintptr_t at = (uintptr_t)caller;
    unsigned row, skip;

    if (at < plugin || at >= plugin_end)
        return 0;
    row = row_of((unsigned)(at - plugin), call);
    if (row == SITES) {
        atomic_fetch_add(&control->lost, 1);
        return 0;
    }
    atomic_fetch_add(&control->sites[row].hits, 1);
    if (fd >= 0)
        add_kind(&control->sites[row], kind_of(fd));
    if (atomic_load(&control->armed) != row + 1)
        return 0;
    for (skip = atomic_load(&control->skip); skip > 0;)
        if (atomic_compare_exchange_weak(&control->skip, &skip, skip - 1))
            return 0;
    if (!atomic_load(&control->all)) {
        unsigned armed = row + 1;

        if (!atomic_compare_exchange_strong(&control->armed, &armed, 0))
            return 0;
    }
    atomic_fetch_add(&control->done, 1);
    return atomic_load(&control->error);
}

/* What each function here begins with: `real` is the true one, `error` what is
 * to become of the call. */
#define ENTER(type, name, fd, params)                                         \
    static type(*real) params;                                                \
    int saved = errno, error = fault(#name, __builtin_return_address(0), fd); \
    if (real == NULL)                                                         \
        *(void **)&real = real_of(#name);                                     \
    errno = saved

#define FAIL(value)        \
    do {                   \
        if (error > 0) {   \
            errno = error; \
            return value;  \
        }                  \
    } while (0)

/* Nothing is done, and it fails. */
#define PLAIN(type, name, value, fd, params, args) \
    PUBLIC type name params                        \
    {                                              \
        ENTER(type, name, fd, params);             \
        FAIL(value);                               \
        return real args;                          \
    }

/* It is done, and fails: the kernel has let go of the descriptor, or goes on
 * connecting, whatever it says. */
#define DONE(type, name, value, fd, params, args) \
    PUBLIC type name params                       \
    {                                             \
        type result;                              \
        ENTER(type, name, fd, params);            \
        result = real args;                       \
        FAIL(value);                              \
        return result;                            \
    }

/* Bytes are moved, `size` of them at most. */
#define MOVE(name, size, fd, params, args) \
    PUBLIC ssize_t name params             \
    {                                      \
        ENTER(ssize_t, name, fd, params);  \
        FAIL(-1);                          \
        if (error == END)                  \
            return 0;                      \
        if (error == ONE_BYTE && size > 1) \
            size = 1;                      \
        return real args;                  \
    }

PLAIN(void *, malloc, NULL, -1, (size_t size), (size))
PLAIN(void *, calloc, NULL, -1, (size_t n, size_t size), (n, size))
PLAIN(void *, realloc, NULL, -1, (void *old, size_t size), (old, size))
PLAIN(void *, reallocarray, NULL, -1, (void *old, size_t n, size_t size),
      (old, n, size))
PLAIN(char *, strdup, NULL, -1, (const char *text), (text))
PLAIN(char *, strndup, NULL, -1, (const char *text, size_t n), (text, n))
PLAIN(FILE *, fmemopen, NULL, -1, (void *buf, size_t size, const char *mode),
      (buf, size, mode))
PLAIN(int, socket, -1, -1, (int family, int type, int protocol),
      (family, type, protocol))
PLAIN(int, epoll_create1, -1, -1, (int flags), (flags))
PLAIN(int, epoll_wait, -1, fd,
      (int fd, struct epoll_event *events, int n, int timeout),
      (fd, events, n, timeout))
PLAIN(int, eventfd, -1, -1, (unsigned n, int flags), (n, flags))
PLAIN(int, timerfd_create, -1, -1, (clockid_t clock, int flags), (clock, flags))
PLAIN(int, memfd_create, -1, -1, (const char *name, unsigned flags),
      (name, flags))
PLAIN(int, poll, -1, -1, (struct pollfd * fds, nfds_t n, int timeout),
      (fds, n, timeout))
PLAIN(int, fstat, -1, fd, (int fd, struct stat *st), (fd, st))
PLAIN(int, stat, -1, -1, (const char *name, struct stat *st), (name, st))
PLAIN(int, lstat, -1, -1, (const char *name, struct stat *st), (name, st))
PLAIN(char *, realpath, NULL, -1, (const char *name, char *to), (name, to))
PLAIN(int, getpeername, -1, fd,
      (int fd, struct sockaddr *restrict addr, socklen_t *restrict size),
      (fd, addr, size))
PLAIN(int, getsockname, -1, fd,
      (int fd, struct sockaddr *restrict addr, socklen_t *restrict size),
      (fd, addr, size))
PLAIN(int, getsockopt, -1, fd,
      (int fd, int level, int name, void *restrict to,
       socklen_t *restrict size),
      (fd, level, name, to, size))
PLAIN(int, setsockopt, -1, fd,
      (int fd, int level, int name, const void *from, socklen_t size),
      (fd, level, name, from, size))
PLAIN(int, shutdown, -1, fd, (int fd, int how), (fd, how))
PLAIN(struct tm *, gmtime_r, NULL, -1,
      (const time_t *restrict time, struct tm *restrict tm), (time, tm))
PLAIN(struct tm *, localtime_r, NULL, -1,
      (const time_t *restrict time, struct tm *restrict tm), (time, tm))
DONE(int, close, -1, fd, (int fd), (fd))
MOVE(read, size, fd, (int fd, void *to, size_t size), (fd, to, size))
MOVE(pread, size, fd, (int fd, void *to, size_t size, off_t at),
     (fd, to, size, at))
MOVE(recv, size, fd, (int fd, void *to, size_t size, int flags),
     (fd, to, size, flags))
MOVE(write, size, fd, (int fd, const void *from, size_t size), (fd, from, size))
MOVE(pwrite, size, fd, (int fd, const void *from, size_t size, off_t at),
     (fd, from, size, at))
MOVE(send, size, fd, (int fd, const void *from, size_t size, int flags),
     (fd, from, size, flags))
MOVE(sendfile, size, to, (int to, int from, off_t *at, size_t size),
     (to, from, at, size))

PUBLIC ssize_t sendmsg(int fd, const struct msghdr *message, int flags)
{
    ENTER(ssize_t, sendmsg, fd, (int, const struct msghdr *, int));
    FAIL(-1);
    if (error == ONE_BYTE && message->msg_iovlen > 0) {
        struct iovec one = {message->msg_iov[0].iov_base, 1};
        struct msghdr less = *message;

        less.msg_iov = &one;
        less.msg_iovlen = 1;
        return real(fd, &less, flags);
    }
    return real(fd, message, flags);
}

/* Interrupted it goes on. */
PUBLIC int connect(int fd, const struct sockaddr *addr, socklen_t size)
{
    ENTER(int, connect, fd, (int, const struct sockaddr *, socklen_t));
    if (error == EINTR)
        real(fd, addr, size);
    FAIL(-1);
    return real(fd, addr, size);
}

/* What is taken out is out: the kernel needs no memory for that. */
PUBLIC int epoll_ctl(int epoll, int how, int fd, struct epoll_event *event)
{
    ENTER(int, epoll_ctl, fd, (int, int, int, struct epoll_event *));
    if (how == EPOLL_CTL_DEL && error > 0)
        real(epoll, how, fd, event);
    FAIL(-1);
    return real(epoll, how, fd, event);
}

static unsigned mode_of(int flags, va_list args)
{
    return flags & (O_CREAT | __O_TMPFILE) ? va_arg(args, unsigned) : 0;
}

PUBLIC int open(const char *name, int flags, ...)
{
    va_list args;
    unsigned mode;
    ENTER(int, open, -1, (const char *, int, ...));
    FAIL(-1);
    va_start(args, flags);
    mode = mode_of(flags, args);
    va_end(args);
    return real(name, flags, mode);
}

PUBLIC int openat(int at, const char *name, int flags, ...)
{
    va_list args;
    unsigned mode;
    ENTER(int, openat, -1, (int, const char *, int, ...));
    FAIL(-1);
    va_start(args, flags);
    mode = mode_of(flags, args);
    va_end(args);
    return real(at, name, flags, mode);
}

/* The plugin uses one with a number, or none. */
PUBLIC int fcntl(int fd, int how, ...)
{
    va_list args;
    long value;
    ENTER(int, fcntl, fd, (int, int, ...));
    FAIL(-1);
    va_start(args, how);
    value = va_arg(args, long);
    va_end(args);
    return real(fd, how, value);
}

PUBLIC int ioctl(int fd, unsigned long what, ...)
{
    va_list args;
    void *value;
    ENTER(int, ioctl, fd, (int, unsigned long, ...));
    FAIL(-1);
    va_start(args, what);
    value = va_arg(args, void *);
    va_end(args);
    return real(fd, what, value);
}

/* Those that tell what is wrong by what they return. */
PUBLIC int posix_memalign(void **to, size_t alignment, size_t size)
{
    ENTER(int, posix_memalign, -1, (void **, size_t, size_t));
    return error > 0 ? error : real(to, alignment, size);
}

PUBLIC int getaddrinfo(const char *restrict name, const char *restrict service,
                       const struct addrinfo *restrict hints,
                       struct addrinfo **restrict found)
{
    ENTER(int, getaddrinfo, -1,
          (const char *, const char *, const struct addrinfo *,
           struct addrinfo **));
    if (error == 0)
        return real(name, service, hints, found);
    if (error == ENOMEM)
        return EAI_MEMORY;
    errno = error;
    return EAI_SYSTEM;
}
