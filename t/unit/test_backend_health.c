/* SPDX-License-Identifier: Apache-2.0
 *
 * HealthCheck: what is asked, which answers are good ones, and what becomes of
 * a server that gives none. The application is a socket of this thread; a
 * second server makes the first one no is_only_server one.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "backend/maintenance.h"

#define PATIENCE_MS 10000

static char name[] = "a", other[] = "b", dir[32];
static struct fcgi_server_config configs[2];
static struct fcgi_config all = {.servers = configs, .n_servers = 2};
static struct fcgi_pool *pool;
static struct fcgi_loop *loop;
static struct fcgi_worker *worker;
static struct fcgi_maintenance *maintenance;
static uint8_t scratch[4096];
static int listener, peer;
static struct sockaddr_un un;

static void tell_nobody(void *arg, bool bad, const char *line)
{
    (void)arg;
    (void)bad;
    (void)line;
}

static int set_up(void **state)
{
    (void)state;
    strcpy(dir, "/tmp/fcgi-health-XXXXXX");
    assert_non_null(mkdtemp(dir));
    un = (struct sockaddr_un){.sun_family = AF_UNIX};
    snprintf(un.sun_path, sizeof(un.sun_path), "%s/sock", dir);
    for (int i = 0; i < 2; i++) {
        configs[i] = (struct fcgi_server_config){.name = i ? other : name,
                                                 .weight = 1,
                                                 .connect_timeout = 20000,
                                                 .max_fails = 1,
                                                 .fail_timeout = 600000};
        configs[i].endpoint.kind = FCGI_ENDPOINT_UNIX;
        strcpy(configs[i].endpoint.path, un.sun_path);
    }
    configs[0].health_check = 20;
    peer = -1;
    worker = NULL;
    listener = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
    assert_int_equal(bind(listener, (const struct sockaddr *)&un, sizeof(un)),
                     0);
    assert_int_equal(listen(listener, 5), 0);
    return 0;
}

/* The configuration is as the test wants it. */
static void begin(void)
{
    const struct fcgi_notice notice = {tell_nobody, NULL};

    pool = fcgi_pool_new(&all);
    loop = fcgi_loop_new();
    worker = fcgi_worker_new(pool, loop, &notice, scratch, sizeof(scratch));
    assert_non_null(worker);
    maintenance = fcgi_maintenance_new(worker);
    assert_non_null(maintenance);
}

static int tear_down(void **state)
{
    (void)state;
    fcgi_maintenance_free(maintenance);
    fcgi_worker_free(worker);
    assert_int_equal(atomic_load(&pool->servers[0].open), 0);
    fcgi_loop_free(loop);
    fcgi_pool_free(pool);
    if (peer >= 0)
        close(peer);
    if (listener >= 0)
        close(listener);
    unlink(un.sun_path);
    return rmdir(dir);
}

static uint64_t failed(void)
{
    struct fcgi_server_stats stats;

    fcgi_server_stats(&pool->servers[0], &stats);
    return stats.counts[FCGI_COUNT_CHECK_FAILED];
}

static bool is_out(void)
{
    return atomic_load(&pool->servers[0].out);
}

static bool is_open(void)
{
    return atomic_load(&pool->servers[0].open) > 0;
}

static bool has_failed(void)
{
    return failed() > 0;
}

static bool is_not_open(void)
{
    return !is_open();
}

static void run_until(bool (*come)(void))
{
    uint64_t end = fcgi_loop_now(loop) + PATIENCE_MS * FCGI_LOOP_MS;

    while (!come()) {
        if (fcgi_loop_now(loop) > end)
            fail_msg("nothing came");
        assert_int_equal(fcgi_loop_wait(loop, 5), 0);
    }
}

static void run_for(uint64_t ms)
{
    uint64_t end = fcgi_loop_now(loop) + ms * FCGI_LOOP_MS;

    while (fcgi_loop_now(loop) < end)
        assert_int_equal(fcgi_loop_wait(loop, 2), 0);
}

static bool has_connected(void)
{
    if (peer >= 0)
        close(peer);
    peer = accept4(listener, NULL, NULL, SOCK_NONBLOCK);
    return peer >= 0;
}

/* The next check's connection, and what it asks. */
static void receive_question(void)
{
    static const uint8_t question[] =
        "\1\11\0\0\0\21\10\0"
        "\17\0FCGI_MPXS_CONNS\0\0\0\0\0\0\0";
    uint8_t bytes[64];
    size_t n = 0;

    run_until(has_connected);
    for (int i = 0; i < PATIENCE_MS && n < sizeof(question); i++) {
        ssize_t got = read(peer, bytes + n, sizeof(bytes) - n);

        if (got > 0)
            n += (size_t)got;
        else
            run_for(1);
    }
    assert_int_equal(n, sizeof(question));
    assert_memory_equal(bytes, question, n);
}

static void answer(const void *bytes, size_t length)
{
    assert_int_equal(send(peer, bytes, length, MSG_NOSIGNAL), length);
}

/* FCGI_MPXS_CONNS is "0". */
static const uint8_t values[] =
    "\1\12\0\0\0\22\6\0"
    "\17\1FCGI_MPXS_CONNS0\0\0\0\0\0";

/* --- tests -------------------------------------------------------------- */

/* The server was out, and the answer lets it back. */
static void assert_lets_back(const void *bytes, size_t length, size_t part)
{
    begin();
    fcgi_server_failed(&pool->servers[0], fcgi_loop_now(loop));
    assert_true(is_out());
    receive_question();
    for (size_t at = 0; at < length; at += part) {
        assert_true(is_open());
        answer((const uint8_t *)bytes + at,
               part < length - at ? part : length - at);
        if (is_out())
            run_for(2);
    }
    run_until(is_not_open);
    assert_false(is_out());
    assert_int_equal(failed(), 0);
    assert_int_equal(read(peer, scratch, 1), 0); /* it was closed */
}

static void test_whole(void **state)
{
    (void)state;
    assert_lets_back(values, sizeof(values), sizeof(values));
}

static void test_bytes(void **state)
{
    (void)state;
    /* The header is enough: the rest would come to a closed socket. */
    assert_lets_back(values, FCGI_HEADER_LEN, 1);
}

/* Somebody is at home who does not know the question. */
static void test_unknown_type(void **state)
{
    static const uint8_t unknown[] = "\1\13\0\0\0\10\0\0\11\0\0\0\0\0\0";

    (void)state;
    assert_lets_back(unknown, sizeof(unknown), sizeof(unknown));
}

static void test_cant_mpx(void **state)
{
    static const uint8_t end[] = "\1\3\0\0\0\10\0\0\0\0\0\0\1\0\0";

    (void)state;
    assert_lets_back(end, sizeof(end), sizeof(end));
}

static void test_wrong_version(void **state)
{
    (void)state;
    begin();
    receive_question();
    answer("HTTP/1.0 400 Bad", 16);
    run_until(has_failed);
    assert_true(is_out());
}

static void test_closed(void **state)
{
    (void)state;
    begin();
    receive_question();
    answer(values, 3);
    close(peer);
    peer = -1;
    run_until(has_failed);
    assert_true(is_out());
    /* It is asked again, and let back. */
    receive_question();
    answer(values, sizeof(values));
    run_until(is_not_open);
    assert_false(is_out());
}

static void test_timeout(void **state)
{
    (void)state;
    configs[0].connect_timeout = 60;
    begin();
    receive_question();
    run_until(has_failed);
    assert_true(is_out());
    assert_false(is_open());
}

static void test_refused(void **state)
{
    (void)state;
    close(listener);
    listener = -1;
    begin();
    run_until(has_failed);
    assert_true(is_out());
}

/* Fills the backlog; returns how many connections that takes. */
static size_t fill(int *fds, size_t most)
{
    for (size_t n = 0; n < most; n++) {
        fds[n] = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
        if (connect(fds[n], (const struct sockaddr *)&un, sizeof(un)) < 0) {
            assert_int_equal(errno, EAGAIN);
            close(fds[n]);
            return n;
        }
    }
    fail();
    return 0;
}

/* A backlog that is full is waited for... */
static void test_backlog_full(void **state)
{
    int fds[16];
    size_t n;

    (void)state;
    n = fill(fds, 16);
    begin();
    run_until(is_open);
    run_for(60);
    assert_int_equal(failed(), 0);
    assert_true(is_open());
    for (size_t i = 0; i < n; i++) {
        close(accept(listener, NULL, NULL));
        close(fds[i]);
    }
    receive_question();
    answer(values, sizeof(values));
    run_until(is_not_open);
    assert_int_equal(failed(), 0);
    assert_false(is_out());
}

/* ... but not for ever. */
static void test_backlog_stays_full(void **state)
{
    int fds[16];
    size_t n;

    (void)state;
    configs[0].connect_timeout = 80;
    n = fill(fds, 16);
    begin();
    run_until(has_failed);
    assert_true(is_out());
    while (n > 0)
        close(fds[--n]);
}

/* No descriptor is to be had: that is no fault of the server's. */
static void test_no_descriptor(void **state)
{
    struct rlimit old, few;
    int lowest;

    (void)state;
    begin();
    lowest = dup(0);
    close(lowest);
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &old), 0);
    few = old;
    few.rlim_cur = (rlim_t)lowest;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
    run_for(80);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &old), 0);
    assert_int_equal(failed(), 0);
    assert_false(is_out());
    receive_question();
}

/* A server all of whose connections are in use is not asked. */
static void test_no_slot(void **state)
{
    (void)state;
    configs[0].max_connections = 1;
    begin();
    assert_true(fcgi_server_take_slot(&pool->servers[0]));
    run_for(80);
    assert_false(has_connected());
    assert_int_equal(failed(), 0);
    fcgi_worker_free_slot(worker, &pool->servers[0], NULL);
    receive_question();
}

/* The first address hangs: the second has its part of the time. */
static void test_second_address(void **state)
{
    struct fcgi_addresses *addresses = fcgi_addresses_new(2);
    struct sockaddr_in in = {.sin_family = AF_INET,
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int hang = socket(AF_INET, SOCK_STREAM, 0), fds[8];
    socklen_t size = sizeof(in);

    (void)state;
    assert_int_equal(bind(hang, (const struct sockaddr *)&in, sizeof(in)), 0);
    assert_int_equal(listen(hang, 0), 0);
    assert_int_equal(getsockname(hang, (struct sockaddr *)&in, &size), 0);
    /* Its backlog is full: the kernel lets further ones wait. */
    for (int i = 0; i < 8; i++) {
        fds[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
        (void)!connect(fds[i], (const struct sockaddr *)&in, sizeof(in));
    }
    memcpy(&addresses->list[0].addr, &in, sizeof(in));
    addresses->list[0].length = sizeof(in);
    memcpy(&addresses->list[1].addr, &un, sizeof(un));
    addresses->list[1].length = sizeof(un);
    configs[0].connect_timeout = 2000;
    begin();
    fcgi_server_enter(&pool->servers[0], addresses);
    receive_question();
    answer(values, sizeof(values));
    run_until(is_not_open);
    assert_int_equal(failed(), 0);
    for (int i = 0; i < 8; i++)
        close(fds[i]);
    close(hang);
}

/* Two workers: the second one takes over what the first one, whose thread could
 * not be set up, has begun; and nothing is done twice meanwhile. */
static void test_taken_over(void **state)
{
    const struct fcgi_notice notice = {tell_nobody, NULL};
    struct fcgi_loop *first;
    struct fcgi_worker *one;
    struct fcgi_maintenance *old;

    (void)state;
    begin();
    first = loop;
    one = worker;
    old = maintenance;
    loop = fcgi_loop_new();
    worker = fcgi_worker_new(pool, loop, &notice, scratch, sizeof(scratch));
    maintenance = fcgi_maintenance_new(worker);
    assert_non_null(maintenance);
    run_for(60);
    assert_false(has_connected());
    fcgi_maintenance_free(old);
    fcgi_worker_free(one);
    fcgi_loop_free(first);
    run_until(has_connected);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(test_whole),          TEST(test_bytes),
        TEST(test_unknown_type),   TEST(test_cant_mpx),
        TEST(test_wrong_version),  TEST(test_closed),
        TEST(test_timeout),        TEST(test_refused),
        TEST(test_backlog_full),   TEST(test_backlog_stays_full),
        TEST(test_no_descriptor),  TEST(test_no_slot),
        TEST(test_second_address), TEST(test_taken_over),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
