/* SPDX-License-Identifier: Apache-2.0
 *
 * Connecting: failures and the addresses that are tried after them, a Unix
 * socket whose backlog is full, and ConnectTimeout for both kinds of sockets.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "backend_rig.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* Addresses to connect to. */
enum target {
    NONE,
    GOOD,        /* where the rig listens */
    REFUSING,    /* a port without a listener */
    MISSING,     /* a Unix socket that is not there */
    NO_SOCKET,   /* a file that is no socket */
    UNSUPPORTED, /* a family that the kernel has no sockets for */
};

static void set_unix(struct fcgi_address *address, const char *path)
{
    struct sockaddr_un un = {.sun_family = AF_UNIX};

    snprintf(un.sun_path, sizeof(un.sun_path), "%s", path);
    memcpy(&address->addr, &un, sizeof(un));
    address->length = sizeof(un);
}

static void set_target(struct rig *rig, size_t i, enum target target, int *held)
{
    struct fcgi_address *address = &rig->addresses[i];
    const struct fcgi_address good = rig->addresses[0];
    char path[64];
    int fd;

    memset(address, 0, sizeof(*address));
    switch (target) {
    case NONE:
        return;
    case GOOD:
        *address = good;
        break;
    case REFUSING:
        rig_refusing_address(address, held);
        break;
    case MISSING:
        set_unix(address, "/nonexistent/sock");
        break;
    case NO_SOCKET:
        snprintf(path, sizeof(path), "%s.file", rig->dir);
        fd = open(path, O_CREAT | O_WRONLY, 0600);
        assert_true(fd >= 0);
        close(fd);
        set_unix(address, path);
        break;
    case UNSUPPORTED:
        address->addr.ss_family = AF_MAX - 1;
        address->length = sizeof(address->addr);
        break;
    }
    rig->n_addresses = i + 1;
}

struct connect_case {
    enum target targets[2];
    int error; /* 0: a connection, if there is a target */
};

/* Small records must not wait for an acknowledgement. */
static void assert_no_delay(const struct rig *rig)
{
    int on = 0;
    socklen_t length = sizeof(on);

    if (rig->addresses[rig->conn.dial.address].addr.ss_family == AF_UNIX)
        return;
    assert_int_equal(
        getsockopt(rig->conn.io.fd, IPPROTO_TCP, TCP_NODELAY, &on, &length), 0);
    assert_int_not_equal(on, 0);
}

static void check_connect(const struct connect_case *one, enum rig_kind kind)
{
    struct rig rig;
    char path[64];
    int held = -1;

    rig_open(&rig, kind, 5);
    rig.n_addresses = 0;
    /* The second first: it may be a copy of the rig's own. */
    set_target(&rig, 1, one->targets[1], &held);
    if (one->targets[1] == NONE || one->targets[0] != GOOD)
        set_target(&rig, 0, one->targets[0], &held);
    if (one->targets[1] != NONE)
        rig.n_addresses = 2;
    rig_start(&rig, NULL, 0);
    if (one->targets[0] != NONE && one->error == 0) {
        rig_accept(&rig);
        rig_receive_request(&rig);
        assert_string_equal(rig.told, "");
        assert_true(rig.conn.request.position > 0);
        assert_no_delay(&rig);
    } else {
        rig_run_until_over(&rig);
        assert_string_equal(rig.told, "fail(connect)");
        assert_int_equal(rig.problem.error, one->error);
        assert_int_equal(rig.conn.request.position, 0);
        rig_assert_closed(&rig);
        rig_run_for(&rig, 1);
    }
    if (held >= 0)
        close(held);
    snprintf(path, sizeof(path), "%s.file", rig.dir);
    unlink(path);
    rig_close(&rig);
}

static void test_connect(void **state)
{
    static const struct connect_case cases[] = {
        {{NONE, NONE}, 0},
        {{GOOD, NONE}, 0},
        {{REFUSING, NONE}, ECONNREFUSED},
        {{MISSING, NONE}, ENOENT},
        {{NO_SOCKET, NONE}, ECONNREFUSED},
        {{UNSUPPORTED, NONE}, EAFNOSUPPORT},
        {{REFUSING, GOOD}, 0},
        {{MISSING, GOOD}, 0},
        {{GOOD, MISSING}, 0},
        /* Of several, the one that refuses tells most. */
        {{REFUSING, MISSING}, ECONNREFUSED},
        {{MISSING, REFUSING}, ECONNREFUSED},
        {{REFUSING, UNSUPPORTED}, ECONNREFUSED},
        {{UNSUPPORTED, MISSING}, ENOENT},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        check_connect(&cases[i], RIG_UNIX);
        check_connect(&cases[i], RIG_TCP);
    }
}

/* The next request on the same memory begins with the first address. */
static void test_first_again(void **state)
{
    struct rig rig;

    (void)state;
    rig_open(&rig, RIG_UNIX, 5);
    rig.addresses[1] = rig.addresses[0];
    set_unix(&rig.addresses[0], "/nonexistent/sock");
    rig.n_addresses = 2;
    rig_start(&rig, NULL, 0);
    rig_accept(&rig);
    fcgi_conn_close(&rig.conn);
    rig.addresses[0] = rig.addresses[1];
    set_unix(&rig.addresses[1], "/nonexistent/sock");
    rig_start(&rig, NULL, 0);
    assert_string_equal(rig.told, "");
    assert_int_equal(rig.conn.state, FCGI_CONN_OPEN);
    rig_close(&rig);
}

/* A kernel without IPv6, and a name that has both kinds of addresses. */
static void test_family(void **state)
{
    static const struct connect_case one = {{UNSUPPORTED, GOOD}, 0};

    (void)state;
    check_connect(&one, RIG_TCP);
}

/* on_failure starts anew with another address, as an exchange does. */
static void test_other_server(void **state)
{
    struct rig rig;

    (void)state;
    rig_open(&rig, RIG_UNIX, 5);
    rig.other = rig.addresses[0];
    rig.again = true;
    set_unix(&rig.addresses[0], "/nonexistent/sock");
    rig_start(&rig, (const uint8_t *)"body", 4);
    rig_accept(&rig);
    rig_receive_request(&rig);
    assert_string_equal(rig.told, "fail(connect)");
    assert_int_equal(rig.conn.state, FCGI_CONN_OPEN);
    rig_close(&rig);
}

/* The same after the request was sent: all of it is sent again. */
static void test_send_again(void **state)
{
    struct rig rig;

    (void)state;
    rig_open(&rig, RIG_UNIX, 5);
    rig.again = true;
    rig_start(&rig, (const uint8_t *)"body", 4);
    rig_accept(&rig);
    rig_receive_request(&rig);
    rig_accept(&rig); /* closes the one before */
    assert_string_equal(rig.told, "fail(closed)");
    rig_receive_request(&rig);
    rig_close(&rig);
}

/* No descriptor is left for the socket. */
static void test_no_descriptor(void **state)
{
    struct rlimit old, few;
    struct rig rig;
    int lowest;

    (void)state;
    rig_open(&rig, RIG_UNIX, 5);
    lowest = dup(0);
    close(lowest);
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &old), 0);
    few = old;
    few.rlim_cur = (rlim_t)lowest;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
    rig_start(&rig, NULL, 0);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &old), 0);
    assert_string_equal(rig.told, "fail(connect)");
    assert_int_equal(rig.problem.error, EMFILE);
    rig_assert_closed(&rig);
    rig_close(&rig);
}

/* Fills the rig's backlog with clients that nobody accepts. */
static size_t fill(const struct rig *rig, int *fds, size_t most)
{
    size_t n = 0;

    for (; n < most; n++) {
        fds[n] = socket(rig->addresses[0].addr.ss_family,
                        SOCK_STREAM | SOCK_NONBLOCK, 0);
        assert_true(fds[n] >= 0);
        if (connect(fds[n], (const struct sockaddr *)&rig->addresses[0].addr,
                    rig->addresses[0].length) < 0 &&
            errno == EAGAIN)
            return n + 1;
    }
    return n;
}

static void empty(int *fds, size_t n)
{
    while (n > 0)
        close(fds[--n]);
}

static void test_full(void **state)
{
    struct rig rig;
    size_t n;
    int fds[8];

    (void)state;
    rig_open(&rig, RIG_UNIX, 0);
    n = fill(&rig, fds, COUNT(fds));
    assert_true(n < COUNT(fds));
    rig.config.connect_timeout = 120;
    rig_start(&rig, NULL, 0);
    assert_int_equal(rig.conn.state, FCGI_CONN_CONNECTING);
    assert_int_equal(rig.conn.io.fd, -1);
    rig_run_until_over(&rig);
    assert_string_equal(rig.told, "fail(connect timeout)");
    assert_int_equal(rig.problem.error, EAGAIN);
    assert_int_equal(rig.conn.request.position, 0);
    assert_true(fcgi_loop_now(rig.loop) >= rig.started + 120 * FCGI_LOOP_MS);
    rig_assert_closed(&rig);
    empty(fds, n);
    rig_close(&rig);
}

/* The intervals grow, up to a tenth of a second. */
static void test_backoff(void **state)
{
    struct rig rig;
    size_t n;
    uint64_t last = 0;
    int fds[8];

    (void)state;
    rig_open(&rig, RIG_UNIX, 0);
    n = fill(&rig, fds, COUNT(fds));
    rig_start(&rig, NULL, 0);
    for (int tries = 0; last < 100 * FCGI_LOOP_MS; tries++) {
        uint64_t first = fcgi_loop_now(rig.loop);

        assert_true(tries < 10);
        assert_true(rig.conn.dial.backoff > last);
        last = rig.conn.dial.backoff;
        while (rig.conn.dial.backoff == last && last < 100 * FCGI_LOOP_MS) {
            assert_true(fcgi_loop_now(rig.loop) <
                        first + RIG_PATIENCE * FCGI_LOOP_MS);
            assert_int_equal(fcgi_loop_wait(rig.loop, 5), 0);
        }
    }
    rig_run_for(&rig, 250);
    assert_int_equal(rig.conn.dial.backoff, 100 * FCGI_LOOP_MS);
    assert_int_equal(rig.conn.state, FCGI_CONN_CONNECTING);
    fcgi_conn_close(&rig.conn);
    rig_assert_closed(&rig);
    rig_start(&rig, NULL, 0); /* begins with the shortest one again */
    assert_int_equal(rig.conn.state, FCGI_CONN_CONNECTING);
    assert_true(rig.conn.dial.backoff < 20 * FCGI_LOOP_MS);
    empty(fds, n);
    rig_close(&rig);
}

/* Room comes in time. */
static void test_room(void **state)
{
    struct rig rig;
    size_t n;
    int fds[8];

    (void)state;
    rig_open(&rig, RIG_UNIX, 0);
    n = fill(&rig, fds, COUNT(fds));
    rig_start(&rig, (const uint8_t *)"body", 4);
    rig_run_for(&rig, 30);
    assert_int_equal(rig.conn.state, FCGI_CONN_CONNECTING);
    empty(fds, n);
    while (rig.conn.state == FCGI_CONN_CONNECTING) {
        rig_accept(&rig); /* those before us, and ourselves */
        rig_run_for(&rig, 5);
    }
    assert_int_equal(rig.conn.state, FCGI_CONN_OPEN);
    assert_string_equal(rig.told, "");
    fcgi_conn_close(&rig.conn);
    rig_close(&rig);
}

/* TCP drops the SYN where the backlog is full: the connection hangs. */
static void test_hangs(void **state)
{
    struct rig rig;
    size_t n;
    int fds[4];

    (void)state;
    rig_open(&rig, RIG_TCP, 0);
    n = fill(&rig, fds, COUNT(fds));
    rig.config.connect_timeout = 120;
    rig_start(&rig, NULL, 0);
    rig_run_for(&rig, 10);
    if (!rig.over)
        assert_int_equal(rig.conn.state, FCGI_CONN_CONNECTING);
    rig_run_until_over(&rig);
    assert_string_equal(rig.told, "fail(connect timeout)");
    assert_int_equal(rig.problem.error, 0);
    assert_int_equal(rig.conn.request.position, 0);
    assert_true(fcgi_loop_now(rig.loop) >= rig.started + 120 * FCGI_LOOP_MS);
    rig_assert_closed(&rig);
    empty(fds, n);
    rig_close(&rig);
}

/* An address that does not answer costs its part of the time, no more. */
static void test_hangs_then_good(void **state)
{
    struct rig rig, hung;
    size_t n;
    int fds[4];

    (void)state;
    rig_open(&hung, RIG_TCP, 0);
    n = fill(&hung, fds, COUNT(fds));
    rig_open(&rig, RIG_TCP, 5);
    rig.addresses[1] = rig.addresses[0];
    rig.addresses[0] = hung.addresses[0];
    rig.n_addresses = 2;
    rig.config.connect_timeout = 300;
    rig_start(&rig, NULL, 0);
    rig_accept(&rig);
    rig_receive_request(&rig);
    assert_string_equal(rig.told, "");
    assert_true(fcgi_loop_now(rig.loop) >= rig.started + 150 * FCGI_LOOP_MS);
    rig_close(&rig);
    empty(fds, n);
    rig_close(&hung);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_connect),
        cmocka_unit_test(test_first_again),
        cmocka_unit_test(test_other_server),
        cmocka_unit_test(test_send_again),
        cmocka_unit_test(test_no_descriptor),
        cmocka_unit_test(test_full),
        cmocka_unit_test(test_backoff),
        cmocka_unit_test(test_room),
        cmocka_unit_test(test_hangs),
        cmocka_unit_test(test_hangs_then_good),
        cmocka_unit_test(test_family),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
