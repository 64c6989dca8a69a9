/* SPDX-License-Identifier: Apache-2.0
 *
 * One attempt to connect to a FastCGI server: its addresses in turn, within one
 * deadline, and whose fault it is where none can be reached. Requests, health
 * checks and the probe of the tools all dial with it.
 *
 * connect(2) on a Unix socket does not wait for room in the backlog, it fails
 * with EAGAIN: an overload that passes, so it is tried again, at growing
 * intervals, until the deadline.
 *
 * A failure is classified by the call that failed and its errno, in one table.
 * What this machine is short of (descriptors, memory, local ports) is never
 * the server's fault.
 *
 * A dial belongs to its loop's thread. It owns the socket until `done` is
 * called, which then has it.
 */
#ifndef FCGI_BACKEND_DIAL_H
#define FCGI_BACKEND_DIAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "backend/address.h"
#include "loop/loop.h"

#define FCGI_DIAL_NEVER UINT64_MAX /* no deadline */

/* How often, in seconds, a host is asked over TCP whether it is there. */
#define FCGI_DIAL_PROBE 1

/* The calls that a connection makes, from its beginning to its end. */
enum fcgi_syscall {
    FCGI_CALL_NONE, /* none has failed: the time was up */
    FCGI_CALL_SOCKET,
    FCGI_CALL_CONNECT, /* on a TCP socket; and what SO_ERROR says later */
    FCGI_CALL_CONNECT_UNIX,
    FCGI_CALL_EPOLL,
    FCGI_CALL_SEND,
    FCGI_CALL_READ,
};

/* Why there is no connection. In the order of how much they say: of several
 * addresses, the greatest counts. */
enum fcgi_fault {
    FCGI_FAULT_NONE,
    FCGI_FAULT_UNREACHABLE, /* no way there */
    FCGI_FAULT_NO_PORT,     /* ours: no local port, or address, for this one */
    FCGI_FAULT_RESET,
    FCGI_FAULT_TIMEOUT,
    FCGI_FAULT_FULL, /* the backlog of a Unix socket, to the end */
    FCGI_FAULT_DENIED,
    FCGI_FAULT_NO_SOCKET, /* no such path */
    FCGI_FAULT_REFUSED,   /* nobody listens */
    FCGI_FAULT_SHORTAGE,  /* ours: no other address would fare better */
};

/* Whether it is a lack of this machine's, which says nothing of the server. */
static inline bool fcgi_fault_is_ours(enum fcgi_fault fault)
{
    return fault == FCGI_FAULT_NO_PORT || fault == FCGI_FAULT_SHORTAGE;
}

/* The class of a call that failed with errno `error`. */
enum fcgi_fault fcgi_fault_of(enum fcgi_syscall call, int error);

/* The call's name, for messages. */
const char *fcgi_call_name(enum fcgi_syscall call);

struct fcgi_dial_failure {
    enum fcgi_fault fault;
    enum fcgi_syscall call;
    int error; /* errno; 0 where the time was up; EAGAIN: FULL */
};

struct fcgi_dial {
    struct fcgi_dial_failure failure; /* the one that counts */
    size_t address;                   /* index of the one in use */
    uint64_t backoff; /* the last wait for room in a backlog, 0: none */

    /* Private. */
    struct fcgi_loop *loop;
    const struct fcgi_address *addresses;
    size_t n_addresses;
    uint64_t deadline;
    uint64_t attempt; /* until then this address has time */
    struct fcgi_loop_io io;
    struct fcgi_loop_timer timer;
    void (*done)(struct fcgi_dial *dial, int fd);
};

/* Makes an idle dial out of any memory. */
void fcgi_dial_init(struct fcgi_dial *dial, struct fcgi_loop *loop);

/*
 * Dials. The `n` addresses, at least one, stay the caller's and must not move.
 * Where several are left, each gets its part of the time until `deadline` (on
 * the loop's clock, or FCGI_DIAL_NEVER), so that one that does not answer keeps
 * nobody from the others.
 *
 * `done` is called once, perhaps before this function returns, unless the dial
 * is cancelled: with the connected socket, which is non-blocking, in no epoll
 * and the callee's, or with -1 and the reason in dial->failure. It may start
 * the dial again.
 */
void fcgi_dial_start(struct fcgi_dial *dial,
                     const struct fcgi_address *addresses, size_t n,
                     uint64_t deadline,
                     void (*done)(struct fcgi_dial *dial, int fd));

/* Whether the host at the other end of a connected TCP socket has acknowledged
 * nothing for so long, though it was asked again and again: neither data nor
 * probes. That is not a process that is slow, but a host that is down, or no
 * way to it. */
bool fcgi_dial_is_lost(int fd, uint32_t ms);

/* Gives up, without `done`. Does nothing to an idle one. */
void fcgi_dial_cancel(struct fcgi_dial *dial);

#endif
