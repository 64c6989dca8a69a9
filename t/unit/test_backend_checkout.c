/* SPDX-License-Identifier: Apache-2.0
 *
 * A crowd at one worker, more than it keeps spare memory for: what is let go
 * inside a callback is not used after it is freed. And what a checkout brings
 * where memory is short. (The first is seen by AddressSanitizer and valgrind.)
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
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "backend/worker.h"
#include "short_memory.h"

#define CROWD 300 /* a worker keeps 256 */

/* --- a worker with an application that nobody runs ---------------------- */

static char name[] = "a", dir[32];
static struct fcgi_server_config config;
static struct fcgi_config all = {.servers = &config, .n_servers = 1};
static struct fcgi_pool *pool;
static struct fcgi_loop *loop;
static struct fcgi_worker *worker;
static uint8_t scratch[4096];
static int listener;

static struct guest {
    struct fcgi_checkout *checkout;
    struct fcgi_conn *conn;
    unsigned told;
    enum fcgi_checkout_result result;
} guests[CROWD];

static void tell_nobody(void *arg, bool bad, const char *line)
{
    (void)arg;
    (void)bad;
    (void)line;
}

static int set_up(void **state)
{
    static char off[] = "Off";
    const struct fcgi_notice notice = {tell_nobody, NULL};
    struct sockaddr_un un = {.sun_family = AF_UNIX};

    (void)state;
    strcpy(dir, "/tmp/fcgi-checkout-XXXXXX");
    assert_non_null(mkdtemp(dir));
    config = (struct fcgi_server_config){.name = name,
                                         .weight = 1,
                                         .connect_timeout = 60000,
                                         .send_timeout = 60000,
                                         .read_timeout = 60000,
                                         .queue_size = 1000,
                                         .queue_timeout = 60000,
                                         .keep_alive = true,
                                         .keep_alive_timeout = 60000,
                                         .keep_alive_requests = 50,
                                         .concurrency = off};
    config.endpoint.kind = FCGI_ENDPOINT_UNIX;
    snprintf(config.endpoint.path, sizeof(config.endpoint.path), "%s/sock",
             dir);
    strcpy(un.sun_path, config.endpoint.path);
    listener = socket(AF_UNIX, SOCK_STREAM, 0);
    assert_int_equal(bind(listener, (const struct sockaddr *)&un, sizeof(un)),
                     0);
    assert_int_equal(listen(listener, 2 * CROWD), 0);
    memset(guests, 0, sizeof(guests));
    pool = fcgi_pool_new(&all);
    loop = fcgi_loop_new();
    worker = fcgi_worker_new(pool, loop, &notice, scratch, sizeof(scratch));
    assert_non_null(worker);
    return 0;
}

/* Nothing is open or waits any more. */
static int tear_down(void **state)
{
    struct fcgi_server_stats stats;

    (void)state;
    fcgi_server_stats(&pool->servers[0], &stats);
    assert_int_equal(stats.active, 0);
    assert_int_equal(stats.waiting, 0);
    fcgi_worker_free(worker);
    fcgi_loop_free(loop);
    fcgi_pool_free(pool);
    close(listener);
    unlink(config.endpoint.path);
    return rmdir(dir);
}

static void granted(void *owner, enum fcgi_checkout_result result,
                    struct fcgi_conn *conn)
{
    struct guest *guest = owner;

    guest->checkout = NULL;
    guest->told++;
    guest->result = result;
    guest->conn = conn;
}

static enum fcgi_checkout_result checkout(struct guest *guest)
{
    return fcgi_worker_checkout(worker, &pool->servers[0], 0, guest, granted,
                                &guest->checkout, &guest->conn);
}

static void let_go(struct guest *guest)
{
    if (guest->checkout != NULL)
        fcgi_worker_cancel(worker, guest->checkout);
    if (guest->conn != NULL)
        fcgi_worker_release(guest->conn);
    guest->checkout = NULL;
    guest->conn = NULL;
}

/* --- the guests' requests ----------------------------------------------- */

/* Of no use any more: lets the connection go, as an exchange does. */
static bool on_stdout(struct fcgi_conn *conn, const uint8_t *bytes, size_t n)
{
    struct guest *guest = conn->owner;

    assert_int_equal(n, 1);
    assert_int_equal(bytes[0], 'x');
    guest->told++;
    let_go(guest);
    return true;
}

static void on_stderr(struct fcgi_conn *conn, const uint8_t *bytes, size_t n)
{
    (void)conn;
    (void)bytes;
    (void)n;
    fail();
}

static void on_batch(struct fcgi_conn *conn)
{
    (void)conn;
    fail();
}

static void on_end(struct fcgi_conn *conn, const struct fcgi_end_request *end)
{
    (void)conn;
    (void)end;
    fail();
}

static void on_failure(struct fcgi_conn *conn,
                       const struct fcgi_conn_problem *problem)
{
    (void)problem;
    ((struct guest *)conn->owner)->told++;
}

static void start(struct guest *guest)
{
    static const struct fcgi_conn_handlers handlers = {
        NULL, NULL, on_stdout, on_stderr, on_end, on_batch, on_failure};

    guest->conn->owner = guest;
    fcgi_request_init(&guest->conn->request, 1, FCGI_RESPONDER, FCGI_KEEP_CONN,
                      NULL, 0, NULL, 0);
    fcgi_worker_start(guest->conn, &handlers);
}

static void run_until_told(const struct guest *guest)
{
    for (int i = 0; i < 1000 && guest->told == 0; i++)
        assert_int_equal(fcgi_loop_wait(loop, 10), 0);
    assert_int_equal(guest->told, 1);
}

/* --- tests -------------------------------------------------------------- */

/* A connection that is let go by its own handler, when there is spare memory
 * enough. */
static void test_conn(void **state)
{
    static const uint8_t x[] = "\1\6\0\1\0\1\7\0x\0\0\0\0\0\0";
    struct guest *last = &guests[CROWD - 1];
    int peer = -1;

    (void)state;
    for (size_t i = 0; i < CROWD; i++) {
        assert_int_equal(checkout(&guests[i]), FCGI_CHECKOUT_GOT_NOW);
        if (&guests[i] == last)
            start(last);
    }
    peer = accept(listener, NULL, NULL);
    for (size_t i = 0; i + 1 < CROWD; i++)
        let_go(&guests[i]);
    assert_int_equal(fcgi_loop_wait(loop, 100), 0);
    assert_int_equal(worker->n_spare_conns, 256);
    assert_int_equal(send(peer, x, sizeof(x), MSG_NOSIGNAL), sizeof(x));
    run_until_told(last);
    assert_null(last->conn);
    close(peer);
}

/* The same for a checkout, which is over when it is granted. */
static void test_claim(void **state)
{
    struct guest *last = &guests[CROWD - 1];

    (void)state;
    config.max_connections = 1;
    assert_int_equal(checkout(&guests[0]), FCGI_CHECKOUT_GOT_NOW);
    for (size_t i = 1; i < CROWD; i++)
        assert_int_equal(checkout(&guests[i]), FCGI_CHECKOUT_GOT_WAIT);
    for (size_t i = 1; i + 1 < CROWD; i++)
        let_go(&guests[i]);
    assert_int_equal(fcgi_loop_wait(loop, 100), 0);
    assert_int_equal(worker->n_spare_checkouts, 256);
    let_go(&guests[0]);
    run_until_told(last);
    assert_int_equal(last->result, FCGI_CHECKOUT_GOT_NOW);
    assert_non_null(last->conn);
    let_go(last);
}

/* A slot that comes when there is no memory for its connection: the request is
 * told so, and the slot goes to the next one. */
static void test_no_memory(void **state)
{
    struct fcgi_conn *conn;

    (void)state;
    config.max_connections = 1;
    no_memory = true;
    assert_int_equal(checkout(&guests[0]), FCGI_CHECKOUT_GOT_NO_MEMORY);
    no_memory = false;
    assert_int_equal(checkout(&guests[0]), FCGI_CHECKOUT_GOT_NOW);
    assert_int_equal(checkout(&guests[1]), FCGI_CHECKOUT_GOT_WAIT);
    let_go(&guests[0]);
    /* The one that was let go is spare: take it away. */
    conn = FCGI_LOOP_OWNER(fcgi_list_take(&worker->spare_conns),
                           struct fcgi_conn, link);
    worker->n_spare_conns = 0;
    free(conn);
    no_memory = true;
    run_until_told(&guests[1]);
    no_memory = false;
    assert_int_equal(guests[1].result, FCGI_CHECKOUT_GOT_NO_MEMORY);
    assert_null(guests[1].conn);
    assert_int_equal(checkout(&guests[2]), FCGI_CHECKOUT_GOT_NOW);
    let_go(&guests[2]);
}

/* QueueTimeout; and who has left is not told. */
static void test_late(void **state)
{
    (void)state;
    config.max_connections = 1;
    assert_int_equal(checkout(&guests[0]), FCGI_CHECKOUT_GOT_NOW);
    config.queue_timeout = 20;
    assert_int_equal(checkout(&guests[1]), FCGI_CHECKOUT_GOT_WAIT);
    assert_int_equal(checkout(&guests[2]), FCGI_CHECKOUT_GOT_WAIT);
    let_go(&guests[1]);
    run_until_told(&guests[2]);
    assert_int_equal(guests[2].result, FCGI_CHECKOUT_GOT_LATE);
    assert_int_equal(guests[1].told, 0);
    let_go(&guests[0]);
}

static uint64_t count(enum fcgi_count which)
{
    struct fcgi_server_stats stats;

    fcgi_server_stats(&pool->servers[0], &stats);
    return stats.counts[which];
}

/* A kept connection for a request that must not be executed twice: over TCP
 * only where its last answer is old enough, and else a new one in its place. */
static void test_young(void **state)
{
    static const struct {
        enum fcgi_endpoint_kind kind;
        bool once;
        uint64_t age;
        bool reused;
    } cases[] = {
        {FCGI_ENDPOINT_TCP, true, 200, false},
        {FCGI_ENDPOINT_TCP, true, 260, true},
        {FCGI_ENDPOINT_TCP, false, 0, true},
        {FCGI_ENDPOINT_UNIX, true, 0, true},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct guest *guest = &guests[0];
        uint64_t reused = count(FCGI_COUNT_REUSED);
        int pair[2];

        config.endpoint.kind = cases[i].kind;
        assert_int_equal(checkout(guest), FCGI_CHECKOUT_GOT_NOW);
        assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
        assert_true(fcgi_conn_attach(guest->conn, pair[0]));
        guest->conn->quiet_since =
            fcgi_loop_now(loop) - cases[i].age * FCGI_LOOP_MS;
        guest->conn->once = cases[i].once;
        start(guest);
        assert_int_equal(count(FCGI_COUNT_REUSED) - reused, cases[i].reused);
        assert_int_equal(guest->conn->state, FCGI_CONN_OPEN);
        assert_int_equal(atomic_load(&pool->servers[0].open), 1);
        let_go(guest);
        close(pair[1]);
    }
}

/* An answer on a kept connection, too, says that a server is there again: that
 * it refuses later is another time. */
static void test_there_again(void **state)
{
    static const uint8_t x[] = "\1\6\0\1\0\1\7\0x\0\0\0\0\0\0";
    struct fcgi_server *server = &pool->servers[0];

    (void)state;
    for (int before = 0; before < 2; before++) {
        struct guest *guest = &guests[before];
        uint64_t now;
        int pair[2];

        assert_int_equal(checkout(guest), FCGI_CHECKOUT_GOT_NOW);
        assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
        assert_true(fcgi_conn_attach(guest->conn, pair[0]));
        guest->conn->once = false;
        if (!before)
            fcgi_server_refused(server, fcgi_loop_now(loop));
        start(guest);
        now = fcgi_loop_now(loop);
        if (before)
            fcgi_server_refused(server, now + FCGI_LOOP_MS);
        assert_int_equal(send(pair[1], x, sizeof(x), MSG_NOSIGNAL), sizeof(x));
        run_until_told(guest);
        assert_int_equal(fcgi_server_is_restarting(server, now), before);
        close(pair[1]);
    }
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(test_conn), TEST(test_claim), TEST(test_no_memory),
        TEST(test_late), TEST(test_young), TEST(test_there_again),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
