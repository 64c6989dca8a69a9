/* SPDX-License-Identifier: Apache-2.0
 *
 * Claims: how a connection, or the slot for one, gets from worker to worker.
 *
 * A slot (see server.h) is never lost and never used twice: a socket is closed
 * before its slot is set free, and who is promised an idle connection that
 * dies meanwhile gets its slot, to open another.
 */
#include "backend/worker_impl.h"

#include <stdlib.h>
#include <unistd.h>

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

void fcgi_claim_free(struct fcgi_worker *worker, struct fcgi_claim *claim)
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
    if (++worker->n_spare_claims > FCGI_WORKER_SPARE)
        fcgi_loop_defer(worker->loop, &worker->trim);
}

void fcgi_claim_send_home(struct fcgi_claim *claim,
                          const struct fcgi_worker *from)
{
    struct fcgi_loop *loop = claim->share->worker->loop;

    if (claim->share->worker == from)
        fcgi_loop_defer(loop, &claim->task);
    else
        fcgi_loop_post(loop, &claim->task);
}

void fcgi_share_free_slot(struct fcgi_share *share)
{
    struct fcgi_claim *claim = fcgi_server_free_slot(share->server);

    if (claim != NULL)
        fcgi_claim_send_home(claim, share->worker);
}

void fcgi_worker_free_slot(struct fcgi_worker *worker,
                           struct fcgi_server *server)
{
    fcgi_share_free_slot(fcgi_share_of(worker, server));
}

void fcgi_claim_put(struct fcgi_claim *claim, struct fcgi_conn *conn)
{
    claim->served = conn->served;
    claim->quiet_since = conn->quiet_since;
    claim->fd = fcgi_conn_detach(conn);
    fcgi_worker_free_conn(conn);
}

/* Another worker's claim of an idle connection of ours. */
static void hand_over(struct fcgi_share *share, struct fcgi_claim *claim)
{
    struct fcgi_conn *conn = fcgi_share_take_promised(share);

    claim->asked = NULL;
    if (conn != NULL)
        fcgi_claim_put(claim, conn);
    fcgi_claim_send_home(claim, share->worker);
}

/* What a claim of ours brings, as a connection; NULL where memory is short,
 * and the slot is given back. */
static struct fcgi_conn *unpack(struct fcgi_claim *claim)
{
    struct fcgi_share *share = claim->share;
    struct fcgi_conn *conn = claim->conn;

    if (conn != NULL)
        return conn;
    conn = fcgi_worker_new_conn(share);
    if (conn == NULL) {
        if (claim->fd >= 0)
            close(claim->fd);
        fcgi_share_free_slot(share);
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
    fcgi_claim_free(worker, claim);
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
        fcgi_claim_free(worker, claim);
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
    struct fcgi_share *share = fcgi_share_of(worker, server);
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
        fcgi_share_unlink(*conn);
        break;
    case FCGI_TAKE_SLOT:
        *conn = fcgi_worker_new_conn(share);
        if (*conn == NULL)
            fcgi_share_free_slot(share);
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
        fcgi_claim_free(worker, mine);
        return FCGI_CLAIMED_FULL;
    }
    fcgi_claim_free(worker, mine);
    return *conn != NULL ? FCGI_CLAIMED_NOW : FCGI_CLAIMED_NO_MEMORY;
}
