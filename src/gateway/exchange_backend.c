/* SPDX-License-Identifier: Apache-2.0
 *
 * The application's side of an exchange: which server it goes to, the wait for
 * a connection, and what happens when that fails. Whether a request may be sent
 * again, and when: exchange_retry.c.
 *
 * An application that closes a connection of its own accord (PHP after
 * pm.max_requests) does so right behind an answer. A request that must not be
 * sent twice therefore does not use a connection in its first QUIET time after
 * an answer.
 */
#include <errno.h>
#include <string.h>

#include "gateway/exchange_impl.h"

/* The id of the one request on a connection. */
#define REQUEST_ID 1
#define QUIET (1 * FCGI_LOOP_MS)

static bool is_idempotent(struct fcgi_text method)
{
    static const char *const methods[] = {"GET", "HEAD",   "OPTIONS",
                                          "PUT", "DELETE", "TRACE"};

    for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++)
        if (strlen(methods[i]) == method.length &&
            memcmp(methods[i], method.data, method.length) == 0)
            return true;
    return false;
}

void fcgi_exchange_worked(struct fcgi_exchange *exchange)
{
    if (!exchange->probe)
        return;
    exchange->probe = false;
    fcgi_worker_worked(exchange->gateway->worker, exchange->server);
}

void fcgi_exchange_failed(struct fcgi_exchange *exchange, enum fcgi_count count)
{
    struct fcgi_worker *worker = exchange->gateway->worker;

    exchange->probe = false;
    fcgi_worker_count(worker, exchange->server, count);
    fcgi_worker_failed(worker, exchange->server);
}

void fcgi_exchange_let_go(struct fcgi_exchange *exchange)
{
    fcgi_loop_stop_timer(exchange->gateway->loop, &exchange->pause);
    if (exchange->checkout != NULL)
        fcgi_worker_cancel(exchange->gateway->worker, exchange->checkout);
    exchange->checkout = NULL;
    if (exchange->conn != NULL)
        fcgi_worker_release(exchange->conn);
    exchange->conn = NULL;
    if (exchange->probe)
        fcgi_server_end_trial(exchange->server);
    exchange->probe = false;
}

/* --- failures ---------------------------------------------------------- */

static int failure_status(const struct fcgi_conn_problem *problem)
{
    if (problem->ours)
        return 503;
    switch (problem->failure) {
    case FCGI_CONN_CONNECT:
        return 503;
    case FCGI_CONN_CONNECT_TIMEOUT:
        return problem->error == EAGAIN ? 503 : 504; /* an overload */
    case FCGI_CONN_SEND_TIMEOUT:
    case FCGI_CONN_READ_TIMEOUT:
        return 504;
    case FCGI_CONN_BROKEN:
    case FCGI_CONN_CLOSED:
    case FCGI_CONN_PROTOCOL:
        break;
    }
    return 502;
}

static enum fcgi_count failure_count(enum fcgi_conn_failure failure)
{
    switch (failure) {
    case FCGI_CONN_CONNECT:
        return FCGI_COUNT_CONNECT_FAILED;
    case FCGI_CONN_CONNECT_TIMEOUT:
        return FCGI_COUNT_CONNECT_TIMEOUT;
    case FCGI_CONN_SEND_TIMEOUT:
        return FCGI_COUNT_SEND_TIMEOUT;
    case FCGI_CONN_READ_TIMEOUT:
        return FCGI_COUNT_READ_TIMEOUT;
    case FCGI_CONN_BROKEN:
    case FCGI_CONN_CLOSED:
        return FCGI_COUNT_BROKEN;
    case FCGI_CONN_PROTOCOL:
        break;
    }
    return FCGI_COUNT_PROTOCOL;
}

/* Whether the client has, or will get, a whole answer without END_REQUEST. */
static bool is_whole(const struct fcgi_reply *reply)
{
    return reply->framing == FCGI_FRAMING_NONE ||
           (reply->framing == FCGI_FRAMING_LENGTH &&
            reply->body_bytes == reply->length);
}

static void on_failure(struct fcgi_conn *conn,
                       const struct fcgi_conn_problem *problem);

void fcgi_exchange_transmit(struct fcgi_exchange *exchange)
{
    static const struct fcgi_conn_handlers handlers = {
        .on_stdout = fcgi_exchange_on_stdout,
        .on_stderr = fcgi_exchange_on_stderr,
        .on_end = fcgi_exchange_on_end,
        .on_batch = fcgi_exchange_on_batch,
        .on_failure = on_failure,
    };
    const struct fcgi_server_config *config = exchange->server->config;
    struct fcgi_conn *conn = exchange->conn;
    bool keep =
        config->keep_alive && conn->served + 1 < config->keep_alive_requests;
    const struct fcgi_buffer *params = fcgi_exchange_params(exchange);

    if (params == NULL) {
        fcgi_exchange_refuse(exchange, 500, "out of memory");
        return;
    }
    fcgi_request_init(&conn->request, REQUEST_ID, FCGI_RESPONDER,
                      keep ? FCGI_KEEP_CONN : 0, params->data, params->length,
                      exchange->body, exchange->body_length);
    fcgi_worker_start(conn, &handlers);
}

static void on_failure(struct fcgi_conn *conn,
                       const struct fcgi_conn_problem *problem)
{
    struct fcgi_exchange *exchange = conn->owner;
    struct fcgi_worker *worker = exchange->gateway->worker;
    bool repeat = fcgi_exchange_may_repeat(exchange, problem);
    int status = failure_status(problem);
    char why[512];

    fcgi_exchange_describe(exchange, problem, why, sizeof(why));
    if (exchange->reply.begun) {
        bool whole = is_whole(&exchange->reply);

        fcgi_worker_count(worker, exchange->server,
                          failure_count(problem->failure));
        fcgi_exchange_log(exchange, FCGI_LOG_ERROR, "%s; %s", why,
                          whole ? "the answer was complete"
                                : "the answer is cut");
        fcgi_exchange_complete(exchange, !whole);
        return;
    }
    if (repeat && problem->kept && fcgi_exchange_is_broken(problem)) {
        fcgi_worker_count(worker, exchange->server, FCGI_COUNT_STALE);
        fcgi_exchange_transmit(exchange);
        return;
    }
    /* One request is one failure of a server, however often it is tried. */
    if (problem->ours || exchange->pauses > 0)
        fcgi_worker_count(worker, exchange->server,
                          failure_count(problem->failure));
    else
        fcgi_exchange_failed(exchange, failure_count(problem->failure));
    if (repeat) {
        fcgi_exchange_note_refusal(exchange, problem);
        if (fcgi_exchange_move_on(exchange, why) ||
            fcgi_exchange_pause(exchange, problem, why))
            return;
    }
    fcgi_exchange_log(exchange, FCGI_LOG_ERROR, "%s; answered %d", why, status);
    fcgi_exchange_answer_error(exchange, status);
}

/* --- the way to a server ----------------------------------------------- */

static void begin(struct fcgi_exchange *exchange, struct fcgi_conn *conn)
{
    exchange->checkout = NULL;
    exchange->conn = conn;
    conn->owner = exchange;
    if (!exchange->idempotent && conn->state == FCGI_CONN_KEPT &&
        fcgi_loop_now(conn->loop) < conn->quiet_since + QUIET)
        fcgi_conn_close(conn); /* its slot is used for another */
    fcgi_exchange_transmit(exchange);
}

/* No connection became free in time. */
static void queue_timeout(struct fcgi_exchange *exchange)
{
    const struct fcgi_server_config *config = exchange->server->config;

    fcgi_worker_count(exchange->gateway->worker, exchange->server,
                      FCGI_COUNT_QUEUE_TIMEOUT);
    fcgi_exchange_log(exchange, FCGI_LOG_ERROR,
                      "no connection became free within %u ms (QueueTimeout; "
                      "MaxConnections %u); answered 503",
                      config->queue_timeout, config->max_connections);
    fcgi_exchange_answer_error(exchange, 503);
}

static void queue_is_full(struct fcgi_exchange *exchange)
{
    const struct fcgi_server_config *config = exchange->server->config;

    fcgi_exchange_log(exchange, FCGI_LOG_ERROR,
                      "all connections are in use (MaxConnections %u) and %u "
                      "requests wait for one (QueueSize); answered 503",
                      config->max_connections, config->queue_size);
    fcgi_exchange_answer_error(exchange, 503);
}

/* Whether the server was taken out while the request waited for it, and there
 * is another: nothing of the request was sent yet. */
static bool leave_queue(struct fcgi_exchange *exchange)
{
    struct fcgi_loop *loop = exchange->gateway->loop;

    return fcgi_server_health(exchange->server, fcgi_loop_now(loop)) ==
               FCGI_HEALTH_OUT &&
           fcgi_exchange_move_on(exchange,
                                 "taken out while the request waited for a "
                                 "connection");
}

static void granted(void *owner, enum fcgi_checkout_result result,
                    struct fcgi_conn *conn)
{
    struct fcgi_exchange *exchange = owner;

    exchange->checkout = NULL;
    exchange->conn = conn;
    if (result == FCGI_CHECKOUT_GOT_NO_MEMORY)
        fcgi_exchange_refuse(exchange, 500, "out of memory");
    else if (leave_queue(exchange))
        return;
    else if (conn != NULL)
        begin(exchange, conn);
    else
        queue_timeout(exchange);
}

void fcgi_exchange_go(struct fcgi_exchange *exchange,
                      struct fcgi_server *server, bool probe)
{
    struct fcgi_worker *worker = exchange->gateway->worker;
    struct fcgi_conn *conn;

    while (server != NULL) {
        exchange->server = server;
        exchange->probe = probe;
        switch (fcgi_worker_checkout(worker, server, exchange, granted,
                                     &exchange->checkout, &conn)) {
        case FCGI_CHECKOUT_GOT_NOW:
            begin(exchange, conn);
            return;
        case FCGI_CHECKOUT_GOT_WAIT:
            return;
        case FCGI_CHECKOUT_GOT_NO_MEMORY:
            fcgi_exchange_refuse(exchange, 500, "out of memory");
            return;
        case FCGI_CHECKOUT_GOT_FULL:
        case FCGI_CHECKOUT_GOT_LATE: /* is told later */
            break;
        }
        fcgi_worker_count(worker, server, FCGI_COUNT_QUEUE_FULL);
        fcgi_exchange_let_go(exchange);
        server = fcgi_route_next(&exchange->route, fcgi_loop_now(worker->loop),
                                 &probe);
    }
    queue_is_full(exchange);
}

bool fcgi_exchange_move_on(struct fcgi_exchange *exchange, const char *why)
{
    struct fcgi_worker *worker = exchange->gateway->worker;
    struct fcgi_server *server;
    bool probe;

    if (exchange->retries == 0)
        return false;
    server =
        fcgi_route_next(&exchange->route, fcgi_loop_now(worker->loop), &probe);
    if (server == NULL)
        return false;
    fcgi_exchange_log(exchange, FCGI_LOG_WARNING, "%s; trying another server",
                      why);
    fcgi_worker_count(worker, exchange->server, FCGI_COUNT_RETRIES);
    exchange->retries--;
    fcgi_exchange_let_go(exchange);
    fcgi_exchange_go(exchange, server, probe);
    return true;
}

void fcgi_exchange_send(struct fcgi_exchange *exchange,
                        const struct fcgi_http_request *request,
                        bool (*allows)(const void *arg,
                                       const struct fcgi_server *server),
                        const void *arg)
{
    struct fcgi_gateway *gateway = exchange->gateway;
    struct fcgi_server *server;
    bool probe;

    exchange->body = request->body;
    exchange->body_length = request->body_length;
    exchange->idempotent = is_idempotent(request->method);
    exchange->again = false;
    exchange->pauses = 0;
    exchange->give_up = 0;
    fcgi_pool_route(gateway->pool, &exchange->route, allows, arg);
    server =
        fcgi_route_next(&exchange->route, fcgi_loop_now(gateway->loop), &probe);
    if (server == NULL) {
        fcgi_exchange_refuse(exchange, 503,
                             "the Match rule names no server of fastcgi.conf");
        return;
    }
    exchange->retries = server->config->retries;
    fcgi_exchange_go(exchange, server, probe);
}
