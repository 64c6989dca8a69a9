/* SPDX-License-Identifier: Apache-2.0
 *
 * The state machine of an exchange.
 *
 *   WAITING -> STREAMING -> FLUSHING -> OVER
 *
 * This file turns what the application says into the answer; which application
 * that is, and what happens when it fails, is in exchange_backend.c; the client
 * is in exchange_client.c.
 */
#include "gateway/exchange.h"

#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>

#include "gateway/exchange_impl.h"
#include "gateway/params.h"
#include "gateway/path.h"

/* The header block of an answer: first memory. */
#define HEADER_FIRST 4096

void fcgi_exchange_complete(struct fcgi_exchange *exchange, bool cut)
{
    exchange->cut = cut;
    exchange->state = FCGI_EXCHANGE_FLUSHING;
    fcgi_reply_commit(&exchange->reply, &exchange->out);
    fcgi_exchange_let_go(exchange);
    fcgi_exchange_flush(exchange);
}

void fcgi_exchange_answer_error(struct fcgi_exchange *exchange, int status)
{
    fcgi_gateway_date(exchange->gateway);
    fcgi_reply_error(&exchange->reply, status, &exchange->out);
    fcgi_exchange_complete(exchange, false);
}

/* The application's answer cannot be used. */
static void bad_answer(struct fcgi_exchange *exchange, const char *why)
{
    fcgi_exchange_log(exchange, FCGI_LOG_ERROR,
                      "the application sent %s; answered 502", why);
    fcgi_exchange_answer_error(exchange, 502);
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
        fcgi_exchange_complete(exchange, false);
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
        fcgi_exchange_answer_error(exchange, 500);
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

bool fcgi_exchange_on_stdout(struct fcgi_conn *conn, const uint8_t *bytes,
                             size_t length)
{
    struct fcgi_exchange *exchange = conn->owner;

    if (exchange->state != FCGI_EXCHANGE_WAITING)
        return on_body(exchange, bytes, length);
    on_head(exchange, bytes, length);
    return true;
}

void fcgi_exchange_on_stderr(struct fcgi_conn *conn, const uint8_t *bytes,
                             size_t length)
{
    fcgi_exchange_log_stderr(conn->owner, bytes, length);
}

void fcgi_exchange_on_batch(struct fcgi_conn *conn)
{
    struct fcgi_exchange *exchange = conn->owner;

    fcgi_reply_commit(&exchange->reply, &exchange->out);
    fcgi_exchange_flush(exchange);
}

/* The application did not take the request: nothing of it was executed. */
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
        fcgi_exchange_complete(exchange, true);
        return;
    }
    /* What says that it serves one request at a time does so on a connection
     * that it believes busy. */
    if (protocol_status != FCGI_OVERLOADED)
        fcgi_conn_close(exchange->conn);
    fcgi_exchange_failed(exchange, FCGI_COUNT_OVERLOADED);
    if (protocol_status != FCGI_UNKNOWN_ROLE && exchange->header.length == 0) {
        char why[128];

        snprintf(why, sizeof(why), "the application said %s", name);
        if (fcgi_exchange_move_on(exchange, why))
            return;
    }
    fcgi_exchange_log(exchange, FCGI_LOG_ERROR,
                      "the application said %s; answered %d", name, status);
    fcgi_exchange_answer_error(exchange, status);
}

void fcgi_exchange_on_end(struct fcgi_conn *conn,
                          const struct fcgi_end_request *end)
{
    struct fcgi_exchange *exchange = conn->owner;

    if (end->protocol_status != FCGI_REQUEST_COMPLETE) {
        refused(exchange, end->protocol_status);
        return;
    }
    fcgi_exchange_worked(exchange);
    if (!exchange->reply.begun) {
        bad_answer(exchange, exchange->header.length == 0
                                 ? "an answer without a header"
                                 : "an answer that ends within its header");
    } else if (!fcgi_reply_end(&exchange->reply, &exchange->out)) {
        fcgi_exchange_log(exchange, FCGI_LOG_ERROR,
                          "the application sent %llu bytes of a body, and "
                          "Content-Length %llu; the answer is cut",
                          (unsigned long long)exchange->reply.body_bytes,
                          (unsigned long long)exchange->reply.length);
        fcgi_exchange_complete(exchange, true);
    } else {
        fcgi_exchange_complete(exchange, false);
    }
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
    exchange->checkout = NULL;
    exchange->conn = NULL;
    exchange->probe = false;
    exchange->tls = request->tls;
    fcgi_exchange_set_name(exchange, request);
    fcgi_reply_init(&exchange->reply, request, gateway->host->software,
                    fcgi_gateway_date(gateway));
    fcgi_header_init(&exchange->header, NULL, 0);
}

/*
 * Whether a request says whom it is for, and where it ends, in a way that all
 * who see it understand alike. If the host went by one of two lengths, or by
 * the 5 in "5abc", what stands in front of it may have gone by another, and
 * taken the start of the next request for something else (RFC 9112, 6.3 and
 * 11.2). A host that decodes transfer codings takes the field away.
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
        for (size_t j = 0; j < value.length; j++)
            if (value.data[j] < '0' || value.data[j] > '9')
                return "the request has a Content-Length that is no number";
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

void fcgi_exchange_refuse(struct fcgi_exchange *exchange, int status,
                          const char *why)
{
    fcgi_exchange_log(exchange, FCGI_LOG_ERROR, "%s; answered %d", why, status);
    if (status == 400)
        exchange->reply.close = true;
    fcgi_exchange_answer_error(exchange, status);
}

struct fcgi_exchange *fcgi_exchange_start(
    struct fcgi_gateway *gateway, void *client, int fd,
    const struct fcgi_http_request *request, const struct fcgi_script *script,
    bool (*allows)(const void *arg, const struct fcgi_server *server),
    const void *arg)
{
    struct fcgi_exchange *exchange = fcgi_gateway_get(gateway);
    const char *why;
    int status;

    if (exchange == NULL)
        return NULL;
    prepare(exchange, client, fd, request);
    if (fcgi_params_build(&exchange->params, request, script,
                          gateway->host->software) < 0 ||
        fcgi_loop_add(gateway->loop, &exchange->io, EPOLLRDHUP) < 0) {
        fcgi_gateway_put(exchange);
        return NULL;
    }
    status = judge(request, script, &why);
    if (status != 0) {
        fcgi_exchange_refuse(exchange, status, why);
        return exchange;
    }
    fcgi_exchange_send(exchange, request, allows, arg);
    return exchange;
}

void fcgi_exchange_abandon(struct fcgi_exchange *exchange)
{
    exchange->cut = true;
    fcgi_exchange_over(exchange);
    fcgi_loop_cancel(exchange->gateway->loop, &exchange->finish);
    fcgi_gateway_put(exchange);
}
