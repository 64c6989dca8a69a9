/* SPDX-License-Identifier: Apache-2.0
 *
 *   application -> upstream -> header block -> reply -> client
 *   client -> body -> upstream -> application
 *
 * Both ways at most BufferSize is held of what the other side does not take;
 * then a side is held back until there is room. Where an answer is complete
 * before the body is, the rest of the body is read and dropped for a while, as
 * a client that finds its connection reset while it sends may not see the
 * answer.
 */
#include "gateway/exchange.h"

#include <stdio.h>
#include <strings.h>
#include <sys/socket.h>

#include "gateway/params.h"
#include "gateway/real.h"

/* Windows of a body that are moved before others have their turn. */
#define PUMP_WINDOWS 16
/* How long END_REQUEST is waited for behind a whole answer (tail.h), so that
 * the client's next request finds the connection free; and how often then. */
#define LAG (5 * FCGI_LOOP_MS)
#define LAG_MORE (100 * FCGI_LOOP_MS)

static struct fcgi_exchange *of_client(struct fcgi_client *client)
{
    return FCGI_LOOP_OWNER(client, struct fcgi_exchange, client);
}

static struct fcgi_exchange *of_upstream(struct fcgi_upstream *upstream)
{
    return FCGI_LOOP_OWNER(upstream, struct fcgi_exchange, upstream);
}

/* A line for the log, with the server's name where there is one. */
#define say(exchange, level, ...)                                        \
    fcgi_log_write(&(exchange)->log, (exchange)->upstream.server, level, \
                   __VA_ARGS__)

/* --- the end ----------------------------------------------------------- */

/* The one place where an exchange ends: all that it owns is given back. The
 * host is told when all callers have returned. */
static void end(struct fcgi_exchange *exchange)
{
    if (exchange->state == FCGI_EXCHANGE_ENDED)
        return;
    exchange->state = FCGI_EXCHANGE_ENDED;
    fcgi_log_end_stderr(&exchange->log, exchange->upstream.server);
    if (exchange->reply.status == 404)
        fcgi_log_explain(&exchange->log, exchange->upstream.server,
                         fcgi_upstream_params(&exchange->upstream));
    /* Of a file it is what the client has taken. */
    exchange->reply.body_bytes -= exchange->client.file_left;
    fcgi_access_tell(exchange->common->access, &exchange->params,
                     &exchange->upstream, &exchange->reply, exchange->started);
    fcgi_loop_cancel(exchange->common->loop, &exchange->begin);
    fcgi_loop_stop_timer(exchange->common->loop, &exchange->patience.timer);
    fcgi_loop_stop_timer(exchange->common->loop, &exchange->turn);
    fcgi_loop_stop_timer(exchange->common->loop, &exchange->lag);
    fcgi_body_close(&exchange->body);
    fcgi_upstream_release(&exchange->upstream);
    fcgi_client_close(&exchange->client);
    fcgi_loop_defer(exchange->common->loop, &exchange->report);
}

static void report(struct fcgi_loop_task *task)
{
    struct fcgi_exchange *exchange =
        FCGI_LOOP_OWNER(task, struct fcgi_exchange, report);
    const struct fcgi_host *host = exchange->common->host;
    const struct fcgi_reply *reply = &exchange->reply;
    const struct fcgi_outcome outcome = {
        .status = reply->status,
        .body_bytes = reply->body_bytes,
        .close = reply->close || exchange->cut || !exchange->body.complete,
        /* A client that counts on the end of the connection to know the end
         * of the body must not see an orderly one. */
        .reset = exchange->cut && reply->framing == FCGI_FRAMING_CLOSE,
    };
    void *handle = exchange->client.handle;

    /* The host may start the client's next request at once; the exchange is
     * free for it. */
    exchange->common->on_ended(exchange);
    host->done(handle, &outcome);
}

void fcgi_exchange_abandon(struct fcgi_exchange *exchange)
{
    exchange->cut = true;
    end(exchange);
    fcgi_loop_cancel(exchange->common->loop, &exchange->report);
    exchange->common->on_ended(exchange);
}

/* The client has all that it gets. */
static void let_go(struct fcgi_exchange *exchange)
{
    if ((exchange->reply.close || !exchange->body.complete) && !exchange->cut &&
        !exchange->head.tls)
        fcgi_linger_start(&exchange->common->lingering, exchange->client.io.fd);
    end(exchange);
}

/* Whether the application has given all of its answer. */
static bool is_answered(const struct fcgi_exchange *exchange)
{
    return exchange->reply.begun &&
           (fcgi_reply_is_whole(&exchange->reply) ||
            fcgi_upstream_has_ended(&exchange->upstream));
}

/* Lets an application that has answered go on by itself; false where it still
 * needs the exchange. */
static bool leave(struct fcgi_exchange *exchange)
{
    return is_answered(exchange) &&
           fcgi_upstream_is_sent(&exchange->upstream) &&
           fcgi_tail_start(&exchange->common->tails, &exchange->upstream,
                           &exchange->log,
                           exchange->reply.framing == FCGI_FRAMING_NONE ||
                               exchange->client.sending);
}

static void pump(struct fcgi_exchange *exchange);

/* The answer is made, or is `cut`: what there is goes out, then the exchange
 * ends. */
static void finish(struct fcgi_exchange *exchange, bool cut)
{
    const struct fcgi_body *body = &exchange->body;

    exchange->cut = cut;
    exchange->state = FCGI_EXCHANGE_FLUSHING;
    fcgi_loop_stop_timer(exchange->common->loop, &exchange->lag);
    fcgi_reply_commit(&exchange->reply, &exchange->client.out);
    fcgi_upstream_release(&exchange->upstream);
    /* A client that has not been told to send its body may do so or not. */
    exchange->draining =
        !body->complete && !body->broken && !cut && !exchange->expects;
    fcgi_patience_forget(&exchange->patience);
    fcgi_client_finish(&exchange->client);
    pump(exchange);
}

/* Whether the client has not been told to send its body: it may do so or
 * not. */
static bool owes_unasked(const struct fcgi_exchange *exchange)
{
    return exchange->expects && !exchange->body.complete;
}

static void answer_error(struct fcgi_exchange *exchange, int status,
                         const char *why)
{
    if (exchange->head.page.asked)
        status = exchange->head.page.status;
    say(exchange, FCGI_LOG_ERROR, "%s; answered %d", why, status);
    if (status == 400 || status == 408)
        exchange->body.broken = true;
    if (exchange->body.broken || status == 413 || owes_unasked(exchange))
        exchange->reply.close = true;
    fcgi_answer_head_error(&exchange->head, status);
    finish(exchange, false);
}

/* The application's answer cannot be used. */
static void bad_answer(struct fcgi_exchange *exchange, const char *what)
{
    char why[FCGI_ANSWER_HEAD_TEXT + 32];

    snprintf(why, sizeof(why), "the application sent %s", what);
    answer_error(exchange, 502, why);
}

/* --- the client -------------------------------------------------------- */

/* Holds the application back while the client has too much to take. */
static void throttle(struct fcgi_exchange *exchange)
{
    fcgi_upstream_throttle(&exchange->upstream,
                           fcgi_client_held(&exchange->client));
}

static void flush(struct fcgi_exchange *exchange)
{
    fcgi_client_flush(&exchange->client);
    throttle(exchange);
}

void fcgi_exchange_disturbed(struct fcgi_exchange *exchange)
{
    fcgi_client_attend(&exchange->client);
}

static void on_room(struct fcgi_client *client)
{
    throttle(of_client(client));
}

/* --- the body ---------------------------------------------------------- */

static void wait_for_client(struct fcgi_exchange *exchange)
{
    fcgi_patience_wait(&exchange->patience, exchange->body.total,
                       exchange->body.config->client_body_timeout *
                           FCGI_LOOP_MS);
}

/* The client is told to send its body, where it waits for that. */
static void say_continue(struct fcgi_exchange *exchange)
{
    if (!exchange->expects)
        return;
    exchange->expects = false;
    fcgi_buffer_add_text(&exchange->client.out, FCGI_REPLY_CONTINUE);
    flush(exchange);
}

/* The body cannot be had. */
static void give_up(struct fcgi_exchange *exchange, int status, const char *why)
{
    if (status == 0) {
        exchange->cut = true;
        end(exchange);
    } else if (exchange->reply.begun) {
        say(exchange, FCGI_LOG_ERROR, "%s; the answer is cut", why);
        finish(exchange, true);
    } else {
        answer_error(exchange, status, why);
    }
}

static void ask(struct fcgi_exchange *exchange)
{
    const struct fcgi_body *body = &exchange->body;

    if (body->framing == FCGI_HTTP_CHUNKED && body->complete)
        fcgi_params_add_length(&exchange->params, body->total);
    exchange->state = FCGI_EXCHANGE_WAITING;
    fcgi_upstream_start(&exchange->upstream);
}

/* The body is longer than the window, and nobody knows how long. */
static void spool(struct fcgi_exchange *exchange)
{
    struct fcgi_body *body = &exchange->body;

    if (strcasecmp(body->config->chunked_body, "Stream") == 0)
        ask(exchange);
    else if (!body->spooled && !fcgi_body_spool(body))
        give_up(exchange, body->status, body->why);
}

/*
 * RECEIVING: a body of a known length is sent as it comes. Of another one the
 * length is looked for first. These three return whether to go on at once.
 */
static bool gather(struct fcgi_exchange *exchange)
{
    struct fcgi_body *body = &exchange->body;
    enum fcgi_body_result result = fcgi_body_fill(body);

    if (body->total > 0)
        exchange->expects = false;
    if (result == FCGI_BODY_FAILED) {
        give_up(exchange, body->status, body->why);
    } else if (body->complete || body->framing == FCGI_HTTP_LENGTH) {
        ask(exchange);
        if (exchange->state >= FCGI_EXCHANGE_FLUSHING)
            return true;
        if (result == FCGI_BODY_WAIT && !exchange->expects)
            wait_for_client(exchange);
        return result != FCGI_BODY_WAIT && !fcgi_body_is_shown(body);
    } else if (result == FCGI_BODY_FULL) {
        spool(exchange);
    } else if (result == FCGI_BODY_WAIT) {
        say_continue(exchange);
        if (exchange->state == FCGI_EXCHANGE_RECEIVING)
            wait_for_client(exchange);
        return false;
    }
    return true;
}

/* WAITING, STREAMING. */
static bool forward(struct fcgi_exchange *exchange)
{
    enum fcgi_exchange_state state = exchange->state;
    struct fcgi_body *body = &exchange->body;
    enum fcgi_body_result result;

    if (exchange->head.page.asked || exchange->authorizer.asked ||
        fcgi_upstream_is_deaf(&exchange->upstream)) {
        /* Its answer, or the end of its connection, is on its way. */
        fcgi_patience_stop(&exchange->patience);
        return false;
    }
    result = fcgi_body_fill(body);
    if (result == FCGI_BODY_FAILED) {
        give_up(exchange, body->status, body->why);
        return true;
    }
    fcgi_upstream_more(&exchange->upstream);
    if (exchange->state != state)
        return true;
    if (result == FCGI_BODY_WAIT)
        wait_for_client(exchange);
    else if (result == FCGI_BODY_COMPLETE || !fcgi_body_is_sent(body))
        fcgi_patience_stop(&exchange->patience);
    else
        return true;
    return false;
}

/* FLUSHING, DRAINING. */
static bool drain(struct fcgi_exchange *exchange)
{
    uint64_t patience = 0, now = fcgi_loop_now(exchange->common->loop);
    enum fcgi_body_result result = FCGI_BODY_FAILED;

    if (exchange->draining)
        result = fcgi_body_discard(&exchange->body, now, &patience);
    if (result == FCGI_BODY_WAIT) {
        fcgi_patience_wait(&exchange->patience, exchange->body.total, patience);
        return false;
    }
    if (result == FCGI_BODY_MORE)
        return true;
    exchange->draining = false;
    if (exchange->state == FCGI_EXCHANGE_DRAINING)
        let_go(exchange);
    else
        fcgi_patience_stop(&exchange->patience);
    return false;
}

static bool pump_once(struct fcgi_exchange *exchange)
{
    switch (exchange->state) {
    case FCGI_EXCHANGE_RECEIVING:
        return gather(exchange);
    case FCGI_EXCHANGE_WAITING:
    case FCGI_EXCHANGE_STREAMING:
        return forward(exchange);
    case FCGI_EXCHANGE_FLUSHING:
    case FCGI_EXCHANGE_DRAINING:
        return drain(exchange);
    case FCGI_EXCHANGE_ENDED:
        break;
    }
    return false;
}

/* Others have their turn: pump() goes on in the next run of the loop. In this
 * one a timer of now would still fire. */
static void yield(struct fcgi_exchange *exchange)
{
    struct fcgi_loop *loop = exchange->common->loop;

    fcgi_loop_stop_timer(loop, &exchange->patience.timer);
    fcgi_loop_set_timer(loop, &exchange->turn, fcgi_loop_now(loop) + 1);
}

/* Moves on what can be of the body. What this brings about may call it again:
 * the call that is under way does what is to be done. */
static void pump(struct fcgi_exchange *exchange)
{
    unsigned windows = 0;

    if (exchange->pumping)
        return;
    exchange->pumping = true;
    fcgi_loop_stop_timer(exchange->common->loop, &exchange->turn);
    while (pump_once(exchange) && ++windows < PUMP_WINDOWS)
        ;
    if (windows == PUMP_WINDOWS && exchange->state != FCGI_EXCHANGE_ENDED)
        yield(exchange);
    exchange->pumping = false;
}

static void on_turn(struct fcgi_loop_timer *timer)
{
    pump(FCGI_LOOP_OWNER(timer, struct fcgi_exchange, turn));
}

static void on_patience(struct fcgi_loop_timer *timer)
{
    struct fcgi_exchange *exchange =
        FCGI_LOOP_OWNER(timer, struct fcgi_exchange, patience.timer);
    char why[FCGI_BODY_TEXT];

    if (exchange->state >= FCGI_EXCHANGE_FLUSHING) {
        exchange->draining = false;
        pump(exchange);
    } else {
        fcgi_body_time_out(&exchange->body, why);
        give_up(exchange, 408, why);
    }
}

static void on_readable(struct fcgi_client *client)
{
    pump(of_client(client));
}

static void on_written(struct fcgi_client *client)
{
    struct fcgi_exchange *exchange = of_client(client);

    if (!exchange->draining) {
        let_go(exchange);
        return;
    }
    exchange->state = FCGI_EXCHANGE_DRAINING;
    /* So that it need not wait for more; TLS would take it for a cut. */
    if (exchange->reply.close && !exchange->head.tls)
        shutdown(client->io.fd, SHUT_WR);
}

static void on_lost(struct fcgi_client *client, enum fcgi_client_loss loss)
{
    struct fcgi_exchange *exchange = of_client(client);

    if (loss != FCGI_CLIENT_GONE)
        say(exchange,
            loss == FCGI_CLIENT_STALLED ? FCGI_LOG_WARNING : FCGI_LOG_ERROR,
            "%s", fcgi_client_loss_text(loss));
    exchange->cut = exchange->state != FCGI_EXCHANGE_DRAINING;
    leave(exchange);
    end(exchange);
}

static void on_probe(struct fcgi_client *client)
{
    struct fcgi_exchange *exchange = of_client(client);

    if (exchange->state < FCGI_EXCHANGE_FLUSHING)
        fcgi_reply_probe(&exchange->reply, &client->out);
}

/* --- the application --------------------------------------------------- */

/* Passes a part of the body on; false where nothing of it was of use. */
static bool on_body(struct fcgi_exchange *exchange, const uint8_t *bytes,
                    size_t length)
{
    struct fcgi_reply *reply = &exchange->reply;
    struct fcgi_buffer *out = &exchange->client.out;
    size_t taken = fcgi_reply_open_part(reply, length, out);

    /* Nothing may go out before the framing is chosen. */
    if (reply->framing == FCGI_FRAMING_OPEN)
        fcgi_buffer_add(out, bytes, taken);
    else
        fcgi_client_pass(&exchange->client, bytes, taken);
    fcgi_reply_close_part(reply, taken, out);
    if (out->failed) {
        flush(exchange);
        return false;
    }
    /* More than Content-Length has announced is cut off, and the answer ends
     * here: nobody knows how much more there is. A body that nobody gets, as
     * with HEAD, is let pass until the application ends. */
    if (reply->framing == FCGI_FRAMING_LENGTH && taken < length) {
        say(exchange, FCGI_LOG_WARNING,
            "the application sent more than its Content-Length %llu; the rest "
            "is cut off",
            (unsigned long long)reply->length);
        finish(exchange, false);
    }
    return taken > 0;
}

static void ask_page(struct fcgi_exchange *exchange)
{
    exchange->reply.close = exchange->reply.close || owes_unasked(exchange);
    fcgi_patience_stop(&exchange->patience);
    fcgi_authorizer_leave(&exchange->authorizer);
    exchange->state = FCGI_EXCHANGE_WAITING;
    if (!fcgi_answer_head_ask_page(&exchange->head, &exchange->common->tails))
        answer_error(exchange, 500, "out of memory");
}

/* An authorizer is asked whether the request may go on. */
static void authorize(struct fcgi_exchange *exchange)
{
    exchange->state = FCGI_EXCHANGE_WAITING;
    if (!fcgi_authorizer_start(&exchange->authorizer, owes_unasked(exchange)))
        answer_error(exchange, 500, "out of memory");
}

static void on_head(struct fcgi_exchange *exchange, const uint8_t *bytes,
                    size_t length)
{
    char what[FCGI_ANSWER_HEAD_TEXT];
    size_t used;

    switch (
        fcgi_answer_head_feed(&exchange->head, bytes, length, &used, what)) {
    case FCGI_ANSWER_HEAD_MORE:
    case FCGI_ANSWER_HEAD_ALLOWED: /* once the request has ended */
        break;
    case FCGI_ANSWER_HEAD_MADE:
        exchange->state = FCGI_EXCHANGE_STREAMING;
        on_body(exchange, bytes + used, length - used);
        break;
    case FCGI_ANSWER_HEAD_FILE:
        leave(exchange);
        finish(exchange, false);
        break;
    case FCGI_ANSWER_HEAD_PAGE:
        fcgi_loop_defer(exchange->common->loop, &exchange->begin);
        break;
    case FCGI_ANSWER_HEAD_BAD:
        bad_answer(exchange, what);
        break;
    case FCGI_ANSWER_HEAD_NO_MEMORY:
        answer_error(exchange, 500, "out of memory");
        break;
    }
}

static void on_open(struct fcgi_upstream *upstream)
{
    struct fcgi_exchange *exchange = of_upstream(upstream);

    if (!exchange->head.page.asked && !exchange->authorizer.asked)
        say_continue(exchange);
}

static void on_sent(struct fcgi_upstream *upstream)
{
    pump(of_upstream(upstream));
}

static bool on_stdout(struct fcgi_upstream *upstream, const uint8_t *bytes,
                      size_t length)
{
    struct fcgi_exchange *exchange = of_upstream(upstream);

    if (fcgi_answer_head_owes_page(&exchange->head) ||
        exchange->authorizer.allowed)
        return false;
    if (exchange->state != FCGI_EXCHANGE_WAITING)
        return on_body(exchange, bytes, length);
    on_head(exchange, bytes, length);
    return true;
}

static void on_stderr(struct fcgi_upstream *upstream, const uint8_t *bytes,
                      size_t length)
{
    fcgi_log_stderr(&of_upstream(upstream)->log, upstream->server, bytes,
                    length);
}

static void on_batch(struct fcgi_upstream *upstream)
{
    struct fcgi_exchange *exchange = of_upstream(upstream);
    struct fcgi_loop *loop = exchange->common->loop;

    /* An answer that has ended before any of it is written has a length. */
    if (is_answered(exchange) && exchange->reply.framing == FCGI_FRAMING_OPEN)
        fcgi_reply_end(&exchange->reply, &exchange->client.out);
    fcgi_reply_commit(&exchange->reply, &exchange->client.out);
    flush(exchange);
    if (exchange->state != FCGI_EXCHANGE_STREAMING)
        return;
    if (!is_answered(exchange))
        fcgi_loop_stop_timer(loop, &exchange->lag);
    else if (!exchange->lag.set)
        fcgi_loop_set_timer(loop, &exchange->lag, fcgi_loop_now(loop) + LAG);
}

/* The application has nothing to add. */
static void conclude(struct fcgi_exchange *exchange)
{
    struct fcgi_reply *reply = &exchange->reply;

    if (fcgi_reply_end(reply, &exchange->client.out)) {
        finish(exchange, false);
        return;
    }
    say(exchange, FCGI_LOG_ERROR,
        "the application sent %llu bytes of a body, and Content-Length %llu; "
        "the answer is cut",
        (unsigned long long)reply->body_bytes,
        (unsigned long long)reply->length);
    finish(exchange, true);
}

static void on_lag(struct fcgi_loop_timer *timer)
{
    struct fcgi_exchange *exchange =
        FCGI_LOOP_OWNER(timer, struct fcgi_exchange, lag);
    struct fcgi_loop *loop = exchange->common->loop;

    if (leave(exchange))
        conclude(exchange);
    else
        fcgi_loop_set_timer(loop, timer, fcgi_loop_now(loop) + LAG_MORE);
}

static void on_end(struct fcgi_upstream *upstream)
{
    struct fcgi_exchange *exchange = of_upstream(upstream);

    if (fcgi_answer_head_owes_page(&exchange->head))
        return;
    if (exchange->authorizer.allowed)
        fcgi_loop_defer(exchange->common->loop, &exchange->begin);
    else if (exchange->reply.begun)
        conclude(exchange);
    else
        bad_answer(exchange, exchange->head.block.header.length == 0
                                 ? "an answer without a header"
                                 : "an answer that ends within its header");
}

static void on_retry(struct fcgi_upstream *upstream,
                     const struct fcgi_attempt *attempt, const char *how)
{
    fcgi_log_attempt(&of_upstream(upstream)->log, attempt, FCGI_LOG_WARNING,
                     how);
}

static void on_failure(struct fcgi_upstream *upstream,
                       const struct fcgi_attempt *attempt)
{
    struct fcgi_exchange *exchange = of_upstream(upstream);
    struct fcgi_reply *reply = &exchange->reply;
    char why[FCGI_ATTEMPT_TEXT];
    bool whole;

    if (fcgi_answer_head_owes_page(&exchange->head))
        return;
    if (!reply->begun) {
        fcgi_attempt_describe(attempt, why, sizeof(why));
        answer_error(exchange, fcgi_attempt_status(attempt), why);
        return;
    }
    whole = fcgi_reply_is_whole(reply) ||
            (exchange->lag.set && fcgi_reply_end(reply, &exchange->client.out));
    fcgi_log_attempt(&exchange->log, attempt, FCGI_LOG_ERROR,
                     whole ? "the answer was complete" : "the answer is cut");
    finish(exchange, !whole);
}

/* --- the start --------------------------------------------------------- */

/* What needs no application is answered; false where there is one to ask. */
static bool answer_self(struct fcgi_exchange *exchange)
{
    struct fcgi_judgement *judgement = &exchange->judgement;
    int status =
        fcgi_answer_head_self(&exchange->head, judgement, &exchange->params);

    if ((status == 403 || status == 404) &&
        fcgi_answer_head_wants_page(&exchange->head, status)) {
        say(exchange, FCGI_LOG_ERROR, "%s; the ErrorPage is asked for",
            judgement->why);
        fcgi_loop_defer(exchange->common->loop, &exchange->begin);
    } else if (status != 0) {
        answer_error(exchange, status, judgement->why);
    } else if (exchange->reply.begun) {
        finish(exchange, false);
    } else {
        exchange->state = FCGI_EXCHANGE_RECEIVING;
        return false;
    }
    return true;
}

static void begin(struct fcgi_loop_task *task)
{
    struct fcgi_exchange *exchange =
        FCGI_LOOP_OWNER(task, struct fcgi_exchange, begin);

    if (exchange->state >= FCGI_EXCHANGE_FLUSHING)
        return; /* it has failed for another reason meanwhile */
    if (!fcgi_authorizer_accept(&exchange->authorizer, &exchange->head.block))
        answer_error(exchange, 500, "out of memory");
    else if (fcgi_answer_head_owes_page(&exchange->head))
        ask_page(exchange);
    else if (fcgi_authorizer_is_due(&exchange->authorizer) &&
             fcgi_judge_is_authorized_first(&exchange->judgement))
        authorize(exchange);
    else if (!answer_self(exchange))
        pump(exchange);
}

static void init(struct fcgi_exchange *exchange,
                 struct fcgi_exchange_common *common,
                 const struct fcgi_http_request *request)
{
    exchange->common = common;
    exchange->state = FCGI_EXCHANGE_RECEIVING;
    exchange->started = fcgi_loop_now(common->loop);
    exchange->draining = exchange->pumping = false;
    fcgi_patience_init(&exchange->patience, &exchange->client, on_patience);
    exchange->turn.fired = on_turn;
    exchange->lag.fired = on_lag;
    exchange->cut = false;
    exchange->begin.run = begin;
    exchange->report.run = report;
    fcgi_log_init(&exchange->log, common->host, &common->worker->pool->recent,
                  request);
    fcgi_reply_init(&exchange->reply, request, common->host->software,
                    fcgi_date_now(&common->date));
    fcgi_answer_head_init(&exchange->head, &exchange->client,
                          &exchange->upstream, &exchange->reply, &exchange->log,
                          &common->date, &exchange->authorizer, request);
    fcgi_authorizer_init(&exchange->authorizer, request->authorizers,
                         &exchange->upstream, &exchange->reply,
                         &exchange->params, &exchange->log);
}

static void init_upstream(struct fcgi_exchange *exchange,
                          const struct fcgi_http_request *asked,
                          bool (*allows)(const void *arg,
                                         const struct fcgi_server *server),
                          const void *arg)
{
    static const struct fcgi_upstream_handlers handlers = {
        .on_open = on_open,
        .on_sent = on_sent,
        .on_stdout = on_stdout,
        .on_stderr = on_stderr,
        .on_batch = on_batch,
        .on_end = on_end,
        .on_retry = on_retry,
        .on_failure = on_failure,
    };
    const struct fcgi_upstream_request request = {
        .params = &exchange->params,
        .body = &exchange->body,
        .kind = fcgi_upstream_kind(asked->path),
        .idempotent = fcgi_upstream_is_idempotent(asked->method),
        .allows = allows,
        .allows_arg = arg,
    };

    fcgi_upstream_init(&exchange->upstream, exchange->common->worker, &handlers,
                       &request);
}

bool fcgi_exchange_start(struct fcgi_exchange *exchange,
                         struct fcgi_exchange_common *common, void *handle,
                         int fd, const struct fcgi_http_request *request,
                         const struct fcgi_script *script,
                         bool (*allows)(const void *arg,
                                        const struct fcgi_server *server),
                         const void *arg)
{
    static const struct fcgi_client_handlers handlers = {
        .on_readable = on_readable,
        .on_room = on_room,
        .on_written = on_written,
        .on_lost = on_lost,
        .on_probe = on_probe,
    };
    const struct fcgi_server_config *config = fcgi_judge_config(
        common->worker->pool, request->authorizers, allows, arg);
    struct fcgi_http_request told = *request; /* by proxies */

    init(exchange, common, request);
    init_upstream(exchange, request, allows, arg);
    fcgi_judge(&exchange->judgement, &told, script, config,
               common->worker->pool, exchange->started, &exchange->head.own);
    if (!fcgi_real_params(&exchange->params, &told, script, config,
                          common->host->software))
        return false;
    fcgi_body_open(&exchange->body, common->host, handle, config, request);
    exchange->expects = request->expect_continue && request->version > 10 &&
                        !exchange->body.complete;
    fcgi_client_open(&exchange->client, common->loop, common->host, handle, fd,
                     !request->tls, &handlers);
    if (request->provisional)
        fcgi_loop_defer(common->loop, &exchange->begin);
    else
        begin(&exchange->begin);
    return true;
}

/* --- memory ------------------------------------------------------------ */

void fcgi_exchange_trim(struct fcgi_exchange *exchange, size_t keep)
{
    fcgi_buffer_reset(&exchange->client.out, keep);
    fcgi_buffer_reset(&exchange->upstream.adapted, keep);
    fcgi_answer_head_trim(&exchange->head, keep);
    fcgi_buffer_reset(&exchange->authorizer.params, keep);
    fcgi_buffer_reset(&exchange->params, keep);
    fcgi_buffer_reset(&exchange->body.in, keep);
}
