/* SPDX-License-Identifier: Apache-2.0
 *
 * Closing without loss: a client that has sent more than was read, and none
 * that has; memory that is short; the most that linger.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "gateway/linger.h"
#include "short_memory.h"
#include "tcp_pair.h"

#define PATIENCE 5000 /* ms, for what has to come */

static struct fcgi_loop *loop;
static struct fcgi_linger_list lingering;
static int fd, peer;

static int set_up(void **state)
{
    int fds[2];

    (void)state;
    tcp_pair(fds);
    fd = fds[0];
    peer = fds[1];
    loop = fcgi_loop_new();
    assert_non_null(loop);
    fcgi_linger_init(&lingering, loop);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    fcgi_linger_end_all(&lingering);
    assert_int_equal(lingering.count, 0);
    fcgi_loop_free(loop);
    if (fd >= 0)
        close(fd);
    if (peer >= 0)
        close(peer);
    return 0;
}

static void run_for(int ms)
{
    uint64_t end = fcgi_loop_now(loop) + (uint64_t)ms * FCGI_LOOP_MS;

    while (fcgi_loop_now(loop) < end)
        fcgi_loop_wait(loop, 5);
}

/* There is something to read, or the end. */
static void wait_for(int socket)
{
    struct pollfd poller = {.fd = socket, .events = POLLIN};

    assert_int_equal(poll(&poller, 1, PATIENCE), 1);
}

static void answer_and_finish(void)
{
    assert_int_equal(send(fd, "answer", 6, 0), 6);
    fcgi_linger_start(&lingering, fd);
}

/* A client that has sent more than was read gets its whole answer all the same
 * when the host closes. */
static void test_unread(void **state)
{
    char bytes[8] = "";

    (void)state;
    assert_int_equal(send(peer, "more", 4, 0), 4);
    wait_for(fd);
    answer_and_finish();
    assert_int_equal(lingering.count, 1);
    close(fd);
    fd = -1;
    run_for(20);
    assert_int_equal(send(peer, "and more", 8, MSG_NOSIGNAL), 8);
    run_for(20);
    wait_for(peer);
    assert_int_equal(recv(peer, bytes, sizeof(bytes), MSG_DONTWAIT), 6);
    assert_string_equal(bytes, "answer");
    wait_for(peer);
    assert_int_equal(recv(peer, bytes, 1, 0), 0); /* the end, no reset */
    close(peer);
    peer = -1;
    for (int i = 0; i < PATIENCE / 5 && lingering.count > 0; i++)
        fcgi_loop_wait(loop, 5);
    assert_int_equal(lingering.count, 0);
}

/* What is all sent and all read is left to the host. */
static void test_nothing(void **state)
{
    (void)state;
    fcgi_linger_start(&lingering, fd);
    assert_int_equal(lingering.count, 0);
}

static void test_no_memory(void **state)
{
    (void)state;
    assert_int_equal(send(peer, "more", 4, 0), 4);
    wait_for(fd);
    no_memory = true;
    answer_and_finish();
    no_memory = false;
    assert_int_equal(lingering.count, 0);
}

/* There is an upper number, and the oldest make room. */
static void test_most(void **state)
{
    int first[2], pair[2];
    char byte;

    (void)state;
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, first), 0);
    assert_int_equal(send(first[1], "x", 1, 0), 1);
    fcgi_linger_start(&lingering, first[0]);
    close(first[0]);
    for (int i = 1; i < FCGI_LINGER_MOST + 3; i++) {
        assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
        assert_int_equal(send(pair[1], "x", 1, 0), 1);
        fcgi_linger_start(&lingering, pair[0]);
        close(pair[0]);
        close(pair[1]);
        assert_true(lingering.count <= FCGI_LINGER_MOST);
    }
    assert_int_equal(lingering.count, FCGI_LINGER_MOST);
    /* The first is closed: not only for sending, so that writing fails. */
    assert_true(recv(first[1], &byte, 1, MSG_DONTWAIT) <= 0);
    assert_int_equal(send(first[1], "x", 1, MSG_NOSIGNAL), -1);
    close(first[1]);
}

int main(void)
{
#define TEST(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(test_unread),
        TEST(test_nothing),
        TEST(test_no_memory),
        TEST(test_most),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
