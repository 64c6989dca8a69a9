/* SPDX-License-Identifier: Apache-2.0
 *
 * One probe of one FastCGI application: connect, send something, read the
 * answer, and report its parts, their times and the failure.
 *
 * This is an automaton of its own, beside backend/conn, over the same protocol
 * core and event loop. The plugin's connection serves a request as cheaply as
 * it can and hides how; a probe must show it: how long each phase took, each
 * record of either direction, the first bytes where they are no FastCGI, and
 * FCGI_GET_VALUES, which the plugin never sends.
 *
 * A probe belongs to the thread of its loop. It owns its socket, its timer and
 * the addresses that it looked up. It may be started again and again, and
 * keeps its connection in between where `keep` says so.
 *
 *     fcgi_probe_init(&probe, loop, &endpoint, &options, &handlers);
 *     fcgi_probe_start(&probe);
 *     ... the loop runs, and calls handlers.on_done(&probe) once ...
 *     fcgi_failure_text(&probe, buf, sizeof(buf));        (failure.h)
 *     fcgi_probe_close(&probe);
 */
#ifndef FCGI_PROBE_PROBE_H
#define FCGI_PROBE_PROBE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "backend/dial.h"
#include "loop/loop.h"
#include "probe/record_walk.h"
#include "probe/resolve.h"
#include "proto/request.h"
#include "proto/response.h"

enum fcgi_probe_kind {
    FCGI_PROBE_CONNECT, /* a connection comes about; nothing is sent */
    FCGI_PROBE_VALUES,  /* FCGI_GET_VALUES, which runs no script */
    FCGI_PROBE_REQUEST, /* a whole request */
};

/* What became of a probe. The names for users are in failure.c. */
enum fcgi_failure {
    FCGI_FAILURE_NONE,
    /* no answer */
    FCGI_FAILURE_RESOLVE,     /* the name has no address: see why */
    FCGI_FAILURE_REFUSED,     /* nobody listens */
    FCGI_FAILURE_NO_SOCKET,   /* no such path */
    FCGI_FAILURE_DENIED,      /* permissions of socket or directories */
    FCGI_FAILURE_UNREACHABLE, /* no way there */
    FCGI_FAILURE_TIMEOUT,     /* in `phase` */
    FCGI_FAILURE_CLOSED,      /* closed before the answer was whole */
    FCGI_FAILURE_RESET,       /* the same, by a reset */
    FCGI_FAILURE_NOT_FASTCGI, /* see first */
    FCGI_FAILURE_PROTOCOL,    /* see why and offset */
    FCGI_FAILURE_LOCAL,       /* our own system failed: see error */
    /* an answer, but not a good one */
    FCGI_FAILURE_OVERLOADED,
    FCGI_FAILURE_NO_MPX, /* FCGI_CANT_MPX_CONN */
    FCGI_FAILURE_UNKNOWN_ROLE,
    FCGI_FAILURE_HEADER, /* the answer has no valid CGI header */
    FCGI_FAILURE_STATUS, /* another HTTP status than expected */
    FCGI_FAILURE_EXPECT, /* the expected text is not in the answer */
    FCGI_FAILURE_STDERR, /* it wrote to STDERR */
    FCGI_FAILURES,
};

enum fcgi_phase {
    FCGI_PHASE_RESOLVE,
    FCGI_PHASE_CONNECT,
    FCGI_PHASE_SEND,
    FCGI_PHASE_FIRST_BYTE,
    FCGI_PHASE_REST,
    FCGI_PHASES,
};

/* The names that FCGI_GET_VALUES asks for: the three of the specification,
 * for some applications get lost in others. */
enum fcgi_value {
    FCGI_VALUE_MAX_CONNS,
    FCGI_VALUE_MAX_REQS,
    FCGI_VALUE_MPXS_CONNS,
    FCGI_VALUES,
};

#define FCGI_PROBE_FIRST 64 /* first bytes that are kept for a message */
#define FCGI_PROBE_VALUE 24
#define FCGI_PROBE_HELLO 64 /* a record of FCGI_GET_VALUES */

/* Whether an answer came: failures from FCGI_FAILURE_OVERLOADED on are said by
 * an application that is there. */
static inline bool fcgi_failure_is_answer(enum fcgi_failure failure)
{
    return failure == FCGI_FAILURE_NONE || failure >= FCGI_FAILURE_OVERLOADED;
}

struct fcgi_probe_result {
    enum fcgi_failure failure;
    enum fcgi_phase phase; /* in which it ended */
    int error;             /* errno, or 0 */
    const char *why;       /* RESOLVE, PROTOCOL: static text, or NULL */
    uint64_t offset;       /* PROTOCOL: of the record, in the answer */
    /* Times in ns. `total` counts from the start of connecting to the end;
     * a lookup is not part of it. */
    uint64_t started; /* on the monotonic clock */
    uint64_t times[FCGI_PHASES];
    uint64_t total;
    uint64_t bytes;        /* of the answer, as on the wire */
    uint64_t stdout_bytes; /* of the STDOUT stream */
    uint64_t stderr_bytes;
    bool reused;       /* on a kept connection */
    bool unknown_type; /* answered that it does not know FCGI_GET_VALUES */
    struct fcgi_end_request end; /* REQUEST */
    /* VALUES: as text, control characters escaped; empty where not sent */
    char values[FCGI_VALUES][FCGI_PROBE_VALUE];
    uint8_t first[FCGI_PROBE_FIRST];
    size_t n_first;
    struct fcgi_address peer; /* the last one tried; length 0: none */
};

struct fcgi_probe_options {
    enum fcgi_probe_kind kind;
    int family; /* AF_UNSPEC, AF_INET or AF_INET6; paths do not care */
    bool keep;  /* keep the connection for the next start */
    /* Times in ns, 0: no limit. */
    uint64_t timeout; /* from the start to the end */
    uint64_t connect_timeout;
    uint64_t idle_timeout; /* without a byte moving, once connected */
    /* REQUEST: the caller's memory, not to move while a probe is under way. */
    enum fcgi_role role;
    const uint8_t *params; /* name-value pairs, encoded */
    size_t params_length;
    const uint8_t *body;
    size_t body_length;
    bool repeatable; /* may be sent again where a kept connection was dead */
};

struct fcgi_probe;

/* All but on_done may be NULL. None but on_done may close or start a probe. */
struct fcgi_probe_handlers {
    /* `probe->result` is complete. Called from the loop, never from within
     * fcgi_probe_start(). */
    void (*on_done)(struct fcgi_probe *probe);
    /* A record has begun, at `offset` of what is sent or received. */
    void (*on_record)(struct fcgi_probe *probe, bool sent, uint64_t offset,
                      const struct fcgi_record *record);
    void (*on_stdout)(struct fcgi_probe *probe, const uint8_t *bytes,
                      size_t length);
    void (*on_stderr)(struct fcgi_probe *probe, const uint8_t *bytes,
                      size_t length);
};

enum fcgi_probe_state {
    FCGI_PROBE_IDLE,
    FCGI_PROBE_RESOLVING,
    FCGI_PROBE_CONNECTING,
    FCGI_PROBE_TALKING,
    FCGI_PROBE_SNIFFING, /* no FastCGI; a few bytes more, to show them */
    FCGI_PROBE_DONE,     /* on_done is due */
};

/* For all but `result`, `options` and `user` private. */
struct fcgi_probe {
    struct fcgi_probe_result result;
    const struct fcgi_probe_options *options;
    void *user; /* the caller's */

    const struct fcgi_probe_handlers *handlers;
    const struct fcgi_endpoint *endpoint;
    struct fcgi_loop *loop;
    enum fcgi_probe_state state;
    struct fcgi_loop_io io;
    struct fcgi_loop_timer timer;
    struct fcgi_loop_task task;
    struct fcgi_loop_io resolve_io;
    struct fcgi_resolve *resolve;
    struct fcgi_address *addresses;
    size_t n_addresses;
    struct fcgi_dial dial;
    uint64_t mark;     /* when the current phase began */
    uint64_t deadline; /* of the whole */
    uint64_t moved;    /* when a byte last went either way */
    bool unsent, kept, ended;
    struct fcgi_request request;
    struct fcgi_response response;
    struct fcgi_record_walk sent_walk, walk;
    uint8_t hello[FCGI_PROBE_HELLO]; /* FCGI_GET_VALUES */
    size_t hello_sent;
    uint8_t content[512]; /* of a GET_VALUES_RESULT */
    size_t n_content;     /* what it held, perhaps more than is kept */
};

/* `endpoint`, `options` and `handlers` must live as long as the probe does. */
void fcgi_probe_init(struct fcgi_probe *probe, struct fcgi_loop *loop,
                     const struct fcgi_endpoint *endpoint,
                     const struct fcgi_probe_options *options,
                     const struct fcgi_probe_handlers *handlers);

/* Begins a probe; none may be under way. on_done follows in any case. */
void fcgi_probe_start(struct fcgi_probe *probe);

/* Ends what is under way as a timeout, so that the result tells what was waited
 * for; on_done is due. */
void fcgi_probe_expire(struct fcgi_probe *probe);

/* Gives up what is under way, without on_done, and closes the connection. A
 * probe that was only initialised, or is closed, may be closed, too. */
void fcgi_probe_close(struct fcgi_probe *probe);

/* Whether on_done is still to come. */
bool fcgi_probe_is_busy(const struct fcgi_probe *probe);

/* The monotonic clock in ns, read now: the loop's own is that of the start of
 * its round, which is too coarse to measure with. */
uint64_t fcgi_probe_clock(void);

#endif
