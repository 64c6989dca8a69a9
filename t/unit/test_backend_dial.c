/* SPDX-License-Identifier: Apache-2.0
 *
 * Dialling: whose fault a failure is, row by row; which of several addresses'
 * failures counts; and what a request's connection and a health check make of a
 * lack of this machine. System calls fail when the test wants them to.
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
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "backend_rig.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* A call fails with `error` when it has been made `after` times. */
static struct fault {
    int error;
    unsigned after;
} in_socket, in_connect, in_so_error, in_epoll, in_send;

/* What the kernel says of any connection. */
static struct tcp_info info;

static bool fails(struct fault *fault)
{
    if (fault->error == 0 || fault->after-- > 0)
        return false;
    errno = fault->error;
    fault->error = 0;
    return true;
}

int __real_socket(int domain, int type, int protocol);
int __wrap_socket(int domain, int type, int protocol);
int __wrap_socket(int domain, int type, int protocol)
{
    return fails(&in_socket) ? -1 : __real_socket(domain, type, protocol);
}

int __real_connect(int fd, const struct sockaddr *addr, socklen_t length);
int __wrap_connect(int fd, const struct sockaddr *addr, socklen_t length);
int __wrap_connect(int fd, const struct sockaddr *addr, socklen_t length)
{
    return fails(&in_connect) ? -1 : __real_connect(fd, addr, length);
}

int __real_getsockopt(int fd, int level, int name, void *value,
                      socklen_t *length);
int __wrap_getsockopt(int fd, int level, int name, void *value,
                      socklen_t *length);
int __wrap_getsockopt(int fd, int level, int name, void *value,
                      socklen_t *length)
{
    if (level == IPPROTO_TCP && name == TCP_INFO) {
        memcpy(value, &info, sizeof(info));
        return 0;
    }
    if (name != SO_ERROR || !fails(&in_so_error))
        return __real_getsockopt(fd, level, name, value, length);
    memcpy(value, &errno, sizeof(errno));
    return 0;
}

int __real_epoll_ctl(int fd, int op, int other, struct epoll_event *event);
int __wrap_epoll_ctl(int fd, int op, int other, struct epoll_event *event);
int __wrap_epoll_ctl(int fd, int op, int other, struct epoll_event *event)
{
    return op != EPOLL_CTL_DEL && fails(&in_epoll)
               ? -1
               : __real_epoll_ctl(fd, op, other, event);
}

ssize_t __real_sendmsg(int fd, const struct msghdr *message, int flags);
ssize_t __wrap_sendmsg(int fd, const struct msghdr *message, int flags);
ssize_t __wrap_sendmsg(int fd, const struct msghdr *message, int flags)
{
    return fails(&in_send) ? -1 : __real_sendmsg(fd, message, flags);
}

/* Every row of the table, and what stands in none. */
static void test_faults(void **state)
{
    static const struct {
        enum fcgi_syscall call;
        int error;
        enum fcgi_fault fault;
        bool ours;
    } rows[] = {
        {FCGI_CALL_SOCKET, EMFILE, FCGI_FAULT_SHORTAGE, true},
        {FCGI_CALL_SOCKET, ENFILE, FCGI_FAULT_SHORTAGE, true},
        {FCGI_CALL_SOCKET, ENOMEM, FCGI_FAULT_SHORTAGE, true},
        {FCGI_CALL_SOCKET, ENOBUFS, FCGI_FAULT_SHORTAGE, true},
        {FCGI_CALL_SOCKET, EACCES, FCGI_FAULT_SHORTAGE, true},
        {FCGI_CALL_SOCKET, EPERM, FCGI_FAULT_SHORTAGE, true},
        {FCGI_CALL_SOCKET, EAFNOSUPPORT, FCGI_FAULT_UNREACHABLE, false},
        {FCGI_CALL_CONNECT, EAGAIN, FCGI_FAULT_NO_PORT, true},
        {FCGI_CALL_CONNECT, EADDRNOTAVAIL, FCGI_FAULT_NO_PORT, true},
        {FCGI_CALL_CONNECT, EADDRINUSE, FCGI_FAULT_NO_PORT, true},
        {FCGI_CALL_CONNECT, ENOMEM, FCGI_FAULT_SHORTAGE, true},
        {FCGI_CALL_CONNECT, ENOBUFS, FCGI_FAULT_SHORTAGE, true},
        {FCGI_CALL_CONNECT, ECONNREFUSED, FCGI_FAULT_REFUSED, false},
        {FCGI_CALL_CONNECT, EACCES, FCGI_FAULT_DENIED, false},
        {FCGI_CALL_CONNECT, EPERM, FCGI_FAULT_DENIED, false},
        {FCGI_CALL_CONNECT, ETIMEDOUT, FCGI_FAULT_TIMEOUT, false},
        {FCGI_CALL_CONNECT, ECONNRESET, FCGI_FAULT_RESET, false},
        {FCGI_CALL_CONNECT, ENETUNREACH, FCGI_FAULT_UNREACHABLE, false},
        {FCGI_CALL_CONNECT, EHOSTUNREACH, FCGI_FAULT_UNREACHABLE, false},
        {FCGI_CALL_CONNECT_UNIX, EAGAIN, FCGI_FAULT_FULL, false},
        {FCGI_CALL_CONNECT_UNIX, ENOMEM, FCGI_FAULT_SHORTAGE, true},
        {FCGI_CALL_CONNECT_UNIX, ECONNREFUSED, FCGI_FAULT_REFUSED, false},
        {FCGI_CALL_CONNECT_UNIX, EPROTOTYPE, FCGI_FAULT_REFUSED, false},
        {FCGI_CALL_CONNECT_UNIX, ENOENT, FCGI_FAULT_NO_SOCKET, false},
        {FCGI_CALL_CONNECT_UNIX, ENOTDIR, FCGI_FAULT_NO_SOCKET, false},
        {FCGI_CALL_CONNECT_UNIX, ELOOP, FCGI_FAULT_NO_SOCKET, false},
        {FCGI_CALL_CONNECT_UNIX, EACCES, FCGI_FAULT_DENIED, false},
        {FCGI_CALL_CONNECT_UNIX, EPERM, FCGI_FAULT_DENIED, false},
        {FCGI_CALL_EPOLL, ENOSPC, FCGI_FAULT_SHORTAGE, true},
        {FCGI_CALL_EPOLL, ENOMEM, FCGI_FAULT_SHORTAGE, true},
        {FCGI_CALL_EPOLL, EBADF, FCGI_FAULT_SHORTAGE, true},
        {FCGI_CALL_SEND, ENOBUFS, FCGI_FAULT_SHORTAGE, true},
        {FCGI_CALL_SEND, ENOMEM, FCGI_FAULT_SHORTAGE, true},
        {FCGI_CALL_SEND, EPIPE, FCGI_FAULT_RESET, false},
        {FCGI_CALL_SEND, ECONNRESET, FCGI_FAULT_RESET, false},
        {FCGI_CALL_SEND, ETIMEDOUT, FCGI_FAULT_TIMEOUT, false},
        {FCGI_CALL_READ, ENOMEM, FCGI_FAULT_SHORTAGE, true},
        {FCGI_CALL_READ, ECONNRESET, FCGI_FAULT_RESET, false},
        {FCGI_CALL_READ, ETIMEDOUT, FCGI_FAULT_TIMEOUT, false},
        {FCGI_CALL_READ, EHOSTUNREACH, FCGI_FAULT_UNREACHABLE, false},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        enum fcgi_fault fault = fcgi_fault_of(rows[i].call, rows[i].error);

        if (fault != rows[i].fault || fcgi_fault_is_ours(fault) != rows[i].ours)
            fail_msg("%s: %s is %d", fcgi_call_name(rows[i].call),
                     strerror(rows[i].error), fault);
    }
}

struct dial_test {
    struct fcgi_dial dial;
    bool done;
    int fd;
};

static void done(struct fcgi_dial *dial, int fd)
{
    struct dial_test *test = FCGI_LOOP_OWNER(dial, struct dial_test, dial);

    assert_false(test->done);
    test->done = true;
    test->fd = fd;
}

/* Two addresses, each with a fate: an errno of connect(2), or 0. */
static void test_which_counts(void **state)
{
    static const struct {
        int first, second;
        enum fcgi_fault fault;
        int error;
    } cases[] = {
        {ECONNREFUSED, 0, FCGI_FAULT_NONE, 0},
        {EADDRNOTAVAIL, 0, FCGI_FAULT_NONE, 0},
        {ECONNREFUSED, EADDRNOTAVAIL, FCGI_FAULT_REFUSED, ECONNREFUSED},
        {EADDRNOTAVAIL, ECONNREFUSED, FCGI_FAULT_REFUSED, ECONNREFUSED},
        {EADDRNOTAVAIL, EADDRNOTAVAIL, FCGI_FAULT_NO_PORT, EADDRNOTAVAIL},
        {ENETUNREACH, EADDRNOTAVAIL, FCGI_FAULT_NO_PORT, EADDRNOTAVAIL},
        {ENETUNREACH, EHOSTUNREACH, FCGI_FAULT_UNREACHABLE, EHOSTUNREACH},
        {ECONNREFUSED, ENOBUFS, FCGI_FAULT_SHORTAGE, ENOBUFS},
    };
    struct rig rig;

    (void)state;
    rig_open(&rig, RIG_TCP, 50); /* nobody accepts */
    rig.addresses[1] = rig.addresses[0];
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct dial_test test = {.done = false};
        uint64_t since = fcgi_loop_now(rig.loop);

        fcgi_dial_init(&test.dial, rig.loop);
        in_connect = (struct fault){cases[i].first, 0};
        in_so_error = (struct fault){cases[i].second, 0};
        fcgi_dial_start(&test.dial, rig.addresses, 2, FCGI_DIAL_NEVER, done);
        while (!test.done) {
            assert_true(fcgi_loop_now(rig.loop) <
                        since + RIG_PATIENCE * FCGI_LOOP_MS);
            assert_int_equal(fcgi_loop_wait(rig.loop, 5), 0);
        }
        assert_int_equal(test.dial.address, 1);
        assert_int_equal(test.fd >= 0, cases[i].fault == FCGI_FAULT_NONE);
        if (test.fd < 0) {
            assert_int_equal(test.dial.failure.fault, cases[i].fault);
            assert_int_equal(test.dial.failure.error, cases[i].error);
        } else {
            close(test.fd);
        }
        assert_false(test.dial.timer.set);
        assert_false(test.dial.io.added);
        in_so_error.error = 0;
    }
    rig_close(&rig);
}

/* A shortage ends it at once: another address would fare no better. */
static void test_shortage(void **state)
{
    struct dial_test test = {.done = false};
    struct rig rig;

    (void)state;
    rig_open(&rig, RIG_TCP, 5);
    rig.addresses[1] = rig.addresses[0];
    fcgi_dial_init(&test.dial, rig.loop);
    in_socket = (struct fault){EMFILE, 0};
    fcgi_dial_start(&test.dial, rig.addresses, 2, FCGI_DIAL_NEVER, done);
    assert_true(test.done);
    assert_int_equal(test.fd, -1);
    assert_int_equal(test.dial.address, 0);
    assert_int_equal(test.dial.failure.call, FCGI_CALL_SOCKET);
    assert_int_equal(test.dial.failure.error, EMFILE);
    rig_close(&rig);
}

static void test_cancel(void **state)
{
    struct dial_test test = {.done = false};
    struct rig rig;

    (void)state;
    rig_open(&rig, RIG_TCP, 5);
    fcgi_dial_init(&test.dial, rig.loop);
    fcgi_dial_cancel(&test.dial);
    fcgi_dial_start(&test.dial, rig.addresses, 1,
                    fcgi_loop_now(rig.loop) + 5 * FCGI_LOOP_MS, done);
    if (!test.done) {
        fcgi_dial_cancel(&test.dial);
        rig_run_for(&rig, 10);
        assert_false(test.done);
    } else {
        close(test.fd);
    }
    rig_close(&rig);
}

/* A host that acknowledges nothing is told from a process that is slow. */
static void test_lost(void **state)
{
    static const struct {
        unsigned retransmits, probes, last_ack;
        bool lost;
    } cases[] = {
        {0, 0, 99999, false}, {9, 0, 29, false}, {2, 0, 30, false},
        {0, 2, 99999, false}, {3, 0, 30, true},  {0, 3, 30, true},
        {0, 9, 29, false},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct rig rig;

        info =
            (struct tcp_info){.tcpi_retransmits = (uint8_t)cases[i].retransmits,
                              .tcpi_probes = (uint8_t)cases[i].probes,
                              .tcpi_last_ack_recv = cases[i].last_ack};
        assert_int_equal(fcgi_dial_is_lost(0, 30), cases[i].lost);
        rig_open(&rig, RIG_TCP, 5);
        rig.config.endpoint.kind = FCGI_ENDPOINT_TCP;
        rig.config.connect_timeout = 30;
        rig_start(&rig, NULL, 0);
        rig_accept(&rig);
        rig_receive_request(&rig);
        if (cases[i].lost) {
            rig_run_until_over(&rig);
            assert_string_equal(rig.told, "fail(broken)");
            assert_int_equal(rig.problem.error, ETIMEDOUT);
            assert_false(rig.problem.ours);
            assert_false(rig.problem.unexecuted);
        } else {
            rig_run_for(&rig, 60);
            assert_string_equal(rig.told, "");
        }
        rig_close(&rig);
    }
}

/* What fails of a request's connection, and what its owner is told. */
static void test_conn(void **state)
{
    static const struct {
        const char *name;
        enum rig_kind kind;
        struct fault socket, connect, so_error, epoll, send;
        const char *told;
        enum fcgi_syscall call;
        int error;
        bool ours, unexecuted;
    } cases[] = {
        {"no descriptor", RIG_UNIX, .socket = {EMFILE, 0},
         .told = "fail(connect)", .call = FCGI_CALL_SOCKET, .error = EMFILE,
         .ours = true, .unexecuted = true},
        {"no port", RIG_TCP, .connect = {EADDRNOTAVAIL, 0},
         .told = "fail(connect)", .call = FCGI_CALL_CONNECT,
         .error = EADDRNOTAVAIL, .ours = true, .unexecuted = true},
        {"no route's memory", RIG_TCP, .connect = {EAGAIN, 0},
         .told = "fail(connect)", .call = FCGI_CALL_CONNECT, .error = EAGAIN,
         .ours = true, .unexecuted = true},
        {"refused later", RIG_TCP, .so_error = {ECONNREFUSED, 0},
         .told = "fail(connect)", .call = FCGI_CALL_CONNECT,
         .error = ECONNREFUSED, .ours = false, .unexecuted = true},
        {"connecting not watched", RIG_TCP, .epoll = {ENOSPC, 0},
         .told = "fail(connect)", .call = FCGI_CALL_EPOLL, .error = ENOSPC,
         .ours = true, .unexecuted = true},
        {"connected, not watched", RIG_TCP, .epoll = {ENOSPC, 1},
         .told = "fail(connect)", .call = FCGI_CALL_EPOLL, .error = ENOSPC,
         .ours = true, .unexecuted = true},
        {"not watched", RIG_UNIX, .epoll = {ENOSPC, 0}, .told = "fail(connect)",
         .call = FCGI_CALL_EPOLL, .error = ENOSPC, .ours = true,
         .unexecuted = true},
        /* The body is larger than the socket's buffer: watched for room. */
        {"not watched later", RIG_UNIX, .epoll = {ENOMEM, 1},
         .told = "fail(broken)", .call = FCGI_CALL_EPOLL, .error = ENOMEM,
         .ours = true, .unexecuted = false},
        {"no memory to send", RIG_UNIX, .send = {ENOBUFS, 0},
         .told = "fail(broken)", .call = FCGI_CALL_SEND, .error = ENOBUFS,
         .ours = true, .unexecuted = true},
        {"no way to send", RIG_TCP, .send = {EHOSTUNREACH, 0},
         .told = "fail(broken)", .call = FCGI_CALL_SEND, .error = EHOSTUNREACH,
         .ours = false, .unexecuted = true},
    };
    static uint8_t body[4 << 20];

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct rig rig;

        print_message("# %s\n", cases[i].name);
        rig_open(&rig, cases[i].kind, 5);
        in_socket = cases[i].socket;
        in_connect = cases[i].connect;
        in_so_error = cases[i].so_error;
        in_epoll = cases[i].epoll;
        in_send = cases[i].send;
        rig_start(&rig, body, sizeof(body));
        rig_run_until_over(&rig);
        assert_string_equal(rig.told, cases[i].told);
        assert_int_equal(rig.problem.call, cases[i].call);
        assert_int_equal(rig.problem.error, cases[i].error);
        assert_int_equal(rig.problem.ours, cases[i].ours);
        assert_int_equal(rig.problem.unexecuted, cases[i].unexecuted);
        rig_assert_closed(&rig);
        assert_int_equal(in_socket.error + in_connect.error +
                             in_so_error.error + in_epoll.error + in_send.error,
                         0);
        rig_close(&rig);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_faults),   cmocka_unit_test(test_which_counts),
        cmocka_unit_test(test_shortage), cmocka_unit_test(test_cancel),
        cmocka_unit_test(test_lost),     cmocka_unit_test(test_conn),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
