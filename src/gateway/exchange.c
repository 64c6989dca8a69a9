/* SPDX-License-Identifier: Apache-2.0
 *
 * The state machine of an exchange.
 *
 *   WAITING -> STREAMING -> FLUSHING -> OVER
 *
 * The application is read only while nothing waits to be written to the
 * client: that bounds what an exchange holds to one read, however slow the
 * client is. A client that has shut down its sending half is served to the
 * end, for it may well read; one that is gone shows as a hang-up, or when
 * something is written to it.
 */
#include "gateway/exchange.h"

#include <stdio.h>
#include <string.h>

#include "gateway/exchange_impl.h"
#include "gateway/params.h"
#include "gateway/path.h"

/* The header block of an answer: first memory. */
#define HEADER_FIRST 4096
/* The id of the one request on a connection. */
#define REQUEST_ID 1

/* No more comes from the application: what there is goes out, then the
 * exchange ends. */
static void complete(struct fcgi_exchange *exchange, bool cut)
{
    exchange->cut = cut;
    exchange->state = FCGI_EXCHANGE_FLUSHING;
    fcgi_reply_commit(&exchange->reply, &exchange->out);
    fcgi_conn_close(&exchange->conn);
    fcgi_exchange_flush(exchange);
}

static void answer_error(struct fcgi_exchange *exchange, int status)
{
    fcgi_gateway_date(exchange->gateway);
    fcgi_reply_error(&exchange->reply, status, &exchange->out);
    complete(exchange, false);
}

/* The application's answer cannot be used. */
static void bad_answer(struct fcgi_exchange *exchange, const char *why)
{
    fcgi_exchange_log(exchange, FCGI_LOG_ERROR,
                      "the application sent %s; answered 502", why);
    answer_error(exchange, 502);
}

/* Passes a part of the body on; false where nothing of it was of use. */
static bool on_body(struct fcgi_exchange *exchange, const uint8_t *bytes,
                    size_t length)
{
    struct fcgi_reply *reply = &exchange->reply;
    uint64_t before = reply->body_bytes;

    fcgi_reply_body(reply, bytes, length, &exchange->out);
    if (exchange->out.failed) {
        fcgi_exchange_flush(exchange);
        return false;
    }
    /* More than Content-Length has announced is cut off, and the answer ends
     * here: nobody knows how much more there is. A body that nobody gets, as
     * with HEAD, is let pass until the application ends. */
    if (reply->framing == FCGI_FRAMING_LENGTH &&
        reply->body_bytes - before < length) {
        fcgi_exchange_log(exchange, FCGI_LOG_WARNING,
                          "the application sent more than its Content-Length "
                          "%llu; the rest is cut off",
                          (unsigned long long)reply->length);
        complete(exchange, false);
    }
    return reply->body_bytes > before;
}

/* Gives the header block memory, more if it has some. */
static bool grow_header(struct fcgi_exchange *exchange)
{
    struct fcgi_buffer *block = &exchange->block;
    size_t most = exchange->server->config->max_header_size;
    size_t size =
        exchange->header.size ? exchange->header.size * 2 : HEADER_FIRST;

    if (exchange->header.size >= most) {
        char why[64];

        snprintf(why, sizeof(why),
                 "a header of more than %zu bytes "
                 "(MaxHeaderSize)",
                 most);
        bad_answer(exchange, why);
        return false;
    }
    if (size > most)
        size = most;
    block->length = exchange->header.length; /* what there is stays */
    if (size > block->capacity &&
        !fcgi_buffer_reserve(block, size - block->length)) {
        fcgi_exchange_log(exchange, FCGI_LOG_ERROR,
                          "out of memory; answered 500");
        answer_error(exchange, 500);
        return false;
    }
    fcgi_header_grow(&exchange->header, (char *)block->data, size);
    return true;
}

static void on_head(struct fcgi_exchange *exchange, const uint8_t *bytes,
                    size_t length)
{
    enum fcgi_header_result result;
    const char *error;
    size_t used;

    for (;;) {
        result = fcgi_header_feed(&exchange->header, bytes, length, &used);
        bytes += used;
        length -= used;
        if (result != FCGI_HEADER_FULL)
            break;
        if (!grow_header(exchange))
            return;
    }
    if (result == FCGI_HEADER_MORE)
        return;
    fcgi_gateway_date(exchange->gateway);
    error = result == FCGI_HEADER_INVALID
                ? exchange->header.error
                : fcgi_reply_head(&exchange->reply, &exchange->header,
                                  &exchange->out);
    if (error != NULL) {
        bad_answer(exchange, error);
        return;
    }
    exchange->state = FCGI_EXCHANGE_STREAMING;
    on_body(exchange, bytes, length);
}

static bool on_stdout(struct fcgi_conn *conn, const uint8_t *bytes,
                      size_t length)
{
    struct fcgi_exchange *exchange =
        FCGI_LOOP_OWNER(conn, struct fcgi_exchange, conn);

    if (exchange->state != FCGI_EXCHANGE_WAITING)
        return on_body(exchange, bytes, length);
    on_head(exchange, bytes, length);
    return true;
}

static void on_stderr(struct fcgi_conn *conn, const uint8_t *bytes,
                      size_t length)
{
    fcgi_exchange_log_stderr(FCGI_LOOP_OWNER(conn, struct fcgi_exchange, conn),
                             bytes, length);
}

static void on_batch(struct fcgi_conn *conn)
{
    struct fcgi_exchange *exchange =
        FCGI_LOOP_OWNER(conn, struct fcgi_exchange, conn);

    fcgi_reply_commit(&exchange->reply, &exchange->out);
    fcgi_exchange_flush(exchange);
}

static void refused(struct fcgi_exchange *exchange, uint8_t protocol_status)
{
    static const char *const names[] = {
        [FCGI_CANT_MPX_CONN] = "that it cannot multiplex (CANT_MPX_CONN)",
        [FCGI_OVERLOADED] = "that it is overloaded (OVERLOADED)",
        [FCGI_UNKNOWN_ROLE] = "that it is no Responder (UNKNOWN_ROLE)",
    };
    const char *name = protocol_status < sizeof(names) / sizeof(names[0])
                           ? names[protocol_status]
                           : "a protocol status that FastCGI does not know";
    int status = protocol_status == FCGI_CANT_MPX_CONN ||
                         protocol_status == FCGI_OVERLOADED
                     ? 503
                     : 502;

    if (exchange->reply.begun) {
        fcgi_exchange_log(exchange, FCGI_LOG_ERROR,
                          "the application said in the middle of its answer "
                          "%s; the answer is cut",
                          name);
        complete(exchange, true);
        return;
    }
    fcgi_exchange_log(exchange, FCGI_LOG_ERROR,
                      "the application said %s; answered %d", name, status);
    answer_error(exchange, status);
}

static void on_end(struct fcgi_conn *conn, const struct fcgi_end_request *end)
{
    struct fcgi_exchange *exchange =
        FCGI_LOOP_OWNER(conn, struct fcgi_exchange, conn);

    if (end->protocol_status != FCGI_REQUEST_COMPLETE) {
        refused(exchange, end->protocol_status);
    } else if (!exchange->reply.begun) {
        bad_answer(exchange, exchange->header.length == 0
                                 ? "an answer without a header"
                                 : "an answer that ends within its header");
    } else if (!fcgi_reply_end(&exchange->reply, &exchange->out)) {
        fcgi_exchange_log(exchange, FCGI_LOG_ERROR,
                          "the application sent %llu bytes of a body, and "
                          "Content-Length %llu; the answer is cut",
                          (unsigned long long)exchange->reply.body_bytes,
                          (unsigned long long)exchange->reply.length);
        complete(exchange, true);
    } else {
        complete(exchange, false);
    }
}

static int failure_status(enum fcgi_conn_failure failure)
{
    switch (failure) {
    case FCGI_CONN_CONNECT:
        return 503;
    case FCGI_CONN_CONNECT_TIMEOUT:
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

/* Whether the client has, or will get, a whole answer without END_REQUEST. */
static bool is_whole(const struct fcgi_reply *reply)
{
    return reply->framing == FCGI_FRAMING_NONE ||
           (reply->framing == FCGI_FRAMING_LENGTH &&
            reply->body_bytes == reply->length);
}

static void try_server(struct fcgi_exchange *exchange,
                       const struct fcgi_server *server);

static void on_failure(struct fcgi_conn *conn,
                       const struct fcgi_conn_problem *problem)
{
    struct fcgi_exchange *exchange =
        FCGI_LOOP_OWNER(conn, struct fcgi_exchange, conn);
    const struct fcgi_server *next = NULL;
    char consequence[32];

    if (exchange->reply.begun) {
        bool whole = is_whole(&exchange->reply);

        fcgi_exchange_log_problem(exchange, problem,
                                  whole ? "the answer was complete"
                                        : "the answer is cut");
        complete(exchange, !whole);
        return;
    }
    /* Nothing of the request can have been executed before there was a
     * connection, so another server may have it. */
    if (problem->failure == FCGI_CONN_CONNECT ||
        problem->failure == FCGI_CONN_CONNECT_TIMEOUT)
        next = fcgi_route_next(&exchange->route);
    if (next != NULL) {
        fcgi_exchange_log_problem(exchange, problem, "trying another server");
        try_server(exchange, next);
        return;
    }
    snprintf(consequence, sizeof(consequence), "answered %d",
             failure_status(problem->failure));
    fcgi_exchange_log_problem(exchange, problem, consequence);
    answer_error(exchange, failure_status(problem->failure));
}

static void try_server(struct fcgi_exchange *exchange,
                       const struct fcgi_server *server)
{
    static const struct fcgi_conn_handlers handlers = {
        .on_stdout = on_stdout,
        .on_stderr = on_stderr,
        .on_end = on_end,
        .on_batch = on_batch,
        .on_failure = on_failure,
    };
    struct fcgi_gateway *gateway = exchange->gateway;
    const struct fcgi_buffer *params;

    exchange->server = server;
    params = fcgi_exchange_params(exchange);
    if (params == NULL) {
        fcgi_exchange_log(exchange, FCGI_LOG_ERROR,
                          "out of memory; answered 500");
        answer_error(exchange, 500);
        return;
    }
    exchange->conn.request.params = params->data;
    exchange->conn.request.params_length = params->length;
    fcgi_conn_start(&exchange->conn, gateway->loop, server, &handlers,
                    gateway->scratch, gateway->scratch_size);
}

static void prepare(struct fcgi_exchange *exchange, void *client, int fd,
                    const struct fcgi_http_request *request)
{
    struct fcgi_gateway *gateway = exchange->gateway;

    exchange->state = FCGI_EXCHANGE_WAITING;
    fcgi_exchange_init_client(exchange, client, fd);
    exchange->line_length = 0;
    exchange->script_unknown = false;
    exchange->server = NULL;
    exchange->tls = request->tls;
    fcgi_exchange_set_name(exchange, request);
    fcgi_reply_init(&exchange->reply, request, gateway->host->software,
                    fcgi_gateway_date(gateway));
    fcgi_header_init(&exchange->header, NULL, 0);
}

/*
 * Whether a request says whom it is for, and where it ends, in a way that all
 * who see it understand alike. If the host went by one of two lengths, or by the 5 in "5abc", what
 * stands in front of it may have gone by another, and taken the start of the
 * next request for something else (RFC 9112, 6.3 and 11.2). A host that decodes
 * transfer codings takes the field away.
 */
static const char *judge_fields(const struct fcgi_http_request *request)
{
    struct fcgi_text length = {NULL, 0};
    bool has_host = false;

    for (size_t i = 0; i < request->n_fields; i++) {
        struct fcgi_text name = request->fields[i].name;
        struct fcgi_text value = request->fields[i].value;

        if (fcgi_header_is(name.data, name.length, "transfer-encoding"))
            return "the request has a Transfer-Encoding, which this server "
                   "does not decode";
        if (fcgi_header_is(name.data, name.length, "host")) {
            if (has_host)
                return "the request has two Host fields";
            has_host = true;
        }
        if (!fcgi_header_is(name.data, name.length, "content-length"))
            continue;
        for (size_t j = 0; j < value.length; j++) {
            if (value.data[j] < '0' || value.data[j] > '9')
                return "the request has a Content-Length that is no number";
        }
        if (length.data != NULL &&
            (length.length != value.length ||
             memcmp(length.data, value.data, value.length) != 0))
            return "the request has two different Content-Length fields";
        length = value;
    }
    return NULL;
}

/* Why a request is not passed on: 0, or the status to refuse it with. */
static int judge(const struct fcgi_http_request *request,
                 const struct fcgi_script *script, const char **why)
{
    if (script->verdict == FCGI_PATH_REFUSED) {
        *why = script->why;
        return script->status;
    }
    *why = judge_fields(request);
    return *why != NULL ? 400 : 0;
}

static void refuse(struct fcgi_exchange *exchange, int status, const char *why)
{
    fcgi_exchange_log(exchange, FCGI_LOG_ERROR, "%s; answered %d", why, status);
    if (status == 400)
        exchange->reply.close = true;
    answer_error(exchange, status);
}

struct fcgi_exchange *fcgi_exchange_start(
    struct fcgi_gateway *gateway, void *client, int fd,
    const struct fcgi_http_request *request, const struct fcgi_script *script,
    bool (*allows)(const void *arg, const struct fcgi_server *server),
    const void *arg)
{
    struct fcgi_exchange *exchange = fcgi_gateway_get(gateway);
    const struct fcgi_server *server;
    const char *why;
    int status;

    if (exchange == NULL)
        return NULL;
    prepare(exchange, client, fd, request);
    if (fcgi_params_build(&exchange->params, request, script,
                          gateway->host->software) < 0 ||
        fcgi_loop_add(gateway->loop, &exchange->io, 0) < 0) {
        fcgi_gateway_put(exchange);
        return NULL;
    }
    status = judge(request, script, &why);
    if (status != 0) {
        refuse(exchange, status, why);
        return exchange;
    }
    fcgi_request_init(&exchange->conn.request, REQUEST_ID, FCGI_RESPONDER, 0,
                      exchange->params.data, exchange->params.length,
                      request->body, request->body_length);
    fcgi_pool_route(gateway->pool, &exchange->route, allows, arg);
    server = fcgi_route_next(&exchange->route);
    if (server != NULL)
        try_server(exchange, server);
    else
        refuse(exchange, 503, "the Match rule names no server of fastcgi.conf");
    return exchange;
}

void fcgi_exchange_abandon(struct fcgi_exchange *exchange)
{
    exchange->cut = true;
    fcgi_exchange_over(exchange);
    fcgi_loop_cancel(exchange->gateway->loop, &exchange->finish);
    fcgi_gateway_put(exchange);
}
