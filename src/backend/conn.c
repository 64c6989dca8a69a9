/* SPDX-License-Identifier: Apache-2.0
 *
 * The connection automaton.
 *
 *   IDLE -> CONNECTING -> OPEN -> IDLE, or KEPT -> OPEN ...
 *   IDLE -> BACKING_OFF -> IDLE ...     a Unix socket whose backlog is full
 *
 * Its socket, how it comes by it and is rid of it, is in conn_socket.c.
 *
 * A KEPT connection stays in epoll as it was: between two requests on it there
 * is no system call but the look whether it is still alive.
 */
#include "backend/conn_impl.h"

#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

void fcgi_conn_fail(struct fcgi_conn *conn, enum fcgi_conn_failure failure,
                    int error)
{
    struct fcgi_conn_problem problem = {.failure = failure,
                                        .error = error,
                                        .kept = conn->kept,
                                        .heard = conn->heard,
                                        .sent = conn->request.position > 0,
                                        .ours = failure == FCGI_CONN_CONNECT &&
                                                fcgi_conn_is_ours(error)};

    if (failure == FCGI_CONN_PROTOCOL) {
        problem.protocol = conn->response.error;
        problem.offset = conn->response.offset;
    }
    if (failure != FCGI_CONN_READ_TIMEOUT)
        conn->unsent = true; /* no ABORT_REQUEST: it would not be read */
    fcgi_conn_close(conn);
    conn->handlers->on_failure(conn, &problem);
}

void fcgi_conn_set_deadline(struct fcgi_conn *conn, uint64_t deadline)
{
    conn->deadline = deadline;
    if (!conn->timer.set || conn->timer.deadline > deadline)
        fcgi_loop_set_timer(conn->loop, &conn->timer, deadline);
}

/* Something moved: the time for the phase that we are in begins anew. */
static void moved(struct fcgi_conn *conn)
{
    uint64_t timeout = conn->unsent ? conn->server->config->send_timeout
                                    : conn->server->config->read_timeout;

    fcgi_conn_set_deadline(conn,
                           fcgi_loop_now(conn->loop) + timeout * FCGI_LOOP_MS);
}

/* Tells the loop what we wait for. A paused connection is taken out, since a
 * hang-up would be reported over and over whatever is asked for. False where
 * that failed, and with it the connection. */
static bool watch(struct fcgi_conn *conn)
{
    uint32_t events = EPOLLIN | (conn->unsent ? (uint32_t)EPOLLOUT : 0);
    int result;

    if (conn->paused) {
        fcgi_loop_remove(conn->loop, &conn->io);
        return true;
    }
    if (conn->io.added && conn->watched == events)
        return true;
    conn->watched = events;
    result = conn->io.added ? fcgi_loop_modify(conn->loop, &conn->io, events)
                            : fcgi_loop_add(conn->loop, &conn->io, events);
    if (result < 0)
        fcgi_conn_fail(conn, FCGI_CONN_BROKEN, errno);
    return result == 0;
}

/*
 * Sends what the socket takes. Returns 1 where more is to be sent, 0 where the
 * request is sent or can be sent no further, -1 with errno. A closed connection
 * is no error here: an application may answer, and close, before it has read
 * all, and the answer counts. Whoever reads finds the end.
 */
static int send_more(struct fcgi_conn *conn)
{
    struct iovec spans[FCGI_REQUEST_SPANS];
    struct msghdr message = {.msg_iov = spans};
    ssize_t n;

    for (;;) {
        message.msg_iovlen = fcgi_request_spans(&conn->request, spans);
        if (message.msg_iovlen == 0)
            return 0;
        n = sendmsg(conn->io.fd, &message, MSG_NOSIGNAL);
        if (n >= 0) {
            fcgi_request_sent(&conn->request, (size_t)n);
            conn->bytes_out += (uint64_t)n;
        } else if (errno == EAGAIN) {
            return 1;
        } else if (errno == EPIPE || errno == ECONNRESET) {
            conn->peer_closed_read = true;
            return 0;
        } else if (errno != EINTR) {
            return -1;
        }
    }
}

void fcgi_conn_opened(struct fcgi_conn *conn)
{
    int result;

    conn->state = FCGI_CONN_OPEN;
    fcgi_addresses_unref(conn->addresses);
    conn->addresses = NULL;
    result = send_more(conn);
    if (result < 0) {
        fcgi_conn_fail(conn, FCGI_CONN_BROKEN, errno);
        return;
    }
    conn->unsent = result > 0;
    moved(conn);
    watch(conn);
}

/*
 * The request is over. The connection can have another one if all of this one
 * was sent, as what was left of it would be taken for the next, and if nothing
 * is left of the answer.
 */
static void ended(struct fcgi_conn *conn, const uint8_t *bytes, size_t length,
                  const struct fcgi_end_request *end)
{
    struct fcgi_response_event rest;
    size_t used = fcgi_response_feed(&conn->response, bytes, length, &rest);

    if ((conn->request.flags & FCGI_KEEP_CONN) && !conn->unsent &&
        !conn->peer_closed_read && used == length && !conn->paused &&
        conn->response.state == FCGI_RESPONSE_FINISHED) {
        conn->state = FCGI_CONN_KEPT;
        conn->served++;
        conn->quiet_since = fcgi_loop_now(conn->loop);
    } else {
        conn->unsent = true; /* no ABORT_REQUEST: there is none */
        fcgi_conn_close(conn);
    }
    conn->handlers->on_end(conn, end);
}

/* Hands what was read to the owner; false once the request is over. */
static bool decode(struct fcgi_conn *conn, size_t length)
{
    const uint8_t *bytes = conn->scratch;
    struct fcgi_response_event event;
    bool useful;

    for (;;) {
        size_t used =
            fcgi_response_feed(&conn->response, bytes, length, &event);

        bytes += used;
        length -= used;
        switch (event.type) {
        case FCGI_RESPONSE_NONE:
            return true;
        case FCGI_RESPONSE_STDOUT:
            useful = conn->handlers->on_stdout(conn, event.bytes, event.length);
            if (useful && conn->state == FCGI_CONN_OPEN)
                moved(conn);
            break;
        case FCGI_RESPONSE_STDERR:
            conn->handlers->on_stderr(conn, event.bytes, event.length);
            break;
        case FCGI_RESPONSE_END:
            ended(conn, bytes, length, &event.end);
            return false;
        case FCGI_RESPONSE_ERROR:
            fcgi_conn_fail(conn, FCGI_CONN_PROTOCOL, 0);
            return false;
        }
        if (conn->state != FCGI_CONN_OPEN)
            return false;
    }
}

static void read_more(struct fcgi_conn *conn)
{
    size_t most = conn->read_most < conn->scratch_size ? conn->read_most
                                                       : conn->scratch_size;
    ssize_t n;

    do
        n = read(conn->io.fd, conn->scratch, most);
    while (n < 0 && errno == EINTR);
    if (n < 0 && errno == EAGAIN)
        return;
    if (n < 0) {
        fcgi_conn_fail(conn, FCGI_CONN_BROKEN, errno);
        return;
    }
    if (n == 0) {
        fcgi_conn_fail(conn, FCGI_CONN_CLOSED, 0);
        return;
    }
    conn->bytes_in += (uint64_t)n;
    if (!conn->heard) {
        conn->heard = true;
        if (conn->on_first_byte != NULL)
            conn->on_first_byte(conn);
    }
    if (decode(conn, (size_t)n))
        conn->handlers->on_batch(conn);
}

/* KEPT: closed, or time is up, or there are bytes that nobody asked for. */
static void die(struct fcgi_conn *conn)
{
    fcgi_conn_close(conn);
    if (conn->on_dead != NULL)
        conn->on_dead(conn);
}

static void io_ready(struct fcgi_loop_io *io, uint32_t events)
{
    struct fcgi_conn *conn = FCGI_LOOP_OWNER(io, struct fcgi_conn, io);

    if (conn->state == FCGI_CONN_KEPT) {
        die(conn);
        return;
    }
    if (conn->state == FCGI_CONN_CONNECTING) {
        int error = 0;
        socklen_t length = sizeof(error);

        getsockopt(io->fd, SOL_SOCKET, SO_ERROR, &error, &length);
        if (error != 0)
            fcgi_conn_connect_failed(conn, error);
        else
            fcgi_conn_opened(conn);
        return;
    }
    if ((events & EPOLLOUT) && conn->unsent) {
        uint64_t before = conn->request.position;
        int result = send_more(conn);

        if (result < 0) {
            fcgi_conn_fail(conn, FCGI_CONN_BROKEN, errno);
            return;
        }
        conn->unsent = result > 0;
        if (conn->request.position != before || !conn->unsent)
            moved(conn);
        if (!conn->unsent && !watch(conn))
            return;
    }
    if (conn->state == FCGI_CONN_OPEN &&
        (events & (EPOLLIN | EPOLLHUP | EPOLLERR)))
        read_more(conn);
}

static void timer_fired(struct fcgi_loop_timer *timer)
{
    struct fcgi_conn *conn = FCGI_LOOP_OWNER(timer, struct fcgi_conn, timer);
    uint64_t now = fcgi_loop_now(conn->loop);

    if (conn->paused)
        return; /* resuming sets it anew */
    if (now < conn->deadline) {
        fcgi_loop_set_timer(conn->loop, timer, conn->deadline);
        return;
    }
    switch (conn->state) {
    case FCGI_CONN_IDLE:
        break;
    case FCGI_CONN_BACKING_OFF:
        if (now < conn->connect_deadline)
            fcgi_conn_connect(conn);
        else
            fcgi_conn_fail(conn, FCGI_CONN_CONNECT_TIMEOUT, EAGAIN);
        break;
    case FCGI_CONN_CONNECTING:
        if (now < conn->connect_deadline &&
            conn->address + 1 < conn->addresses->n)
            fcgi_conn_connect_failed(conn, ETIMEDOUT);
        else
            fcgi_conn_fail(conn, FCGI_CONN_CONNECT_TIMEOUT, 0);
        break;
    case FCGI_CONN_KEPT:
        die(conn);
        break;
    case FCGI_CONN_OPEN:
        fcgi_conn_fail(
            conn,
            conn->unsent ? FCGI_CONN_SEND_TIMEOUT : FCGI_CONN_READ_TIMEOUT, 0);
        break;
    }
}

void fcgi_conn_init(struct fcgi_conn *conn, struct fcgi_loop *loop,
                    struct fcgi_server *server, uint8_t *scratch,
                    size_t scratch_size)
{
    memset(conn, 0, sizeof(*conn));
    conn->loop = loop;
    conn->server = server;
    conn->scratch = scratch;
    conn->scratch_size = conn->read_most = scratch_size;
    conn->io.fd = -1;
    conn->io.ready = io_ready;
    conn->timer.fired = timer_fired;
}

void fcgi_conn_start(struct fcgi_conn *conn,
                     const struct fcgi_conn_handlers *handlers)
{
    conn->handlers = handlers;
    conn->kept = conn->state == FCGI_CONN_KEPT;
    conn->heard = conn->peer_closed_read = false;
    conn->paused = false;
    conn->unsent = true;
    conn->bytes_in = conn->bytes_out = 0;
    conn->read_most = conn->scratch_size;
    conn->request.position = 0;
    conn->started = fcgi_loop_now(conn->loop);
    fcgi_response_init(&conn->response, conn->request.id);
    if (conn->kept) {
        fcgi_conn_opened(conn);
        return;
    }
    conn->address = 0;
    conn->refused = false;
    conn->backoff = 0;
    conn->served = 0;
    conn->connect_deadline =
        conn->started + conn->server->config->connect_timeout * FCGI_LOOP_MS;
    conn->addresses = fcgi_server_addresses(conn->server);
    if (conn->addresses == NULL)
        fcgi_conn_fail(conn, FCGI_CONN_CONNECT, 0);
    else
        fcgi_conn_connect(conn);
}

void fcgi_conn_keep(struct fcgi_conn *conn, uint64_t deadline)
{
    fcgi_conn_set_deadline(conn, deadline);
}

void fcgi_conn_pause(struct fcgi_conn *conn)
{
    if (conn->state != FCGI_CONN_OPEN || conn->paused)
        return;
    conn->paused = true;
    watch(conn);
}

void fcgi_conn_resume(struct fcgi_conn *conn)
{
    if (conn->state != FCGI_CONN_OPEN || !conn->paused)
        return;
    conn->paused = false;
    moved(conn);
    watch(conn);
}

/* Best effort: an application that misses it finds the connection closed. */
static void tell_abort(const struct fcgi_conn *conn)
{
    const struct fcgi_record record = {.type = FCGI_ABORT_REQUEST,
                                       .request_id = conn->request.id};
    uint8_t bytes[FCGI_HEADER_LEN];
    ssize_t n;

    fcgi_record_encode(bytes, sizeof(bytes), &record);
    n = send(conn->io.fd, bytes, sizeof(bytes), MSG_NOSIGNAL | MSG_DONTWAIT);
    (void)n;
}

void fcgi_conn_close(struct fcgi_conn *conn)
{
    if (conn->loop == NULL)
        return;
    if (conn->state == FCGI_CONN_OPEN && !conn->unsent &&
        (conn->request.flags & FCGI_KEEP_CONN))
        tell_abort(conn);
    fcgi_loop_stop_timer(conn->loop, &conn->timer);
    fcgi_conn_close_socket(conn);
    fcgi_addresses_unref(conn->addresses);
    conn->addresses = NULL;
    conn->state = FCGI_CONN_IDLE;
}
