/* SPDX-License-Identifier: Apache-2.0
 *
 * Kept connections: which are fit for another request, what becomes of them
 * while they are idle, and what is told of one that breaks.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "backend_rig.h"

static struct rig_wire end_of_request(void)
{
    struct rig_wire wire = {.length = 0};

    rig_wire_add(&wire, FCGI_STDOUT, "x", 1, 7);
    rig_wire_end(&wire, 0, 0);
    return wire;
}

/* One request, answered; the connection is what it is then. */
static void round_trip(struct rig *rig, uint8_t flags)
{
    struct rig_wire wire = end_of_request();

    rig->flags = flags;
    rig_start(rig, (const uint8_t *)"body", 4);
    if (rig->peer < 0)
        rig_accept(rig);
    rig_receive_request(rig);
    rig_send(rig, wire.bytes, wire.length);
    rig_run_until_over(rig);
    assert_string_equal(rig->told, "out(x)end(0 0)");
}

static void test_used_again(void **state)
{
    (void)state;
    for (int kind = RIG_UNIX; kind <= RIG_TCP; kind++) {
        struct rig rig;

        rig_open(&rig, (enum rig_kind)kind, 5);
        for (unsigned i = 1; i <= 5; i++) {
            round_trip(&rig, FCGI_KEEP_CONN);
            assert_int_equal(rig.conn.state, FCGI_CONN_KEPT);
            assert_int_equal(rig.conn.served, i);
            assert_true(fcgi_conn_is_alive(&rig.conn));
        }
        round_trip(&rig, 0); /* the last one */
        rig_assert_closed(&rig);
        rig_close(&rig);
    }
}

static unsigned deaths;

static void count_death(struct fcgi_conn *conn)
{
    assert_int_equal(conn->state, FCGI_CONN_IDLE);
    deaths++;
}

/* While it is idle: closed by the application, bytes that nobody asked for,
 * and the time. */
static void test_idle_ends(void **state)
{
    (void)state;
    for (int way = 0; way < 3; way++) {
        struct rig rig;

        deaths = 0;
        rig_open(&rig, RIG_UNIX, 5);
        round_trip(&rig, FCGI_KEEP_CONN);
        rig.conn.on_dead = count_death;
        fcgi_conn_keep(&rig.conn, fcgi_loop_now(rig.loop) +
                                      (way == 2 ? 30 : 60000) * FCGI_LOOP_MS);
        rig_run_for(&rig, 10);
        assert_int_equal(deaths, 0);
        if (way == 0)
            assert_int_equal(shutdown(rig.peer, SHUT_WR), 0);
        else if (way == 1)
            rig_send(&rig, "z", 1);
        if (way != 2)
            assert_false(fcgi_conn_is_alive(&rig.conn));
        for (int i = 0; i < 200 && deaths == 0; i++)
            rig_run_for(&rig, 5);
        assert_int_equal(deaths, 1);
        rig_assert_closed(&rig);
        rig_close(&rig);
    }
}

/* What is not fit for another request is closed. */
static void test_not_fit(void **state)
{
    static uint8_t body[4000000];

    (void)state;
    for (int way = 0; way < 3; way++) {
        struct rig_wire wire = end_of_request();
        struct rig rig;

        rig_open(&rig, RIG_UNIX, 5);
        rig.flags = FCGI_KEEP_CONN;
        /* 0: not all is sent; 1: bytes behind the end; 2: its padding is not
         * there yet. */
        rig_start(&rig, body, way == 0 ? sizeof(body) : 4);
        rig_accept(&rig);
        if (way == 0)
            rig_run_for(&rig, 5);
        else
            rig_receive_request(&rig);
        if (way == 1)
            wire.bytes[wire.length++] = 1;
        if (way == 2)
            wire.bytes[wire.length - 16 + 6] = 8;
        rig_send(&rig, wire.bytes, wire.length);
        rig_run_until_over(&rig);
        assert_string_equal(rig.told, "out(x)end(0 0)");
        rig_assert_closed(&rig);
        rig_close(&rig);
    }
}

/* Another loop goes on with the socket. */
static void test_detach(void **state)
{
    struct rig rig;
    int fd;

    (void)state;
    rig_open(&rig, RIG_UNIX, 5);
    round_trip(&rig, FCGI_KEEP_CONN);
    fd = fcgi_conn_detach(&rig.conn);
    assert_true(fd >= 0);
    assert_int_equal(rig.conn.state, FCGI_CONN_IDLE);
    assert_int_equal(rig.conn.io.fd, -1);
    assert_true(fcgi_conn_attach(&rig.conn, fd));
    round_trip(&rig, FCGI_KEEP_CONN);
    assert_int_equal(rig.conn.state, FCGI_CONN_KEPT);
    rig_close(&rig);
}

/* What an exchange has to know to send a request again. */
static void test_stale(void **state)
{
    (void)state;
    for (int way = 0; way < 3; way++) {
        struct rig rig;

        rig_open(&rig, RIG_UNIX, 5);
        round_trip(&rig, FCGI_KEEP_CONN);
        if (way == 0) { /* closed before: nothing is taken */
            close(rig.peer);
            rig.peer = -1;
        }
        rig_start(&rig, (const uint8_t *)"body", 4);
        if (way == 1) { /* read, and then closed */
            rig_receive_request(&rig);
            assert_int_equal(shutdown(rig.peer, SHUT_RDWR), 0);
        } else if (way == 2) { /* closed unread */
            close(rig.peer);
            rig.peer = -1;
        }
        rig_run_until_over(&rig);
        assert_true(rig.problem.failure == FCGI_CONN_CLOSED ||
                    rig.problem.failure == FCGI_CONN_BROKEN);
        assert_true(rig.problem.kept);
        assert_false(rig.problem.heard);
        assert_int_equal(rig.problem.unexecuted, way == 0);
        rig_close(&rig);
    }
}

/* A request that must not be executed twice, on a kept connection. */
static void start_once(struct rig *rig)
{
    round_trip(rig, FCGI_KEEP_CONN);
    rig->conn.once = true;
    rig_start(rig, (const uint8_t *)"body", 4);
}

static size_t unread(const struct rig *rig)
{
    int n = 0;

    assert_int_equal(ioctl(rig->peer, FIONREAD, &n), 0);
    return (size_t)n;
}

/* What ends PARAMS goes out when all before it has been read, not before. */
static void test_proof(void **state)
{
    struct rig_wire wire = end_of_request();
    uint8_t bytes[256];
    struct rig rig;
    size_t first;

    (void)state;
    rig_open(&rig, RIG_UNIX, 5);
    for (int i = 0; i < 3; i++) {
        start_once(&rig);
        rig_stop_clock(&rig);
        first = (size_t)fcgi_request_params_end(&rig.conn.request);
        rig_run_for(&rig, 30);
        assert_int_equal(unread(&rig), first);
        assert_int_equal(read(rig.peer, bytes, first - 1), first - 1);
        rig_run_for(&rig, 30);
        assert_int_equal(unread(&rig), 1);
        assert_true(rig.conn.proving);
        rig_receive(&rig, bytes, 1);
        rig_receive(&rig, bytes,
                    (size_t)fcgi_request_size(&rig.conn.request) - first);
        assert_false(rig.conn.proving);
        rig_send(&rig, wire.bytes, wire.length);
        rig_run_until_over(&rig);
        assert_string_equal(rig.told, "out(x)end(0 0)");
        assert_int_equal(rig.conn.state, FCGI_CONN_KEPT);
    }
    rig_close(&rig);
}

/* The proof does not come: the application closes without having read, or after
 * it has, or reads nothing, with a SendTimeout of less than what is waited. */
static void test_no_proof(void **state)
{
    static const char *const told[] = {"fail(closed)", "fail(closed)",
                                       "fail(send timeout)", "fail(closed)"};

    (void)state;
    for (int way = 0; way < 4; way++) {
        uint8_t bytes[256];
        struct rig rig;

        rig_open(&rig, RIG_UNIX, 5);
        rig.config.send_timeout = way == 2 ? 50 : 60000;
        start_once(&rig);
        rig_run_for(&rig, 20);
        if (way == 1)
            assert_true(read(rig.peer, bytes, sizeof(bytes)) > 0);
        if (way < 2) {
            close(rig.peer);
            rig.peer = -1;
        }
        rig_run_until_over(&rig);
        assert_true(way != 3 || fcgi_server_is_doubted(&rig.server));
        assert_true(strcmp(rig.told, told[way]) == 0 ||
                    (way == 0 && strcmp(rig.told, "fail(broken)") == 0));
        assert_true(rig.problem.kept);
        assert_true(rig.problem.unexecuted);
        assert_false(rig.problem.ours);
        rig_assert_closed(&rig);
        rig_close(&rig);
    }
}

/* An answer that comes before the proof, as that of an application that takes
 * no request now. */
static void test_answer_before_proof(void **state)
{
    struct rig_wire wire = {.length = 0};
    struct rig rig;

    (void)state;
    rig_open(&rig, RIG_UNIX, 5);
    start_once(&rig);
    rig_wire_end(&wire, 0, FCGI_OVERLOADED);
    rig_send(&rig, wire.bytes, wire.length);
    rig_run_until_over(&rig);
    assert_string_equal(rig.told, "end(0 2)");
    rig_assert_closed(&rig);
    rig_close(&rig);
}

/* Nothing is held back over TCP, on a new connection, or of a request that may
 * be executed twice. */
static void test_no_proof_needed(void **state)
{
    (void)state;
    for (int way = 0; way < 3; way++) {
        struct rig rig;

        rig_open(&rig, way == 0 ? RIG_TCP : RIG_UNIX, 5);
        rig.config.endpoint.kind =
            way == 0 ? FCGI_ENDPOINT_TCP : FCGI_ENDPOINT_UNIX;
        if (way != 1)
            round_trip(&rig, FCGI_KEEP_CONN);
        rig.conn.once = way != 2;
        rig_start(&rig, (const uint8_t *)"body", 4);
        if (way == 1)
            rig_accept(&rig);
        assert_false(rig.conn.proving);
        rig_receive_request(&rig);
        rig_close(&rig);
    }
}

/* A server that is doubted has to prove all; where it does, it is trusted. One
 * that does not answer on a kept connection is doubted. */
static void test_doubts(void **state)
{
    uint8_t bytes[256];
    struct rig rig;
    size_t first;

    (void)state;
    rig_open(&rig, RIG_UNIX, 5);
    round_trip(&rig, FCGI_KEEP_CONN);
    rig_start(&rig, NULL, 0);
    assert_false(rig.conn.proving);
    rig_run_for(&rig, 150);
    assert_true(fcgi_server_is_doubted(&rig.server));
    assert_string_equal(rig.told, "");
    rig_close(&rig);

    rig_open(&rig, RIG_UNIX, 5);
    round_trip(&rig, FCGI_KEEP_CONN);
    atomic_store(&rig.server.doubts, 1);
    rig_start(&rig, NULL, 0);
    rig_stop_clock(&rig);
    assert_true(rig.conn.proving);
    first = (size_t)fcgi_request_params_end(&rig.conn.request);
    rig_receive(&rig, bytes, first);
    rig_receive(&rig, bytes,
                (size_t)fcgi_request_size(&rig.conn.request) - first);
    assert_false(fcgi_server_is_doubted(&rig.server));
    rig_close(&rig);
}

/* The host has kept the loop from sending for longer than any timeout, which is
 * not the application's fault: neither is it taken for a busy one, nor is the
 * request given up. */
static void test_late(void **state)
{
    (void)state;
    for (int once = 0; once < 2; once++) {
        struct rig_wire wire = end_of_request();
        struct rig rig;
        uint64_t past;

        rig_open(&rig, RIG_UNIX, 5);
        round_trip(&rig, FCGI_KEEP_CONN);
        rig.conn.once = once;
        fcgi_loop_enter(rig.loop, true);
        rig_start(&rig, (const uint8_t *)"body", 4);
        fcgi_loop_leave(rig.loop);
        assert_int_equal(rig.conn.request.position, 0);
        past = rig.conn.started - 1000 * FCGI_LOOP_MS;
        rig.conn.started = rig.conn.deadline = past;
        fcgi_loop_set_timer(rig.loop, &rig.conn.timer, past);
        fcgi_loop_run(rig.loop);
        rig_stop_clock(&rig);
        assert_string_equal(rig.told, "");
        assert_true(rig.conn.timer.set);
        assert_false(fcgi_server_is_doubted(&rig.server));
        rig_receive_request(&rig);
        rig_send(&rig, wire.bytes, wire.length);
        rig_run_until_over(&rig);
        assert_string_equal(rig.told, "out(x)end(0 0)");
        rig_close(&rig);
    }
}

/* In a crowd, too, a request goes out at once where a connection was made for
 * it, and over TCP where it must not be executed twice: that the connection was
 * alive just now is all that is known then. */
static void test_not_late(void **state)
{
    (void)state;
    for (int way = 0; way < 3; way++) {
        struct rig rig;

        rig_open(&rig, way == 0 ? RIG_UNIX : RIG_TCP, 5);
        if (way > 0) {
            rig.config.endpoint.kind = FCGI_ENDPOINT_TCP;
            round_trip(&rig, FCGI_KEEP_CONN);
        }
        rig.conn.once = way == 1;
        fcgi_loop_enter(rig.loop, true);
        rig_start(&rig, NULL, 0);
        fcgi_loop_leave(rig.loop);
        assert_int_equal(rig.conn.state, FCGI_CONN_OPEN);
        assert_int_equal(rig.conn.request.position > 0, way < 2);
        rig_close(&rig);
    }
}

/* A request that is given up is taken back, where the application was told to
 * keep the connection. */
static void test_abort(void **state)
{
    uint8_t bytes[FCGI_HEADER_LEN];
    struct rig rig;

    (void)state;
    rig_open(&rig, RIG_UNIX, 5);
    rig.flags = FCGI_KEEP_CONN;
    rig_start(&rig, (const uint8_t *)"body", 4);
    rig_accept(&rig);
    rig_receive_request(&rig);
    rig.over = true;
    fcgi_conn_close(&rig.conn);
    assert_int_equal(read(rig.peer, bytes, sizeof(bytes)), sizeof(bytes));
    assert_memory_equal(bytes, "\1\2\0\1\0\0\0\0", 8);
    assert_int_equal(read(rig.peer, bytes, sizeof(bytes)), 0);
    rig_close(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_used_again),
        cmocka_unit_test(test_idle_ends),
        cmocka_unit_test(test_not_fit),
        cmocka_unit_test(test_detach),
        cmocka_unit_test(test_stale),
        cmocka_unit_test(test_abort),
        cmocka_unit_test(test_proof),
        cmocka_unit_test(test_no_proof),
        cmocka_unit_test(test_answer_before_proof),
        cmocka_unit_test(test_no_proof_needed),
        cmocka_unit_test(test_doubts),
        cmocka_unit_test(test_late),
        cmocka_unit_test(test_not_late),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
