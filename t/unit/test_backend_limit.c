/* SPDX-License-Identifier: Apache-2.0
 *
 * The limit that is learned, and the queue in front of it, before applications
 * that are simulated: processes that serve one connection each until it is
 * closed, or any number; one server before them or two; times that are random;
 * processes that come and go. Time is simulated, too.
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

#define MS FCGI_LOOP_MS
#define SECOND (1000 * MS)
#define CLIENTS 1024
#define CONNS (4 * CLIENTS)
#define SLOW 1 /* the kind of requests that take `slow` */

struct side;

enum place { UNUSED, BACKLOG, BUSY, IDLE };

struct sim_conn {
    struct side *side;
    enum place place;
    struct fcgi_standing standing;
    bool waits;
    unsigned served;
    struct client *client; /* whose request is on it */
    uint64_t check_at;
};

struct client {
    struct fcgi_checkout checkout;
    struct side *side;
    uint64_t since; /* its request */
    bool once;      /* it asks no more */
};

/* A server before the application. */
struct side {
    struct fcgi_server_config config;
    struct fcgi_server server;
    struct fcgi_server_local local;
    struct client clients[CLIENTS];
    uint64_t think; /* of its clients, between two requests; mean */
    bool looks;     /* the timer is set */

    /* What came of it, since it was last cleared. */
    unsigned opened, refused;
    uint64_t done, waited, longest;
    uint64_t slow_done; /* of `done` */
};

enum what { ASKS, ANSWERS, LOOKS, CHECKS };

struct event {
    uint64_t at;
    uint64_t order;
    enum what what;
    void *of;
};

static struct {
    uint64_t now;
    uint64_t random;
    struct event heap[8 * CLIENTS];
    size_t n_events;
    uint64_t n_ever;

    /* The application. */
    unsigned processes, bound;
    uint64_t service;   /* mean time of a request */
    unsigned slow_part; /* one of so many takes `slow` instead; 0: none */
    uint64_t slow;
    size_t in_order; /* a backlog of more overflows, and is filled by chance */
    struct sim_conn *backlog[CONNS];
    size_t first, last;
    struct sim_conn conns[CONNS];
    struct side sides[2];
} sim;

/* --- chance and time ----------------------------------------------------- */

static uint64_t draw(uint64_t below)
{
    sim.random ^= sim.random << 13;
    sim.random ^= sim.random >> 7;
    sim.random ^= sim.random << 17;
    return below > 0 ? sim.random % below : 0;
}

/* From half of it to one and a half times. */
static uint64_t about(uint64_t mean)
{
    return mean / 2 + draw(mean + 1);
}

static bool is_before(const struct event *a, const struct event *b)
{
    return a->at < b->at || (a->at == b->at && a->order < b->order);
}

static void schedule(enum what what, void *of, uint64_t at)
{
    struct event event = {at, sim.n_ever++, what, of};
    size_t i = sim.n_events++;

    assert_true(i < sizeof(sim.heap) / sizeof(sim.heap[0]));
    for (; i > 0 && is_before(&event, &sim.heap[(i - 1) / 2]); i = (i - 1) / 2)
        sim.heap[i] = sim.heap[(i - 1) / 2];
    sim.heap[i] = event;
}

static struct event next_event(void)
{
    struct event first = sim.heap[0], last = sim.heap[--sim.n_events];
    size_t i = 0, child;

    while ((child = 2 * i + 1) < sim.n_events) {
        if (child + 1 < sim.n_events &&
            is_before(&sim.heap[child + 1], &sim.heap[child]))
            child++;
        if (is_before(&last, &sim.heap[child]))
            break;
        sim.heap[i] = sim.heap[child];
        i = child;
    }
    sim.heap[i] = last;
    return first;
}

/* --- the application ------------------------------------------------------ */

static void serve(struct sim_conn *conn)
{
    unsigned kind = conn->client->checkout.queued.kind;
    bool is_slow = sim.slow_part > 0 ? draw(sim.slow_part) == 0 : kind == SLOW;

    conn->place = BUSY;
    fcgi_queue_runs(&conn->side->server.queue, kind);
    schedule(ANSWERS, conn, sim.now + about(is_slow ? sim.slow : sim.service));
}

static void grant(struct side *side);

/* Processes that are free accept what waits longest. */
static void accept_more(void)
{
    while (sim.first < sim.last && sim.bound < sim.processes) {
        size_t n = sim.last - sim.first;
        size_t any = sim.first + (n > sim.in_order ? (size_t)draw(n) : 0);
        struct sim_conn *conn = sim.backlog[any % CONNS];

        sim.backlog[any % CONNS] = sim.backlog[sim.first++ % CONNS];
        sim.bound++;
        serve(conn);
        if (!conn->side->server.limit.tells)
            continue;
        conn->waits = false;
        fcgi_server_conn_accepted(&conn->side->server, &conn->standing,
                                  sim.now);
        grant(conn->side);
    }
}

static void set_processes(unsigned n)
{
    sim.processes = n;
    accept_more();
}

/* --- a server before it --------------------------------------------------- */

static void check_later(struct sim_conn *conn, uint64_t at)
{
    conn->check_at = at;
    schedule(CHECKS, conn, at);
}

static void open_conn(struct client *client)
{
    struct sim_conn *conn = sim.conns;

    while (conn->place != UNUSED)
        conn++;
    assert_true(conn < sim.conns + CONNS);
    memset(conn, 0, sizeof(*conn));
    conn->side = client->side;
    conn->client = client;
    conn->place = BACKLOG;
    conn->waits = true;
    client->side->opened++;
    check_later(conn, fcgi_server_conn_begin(&conn->side->server,
                                             &conn->standing, false, sim.now));
    sim.backlog[sim.last++ % CONNS] = conn;
    accept_more();
}

static void grant(struct side *side)
{
    struct fcgi_checkout *checkout;

    while ((checkout = fcgi_server_grant(&side->server, sim.now)) != NULL)
        open_conn(FCGI_LOOP_OWNER(checkout, struct client, checkout));
}

static void close_conn(struct sim_conn *conn)
{
    struct side *side = conn->side;
    struct fcgi_checkout *next;

    conn->place = UNUSED;
    sim.bound--;
    next = fcgi_server_free_slot(&side->server, &conn->standing, sim.now);
    accept_more();
    if (next != NULL)
        open_conn(FCGI_LOOP_OWNER(next, struct client, checkout));
}

static struct sim_conn *idle_one(const struct side *side)
{
    for (struct sim_conn *conn = sim.conns;; conn++)
        if (conn->place == IDLE && conn->side == side)
            return conn;
}

static void start_looking(struct side *side)
{
    if (!side->looks)
        schedule(LOOKS, side, sim.now + FCGI_LIMIT_SOON);
    side->looks = true;
}

static void asks(struct client *client)
{
    struct side *side = client->side;
    struct sim_conn *conn;

    client->since = sim.now;
    switch (fcgi_server_take(&side->local, &client->checkout, sim.now)) {
    case FCGI_TAKE_IDLE:
        conn = idle_one(side);
        conn->client = client;
        serve(conn);
        break;
    case FCGI_TAKE_SLOT:
        open_conn(client);
        break;
    case FCGI_TAKE_WAIT:
        start_looking(side);
        break;
    case FCGI_TAKE_FULL:
        side->refused++;
        schedule(ASKS, client, sim.now + SECOND);
        break;
    case FCGI_TAKE_ASK:
        fail();
    }
}

static void answers(struct sim_conn *conn)
{
    struct side *side = conn->side;
    struct client *client = conn->client;
    struct fcgi_checkout *next = NULL;
    uint64_t took = sim.now - client->since;

    fcgi_queue_ran(&side->server.queue, client->checkout.queued.kind);
    if (client->checkout.queued.kind == SLOW)
        side->slow_done++;
    side->done++;
    side->waited += took;
    if (took > side->longest)
        side->longest = took;
    if (!client->once)
        schedule(ASKS, client,
                 sim.now + (side->think > 0 ? about(side->think) : 0));
    if (conn->waits)
        fcgi_server_conn_answered(&side->server, &conn->standing, sim.now);
    conn->waits = false;
    grant(side);
    conn->served++;
    /* A process that is one too many closes and ends. */
    if (sim.bound > sim.processes) {
        close_conn(conn);
        return;
    }
    switch (fcgi_server_give(&side->local, conn->served, sim.now, &next)) {
    case FCGI_GIVE_KEEP:
        conn->place = IDLE;
        break;
    case FCGI_GIVE_HANDOFF:
        conn->client = FCGI_LOOP_OWNER(next, struct client, checkout);
        serve(conn);
        break;
    case FCGI_GIVE_CLOSE:
        close_conn(conn);
        break;
    }
}

static void looks(struct side *side)
{
    side->looks = false;
    if (!fcgi_server_look(&side->server, sim.now))
        return;
    grant(side);
    start_looking(side);
}

static void checks(struct sim_conn *conn)
{
    struct fcgi_server_local *victim;
    uint64_t next;

    if (conn->place == UNUSED || !conn->waits || conn->check_at != sim.now)
        return;
    next = fcgi_server_conn_check(&conn->side->server, &conn->standing, sim.now,
                                  &victim);
    if (next != 0)
        check_later(conn, next);
    if (victim == NULL)
        return;
    for (unsigned n = fcgi_server_reclaimed(victim); n > 0; n--)
        close_conn(idle_one(conn->side));
}

/* --- a run ---------------------------------------------------------------- */

static void run(uint64_t length)
{
    uint64_t end = sim.now + length;

    while (sim.n_events > 0 && sim.heap[0].at <= end) {
        struct event event = next_event();

        sim.now = event.at;
        switch (event.what) {
        case ASKS:
            asks(event.of);
            break;
        case ANSWERS:
            answers(event.of);
            break;
        case LOOKS:
            looks(event.of);
            break;
        case CHECKS:
            checks(event.of);
            break;
        }
    }
    sim.now = end;
}

/* Runs on, and counts from now on. */
static void measure(uint64_t length)
{
    for (int i = 0; i < 2; i++) {
        struct side *side = &sim.sides[i];

        side->opened = side->refused = 0;
        side->done = side->waited = side->longest = side->slow_done = 0;
    }
    run(length);
    if (getenv("FCGI_SHOW") == NULL)
        return;
    for (int i = 0; i < 2; i++) {
        const struct side *side = &sim.sides[i];

        if (side->done > 0)
            fprintf(stderr,
                    "#  side %d: %llu done, %u opened, learned %u, mean %.1f "
                    "ms, longest %.1f ms, refused %u, pause %.0f window %u\n",
                    i, (unsigned long long)side->done, side->opened,
                    side->server.limit.learned,
                    (double)side->waited / (double)side->done / (double)MS,
                    (double)side->longest / (double)MS, side->refused,
                    (double)side->server.limit.pause / MS,
                    side->server.limit.window);
    }
}

static int end(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        if (sim.sides[i].local.server == NULL)
            continue;
        fcgi_server_leave(&sim.sides[i].local);
        fcgi_server_destroy(&sim.sides[i].server);
    }
    memset(&sim, 0, sizeof(sim));
    return 0;
}

static void begin(unsigned processes, uint64_t service)
{
    end(NULL);
    sim.random = 88172645463325252U;
    sim.now = SECOND;
    sim.processes = processes;
    sim.service = service;
    sim.in_order = SIZE_MAX;
}

/* They begin to ask within such a time. */
static void more_clients(struct side *side, unsigned first, unsigned n,
                         uint64_t within)
{
    for (unsigned i = first; i < first + n; i++) {
        side->clients[i].side = side;
        schedule(ASKS, &side->clients[i],
                 sim.now + (within > 0 ? draw(within) : 0));
    }
}

static void add_side(int which, bool tells, unsigned clients)
{
    static char name[] = "a";
    struct side *side = &sim.sides[which];

    side->config = (struct fcgi_server_config){
        .name = name,
        .weight = 1,
        .keep_alive = true,
        .keep_alive_requests = 1000000000,
        .queue_size = 65535,
        .queue_timeout = 3600 * 1000,
    };
    side->config.endpoint.kind = tells ? FCGI_ENDPOINT_UNIX : FCGI_ENDPOINT_TCP;
    strcpy(side->config.endpoint.path, "/a.sock");
    assert_int_equal(fcgi_server_init(&side->server, &side->config, NULL), 0);
    fcgi_server_join(&side->server, &side->local);
    more_clients(side, 0, clients, 0);
}

/* --- what it has to do ---------------------------------------------------- */

/* PHP-FPM with two processes: nobody starves, and next to nothing is opened. */
static void try_few_processes(bool tells)
{
    struct side *side = &sim.sides[0];

    begin(2, 2 * MS);
    add_side(0, tells, 64);
    measure(SECOND);
    assert_int_equal(side->server.limit.learned, 2);
    assert_true(side->longest < 200 * MS);
    measure(60 * SECOND);
    assert_int_equal(side->server.limit.learned, 2);
    assert_true(side->opened <= 62);
    assert_true(side->done >= 58000);
    assert_true(side->longest < 2 * side->waited / side->done);
}

static void test_few_processes(void **state)
{
    (void)state;
    try_few_processes(true);
    try_few_processes(false);
}

/* The same where they are fast: who is one too many waits for no longer than
 * some requests take. */
static void try_fast(bool tells)
{
    struct side *side = &sim.sides[0];

    begin(2, MS / 6);
    add_side(0, tells, 64);
    measure(SECOND);
    measure(60 * SECOND);
    assert_int_equal(side->server.limit.learned, 2);
    assert_true(side->opened <= 62);
    assert_true(side->longest < 2 * side->waited / side->done);
}

static void test_fast(void **state)
{
    (void)state;
    try_fast(true);
    try_fast(false);
}

/* An application that serves all that come: all get a connection, soon. */
static void try_all(bool tells)
{
    struct side *side = &sim.sides[0];

    begin(UINT32_MAX, 5 * MS);
    add_side(0, tells, 1000);
    measure(500 * MS);
    measure(10 * SECOND);
    assert_true(side->server.limit.learned > 900);
    assert_true(side->opened <= 40);
    assert_true(side->longest < 40 * MS);
}

static void test_all(void **state)
{
    (void)state;
    try_all(true);
    try_all(false);
}

/* Scripts that take seconds, and processes enough: nobody waits for another. */
static void try_slow_scripts(bool tells)
{
    struct side *side = &sim.sides[0];

    begin(100, 3 * SECOND);
    add_side(0, tells, 64);
    measure(30 * SECOND);
    assert_true(side->longest <= (tells ? 4500 : 5200) * MS);
}

static void test_slow_scripts(void **state)
{
    (void)state;
    try_slow_scripts(true);
    try_slow_scripts(false);
}

/* Processes come and go. */
static void try_changes(bool tells)
{
    struct side *side = &sim.sides[0];

    begin(8, 10 * MS);
    add_side(0, tells, 64);
    measure(5 * SECOND);
    assert_int_equal(side->server.limit.learned, 8);
    set_processes(12);
    measure(3 * SECOND);
    assert_int_equal(side->server.limit.learned, 12);
    /* Those that go have closed their connections. */
    set_processes(4);
    measure(SECOND);
    measure(3 * SECOND);
    assert_int_equal(side->server.limit.learned, 4);
    assert_true(side->longest < 500 * MS);
    set_processes(16);
    measure(3 * SECOND);
    assert_int_equal(side->server.limit.learned, 16);
}

static void test_changes(void **state)
{
    (void)state;
    try_changes(true);
    try_changes(false);
}

/* One request of twenty takes two seconds: the others do not suffer. */
static void try_mixture(bool tells)
{
    struct side *side = &sim.sides[0];

    begin(16, 2 * MS);
    sim.slow_part = 100;
    sim.slow = 500 * MS;
    add_side(0, tells, 64);
    measure(5 * SECOND);
    measure(60 * SECOND);
    /* 16 processes, 7 ms a request on average */
    assert_true(side->done > 60 * 16 * 1000 / 7 * 9 / 10);
    assert_true(side->longest < 1500 * MS);
}

static void test_mixture(void **state)
{
    (void)state;
    try_mixture(true);
    try_mixture(false);
}

/* Two servers before one application: each gets its part. */
static void try_two(bool tells)
{
    begin(4, 5 * MS);
    add_side(0, tells, 32);
    measure(10 * SECOND);
    add_side(1, tells, 32);
    measure(10 * SECOND);
    measure(60 * SECOND);
    for (int i = 0; i < 2; i++) {
        assert_true(sim.sides[i].done >= 60 * 4 * 200 / 5);
        assert_true(sim.sides[i].longest < 3 * SECOND);
    }
}

static void test_two(void **state)
{
    (void)state;
    try_two(true);
    try_two(false);
}

/* Half of what the processes can do: hardly anybody waits. */
static void try_half(bool tells)
{
    struct side *side = &sim.sides[0];

    begin(8, 10 * MS);
    add_side(0, tells, 16);
    side->think = 30 * MS;
    measure(SECOND);
    measure(60 * SECOND);
    assert_true(side->waited / side->done < 12 * MS);
    assert_true(side->longest < 100 * MS);
    assert_true(side->opened < 60);
}

/* Slow scripts, and processes enough: over TCP only answers tell that nobody
 * waits for a process. */
static void test_slow_and_idle(void **state)
{
    struct side *side = &sim.sides[0];

    (void)state;
    begin(100, 500 * MS);
    add_side(0, false, 60);
    side->think = 500 * MS;
    measure(5 * SECOND);
    measure(20 * SECOND);
    assert_true(side->done > 1000);
    assert_true(side->opened < side->done / 6);
    assert_true(side->longest < 1000 * MS);
}

/* Few processes, and nobody in the queue: who is one too many waits for the
 * next that is free, and no longer. */
static void test_one_too_many(void **state)
{
    struct side *side = &sim.sides[0];

    (void)state;
    begin(2, 30 * MS);
    add_side(0, false, 3);
    side->think = 200 * MS;
    measure(SECOND);
    measure(60 * SECOND);
    assert_true(side->longest < 120 * MS);
}

/* That nothing is finished for a while is usual where scripts take long. */
static void test_slow_scripts_few_processes(void **state)
{
    struct side *side = &sim.sides[0];

    (void)state;
    begin(4, 200 * MS);
    add_side(0, false, 32);
    measure(5 * SECOND);
    measure(60 * SECOND);
    assert_int_equal(side->server.limit.learned, 4);
    assert_true(side->opened < side->done / 8);
}

/* Half of the clients ask for a path that takes long: it has half of the
 * processes, and no more, while others wait. */
static void test_slow_path(void **state)
{
    struct side *side = &sim.sides[0];

    (void)state;
    begin(8, 2 * MS);
    sim.slow = 1000 * MS;
    add_side(0, true, 64);
    for (unsigned i = 0; i < 32; i++)
        side->clients[i].checkout.queued.kind = SLOW;
    measure(10 * SECOND);
    measure(60 * SECOND);
    assert_true(side->slow_done >= 60 * 4 * 9 / 10 &&
                side->slow_done <= 60 * 11 / 2);
    assert_true(side->done - side->slow_done > 60 * 3 * 500 * 8 / 10);
    /* Alone it has them all. */
    for (unsigned i = 0; i < 64; i++)
        side->clients[i].checkout.queued.kind = SLOW;
    measure(10 * SECOND);
    measure(60 * SECOND);
    assert_true(side->slow_done > 60 * 8 * 9 / 10);
}

/* Over TCP who is answered was not always accepted after those who came before,
 * as a backlog that overflows drops some. Nobody waits for long for that, and
 * nobody else asks. */
static void try_unordered(uint64_t within)
{
    struct side *side = &sim.sides[0];

    begin(4, 5 * MS);
    sim.in_order = 0;
    add_side(0, false, 0);
    more_clients(side, 0, 800, within);
    side->config.queue_size = 0;
    side->think = 3600 * SECOND;
    measure(10 * SECOND);
    assert_int_equal(side->done, 800);
    assert_true(side->longest < 4 * SECOND);
}

static void test_unordered(void **state)
{
    (void)state;
    try_unordered(1);
    try_unordered(100 * MS);
    try_unordered(500 * MS);
}

/* After such a burst who comes later does not wait for who is gone. */
static void try_after_burst(unsigned processes, uint64_t service,
                            unsigned burst, unsigned clients)
{
    struct side *side = &sim.sides[0];

    begin(processes, service);
    sim.in_order = 128;
    add_side(0, false, burst);
    side->config.queue_size = 0;
    side->think = 3600 * SECOND;
    run(burst * service / processes / 2);
    side->config.queue_size = 65535;
    side->think = 0;
    more_clients(side, burst, clients, 500 * MS);
    for (unsigned i = 0; i < burst; i++)
        side->clients[i].once = true;
    run(60 * SECOND);
    for (int minute = 0; minute < 2; minute++) {
        measure(60 * SECOND);
        assert_true(side->longest < 10 * service);
        assert_true(side->server.limit.learned <= processes + 1);
    }
}

static void test_after_burst(void **state)
{
    (void)state;
    try_after_burst(4, SECOND, 300, 6);
    try_after_burst(4, SECOND, 200, 8);
    try_after_burst(8, 500 * MS, 300, 20);
    try_after_burst(16, 300 * MS, 600, 40);
}

/* QueueSize 0: nobody waits, and nobody is refused for what was learned. */
static void test_no_queue(void **state)
{
    struct side *side = &sim.sides[0];

    (void)state;
    begin(100, 10 * MS);
    add_side(0, false, 40);
    side->config.queue_size = 0;
    measure(5 * SECOND);
    assert_int_equal(side->refused, 0);
    assert_true(side->longest < 40 * MS);
}

static void test_half(void **state)
{
    (void)state;
    try_half(true);
    try_half(false);
}

#define TEST(name) cmocka_unit_test_teardown(name, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_few_processes),
        TEST(test_fast),
        TEST(test_all),
        TEST(test_slow_scripts),
        TEST(test_changes),
        TEST(test_mixture),
        TEST(test_two),
        TEST(test_half),
        TEST(test_slow_and_idle),
        TEST(test_one_too_many),
        TEST(test_slow_scripts_few_processes),
        TEST(test_no_queue),
        TEST(test_unordered),
        TEST(test_after_burst),
        TEST(test_slow_path),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
