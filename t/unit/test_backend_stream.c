/* SPDX-License-Identifier: Apache-2.0
 *
 * A connection whose request's body is not there as a whole: it sends what
 * there is, waits for more without a timeout, and stays what it is to the rest
 * of the world.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include "backend_rig.h"

#define SHORT 80              /* ms */
#define HEAD (16 + 8 + 8 + 8) /* BEGIN, PARAMS of 7 bytes, its end */

static const uint8_t body[] = "bodybodybody";

static void answer(struct rig *rig)
{
    struct rig_wire wire = {.length = 0};

    rig_wire_add(&wire, FCGI_STDOUT, "x", 1, 0);
    rig_wire_end(&wire, 0, 0);
    rig_send(rig, wire.bytes, wire.length);
}

/* A request whose first four bytes of a body are there and received. */
static void open_conn(struct rig *rig, uint32_t timeout)
{
    uint8_t bytes[64];

    rig_open(rig, RIG_UNIX, 5);
    rig->config.send_timeout = rig->config.read_timeout = timeout;
    rig->flags = FCGI_KEEP_CONN;
    rig->partial = true;
    rig_start(rig, body, 4);
    rig_accept(rig);
    rig_receive(rig, bytes, HEAD + 16);
    assert_memory_equal(bytes + HEAD, "\1\5\0\1\0\4\4\0body\0\0\0\0", 16);
    assert_true(rig->conn.starved);
    assert_false(rig->conn.unsent);
    assert_int_equal(rig->opened, 1);
    assert_int_equal(rig->starved, 1);
}

/* Shows the body from `offset` to `end`. */
static void show(struct rig *rig, size_t offset, size_t end, bool ended)
{
    fcgi_request_stdin(&rig->conn.request, body + offset, end - offset, offset,
                       ended);
    fcgi_conn_more(&rig->conn);
}

static bool is_silent(const struct rig *rig)
{
    uint8_t byte;

    return recv(rig->peer, &byte, 1, MSG_DONTWAIT) < 0 && errno == EAGAIN;
}

static void test_more(void **state)
{
    uint8_t bytes[64];
    struct rig rig;

    (void)state;
    open_conn(&rig, SHORT);
    rig_run_for(&rig, 2 * SHORT); /* no timeout runs */
    assert_string_equal(rig.told, "");
    assert_false(rig.conn.timer.set);
    assert_true(is_silent(&rig));
    show(&rig, 4, 4, false); /* nothing new */
    assert_true(is_silent(&rig));
    show(&rig, 2, 8, false);
    rig_receive(&rig, bytes, 16);
    assert_memory_equal(bytes, "\1\5\0\1\0\4\4\0body", 12);
    assert_true(rig.conn.starved);
    show(&rig, 8, 8, true);
    rig_receive(&rig, bytes, 8);
    assert_memory_equal(bytes, "\1\5\0\1\0\0\0\0", 8);
    assert_false(rig.conn.starved);
    assert_true(rig.conn.timer.set);
    answer(&rig);
    rig_run_until_over(&rig);
    assert_string_equal(rig.told, "out(x)end(0 0)");
    assert_int_equal(rig.conn.state, FCGI_CONN_KEPT);
    assert_int_equal(rig.conn.bytes_out, HEAD + 16 + 16 + 8);
    rig_close(&rig);
}

/* Once all is sent, the time to answer counts, from then on. */
static void test_read_timeout(void **state)
{
    struct rig rig;

    (void)state;
    open_conn(&rig, SHORT);
    rig_run_for(&rig, 2 * SHORT);
    show(&rig, 4, 4, true);
    rig_run_until_over(&rig);
    assert_string_equal(rig.told, "fail(read timeout)");
    assert_true(fcgi_loop_now(rig.loop) - rig.started >=
                3 * SHORT * FCGI_LOOP_MS);
    rig_close(&rig);
}

/* Bytes of an answer do not make a timeout run. */
static void test_answer_meanwhile(void **state)
{
    struct rig_wire wire = {.length = 0};
    struct rig rig;

    (void)state;
    open_conn(&rig, SHORT);
    rig_wire_add(&wire, FCGI_STDOUT, "early", 5, 0);
    rig_send(&rig, wire.bytes, wire.length);
    rig_run_for(&rig, 2 * SHORT);
    assert_string_equal(rig.told, "out(early)");
    assert_false(rig.conn.timer.set);
    rig_close(&rig);
}

/* An answer that ends before the body: what would come of it yet must not be
 * taken for the next request. */
static void test_early_end(void **state)
{
    struct rig rig;

    (void)state;
    open_conn(&rig, 60000);
    answer(&rig);
    rig_run_until_over(&rig);
    assert_string_equal(rig.told, "out(x)end(0 0)");
    assert_int_equal(rig.conn.state, FCGI_CONN_IDLE);
    rig_assert_closed(&rig);
    rig_close(&rig);
}

static void test_closed(void **state)
{
    struct rig rig;

    (void)state;
    open_conn(&rig, 60000);
    close(rig.peer);
    rig.peer = -1;
    rig_run_until_over(&rig);
    assert_string_equal(rig.told, "fail(closed)");
    assert_false(rig.problem.unexecuted);
    rig_close(&rig);
}

/* Given up between two records: the application is told. */
static void test_given_up(void **state)
{
    uint8_t bytes[8];
    struct rig rig;

    (void)state;
    open_conn(&rig, 60000);
    fcgi_conn_close(&rig.conn);
    assert_int_equal(recv(rig.peer, bytes, 8, MSG_DONTWAIT), 8);
    assert_memory_equal(bytes, "\1\2\0\1\0\0\0\0", 8);
    rig_close(&rig);
}

/* What comes while the connection is paused goes out when it is resumed. */
static void test_paused(void **state)
{
    uint8_t bytes[64];
    struct rig rig;

    (void)state;
    open_conn(&rig, 60000);
    fcgi_conn_pause(&rig.conn);
    show(&rig, 4, 8, true);
    rig_run_for(&rig, 20);
    assert_true(is_silent(&rig));
    fcgi_conn_resume(&rig.conn);
    rig_receive(&rig, bytes, 24);
    assert_memory_equal(bytes + 8, "body", 4);
    rig_close(&rig);
}

/* The application takes no more: the owner is told, and may wait for the
 * answer. */
static void test_deaf(void **state)
{
    struct rig rig;

    (void)state;
    open_conn(&rig, 60000);
    shutdown(rig.peer, SHUT_RD);
    show(&rig, 4, 8, true);
    assert_true(rig.conn.peer_closed_read);
    assert_false(rig.conn.starved);
    assert_int_equal(rig.starved, 2);
    answer(&rig);
    rig_run_until_over(&rig);
    assert_string_equal(rig.told, "out(x)end(0 0)");
    rig_close(&rig);
}

/* The owner gives up where it is told of something. */
static void test_closed_in_handler(void **state)
{
    static const unsigned handlers[] = {RIG_OPEN, RIG_SENT};

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct rig rig;

        rig_open(&rig, RIG_UNIX, 5);
        rig.partial = true;
        rig.close_in = handlers[i];
        rig_start(&rig, body, 4);
        rig_accept(&rig);
        rig_run_until_over(&rig);
        assert_int_equal(rig.opened, 1);
        assert_int_equal(rig.starved, i);
        rig_assert_closed(&rig);
        rig_close(&rig);
    }
}

/* The proof on a kept connection comes before all of the body, whenever that
 * does. */
static void test_proof(void **state)
{
    uint8_t bytes[64];

    (void)state;
    for (int late = 0; late < 2; late++) {
        struct rig rig;

        open_conn(&rig, 60000);
        show(&rig, 4, 4, true);
        rig_receive(&rig, bytes, 8);
        answer(&rig);
        rig_run_until_over(&rig);
        assert_int_equal(rig.conn.state, FCGI_CONN_KEPT);
        rig.conn.once = true;
        rig_start(&rig, body, 4);
        rig_stop_clock(&rig);
        rig_run_for(&rig, 20);
        assert_true(rig.conn.proving);
        assert_int_equal(rig.opened, 1);
        assert_int_equal(rig.starved, 0);
        if (!late)
            show(&rig, 0, 8, true);
        rig_run_for(&rig, 20);
        rig_receive(&rig, bytes, HEAD - 8);
        rig_receive(&rig, bytes, 8 + 16);
        assert_false(rig.conn.proving);
        assert_memory_equal(bytes, "\1\4\0\1\0\0\0\0\1\5\0\1\0", 13);
        assert_int_equal(bytes[13], late ? 4 : 8);
        if (late)
            show(&rig, 0, 8, true);
        rig_receive(&rig, bytes, late ? 16 + 8 : 8);
        answer(&rig);
        rig_run_until_over(&rig);
        assert_int_equal(rig.conn.state, FCGI_CONN_KEPT);
        rig_close(&rig);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_more),
        cmocka_unit_test(test_read_timeout),
        cmocka_unit_test(test_answer_meanwhile),
        cmocka_unit_test(test_early_end),
        cmocka_unit_test(test_closed),
        cmocka_unit_test(test_given_up),
        cmocka_unit_test(test_paused),
        cmocka_unit_test(test_deaf),
        cmocka_unit_test(test_closed_in_handler),
        cmocka_unit_test(test_proof),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
