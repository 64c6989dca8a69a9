/* SPDX-License-Identifier: Apache-2.0
 *
 * A worker's connections: where they go when they are finished, idle ones, and
 * those that seem to starve.
 */
#include "backend/worker_impl.h"

#include <stdlib.h>

/*
 * Over TCP nothing proves that a process has read what was sent (conn.c): an
 * application that closes of its own accord does so right behind an answer, and
 * its FIN may be on its way. So a request that must not be executed twice uses a
 * kept connection only when its last answer is older than this: time for a
 * process that lost its processor between the two, and for a FIN that is lost
 * once (the kernel sends it again after 200 ms).
 */
#define QUIET (250 * FCGI_LOOP_MS)

/* --- connections ------------------------------------------------------- */

/* It has answered, or will not: it does not starve. */
static void stop_watching(struct fcgi_conn *conn, bool answered)
{
    if (!conn->is_unanswered)
        return;
    conn->is_unanswered = false;
    fcgi_loop_stop_timer(conn->loop, &conn->starvation_timer);
    fcgi_server_stop_watching(conn->server, &conn->unanswered, answered);
}

static void heard(struct fcgi_conn *conn)
{
    struct fcgi_stats *stats = &conn->share->stats;
    uint64_t now = fcgi_loop_now(conn->loop);

    fcgi_stats_add(stats, FCGI_COUNT_FIRST_BYTES, 1);
    fcgi_stats_add(stats, FCGI_COUNT_FIRST_BYTE_US,
                   (now - conn->started) / 1000);
    fcgi_server_answered(conn->server, conn->started);
    stop_watching(conn, true);
}

uint64_t fcgi_worker_check_starving(struct fcgi_worker *worker,
                                    struct fcgi_server *server,
                                    struct fcgi_unanswered *unanswered)
{
    struct fcgi_share *victim;
    uint64_t next = fcgi_server_check_starving(
        server, unanswered, fcgi_loop_now(worker->loop), &victim);

    if (victim != NULL)
        fcgi_loop_post(victim->worker->loop, &victim->reclaim);
    return next;
}

/* It has waited for its first answer for a while. */
static void on_starvation_timer(struct fcgi_loop_timer *timer)
{
    struct fcgi_conn *conn =
        FCGI_LOOP_OWNER(timer, struct fcgi_conn, starvation_timer);
    uint64_t next = fcgi_worker_check_starving(conn->share->worker,
                                               conn->server, &conn->unanswered);

    if (next != 0)
        fcgi_loop_set_timer(conn->loop, timer, next);
}

struct fcgi_conn *fcgi_worker_new_conn(struct fcgi_share *share)
{
    struct fcgi_worker *worker = share->worker;
    struct fcgi_conn *conn = worker->spare_conns;

    if (conn != NULL) {
        worker->spare_conns = conn->next;
        worker->n_spare_conns--;
    } else {
        conn = malloc(sizeof(*conn));
        if (conn == NULL)
            return NULL;
    }
    fcgi_conn_init(conn, worker->loop, share->server, worker->scratch,
                   worker->scratch_size);
    conn->share = share;
    conn->on_first_byte = heard;
    conn->starvation_timer.fired = on_starvation_timer;
    conn->all_next = worker->conns;
    if (conn->all_next != NULL)
        conn->all_next->all_prev = conn;
    worker->conns = conn;
    return conn;
}

/* The connection is closed, and its memory is spare; it holds still until all
 * callers have returned, unless it is used anew. */
void fcgi_worker_free_conn(struct fcgi_conn *conn)
{
    struct fcgi_worker *worker = conn->share->worker;

    if (conn->all_next != NULL)
        conn->all_next->all_prev = conn->all_prev;
    if (conn->all_prev != NULL)
        conn->all_prev->all_next = conn->all_next;
    else
        worker->conns = conn->all_next;
    conn->next = worker->spare_conns;
    worker->spare_conns = conn;
    if (++worker->n_spare_conns > FCGI_WORKER_SPARE)
        fcgi_loop_defer(worker->loop, &worker->trim);
}

static void push_kept(struct fcgi_conn *conn)
{
    struct fcgi_share *share = conn->share;

    conn->prev = NULL;
    conn->next = share->kept;
    if (conn->next != NULL)
        conn->next->prev = conn;
    share->kept = conn;
}

void fcgi_share_unlink(struct fcgi_conn *conn)
{
    struct fcgi_share *share = conn->share;

    if (conn->prev != NULL)
        conn->prev->next = conn->next;
    else
        share->kept = conn->next;
    if (conn->next != NULL)
        conn->next->prev = conn->prev;
    conn->prev = conn->next = NULL;
    conn->on_dead = NULL;
}

struct fcgi_conn *fcgi_share_take_promised(struct fcgi_share *share)
{
    struct fcgi_conn *conn = share->kept;

    if (share->reserved_dead > 0) {
        share->reserved_dead--;
        return NULL;
    }
    while (conn->next != NULL)
        conn = conn->next;
    fcgi_share_unlink(conn);
    return conn;
}

/* --- requests ---------------------------------------------------------- */

void fcgi_worker_request_over(struct fcgi_conn *conn)
{
    struct fcgi_stats *stats = &conn->share->stats;

    stop_watching(conn, false);
    fcgi_stats_add(stats, FCGI_COUNT_BYTES_IN, conn->bytes_in);
    fcgi_stats_add(stats, FCGI_COUNT_BYTES_OUT, conn->bytes_out);
    conn->bytes_in = conn->bytes_out = 0;
}

/* Whether a kept connection may be about to close. */
static bool is_too_young(const struct fcgi_conn *conn, uint64_t now)
{
    return conn->state == FCGI_CONN_KEPT && conn->once &&
           conn->server->config->endpoint.kind == FCGI_ENDPOINT_TCP &&
           now < conn->quiet_since + QUIET;
}

void fcgi_worker_start(struct fcgi_conn *conn,
                       const struct fcgi_conn_handlers *handlers)
{
    struct fcgi_stats *stats = &conn->share->stats;
    uint64_t now = fcgi_loop_now(conn->loop);

    if (conn->state == FCGI_CONN_KEPT && !fcgi_conn_is_alive(conn)) {
        fcgi_stats_add(stats, FCGI_COUNT_STALE, 1);
        fcgi_conn_close(conn);
    } else if (is_too_young(conn, now)) {
        fcgi_conn_close(conn); /* its slot is used for another */
    }
    fcgi_worker_request_over(conn); /* a first try of it */
    fcgi_stats_add(stats, FCGI_COUNT_REQUESTS, 1);
    if (conn->state == FCGI_CONN_KEPT) {
        fcgi_stats_add(stats, FCGI_COUNT_REUSED, 1);
    } else {
        fcgi_stats_add(stats, FCGI_COUNT_CONNECTS, 1);
        conn->is_unanswered = true;
        fcgi_server_unanswered(conn->server, &conn->unanswered, now);
        fcgi_loop_set_timer(conn->loop, &conn->starvation_timer,
                            now + FCGI_STARVE_SOON);
    }
    fcgi_conn_start(conn, handlers);
}

static void idle_died(struct fcgi_conn *conn)
{
    struct fcgi_share *share = conn->share;

    fcgi_share_unlink(conn);
    fcgi_worker_free_conn(conn);
    if (fcgi_server_idle_gone(share))
        fcgi_share_free_slot(share);
    else
        share->reserved_dead++;
}

/* An idle connection from now on. */
static void keep(struct fcgi_conn *conn, uint64_t now)
{
    conn->on_dead = idle_died;
    push_kept(conn);
    fcgi_conn_keep(conn, now + conn->server->config->keep_alive_timeout *
                                   FCGI_LOOP_MS);
}

static bool may_be_kept(const struct fcgi_conn *conn)
{
    const struct fcgi_server_config *config = conn->server->config;

    return conn->state == FCGI_CONN_KEPT && config->keep_alive &&
           conn->served < config->keep_alive_requests;
}

void fcgi_worker_release(struct fcgi_conn *conn)
{
    struct fcgi_share *share = conn->share;
    uint64_t now = fcgi_loop_now(conn->loop);
    struct fcgi_checkout *checkout = NULL;
    enum fcgi_give give = FCGI_GIVE_CLOSE;

    fcgi_worker_request_over(conn);
    if (may_be_kept(conn))
        give = fcgi_server_give(share, now, &checkout);
    switch (give) {
    case FCGI_GIVE_KEEP:
        keep(conn, now);
        return;
    case FCGI_GIVE_HANDOFF:
        if (checkout->share == share)
            checkout->conn = conn;
        else
            fcgi_checkout_put(checkout, conn);
        fcgi_checkout_deliver(checkout, share->worker);
        return;
    case FCGI_GIVE_CLOSE:
        if (may_be_kept(conn))
            fcgi_stats_add(&share->stats, FCGI_COUNT_STARVED, 1);
        fcgi_conn_close(conn);
        fcgi_worker_free_conn(conn);
        fcgi_share_free_slot(share);
        return;
    }
}

/* Somebody's connection starves: as many idle ones as asked for are closed. */
void fcgi_share_reclaim(struct fcgi_loop_task *task)
{
    struct fcgi_share *share =
        FCGI_LOOP_OWNER(task, struct fcgi_share, reclaim);

    for (unsigned n = fcgi_server_reclaimed(share); n > 0; n--) {
        struct fcgi_conn *conn = fcgi_share_take_promised(share);

        if (conn != NULL) {
            fcgi_stats_add(&share->stats, FCGI_COUNT_STARVED, 1);
            fcgi_conn_close(conn);
            fcgi_worker_free_conn(conn);
        }
        fcgi_share_free_slot(share);
    }
}
