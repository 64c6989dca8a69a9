/* SPDX-License-Identifier: Apache-2.0
 *
 * The client's side of an exchange: writing to a client that may be slow,
 * noticing one that is gone, and letting it go when all is done.
 *
 * A client that is slower than its application costs up to BufferSize of
 * memory, so that an application with a small answer is free for others at
 * once; then the application is not read on before there is room.
 *
 * A client that has shut down its sending half may still read: it is served to
 * the end. But one that has closed its connection altogether looks the same,
 * until something is sent to it, which its side answers with a reset. So an
 * HTTP/1.1 client that sends its end and has not been sent anything yet is sent
 * an interim answer, "100 Continue", which a client has to pass over however
 * many come (RFC 9110, 15.2). Most half-closed clients never see one: it takes
 * an application that lets them wait for longer than PROBE_DELAY.
 */
#include "gateway/exchange_impl.h"

#include <errno.h>
#include <string.h>
#include <sys/epoll.h>

/* A client that takes nothing for so long is given up. */
#define CLIENT_TIMEOUT (60000 * FCGI_LOOP_MS)
#define PROBE_DELAY (100 * FCGI_LOOP_MS)

/* Everything that the exchange owns is let go; the host is told when all
 * callers have returned. */
void fcgi_exchange_over(struct fcgi_exchange *exchange)
{
    struct fcgi_loop *loop = exchange->gateway->loop;

    if (exchange->state == FCGI_EXCHANGE_OVER)
        return;
    exchange->state = FCGI_EXCHANGE_OVER;
    fcgi_exchange_end_stderr(exchange);
    fcgi_exchange_log_unknown(exchange);
    fcgi_exchange_let_go(exchange);
    fcgi_loop_remove(loop, &exchange->io);
    fcgi_loop_stop_timer(loop, &exchange->timer);
    fcgi_loop_defer(loop, &exchange->finish);
}

static void finish(struct fcgi_loop_task *task)
{
    struct fcgi_exchange *exchange =
        FCGI_LOOP_OWNER(task, struct fcgi_exchange, finish);
    const struct fcgi_host *host = exchange->gateway->host;
    const struct fcgi_reply *reply = &exchange->reply;
    const struct fcgi_outcome outcome = {
        .status = reply->status,
        .body_bytes = reply->body_bytes,
        .close = reply->close || exchange->cut,
        /* A client that counts on the end of the connection to know the end
         * of the body must not see an orderly one. */
        .reset = exchange->cut && reply->framing == FCGI_FRAMING_CLOSE,
    };
    void *client = exchange->client;

    /* The host may start the client's next request at once; the exchange is
     * free for it. */
    fcgi_gateway_put(exchange);
    host->done(client, &outcome);
}

void fcgi_exchange_client_gone(struct fcgi_exchange *exchange)
{
    exchange->cut = true;
    fcgi_exchange_over(exchange);
}

/* The client takes no more for now. */
static void block(struct fcgi_exchange *exchange)
{
    struct fcgi_loop *loop = exchange->gateway->loop;

    exchange->deadline = fcgi_loop_now(loop) + CLIENT_TIMEOUT;
    if (!exchange->timer.set || exchange->timer.deadline > exchange->deadline)
        fcgi_loop_set_timer(loop, &exchange->timer, exchange->deadline);
    if (!exchange->blocked &&
        fcgi_loop_modify(loop, &exchange->io, EPOLLOUT) < 0)
        fcgi_exchange_client_gone(exchange);
    exchange->blocked = true;
}

/* All that was there is written. */
static void unblock(struct fcgi_exchange *exchange)
{
    uint32_t events = exchange->half_closed ? 0 : (uint32_t)EPOLLRDHUP;

    exchange->out.length = exchange->out_sent = 0;
    if (exchange->state == FCGI_EXCHANGE_FLUSHING) {
        if (exchange->reply.close && !exchange->cut && !exchange->tls)
            fcgi_linger_start(exchange->gateway, exchange->io.fd);
        fcgi_exchange_over(exchange);
        return;
    }
    if (exchange->blocked &&
        fcgi_loop_modify(exchange->gateway->loop, &exchange->io, events) < 0)
        fcgi_exchange_client_gone(exchange);
    exchange->blocked = false;
}

/*
 * Reads on as long as there is room for a good part of what BufferSize allows.
 * What has been sent makes room when it is more than what has not: so no byte
 * is moved more than once for each that is sent. A part is left for the head
 * and the framing of the answer, which are not counted beforehand.
 */
static void regulate(struct fcgi_exchange *exchange)
{
    struct fcgi_buffer *out = &exchange->out;
    size_t size, pending = out->length - exchange->out_sent;

    if (exchange->conn == NULL)
        return;
    size = exchange->server->config->buffer_size;
    if (exchange->out_sent > 0 && exchange->out_sent >= pending) {
        memmove(out->data, out->data + exchange->out_sent, pending);
        out->length = pending;
        exchange->out_sent = 0;
    }
    size -= size / 16;
    if (out->length > size / 4 * 3) {
        fcgi_conn_pause(exchange->conn);
    } else {
        exchange->conn->read_most = size - out->length;
        fcgi_conn_resume(exchange->conn);
    }
}

/* Writes what the client takes; false where it has gone. */
static bool write_out(struct fcgi_exchange *exchange)
{
    const struct fcgi_host *host = exchange->gateway->host;

    while (exchange->out_sent < exchange->out.length) {
        /* A TLS layer wants a write that failed tried again as it was. */
        size_t length = exchange->retry_length
                            ? exchange->retry_length
                            : exchange->out.length - exchange->out_sent;
        ssize_t n = host->write(
            exchange->client, exchange->out.data + exchange->out_sent, length);

        if (n > 0) {
            exchange->out_sent += (size_t)n;
            exchange->retry_length = 0;
        } else if (n < 0 && errno == EAGAIN) {
            exchange->retry_length = length;
            return true;
        } else if (n == 0 || errno != EINTR) {
            return false;
        }
    }
    return true;
}

static void flush(struct fcgi_exchange *exchange)
{
    if (!write_out(exchange))
        fcgi_exchange_client_gone(exchange);
    else if (exchange->out_sent < exchange->out.length)
        block(exchange);
    else
        unblock(exchange);
    if (exchange->state != FCGI_EXCHANGE_OVER)
        regulate(exchange);
}

void fcgi_exchange_flush(struct fcgi_exchange *exchange)
{
    if (exchange->out.failed) {
        fcgi_exchange_log(exchange, FCGI_LOG_ERROR,
                          "out of memory; the answer is cut");
        fcgi_exchange_client_gone(exchange);
    } else if (exchange->blocked) {
        regulate(exchange); /* the client says when it takes more */
    } else {
        flush(exchange);
    }
}

static void client_ready(struct fcgi_loop_io *io, uint32_t events)
{
    struct fcgi_exchange *exchange =
        FCGI_LOOP_OWNER(io, struct fcgi_exchange, io);
    struct fcgi_loop *loop = exchange->gateway->loop;

    if (events & (EPOLLERR | EPOLLHUP)) {
        fcgi_exchange_client_gone(exchange);
        return;
    }
    if (events & EPOLLOUT) {
        flush(exchange);
        return;
    }
    /* It sends no more; told once is enough. */
    exchange->half_closed = true;
    if (fcgi_loop_modify(loop, io, 0) < 0)
        fcgi_exchange_client_gone(exchange);
    else if (exchange->state == FCGI_EXCHANGE_WAITING &&
             exchange->reply.version >= 11)
        fcgi_loop_set_timer(loop, &exchange->timer,
                            fcgi_loop_now(loop) + PROBE_DELAY);
}

static void timer_fired(struct fcgi_loop_timer *timer)
{
    struct fcgi_exchange *exchange =
        FCGI_LOOP_OWNER(timer, struct fcgi_exchange, timer);
    struct fcgi_loop *loop = exchange->gateway->loop;

    if (!exchange->blocked) {
        /* Either the client went on reading, or it is asked whether it does. */
        if (exchange->half_closed && exchange->state == FCGI_EXCHANGE_WAITING) {
            fcgi_buffer_add_text(&exchange->out,
                                 "HTTP/1.1 100 Continue\r\n"
                                 "\r\n");
            fcgi_exchange_flush(exchange);
        }
    } else if (fcgi_loop_now(loop) < exchange->deadline) {
        fcgi_loop_set_timer(loop, timer, exchange->deadline);
    } else {
        fcgi_exchange_log(exchange, FCGI_LOG_WARNING,
                          "the client took nothing of the answer for a "
                          "minute; its connection is closed");
        fcgi_exchange_client_gone(exchange);
    }
}

void fcgi_exchange_init_client(struct fcgi_exchange *exchange, void *client,
                               int fd)
{
    exchange->client = client;
    exchange->io.fd = fd;
    exchange->io.ready = client_ready;
    exchange->timer.fired = timer_fired;
    exchange->finish.run = finish;
    exchange->blocked = exchange->half_closed = false;
    exchange->retry_length = 0;
    exchange->out_sent = 0;
    exchange->cut = false;
}
