/* SPDX-License-Identifier: Apache-2.0
 *
 * Checkouts: how a connection, or the slot for one, gets from worker to worker.
 *
 * A slot (see server.h) is never lost and never used twice: a socket is closed
 * before its slot is set free, and who is promised an idle connection that
 * dies meanwhile gets its slot, to open another.
 */
#include "backend/worker_impl.h"

#include <stdlib.h>
#include <unistd.h>

static void on_checkout_message(struct fcgi_loop_task *task);
static void on_queue_timeout(struct fcgi_loop_timer *timer);

static struct fcgi_checkout *new_checkout(struct fcgi_worker *worker)
{
    struct fcgi_checkout *checkout = worker->spare_checkouts;

    if (checkout != NULL) {
        worker->spare_checkouts = checkout->next;
        worker->n_spare_checkouts--;
        checkout->next = NULL;
    } else {
        checkout = calloc(1, sizeof(*checkout));
        if (checkout == NULL)
            return NULL;
    }
    checkout->fd = -1;
    checkout->conn = NULL;
    checkout->task.run = on_checkout_message;
    checkout->timer.fired = on_queue_timeout;
    checkout->all_prev = NULL;
    checkout->all_next = worker->checkouts;
    if (checkout->all_next != NULL)
        checkout->all_next->all_prev = checkout;
    worker->checkouts = checkout;
    return checkout;
}

void fcgi_checkout_free(struct fcgi_worker *worker,
                        struct fcgi_checkout *checkout)
{
    fcgi_loop_stop_timer(worker->loop, &checkout->timer);
    if (checkout->all_next != NULL)
        checkout->all_next->all_prev = checkout->all_prev;
    if (checkout->all_prev != NULL)
        checkout->all_prev->all_next = checkout->all_next;
    else
        worker->checkouts = checkout->all_next;
    checkout->state = FCGI_CHECKOUT_FREE;
    checkout->next = worker->spare_checkouts;
    worker->spare_checkouts = checkout;
    if (++worker->n_spare_checkouts > FCGI_WORKER_SPARE)
        fcgi_loop_defer(worker->loop, &worker->trim);
}

void fcgi_checkout_deliver(struct fcgi_checkout *checkout,
                           const struct fcgi_worker *from)
{
    struct fcgi_loop *loop = checkout->share->worker->loop;

    if (checkout->share->worker == from)
        fcgi_loop_defer(loop, &checkout->task);
    else
        fcgi_loop_post(loop, &checkout->task);
}

void fcgi_share_free_slot(struct fcgi_share *share)
{
    struct fcgi_checkout *checkout = fcgi_server_free_slot(share->server);

    if (checkout != NULL)
        fcgi_checkout_deliver(checkout, share->worker);
}

void fcgi_worker_free_slot(struct fcgi_worker *worker,
                           struct fcgi_server *server)
{
    fcgi_share_free_slot(fcgi_share_of(worker, server));
}

void fcgi_checkout_put(struct fcgi_checkout *checkout, struct fcgi_conn *conn)
{
    checkout->served = conn->served;
    checkout->quiet_since = conn->quiet_since;
    checkout->fd = fcgi_conn_detach(conn);
    fcgi_worker_free_conn(conn);
}

/* Another worker's checkout of an idle connection of ours. */
static void hand_over(struct fcgi_share *share, struct fcgi_checkout *checkout)
{
    struct fcgi_conn *conn = fcgi_share_take_promised(share);

    checkout->asked = NULL;
    if (conn != NULL)
        fcgi_checkout_put(checkout, conn);
    fcgi_checkout_deliver(checkout, share->worker);
}

/* What a checkout of ours brings, as a connection; NULL where memory is short,
 * and the slot is given back. */
static struct fcgi_conn *unpack(struct fcgi_checkout *checkout)
{
    struct fcgi_share *share = checkout->share;
    struct fcgi_conn *conn = checkout->conn;

    if (conn != NULL)
        return conn;
    conn = fcgi_worker_new_conn(share);
    if (conn == NULL) {
        if (checkout->fd >= 0)
            close(checkout->fd);
        fcgi_share_free_slot(share);
        return NULL;
    }
    if (checkout->fd >= 0 && fcgi_conn_attach(conn, checkout->fd)) {
        conn->served = checkout->served;
        conn->quiet_since = checkout->quiet_since;
        fcgi_stats_add(&share->stats, FCGI_COUNT_HANDED, 1);
    }
    return conn;
}

/* A checkout arrives, at the worker that is asked for a connection or at home. */
static void on_checkout_message(struct fcgi_loop_task *task)
{
    struct fcgi_checkout *checkout =
        FCGI_LOOP_OWNER(task, struct fcgi_checkout, task);
    struct fcgi_worker *worker = checkout->share->worker;
    void (*granted)(void *, enum fcgi_checkout_result, struct fcgi_conn *);
    struct fcgi_conn *conn;
    void *owner;

    if (checkout->asked != NULL) {
        hand_over(checkout->asked, checkout);
        return;
    }
    owner = checkout->owner;
    granted = checkout->granted;
    conn = unpack(checkout);
    fcgi_checkout_free(worker, checkout);
    if (owner != NULL)
        granted(owner,
                conn != NULL ? FCGI_CHECKOUT_GOT_NOW
                             : FCGI_CHECKOUT_GOT_NO_MEMORY,
                conn);
    else if (conn != NULL)
        fcgi_worker_release(conn);
}

/* QueueTimeout. */
static void on_queue_timeout(struct fcgi_loop_timer *timer)
{
    struct fcgi_checkout *checkout =
        FCGI_LOOP_OWNER(timer, struct fcgi_checkout, timer);
    struct fcgi_worker *worker = checkout->share->worker;
    void (*granted)(void *, enum fcgi_checkout_result, struct fcgi_conn *) =
        checkout->granted;
    void *owner = checkout->owner;

    fcgi_worker_cancel(worker, checkout);
    granted(owner, FCGI_CHECKOUT_GOT_LATE, NULL);
}

void fcgi_worker_cancel(struct fcgi_worker *worker,
                        struct fcgi_checkout *checkout)
{
    if (fcgi_server_cancel(checkout)) {
        fcgi_checkout_free(worker, checkout);
        return;
    }
    /* It is on its way: when it is here, what it brings goes to others. */
    checkout->owner = NULL;
    fcgi_loop_stop_timer(worker->loop, &checkout->timer);
}

/* Waits for the checkout. */
static enum fcgi_checkout_result wait_for(struct fcgi_checkout *checkout)
{
    const struct fcgi_share *share = checkout->share;
    struct fcgi_loop *loop = share->worker->loop;

    fcgi_loop_set_timer(loop, &checkout->timer,
                        fcgi_loop_now(loop) +
                            share->server->config->queue_timeout *
                                FCGI_LOOP_MS);
    return FCGI_CHECKOUT_GOT_WAIT;
}

enum fcgi_checkout_result fcgi_worker_checkout(
    struct fcgi_worker *worker, struct fcgi_server *server, void *owner,
    void (*granted)(void *owner, enum fcgi_checkout_result result,
                    struct fcgi_conn *conn),
    struct fcgi_checkout **checkout, struct fcgi_conn **conn)
{
    struct fcgi_share *share = fcgi_share_of(worker, server);
    struct fcgi_checkout *mine = new_checkout(worker);

    *checkout = NULL;
    *conn = NULL;
    if (mine == NULL)
        return FCGI_CHECKOUT_GOT_NO_MEMORY;
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
        *checkout = mine;
        wait_for(mine);
        fcgi_loop_post(mine->asked->worker->loop, &mine->task);
        return FCGI_CHECKOUT_GOT_WAIT;
    case FCGI_TAKE_WAIT:
        *checkout = mine;
        return wait_for(mine);
    case FCGI_TAKE_FULL:
        fcgi_checkout_free(worker, mine);
        return FCGI_CHECKOUT_GOT_FULL;
    }
    fcgi_checkout_free(worker, mine);
    return *conn != NULL ? FCGI_CHECKOUT_GOT_NOW : FCGI_CHECKOUT_GOT_NO_MEMORY;
}
