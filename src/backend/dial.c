/* SPDX-License-Identifier: Apache-2.0
 *
 * Dialling.
 */
#include "backend/dial.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define BACKOFF_FIRST (5 * FCGI_LOOP_MS)
#define BACKOFF_MOST (100 * FCGI_LOOP_MS)
#define LOST_AFTER 3 /* segments in a row that nobody acknowledges */

#define BIT(call) (1U << FCGI_CALL_##call)
#define ANY (~0U)
#define CONNECTS (BIT(CONNECT) | BIT(CONNECT_UNIX))

enum fcgi_fault fcgi_fault_of(enum fcgi_syscall call, int error)
{
    /* The first row that fits. What is in none of them is the way's, or the
     * server's, where something was done to a connection, and ours elsewhere:
     * socket(2) and epoll_ctl(2) do not know the server. */
    static const struct {
        unsigned calls;
        int error;
        enum fcgi_fault fault;
    } table[] = {
        {ANY, ENOMEM, FCGI_FAULT_SHORTAGE},
        {ANY, ENOBUFS, FCGI_FAULT_SHORTAGE},
        {ANY, EMFILE, FCGI_FAULT_SHORTAGE},
        {ANY, ENFILE, FCGI_FAULT_SHORTAGE},
        /* A kernel without IPv6. */
        {BIT(SOCKET), EAFNOSUPPORT, FCGI_FAULT_UNREACHABLE},
        {BIT(SOCKET) | BIT(EPOLL), 0, FCGI_FAULT_SHORTAGE},
        {BIT(CONNECT_UNIX), EAGAIN, FCGI_FAULT_FULL},
        {BIT(CONNECT), EAGAIN, FCGI_FAULT_NO_PORT},
        {BIT(CONNECT), EADDRNOTAVAIL, FCGI_FAULT_NO_PORT},
        {BIT(CONNECT), EADDRINUSE, FCGI_FAULT_NO_PORT},
        {CONNECTS, ECONNREFUSED, FCGI_FAULT_REFUSED},
        /* A socket of another type listens. */
        {BIT(CONNECT_UNIX), EPROTOTYPE, FCGI_FAULT_REFUSED},
        {BIT(CONNECT_UNIX), ENOENT, FCGI_FAULT_NO_SOCKET},
        {BIT(CONNECT_UNIX), ENOTDIR, FCGI_FAULT_NO_SOCKET},
        {BIT(CONNECT_UNIX), ELOOP, FCGI_FAULT_NO_SOCKET},
        {CONNECTS, EACCES, FCGI_FAULT_DENIED},
        {CONNECTS, EPERM, FCGI_FAULT_DENIED},
        {ANY, ETIMEDOUT, FCGI_FAULT_TIMEOUT},
        {ANY, ECONNRESET, FCGI_FAULT_RESET},
        {BIT(SEND), EPIPE, FCGI_FAULT_RESET},
        {ANY, 0, FCGI_FAULT_UNREACHABLE},
    };
    size_t i = 0;

    while (!(table[i].calls & (1U << call)) ||
           (table[i].error != 0 && table[i].error != error))
        i++;
    return table[i].fault;
}

const char *fcgi_call_name(enum fcgi_syscall call)
{
    static const char *const names[] = {
        [FCGI_CALL_NONE] = "",           [FCGI_CALL_SOCKET] = "socket",
        [FCGI_CALL_CONNECT] = "connect", [FCGI_CALL_CONNECT_UNIX] = "connect",
        [FCGI_CALL_EPOLL] = "epoll_ctl", [FCGI_CALL_SEND] = "sendmsg",
        [FCGI_CALL_READ] = "read",
    };

    return names[call];
}

void fcgi_dial_cancel(struct fcgi_dial *dial)
{
    fcgi_loop_stop_timer(dial->loop, &dial->timer);
    fcgi_loop_remove(dial->loop, &dial->io);
    if (dial->io.fd >= 0)
        close(dial->io.fd);
    dial->io.fd = -1;
}

static void succeed(struct fcgi_dial *dial)
{
    int fd = dial->io.fd;

    fcgi_loop_remove(dial->loop, &dial->io);
    dial->io.fd = -1;
    fcgi_dial_cancel(dial);
    dial->done(dial, fd);
}

static void set_timer(struct fcgi_dial *dial, uint64_t when)
{
    if (when != FCGI_DIAL_NEVER)
        fcgi_loop_set_timer(dial->loop, &dial->timer, when);
}

/* Waits for room in the backlog. */
static void back_off(struct fcgi_dial *dial)
{
    uint64_t next;

    fcgi_dial_cancel(dial);
    dial->backoff = dial->backoff > 0 ? dial->backoff * 2 : BACKOFF_FIRST;
    if (dial->backoff > BACKOFF_MOST)
        dial->backoff = BACKOFF_MOST;
    next = fcgi_loop_now(dial->loop) + dial->backoff;
    set_timer(dial, next < dial->deadline ? next : dial->deadline);
}

static void fail(struct fcgi_dial *dial)
{
    fcgi_dial_cancel(dial);
    dial->done(dial, -1);
}

/* Keeps the failure that tells most. */
static void note(struct fcgi_dial *dial, enum fcgi_fault fault,
                 enum fcgi_syscall call, int error)
{
    if (fault >= dial->failure.fault)
        dial->failure = (struct fcgi_dial_failure){fault, call, error};
}

/* Small records do not wait for an ACK. A host that is silent is asked whether
 * it is there: fcgi_dial_is_lost() sees what becomes of that. */
static void set_tcp_options(int fd)
{
    static const struct {
        int level, name, value;
    } options[] = {
        {IPPROTO_TCP, TCP_NODELAY, 1},
        {SOL_SOCKET, SO_KEEPALIVE, 1},
        {IPPROTO_TCP, TCP_KEEPIDLE, FCGI_DIAL_PROBE},
        {IPPROTO_TCP, TCP_KEEPINTVL, FCGI_DIAL_PROBE},
        {IPPROTO_TCP, TCP_KEEPCNT, 100}, /* who has the socket decides */
    };

    for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++)
        setsockopt(fd, options[i].level, options[i].name, &options[i].value,
                   sizeof(options[i].value));
}

bool fcgi_dial_is_lost(int fd, uint32_t ms)
{
    struct tcp_info info;
    socklen_t size = sizeof(info);

    /* A closed window is asked about with probes, too, and those are
     * answered. */
    return getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &size) == 0 &&
           info.tcpi_last_ack_recv >= ms &&
           (info.tcpi_retransmits >= LOST_AFTER ||
            info.tcpi_probes >= LOST_AFTER);
}

/* Begins to connect to the address in use. Returns FCGI_CALL_NONE where that is
 * under way, or has been done; else the call that failed, with errno. */
static enum fcgi_syscall try_address(struct fcgi_dial *dial, bool *connected)
{
    const struct fcgi_address *address = &dial->addresses[dial->address];
    int family = address->addr.ss_family;

    *connected = false;
    dial->io.fd = socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (dial->io.fd < 0)
        return FCGI_CALL_SOCKET;
    if (family != AF_UNIX)
        set_tcp_options(dial->io.fd);
    if (connect(dial->io.fd, (const struct sockaddr *)&address->addr,
                address->length) == 0)
        *connected = true;
    else if (errno != EINPROGRESS && errno != EINTR)
        return family == AF_UNIX ? FCGI_CALL_CONNECT_UNIX : FCGI_CALL_CONNECT;
    else if (fcgi_loop_add(dial->loop, &dial->io, EPOLLOUT) < 0)
        return FCGI_CALL_EPOLL;
    return FCGI_CALL_NONE;
}

/* The time that the address in use has: its part of what is left. */
static uint64_t attempt_deadline(const struct fcgi_dial *dial)
{
    uint64_t now = fcgi_loop_now(dial->loop);

    if (dial->deadline == FCGI_DIAL_NEVER || now >= dial->deadline)
        return dial->deadline;
    return now + (dial->deadline - now) / (dial->n_addresses - dial->address);
}

/* The address in use has failed: goes to the next one; false where the dial has
 * failed with it. */
static bool advance(struct fcgi_dial *dial, enum fcgi_fault fault,
                    enum fcgi_syscall call, int error)
{
    note(dial, fault, call, error);
    if (fault == FCGI_FAULT_SHORTAGE ||
        dial->address + 1 == dial->n_addresses) {
        fail(dial);
        return false;
    }
    fcgi_dial_cancel(dial);
    dial->address++;
    return true;
}

/* Tries the address in use, and after it the others, until one is connected, or
 * may be later. */
static void dial_on(struct fcgi_dial *dial)
{
    enum fcgi_fault fault;
    enum fcgi_syscall call;
    bool connected;
    int error;

    do {
        call = try_address(dial, &connected);
        error = errno;
        if (connected) {
            succeed(dial);
            return;
        }
        if (call == FCGI_CALL_NONE) {
            set_timer(dial, attempt_deadline(dial));
            return;
        }
        fault = fcgi_fault_of(call, error);
        if (fault == FCGI_FAULT_FULL) {
            back_off(dial);
            return;
        }
    } while (advance(dial, fault, call, error));
}

static void attempt_failed(struct fcgi_dial *dial, enum fcgi_fault fault,
                           enum fcgi_syscall call, int error)
{
    if (advance(dial, fault, call, error))
        dial_on(dial);
}

static void ready(struct fcgi_loop_io *io, uint32_t events)
{
    struct fcgi_dial *dial = FCGI_LOOP_OWNER(io, struct fcgi_dial, io);
    socklen_t length = sizeof(int);
    int error = 0;

    (void)events;
    if (getsockopt(io->fd, SOL_SOCKET, SO_ERROR, &error, &length) < 0)
        error = errno;
    if (error == 0)
        succeed(dial);
    else
        attempt_failed(dial, fcgi_fault_of(FCGI_CALL_CONNECT, error),
                       FCGI_CALL_CONNECT, error);
}

static void fired(struct fcgi_loop_timer *timer)
{
    struct fcgi_dial *dial = FCGI_LOOP_OWNER(timer, struct fcgi_dial, timer);
    bool over = fcgi_loop_now(dial->loop) >= dial->deadline;
    bool backing_off = dial->io.fd < 0;
    struct fcgi_dial_failure full = {FCGI_FAULT_FULL, FCGI_CALL_CONNECT_UNIX,
                                     EAGAIN};
    struct fcgi_dial_failure late = {FCGI_FAULT_TIMEOUT, FCGI_CALL_NONE, 0};

    if (backing_off && !over) {
        dial_on(dial);
    } else if (!over) {
        attempt_failed(dial, FCGI_FAULT_TIMEOUT, FCGI_CALL_NONE, 0);
    } else {
        /* The end of all: whatever the others said, more time might help. */
        dial->failure = backing_off ? full : late;
        fail(dial);
    }
}

void fcgi_dial_init(struct fcgi_dial *dial, struct fcgi_loop *loop)
{
    *dial = (struct fcgi_dial){.loop = loop,
                               .io = {.fd = -1, .ready = ready},
                               .timer = {.fired = fired}};
}

void fcgi_dial_start(struct fcgi_dial *dial,
                     const struct fcgi_address *addresses, size_t n,
                     uint64_t deadline,
                     void (*done)(struct fcgi_dial *dial, int fd))
{
    dial->addresses = addresses;
    dial->n_addresses = n;
    dial->deadline = deadline;
    dial->done = done;
    dial->address = 0;
    dial->backoff = 0;
    dial->failure = (struct fcgi_dial_failure){.fault = FCGI_FAULT_NONE};
    dial_on(dial);
}
