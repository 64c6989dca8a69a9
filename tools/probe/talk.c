/* SPDX-License-Identifier: Apache-2.0
 *
 * What a probe says over its connection, and what it makes of the answer.
 *
 * FCGI_GET_VALUES always has padding: libfcgi 2.4.2 waits for ever behind a
 * record of it without. The padding is line ends, which FastCGI applications
 * do not look at, while a server of another protocol, which waits for a line
 * to end, answers, so that it can be named.
 */
#include "probe/talk.h"

#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "config/escape.h"

#define READ_SIZE 65536
#define READS 16 /* in a row, so that no target keeps the others waiting */
#define SNIFF_TIME (250 * FCGI_LOOP_MS)
#define HELLO_PADDING 8

static _Thread_local uint8_t scratch[READ_SIZE];

static const char *const value_names[FCGI_VALUES] = {
    "FCGI_MAX_CONNS", "FCGI_MAX_REQS", "FCGI_MPXS_CONNS"};

/* 2 + 14, 2 + 13 and 2 + 15 bytes. */
#define HELLO_CONTENT 48
_Static_assert(FCGI_HEADER_LEN + HELLO_CONTENT + HELLO_PADDING ==
                   FCGI_PROBE_HELLO,
               "the record fills its room");

static void make_hello(uint8_t hello[static FCGI_PROBE_HELLO])
{
    const struct fcgi_record record = {.type = FCGI_GET_VALUES,
                                       .request_id = FCGI_NULL_REQUEST_ID,
                                       .content_length = HELLO_CONTENT,
                                       .padding_length = HELLO_PADDING};
    size_t n = fcgi_record_encode(hello, FCGI_PROBE_HELLO, &record);

    for (int i = 0; i < FCGI_VALUES; i++) {
        const struct fcgi_pair pair = {.name_length =
                                           (uint32_t)strlen(value_names[i])};

        n += fcgi_pair_encode(hello + n, FCGI_PROBE_HELLO - n, &pair);
        memcpy(hello + n, value_names[i], pair.name_length);
        n += pair.name_length;
    }
    memcpy(hello + n, "\r\n\r\n\r\n\r\n", HELLO_PADDING);
}

void fcgi_talk_init(struct fcgi_probe *probe)
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
                fcgi_probe_enter(probe, FCGI_PHASE_FIRST_BYTE);
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

            fcgi_probe_end(
                probe, fcgi_probe_fault(fcgi_fault_of(FCGI_CALL_SEND, error)),
                error);
            return false;
        }
    }
    return true;
}

void fcgi_talk_begin(struct fcgi_probe *probe)
{
    uint32_t events;

    probe->unsent = true;
    if (!send_more(probe))
        return;
    events = EPOLLIN | (probe->unsent ? (uint32_t)EPOLLOUT : 0);
    if (fcgi_loop_add(probe->loop, &probe->io, events) < 0)
        fcgi_probe_end(probe, FCGI_FAILURE_LOCAL, errno);
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
        fcgi_probe_end(probe, FCGI_FAILURE_PROTOCOL, 0);
        return;
    }
    fcgi_loop_remove(probe->loop, &probe->io);
    probe->kept = probe->options->keep && clean && !probe->unsent &&
                  failures[status] == FCGI_FAILURE_NONE;
    fcgi_probe_end(probe, failures[status], 0);
}

static void broken(struct fcgi_probe *probe, const char *why, uint64_t offset)
{
    probe->result.why = why;
    probe->result.offset = offset;
    fcgi_probe_end(probe, FCGI_FAILURE_PROTOCOL, 0);
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
            if (pair.name_length == strlen(value_names[i]) &&
                memcmp(bytes, value_names[i], pair.name_length) == 0)
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
        fcgi_probe_end(probe, FCGI_FAILURE_NOT_FASTCGI, 0);
    } else if (probe->state != FCGI_PROBE_SNIFFING) {
        probe->state = FCGI_PROBE_SNIFFING;
        fcgi_probe_set_timer(probe, fcgi_probe_clock() + SNIFF_TIME);
    }
}

static void take(struct fcgi_probe *probe, size_t length)
{
    struct fcgi_probe_result *result = &probe->result;
    size_t room = sizeof(result->first) - result->n_first;

    if (result->bytes == 0)
        fcgi_probe_enter(probe, FCGI_PHASE_REST);
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
        fcgi_probe_again(probe);
        return;
    } else if (error != 0) {
        failure = fcgi_probe_fault(fcgi_fault_of(FCGI_CALL_READ, error));
    }
    fcgi_probe_end(probe, failure, error);
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

void fcgi_talk_ready(struct fcgi_probe *probe, uint32_t events)
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
        fcgi_probe_end(probe, FCGI_FAILURE_LOCAL, errno);
}
