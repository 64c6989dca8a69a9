/* SPDX-License-Identifier: Apache-2.0
 *
 * The application's side of an exchange: brings one request to a server and
 * tells what comes back. It chooses a server (pool.h), waits for a connection
 * to it (worker.h), sends the request, and where that fails does what the retry
 * rules say (retry.h): its owner is told of a failure only when it is final.
 *
 * At any time an upstream owns at most one checkout or one connection, both
 * given back by fcgi_upstream_release(). All functions belong to the worker's
 * thread. Handlers are called from the loop, and from fcgi_upstream_start();
 * each may call fcgi_upstream_release().
 */
#ifndef FCGI_GATEWAY_UPSTREAM_H
#define FCGI_GATEWAY_UPSTREAM_H

#include "backend/worker.h"
#include "gateway/attempt.h"
#include "gateway/body.h"
#include "gateway/buffer.h"
#include "gateway/host.h"

struct fcgi_upstream;

struct fcgi_upstream_handlers {
    /* There is a connection, for the first time or anew. */
    void (*on_open)(struct fcgi_upstream *upstream);
    /* There is room for more of the body: see fcgi_upstream_more(). */
    void (*on_sent)(struct fcgi_upstream *upstream);
    /* A part of the answer. Returns whether it was of use: see conn.h. */
    bool (*on_stdout)(struct fcgi_upstream *upstream, const uint8_t *bytes,
                      size_t length);
    void (*on_stderr)(struct fcgi_upstream *upstream, const uint8_t *bytes,
                      size_t length);
    /* All that one read brought has been told: time to pass it on. */
    void (*on_batch)(struct fcgi_upstream *upstream);
    /* The answer is complete, and the upstream released. */
    void (*on_end)(struct fcgi_upstream *upstream);
    /* A try has failed, and there is another one: for the log. `how` is a
     * static text. */
    void (*on_retry)(struct fcgi_upstream *upstream,
                     const struct fcgi_attempt *attempt, const char *how);
    /* The request has failed, and the upstream is released. */
    void (*on_failure)(struct fcgi_upstream *upstream,
                       const struct fcgi_attempt *attempt);
};

/* What is sent. It stays the caller's; the params must not move between start
 * and release, and where the body's window does, fcgi_upstream_more() is called
 * at once. */
struct fcgi_upstream_request {
    const struct fcgi_buffer *params; /* as any server may be told */
    struct fcgi_body *body;
    unsigned kind;   /* whose share of a server counts: fcgi_upstream_kind() */
    bool idempotent; /* the method is: see fcgi_upstream_is_idempotent() */
    /* Whether a server may be used; NULL: all may. See fcgi_pool_route(). */
    bool (*allows)(const void *arg, const struct fcgi_server *server);
    const void *allows_arg;
};

/* Zeroed memory is an upstream that has never been started. */
struct fcgi_upstream {
    struct fcgi_worker *worker;
    const struct fcgi_upstream_handlers *handlers;
    struct fcgi_upstream_request request;
    struct fcgi_buffer adapted; /* the params for this server, or empty */

    struct fcgi_route route;
    struct fcgi_server *server;     /* of the current try, or the last */
    bool trial;                     /* it is not up: this try is its test */
    struct fcgi_checkout *checkout; /* waits for a connection */
    struct fcgi_conn *conn;         /* has one */
    bool begun;                     /* bytes of STDOUT have come */
    bool answering; /* the owner's word: they make a head that is complete */

    /* What earlier tries have left. */
    bool charged;     /* a failure has been counted against a server */
    unsigned retries; /* that are left */
    bool same_tried;  /* the same server was, after a pause */
    uint64_t give_up; /* no pause from then on; 0: none has refused */
    unsigned pauses;
    struct fcgi_loop_timer pause;

    /* When it was started, sent last, and over (ns); 0: never. */
    uint64_t started, sent, ended;
};

/* The kind of requests for a path: see backend/queue.h. */
unsigned fcgi_upstream_kind(struct fcgi_text path);

/* Whether a request with this method may be executed twice (RFC 9110,
 * 9.2.2). */
bool fcgi_upstream_is_idempotent(struct fcgi_text method);

/* Makes an upstream ready for a request; until it is started, releasing it does
 * nothing. */
void fcgi_upstream_init(struct fcgi_upstream *upstream,
                        struct fcgi_worker *worker,
                        const struct fcgi_upstream_handlers *handlers,
                        const struct fcgi_upstream_request *request);

/* Starts the request. The outcome may be told before this returns. */
void fcgi_upstream_start(struct fcgi_upstream *upstream);

/* The body's window has changed: what can be sent of it is. */
void fcgi_upstream_more(struct fcgi_upstream *upstream);

/* Whether the application takes no more of the body. */
bool fcgi_upstream_is_deaf(const struct fcgi_upstream *upstream);

/* Whether the application has been sent all that it takes of the request, and
 * whether it has ended STDOUT. */
bool fcgi_upstream_is_sent(const struct fcgi_upstream *upstream);
bool fcgi_upstream_has_ended(const struct fcgi_upstream *upstream);

/* The answer is whole, and the request is sent: the connection is the caller's
 * from now on, with a request that is not over yet. */
struct fcgi_conn *fcgi_upstream_leave(struct fcgi_upstream *upstream);

/* The client has still to take so many bytes of the answer: lets the
 * application go on while there is room for a good part of what BufferSize
 * allows, else holds it back until the next call. */
void fcgi_upstream_throttle(struct fcgi_upstream *upstream, size_t held);

/* What the current server was sent as params. */
const struct fcgi_buffer *
fcgi_upstream_params(const struct fcgi_upstream *upstream);

/* Gives the connection back, or the wait for one up; a request that is under
 * way is aborted. No handler is called any more. `server` stays. */
void fcgi_upstream_release(struct fcgi_upstream *upstream);

#endif
