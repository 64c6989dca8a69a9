/* SPDX-License-Identifier: Apache-2.0
 *
 * Claims, and where connections go when they are finished.
 *
 * A slot (see server.h) is never lost and never used twice: a socket is closed
 * before its slot is set free, and who is promised an idle connection that
 * dies meanwhile gets its slot, to open another.
 */
#include "backend/worker.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Unused memory that is kept for later. */
#define MOST_SPARE 256

static struct fcgi_share *share_of(struct fcgi_worker *worker,
                                   const struct fcgi_server *server)
{
    return &worker->shares[server - worker->pool->servers];
}

void fcgi_worker_count(struct fcgi_worker *worker,
                       const struct fcgi_server *server, enum fcgi_count count)
{
    fcgi_stats_add(&share_of(worker, server)->stats, count, 1);
}

/* --- connections ------------------------------------------------------- */

/* It has answered, or will not: it does not starve. */
static void settle(struct fcgi_conn *conn, bool answered)
{
    if (!conn->is_fresh)
        return;
    conn->is_fresh = false;
    fcgi_loop_stop_timer(conn->loop, &conn->patience);
    fcgi_server_settled(conn->server, &conn->fresh, answered);
}

static void heard(struct fcgi_conn *conn)
{
    struct fcgi_stats *stats = &conn->share->stats;
    uint64_t now = fcgi_loop_now(conn->loop);

    fcgi_stats_add(stats, FCGI_COUNT_FIRST_BYTES, 1);
    fcgi_stats_add(stats, FCGI_COUNT_FIRST_BYTE_US,
                   (now - conn->started) / 1000);
    settle(conn, true);
}

uint64_t fcgi_worker_check_starving(struct fcgi_worker *worker,
                                    struct fcgi_server *server,
                                    struct fcgi_fresh *fresh)
{
    struct fcgi_share *victim;
    uint64_t next = fcgi_server_check_starving(
        server, fresh, fcgi_loop_now(worker->loop), &victim);

    if (victim != NULL)
        fcgi_loop_post(victim->worker->loop, &victim->reclaim);
    return next;
}

/* It has waited for its first answer for a while. */
static void impatient(struct fcgi_loop_timer *timer)
{
    struct fcgi_conn *conn = FCGI_LOOP_OWNER(timer, struct fcgi_conn, patience);
    uint64_t next = fcgi_worker_check_starving(conn->share->worker,
                                               conn->server, &conn->fresh);

    if (next != 0)
        fcgi_loop_set_timer(conn->loop, timer, next);
}

static struct fcgi_conn *new_conn(struct fcgi_share *share)
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
    conn->on_heard = heard;
    conn->patience.fired = impatient;
    conn->all_next = worker->conns;
    if (conn->all_next != NULL)
        conn->all_next->all_prev = conn;
    worker->conns = conn;
    return conn;
}

/* Frees what is spare beyond need: not before all callers have returned, as
 * one of them may be the connection itself, or the grant of a claim. */
static void trim(struct fcgi_loop_task *task)
{
    struct fcgi_worker *worker =
        FCGI_LOOP_OWNER(task, struct fcgi_worker, trim);

    for (; worker->n_spare_conns > MOST_SPARE; worker->n_spare_conns--) {
        struct fcgi_conn *conn = worker->spare_conns;

        worker->spare_conns = conn->next;
        free(conn);
    }
    for (; worker->n_spare_claims > MOST_SPARE; worker->n_spare_claims--) {
        struct fcgi_claim *claim = worker->spare_claims;

        worker->spare_claims = claim->next;
        free(claim);
    }
}

/* The connection is closed, and its memory is spare; it holds still until all
 * callers have returned, unless it is used anew. */
static void free_conn(struct fcgi_conn *conn)
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
    if (++worker->n_spare_conns > MOST_SPARE)
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

static void unlink_kept(struct fcgi_conn *conn)
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

/* --- claims ------------------------------------------------------------ */

static void claim_came(struct fcgi_loop_task *task);
static void claim_late(struct fcgi_loop_timer *timer);

static struct fcgi_claim *new_claim(struct fcgi_worker *worker)
{
    struct fcgi_claim *claim = worker->spare_claims;

    if (claim != NULL) {
        worker->spare_claims = claim->next;
        worker->n_spare_claims--;
        claim->next = NULL;
    } else {
        claim = calloc(1, sizeof(*claim));
        if (claim == NULL)
            return NULL;
    }
    claim->fd = -1;
    claim->conn = NULL;
    claim->task.run = claim_came;
    claim->timer.fired = claim_late;
    claim->all_prev = NULL;
    claim->all_next = worker->claims;
    if (claim->all_next != NULL)
        claim->all_next->all_prev = claim;
    worker->claims = claim;
    return claim;
}

static void free_claim(struct fcgi_worker *worker, struct fcgi_claim *claim)
{
    fcgi_loop_stop_timer(worker->loop, &claim->timer);
    if (claim->all_next != NULL)
        claim->all_next->all_prev = claim->all_prev;
    if (claim->all_prev != NULL)
        claim->all_prev->all_next = claim->all_next;
    else
        worker->claims = claim->all_next;
    claim->state = FCGI_CLAIM_FREE;
    claim->next = worker->spare_claims;
    worker->spare_claims = claim;
    if (++worker->n_spare_claims > MOST_SPARE)
        fcgi_loop_defer(worker->loop, &worker->trim);
}

/* Sends a claim home; what it brings has been put in. From any worker. */
static void send_home(struct fcgi_claim *claim, const struct fcgi_worker *from)
{
    struct fcgi_loop *loop = claim->share->worker->loop;

    if (claim->share->worker == from)
        fcgi_loop_defer(loop, &claim->task);
    else
        fcgi_loop_post(loop, &claim->task);
}

/* A slot is free: the first of the queue may open a connection. */
static void free_slot(struct fcgi_share *share)
{
    struct fcgi_claim *claim = fcgi_server_free_slot(share->server);

    if (claim != NULL)
        send_home(claim, share->worker);
}

void fcgi_worker_free_slot(struct fcgi_worker *worker,
                           struct fcgi_server *server)
{
    free_slot(share_of(worker, server));
}

/* Takes the socket of a kept connection for a claim of another worker. */
static void put_into(struct fcgi_claim *claim, struct fcgi_conn *conn)
{
    claim->served = conn->served;
    claim->quiet_since = conn->quiet_since;
    claim->fd = fcgi_conn_detach(conn);
    free_conn(conn);
}

/*
 * Takes an idle connection that was promised to somebody; the one that was used
 * least lately, as it would be the first to time out. NULL if one that was
 * promised has died: its slot is what is left of it.
 */
static struct fcgi_conn *take_promised(struct fcgi_share *share)
{
    struct fcgi_conn *conn = share->kept;

    if (share->broken > 0) {
        share->broken--;
        return NULL;
    }
    while (conn->next != NULL)
        conn = conn->next;
    unlink_kept(conn);
    return conn;
}

/* Another worker's claim of an idle connection of ours. */
static void hand_over(struct fcgi_share *share, struct fcgi_claim *claim)
{
    struct fcgi_conn *conn = take_promised(share);

    claim->asked = NULL;
    if (conn != NULL)
        put_into(claim, conn);
    send_home(claim, share->worker);
}

static void request_is_over(struct fcgi_conn *conn)
{
    struct fcgi_stats *stats = &conn->share->stats;

    settle(conn, false);
    fcgi_stats_add(stats, FCGI_COUNT_BYTES_IN, conn->bytes_in);
    fcgi_stats_add(stats, FCGI_COUNT_BYTES_OUT, conn->bytes_out);
    conn->bytes_in = conn->bytes_out = 0;
}

/* What a claim of ours brings, as a connection; NULL where memory is short,
 * and the slot is given back. */
static struct fcgi_conn *unpack(struct fcgi_claim *claim)
{
    struct fcgi_share *share = claim->share;
    struct fcgi_conn *conn = claim->conn;

    if (conn != NULL)
        return conn;
    conn = new_conn(share);
    if (conn == NULL) {
        if (claim->fd >= 0)
            close(claim->fd);
        free_slot(share);
        return NULL;
    }
    if (claim->fd >= 0 && fcgi_conn_attach(conn, claim->fd)) {
        conn->served = claim->served;
        conn->quiet_since = claim->quiet_since;
        fcgi_stats_add(&share->stats, FCGI_COUNT_HANDED, 1);
    }
    return conn;
}

/* A claim arrives, at the worker that is asked for a connection or at home. */
static void claim_came(struct fcgi_loop_task *task)
{
    struct fcgi_claim *claim = FCGI_LOOP_OWNER(task, struct fcgi_claim, task);
    struct fcgi_worker *worker = claim->share->worker;
    void (*granted)(void *, enum fcgi_claimed, struct fcgi_conn *);
    struct fcgi_conn *conn;
    void *owner;

    if (claim->asked != NULL) {
        hand_over(claim->asked, claim);
        return;
    }
    owner = claim->owner;
    granted = claim->granted;
    conn = unpack(claim);
    free_claim(worker, claim);
    if (owner != NULL)
        granted(owner, conn != NULL ? FCGI_CLAIMED_NOW : FCGI_CLAIMED_NO_MEMORY,
                conn);
    else if (conn != NULL)
        fcgi_worker_release(conn);
}

/* QueueTimeout. */
static void claim_late(struct fcgi_loop_timer *timer)
{
    struct fcgi_claim *claim = FCGI_LOOP_OWNER(timer, struct fcgi_claim, timer);
    struct fcgi_worker *worker = claim->share->worker;
    void (*granted)(void *, enum fcgi_claimed, struct fcgi_conn *) =
        claim->granted;
    void *owner = claim->owner;

    fcgi_worker_cancel(worker, claim);
    granted(owner, FCGI_CLAIMED_LATE, NULL);
}

void fcgi_worker_cancel(struct fcgi_worker *worker, struct fcgi_claim *claim)
{
    if (fcgi_server_cancel(claim)) {
        free_claim(worker, claim);
        return;
    }
    /* It is on its way: when it is here, what it brings goes to others. */
    claim->owner = NULL;
    fcgi_loop_stop_timer(worker->loop, &claim->timer);
}

/* Waits for the claim. */
static enum fcgi_claimed wait_for(struct fcgi_claim *claim)
{
    const struct fcgi_share *share = claim->share;
    struct fcgi_loop *loop = share->worker->loop;

    fcgi_loop_set_timer(loop, &claim->timer,
                        fcgi_loop_now(loop) +
                            share->server->config->queue_timeout *
                                FCGI_LOOP_MS);
    return FCGI_CLAIMED_WAIT;
}

enum fcgi_claimed
fcgi_worker_claim(struct fcgi_worker *worker, struct fcgi_server *server,
                  void *owner,
                  void (*granted)(void *owner, enum fcgi_claimed result,
                                  struct fcgi_conn *conn),
                  struct fcgi_claim **claim, struct fcgi_conn **conn)
{
    struct fcgi_share *share = share_of(worker, server);
    struct fcgi_claim *mine = new_claim(worker);

    *claim = NULL;
    *conn = NULL;
    if (mine == NULL)
        return FCGI_CLAIMED_NO_MEMORY;
    mine->owner = owner;
    mine->granted = granted;
    switch (fcgi_server_take(share, mine)) {
    case FCGI_TAKE_IDLE:
        *conn = share->kept;
        unlink_kept(*conn);
        break;
    case FCGI_TAKE_SLOT:
        *conn = new_conn(share);
        if (*conn == NULL)
            free_slot(share);
        break;
    case FCGI_TAKE_ASK:
        *claim = mine;
        wait_for(mine);
        fcgi_loop_post(mine->asked->worker->loop, &mine->task);
        return FCGI_CLAIMED_WAIT;
    case FCGI_TAKE_WAIT:
        *claim = mine;
        return wait_for(mine);
    case FCGI_TAKE_FULL:
        free_claim(worker, mine);
        return FCGI_CLAIMED_FULL;
    }
    free_claim(worker, mine);
    return *conn != NULL ? FCGI_CLAIMED_NOW : FCGI_CLAIMED_NO_MEMORY;
}

/* --- requests ---------------------------------------------------------- */

void fcgi_worker_start(struct fcgi_conn *conn,
                       const struct fcgi_conn_handlers *handlers)
{
    struct fcgi_stats *stats = &conn->share->stats;
    uint64_t now = fcgi_loop_now(conn->loop);

    if (conn->state == FCGI_CONN_KEPT && !fcgi_conn_is_alive(conn)) {
        fcgi_stats_add(stats, FCGI_COUNT_STALE, 1);
        fcgi_conn_close(conn);
    }
    request_is_over(conn); /* a first try of it */
    fcgi_stats_add(stats, FCGI_COUNT_REQUESTS, 1);
    if (conn->state == FCGI_CONN_KEPT) {
        fcgi_stats_add(stats, FCGI_COUNT_REUSED, 1);
    } else {
        fcgi_stats_add(stats, FCGI_COUNT_CONNECTS, 1);
        conn->is_fresh = true;
        fcgi_server_fresh(conn->server, &conn->fresh, now);
        fcgi_loop_set_timer(conn->loop, &conn->patience,
                            now + FCGI_STARVE_SOON);
    }
    fcgi_conn_start(conn, handlers);
}

static void idle_died(struct fcgi_conn *conn)
{
    struct fcgi_share *share = conn->share;

    unlink_kept(conn);
    free_conn(conn);
    if (fcgi_server_idle_gone(share))
        free_slot(share);
    else
        share->broken++;
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
    struct fcgi_claim *claim = NULL;
    enum fcgi_give give = FCGI_GIVE_CLOSE;

    request_is_over(conn);
    if (may_be_kept(conn))
        give = fcgi_server_give(share, now, &claim);
    switch (give) {
    case FCGI_GIVE_KEEP:
        keep(conn, now);
        return;
    case FCGI_GIVE_HAND:
        if (claim->share == share)
            claim->conn = conn;
        else
            put_into(claim, conn);
        send_home(claim, share->worker);
        return;
    case FCGI_GIVE_CLOSE:
        if (may_be_kept(conn))
            fcgi_stats_add(&share->stats, FCGI_COUNT_STARVED, 1);
        fcgi_conn_close(conn);
        free_conn(conn);
        free_slot(share);
        return;
    }
}

/* Somebody's connection starves: as many idle ones as asked for are closed. */
static void reclaim(struct fcgi_loop_task *task)
{
    struct fcgi_share *share =
        FCGI_LOOP_OWNER(task, struct fcgi_share, reclaim);

    for (unsigned n = fcgi_server_reclaimed(share); n > 0; n--) {
        struct fcgi_conn *conn = take_promised(share);

        if (conn != NULL) {
            fcgi_stats_add(&share->stats, FCGI_COUNT_STARVED, 1);
            fcgi_conn_close(conn);
            free_conn(conn);
        }
        free_slot(share);
    }
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

static void become_caretaker(struct fcgi_worker *worker)
{
    struct fcgi_worker *nobody = NULL;

    if (!atomic_compare_exchange_strong(&worker->pool->caretaker, &nobody,
                                        worker))
        return;
    worker->is_caretaker = true;
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
        share->reclaim.run = reclaim;
        fcgi_server_join(&pool->servers[i], share);
    }
    become_caretaker(worker);
    return worker;
}

void fcgi_worker_free(struct fcgi_worker *worker)
{
    if (worker == NULL)
        return;
    if (worker->is_caretaker) {
        fcgi_checks_free(worker->checks);
        fcgi_resolver_free(worker->resolver);
        atomic_store(&worker->pool->caretaker, NULL);
    }
    while (worker->conns != NULL) {
        struct fcgi_conn *conn = worker->conns;

        request_is_over(conn);
        fcgi_conn_close(conn);
        free_conn(conn);
    }
    while (worker->claims != NULL) {
        struct fcgi_claim *claim = worker->claims;

        fcgi_server_cancel(claim);
        if (claim->fd >= 0)
            close(claim->fd);
        free_claim(worker, claim);
    }
    for (size_t i = 0; i < worker->pool->n_servers; i++)
        fcgi_server_leave(&worker->shares[i]);
    fcgi_loop_cancel(worker->loop, &worker->trim);
    while (worker->spare_conns != NULL) {
        struct fcgi_conn *conn = worker->spare_conns;

        worker->spare_conns = conn->next;
        free(conn);
    }
    while (worker->spare_claims != NULL) {
        struct fcgi_claim *claim = worker->spare_claims;

        worker->spare_claims = claim->next;
        free(claim);
    }
    free(worker);
}
