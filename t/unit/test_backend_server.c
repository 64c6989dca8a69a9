/* SPDX-License-Identifier: Apache-2.0
 *
 * The book-keeping of a server without a socket: slots, the queue, who gets
 * what is free, which connections wait in vain, and the counters.
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

#include "backend/server.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define SOON FCGI_LIMIT_SOON
#define LATE FCGI_LIMIT_LATE

/* A server with two workers. */
static struct fcgi_server_config config;
static struct fcgi_server server;
static struct fcgi_server_local a, b;
static struct fcgi_checkout checkouts[8];

static int set_up(void **state)
{
    static char name[] = "a", off[] = "Off";

    (void)state;
    config = (struct fcgi_server_config){.name = name,
                                         .weight = 1,
                                         .max_connections = 2,
                                         .queue_size = 3,
                                         .queue_timeout = 1000,
                                         .keep_alive = true,
                                         .keep_alive_requests = 9,
                                         .concurrency = off};
    config.endpoint.kind = FCGI_ENDPOINT_TCP;
    strcpy(config.endpoint.host, "127.0.0.1");
    config.endpoint.port = 9;
    memset(&a, 0, sizeof(a));
    memset(&b, 0, sizeof(b));
    memset(checkouts, 0, sizeof(checkouts));
    assert_int_equal(fcgi_server_init(&server, &config, NULL), 0);
    fcgi_server_join(&server, &a);
    fcgi_server_join(&server, &b);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    fcgi_server_leave(&a);
    fcgi_server_leave(&b);
    fcgi_server_destroy(&server);
    return 0;
}

/* "open idle waiting" */
static void assert_numbers(const char *want)
{
    struct fcgi_server_stats stats;
    char got[64];

    fcgi_server_stats(&server, &stats);
    snprintf(got, sizeof(got), "%u %u %u", (unsigned)stats.open,
             (unsigned)stats.idle, (unsigned)stats.waiting);
    assert_string_equal(got, want);
    assert_int_equal(stats.active, stats.open - stats.idle);
}

static void test_slots_and_queue(void **state)
{
    struct fcgi_checkout *next;

    (void)state;
    assert_int_equal(fcgi_server_take(&a, &checkouts[0], 1), FCGI_TAKE_SLOT);
    assert_int_equal(fcgi_server_take(&b, &checkouts[1], 1), FCGI_TAKE_SLOT);
    assert_false(fcgi_server_take_slot(&server));
    for (int i = 2; i < 5; i++)
        assert_int_equal(fcgi_server_take(i % 2 ? &a : &b, &checkouts[i], 1),
                         FCGI_TAKE_WAIT);
    assert_int_equal(fcgi_server_take(&a, &checkouts[5], 1), FCGI_TAKE_FULL);
    assert_numbers("2 0 3");
    assert_int_equal(fcgi_server_busy(&server), 5);
    /* One leaves from the middle; the others keep their order. */
    assert_true(fcgi_server_cancel(&checkouts[3]));
    assert_int_equal(checkouts[3].state, FCGI_CHECKOUT_FREE);
    next = fcgi_server_free_slot(&server, NULL, 1);
    assert_ptr_equal(next, &checkouts[2]);
    assert_int_equal(next->state, FCGI_CHECKOUT_SENT);
    /* It is on its way: nobody can take it back. */
    assert_false(fcgi_server_cancel(next));
    assert_ptr_equal(fcgi_server_free_slot(&server, NULL, 1), &checkouts[4]);
    assert_numbers("2 0 0");
    assert_null(fcgi_server_free_slot(&server, NULL, 1));
    assert_null(fcgi_server_free_slot(&server, NULL, 1));
    assert_numbers("0 0 0");
    assert_true(fcgi_server_take_slot(&server));
    assert_numbers("1 0 0");
}

/* A finished connection goes to who waits, else it is kept; idle ones go to
 * their own worker first, and to others rather than a slot is used. */
static void test_give(void **state)
{
    struct fcgi_standing standing = {.state = FCGI_STANDING_NONE};
    struct fcgi_checkout *next = NULL;

    (void)state;
    fcgi_server_take(&a, &checkouts[0], 1);
    fcgi_server_take(&a, &checkouts[0], 1);
    fcgi_server_take(&b, &checkouts[1], 1);
    assert_int_equal(fcgi_server_give(&a, 1, 1, &next), FCGI_GIVE_HANDOFF);
    assert_ptr_equal(next, &checkouts[1]);
    assert_int_equal(fcgi_server_give(&a, 1, 1, &next), FCGI_GIVE_KEEP);
    assert_numbers("2 1 0");
    assert_int_equal(a.idle, 1);
    assert_int_equal(fcgi_server_take(&a, &checkouts[0], 1), FCGI_TAKE_IDLE);
    assert_int_equal(fcgi_server_give(&a, 1, 1, &next), FCGI_GIVE_KEEP);
    config.max_connections = 0; /* there are slots enough, but... */
    assert_int_equal(fcgi_server_take(&b, &checkouts[0], 1), FCGI_TAKE_ASK);
    assert_ptr_equal(checkouts[0].asked, &a);
    assert_int_equal(checkouts[0].state, FCGI_CHECKOUT_SENT);
    assert_numbers("2 0 0");
    /* It died meanwhile: its slot is the checkout's. */
    assert_false(fcgi_server_idle_gone(&a, &standing, false));
    assert_numbers("2 0 0");
    assert_int_equal(fcgi_server_give(&b, 1, 1, &next), FCGI_GIVE_KEEP);
    assert_true(fcgi_server_idle_gone(&b, &standing, false));
    assert_null(fcgi_server_free_slot(&server, NULL, 1));
    assert_numbers("1 0 0");
}

/* Of several, the worker with most idle connections is asked. */
static void test_richest(void **state)
{
    struct fcgi_server_local c = {.idle = 0};
    struct fcgi_checkout *next;

    (void)state;
    config.max_connections = 0;
    fcgi_server_join(&server, &c);
    for (int i = 0; i < 3; i++)
        fcgi_server_take_slot(&server);
    fcgi_server_give(&a, 1, 1, &next);
    fcgi_server_give(&b, 1, 1, &next);
    fcgi_server_give(&b, 1, 1, &next);
    fcgi_server_take(&c, &checkouts[0], 1);
    assert_ptr_equal(checkouts[0].asked, &b);
    fcgi_server_leave(&c);
}

/* Whether a finished connection would be kept. */
static bool keeps(uint64_t now)
{
    struct fcgi_checkout *next = NULL;

    if (fcgi_server_give(&a, 1, now, &next) == FCGI_GIVE_CLOSE)
        return false;
    fcgi_server_take(&a, &checkouts[7], 1);
    return true;
}

static void test_waiting(void **state)
{
    struct fcgi_standing first = {.state = FCGI_STANDING_NONE}, second = first;
    struct fcgi_server_local *victim;
    struct fcgi_checkout *next;

    (void)state;
    config.max_connections = 0;
    for (int i = 0; i < 3; i++)
        fcgi_server_take_slot(&server);
    assert_true(keeps(1000));
    fcgi_server_conn_begin(&server, &first, false, 1000);
    fcgi_server_conn_begin(&server, &second, false, 2000);
    for (int i = 0; i < 4; i++)
        assert_true(keeps(1000 + SOON - 1));
    assert_false(keeps(1000 + SOON));
    /* A later one has answered: this one was accepted, and is slow. */
    fcgi_server_conn_answered(&server, &second, 0);
    assert_int_equal(first.state, FCGI_STANDING_PASSED);
    assert_true(keeps(1000 + SOON));
    assert_false(keeps(1000 + LATE));
    fcgi_server_conn_answered(&server, &first, 0);
    assert_true(keeps(1000 + LATE));
    /* One that fails says nothing of those before it. */
    fcgi_server_conn_begin(&server, &first, false, 1000);
    fcgi_server_conn_begin(&server, &second, false, 2000);
    fcgi_server_conn_closed(&server, &second);
    assert_int_equal(first.state, FCGI_STANDING_FRESH);
    /* An idle connection is closed for it; its worker is told once. */
    assert_int_equal(
        fcgi_server_conn_check(&server, &first, 1000 + SOON, &victim),
        1000 + LATE);
    assert_null(victim);
    fcgi_server_conn_closed(&server, &first);
    fcgi_server_take_slot(&server);
    fcgi_server_give(&b, 1, 1, &next);
    fcgi_server_take_slot(&server);
    fcgi_server_give(&b, 1, 1, &next);
    fcgi_server_conn_begin(&server, &first, false, 1000);
    fcgi_server_conn_check(&server, &first, 1000 + SOON, &victim);
    assert_ptr_equal(victim, &b);
    fcgi_server_conn_check(&server, &first, 1000 + LATE, &victim);
    assert_null(victim);
    assert_int_equal(fcgi_server_reclaimed(&b), 2);
    assert_int_equal(fcgi_server_reclaimed(&b), 0);
    assert_int_equal(b.idle, 0);
    fcgi_server_conn_answered(&server, &first, 0);
    assert_int_equal(
        fcgi_server_conn_check(&server, &first, 9999 + LATE, &victim), 0);
}

/* A number of connections that was set is kept to, also while the server
 * refuses them; one that was learned holds nobody up then. */
static void test_refusing(void **state)
{
    static char one[] = "1", automatic[] = "Auto";

    for (int set = 0; set < 2; set++) {
        tear_down(state);
        set_up(state);
        fcgi_server_leave(&a);
        fcgi_server_leave(&b);
        fcgi_server_destroy(&server);
        config.max_connections = 0;
        config.concurrency = set ? one : automatic;
        assert_int_equal(fcgi_server_init(&server, &config, NULL), 0);
        fcgi_server_join(&server, &a);
        fcgi_server_join(&server, &b);
        fcgi_server_refused(&server, 1);
        assert_int_equal(fcgi_server_take(&a, &checkouts[0], 1),
                         FCGI_TAKE_SLOT);
        for (int i = 1; i < 4; i++)
            assert_int_equal(fcgi_server_take(&a, &checkouts[i], 1),
                             set ? FCGI_TAKE_WAIT : FCGI_TAKE_SLOT);
    }
}

/* Whoever would wait in vain is refused at once. */
static void test_long_queue(void **state)
{
    const uint64_t most = 1000 * FCGI_LOOP_MS;

    (void)state;
    config.max_connections = 1;
    fcgi_server_take_slot(&server);
    assert_int_equal(fcgi_server_take(&a, &checkouts[0], 5), FCGI_TAKE_WAIT);
    assert_int_equal(fcgi_server_take(&a, &checkouts[1], 5 + most * 3 / 4 - 1),
                     FCGI_TAKE_WAIT);
    assert_int_equal(fcgi_server_take(&a, &checkouts[2], 5 + most * 3 / 4),
                     FCGI_TAKE_FULL);
}

/* All workers' numbers, added up. */
static void test_counters(void **state)
{
    struct fcgi_server_stats stats;

    (void)state;
    for (int i = 0; i < FCGI_COUNTS; i++) {
        fcgi_stats_add(&a.stats, (enum fcgi_count)i, 1);
        fcgi_stats_add(&b.stats, (enum fcgi_count)i, (uint64_t)i);
    }
    fcgi_server_stats(&server, &stats);
    for (int i = 0; i < FCGI_COUNTS; i++)
        assert_int_equal(stats.counts[i], i + 1);
    assert_int_equal(stats.out, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_slots_and_queue), TEST(test_give),     TEST(test_richest),
        TEST(test_waiting),         TEST(test_refusing), TEST(test_long_queue),
        TEST(test_counters),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
