/* SPDX-License-Identifier: Apache-2.0
 *
 * The connection automaton.
 *
 *   IDLE -> CONNECTING -> OPEN -> IDLE, or KEPT -> OPEN ...
 *
 * The socket is watched before anything is sent on it: where that fails,
 * nothing of the request can have been executed. A KEPT connection stays in
 * epoll as it was: between two requests on it there is no system call but the
 * look whether it is still alive.
 *
 * An application that retires a process (PHP-FPM, pm.max_requests) may close a
 * kept connection in the very moment in which the next request goes out on it.
 * A request that must not be executed twice is therefore sent in two parts on
 * a kept connection over a Unix socket: first all up to the record that ends
 * PARAMS, before which no application may run. The rest follows when there is
 * proof that a living process has the first part: it has been read, so that
 * the socket's queue is empty (SIOCOUTQ), and the connection still stands. (A
 * close empties the queue, too, but is seen by then: the kernel marks the
 * connection before it drops what was not read.) What breaks before is known
 * not to be executed, and the owner may send it again. Each byte that is read
 * wakes an edge-triggered EPOLLOUT, so nothing is polled; the timer is there
 * for a wake-up that comes before the count is down.
 *
 * A process that reads nothing for BUSY works on something else: its connection
 * is closed, for the request to go out on another. To find that out, any
 * request is sent in two parts as long as there is reason to
 * (fcgi_server_doubt()).
 *
 * The same proof tells whether a connection that was made for its request was
 * accepted, where the owner wants to know: it may wait in the backlog of an
 * application whose processes all have one.
 */
#include "backend/conn.h"

#include <errno.h>
#include <linux/sockios.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#define PROOF_FIRST (1 * FCGI_LOOP_MS)
#define PROOF_MOST (16 * FCGI_LOOP_MS)
#define PROOF_MOST_FRESH (256 * FCGI_LOOP_MS) /* many may be in a backlog */
#define LOOKS 4 /* in ConnectTimeout, whether the host is there */
#define BUSY (100 * FCGI_LOOP_MS)
/* Bytes of one read while there is STDERR: writing lines into a log takes
 * longer than reading them, and others have their turn in between. */
#define MOAN_MOST 4096

static void close_socket(struct fcgi_conn *conn)
{
    fcgi_loop_remove(conn->loop, &conn->io);
    if (conn->io.fd >= 0)
        close(conn->io.fd);
    conn->io.fd = -1;
}

/* Whether the application has been told enough to run: nothing may before the
 * record that ends PARAMS (section 6.2). */
static bool may_run(const struct fcgi_conn *conn)
{
    return conn->request.position >=
           fcgi_request_params_end(&conn->request) + FCGI_HEADER_LEN;
}

/* Closes the connection and tells its owner. */
static void fail_call(struct fcgi_conn *conn, enum fcgi_conn_failure failure,
                      enum fcgi_syscall call, int error)
{
    struct fcgi_conn_problem problem = {
        .failure = failure,
        .call = call,
        .error = error,
        .kept = conn->kept,
        .heard = conn->heard,
        .unexecuted = !conn->heard && !may_run(conn),
        .ours = call != FCGI_CALL_NONE &&
                fcgi_fault_is_ours(fcgi_fault_of(call, error)),
    };

    if (failure == FCGI_CONN_PROTOCOL) {
        problem.protocol = conn->response.error;
        problem.offset = conn->response.offset;
    }
    if (failure != FCGI_CONN_READ_TIMEOUT)
        conn->unsent = true; /* no ABORT_REQUEST: it would not be read */
    fcgi_conn_close(conn);
    conn->handlers->on_failure(conn, &problem);
}

static void fail(struct fcgi_conn *conn, enum fcgi_conn_failure failure)
{
    fail_call(conn, failure, FCGI_CALL_NONE, 0);
}

/* When the timer is to fire: at the deadline, and over TCP earlier, to see
 * whether the host is still there. */
static uint64_t next_look(const struct fcgi_conn *conn)
{
    const struct fcgi_server_config *config = conn->server->config;
    uint64_t look = fcgi_loop_now(conn->loop) +
                    (1 + config->connect_timeout / LOOKS) * FCGI_LOOP_MS;

    return config->endpoint.kind == FCGI_ENDPOINT_TCP && look < conn->deadline
               ? look
               : conn->deadline;
}

/* Moves the deadline. The timer itself is only touched where it would fire
 * too late: that is seldom, and not in each read. */
static void set_deadline(struct fcgi_conn *conn, uint64_t deadline)
{
    conn->deadline = deadline;
    fcgi_loop_hasten_timer(conn->loop, &conn->timer, next_look(conn));
}

/* Whether all has been sent that may be before the proof. */
static bool is_held(const struct fcgi_conn *conn)
{
    return conn->proving &&
           conn->request.position >= fcgi_request_params_end(&conn->request);
}

/* Whether SendTimeout counts, and not ReadTimeout. What a connection that was
 * made for the request holds back is not what the answer waits for: either may
 * end it then, whichever is shorter. */
static bool is_sending(const struct fcgi_conn *conn)
{
    const struct fcgi_server_config *config = conn->server->config;

    return conn->unsent && (conn->kept || !is_held(conn) ||
                            config->send_timeout < config->read_timeout);
}

/* Something moved: the time for the phase that we are in begins anew. */
static void moved(struct fcgi_conn *conn)
{
    uint64_t timeout = is_sending(conn) ? conn->server->config->send_timeout
                                        : conn->server->config->read_timeout;

    if (conn->starved)
        fcgi_loop_stop_timer(conn->loop, &conn->timer);
    else
        set_deadline(conn, fcgi_loop_now(conn->loop) + timeout * FCGI_LOOP_MS);
}

/* Tells the loop what we wait for. A paused connection is taken out, since a
 * hang-up would be reported over and over whatever is asked for. False where
 * that failed, and with it the connection. */
static bool watch(struct fcgi_conn *conn)
{
    uint32_t events = EPOLLIN | (conn->unsent ? (uint32_t)EPOLLOUT : 0);
    int result;

    if (is_held(conn))
        events |= EPOLLET;
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
        fail_call(conn, FCGI_CONN_BROKEN, FCGI_CALL_EPOLL, errno);
    return result == 0;
}

/* Takes from the spans what is held back. Returns how many are left. */
static size_t hold_back(const struct fcgi_conn *conn, struct iovec *spans,
                        size_t n)
{
    uint64_t left =
        fcgi_request_params_end(&conn->request) - conn->request.position;
    size_t i;

    for (i = 0; i < n && left > 0; i++) {
        if (spans[i].iov_len > left)
            spans[i].iov_len = (size_t)left;
        left -= spans[i].iov_len;
    }
    return i;
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
        if (conn->proving)
            message.msg_iovlen = hold_back(conn, spans, message.msg_iovlen);
        if (message.msg_iovlen == 0)
            return 1;
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

enum proof {
    PROOF_PENDING,
    PROOF_COME,
    PROOF_IMPOSSIBLE, /* the system does not tell */
    PROOF_NEVER,      /* closed */
};

/* Bytes from the other side are none of our business here, and what we are
 * short of tells nothing of it. */
static enum proof look_for_proof(const struct fcgi_conn *conn)
{
    int unread = 0;
    ssize_t n;
    char byte;

    if (ioctl(conn->io.fd, SIOCOUTQ, &unread) < 0)
        return PROOF_IMPOSSIBLE;
    if (unread > 0)
        return PROOF_PENDING;
    n = recv(conn->io.fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT);
    if (n > 0 || (n < 0 && (errno == EAGAIN || errno == EINTR)))
        return PROOF_COME;
    return n < 0 && fcgi_fault_of(FCGI_CALL_READ, errno) == FCGI_FAULT_SHORTAGE
               ? PROOF_IMPOSSIBLE
               : PROOF_NEVER;
}

/* Whether the request is on a kept connection whose process may be busy. */
static bool may_be_busy(const struct fcgi_conn *conn)
{
    return conn->kept &&
           conn->server->config->endpoint.kind == FCGI_ENDPOINT_UNIX;
}

static bool is_late(const struct fcgi_conn *conn)
{
    return fcgi_loop_now(conn->loop) >= conn->started + BUSY;
}

/* Looks again a little later. */
static void wait_for_proof(struct fcgi_conn *conn)
{
    uint64_t most = conn->kept ? PROOF_MOST : PROOF_MOST_FRESH;

    conn->proof_wait =
        conn->proof_wait > 0 ? conn->proof_wait * 2 : PROOF_FIRST;
    if (conn->proof_wait > most)
        conn->proof_wait = most;
    fcgi_loop_hasten_timer(conn->loop, &conn->timer,
                           fcgi_loop_now(conn->loop) + conn->proof_wait);
}

/* Sends what can be sent now, and waits for what is needed for the rest. False
 * where that failed, and with it the connection. Then tell_sent() is due. */
static bool push(struct fcgi_conn *conn)
{
    enum proof proof;
    int result;

    do {
        proof = PROOF_PENDING;
        result = send_more(conn);
        if (result < 0) {
            fail_call(conn, FCGI_CONN_BROKEN, FCGI_CALL_SEND, errno);
            return false;
        }
        if (is_held(conn))
            proof = look_for_proof(conn);
        /* Only a kept connection needs it. */
        if (proof == PROOF_NEVER || (proof == PROOF_IMPOSSIBLE && conn->kept)) {
            fail(conn, FCGI_CONN_CLOSED);
            return false;
        }
        if (proof == PROOF_PENDING && is_held(conn) && may_be_busy(conn) &&
            is_late(conn)) {
            fcgi_server_doubt(conn->server);
            conn->served = 0; /* it was not the application that closed it */
            fail(conn, FCGI_CONN_CLOSED);
            return false;
        }
        if (proof != PROOF_PENDING)
            conn->proving = false;
        if (proof == PROOF_COME && conn->kept)
            fcgi_server_trust(conn->server);
        else if (proof == PROOF_COME && !conn->heard)
            conn->on_accepted(conn);
    } while (proof != PROOF_PENDING);
    conn->unsent = result > 0;
    conn->starved = !conn->unsent && !conn->peer_closed_read &&
                    !fcgi_request_is_sent(&conn->request);
    if (is_held(conn))
        wait_for_proof(conn);
    return watch(conn);
}

/* There may be room, or a proof. */
static bool push_on(struct fcgi_conn *conn)
{
    uint64_t before = conn->request.position;

    if (!push(conn))
        return false;
    if (conn->request.position != before || !conn->unsent)
        moved(conn);
    return true;
}

/* Asks the owner for more of the request, or tells it that none is taken. */
static void tell_sent(struct fcgi_conn *conn)
{
    if (conn->state == FCGI_CONN_OPEN && conn->handlers->on_sent != NULL &&
        (conn->starved || conn->peer_closed_read))
        conn->handlers->on_sent(conn);
}

static void send_first(struct fcgi_conn *conn)
{
    if (!push(conn))
        return;
    moved(conn);
    if (may_be_busy(conn) && !conn->starved)
        fcgi_loop_hasten_timer(conn->loop, &conn->timer, conn->started + BUSY);
    tell_sent(conn);
}

/* The host may have been busy for longer than any timeout: what the application
 * does is judged from now on. */
static void on_turn(struct fcgi_loop_task *task)
{
    struct fcgi_conn *conn = FCGI_LOOP_OWNER(task, struct fcgi_conn, turn);

    conn->started = fcgi_loop_now(conn->loop);
    send_first(conn);
}

/*
 * Whether the request goes out with others. Not on a new connection: who
 * accepts it is awake, and its time counts already. Nor where all that there is
 * against an execution that nobody knows of is that the connection has just
 * been looked at.
 */
static bool may_wait(const struct fcgi_conn *conn)
{
    return conn->kept && (conn->proving || !conn->once) &&
           fcgi_loop_is_gathering(conn->loop);
}

/* There is a connection, which is watched: the request goes out. */
static void opened(struct fcgi_conn *conn)
{
    conn->state = FCGI_CONN_OPEN;
    if (conn->handlers->on_open != NULL)
        conn->handlers->on_open(conn);
    if (conn->state != FCGI_CONN_OPEN)
        return;
    if (may_wait(conn))
        fcgi_loop_defer(conn->loop, &conn->turn);
    else
        send_first(conn);
}

void fcgi_conn_more(struct fcgi_conn *conn)
{
    if (conn->state != FCGI_CONN_OPEN || conn->paused || !conn->starved ||
        !push(conn))
        return;
    moved(conn);
    tell_sent(conn);
}

static void dialed(struct fcgi_dial *dial, int fd)
{
    struct fcgi_conn *conn = FCGI_LOOP_OWNER(dial, struct fcgi_conn, dial);
    const struct fcgi_dial_failure *failure = &dial->failure;
    bool late = failure->fault == FCGI_FAULT_TIMEOUT ||
                failure->fault == FCGI_FAULT_FULL;

    fcgi_addresses_unref(conn->addresses);
    conn->addresses = NULL;
    if (fd < 0) {
        fail_call(conn, late ? FCGI_CONN_CONNECT_TIMEOUT : FCGI_CONN_CONNECT,
                  failure->call, failure->error);
        return;
    }
    conn->io.fd = fd;
    conn->watched = EPOLLIN;
    if (fcgi_loop_add(conn->loop, &conn->io, EPOLLIN) < 0)
        fail_call(conn, FCGI_CONN_CONNECT, FCGI_CALL_EPOLL, errno);
    else
        opened(conn);
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
        !conn->starved && !conn->peer_closed_read && used == length &&
        !conn->paused && conn->response.state == FCGI_RESPONSE_FINISHED) {
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
            conn->moans = true;
            conn->handlers->on_stderr(conn, event.bytes, event.length);
            break;
        case FCGI_RESPONSE_END:
            ended(conn, bytes, length, &event.end);
            return false;
        case FCGI_RESPONSE_ERROR:
            fail(conn, FCGI_CONN_PROTOCOL);
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

    if (conn->moans && most > MOAN_MOST)
        most = MOAN_MOST;
    conn->moans = false;
    do
        n = recv(conn->io.fd, conn->scratch, most, 0);
    while (n < 0 && errno == EINTR);
    if (n < 0 && errno == EAGAIN)
        return;
    if (n < 0) {
        fail_call(conn, FCGI_CONN_BROKEN, FCGI_CALL_READ, errno);
        return;
    }
    if (n == 0) {
        fail(conn, FCGI_CONN_CLOSED);
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
    if ((events & EPOLLOUT) && conn->unsent) {
        if (!push_on(conn))
            return;
        tell_sent(conn);
    }
    if (conn->state == FCGI_CONN_OPEN &&
        (events & (EPOLLIN | EPOLLHUP | EPOLLERR)))
        read_more(conn);
}

static bool is_lost(const struct fcgi_conn *conn)
{
    const struct fcgi_server_config *config = conn->server->config;

    return config->endpoint.kind == FCGI_ENDPOINT_TCP &&
           fcgi_dial_is_lost(conn->io.fd, config->connect_timeout);
}

static void timer_fired(struct fcgi_loop_timer *timer)
{
    struct fcgi_conn *conn = FCGI_LOOP_OWNER(timer, struct fcgi_conn, timer);
    uint64_t now = fcgi_loop_now(conn->loop);

    if (conn->paused || conn->turn.queued)
        return; /* resuming, or sending, sets it anew */
    if (now < conn->deadline && conn->state == FCGI_CONN_OPEN &&
        is_held(conn)) {
        if (push_on(conn))
            tell_sent(conn);
        return;
    }
    if (conn->state == FCGI_CONN_OPEN && may_be_busy(conn) && !conn->heard &&
        is_late(conn))
        fcgi_server_doubt(conn->server);
    if (conn->state == FCGI_CONN_OPEN && is_lost(conn)) {
        fail_call(conn, FCGI_CONN_BROKEN, FCGI_CALL_READ, ETIMEDOUT);
        return;
    }
    if (now < conn->deadline) {
        fcgi_loop_set_timer(conn->loop, timer, next_look(conn));
        return;
    }
    switch (conn->state) {
    case FCGI_CONN_IDLE:
    case FCGI_CONN_CONNECTING: /* the dial has its own */
        break;
    case FCGI_CONN_KEPT:
        die(conn);
        break;
    case FCGI_CONN_OPEN:
        fail(conn, is_sending(conn) ? FCGI_CONN_SEND_TIMEOUT
                                    : FCGI_CONN_READ_TIMEOUT);
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
    conn->turn.run = on_turn;
    fcgi_dial_init(&conn->dial, loop);
}

void fcgi_conn_start(struct fcgi_conn *conn,
                     const struct fcgi_conn_handlers *handlers)
{
    conn->handlers = handlers;
    conn->kept = conn->state == FCGI_CONN_KEPT;
    conn->heard = conn->peer_closed_read = false;
    conn->paused = false;
    conn->unsent = true;
    conn->starved = false;
    conn->proving = may_be_busy(conn)
                        ? conn->once || fcgi_server_is_doubted(conn->server)
                        : !conn->kept && conn->on_accepted != NULL;
    conn->proof_wait = 0;
    conn->bytes_in = conn->bytes_out = 0;
    conn->read_most = conn->scratch_size;
    fcgi_request_restart(&conn->request);
    conn->started = fcgi_loop_now(conn->loop);
    fcgi_response_init(&conn->response, conn->request.id);
    if (conn->kept) {
        opened(conn);
        return;
    }
    conn->served = 0;
    conn->addresses = fcgi_server_addresses(conn->server);
    if (conn->addresses == NULL) {
        fail(conn, FCGI_CONN_CONNECT);
        return;
    }
    conn->state = FCGI_CONN_CONNECTING;
    fcgi_dial_start(&conn->dial, conn->addresses->list, conn->addresses->n,
                    conn->started +
                        conn->server->config->connect_timeout * FCGI_LOOP_MS,
                    dialed);
}

bool fcgi_conn_is_alive(const struct fcgi_conn *conn)
{
    char byte;

    return conn->state == FCGI_CONN_KEPT &&
           recv(conn->io.fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) < 0 &&
           (errno == EAGAIN || errno == EINTR);
}

int fcgi_conn_detach(struct fcgi_conn *conn)
{
    int fd = conn->io.fd;

    fcgi_loop_remove(conn->loop, &conn->io);
    conn->io.fd = -1;
    fcgi_conn_close(conn);
    return fd;
}

bool fcgi_conn_attach(struct fcgi_conn *conn, int fd)
{
    conn->io.fd = fd;
    conn->watched = EPOLLIN;
    if (fcgi_loop_add(conn->loop, &conn->io, EPOLLIN) < 0) {
        close_socket(conn);
        return false;
    }
    conn->state = FCGI_CONN_KEPT;
    return true;
}

void fcgi_conn_keep(struct fcgi_conn *conn, uint64_t deadline)
{
    set_deadline(conn, deadline);
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
    if (watch(conn))
        fcgi_conn_more(conn);
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
    fcgi_loop_cancel(conn->loop, &conn->turn);
    fcgi_dial_cancel(&conn->dial);
    close_socket(conn);
    fcgi_addresses_unref(conn->addresses);
    conn->addresses = NULL;
    conn->state = FCGI_CONN_IDLE;
}
