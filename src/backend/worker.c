/* SPDX-License-Identifier: Apache-2.0
 *
 * A worker's beginning and end, what it counts, and what it says of servers.
 * Its connections are in worker_conn.c, its checkouts in checkout.c.
 */
#include "backend/worker_impl.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Frees what is spare beyond need: not before all callers have returned, as
 * one of them may be the connection itself, or the grant of a checkout. */
static void trim(struct fcgi_loop_task *task)
{
    struct fcgi_worker *worker =
        FCGI_LOOP_OWNER(task, struct fcgi_worker, trim);

    for (; worker->n_spare_conns > FCGI_WORKER_SPARE; worker->n_spare_conns--) {
        struct fcgi_conn *conn = worker->spare_conns;

        worker->spare_conns = conn->next;
        free(conn);
    }
    for (; worker->n_spare_checkouts > FCGI_WORKER_SPARE;
         worker->n_spare_checkouts--) {
        struct fcgi_checkout *checkout = worker->spare_checkouts;

        worker->spare_checkouts = checkout->next;
        free(checkout);
    }
}

void fcgi_worker_count(struct fcgi_worker *worker,
                       const struct fcgi_server *server, enum fcgi_count count)
{
    fcgi_stats_add(&fcgi_share_of(worker, server)->stats, count, 1);
}

/* --- health ------------------------------------------------------------ */

static void tell(struct fcgi_worker *worker, const struct fcgi_server *server,
                 bool bad, const char *what)
{
    char line[512];

    snprintf(line, sizeof(line), "server \"%s\": %s", server->config->name,
             what);
    worker->notice.tell(worker->notice.arg, bad, line);
}

void fcgi_worker_failed(struct fcgi_worker *worker, struct fcgi_server *server)
{
    const struct fcgi_server_config *config = server->config;
    char what[128];

    if (!fcgi_server_failed(server, fcgi_loop_now(worker->loop)))
        return;
    snprintf(what, sizeof(what),
             "taken out for %u ms (MaxFails %u, FailTimeout)",
             config->fail_timeout, config->max_fails);
    tell(worker, server, true, what);
}

void fcgi_worker_worked(struct fcgi_worker *worker, struct fcgi_server *server)
{
    if (fcgi_server_worked(server))
        tell(worker, server, false, "works again, and is used again");
}

/* --- the worker -------------------------------------------------------- */

static void start_maintenance(struct fcgi_worker *worker)
{
    struct fcgi_worker *nobody = NULL;

    if (!atomic_compare_exchange_strong(&worker->pool->maintenance, &nobody,
                                        worker))
        return;
    worker->runs_maintenance = true;
    worker->resolver =
        fcgi_resolver_new(worker->pool, worker->loop, &worker->notice);
    if (worker->resolver == NULL && errno != 0)
        worker->notice.tell(worker->notice.arg, true,
                            "out of memory: names of servers are not looked up "
                            "again");
    worker->checks = fcgi_checks_new(worker);
    if (worker->checks == NULL && errno != 0)
        worker->notice.tell(worker->notice.arg, true,
                            "out of memory: servers are not checked "
                            "(HealthCheck)");
}

struct fcgi_worker *fcgi_worker_new(struct fcgi_pool *pool,
                                    struct fcgi_loop *loop,
                                    const struct fcgi_notice *notice,
                                    uint8_t *scratch, size_t scratch_size)
{
    size_t size = sizeof(struct fcgi_worker) +
                  pool->n_servers * sizeof(struct fcgi_share);
    struct fcgi_worker *worker = NULL;

    /* The counters lie in cache lines of their own. */
    if (posix_memalign((void **)&worker, _Alignof(struct fcgi_worker), size) !=
        0)
        return NULL;
    memset(worker, 0, size);
    worker->pool = pool;
    worker->loop = loop;
    worker->notice = *notice;
    worker->scratch = scratch;
    worker->scratch_size = scratch_size;
    worker->trim.run = trim;
    for (size_t i = 0; i < pool->n_servers; i++) {
        struct fcgi_share *share = &worker->shares[i];

        share->worker = worker;
        share->reclaim.run = fcgi_share_reclaim;
        fcgi_server_join(&pool->servers[i], share);
    }
    start_maintenance(worker);
    return worker;
}

void fcgi_worker_free(struct fcgi_worker *worker)
{
    if (worker == NULL)
        return;
    if (worker->runs_maintenance) {
        fcgi_checks_free(worker->checks);
        fcgi_resolver_free(worker->resolver);
        atomic_store(&worker->pool->maintenance, NULL);
    }
    while (worker->conns != NULL) {
        struct fcgi_conn *conn = worker->conns;

        fcgi_worker_request_over(conn);
        fcgi_conn_close(conn);
        fcgi_worker_free_conn(conn);
    }
    while (worker->checkouts != NULL) {
        struct fcgi_checkout *checkout = worker->checkouts;

        fcgi_server_cancel(checkout);
        if (checkout->fd >= 0)
            close(checkout->fd);
        fcgi_checkout_free(worker, checkout);
    }
    for (size_t i = 0; i < worker->pool->n_servers; i++)
        fcgi_server_leave(&worker->shares[i]);
    fcgi_loop_cancel(worker->loop, &worker->trim);
    while (worker->spare_conns != NULL) {
        struct fcgi_conn *conn = worker->spare_conns;

        worker->spare_conns = conn->next;
        free(conn);
    }
    while (worker->spare_checkouts != NULL) {
        struct fcgi_checkout *checkout = worker->spare_checkouts;

        worker->spare_checkouts = checkout->next;
        free(checkout);
    }
    free(worker);
}
