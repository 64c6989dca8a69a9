/* SPDX-License-Identifier: Apache-2.0
 *
 * The connection automaton.
 *
 *   IDLE -> CONNECTING -> OPEN -> IDLE
 *   IDLE -> BACKING_OFF -> IDLE ...     a Unix socket whose backlog is full
 *
 * connect(2) on a Unix socket does not wait for room in the backlog, it fails
 * with EAGAIN: that is an overload that passes, so it is tried again, at
 * growing intervals, as long as ConnectTimeout allows.
 */
#include "backend/conn.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#define BACKOFF_FIRST (5 * FCGI_LOOP_MS)
#define BACKOFF_MOST (100 * FCGI_LOOP_MS)

static void connect_next(struct fcgi_conn *conn);

static void fail(struct fcgi_conn *conn, enum fcgi_conn_failure failure,
                 int error)
{
    struct fcgi_conn_problem problem = {.failure = failure, .error = error};

    if (failure == FCGI_CONN_PROTOCOL) {
        problem.protocol = conn->response.error;
        problem.offset = conn->response.offset;
    }
    fcgi_conn_close(conn);
    conn->handlers->on_failure(conn, &problem);
}

/* Moves the deadline. The timer itself is only touched where it would fire
 * too late: that is seldom, and not in each read. */
static void set_deadline(struct fcgi_conn *conn, uint64_t deadline)
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

    set_deadline(conn, fcgi_loop_now(conn->loop) + timeout * FCGI_LOOP_MS);
}

/* Tells the loop what we wait for. A paused connection is taken out, since a
 * hang-up would be reported over and over whatever is asked for. */
static void watch(struct fcgi_conn *conn)
{
    uint32_t events = EPOLLIN | (conn->unsent ? (uint32_t)EPOLLOUT : 0);
    int result;

    if (conn->paused) {
        fcgi_loop_remove(conn->loop, &conn->io);
        return;
    }
    result = conn->io.added ? fcgi_loop_modify(conn->loop, &conn->io, events)
                            : fcgi_loop_add(conn->loop, &conn->io, events);
    if (result < 0)
        fail(conn, FCGI_CONN_BROKEN, errno);
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
        if (n >= 0)
            fcgi_request_sent(&conn->request, (size_t)n);
        else if (errno == EAGAIN)
            return 1;
        else if (errno == EPIPE || errno == ECONNRESET)
            return 0;
        else if (errno != EINTR)
            return -1;
    }
}

static void opened(struct fcgi_conn *conn)
{
    int result;

    conn->state = FCGI_CONN_OPEN;
    result = send_more(conn);
    if (result < 0) {
        fail(conn, FCGI_CONN_BROKEN, errno);
        return;
    }
    conn->unsent = result > 0;
    moved(conn);
    watch(conn);
}

/* Hands what was read to the owner; false once the connection is closed. */
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
            fcgi_conn_close(conn);
            conn->handlers->on_end(conn, &event.end);
            return false;
        case FCGI_RESPONSE_ERROR:
            fail(conn, FCGI_CONN_PROTOCOL, 0);
            return false;
        }
        if (conn->state != FCGI_CONN_OPEN)
            return false;
    }
}

static void read_more(struct fcgi_conn *conn)
{
    ssize_t n;

    do
        n = read(conn->io.fd, conn->scratch, conn->scratch_size);
    while (n < 0 && errno == EINTR);
    if (n < 0 && errno == EAGAIN)
        return;
    if (n < 0) {
        fail(conn, FCGI_CONN_BROKEN, errno);
    } else if (n == 0) {
        fail(conn, FCGI_CONN_CLOSED, 0);
    } else if (decode(conn, (size_t)n)) {
        conn->handlers->on_batch(conn);
    }
}

static void connect_failed(struct fcgi_conn *conn, int error)
{
    fcgi_loop_remove(conn->loop, &conn->io);
    if (conn->io.fd >= 0)
        close(conn->io.fd);
    conn->io.fd = -1;
    conn->state = FCGI_CONN_IDLE;
    if (error == EAGAIN) {
        uint64_t next;

        conn->state = FCGI_CONN_BACKING_OFF;
        conn->backoff = conn->backoff ? conn->backoff * 2 : BACKOFF_FIRST;
        if (conn->backoff > BACKOFF_MOST)
            conn->backoff = BACKOFF_MOST;
        next = fcgi_loop_now(conn->loop) + conn->backoff;
        set_deadline(conn, next < conn->connect_deadline
                               ? next
                               : conn->connect_deadline);
    } else if (conn->address + 1 < conn->server->n_addresses) {
        conn->address++;
        connect_next(conn);
    } else {
        fail(conn, FCGI_CONN_CONNECT, error);
    }
}

static void io_ready(struct fcgi_loop_io *io, uint32_t events)
{
    struct fcgi_conn *conn = FCGI_LOOP_OWNER(io, struct fcgi_conn, io);

    if (conn->state == FCGI_CONN_CONNECTING) {
        int error = 0;
        socklen_t length = sizeof(error);

        getsockopt(io->fd, SOL_SOCKET, SO_ERROR, &error, &length);
        if (error != 0)
            connect_failed(conn, error);
        else
            opened(conn);
        return;
    }
    if ((events & EPOLLOUT) && conn->unsent) {
        uint64_t before = conn->request.position;
        int result = send_more(conn);

        if (result < 0) {
            fail(conn, FCGI_CONN_BROKEN, errno);
            return;
        }
        conn->unsent = result > 0;
        if (conn->request.position != before || !conn->unsent)
            moved(conn);
        if (!conn->unsent)
            watch(conn);
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
            connect_next(conn);
        else
            fail(conn, FCGI_CONN_CONNECT_TIMEOUT, EAGAIN);
        break;
    case FCGI_CONN_CONNECTING:
        fail(conn, FCGI_CONN_CONNECT_TIMEOUT, 0);
        break;
    case FCGI_CONN_OPEN:
        fail(conn,
             conn->unsent ? FCGI_CONN_SEND_TIMEOUT : FCGI_CONN_READ_TIMEOUT, 0);
        break;
    }
}

static void connect_next(struct fcgi_conn *conn)
{
    const struct fcgi_address *address =
        &conn->server->addresses[conn->address];
    int family = address->addr.ss_family;

    conn->io.fd = socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (conn->io.fd < 0) {
        connect_failed(conn, errno);
        return;
    }
    if (family != AF_UNIX) {
        int on = 1;

        setsockopt(conn->io.fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    }
    if (connect(conn->io.fd, (const struct sockaddr *)&address->addr,
                address->length) == 0) {
        opened(conn);
    } else if (errno == EINPROGRESS) {
        conn->state = FCGI_CONN_CONNECTING;
        set_deadline(conn, conn->connect_deadline);
        if (fcgi_loop_add(conn->loop, &conn->io, EPOLLOUT) < 0)
            fail(conn, FCGI_CONN_CONNECT, errno);
    } else {
        connect_failed(conn, errno);
    }
}

void fcgi_conn_start(struct fcgi_conn *conn, struct fcgi_loop *loop,
                     const struct fcgi_server *server,
                     const struct fcgi_conn_handlers *handlers,
                     uint8_t *scratch, size_t scratch_size)
{
    conn->loop = loop;
    conn->server = server;
    conn->handlers = handlers;
    conn->scratch = scratch;
    conn->scratch_size = scratch_size;
    conn->state = FCGI_CONN_IDLE;
    conn->io.fd = -1;
    conn->io.ready = io_ready;
    conn->timer.fired = timer_fired;
    conn->address = 0;
    conn->backoff = 0;
    conn->paused = false;
    conn->unsent = true;
    conn->request.position = 0;
    fcgi_response_init(&conn->response, conn->request.id);
    conn->connect_deadline =
        fcgi_loop_now(loop) + server->config->connect_timeout * FCGI_LOOP_MS;
    if (server->n_addresses == 0)
        fail(conn, FCGI_CONN_CONNECT, 0);
    else
        connect_next(conn);
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

void fcgi_conn_close(struct fcgi_conn *conn)
{
    if (conn->loop == NULL)
        return;
    fcgi_loop_stop_timer(conn->loop, &conn->timer);
    fcgi_loop_remove(conn->loop, &conn->io);
    if (conn->io.fd >= 0)
        close(conn->io.fd);
    conn->io.fd = -1;
    conn->state = FCGI_CONN_IDLE;
}
