/* SPDX-License-Identifier: Apache-2.0
 *
 * Workers in threads of their own, with one server between them: checkouts that
 * are granted, late and taken back, connections that go from one to another,
 * and that die. An application answers in a thread of its own, and counts.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "backend/worker.h"

#define WORKERS 4
#define JOBS 12      /* requests under way in a worker */
#define REQUESTS 600 /* of each worker */
#define LIMIT 3

/* --- the application --------------------------------------------------- */

static int listener;
static atomic_bool stop;
static atomic_uint over; /* requests that have come to their end */
static unsigned most, answered;

struct peer {
    int fd;
    size_t got;
    unsigned served;
};

/* One request is so many bytes: see job_start(). */
static size_t request_size;

/* Reads; answers a whole request; false when the connection is over. */
static bool peer_ready(struct peer *peer)
{
    static const uint8_t reply[] =
        "\1\6\0\1\0\1\7\0x\0\0\0\0\0\0\0"
        "\1\3\0\1\0\10\0\0\0\0\0\0\0\0\0";
    uint8_t bytes[4096];
    ssize_t n = read(peer->fd, bytes, sizeof(bytes));

    if (n <= 0)
        return false;
    peer->got += (size_t)n;
    if (peer->got < request_size)
        return true;
    if (peer->got > request_size)
        return false; /* ABORT_REQUEST */
    peer->got = 0;
    answered++;
    if (send(peer->fd, reply, sizeof(reply), MSG_NOSIGNAL) < 0)
        return false;
    return ++peer->served % 5 != 0; /* closes now and then */
}

static void *application(void *arg)
{
    struct peer peers[64];
    size_t n = 0;

    (void)arg;
    while (!atomic_load(&stop)) {
        struct pollfd fds[65] = {{.fd = listener, .events = POLLIN}};

        for (size_t i = 0; i < n; i++)
            fds[i + 1] = (struct pollfd){.fd = peers[i].fd, .events = POLLIN};
        poll(fds, n + 1, 20);
        for (size_t i = n; i-- > 0;) {
            if (fds[i + 1].revents && !peer_ready(&peers[i])) {
                close(peers[i].fd);
                peers[i] = peers[--n];
            }
        }
        if (!(fds[0].revents & POLLIN))
            continue;
        peers[n++] = (struct peer){.fd = accept(listener, NULL, NULL)};
        /* Those that are closed do not count. */
        for (size_t i = n; i-- > 0;) {
            char byte;

            if (recv(peers[i].fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) == 0) {
                close(peers[i].fd);
                peers[i] = peers[--n];
            }
        }
        most = n > most ? (unsigned)n : most;
    }
    while (n > 0)
        close(peers[--n].fd);
    return NULL;
}

/* --- a worker ---------------------------------------------------------- */

struct job {
    struct runner *runner;
    struct fcgi_checkout *checkout;
    struct fcgi_conn *conn;
    struct fcgi_loop_timer timer; /* takes the checkout back */
};

struct runner {
    struct fcgi_pool *pool;
    struct fcgi_loop *loop;
    struct fcgi_worker *worker;
    uint8_t scratch[4096];
    struct job jobs[JOBS];
    unsigned begun, ended, failed, late, taken_back, seed;
};

static const uint8_t params[] = "\4\1NAMEv";

static void job_start(struct job *job);

static void job_end(struct job *job)
{
    if (job->conn != NULL)
        fcgi_worker_release(job->conn);
    job->conn = NULL;
    job->runner->ended++;
    atomic_fetch_add(&over, 1);
    job_start(job);
}

static bool on_stdout(struct fcgi_conn *conn, const uint8_t *bytes, size_t n)
{
    (void)conn;
    (void)bytes;
    (void)n;
    return true;
}

static void on_stderr(struct fcgi_conn *conn, const uint8_t *bytes, size_t n)
{
    (void)conn;
    (void)bytes;
    (void)n;
}

static void on_batch(struct fcgi_conn *conn)
{
    (void)conn;
}

static void on_end(struct fcgi_conn *conn, const struct fcgi_end_request *end)
{
    (void)end;
    job_end(conn->owner);
}

static void on_failure(struct fcgi_conn *conn,
                       const struct fcgi_conn_problem *problem)
{
    struct job *job = conn->owner;

    (void)problem;
    job->runner->failed++;
    job_end(job);
}

static void granted(void *owner, enum fcgi_checkout_result result,
                    struct fcgi_conn *conn)
{
    static const struct fcgi_conn_handlers handlers = {
        NULL, NULL, on_stdout, on_stderr, on_end, on_batch, on_failure};
    struct job *job = owner;

    fcgi_loop_stop_timer(job->runner->loop, &job->timer);
    job->checkout = NULL;
    assert_true((conn != NULL) == (result == FCGI_CHECKOUT_GOT_NOW));
    if (conn == NULL) {
        job->runner->late++;
        job_end(job);
        return;
    }
    job->conn = conn;
    conn->owner = job;
    fcgi_request_init(&conn->request, 1, FCGI_RESPONDER, FCGI_KEEP_CONN, params,
                      sizeof(params) - 1, NULL, 0);
    fcgi_worker_start(conn, &handlers);
}

static void take_back(struct fcgi_loop_timer *timer)
{
    struct job *job = FCGI_LOOP_OWNER(timer, struct job, timer);

    fcgi_worker_cancel(job->runner->worker, job->checkout);
    job->checkout = NULL;
    job->runner->taken_back++;
    job_end(job);
}

static void job_start(struct job *job)
{
    struct runner *runner = job->runner;
    struct fcgi_conn *conn;

    if (runner->begun == REQUESTS)
        return;
    runner->begun++;
    switch (fcgi_worker_checkout(runner->worker, &runner->pool->servers[0], 0,
                                 job, granted, &job->checkout, &conn)) {
    case FCGI_CHECKOUT_GOT_NOW:
        granted(job, FCGI_CHECKOUT_GOT_NOW, conn);
        return;
    case FCGI_CHECKOUT_GOT_WAIT:
        if (rand_r(&runner->seed) % 4 == 0) {
            uint64_t wait = (uint64_t)(rand_r(&runner->seed) % 2000) * 1000;

            fcgi_loop_set_timer(runner->loop, &job->timer,
                                fcgi_loop_now(runner->loop) + wait);
        }
        return;
    case FCGI_CHECKOUT_GOT_FULL:
    case FCGI_CHECKOUT_GOT_LATE:
    case FCGI_CHECKOUT_GOT_NO_MEMORY:
        fail();
    }
}

static void nobody_listens(void *arg, bool bad, const char *line)
{
    (void)arg;
    (void)bad;
    (void)line;
}

static void *run(void *arg)
{
    struct runner *runner = arg;

    for (size_t i = 0; i < JOBS; i++) {
        runner->jobs[i].runner = runner;
        runner->jobs[i].timer.fired = take_back;
        job_start(&runner->jobs[i]);
    }
    /* A worker goes on, for the others' sake, until all are done. */
    while (!atomic_load(&stop))
        fcgi_loop_wait(runner->loop, 20);
    return NULL;
}

static void listen_at(struct fcgi_server_config *config, char *dir)
{
    struct sockaddr_un un = {.sun_family = AF_UNIX};

    assert_non_null(mkdtemp(dir));
    snprintf(un.sun_path, sizeof(un.sun_path), "%s/sock", dir);
    strcpy(config->endpoint.path, un.sun_path);
    config->endpoint.kind = FCGI_ENDPOINT_UNIX;
    listener = socket(AF_UNIX, SOCK_STREAM, 0);
    assert_int_equal(bind(listener, (const struct sockaddr *)&un, sizeof(un)),
                     0);
    assert_int_equal(listen(listener, 64), 0);
}

static size_t size_of_request(void)
{
    struct fcgi_request request;

    fcgi_request_init(&request, 1, FCGI_RESPONDER, FCGI_KEEP_CONN, params,
                      sizeof(params) - 1, NULL, 0);
    return (size_t)fcgi_request_size(&request);
}

static struct runner *make_runners(struct fcgi_pool *pool)
{
    const struct fcgi_notice notice = {nobody_listens, NULL};
    struct runner *runners = calloc(WORKERS, sizeof(*runners));

    assert_non_null(runners);
    for (unsigned i = 0; i < WORKERS; i++) {
        struct runner *runner = &runners[i];

        runner->pool = pool;
        runner->seed = i;
        runner->loop = fcgi_loop_new();
        assert_non_null(runner->loop);
        runner->worker =
            fcgi_worker_new(pool, runner->loop, &notice, runner->scratch,
                            sizeof(runner->scratch));
        assert_non_null(runner->worker);
    }
    return runners;
}

/* Whether all requests have come to an end, and all connections, too. */
static bool is_quiet(struct fcgi_server *server)
{
    struct fcgi_server_stats stats;

    fcgi_server_stats(server, &stats);
    return atomic_load(&over) == WORKERS * REQUESTS && stats.open == 0;
}

static void test_threads(void **state)
{
    char name[] = "a", dir[] = "/tmp/fcgi-worker-XXXXXX";
    struct fcgi_server_config config = {.name = name,
                                        .weight = 1,
                                        .connect_timeout = 20000,
                                        .send_timeout = 20000,
                                        .read_timeout = 20000,
                                        .max_connections = LIMIT,
                                        .queue_size = 1000,
                                        .queue_timeout = 20000,
                                        .keep_alive = true,
                                        .keep_alive_timeout = 20,
                                        .keep_alive_requests = 50};
    const struct fcgi_config all = {.servers = &config, .n_servers = 1};
    pthread_t threads[WORKERS + 1];
    struct fcgi_server_stats stats;
    struct fcgi_pool *pool;
    struct runner *runners;

    (void)state;
    request_size = size_of_request();
    listen_at(&config, dir);
    pool = fcgi_pool_new(&all);
    assert_non_null(pool);
    runners = make_runners(pool);
    pthread_create(&threads[WORKERS], NULL, application, NULL);
    for (size_t i = 0; i < WORKERS; i++)
        pthread_create(&threads[i], NULL, run, &runners[i]);
    for (int i = 0; i < 600 && !is_quiet(&pool->servers[0]); i++)
        usleep(100000);
    fcgi_server_stats(&pool->servers[0], &stats);
    atomic_store(&stop, true);
    for (size_t i = 0; i <= WORKERS; i++)
        pthread_join(threads[i], NULL);
    assert_int_equal(stats.open, 0);
    assert_int_equal(stats.waiting, 0);
    assert_true(most >= 1 && most <= LIMIT);
    assert_true(stats.counts[FCGI_COUNT_REUSED] > 0);
    assert_true(stats.counts[FCGI_COUNT_FIRST_BYTES] <= answered);
    for (size_t i = 0; i < WORKERS; i++) {
        assert_int_equal(runners[i].begun, REQUESTS);
        assert_int_equal(runners[i].ended, REQUESTS);
        assert_int_equal(runners[i].late, 0);
        fcgi_worker_free(runners[i].worker);
        fcgi_loop_free(runners[i].loop);
    }
    fcgi_pool_free(pool);
    free(runners);
    close(listener);
    unlink(config.endpoint.path);
    rmdir(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_threads),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
