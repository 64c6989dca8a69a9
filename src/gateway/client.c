/* SPDX-License-Identifier: Apache-2.0
 *
 * The client's side of an exchange.
 *
 * A client that has shut down its sending half may still receive: it is served
 * to the end. But one that has closed its connection altogether looks the same
 * until something is sent to it, which its side answers with a reset.
 */
#include "gateway/client.h"

#include <errno.h>
#include <string.h>
#include <sys/epoll.h>

/* A client that takes nothing for so long is given up. */
#define CLIENT_TIMEOUT (60000 * FCGI_LOOP_MS)
/* How long a half-closed client may go without being written to before it is
 * asked whether it still receives. */
#define PROBE_DELAY (100 * FCGI_LOOP_MS)

void fcgi_client_close(struct fcgi_client *client)
{
    client->open = false;
    fcgi_loop_remove(client->loop, &client->io);
    fcgi_loop_stop_timer(client->loop, &client->timer);
}

static void lose(struct fcgi_client *client, enum fcgi_client_loss loss)
{
    fcgi_client_close(client);
    client->handlers->on_lost(client, loss);
}

/* Tells the loop what we wait for; false where the client is lost by that. A
 * half-closed client is reported as such over and over, so once is enough. */
static bool watch(struct fcgi_client *client)
{
    uint32_t events = (client->blocked ? (uint32_t)EPOLLOUT : 0) |
                      (client->listening ? (uint32_t)EPOLLIN : 0) |
                      (client->half_closed ? 0 : (uint32_t)EPOLLRDHUP);
    int result;

    if (client->io.added)
        result = fcgi_loop_modify(client->loop, &client->io, events);
    else
        result = client->host->watch(client->handle) < 0
                     ? -1
                     : fcgi_loop_add(client->loop, &client->io, events);
    if (result == 0)
        return true;
    lose(client, FCGI_CLIENT_NO_MEMORY);
    return false;
}

void fcgi_client_listen(struct fcgi_client *client, bool wanted)
{
    if (!client->open || client->listening == wanted)
        return;
    client->listening = wanted;
    watch(client);
}

void fcgi_client_attend(struct fcgi_client *client)
{
    if (client->open && !client->io.added)
        watch(client);
}

/* The client takes no more for now. */
static void block(struct fcgi_client *client)
{
    struct fcgi_loop *loop = client->loop;

    client->deadline = fcgi_loop_now(loop) + CLIENT_TIMEOUT;
    fcgi_loop_hasten_timer(loop, &client->timer, client->deadline);
    if (!client->blocked) {
        client->blocked = true;
        watch(client);
    }
}

/* All that was there is written. */
static void unblock(struct fcgi_client *client)
{
    client->out.length = client->written = 0;
    if (client->blocked) {
        client->blocked = false;
        if (!watch(client))
            return;
    }
    if (client->finishing)
        client->handlers->on_written(client);
}

/* Writes until all is written or the client takes no more; false where it has
 * gone. */
static bool write_out(struct fcgi_client *client)
{
    while (client->written < client->out.length) {
        /* A TLS layer wants a write that failed tried again as it was. */
        size_t length = client->retry_length
                            ? client->retry_length
                            : client->out.length - client->written;
        ssize_t n = client->host->write(
            client->handle, client->out.data + client->written, length);

        if (n > 0) {
            client->written += (size_t)n;
            client->retry_length = 0;
            client->probed = client->half_closed;
        } else if (n < 0 && errno == EAGAIN) {
            client->retry_length = length;
            return true;
        } else if (n == 0 || errno != EINTR) {
            return false;
        }
    }
    return true;
}

static void flush(struct fcgi_client *client)
{
    if (!write_out(client))
        lose(client, FCGI_CLIENT_GONE);
    else if (client->written < client->out.length)
        block(client);
    else
        unblock(client);
}

void fcgi_client_flush(struct fcgi_client *client)
{
    if (!client->open)
        return;
    if (client->out.failed)
        lose(client, FCGI_CLIENT_NO_MEMORY);
    else if (!client->blocked) /* the loop says when it takes more */
        flush(client);
}

void fcgi_client_finish(struct fcgi_client *client)
{
    client->finishing = true;
    fcgi_client_flush(client);
}

size_t fcgi_client_held(struct fcgi_client *client)
{
    struct fcgi_buffer *out = &client->out;
    size_t pending = out->length - client->written;

    if (client->written > 0 && client->written >= pending) {
        memmove(out->data, out->data + client->written, pending);
        out->length = pending;
        client->written = 0;
    }
    return out->length;
}

static void on_half_closed(struct fcgi_client *client)
{
    client->half_closed = true;
    if (watch(client))
        fcgi_loop_set_timer(client->loop, &client->timer,
                            fcgi_loop_now(client->loop) + PROBE_DELAY);
}

static void on_ready(struct fcgi_loop_io *io, uint32_t events)
{
    struct fcgi_client *client = FCGI_LOOP_OWNER(io, struct fcgi_client, io);

    if (events & (EPOLLERR | EPOLLHUP)) {
        lose(client, FCGI_CLIENT_GONE);
        return;
    }
    if (events & EPOLLOUT) {
        flush(client);
        if (client->open)
            client->handlers->on_room(client);
    }
    if (client->open && client->listening && (events & (EPOLLIN | EPOLLRDHUP)))
        client->handlers->on_readable(client);
    else if (client->open && !client->half_closed && (events & EPOLLRDHUP))
        on_half_closed(client);
}

static void on_timer(struct fcgi_loop_timer *timer)
{
    struct fcgi_client *client =
        FCGI_LOOP_OWNER(timer, struct fcgi_client, timer);

    if (!client->blocked) {
        /* The client took what there was, or is half-closed. */
        if (client->half_closed && !client->probed) {
            client->probed = true;
            client->handlers->on_probe(client);
            fcgi_client_flush(client);
        }
    } else if (fcgi_loop_now(client->loop) < client->deadline) {
        fcgi_loop_set_timer(client->loop, timer, client->deadline);
    } else {
        lose(client, FCGI_CLIENT_STALLED);
    }
}

void fcgi_client_open(struct fcgi_client *client, struct fcgi_loop *loop,
                      const struct fcgi_host *host, void *handle, int fd,
                      const struct fcgi_client_handlers *handlers)
{
    client->loop = loop;
    client->host = host;
    client->handle = handle;
    client->handlers = handlers;
    client->written = 0;
    client->io.fd = fd;
    client->io.ready = on_ready;
    client->timer.fired = on_timer;
    client->open = true;
    client->listening = false;
    client->blocked = client->half_closed = client->probed = false;
    client->finishing = false;
    client->retry_length = 0;
}
