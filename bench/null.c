/* SPDX-License-Identifier: Apache-2.0
 *
 * A FastCGI responder that does no work, so that bench/run measures the HTTP
 * server in front of it.
 *
 *   null [-b BYTES] [-p PROCESSES] [-r BYTES_PER_SECOND] SOCKET
 *
 * Each request is answered when all of its STDIN has come, with a page of -b
 * bytes (128). Requests of a connection may follow each other, but not overlap;
 * FCGI_KEEP_CONN is honoured. With -r STDIN is read that slowly, by all of a
 * process' connections together. SIGTERM ends it, whereupon each process prints
 *
 *   connections N requests N stdin BYTES
 *
 * It trusts its peer: what breaks the protocol closes the connection.
 */
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "proto/record.h"

#define BEGIN_SIZE (FCGI_HEADER_LEN + FCGI_BODY_LEN)
/* Content of all STDOUT records but the last: a multiple of 8, no padding. */
#define CONTENT 65528
#define FULL_RECORD (FCGI_HEADER_LEN + CONTENT)
/* An empty STDOUT record and END_REQUEST. */
#define TAIL_SIZE (FCGI_HEADER_LEN + BEGIN_SIZE)
#define RECORDS_AT_ONCE 16
#define READ_SIZE (256 * 1024)
#define EVENTS 256

struct conn {
    int fd;
    bool keep;    /* FCGI_KEEP_CONN of the current request */
    bool busy;    /* the answer is being sent */
    bool writing; /* epoll tells when there is room */
    uint16_t id;
    uint64_t sent; /* of the answer */
    size_t skip;   /* content and padding that are still to come */
    size_t have;   /* of `head` */
    uint8_t head[BEGIN_SIZE];
};

/* The answer's content is the first record's, then `page` again and again. */
static uint8_t first[CONTENT];
static uint8_t page[CONTENT];
static uint64_t content_size;
static uint64_t reply_size;

static uint64_t rate;
static int epoll;
static uint64_t connections, requests, stdin_bytes;
static volatile sig_atomic_t ended;

static void end(int signal_number)
{
    (void)signal_number;
    ended = 1;
}

static void reply_init(uint64_t body)
{
    memset(first, 'x', sizeof first);
    memset(page, 'x', sizeof page);
    int n = snprintf((char *)first, sizeof first,
                     "Content-Type: text/plain\r\n"
                     "Content-Length: %" PRIu64 "\r\n\r\n",
                     body);
    first[n] = 'x';
    content_size = (uint64_t)n + body;
    uint64_t records = (content_size + CONTENT - 1) / CONTENT;
    reply_size = content_size + records * FCGI_HEADER_LEN + TAIL_SIZE;
}

static size_t tail_encode(uint8_t tail[static TAIL_SIZE], uint16_t id)
{
    struct fcgi_record record = {
        .version = FCGI_VERSION, .type = FCGI_STDOUT, .request_id = id};
    struct fcgi_end_request end_request = {.protocol_status =
                                               FCGI_REQUEST_COMPLETE};
    size_t n = fcgi_record_encode(tail, TAIL_SIZE, &record);
    return n +
           fcgi_record_encode_end(tail + n, TAIL_SIZE - n, id, &end_request);
}

/* Adds what is left of `length` bytes behind `*skip`. */
static int add_span(struct iovec *span, const uint8_t *bytes, size_t length,
                    size_t *skip)
{
    size_t gone = *skip < length ? *skip : length;
    *skip -= gone;
    /* writev() does not write to it. */
    span->iov_base = (uint8_t *)(uintptr_t)bytes + gone;
    span->iov_len = length - gone;
    return span->iov_len > 0;
}

/* The next bytes of a connection's answer; they hold until the next call. */
static int reply_spans(const struct conn *conn, struct iovec *spans)
{
    static uint8_t headers[RECORDS_AT_ONCE][FCGI_HEADER_LEN];
    static uint8_t tail[TAIL_SIZE];
    uint64_t index = conn->sent / FULL_RECORD;
    size_t skip = (size_t)(conn->sent % FULL_RECORD);
    if (conn->sent >= reply_size - TAIL_SIZE) {
        index = content_size / CONTENT + 1;
        skip = (size_t)(conn->sent - (reply_size - TAIL_SIZE));
    }
    int n = 0;
    for (int i = 0; i < RECORDS_AT_ONCE; i++, index++) {
        uint64_t at = index * CONTENT;
        if (at >= content_size)
            break;
        uint64_t rest = content_size - at;
        uint16_t length = rest < CONTENT ? (uint16_t)rest : CONTENT;
        struct fcgi_record record = {.version = FCGI_VERSION,
                                     .type = FCGI_STDOUT,
                                     .request_id = conn->id,
                                     .content_length = length};
        fcgi_record_encode(headers[i], FCGI_HEADER_LEN, &record);
        n += add_span(&spans[n], headers[i], FCGI_HEADER_LEN, &skip);
        n += add_span(&spans[n], index ? page : first, length, &skip);
    }
    if (index * CONTENT >= content_size)
        n += add_span(&spans[n], tail, tail_encode(tail, conn->id), &skip);
    return n;
}

/* Epoll need not be told about room as long as a write takes everything. */
static void wait_for_room(struct conn *conn, bool wanted)
{
    if (conn->writing == wanted)
        return;
    struct epoll_event event = {.events = wanted ? EPOLLIN | EPOLLOUT : EPOLLIN,
                                .data.ptr = conn};
    epoll_ctl(epoll, EPOLL_CTL_MOD, conn->fd, &event);
    conn->writing = wanted;
}

/* Sends what goes; false: the connection is to be closed. */
static bool reply(struct conn *conn)
{
    struct iovec spans[2 * RECORDS_AT_ONCE + 1];
    while (conn->sent < reply_size) {
        ssize_t n = writev(conn->fd, spans, reply_spans(conn, spans));
        if (n < 0 && errno == EAGAIN) {
            wait_for_room(conn, true);
            return true;
        }
        if (n < 0)
            return false;
        conn->sent += (uint64_t)n;
    }
    wait_for_room(conn, false);
    conn->busy = false;
    return conn->keep;
}

/* A record's header has come, and BEGIN_REQUEST whole. */
static bool begin_record(struct conn *conn, const struct fcgi_record *record)
{
    conn->have = 0;
    conn->skip = (size_t)record->content_length + record->padding_length;
    switch (record->type) {
    case FCGI_BEGIN_REQUEST:
        if (conn->busy || record->content_length != FCGI_BODY_LEN)
            return false;
        conn->skip -= FCGI_BODY_LEN;
        conn->id = record->request_id;
        conn->keep = conn->head[FCGI_HEADER_LEN + 2] & FCGI_KEEP_CONN;
        return true;
    case FCGI_PARAMS:
        return true;
    case FCGI_STDIN:
        stdin_bytes += record->content_length;
        if (record->content_length > 0)
            return true;
        requests++;
        conn->busy = true;
        conn->sent = 0;
        return reply(conn);
    default:
        return false; /* FCGI_ABORT_REQUEST among them */
    }
}

static bool feed(struct conn *conn, const uint8_t *bytes, size_t length)
{
    while (length > 0) {
        size_t n = conn->skip < length ? conn->skip : length;
        conn->skip -= n;
        bytes += n;
        length -= n;
        if (length == 0)
            break;
        conn->head[conn->have++] = *bytes++;
        length--;
        struct fcgi_record record;
        if (!fcgi_record_decode(conn->head, conn->have, &record) ||
            (record.type == FCGI_BEGIN_REQUEST && conn->have < BEGIN_SIZE))
            continue;
        if (!begin_record(conn, &record))
            return false;
    }
    return true;
}

static void keep_rate(size_t bytes)
{
    uint64_t ns = bytes * UINT64_C(1000000000) / rate;
    struct timespec pause = {.tv_sec = (time_t)(ns / 1000000000),
                             .tv_nsec = (long)(ns % 1000000000)};
    nanosleep(&pause, NULL);
}

static bool receive(struct conn *conn)
{
    static uint8_t buf[READ_SIZE];
    size_t size = rate ? READ_SIZE / 8 : READ_SIZE;
    ssize_t n = read(conn->fd, buf, size);
    if (n < 0)
        return errno == EAGAIN;
    if (n == 0)
        return false;
    if (rate)
        keep_rate((size_t)n);
    return feed(conn, buf, (size_t)n);
}

static void accept_all(int listener)
{
    int fd;
    while ((fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK)) >= 0) {
        struct conn *conn = calloc(1, sizeof *conn);
        struct epoll_event event = {.events = EPOLLIN, .data.ptr = conn};
        if (!conn || epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event)) {
            perror("null");
            exit(1);
        }
        conn->fd = fd;
        connections++;
    }
}

/* The connection is freed where it ended. */
static void on_event(struct conn *conn, uint32_t events)
{
    bool ok = true;
    if (events & EPOLLOUT)
        ok = reply(conn);
    if (ok && events & (EPOLLIN | EPOLLHUP | EPOLLERR))
        ok = receive(conn);
    if (ok)
        return;
    close(conn->fd);
    free(conn);
}

static int serve(int listener)
{
    epoll = epoll_create1(0);
    struct epoll_event event = {.events = EPOLLIN | EPOLLEXCLUSIVE,
                                .data.ptr = NULL};
    if (epoll < 0 || epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &event)) {
        perror("null: epoll");
        return 1;
    }
    while (!ended) {
        struct epoll_event events[EVENTS];
        int n = epoll_wait(epoll, events, EVENTS, 1000);
        for (int i = 0; i < n; i++)
            if (events[i].data.ptr)
                on_event(events[i].data.ptr, events[i].events);
            else
                accept_all(listener);
    }
    printf("connections %" PRIu64 " requests %" PRIu64 " stdin %" PRIu64 "\n",
           connections, requests, stdin_bytes);
    return 0;
}

static int listen_at(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof address.sun_path) {
        errno = ENAMETOOLONG;
        return -1;
    }
    memcpy(address.sun_path, path, strlen(path));
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
    if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof address) ||
        listen(fd, 4096))
        return -1;
    return fd;
}

/* The others end when the first one does, however that happens. */
static void become(long processes)
{
    for (long i = 1; i < processes; i++)
        if (fork() == 0) {
            prctl(PR_SET_PDEATHSIG, SIGTERM);
            return;
        }
}

int main(int argc, char **argv)
{
    uint64_t body = 128;
    long processes = 1;
    int option;
    while ((option = getopt(argc, argv, "b:p:r:")) != -1)
        switch (option) {
        case 'b':
            body = strtoull(optarg, NULL, 10);
            break;
        case 'p':
            processes = strtol(optarg, NULL, 10);
            break;
        case 'r':
            rate = strtoull(optarg, NULL, 10);
            break;
        default:
            return 2;
        }
    if (optind + 1 != argc) {
        fprintf(stderr,
                "usage: null [-b BYTES] [-p PROCESSES] "
                "[-r BYTES_PER_SECOND] SOCKET\n");
        return 2;
    }
    signal(SIGPIPE, SIG_IGN);
    struct sigaction action = {.sa_handler = end};
    sigaction(SIGTERM, &action, NULL);
    reply_init(body);
    int listener = listen_at(argv[optind]);
    if (listener < 0) {
        perror(argv[optind]);
        return 1;
    }
    become(processes);
    return serve(listener);
}
