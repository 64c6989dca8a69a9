/* SPDX-License-Identifier: Apache-2.0
 *
 * The application's side of an exchange.
 *
 *   next() -> go() -> checkout -> send_request() -> END_REQUEST, or failed()
 *     ^                                ^                            |
 *     |                RESEND, PAUSE --+----------------------------+
 *     +----------------------- NEXT --------------------------------+
 *
 * retry.c decides which of these it is.
 *
 * One request is one failure: what it meets on its way is counted against the
 * first server that failed it, and no other. A script that kills its process
 * would else take out one server after the other.
 */
#include "gateway/upstream.h"

#include <errno.h>
#include <string.h>

#include "gateway/params.h"

/* The id of the one request on a connection. */
#define REQUEST_ID 1
#define PAUSE (100 * FCGI_LOOP_MS)
#define PAUSES_LONGER 2 /* how often it is doubled */

bool fcgi_upstream_is_idempotent(struct fcgi_text method)
{
    static const char *const methods[] = {"GET", "HEAD",   "OPTIONS",
                                          "PUT", "DELETE", "TRACE"};

    for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++)
        if (strlen(methods[i]) == method.length &&
            memcmp(methods[i], method.data, method.length) == 0)
            return true;
    return false;
}

/* FNV-1a. */
unsigned fcgi_upstream_kind(struct fcgi_text path)
{
    uint32_t hash = 2166136261U;

    for (size_t i = 0; i < path.length; i++)
        hash = (hash ^ (uint8_t)path.data[i]) * 16777619U;
    return (hash ^ hash >> 16) % FCGI_QUEUE_KINDS;
}

static uint64_t now_of(const struct fcgi_upstream *upstream)
{
    return fcgi_loop_now(upstream->worker->loop);
}

void fcgi_upstream_release(struct fcgi_upstream *upstream)
{
    struct fcgi_worker *worker = upstream->worker;

    if (upstream->server == NULL)
        return; /* never started, or no server is allowed */
    fcgi_loop_stop_timer(worker->loop, &upstream->pause);
    if (upstream->checkout != NULL)
        fcgi_worker_cancel(worker, upstream->checkout);
    upstream->checkout = NULL;
    if (upstream->conn != NULL)
        fcgi_worker_release(upstream->conn);
    upstream->conn = NULL;
    if (upstream->trial)
        fcgi_server_end_trial(upstream->server);
    upstream->trial = false;
}

void fcgi_upstream_throttle(struct fcgi_upstream *upstream, size_t held)
{
    struct fcgi_conn *conn = upstream->conn;
    size_t size;

    if (conn == NULL)
        return;
    size = upstream->server->config->buffer_size;
    /* The head and the framing of the answer are not counted beforehand. */
    size -= size / 16;
    if (held > size / 4 * 3) {
        fcgi_conn_pause(conn);
    } else {
        conn->read_most = size - held;
        fcgi_conn_resume(conn);
    }
}

const struct fcgi_buffer *
fcgi_upstream_params(const struct fcgi_upstream *upstream)
{
    return upstream->adapted.length > 0 ? &upstream->adapted
                                        : upstream->request.params;
}

/* --- one try ----------------------------------------------------------- */

static void failed(struct fcgi_upstream *upstream,
                   const struct fcgi_attempt *attempt);

static void fail(struct fcgi_upstream *upstream, enum fcgi_attempt_kind kind)
{
    const struct fcgi_attempt attempt = {.kind = kind,
                                         .server = upstream->server};

    failed(upstream, &attempt);
}

/* Shows the connection what there is of the body. */
static void show_body(struct fcgi_upstream *upstream)
{
    const struct fcgi_body *body = upstream->request.body;

    fcgi_request_stdin(&upstream->conn->request, body->in.data, body->in.length,
                       body->offset, fcgi_body_is_shown(body));
}

/* Notes what the connection has sent of it. */
static void note_sent(struct fcgi_upstream *upstream)
{
    struct fcgi_conn *conn = upstream->conn;

    if (conn != NULL && conn->state == FCGI_CONN_OPEN)
        upstream->request.body->sent = fcgi_request_needed(&conn->request);
}

void fcgi_upstream_more(struct fcgi_upstream *upstream)
{
    if (upstream->conn == NULL || upstream->conn->state == FCGI_CONN_IDLE)
        return; /* send_request() shows it */
    show_body(upstream);
    fcgi_conn_more(upstream->conn);
    note_sent(upstream);
}

bool fcgi_upstream_is_deaf(const struct fcgi_upstream *upstream)
{
    return upstream->conn != NULL && upstream->conn->state == FCGI_CONN_OPEN &&
           upstream->conn->peer_closed_read;
}

bool fcgi_upstream_is_sent(const struct fcgi_upstream *upstream)
{
    return upstream->conn != NULL && upstream->conn->state == FCGI_CONN_OPEN &&
           (fcgi_request_is_sent(&upstream->conn->request) ||
            upstream->conn->peer_closed_read);
}

bool fcgi_upstream_has_ended(const struct fcgi_upstream *upstream)
{
    return upstream->conn != NULL && upstream->conn->response.stdout_ended;
}

/* The request is over: how long it took is counted. */
static void note_end(struct fcgi_upstream *upstream)
{
    upstream->ended = now_of(upstream);
    if (upstream->server != NULL)
        fcgi_worker_took(upstream->worker, upstream->server,
                         upstream->ended - upstream->started);
}

/* The server has answered. */
static void worked(struct fcgi_upstream *upstream)
{
    if (upstream->trial)
        fcgi_worker_worked(upstream->worker, upstream->server);
    upstream->trial = false;
    note_end(upstream);
}

struct fcgi_conn *fcgi_upstream_leave(struct fcgi_upstream *upstream)
{
    struct fcgi_conn *conn = upstream->conn;

    worked(upstream);
    upstream->conn = NULL;
    return conn;
}

static void on_open(struct fcgi_conn *conn)
{
    struct fcgi_upstream *upstream = conn->owner;

    upstream->handlers->on_open(upstream);
}

static void on_sent(struct fcgi_conn *conn)
{
    struct fcgi_upstream *upstream = conn->owner;

    note_sent(upstream);
    upstream->handlers->on_sent(upstream);
}

static bool on_stdout(struct fcgi_conn *conn, const uint8_t *bytes,
                      size_t length)
{
    struct fcgi_upstream *upstream = conn->owner;

    upstream->begun = true;
    return upstream->handlers->on_stdout(upstream, bytes, length);
}

static void on_stderr(struct fcgi_conn *conn, const uint8_t *bytes,
                      size_t length)
{
    struct fcgi_upstream *upstream = conn->owner;

    upstream->handlers->on_stderr(upstream, bytes, length);
}

static void on_batch(struct fcgi_conn *conn)
{
    struct fcgi_upstream *upstream = conn->owner;

    upstream->handlers->on_batch(upstream);
}

static void on_end(struct fcgi_conn *conn, const struct fcgi_end_request *end)
{
    struct fcgi_upstream *upstream = conn->owner;
    const struct fcgi_attempt attempt = {
        .kind = FCGI_ATTEMPT_REFUSED,
        .server = upstream->server,
        .protocol_status = end->protocol_status,
        .begun = upstream->begun,
    };

    if (end->protocol_status != FCGI_REQUEST_COMPLETE) {
        /* What says that it serves one request at a time does so on a
         * connection that it believes busy. */
        if (end->protocol_status != FCGI_OVERLOADED)
            fcgi_conn_close(conn);
        failed(upstream, &attempt);
        return;
    }
    worked(upstream);
    fcgi_upstream_release(upstream);
    upstream->handlers->on_end(upstream);
}

static void on_failure(struct fcgi_conn *conn,
                       const struct fcgi_conn_problem *problem)
{
    struct fcgi_upstream *upstream = conn->owner;
    const struct fcgi_attempt attempt = {
        .kind = FCGI_ATTEMPT_CONNECTION,
        .server = upstream->server,
        .problem = *problem,
    };

    failed(upstream, &attempt);
}

/* What this server is told; NULL where memory is short. */
static const struct fcgi_buffer *adapt(struct fcgi_upstream *upstream)
{
    const struct fcgi_server_config *config = upstream->server->config;

    upstream->adapted.length = 0;
    upstream->adapted.failed = false;
    if (!fcgi_params_are_plain(config) &&
        fcgi_params_adapt(&upstream->adapted, upstream->request.params,
                          config) < 0)
        return NULL;
    return fcgi_upstream_params(upstream);
}

/* Sends the request on the connection, for the first time or anew; where none
 * has been got, QueueTimeout is over. */
static void send_request(struct fcgi_upstream *upstream)
{
    static const struct fcgi_conn_handlers handlers = {
        .on_open = on_open,
        .on_sent = on_sent,
        .on_stdout = on_stdout,
        .on_stderr = on_stderr,
        .on_end = on_end,
        .on_batch = on_batch,
        .on_failure = on_failure,
    };
    const struct fcgi_server_config *config = upstream->server->config;
    struct fcgi_conn *conn = upstream->conn;
    const struct fcgi_buffer *params = adapt(upstream);
    bool keep;

    if (conn == NULL || params == NULL) {
        fail(upstream, params == NULL ? FCGI_ATTEMPT_NO_MEMORY
                                      : FCGI_ATTEMPT_QUEUE_TIMEOUT);
        return;
    }
    keep = config->keep_alive && conn->served + 1 < config->keep_alive_requests;
    conn->owner = upstream;
    conn->kind = upstream->request.kind;
    conn->once = !upstream->request.idempotent || config->retries == 0 ||
                 !fcgi_body_is_held(upstream->request.body);
    fcgi_request_init(
        &conn->request, REQUEST_ID,
        fcgi_config_is_authorizer(config) ? FCGI_AUTHORIZER : FCGI_RESPONDER,
        keep ? FCGI_KEEP_CONN : 0, params->data, params->length, NULL, 0);
    show_body(upstream);
    upstream->sent = now_of(upstream);
    fcgi_worker_start(conn, &handlers);
}

/* The wait is over: with a connection, or without one for `result`. */
static void on_checkout(void *owner, enum fcgi_checkout_result result,
                        struct fcgi_conn *conn)
{
    struct fcgi_upstream *upstream = owner;

    upstream->checkout = NULL;
    upstream->conn = conn;
    if (result == FCGI_CHECKOUT_GOT_NO_MEMORY)
        fail(upstream, FCGI_ATTEMPT_NO_MEMORY);
    else if (fcgi_server_health(upstream->server, now_of(upstream)) ==
             FCGI_HEALTH_OUT)
        fail(upstream, FCGI_ATTEMPT_TAKEN_OUT);
    else
        send_request(upstream);
}

/* Goes to a server. */
static void go(struct fcgi_upstream *upstream, struct fcgi_server *server,
               bool trial)
{
    struct fcgi_conn *conn;

    upstream->server = server;
    upstream->trial = trial;
    switch (fcgi_worker_checkout(upstream->worker, server,
                                 upstream->request.kind, upstream, on_checkout,
                                 &upstream->checkout, &conn)) {
    case FCGI_CHECKOUT_GOT_NOW:
        upstream->conn = conn;
        send_request(upstream);
        return;
    case FCGI_CHECKOUT_GOT_NO_MEMORY:
        fail(upstream, FCGI_ATTEMPT_NO_MEMORY);
        return;
    case FCGI_CHECKOUT_GOT_FULL:
        fail(upstream, FCGI_ATTEMPT_QUEUE_FULL);
        return;
    case FCGI_CHECKOUT_GOT_WAIT:
    case FCGI_CHECKOUT_GOT_LATE: /* on_checkout is told */
        return;
    }
}

/* --- another try ------------------------------------------------------- */

static void retrying(struct fcgi_upstream *upstream,
                     const struct fcgi_attempt *attempt, const char *how)
{
    fcgi_worker_count(upstream->worker, upstream->server, FCGI_COUNT_RETRIES);
    upstream->handlers->on_retry(upstream, attempt, how);
}

/* Goes to another server; false where none is left. */
static bool next(struct fcgi_upstream *upstream,
                 const struct fcgi_attempt *attempt)
{
    bool trial;
    struct fcgi_server *server =
        fcgi_route_next(&upstream->route, now_of(upstream), &trial);

    if (server == NULL)
        return false;
    if (attempt->kind != FCGI_ATTEMPT_QUEUE_FULL) {
        retrying(upstream, attempt, "trying another server");
        upstream->retries--;
    }
    fcgi_upstream_release(upstream);
    go(upstream, server, trial);
    return true;
}

/* The server to try after a pause. */
static struct fcgi_server *choose(struct fcgi_upstream *upstream, bool *trial)
{
    uint64_t now = now_of(upstream);
    struct fcgi_server *server = upstream->server;
    struct fcgi_server *restarting;

    /* What may have been executed goes to the same server, once. */
    if (!upstream->same_tried) {
        server = fcgi_route_anew(&upstream->route, now, trial);
        restarting =
            fcgi_route_restarting(&upstream->route, now, upstream->pauses);
        if (!*trial || restarting == NULL || server == restarting)
            return server;
        fcgi_server_end_trial(server);
        server = restarting;
    }
    *trial = fcgi_server_health(server, now) != FCGI_HEALTH_UP;
    return server;
}

static void on_pause_over(struct fcgi_loop_timer *timer)
{
    struct fcgi_upstream *upstream =
        FCGI_LOOP_OWNER(timer, struct fcgi_upstream, pause);
    bool trial;
    struct fcgi_server *server = choose(upstream, &trial);

    if (server == upstream->server) {
        upstream->trial = trial;
        send_request(upstream);
    } else {
        fcgi_upstream_release(upstream);
        go(upstream, server, trial);
    }
}

/* Waits for a moment; the place among the server's connections is kept
 * meanwhile, so that nobody overtakes the request. */
static void pause_for_a_moment(struct fcgi_upstream *upstream,
                               const struct fcgi_attempt *attempt)
{
    struct fcgi_loop *loop = upstream->worker->loop;
    unsigned longer =
        upstream->pauses < PAUSES_LONGER ? upstream->pauses : PAUSES_LONGER;

    if (upstream->pauses++ == 0)
        retrying(upstream, attempt, "trying again");
    else
        fcgi_worker_count(upstream->worker, upstream->server,
                          FCGI_COUNT_RETRIES);
    fcgi_worker_request_over(upstream->conn);
    upstream->same_tried = fcgi_attempt_event(attempt) == FCGI_RETRY_BROKEN;
    upstream->pause.fired = on_pause_over;
    fcgi_loop_set_timer(loop, &upstream->pause,
                        fcgi_loop_now(loop) + (PAUSE << longer));
}

/* --- failures ---------------------------------------------------------- */

/* Counts the failure, and the first one of the request against its server. */
static void charge(struct fcgi_upstream *upstream,
                   const struct fcgi_attempt *attempt)
{
    enum fcgi_count counter = fcgi_attempt_counter(attempt);
    struct fcgi_worker *worker = upstream->worker;

    if (upstream->server == NULL || counter == FCGI_COUNTS)
        return;
    fcgi_worker_count(worker, upstream->server, counter);
    /* A server that answers is not taken out for how its answer ends. */
    if (upstream->charged || upstream->answering ||
        !fcgi_attempt_is_servers(attempt))
        return;
    upstream->charged = true;
    upstream->trial = false;
    fcgi_worker_failed(worker, upstream->server);
}

/* Remembers a server that refuses, and for how long one is waited for. */
static void note_refusal(struct fcgi_upstream *upstream,
                         const struct fcgi_attempt *attempt)
{
    if (!fcgi_attempt_is_refusal(attempt))
        return;
    fcgi_server_refused(upstream->server, now_of(upstream));
    if (upstream->give_up == 0)
        upstream->give_up = now_of(upstream) + FCGI_RESTART;
}

/* What the retry rules are asked. */
static struct fcgi_retry ask(const struct fcgi_upstream *upstream,
                             const struct fcgi_attempt *attempt)
{
    const struct fcgi_server *server = upstream->server;
    uint64_t now = now_of(upstream);
    struct fcgi_retry retry = {
        .event = fcgi_attempt_event(attempt),
        .unexecuted = fcgi_attempt_is_unexecuted(attempt),
        /* A host that is lost is not there for a new connection, either. */
        .kept = attempt->problem.kept && attempt->problem.error != ETIMEDOUT,
        .heard = attempt->problem.heard,
        .idempotent = upstream->request.idempotent,
        .dropped = !fcgi_body_is_replayable(upstream->request.body),
        .allowed = server != NULL && server->config->retries > 0,
        .left = upstream->retries,
        .same_tried = upstream->same_tried,
        .restarting = fcgi_attempt_is_refusal(attempt) &&
                      now < upstream->give_up &&
                      fcgi_route_restarting(&upstream->route, now, 0) != NULL,
    };

    return retry;
}

/* A try has failed: another one follows, or the owner is told. */
static void failed(struct fcgi_upstream *upstream,
                   const struct fcgi_attempt *attempt)
{
    struct fcgi_retry retry;

    note_refusal(upstream, attempt);
    retry = ask(upstream, attempt);
    if (!retry.dropped)
        fcgi_body_rewind(upstream->request.body);
    if (fcgi_retry_decide(&retry) == FCGI_RETRY_RESEND) {
        if (attempt->kind == FCGI_ATTEMPT_CONNECTION)
            fcgi_worker_count(upstream->worker, upstream->server,
                              FCGI_COUNT_STALE);
        send_request(upstream);
        return;
    }
    charge(upstream, attempt);
    if (fcgi_retry_decide(&retry) == FCGI_RETRY_NEXT) {
        if (next(upstream, attempt))
            return;
        retry.none_left = true;
    }
    switch (fcgi_retry_decide(&retry)) {
    case FCGI_RETRY_RESEND:
        send_request(upstream);
        return;
    case FCGI_RETRY_PAUSE:
        pause_for_a_moment(upstream, attempt);
        return;
    case FCGI_RETRY_NEXT:
    case FCGI_RETRY_FAIL:
        break;
    }
    note_end(upstream);
    fcgi_upstream_release(upstream);
    upstream->handlers->on_failure(upstream, attempt);
}

void fcgi_upstream_init(struct fcgi_upstream *upstream,
                        struct fcgi_worker *worker,
                        const struct fcgi_upstream_handlers *handlers,
                        const struct fcgi_upstream_request *request)
{
    upstream->worker = worker;
    upstream->handlers = handlers;
    upstream->request = *request;
    upstream->server = NULL;
    upstream->checkout = NULL;
    upstream->conn = NULL;
    upstream->trial = upstream->begun = upstream->answering = false;
    upstream->charged = upstream->same_tried = false;
    upstream->retries = upstream->pauses = 0;
    upstream->give_up = 0;
    upstream->started = upstream->sent = upstream->ended = 0;
    upstream->adapted.length = 0;
}

void fcgi_upstream_start(struct fcgi_upstream *upstream)
{
    const struct fcgi_upstream_request *request = &upstream->request;
    struct fcgi_server *server;
    bool trial;

    upstream->started = now_of(upstream);
    fcgi_pool_route(upstream->worker->pool, &upstream->route, request->allows,
                    request->allows_arg);
    server = fcgi_route_next(&upstream->route, now_of(upstream), &trial);
    if (server == NULL) {
        fail(upstream, FCGI_ATTEMPT_NO_SERVER);
        return;
    }
    upstream->retries = server->config->retries;
    go(upstream, server, trial);
}
