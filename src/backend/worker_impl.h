/* SPDX-License-Identifier: Apache-2.0
 *
 * The inside of a worker, for worker*.c and checkout.c alone.
 */
#ifndef FCGI_BACKEND_WORKER_IMPL_H
#define FCGI_BACKEND_WORKER_IMPL_H

#include "backend/worker.h"

/* Unused memory that is kept for later. */
#define FCGI_WORKER_SPARE 256

static inline struct fcgi_share *fcgi_share_of(struct fcgi_worker *worker,
                                               const struct fcgi_server *server)
{
    return &worker->shares[server - worker->pool->servers];
}

/* --- worker_conn.c ------------------------------------------------------ */

/* A closed connection; NULL where memory is short. */
struct fcgi_conn *fcgi_worker_new_conn(struct fcgi_share *share);

/* The connection is closed, and its memory is spare; it holds still until all
 * callers have returned, unless it is used anew. */
void fcgi_worker_free_conn(struct fcgi_conn *conn);

/* Takes a connection out of the idle ones. */
void fcgi_share_unlink(struct fcgi_conn *conn);

/*
 * Takes an idle connection that was promised to somebody; the one that was used
 * least lately, as it would be the first to time out. NULL if one that was
 * promised has died: its slot is what is left of it.
 */
struct fcgi_conn *fcgi_share_take_promised(struct fcgi_share *share);

/* Somebody's connection starves: as many idle ones as asked for are closed. */
void fcgi_share_reclaim(struct fcgi_loop_task *task);

/* --- checkout.c ------------------------------------------------------------ */

void fcgi_checkout_free(struct fcgi_worker *worker,
                        struct fcgi_checkout *checkout);

/* A slot is free: the first of the queue may open a connection. */
void fcgi_share_free_slot(struct fcgi_share *share);

/* Takes the socket of a kept connection for a checkout of another worker. */
void fcgi_checkout_put(struct fcgi_checkout *checkout, struct fcgi_conn *conn);

/* Sends a checkout home; what it brings has been put in. From any worker. */
void fcgi_checkout_deliver(struct fcgi_checkout *checkout,
                           const struct fcgi_worker *from);

#endif
