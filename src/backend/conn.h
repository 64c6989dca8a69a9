/* SPDX-License-Identifier: Apache-2.0
 *
 * One connection to a FastCGI server, for one request: an automaton over the
 * protocol core and a non-blocking socket. It connects, sends, and reads at
 * the same time as it sends, since an application may answer before it has
 * read all, and tells its owner what comes.
 *
 * Each phase has a deadline: ConnectTimeout for the whole of connecting;
 * SendTimeout and ReadTimeout each for the time in which nothing moves.
 *
 * The connection is a member of its owner's structure and belongs to the
 * thread of its loop. It owns its socket and its timer. A handler may close
 * it, but start it again from on_failure and on_end alone; the memory must stay
 * until the handler returns.
 */
#ifndef FCGI_BACKEND_CONN_H
#define FCGI_BACKEND_CONN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "backend/pool.h"
#include "loop/loop.h"
#include "proto/request.h"
#include "proto/response.h"

enum fcgi_conn_failure {
    FCGI_CONN_CONNECT,         /* refused, no such socket: see error */
    FCGI_CONN_CONNECT_TIMEOUT, /* no connection within ConnectTimeout */
    FCGI_CONN_SEND_TIMEOUT,    /* nothing moved for SendTimeout */
    FCGI_CONN_READ_TIMEOUT,    /* nothing came for ReadTimeout */
    FCGI_CONN_BROKEN,          /* read or write failed: see error */
    FCGI_CONN_CLOSED,          /* closed before END_REQUEST */
    FCGI_CONN_PROTOCOL,        /* what came is no answer: see protocol */
};

struct fcgi_conn_problem {
    enum fcgi_conn_failure failure;
    int error; /* errno, or 0 */
    enum fcgi_response_error protocol;
    uint64_t offset; /* PROTOCOL: in the answer */
};

struct fcgi_conn;

struct fcgi_conn_handlers {
    /* Returns whether the bytes were of use. Only such ones, and no STDERR,
     * put ReadTimeout off: an application that sends anything else for ever
     * must not hold a client for ever. */
    bool (*on_stdout)(struct fcgi_conn *conn, const uint8_t *bytes,
                      size_t length);
    void (*on_stderr)(struct fcgi_conn *conn, const uint8_t *bytes,
                      size_t length);
    /* The application is done; nothing follows. */
    void (*on_end)(struct fcgi_conn *conn, const struct fcgi_end_request *end);
    /* All that one read brought has been told: time to pass it on. */
    void (*on_batch)(struct fcgi_conn *conn);
    /* The connection is of no use any more; nothing follows. */
    void (*on_failure)(struct fcgi_conn *conn,
                       const struct fcgi_conn_problem *problem);
};

enum fcgi_conn_state {
    FCGI_CONN_IDLE,
    FCGI_CONN_BACKING_OFF, /* the backlog of a Unix socket is full */
    FCGI_CONN_CONNECTING,
    FCGI_CONN_OPEN,
};

struct fcgi_conn {
    enum fcgi_conn_state state;
    const struct fcgi_conn_handlers *handlers;
    const struct fcgi_server *server;
    struct fcgi_loop *loop;
    struct fcgi_loop_io io;
    struct fcgi_loop_timer timer;
    uint64_t deadline; /* the timer may be set to an earlier one */
    uint64_t connect_deadline;
    uint64_t backoff;
    size_t address; /* index of the one in use */
    bool unsent;    /* bytes of the request are still to be sent */
    bool paused;
    struct fcgi_request request;
    struct fcgi_response response;
    uint8_t *scratch; /* what is read goes here first; shared in a thread */
    size_t scratch_size;
};

/*
 * Connects to the server and sends what `conn->request` holds, which the
 * caller has initialised. `conn` is zeroed memory or a closed connection. The
 * outcome, a failure to connect too, is told through the handlers, perhaps
 * before this function returns.
 */
void fcgi_conn_start(struct fcgi_conn *conn, struct fcgi_loop *loop,
                     const struct fcgi_server *server,
                     const struct fcgi_conn_handlers *handlers,
                     uint8_t *scratch, size_t scratch_size);

/* Stops and resumes all traffic, for a client that is slower than the
 * application. While it is paused, the time does not count. */
void fcgi_conn_pause(struct fcgi_conn *conn);
void fcgi_conn_resume(struct fcgi_conn *conn);

/* Closes the connection, in whatever state; no handler is called any more. */
void fcgi_conn_close(struct fcgi_conn *conn);

#endif
