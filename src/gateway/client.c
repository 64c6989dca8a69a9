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
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

/* A client that takes nothing for so long is given up. */
#define CLIENT_TIMEOUT (60000 * FCGI_LOOP_MS)
/* How long a half-closed client may go without being written to before it is
 * asked whether it still receives. */
#define PROBE_DELAY (100 * FCGI_LOOP_MS)

/* What is sent of a file before others have their turn, and what is copied of
 * it at a time. */
#define FILE_TURN (1 << 20)
#define FILE_COPY 65536

/* From how many bytes on a copy costs more than a write by itself. */
#define PASS_LEAST 16384

const char *fcgi_client_loss_text(enum fcgi_client_loss loss)
{
    static const char *const texts[] = {
        [FCGI_CLIENT_GONE] = NULL,
        [FCGI_CLIENT_STALLED] =
            "the client took nothing of the answer for a minute; its "
            "connection is closed",
        [FCGI_CLIENT_NO_MEMORY] = "out of memory; the answer is cut",
        [FCGI_CLIENT_SHORT] =
            "the file became shorter, or cannot be read, while it was sent; "
            "the answer is cut",
    };

    return texts[loss];
}

void fcgi_client_close(struct fcgi_client *client)
{
    if (client->sending)
        close(client->file);
    client->sending = false;
    client->open = false;
    fcgi_loop_remove(client->loop, &client->io);
    fcgi_loop_stop_timer(client->loop, &client->timer);
    fcgi_loop_cancel(client->loop, &client->turn);
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

/* Moves a part of the file to the client, or into `out`. Returns how much, 0
 * where it ends too soon, -1 with errno. */
static ssize_t move_part(struct fcgi_client *client)
{
    size_t most =
        client->file_left < FILE_TURN ? (size_t)client->file_left : FILE_TURN;
    ssize_t n;

    if (!client->copying) {
        n = sendfile(client->io.fd, client->file, &client->file_at, most);
        if (n >= 0 || (errno != EINVAL && errno != ENOSYS))
            return n;
        client->copying = true; /* the file system cannot do it */
    }
    client->out.length = client->written = 0;
    if (most > FILE_COPY)
        most = FILE_COPY;
    if (!fcgi_buffer_reserve(&client->out, most)) {
        errno = ENOMEM;
        return -1;
    }
    n = pread(client->file, client->out.data, most, client->file_at);
    if (n > 0) {
        client->out.length = (size_t)n;
        client->file_at += n;
    }
    return n;
}

/* Goes on with the file, as far as the client takes it now; false where that is
 * its end, for `*loss`. */
static bool write_file(struct fcgi_client *client, enum fcgi_client_loss *loss)
{
    uint64_t until =
        client->file_left > FILE_TURN ? client->file_left - FILE_TURN : 0;

    while (client->file_left > until && client->written == client->out.length) {
        ssize_t n = move_part(client);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0 && errno == EAGAIN)
            return true;
        if (n > 0) {
            client->file_left -= (uint64_t)n;
            if (!client->copying || write_out(client))
                continue;
        } else if (n == 0 || (errno != EPIPE && errno != ECONNRESET)) {
            *loss = n < 0 && errno == ENOMEM ? FCGI_CLIENT_NO_MEMORY
                                             : FCGI_CLIENT_SHORT;
        }
        return false;
    }
    return true;
}

static void flush(struct fcgi_client *client)
{
    enum fcgi_client_loss loss = FCGI_CLIENT_GONE;
    bool sending = client->sending && client->finishing;

    if (!write_out(client) || (sending && !write_file(client, &loss)))
        lose(client, loss);
    else if (client->written < client->out.length ||
             (sending && client->file_left > 0))
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

/* Writes `out` and the bytes behind it as far as the client takes them. Returns
 * how many of the bytes it took. */
static size_t write_both(struct fcgi_client *client, const uint8_t *bytes,
                         size_t length)
{
    size_t pending = client->out.length - client->written;
    struct iovec spans[] = {
        {pending > 0 ? client->out.data + client->written : NULL, pending},
        {(void *)(uintptr_t)bytes, length},
    };
    struct msghdr message = {.msg_iov = spans, .msg_iovlen = 2};
    ssize_t n = sendmsg(client->io.fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT);

    if (n <= 0)
        return 0;
    client->probed = client->half_closed;
    if ((size_t)n < pending) {
        client->written += (size_t)n;
        return 0;
    }
    client->out.length = client->written = 0;
    return (size_t)n - pending;
}

void fcgi_client_pass(struct fcgi_client *client, const uint8_t *bytes,
                      size_t length)
{
    size_t taken = 0;

    if (length >= PASS_LEAST && client->open && client->plain &&
        !client->blocked && !client->out.failed)
        taken = write_both(client, bytes, length);
    fcgi_buffer_add(&client->out, bytes + taken, length - taken);
}

void fcgi_client_send_file(struct fcgi_client *client, int file,
                           uint64_t offset, uint64_t length)
{
    client->sending = true;
    client->copying = !client->plain;
    client->file = file;
    client->file_at = (off_t)offset;
    client->file_left = length;
}

void fcgi_client_finish(struct fcgi_client *client)
{
    client->finishing = true;
    if (client->open && fcgi_loop_is_gathering(client->loop))
        fcgi_loop_defer(client->loop, &client->turn);
    else
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

static void on_turn(struct fcgi_loop_task *task)
{
    fcgi_client_flush(FCGI_LOOP_OWNER(task, struct fcgi_client, turn));
}

void fcgi_client_open(struct fcgi_client *client, struct fcgi_loop *loop,
                      const struct fcgi_host *host, void *handle, int fd,
                      bool plain, const struct fcgi_client_handlers *handlers)
{
    client->loop = loop;
    client->host = host;
    client->handle = handle;
    client->handlers = handlers;
    client->written = 0;
    client->io.fd = fd;
    client->plain = plain;
    client->io.ready = on_ready;
    client->timer.fired = on_timer;
    client->turn.run = on_turn;
    client->open = true;
    client->listening = false;
    client->blocked = client->half_closed = client->probed = false;
    client->finishing = client->sending = false;
    client->file_left = 0;
    client->retry_length = 0;
}
