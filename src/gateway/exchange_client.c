/* SPDX-License-Identifier: Apache-2.0
 *
 * The client's side of an exchange: writing to a client that may be slow,
 * noticing one that is gone, and letting it go when all is done.
 */
#include "gateway/exchange_impl.h"

#include <errno.h>
#include <sys/epoll.h>

/* A client that takes nothing for so long is given up. */
#define CLIENT_TIMEOUT (60000 * FCGI_LOOP_MS)

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
    fcgi_conn_close(&exchange->conn);
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

/* The client takes no more for now: the application has to wait, too. */
static void block(struct fcgi_exchange *exchange)
{
    struct fcgi_loop *loop = exchange->gateway->loop;

    fcgi_conn_pause(&exchange->conn);
    exchange->deadline = fcgi_loop_now(loop) + CLIENT_TIMEOUT;
    if (!exchange->timer.set)
        fcgi_loop_set_timer(loop, &exchange->timer, exchange->deadline);
    if (fcgi_loop_modify(loop, &exchange->io, EPOLLOUT) < 0)
        fcgi_exchange_client_gone(exchange);
}

/* All that was there is written. */
static void unblock(struct fcgi_exchange *exchange, bool was_blocked)
{
    exchange->out.length = exchange->out_sent = 0;
    if (exchange->state == FCGI_EXCHANGE_FLUSHING) {
        if (exchange->reply.close && !exchange->cut && !exchange->tls)
            fcgi_linger_start(exchange->gateway, exchange->io.fd);
        fcgi_exchange_over(exchange);
        return;
    }
    if (!was_blocked)
        return;
    if (fcgi_loop_modify(exchange->gateway->loop, &exchange->io, 0) < 0)
        fcgi_exchange_client_gone(exchange);
    else
        fcgi_conn_resume(&exchange->conn);
}

/* Writes what there is for the client. */
void fcgi_exchange_flush(struct fcgi_exchange *exchange)
{
    const struct fcgi_host *host = exchange->gateway->host;
    bool was_blocked = exchange->retry_length > 0;

    if (exchange->out.failed) {
        fcgi_exchange_log(exchange, FCGI_LOG_ERROR,
                          "out of memory; the answer is cut");
        fcgi_exchange_client_gone(exchange);
        return;
    }
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
            block(exchange);
            return;
        } else if (n == 0 || errno != EINTR) {
            fcgi_exchange_client_gone(exchange);
            return;
        }
    }
    unblock(exchange, was_blocked);
}

static void client_ready(struct fcgi_loop_io *io, uint32_t events)
{
    struct fcgi_exchange *exchange =
        FCGI_LOOP_OWNER(io, struct fcgi_exchange, io);

    if (events & (EPOLLERR | EPOLLHUP))
        fcgi_exchange_client_gone(exchange);
    else
        fcgi_exchange_flush(exchange);
}

static void timer_fired(struct fcgi_loop_timer *timer)
{
    struct fcgi_exchange *exchange =
        FCGI_LOOP_OWNER(timer, struct fcgi_exchange, timer);
    struct fcgi_loop *loop = exchange->gateway->loop;

    if (exchange->retry_length == 0) {
        return; /* the client went on reading */
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
    exchange->retry_length = 0;
    exchange->out_sent = 0;
    exchange->cut = false;
}
