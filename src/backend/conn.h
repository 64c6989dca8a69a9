/* SPDX-License-Identifier: Apache-2.0
 *
 * One connection to a FastCGI server: an automaton over the protocol core and
 * a non-blocking socket. It connects, sends, and reads at the same time as it
 * sends, since an application may answer before it has read all, and tells its
 * owner what comes. One request at a time; where that has asked for it
 * (FCGI_KEEP_CONN) the connection is KEPT for the next one.
 *
 * Each phase has a deadline: ConnectTimeout for the whole of connecting,
 * whatever the number of addresses; SendTimeout and ReadTimeout each for the
 * time in which nothing moves; a host that does not even acknowledge what it is
 * sent, or asked, for ConnectTimeout ends it, as BROKEN. None runs while the
 * connection is starved: all that there is of the request is sent, and the
 * owner has to get more.
 *
 * The connection belongs to the thread of its loop. It owns its socket and its
 * timer. A handler may close it, but start it again from on_failure and on_end
 * alone; the memory must stay until the handler returns.
 */
#ifndef FCGI_BACKEND_CONN_H
#define FCGI_BACKEND_CONN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "backend/dial.h"
#include "backend/server.h"
#include "loop/loop.h"
#include "proto/request.h"
#include "proto/response.h"

enum fcgi_conn_failure {
    FCGI_CONN_CONNECT,         /* refused, no such socket, or `ours` */
    FCGI_CONN_CONNECT_TIMEOUT, /* no connection within ConnectTimeout */
    FCGI_CONN_SEND_TIMEOUT,    /* nothing moved for SendTimeout */
    FCGI_CONN_READ_TIMEOUT,    /* nothing came for ReadTimeout */
    FCGI_CONN_BROKEN,          /* the call failed: see error */
    FCGI_CONN_CLOSED,          /* closed before END_REQUEST, or busy */
    FCGI_CONN_PROTOCOL,        /* what came is no answer: see protocol */
};

struct fcgi_conn_problem {
    enum fcgi_conn_failure failure;
    enum fcgi_syscall call; /* that failed, or NONE */
    int error;              /* errno, or 0 */
    enum fcgi_response_error protocol;
    uint64_t offset; /* PROTOCOL: in the answer */
    bool kept;       /* it was a kept connection */
    bool heard;      /* bytes of the answer had come */
    /* Proved not to be executed: the record that ends PARAMS, before which no
     * application may run, had not gone out. */
    bool unexecuted;
    bool ours; /* a lack of this machine's: no fault of the server's */
};

struct fcgi_conn;

struct fcgi_conn_handlers {
    /* The connection is up, and the request about to go out. NULL: nobody wants
     * to know. */
    void (*on_open)(struct fcgi_conn *conn);
    /* The connection is starved, see fcgi_conn_more(), or the application takes
     * no more (`peer_closed_read`). NULL where the request is all there. */
    void (*on_sent)(struct fcgi_conn *conn);
    /* Returns whether the bytes were of use. Only such ones, and no STDERR,
     * put ReadTimeout off: an application that sends anything else for ever
     * must not hold a client for ever. */
    bool (*on_stdout)(struct fcgi_conn *conn, const uint8_t *bytes,
                      size_t length);
    void (*on_stderr)(struct fcgi_conn *conn, const uint8_t *bytes,
                      size_t length);
    /* The application is done; nothing follows. The connection is KEPT, or
     * closed. */
    void (*on_end)(struct fcgi_conn *conn, const struct fcgi_end_request *end);
    /* All that one read brought has been told: time to pass it on. */
    void (*on_batch)(struct fcgi_conn *conn);
    /* The connection is of no use any more; nothing follows. */
    void (*on_failure)(struct fcgi_conn *conn,
                       const struct fcgi_conn_problem *problem);
};

enum fcgi_conn_state {
    FCGI_CONN_IDLE,
    FCGI_CONN_CONNECTING,
    FCGI_CONN_OPEN,
    FCGI_CONN_KEPT, /* no request is under way */
};

struct fcgi_conn {
    enum fcgi_conn_state state;
    const struct fcgi_conn_handlers *handlers;
    struct fcgi_server *server;
    struct fcgi_loop *loop;
    struct fcgi_loop_io io;
    struct fcgi_loop_task turn; /* the request goes out */
    struct fcgi_loop_timer timer;
    uint64_t deadline; /* the timer may be set to an earlier one */
    struct fcgi_dial dial;
    struct fcgi_addresses *addresses; /* while it connects */
    uint32_t watched;                 /* events, while it is watched */
    bool unsent;  /* bytes of the request are still to be sent */
    bool starved; /* all that there is of it is sent: more is to come */
    bool peer_closed_read; /* the application takes no more of it */
    bool proving;          /* what ends PARAMS is held back: see conn.c */
    uint64_t proof_wait;   /* the last wait for the proof */
    bool paused;
    bool kept;            /* the request has a kept connection */
    bool heard;           /* bytes of the answer have come */
    unsigned served;      /* requests so far, the current one not */
    uint64_t started;     /* when the request was, or its turn */
    uint64_t quiet_since; /* KEPT: when the last answer ended */
    uint64_t bytes_in;    /* of this request */
    uint64_t bytes_out;
    struct fcgi_request request;
    struct fcgi_response response;
    uint8_t *scratch; /* what is read goes here first; shared in a thread */
    size_t scratch_size;
    size_t read_most; /* bytes that one read may bring */
    bool moans;       /* there was STDERR in the last ones */

    /* The owner's: set before each start. */
    void *owner;
    bool once;     /* the request must not be executed twice */
    unsigned kind; /* of the request: see queue.h */

    /* For the pool (worker.c). */
    /* The first bytes of an answer have come; NULL: nobody wants to know. */
    void (*on_first_byte)(struct fcgi_conn *conn);
    /* A connection that was made for its request was accepted, which only a
     * Unix socket tells. NULL: nobody wants to know. */
    void (*on_accepted)(struct fcgi_conn *conn);
    /* KEPT: it is of no use any more, and closed. May be NULL. */
    void (*on_dead)(struct fcgi_conn *conn);
    struct fcgi_server_local *local;
    struct fcgi_list link; /* the worker's: in use, or spare memory */
    struct fcgi_list idle; /* KEPT: the idle ones of `local` */
    bool runs;             /* counted among the requests of its kind */
    bool waits;            /* `standing` is the server's */
    struct fcgi_standing standing;
    struct fcgi_loop_timer wait_timer;
};

/* Makes a closed connection out of any memory. `scratch` is shared with all of
 * the thread. */
void fcgi_conn_init(struct fcgi_conn *conn, struct fcgi_loop *loop,
                    struct fcgi_server *server, uint8_t *scratch,
                    size_t scratch_size);

/*
 * Sends what `conn->request` holds, which the caller has initialised; connects
 * before, unless the connection is KEPT. The outcome, a failure to connect too,
 * is told through the handlers, perhaps before this function returns.
 */
void fcgi_conn_start(struct fcgi_conn *conn,
                     const struct fcgi_conn_handlers *handlers);

/* There is more of the request's body, or its end (fcgi_request_stdin()): sends
 * it. on_sent may be called before this returns. */
void fcgi_conn_more(struct fcgi_conn *conn);

/* KEPT: whether the next request may be sent on it. Not if the application has
 * closed it, or sent what nobody has asked for. */
bool fcgi_conn_is_alive(const struct fcgi_conn *conn);

/* KEPT: closes it, and calls on_dead, at `deadline` or when it is of no use any
 * more. Ends with the next start. */
void fcgi_conn_keep(struct fcgi_conn *conn, uint64_t deadline);

/* KEPT: gives the socket away, to the caller; `conn` is closed. */
int fcgi_conn_detach(struct fcgi_conn *conn);

/* Makes a closed connection a KEPT one with a socket that was detached. Returns
 * false, with the socket closed, where it cannot be watched. */
bool fcgi_conn_attach(struct fcgi_conn *conn, int fd);

/* Stops and resumes all traffic, for a client that is slower than the
 * application. While it is paused, the time does not count. */
void fcgi_conn_pause(struct fcgi_conn *conn);
void fcgi_conn_resume(struct fcgi_conn *conn);

/* Closes the connection, in whatever state; no handler is called any more. An
 * application that was told to keep it is told first that the request is given
 * up (ABORT_REQUEST). */
void fcgi_conn_close(struct fcgi_conn *conn);

#endif
