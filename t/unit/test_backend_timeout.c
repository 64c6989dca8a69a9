/* SPDX-License-Identifier: Apache-2.0
 *
 * SendTimeout and ReadTimeout of a connection, and pausing it. A time that
 * must pass is waited for, and a time that must not pass is an hour long: the
 * machine may be as slow as it likes.
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

#define HOUR 3600000
#define SHORT 80 /* ms */

static uint8_t body[2000000];

static void send_out(const struct rig *rig, const char *text)
{
    struct rig_wire wire = {.length = 0};

    rig_wire_add(&wire, FCGI_STDOUT, text, strlen(text), 0);
    rig_send(rig, wire.bytes, wire.length);
}

static void send_end(const struct rig *rig)
{
    struct rig_wire wire = {.length = 0};

    rig_wire_end(&wire, 0, 0);
    rig_send(rig, wire.bytes, wire.length);
}

/* A connection that is open; `length` bytes of a body wait to be sent. */
static void open_conn(struct rig *rig, uint32_t send_timeout,
                      uint32_t read_timeout, size_t length)
{
    rig_open(rig, RIG_UNIX, 5);
    rig->config.connect_timeout = HOUR;
    rig->config.send_timeout = send_timeout;
    rig->config.read_timeout = read_timeout;
    rig_start(rig, body, length);
    rig_accept(rig);
    assert_int_equal(rig->conn.state, FCGI_CONN_OPEN);
    assert_int_equal(rig->conn.unsent, length > 0);
}

static void assert_timeout(struct rig *rig, const char *told, uint64_t since)
{
    rig_run_until_over(rig);
    assert_string_equal(rig->told, told);
    assert_int_equal(rig->problem.error, 0);
    assert_true(fcgi_loop_now(rig->loop) >= since + SHORT * FCGI_LOOP_MS);
    rig_assert_closed(rig);
}

static void test_send_timeout(void **state)
{
    struct rig rig;

    (void)state;
    open_conn(&rig, SHORT, HOUR, sizeof(body));
    assert_timeout(&rig, "fail(send timeout)", rig.started);
    assert_true(rig.conn.request.position > 0);
    rig_close(&rig);
}

static void test_read_timeout(void **state)
{
    struct rig rig;

    (void)state;
    open_conn(&rig, HOUR, SHORT, 0);
    rig_receive_request(&rig);
    assert_timeout(&rig, "fail(read timeout)", rig.started);
    rig_close(&rig);
}

/* The body is read at last: from then on the time to answer counts. */
static void test_send_then_read(void **state)
{
    struct rig rig;

    (void)state;
    open_conn(&rig, HOUR, SHORT, sizeof(body));
    rig_run_for(&rig, SHORT + 20);
    assert_string_equal(rig.told, "");
    rig_receive_request(&rig);
    assert_timeout(&rig, "fail(read timeout)", rig.started + 20 * FCGI_LOOP_MS);
    rig_close(&rig);
}

/* Bytes of the answer give it a new time. The timer is not moved for each of
 * them, so it fires too early and must be set again. */
static void test_read_moves(void **state)
{
    uint64_t before;
    struct rig rig;

    (void)state;
    open_conn(&rig, HOUR, SHORT, 0);
    before = rig.conn.timer.deadline;
    rig.config.read_timeout = HOUR;
    send_out(&rig, "a");
    fcgi_loop_run(rig.loop);
    assert_string_equal(rig.told, "out(a)");
    assert_true(rig.conn.deadline > before);
    rig_run_for(&rig, SHORT + 20);
    assert_false(rig.over);
    assert_true(rig.conn.timer.set);
    assert_int_equal(rig.conn.timer.deadline, rig.conn.deadline);
    /* A nearer deadline moves the timer at once. */
    rig.config.read_timeout = SHORT;
    before = fcgi_loop_now(rig.loop);
    send_out(&rig, "b");
    assert_timeout(&rig, "out(ab)fail(read timeout)", before);
    rig_close(&rig);
}

/* So do bytes of the request that the application takes. */
static void test_send_moves(void **state)
{
    static uint8_t some[500000];
    uint64_t before;
    struct rig rig;

    (void)state;
    open_conn(&rig, SHORT, HOUR, sizeof(body));
    before = rig.conn.timer.deadline;
    rig.config.send_timeout = HOUR;
    rig_receive(&rig, some, sizeof(some));
    rig_run_for(&rig, 1);
    assert_true(rig.conn.unsent);
    assert_true(rig.conn.deadline > before);
    rig_run_for(&rig, SHORT + 20);
    assert_false(rig.over);
    assert_int_equal(rig.conn.timer.deadline, rig.conn.deadline);
    rig_close(&rig);
}

/* Paused: nothing is told, and the loop does not spin, not for a hang-up
 * either; resumed, all of it comes. */
static void test_pause(void **state)
{
    struct rig rig;

    (void)state;
    open_conn(&rig, HOUR, HOUR, 0);
    rig_receive_request(&rig);
    fcgi_conn_pause(&rig.conn);
    fcgi_conn_pause(&rig.conn);
    send_out(&rig, "abc");
    shutdown(rig.peer, SHUT_RDWR);
    rig_run_for(&rig, 5);
    assert_false(rig_is_due(&rig));
    assert_string_equal(rig.told, "");
    fcgi_conn_resume(&rig.conn);
    fcgi_conn_resume(&rig.conn);
    rig_run_until_over(&rig);
    assert_string_equal(rig.told, "out(abc)fail(closed)");
    rig_close(&rig);
}

/* From a handler, which is how it is done: what was read already is still
 * told. */
static void test_pause_in_handler(void **state)
{
    struct rig rig;

    (void)state;
    open_conn(&rig, HOUR, HOUR, 0);
    rig.pause_in = RIG_STDOUT;
    send_out(&rig, "abc");
    fcgi_loop_run(rig.loop);
    assert_string_equal(rig.told, "out(abc)");
    assert_int_equal(rig.batches, 1);
    send_out(&rig, "def");
    send_end(&rig);
    rig_run_for(&rig, 5);
    assert_string_equal(rig.told, "out(abc)");
    assert_true(rig.conn.paused);
    fcgi_conn_resume(&rig.conn);
    rig_run_until_over(&rig);
    assert_string_equal(rig.told, "out(abcdef)end(0 0)");
    rig_close(&rig);
}

/* The time does not count while it is paused, and begins anew. */
static void test_pause_stops_time(void **state)
{
    uint64_t resumed;
    struct rig rig;

    (void)state;
    open_conn(&rig, HOUR, SHORT, 0);
    rig_receive_request(&rig);
    fcgi_conn_pause(&rig.conn);
    rig_run_for(&rig, 2 * SHORT);
    assert_false(rig.over);
    assert_int_equal(rig.conn.state, FCGI_CONN_OPEN);
    resumed = fcgi_loop_now(rig.loop);
    fcgi_conn_resume(&rig.conn);
    assert_timeout(&rig, "fail(read timeout)", resumed);
    rig_close(&rig);
}

/* Where it makes no sense it does nothing; and a connection that was closed
 * while it was paused can be used again. */
static void test_pause_elsewhere(void **state)
{
    struct rig rig;

    (void)state;
    open_conn(&rig, HOUR, HOUR, 0);
    fcgi_conn_resume(&rig.conn);
    fcgi_conn_pause(&rig.conn);
    fcgi_conn_close(&rig.conn);
    rig.over = true;
    rig_assert_closed(&rig);
    fcgi_conn_pause(&rig.conn);
    fcgi_conn_resume(&rig.conn);
    rig_assert_closed(&rig);
    rig_start(&rig, body, 10);
    rig_accept(&rig);
    rig_receive_request(&rig);
    send_end(&rig);
    rig_run_until_over(&rig);
    assert_string_equal(rig.told, "end(0 0)");
    rig_close(&rig);
}

/* A request goes on being sent when it is resumed. */
static void test_pause_unsent(void **state)
{
    struct rig rig;

    (void)state;
    open_conn(&rig, HOUR, HOUR, sizeof(body));
    fcgi_conn_pause(&rig.conn);
    rig_run_for(&rig, 5);
    fcgi_conn_resume(&rig.conn);
    rig_receive_request(&rig);
    send_end(&rig);
    rig_run_until_over(&rig);
    assert_string_equal(rig.told, "end(0 0)");
    rig_close(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_send_timeout),
        cmocka_unit_test(test_read_timeout),
        cmocka_unit_test(test_send_then_read),
        cmocka_unit_test(test_read_moves),
        cmocka_unit_test(test_send_moves),
        cmocka_unit_test(test_pause),
        cmocka_unit_test(test_pause_in_handler),
        cmocka_unit_test(test_pause_stops_time),
        cmocka_unit_test(test_pause_elsewhere),
        cmocka_unit_test(test_pause_unsent),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
