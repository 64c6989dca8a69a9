/* SPDX-License-Identifier: Apache-2.0
 *
 * app - a FastCGI application for tests under load: it counts what it sees.
 *
 *   app [-n MOST] [-r REQUESTS] [-l FILE] -u PATH | [-a ADDRESS] -p PORT
 *
 *   -n MOST      accepts no more connections at a time, as an application with
 *                so many processes does; others wait in the backlog
 *   -a ADDRESS   instead of 127.0.0.1
 *   -r REQUESTS  closes a connection after so many, as pm.max_requests does
 *   -l FILE      has the QUERY_STRING of each request that was counted
 *
 * What a request wants is in its QUERY_STRING, words joined by '&':
 *
 *   ms=N    answers after so long      size=N  so many bytes of a body
 *   die     closes without an answer, when it has counted the request
 *   busy    END_REQUEST with OVERLOADED, uncounted
 *   sum     answers "N SUM": bytes of the request's body, sum of 31^i * byte
 *   moan    writes to STDERR, too       file=PATH  (last) has X-Sendfile
 *   stats   "open=N most=N requests=N connections=N": connections at this
 *           moment and at any, requests (these not among them), accepted
 *
 * One thread, so that its numbers are exact: before a connection counts as one
 * more, those that their other side has closed are taken off.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "proto/record.h"

#define MOST 4096

struct conn {
    int fd;
    uint8_t in[70000];
    size_t n_in;
    char query[256];
    unsigned long n_body;
    uint32_t sum;   /* of the request's body */
    bool keep;      /* the request has asked for it */
    bool ready;     /* it is complete */
    bool run;       /* its answer is under way */
    long long at;   /* when to answer, ms */
    size_t left;    /* of the body, to be sent */
    bool end_added; /* END_REQUEST is in `out` */
    uint8_t out[70000];
    size_t n_out, sent;
    unsigned served;
};

static struct conn *conns[MOST];
static unsigned most_open, n_requests, n_connections, limit = MOST, rounds;
static FILE *list; /* of what was executed; or NULL */

static long long now_ms(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (long long)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static unsigned n_open(void)
{
    unsigned n = 0;

    for (int i = 0; i < MOST; i++)
        n += conns[i] != NULL;
    return n;
}

static void drop(int i)
{
    close(conns[i]->fd);
    free(conns[i]);
    conns[i] = NULL;
}

static bool is_closed(const struct conn *conn)
{
    char byte;
    ssize_t n = recv(conn->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT);

    return n == 0 || (n < 0 && errno != EAGAIN);
}

/* False where nobody waits. */
static bool accept_one(int listener)
{
    int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK), on = 1, slot = -1;

    if (fd < 0)
        return false;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    for (int i = 0; i < MOST; i++) {
        if (conns[i] != NULL && is_closed(conns[i]))
            drop(i);
        if (conns[i] == NULL && slot < 0)
            slot = i;
    }
    conns[slot] = calloc(1, sizeof(struct conn));
    conns[slot]->fd = fd;
    n_connections++;
    if (n_open() > most_open)
        most_open = n_open();
    return true;
}

static void add(struct conn *conn, enum fcgi_type type, const void *bytes,
                size_t length)
{
    const struct fcgi_record record = {.type = (uint8_t)type,
                                       .request_id = 1,
                                       .content_length = (uint16_t)length};

    conn->n_out +=
        fcgi_record_encode(conn->out + conn->n_out, FCGI_HEADER_LEN, &record);
    memcpy(conn->out + conn->n_out, bytes, length);
    conn->n_out += length;
}

static unsigned long number(const struct conn *conn, const char *name)
{
    const char *at = strstr(conn->query, name);

    return at != NULL ? strtoul(at + strlen(name), NULL, 10) : 0;
}

static void add_end(struct conn *conn)
{
    const struct fcgi_end_request end = {
        0, strstr(conn->query, "busy") ? FCGI_OVERLOADED : 0};

    conn->n_out += fcgi_record_encode_end(
        conn->out + conn->n_out, sizeof(conn->out) - conn->n_out, 1, &end);
    conn->end_added = true;
}

static void begin_answer(struct conn *conn)
{
    const char *file = strstr(conn->query, "file=");
    char text[512];
    int n;

    conn->run = true;
    conn->left = number(conn, "size=");
    if (strstr(conn->query, "stats")) {
        n = snprintf(text, sizeof(text),
                     "Content-Type: text/plain\r\n\r\n"
                     "open=%u most=%u requests=%u connections=%u\n",
                     n_open(), most_open, n_requests, n_connections);
    } else if (strstr(conn->query, "sum")) {
        n = snprintf(text, sizeof(text),
                     "Content-Type: text/plain\r\n\r\n%lu %u\n", conn->n_body,
                     (unsigned)conn->sum);
    } else if (file != NULL) {
        n = snprintf(text, sizeof(text), "X-Sendfile: %s\r\n\r\n",
                     file + strlen("file="));
    } else {
        n = snprintf(text, sizeof(text),
                     "Content-Type: text/plain\r\n\r\nok\n");
    }
    if (strstr(conn->query, "moan"))
        add(conn, FCGI_STDERR, "moaning\n", strlen("moaning\n"));
    if (!strstr(conn->query, "busy"))
        add(conn, FCGI_STDOUT, text, (size_t)n);
    if (conn->left == 0)
        add_end(conn);
}

/* Sends what the socket takes; false when the connection is over. */
static bool pump(struct conn *conn)
{
    static const uint8_t zeros[32768];

    for (;;) {
        ssize_t n;

        if (conn->sent == conn->n_out) {
            size_t more =
                conn->left < sizeof(zeros) ? conn->left : sizeof(zeros);

            conn->n_out = conn->sent = 0;
            if (conn->end_added) {
                conn->run = conn->end_added = conn->ready = false;
                conn->served++;
                return conn->keep && (rounds == 0 || conn->served < rounds);
            }
            if (more > 0)
                add(conn, FCGI_STDOUT, zeros, more);
            conn->left -= more;
            if (conn->left == 0)
                add_end(conn);
        }
        n = send(conn->fd, conn->out + conn->sent, conn->n_out - conn->sent,
                 MSG_NOSIGNAL);
        if (n < 0)
            return errno == EAGAIN;
        conn->sent += (size_t)n;
    }
}

/* PARAMS: a pair may be cut by a record's end, which these are too short
 * for. */
static void read_params(struct conn *conn, const uint8_t *bytes, size_t length)
{
    static const char name[] = "QUERY_STRING";
    struct fcgi_pair pair;
    size_t at = 0, n;

    while ((n = fcgi_pair_decode(bytes + at, length - at, &pair)) > 0) {
        const uint8_t *text = bytes + at + n;

        if (pair.name_length == sizeof(name) - 1 &&
            memcmp(text, name, pair.name_length) == 0)
            snprintf(conn->query, sizeof(conn->query), "%.*s",
                     (int)pair.value_length, text + pair.name_length);
        at += n + pair.name_length + pair.value_length;
    }
}

static void count_one(const struct conn *conn)
{
    n_requests++;
    if (list != NULL) {
        fprintf(list, "%s\n", conn->query);
        fflush(list);
    }
}

/* One record; false when the connection is over. */
static bool take(struct conn *conn, const struct fcgi_record *record,
                 const uint8_t *bytes)
{
    switch (record->type) {
    case FCGI_BEGIN_REQUEST:
        conn->keep = bytes[2] & FCGI_KEEP_CONN;
        conn->query[0] = '\0';
        conn->n_body = 0;
        conn->sum = 0;
        return true;
    case FCGI_PARAMS:
        read_params(conn, bytes, record->content_length);
        return true;
    case FCGI_STDIN:
        for (size_t i = 0; i < record->content_length; i++)
            conn->sum = conn->sum * 31 + bytes[i];
        conn->n_body += record->content_length;
        if (record->content_length > 0)
            return true;
        if (!strstr(conn->query, "stats") && !strstr(conn->query, "busy"))
            count_one(conn);
        conn->ready = true;
        conn->at = now_ms() + (long long)number(conn, "ms=");
        return strstr(conn->query, "die") == NULL;
    case FCGI_GET_VALUES:
        add(conn, FCGI_GET_VALUES_RESULT, "", 0);
        conn->out[3] = 0; /* request id 0 */
        conn->end_added = true;
        return pump(conn);
    default:
        return record->type != FCGI_ABORT_REQUEST;
    }
}

static bool read_some(struct conn *conn)
{
    ssize_t n =
        read(conn->fd, conn->in + conn->n_in, sizeof(conn->in) - conn->n_in);
    struct fcgi_record record;
    size_t at = 0;

    if (n <= 0)
        return n < 0 && errno == EAGAIN;
    conn->n_in += (size_t)n;
    while (fcgi_record_decode(conn->in + at, conn->n_in - at, &record) > 0) {
        size_t whole = (size_t)FCGI_HEADER_LEN + record.content_length +
                       record.padding_length;

        if (whole > conn->n_in - at)
            break;
        if (!take(conn, &record, conn->in + at + FCGI_HEADER_LEN))
            return false;
        at += whole;
    }
    memmove(conn->in, conn->in + at, conn->n_in - at);
    conn->n_in -= at;
    return true;
}

/* What there is to do for a connection; false when it is over. */
static bool serve(struct conn *conn, short events)
{
    if ((events & (POLLIN | POLLHUP | POLLERR)) && !read_some(conn))
        return false;
    if (conn->ready && !conn->run && now_ms() >= conn->at)
        begin_answer(conn);
    return !conn->run || pump(conn);
}

static int listen_at(const char *path, const char *address, const char *port)
{
    struct sockaddr_un un = {.sun_family = AF_UNIX};
    struct sockaddr_in in = {.sin_family = AF_INET,
                             .sin_addr.s_addr = inet_addr(address)};
    int on = 1,
        fd = socket(path ? AF_UNIX : AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    int result;

    if (path != NULL) {
        snprintf(un.sun_path, sizeof(un.sun_path), "%s", path);
        unlink(path);
        result = bind(fd, (const struct sockaddr *)&un, sizeof(un));
    } else {
        in.sin_port = htons((uint16_t)strtoul(port, NULL, 10));
        setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
        result = bind(fd, (const struct sockaddr *)&in, sizeof(in));
    }
    if (result < 0 || listen(fd, 1024) < 0) {
        perror("app");
        exit(1);
    }
    return fd;
}

static void run(int listener)
{
    static struct pollfd fds[MOST + 1];
    static int which[MOST + 1];

    for (;;) {
        nfds_t n = 1;
        int wait = -1;

        fds[0] = (struct pollfd){.fd = n_open() < limit ? listener : -1,
                                 .events = POLLIN};
        for (int i = 0; i < MOST; i++) {
            struct conn *conn = conns[i];

            if (conn == NULL)
                continue;
            if (conn->ready && !conn->run) {
                long long left = conn->at - now_ms();

                left = left < 0 ? 0 : left;
                wait = wait < 0 || left < wait ? (int)left : wait;
            }
            which[n] = i;
            fds[n++] = (struct pollfd){
                .fd = conn->fd,
                .events = (short)(POLLIN | (conn->run ? POLLOUT : 0))};
        }
        if (poll(fds, n, wait) < 0)
            continue;
        for (nfds_t i = 1; i < n; i++)
            if (!serve(conns[which[i]], fds[i].revents))
                drop(which[i]);
        while (fds[0].revents != 0 && n_open() < limit && accept_one(listener))
            ;
    }
}

int main(int argc, char **argv)
{
    const char *path = NULL, *address = "127.0.0.1", *port = NULL;
    int option;

    while ((option = getopt(argc, argv, "a:l:n:r:u:p:")) >= 0) {
        switch (option) {
        case 'a':
            address = optarg;
            break;
        case 'l':
            list = fopen(optarg, "ae");
            break;
        case 'n':
            limit = (unsigned)strtoul(optarg, NULL, 10);
            break;
        case 'r':
            rounds = (unsigned)strtoul(optarg, NULL, 10);
            break;
        case 'u':
            path = optarg;
            break;
        case 'p':
            port = optarg;
            break;
        default:
            return 2;
        }
    }
    if ((path == NULL) == (port == NULL))
        return 2;
    run(listen_at(path, address, port));
}
