/* SPDX-License-Identifier: Apache-2.0
 *
 * The automaton of a probe: how it gets a connection, what it says over it,
 * what it makes of the answer, and how it ends.
 *
 *   IDLE -> RESOLVING -> CONNECTING -> TALKING -> DONE -> IDLE
 *           (a name)                      `-> SNIFFING -> DONE
 *
 * A failure leads to DONE from any state. on_done is called from a task of the
 * loop, so that a caller may start the next probe there without recursion.
 *
 * FCGI_GET_VALUES always has padding: libfcgi 2.4.2 waits for ever behind a
 * record of it without. The padding is line ends, which FastCGI applications
 * do not look at, while a server of another protocol, which waits for a line
 * to end, answers, so that it can be named.
 */
#include "probe/probe.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "config/escape.h"
#include "probe/failure.h"

uint64_t fcgi_probe_clock(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (uint64_t)ts.tv_sec * UINT64_C(1000000000) + (uint64_t)ts.tv_nsec;
}

/* Ends the current phase, with its time, and begins `phase`. */
static void enter(struct fcgi_probe *probe, enum fcgi_phase phase)
{
    uint64_t now = fcgi_probe_clock();

    probe->result.times[probe->result.phase] += now - probe->mark;
    probe->mark = now;
    probe->result.phase = phase;
}

static void disconnect(struct fcgi_probe *probe)
{
    fcgi_dial_cancel(&probe->dial);
    fcgi_loop_remove(probe->loop, &probe->io);
    if (probe->io.fd >= 0)
        close(probe->io.fd);
    probe->io.fd = -1;
    probe->kept = false;
}

static void stop_resolving(struct fcgi_probe *probe)
{
    fcgi_loop_remove(probe->loop, &probe->resolve_io);
    fcgi_resolve_cancel(probe->resolve);
    probe->resolve = NULL;
}

/* Ends the probe; the connection is closed unless `kept` is set. */
static void finish(struct fcgi_probe *probe, enum fcgi_failure failure,
                   int error)
{
    struct fcgi_probe_result *result = &probe->result;

    enter(probe, result->phase);
    result->total = 0;
    for (int i = FCGI_PHASE_CONNECT; i < FCGI_PHASES; i++)
        result->total += result->times[i];
    result->failure = failure;
    result->error = error;
    fcgi_loop_stop_timer(probe->loop, &probe->timer);
    stop_resolving(probe);
    if (!probe->kept)
        disconnect(probe);
    probe->state = FCGI_PROBE_DONE;
    fcgi_loop_defer(probe->loop, &probe->task);
}

static void report_done(struct fcgi_loop_task *task)
{
    struct fcgi_probe *probe = FCGI_LOOP_OWNER(task, struct fcgi_probe, task);

    probe->state = FCGI_PROBE_IDLE;
    probe->handlers->on_done(probe);
}

static uint64_t earlier(uint64_t a, uint64_t b)
{
    return a == 0 ? b : b == 0 || a < b ? a : b;
}

/* Sets the timer to the first of what is due, `also` included (0: nothing). */
static void set_timer(struct fcgi_probe *probe, uint64_t also)
{
    const struct fcgi_probe_options *options = probe->options;
    uint64_t when = earlier(probe->deadline, also);

    if (probe->state == FCGI_PROBE_TALKING && options->idle_timeout != 0)
        when = earlier(when, probe->moved + options->idle_timeout);
    if (when != 0)
        fcgi_loop_set_timer(probe->loop, &probe->timer, when);
}

/* The failure that a fault of the connection is. */
static enum fcgi_failure failure_of(enum fcgi_fault fault)
{
    static const enum fcgi_failure failures[] = {
        [FCGI_FAULT_NONE] = FCGI_FAILURE_NONE,
        [FCGI_FAULT_UNREACHABLE] = FCGI_FAILURE_UNREACHABLE,
        [FCGI_FAULT_NO_PORT] = FCGI_FAILURE_LOCAL,
        [FCGI_FAULT_RESET] = FCGI_FAILURE_RESET,
        [FCGI_FAULT_TIMEOUT] = FCGI_FAILURE_TIMEOUT,
        [FCGI_FAULT_FULL] = FCGI_FAILURE_TIMEOUT,
        [FCGI_FAULT_DENIED] = FCGI_FAILURE_DENIED,
        [FCGI_FAULT_NO_SOCKET] = FCGI_FAILURE_NO_SOCKET,
        [FCGI_FAULT_REFUSED] = FCGI_FAILURE_REFUSED,
        [FCGI_FAULT_SHORTAGE] = FCGI_FAILURE_LOCAL,
    };

    return failures[fault];
}

/* --- over the connection ------------------------------------------------- */

#define READ_SIZE 65536
#define READS 16 /* in a row, so that no target keeps the others waiting */
#define SNIFF_TIME (250 * FCGI_LOOP_MS)
#define HELLO_PADDING 8

static _Thread_local uint8_t scratch[READ_SIZE];

/* 2 + 14, 2 + 13 and 2 + 15 bytes. */
#define HELLO_CONTENT 48
_Static_assert(FCGI_HEADER_LEN + HELLO_CONTENT + HELLO_PADDING ==
                   FCGI_PROBE_HELLO,
               "the record fills its room");

static void again(struct fcgi_probe *probe);

static void make_hello(uint8_t hello[static FCGI_PROBE_HELLO])
{
    const struct fcgi_record record = {.type = FCGI_GET_VALUES,
                                       .request_id = FCGI_NULL_REQUEST_ID,
                                       .content_length = HELLO_CONTENT,
                                       .padding_length = HELLO_PADDING};
    size_t n = fcgi_record_encode(hello, FCGI_PROBE_HELLO, &record);

    for (int i = 0; i < FCGI_VALUES; i++) {
        const char *name = fcgi_value_name((enum fcgi_value)i);
        const struct fcgi_pair pair = {.name_length = (uint32_t)strlen(name)};

        n += fcgi_pair_encode(hello + n, FCGI_PROBE_HELLO - n, &pair);
        memcpy(hello + n, name, pair.name_length);
        n += pair.name_length;
    }
    memcpy(hello + n, "\r\n\r\n\r\n\r\n", HELLO_PADDING);
}

static void prepare(struct fcgi_probe *probe)
{
    const struct fcgi_probe_options *options = probe->options;

    probe->ended = false;
    probe->n_content = 0;
    probe->hello_sent = 0;
    memset(&probe->walk, 0, sizeof(probe->walk));
    memset(&probe->sent_walk, 0, sizeof(probe->sent_walk));
    if (options->kind == FCGI_PROBE_VALUES)
        make_hello(probe->hello);
    if (options->kind == FCGI_PROBE_REQUEST) {
        fcgi_request_init(&probe->request, 1, options->role,
                          options->keep ? FCGI_KEEP_CONN : 0, options->params,
                          options->params_length, options->body,
                          options->body_length);
        fcgi_response_init(&probe->response, 1);
    }
}

/* --- what is sent ---------------------------------------------------------
 */

static size_t spans(struct fcgi_probe *probe, struct iovec *iov)
{
    if (probe->options->kind == FCGI_PROBE_REQUEST)
        return fcgi_request_spans(&probe->request, iov);
    iov->iov_base = probe->hello + probe->hello_sent;
    iov->iov_len = FCGI_PROBE_HELLO - probe->hello_sent;
    return iov->iov_len > 0 ? 1 : 0;
}

static void trace_sent(struct fcgi_probe *probe, const struct iovec *iov,
                       size_t length)
{
    enum fcgi_record_walk_event event;

    for (; length > 0; iov++) {
        const uint8_t *bytes = iov->iov_base;
        size_t left = iov->iov_len < length ? iov->iov_len : length;

        length -= left;
        do {
            size_t n =
                fcgi_record_walk_feed(&probe->sent_walk, bytes, left, &event);

            bytes += n;
            left -= n;
            if (event == FCGI_RECORD_WALK_HEADER)
                probe->handlers->on_record(probe, true, probe->sent_walk.begin,
                                           &probe->sent_walk.record);
        } while (event != FCGI_RECORD_WALK_MORE);
    }
}

/* Sends what the socket takes; false where the probe has ended. A peer that
 * takes no more may have answered already: whoever reads finds the end. */
static bool send_more(struct fcgi_probe *probe)
{
    struct iovec iov[FCGI_REQUEST_SPANS];
    struct msghdr message = {.msg_iov = iov};
    ssize_t n;

    while (probe->unsent) {
        message.msg_iovlen = spans(probe, iov);
        if (message.msg_iovlen == 0) {
            probe->unsent = false;
            if (probe->result.phase == FCGI_PHASE_SEND)
                enter(probe, FCGI_PHASE_FIRST_BYTE);
            break;
        }
        n = sendmsg(probe->io.fd, &message, MSG_NOSIGNAL);
        if (n >= 0) {
            if (probe->handlers->on_record != NULL)
                trace_sent(probe, iov, (size_t)n);
            if (probe->options->kind == FCGI_PROBE_REQUEST)
                fcgi_request_sent(&probe->request, (size_t)n);
            else
                probe->hello_sent += (size_t)n;
            probe->moved = fcgi_probe_clock();
        } else if (errno == EAGAIN) {
            break;
        } else if (errno == EPIPE || errno == ECONNRESET) {
            probe->unsent = false;
        } else if (errno != EINTR) {
            int error = errno;

            finish(probe, failure_of(fcgi_fault_of(FCGI_CALL_SEND, error)),
                   error);
            return false;
        }
    }
    return true;
}

static void begin(struct fcgi_probe *probe)
{
    uint32_t events;

    probe->unsent = true;
    if (!send_more(probe))
        return;
    events = EPOLLIN | (probe->unsent ? (uint32_t)EPOLLOUT : 0);
    if (fcgi_loop_add(probe->loop, &probe->io, events) < 0)
        finish(probe, FCGI_FAILURE_LOCAL, errno);
}

/* --- what comes -----------------------------------------------------------
 */

/* The answer is whole. */
static void answered(struct fcgi_probe *probe, bool clean)
{
    static const enum fcgi_failure failures[] = {
        [FCGI_REQUEST_COMPLETE] = FCGI_FAILURE_NONE,
        [FCGI_CANT_MPX_CONN] = FCGI_FAILURE_NO_MPX,
        [FCGI_OVERLOADED] = FCGI_FAILURE_OVERLOADED,
        [FCGI_UNKNOWN_ROLE] = FCGI_FAILURE_UNKNOWN_ROLE,
    };
    uint8_t status = probe->result.end.protocol_status;

    if (status > FCGI_UNKNOWN_ROLE) {
        probe->result.why = "END_REQUEST with an unknown protocol status";
        finish(probe, FCGI_FAILURE_PROTOCOL, 0);
        return;
    }
    fcgi_loop_remove(probe->loop, &probe->io);
    probe->kept = probe->options->keep && clean && !probe->unsent &&
                  failures[status] == FCGI_FAILURE_NONE;
    finish(probe, failures[status], 0);
}

static void broken(struct fcgi_probe *probe, const char *why, uint64_t offset)
{
    probe->result.why = why;
    probe->result.offset = offset;
    finish(probe, FCGI_FAILURE_PROTOCOL, 0);
}

/* Keeps the values that were asked for; false where a pair is broken. What is
 * more than fits is none of them. */
static bool parse_values(struct fcgi_probe *probe)
{
    const uint8_t *bytes = probe->content;
    bool whole = probe->n_content <= sizeof(probe->content);
    size_t left = whole ? probe->n_content : sizeof(probe->content);
    struct fcgi_pair pair;

    while (left > 0) {
        size_t n = fcgi_pair_decode(bytes, left, &pair);

        if (n == 0 || (uint64_t)pair.name_length + pair.value_length > left - n)
            return !whole;
        bytes += n;
        for (int i = 0; i < FCGI_VALUES; i++) {
            const char *name = fcgi_value_name((enum fcgi_value)i);

            if (pair.name_length == strlen(name) &&
                memcmp(bytes, name, pair.name_length) == 0)
                fcgi_escape(probe->result.values[i], FCGI_PROBE_VALUE, 0,
                            (const char *)bytes + pair.name_length,
                            pair.value_length);
        }
        bytes += (size_t)pair.name_length + pair.value_length;
        left -= n + pair.name_length + pair.value_length;
    }
    return true;
}

/* A record of the answer to FCGI_GET_VALUES has begun. */
static bool judge_record(struct fcgi_probe *probe)
{
    const struct fcgi_record *record = &probe->walk.record;
    const char *why = NULL;

    if (record->request_id != FCGI_NULL_REQUEST_ID)
        why = "a record for a request, where none was made";
    else if (record->type != FCGI_GET_VALUES_RESULT &&
             record->type != FCGI_UNKNOWN_TYPE)
        why = "a record of another type than FCGI_GET_VALUES_RESULT";
    if (why != NULL)
        broken(probe, why, probe->walk.begin);
    return why == NULL;
}

static void take_values(struct fcgi_probe *probe, const uint8_t *bytes,
                        size_t length)
{
    struct fcgi_record_walk *walk = &probe->walk;
    enum fcgi_record_walk_event event;

    do {
        size_t n = fcgi_record_walk_feed(walk, bytes, length, &event);

        bytes += n;
        length -= n;
        if (event == FCGI_RECORD_WALK_HEADER) {
            if (probe->handlers->on_record != NULL)
                probe->handlers->on_record(probe, false, walk->begin,
                                           &walk->record);
            if (!judge_record(probe))
                return;
        } else if (event == FCGI_RECORD_WALK_CONTENT) {
            for (size_t i = 0; i < walk->length; i++, probe->n_content++)
                if (probe->n_content < sizeof(probe->content))
                    probe->content[probe->n_content] = walk->bytes[i];
        } else if (event == FCGI_RECORD_WALK_END) {
            probe->result.unknown_type = walk->record.type == FCGI_UNKNOWN_TYPE;
            if (probe->result.unknown_type || parse_values(probe))
                answered(probe, length == 0);
            else
                broken(probe, "a name-value pair that its record does not hold",
                       walk->begin);
            return;
        }
    } while (event != FCGI_RECORD_WALK_MORE);
}

static void trace_received(struct fcgi_probe *probe, const uint8_t *bytes,
                           size_t length)
{
    enum fcgi_record_walk_event event;

    do {
        size_t n = fcgi_record_walk_feed(&probe->walk, bytes, length, &event);

        bytes += n;
        length -= n;
        if (event == FCGI_RECORD_WALK_HEADER)
            probe->handlers->on_record(probe, false, probe->walk.begin,
                                       &probe->walk.record);
    } while (event != FCGI_RECORD_WALK_MORE);
}

static void take_response(struct fcgi_probe *probe, const uint8_t *bytes,
                          size_t length)
{
    const struct fcgi_probe_handlers *handlers = probe->handlers;
    struct fcgi_response_event event;

    if (handlers->on_record != NULL)
        trace_received(probe, bytes, length);
    do {
        size_t n = fcgi_response_feed(&probe->response, bytes, length, &event);

        bytes += n;
        length -= n;
        switch (event.type) {
        case FCGI_RESPONSE_STDOUT:
            probe->result.stdout_bytes += event.length;
            if (handlers->on_stdout != NULL)
                handlers->on_stdout(probe, event.bytes, event.length);
            break;
        case FCGI_RESPONSE_STDERR:
            probe->result.stderr_bytes += event.length;
            if (handlers->on_stderr != NULL)
                handlers->on_stderr(probe, event.bytes, event.length);
            break;
        case FCGI_RESPONSE_END:
            probe->result.end = event.end;
            probe->ended = true;
            break;
        case FCGI_RESPONSE_ERROR:
            broken(probe, fcgi_response_strerror(event.error),
                   probe->response.offset - FCGI_HEADER_LEN);
            return;
        case FCGI_RESPONSE_NONE:
            break;
        }
    } while (event.type != FCGI_RESPONSE_NONE);
    if (probe->response.state == FCGI_RESPONSE_FINISHED)
        answered(probe, length == 0);
}

/* The first byte of FastCGI is its version. Anything else is some other
 * protocol, of which a few bytes are worth a short wait. */
static void sniff(struct fcgi_probe *probe)
{
    if (probe->result.n_first == sizeof(probe->result.first) ||
        memchr(probe->result.first, '\n', probe->result.n_first) != NULL) {
        finish(probe, FCGI_FAILURE_NOT_FASTCGI, 0);
    } else if (probe->state != FCGI_PROBE_SNIFFING) {
        probe->state = FCGI_PROBE_SNIFFING;
        set_timer(probe, fcgi_probe_clock() + SNIFF_TIME);
    }
}

static void take(struct fcgi_probe *probe, size_t length)
{
    struct fcgi_probe_result *result = &probe->result;
    size_t room = sizeof(result->first) - result->n_first;

    if (result->bytes == 0)
        enter(probe, FCGI_PHASE_REST);
    probe->moved = fcgi_probe_clock();
    result->bytes += length;
    if (room > length)
        room = length;
    memcpy(result->first + result->n_first, scratch, room);
    result->n_first += room;
    if (result->first[0] != FCGI_VERSION)
        sniff(probe);
    else if (probe->options->kind == FCGI_PROBE_VALUES)
        take_values(probe, scratch, length);
    else
        take_response(probe, scratch, length);
}

/* The peer has closed, or (`error`) the connection is broken. */
static void closed(struct fcgi_probe *probe, int error)
{
    enum fcgi_failure failure = FCGI_FAILURE_CLOSED;

    if (probe->state == FCGI_PROBE_SNIFFING) {
        failure = FCGI_FAILURE_NOT_FASTCGI;
        error = 0;
    } else if (probe->ended) {
        answered(probe, false);
        return;
    } else if (probe->result.reused && probe->result.bytes == 0 &&
               (probe->options->kind == FCGI_PROBE_VALUES ||
                probe->options->repeatable)) {
        /* It was closed as we began to use it, and did not look at that. */
        again(probe);
        return;
    } else if (error != 0) {
        failure = failure_of(fcgi_fault_of(FCGI_CALL_READ, error));
    }
    finish(probe, failure, error);
}

static void receive(struct fcgi_probe *probe)
{
    for (int i = 0; i < READS; i++) {
        ssize_t n = recv(probe->io.fd, scratch, sizeof(scratch), 0);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0 && errno == EAGAIN)
            return;
        if (n <= 0) {
            closed(probe, n == 0 ? 0 : errno);
            return;
        }
        take(probe, (size_t)n);
        if ((size_t)n < sizeof(scratch) ||
            (probe->state != FCGI_PROBE_TALKING &&
             probe->state != FCGI_PROBE_SNIFFING))
            return;
    }
}

static void ready(struct fcgi_probe *probe, uint32_t events)
{
    bool unsent = probe->unsent;

    if (events & (EPOLLIN | EPOLLHUP | EPOLLERR))
        receive(probe);
    if (probe->state != FCGI_PROBE_TALKING || !unsent || !probe->io.added)
        return;
    if ((events & EPOLLOUT) && !send_more(probe))
        return;
    if (!probe->unsent &&
        fcgi_loop_modify(probe->loop, &probe->io, EPOLLIN) < 0)
        finish(probe, FCGI_FAILURE_LOCAL, errno);
}

/* --- to the connection ---------------------------------------------------- */

static void timer_fired(struct fcgi_loop_timer *timer)
{
    struct fcgi_probe *probe = FCGI_LOOP_OWNER(timer, struct fcgi_probe, timer);
    uint64_t now = fcgi_probe_clock();
    bool over = probe->deadline != 0 && now >= probe->deadline;

    switch (probe->state) {
    case FCGI_PROBE_SNIFFING:
        finish(probe, FCGI_FAILURE_NOT_FASTCGI, 0);
        return;
    case FCGI_PROBE_TALKING:
        /* Bytes may have moved since the timer was set. */
        if (!over && now < probe->moved + probe->options->idle_timeout) {
            set_timer(probe, 0);
            return;
        }
        finish(probe, FCGI_FAILURE_TIMEOUT, 0);
        return;
    case FCGI_PROBE_RESOLVING:
        finish(probe, FCGI_FAILURE_TIMEOUT, 0);
        return;
    case FCGI_PROBE_IDLE:
    case FCGI_PROBE_CONNECTING: /* the dial has its own */
    case FCGI_PROBE_DONE:
        return;
    }
}

static void connected(struct fcgi_probe *probe)
{
    probe->state = FCGI_PROBE_TALKING;
    if (probe->options->kind == FCGI_PROBE_CONNECT) {
        finish(probe, FCGI_FAILURE_NONE, 0);
        return;
    }
    enter(probe, FCGI_PHASE_SEND);
    probe->moved = probe->mark;
    set_timer(probe, 0);
    begin(probe);
}

static void io_ready(struct fcgi_loop_io *io, uint32_t events)
{
    ready(FCGI_LOOP_OWNER(io, struct fcgi_probe, io), events);
}

static void dialed(struct fcgi_dial *dial, int fd)
{
    struct fcgi_probe *probe = FCGI_LOOP_OWNER(dial, struct fcgi_probe, dial);
    struct fcgi_address *addresses = probe->addresses;
    struct fcgi_address used = addresses[dial->address];

    probe->result.peer = used;
    if (fd >= 0) {
        /* The next probe begins with the address that did it. */
        addresses[dial->address] = addresses[0];
        addresses[0] = used;
        probe->io.fd = fd;
        connected(probe);
        return;
    }
    /* A name is looked up anew the next time, for the application may have
     * moved. */
    if (fcgi_endpoint_is_name(probe->endpoint)) {
        free(addresses);
        probe->addresses = NULL;
    }
    finish(probe, failure_of(dial->failure.fault), dial->failure.error);
}

/* Leaves only the addresses of the family that is asked for. */
static void filter(struct fcgi_probe *probe)
{
    size_t n = 0;

    for (size_t i = 0; i < probe->n_addresses; i++) {
        int family = probe->addresses[i].addr.ss_family;

        if (probe->options->family == AF_UNSPEC || family == AF_UNIX ||
            family == probe->options->family)
            probe->addresses[n++] = probe->addresses[i];
    }
    probe->n_addresses = n;
}

static void resolved(struct fcgi_probe *probe, const char *why)
{
    uint64_t end = probe->options->connect_timeout;

    if (probe->addresses == NULL) {
        probe->result.why = why;
        finish(probe, FCGI_FAILURE_RESOLVE, 0);
        return;
    }
    filter(probe);
    if (probe->n_addresses == 0) {
        probe->result.why = probe->options->family == AF_INET
                                ? "it has no IPv4 address"
                                : "it has no IPv6 address";
        free(probe->addresses);
        probe->addresses = NULL;
        finish(probe, FCGI_FAILURE_RESOLVE, 0);
        return;
    }
    enter(probe, FCGI_PHASE_CONNECT);
    probe->state = FCGI_PROBE_CONNECTING;
    end = earlier(probe->deadline, end == 0 ? 0 : probe->mark + end);
    fcgi_dial_start(&probe->dial, probe->addresses, probe->n_addresses,
                    end == 0 ? FCGI_DIAL_NEVER : end, dialed);
}

static void resolve_ready(struct fcgi_loop_io *io, uint32_t events)
{
    struct fcgi_probe *probe =
        FCGI_LOOP_OWNER(io, struct fcgi_probe, resolve_io);
    struct fcgi_resolve *resolve = probe->resolve;
    const char *why;

    (void)events;
    fcgi_loop_remove(probe->loop, io);
    probe->resolve = NULL;
    probe->addresses = fcgi_resolve_take(resolve, &probe->n_addresses, &why);
    resolved(probe, why);
}

static void look_up(struct fcgi_probe *probe)
{
    const char *why = NULL;

    probe->state = FCGI_PROBE_RESOLVING;
    if (probe->addresses != NULL) { /* of the last time */
        resolved(probe, NULL);
        return;
    }
    if (!fcgi_endpoint_is_name(probe->endpoint)) {
        probe->addresses =
            fcgi_address_resolve(probe->endpoint, &probe->n_addresses, &why);
        resolved(probe, why);
        return;
    }
    set_timer(probe, 0);
    probe->resolve = fcgi_resolve_start(probe->endpoint);
    if (probe->resolve != NULL) {
        probe->resolve_io.fd = fcgi_resolve_fd(probe->resolve);
        if (fcgi_loop_add(probe->loop, &probe->resolve_io, EPOLLIN) == 0)
            return;
    }
    finish(probe, FCGI_FAILURE_LOCAL, errno);
}

/* Whether a kept connection still stands, and is silent. */
static bool is_fit(struct fcgi_probe *probe)
{
    uint8_t byte;
    ssize_t n = recv(probe->io.fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT);

    return n < 0 && errno == EAGAIN;
}

/* Starts once more, on a new connection. */
static void again(struct fcgi_probe *probe)
{
    disconnect(probe);
    fcgi_loop_stop_timer(probe->loop, &probe->timer);
    fcgi_probe_start(probe);
}

void fcgi_probe_start(struct fcgi_probe *probe)
{
    struct fcgi_probe_result *result = &probe->result;
    const struct fcgi_probe_options *options = probe->options;

    memset(result, 0, sizeof(*result));
    result->started = probe->mark = fcgi_probe_clock();
    result->phase = FCGI_PHASE_RESOLVE;
    probe->deadline =
        options->timeout == 0 ? 0 : result->started + options->timeout;
    prepare(probe);
    if (probe->kept && is_fit(probe)) {
        probe->kept = false;
        result->reused = true;
        result->peer = probe->addresses[0];
        enter(probe, FCGI_PHASE_CONNECT);
        connected(probe);
        return;
    }
    disconnect(probe);
    look_up(probe);
}

void fcgi_probe_init(struct fcgi_probe *probe, struct fcgi_loop *loop,
                     const struct fcgi_endpoint *endpoint,
                     const struct fcgi_probe_options *options,
                     const struct fcgi_probe_handlers *handlers)
{
    memset(probe, 0, sizeof(*probe));
    probe->loop = loop;
    probe->endpoint = endpoint;
    probe->options = options;
    probe->handlers = handlers;
    fcgi_dial_init(&probe->dial, loop);
    probe->io.fd = -1;
    probe->io.ready = io_ready;
    probe->timer.fired = timer_fired;
    probe->task.run = report_done;
    probe->resolve_io.ready = resolve_ready;
}

void fcgi_probe_expire(struct fcgi_probe *probe)
{
    if (probe->state != FCGI_PROBE_IDLE && probe->state != FCGI_PROBE_DONE)
        finish(probe, FCGI_FAILURE_TIMEOUT, 0);
}

void fcgi_probe_close(struct fcgi_probe *probe)
{
    fcgi_loop_cancel(probe->loop, &probe->task);
    fcgi_loop_stop_timer(probe->loop, &probe->timer);
    stop_resolving(probe);
    disconnect(probe);
    free(probe->addresses);
    probe->addresses = NULL;
    probe->state = FCGI_PROBE_IDLE;
}

bool fcgi_probe_is_busy(const struct fcgi_probe *probe)
{
    return probe->state != FCGI_PROBE_IDLE;
}
