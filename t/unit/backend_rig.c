/* SPDX-License-Identifier: Apache-2.0
 *
 * The rig: sockets in a folder of its own under /tmp, or on 127.0.0.1.
 */
#include "backend_rig.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

static void append(struct rig *rig, const char *text)
{
    assert_true(strlen(rig->told) + strlen(text) < sizeof(rig->told));
    strcat(rig->told, text);
}

/* Does what the test wants to be done in this handler. */
static void act(struct rig *rig, enum rig_handler handler)
{
    if (rig->pause_in & handler) {
        rig->pause_in &= ~(unsigned)handler;
        fcgi_conn_pause(&rig->conn);
    }
    if (rig->close_in & handler) {
        rig->close_in &= ~(unsigned)handler;
        rig->over = true;
        fcgi_conn_close(&rig->conn);
    }
}

static void span(struct fcgi_conn *conn, char kind, const uint8_t *bytes,
                 size_t length)
{
    struct rig *rig = FCGI_LOOP_OWNER(conn, struct rig, conn);
    size_t at = strlen(rig->told);

    assert_false(rig->over);
    assert_true(length > 0);
    assert_true(at + length + 6 < sizeof(rig->told));
    if (rig->last == kind)
        at--; /* the parenthesis */
    else
        at += (size_t)sprintf(rig->told + at, "%s",
                              kind == 'o' ? "out(" : "err(");
    memcpy(rig->told + at, bytes, length);
    strcpy(rig->told + at + length, ")");
    rig->last = kind;
    rig->unbatched = true;
    act(rig, kind == 'o' ? RIG_STDOUT : RIG_STDERR);
}

static bool on_stdout(struct fcgi_conn *conn, const uint8_t *bytes,
                      size_t length)
{
    span(conn, 'o', bytes, length);
    return true;
}

static void on_stderr(struct fcgi_conn *conn, const uint8_t *bytes,
                      size_t length)
{
    span(conn, 'e', bytes, length);
}

static void on_batch(struct fcgi_conn *conn)
{
    struct rig *rig = FCGI_LOOP_OWNER(conn, struct rig, conn);

    assert_false(rig->over);
    rig->batches++;
    rig->unbatched = false;
    act(rig, RIG_BATCH);
}

static void on_end(struct fcgi_conn *conn, const struct fcgi_end_request *end)
{
    struct rig *rig = FCGI_LOOP_OWNER(conn, struct rig, conn);
    char text[64];

    assert_false(rig->over);
    snprintf(text, sizeof(text), "end(%u %u)", end->app_status,
             end->protocol_status);
    append(rig, text);
    rig->last = 0;
    rig->over = true;
    act(rig, RIG_END);
}

static void on_open(struct fcgi_conn *conn)
{
    struct rig *rig = FCGI_LOOP_OWNER(conn, struct rig, conn);

    assert_false(rig->over);
    rig->opened++;
    act(rig, RIG_OPEN);
}

static void on_sent(struct fcgi_conn *conn)
{
    struct rig *rig = FCGI_LOOP_OWNER(conn, struct rig, conn);

    assert_false(rig->over);
    rig->starved++;
    act(rig, RIG_SENT);
}

static void start(struct rig *rig);

static void on_failure(struct fcgi_conn *conn,
                       const struct fcgi_conn_problem *problem)
{
    static const char *const names[] = {
        [FCGI_CONN_CONNECT] = "connect",
        [FCGI_CONN_CONNECT_TIMEOUT] = "connect timeout",
        [FCGI_CONN_SEND_TIMEOUT] = "send timeout",
        [FCGI_CONN_READ_TIMEOUT] = "read timeout",
        [FCGI_CONN_BROKEN] = "broken",
        [FCGI_CONN_CLOSED] = "closed",
        [FCGI_CONN_PROTOCOL] = "protocol",
    };
    struct rig *rig = FCGI_LOOP_OWNER(conn, struct rig, conn);
    bool again = rig->again;

    assert_false(rig->over);
    append(rig, "fail(");
    append(rig, names[problem->failure]);
    append(rig, ")");
    rig->last = 0;
    rig->problem = *problem;
    rig->again = false;
    rig->over = !again;
    act(rig, RIG_FAILURE);
    if (again && rig->other.length > 0)
        rig->addresses[0] = rig->other;
    if (again)
        start(rig);
}

/* The server has the addresses that the rig has now. */
static void start(struct rig *rig)
{
    static const struct fcgi_conn_handlers handlers = {
        .on_open = on_open,
        .on_sent = on_sent,
        .on_stdout = on_stdout,
        .on_stderr = on_stderr,
        .on_end = on_end,
        .on_batch = on_batch,
        .on_failure = on_failure,
    };

    struct fcgi_addresses *addresses = NULL;

    if (rig->n_addresses > 0) {
        addresses = fcgi_addresses_new(rig->n_addresses);
        assert_non_null(addresses);
        memcpy(addresses->list, rig->addresses,
               rig->n_addresses * sizeof(rig->addresses[0]));
    }
    fcgi_addresses_unref(rig->server.addresses);
    rig->server.addresses = addresses;
    fcgi_conn_start(&rig->conn, &handlers);
}

void rig_start(struct rig *rig, const uint8_t *body, size_t length)
{
    static const char params[] = "\4\1NAMEv";

    rig->params_length = sizeof(params) - 1;
    memcpy(rig->params, params, rig->params_length);
    fcgi_request_init(&rig->conn.request, 1, FCGI_RESPONDER, rig->flags,
                      rig->params, rig->params_length, body, length);
    if (rig->partial)
        fcgi_request_stdin(&rig->conn.request, body, length, 0, false);
    rig->opened = rig->starved = 0;
    rig->told[0] = '\0';
    rig->last = 0;
    rig->batches = 0;
    rig->over = rig->unbatched = false;
    rig->started = fcgi_loop_now(rig->loop);
    start(rig);
}

static int lowest_fd(void)
{
    int fd = dup(0);

    assert_true(fd >= 0);
    close(fd);
    return fd;
}

static void listen_unix(struct rig *rig)
{
    struct sockaddr_un un = {.sun_family = AF_UNIX};

    snprintf(un.sun_path, sizeof(un.sun_path), "%s", rig->path);
    assert_int_equal(
        bind(rig->listener, (const struct sockaddr *)&un, sizeof(un)), 0);
    memcpy(&rig->addresses[0].addr, &un, sizeof(un));
    rig->addresses[0].length = sizeof(un);
}

/* Binds to a free port of 127.0.0.1, and tells which. */
static void bind_tcp(int fd, struct fcgi_address *address)
{
    struct sockaddr_in in = {.sin_family = AF_INET,
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};

    assert_int_equal(bind(fd, (const struct sockaddr *)&in, sizeof(in)), 0);
    memset(address, 0, sizeof(*address));
    address->length = sizeof(address->addr);
    assert_int_equal(
        getsockname(fd, (struct sockaddr *)&address->addr, &address->length),
        0);
}

void rig_refusing_address(struct fcgi_address *address, int *fd)
{
    *fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_true(*fd >= 0);
    bind_tcp(*fd, address);
}

void rig_open(struct rig *rig, enum rig_kind kind, int backlog)
{
    memset(rig, 0, sizeof(*rig));
    rig->lowest_fd = lowest_fd();
    rig->peer = -1;
    strcpy(rig->dir, "/tmp/fcgi-conn-XXXXXX");
    assert_non_null(mkdtemp(rig->dir));
    snprintf(rig->path, sizeof(rig->path), "%s/sock", rig->dir);
    rig->loop = fcgi_loop_new();
    assert_non_null(rig->loop);
    rig->listener = socket(kind == RIG_UNIX ? AF_UNIX : AF_INET,
                           SOCK_STREAM | SOCK_NONBLOCK, 0);
    assert_true(rig->listener >= 0);
    if (kind == RIG_UNIX)
        listen_unix(rig);
    else
        bind_tcp(rig->listener, &rig->addresses[0]);
    assert_int_equal(listen(rig->listener, backlog), 0);
    rig->config.connect_timeout = 60000;
    rig->config.send_timeout = rig->config.read_timeout = 60000;
    rig->config.endpoint.kind = FCGI_ENDPOINT_UNIX;
    assert_int_equal(fcgi_server_init(&rig->server, &rig->config, NULL), 0);
    atomic_store(&rig->server.doubts, 0);
    rig->n_addresses = 1;
    fcgi_conn_init(&rig->conn, rig->loop, &rig->server, rig->scratch,
                   sizeof(rig->scratch));
}

void rig_close(struct rig *rig)
{
    fcgi_conn_close(&rig->conn);
    fcgi_server_destroy(&rig->server);
    if (rig->peer >= 0)
        close(rig->peer);
    if (rig->listener >= 0)
        close(rig->listener);
    fcgi_loop_free(rig->loop);
    unlink(rig->path);
    assert_int_equal(rmdir(rig->dir), 0);
    assert_int_equal(lowest_fd(), rig->lowest_fd);
}

/* Goes round the loop once, without waiting long; too late is a failure. */
static void go_round(struct rig *rig, uint64_t since)
{
    uint64_t now = fcgi_loop_now(rig->loop);

    if (now > since + RIG_PATIENCE * FCGI_LOOP_MS)
        fail_msg("nothing came; told so far: %s", rig->told);
    assert_int_equal(fcgi_loop_wait(rig->loop, 5), 0);
}

void rig_accept(struct rig *rig)
{
    uint64_t since = fcgi_loop_now(rig->loop);

    if (rig->peer >= 0)
        close(rig->peer);
    for (;;) {
        rig->peer = accept4(rig->listener, NULL, NULL, SOCK_NONBLOCK);
        if (rig->peer >= 0)
            return;
        assert_int_equal(errno, EAGAIN);
        if (rig->over)
            fail_msg("nothing connects: %s", rig->told);
        go_round(rig, since);
    }
}

void rig_run_until_over(struct rig *rig)
{
    uint64_t since = fcgi_loop_now(rig->loop);

    while (!rig->over)
        go_round(rig, since);
}

void rig_stop_clock(struct rig *rig)
{
    rig->conn.started += 3600 * UINT64_C(1000) * FCGI_LOOP_MS;
}

void rig_run_for(struct rig *rig, uint64_t ms)
{
    uint64_t end = fcgi_loop_now(rig->loop) + ms * FCGI_LOOP_MS;

    while (fcgi_loop_now(rig->loop) < end)
        assert_int_equal(fcgi_loop_wait(rig->loop, 5), 0);
}

void rig_receive(struct rig *rig, uint8_t *bytes, size_t length)
{
    uint64_t since = fcgi_loop_now(rig->loop);
    size_t at = 0;

    while (at < length) {
        ssize_t n = read(rig->peer, bytes + at, length - at);

        assert_int_not_equal(n, 0);
        if (n > 0) {
            at += (size_t)n;
            continue;
        }
        assert_int_equal(errno, EAGAIN);
        go_round(rig, since);
    }
}

void rig_receive_request(struct rig *rig)
{
    struct fcgi_request request = rig->conn.request;
    size_t length = (size_t)fcgi_request_size(&request), at = 0, n;
    uint8_t *want = malloc(length), *got = malloc(length);
    struct iovec spans[FCGI_REQUEST_SPANS];

    assert_non_null(want);
    assert_non_null(got);
    fcgi_request_restart(&request);
    while ((n = fcgi_request_spans(&request, spans)) > 0) {
        for (size_t i = 0; i < n; i++) {
            assert_true(spans[i].iov_len <= length - at);
            memcpy(want + at, spans[i].iov_base, spans[i].iov_len);
            at += spans[i].iov_len;
            fcgi_request_sent(&request, spans[i].iov_len);
        }
    }
    assert_int_equal(at, length);
    rig_receive(rig, got, length);
    assert_memory_equal(got, want, length);
    free(want);
    free(got);
}

void rig_send(const struct rig *rig, const void *bytes, size_t length)
{
    assert_int_equal(send(rig->peer, bytes, length, MSG_NOSIGNAL), length);
}

void rig_assert_closed(struct rig *rig)
{
    char bytes[65536];
    ssize_t n;

    assert_int_equal(rig->conn.state, FCGI_CONN_IDLE);
    assert_int_equal(rig->conn.io.fd, -1);
    assert_false(rig->conn.io.added);
    assert_false(rig->conn.timer.set);
    if (rig->peer < 0)
        return;
    do
        n = read(rig->peer, bytes, sizeof(bytes));
    while (n > 0);
    assert_true(n == 0 || errno == ECONNRESET);
}

bool rig_is_due(const struct rig *rig)
{
    struct pollfd pfd = {.fd = fcgi_loop_fd(rig->loop), .events = POLLIN};

    return poll(&pfd, 1, 0) == 1;
}

void rig_wire_add(struct rig_wire *wire, enum fcgi_type type, const void *bytes,
                  size_t length, uint8_t padding)
{
    const struct fcgi_record record = {
        .type = (uint8_t)type,
        .request_id = 1,
        .content_length = (uint16_t)length,
        .padding_length = padding,
    };

    assert_true(wire->length + FCGI_HEADER_LEN + length + padding <=
                sizeof(wire->bytes));
    wire->length += fcgi_record_encode(wire->bytes + wire->length,
                                       FCGI_HEADER_LEN, &record);
    memcpy(wire->bytes + wire->length, bytes, length);
    memset(wire->bytes + wire->length + length, 0, padding);
    wire->length += length + padding;
}

void rig_wire_end(struct rig_wire *wire, uint32_t app, uint8_t protocol)
{
    const struct fcgi_end_request end = {app, protocol};
    size_t room = sizeof(wire->bytes) - wire->length, n;

    n = fcgi_record_encode_end(wire->bytes + wire->length, room, 1, &end);
    assert_int_not_equal(n, 0);
    wire->length += n;
}
