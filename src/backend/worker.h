/* SPDX-License-Identifier: Apache-2.0
 *
 * A worker thread's part of the pool: the connections that its loop knows, and
 * how one gets from another worker to it.
 *
 * A connection that is idle stays with its worker. Another one that needs it is
 * sent it: the checkout goes to the owner's mailbox, the owner takes the socket
 * out of its epoll and sends the checkout on, with the descriptor, to whoever
 * claimed it. So no loop ever touches what another one watches. A finished
 * connection goes directly to the checkout that waits for one.
 *
 * All functions belong to the worker's thread, unless they say otherwise.
 */
#ifndef FCGI_BACKEND_WORKER_H
#define FCGI_BACKEND_WORKER_H

#include "backend/conn.h"
#include "backend/notice.h"
#include "backend/pool.h"

struct fcgi_worker {
    struct fcgi_pool *pool;
    struct fcgi_loop *loop;
    struct fcgi_notice notice;
    uint8_t *scratch;
    size_t scratch_size;
    struct fcgi_list conns, spare_conns; /* all in use; unused memory */
    struct fcgi_list checkouts, spare_checkouts;
    size_t n_spare_conns, n_spare_checkouts;
    struct fcgi_loop_task trim;        /* frees what is spare beyond need */
    struct fcgi_histogram *times;      /* one for each server */
    struct fcgi_server_local locals[]; /* one for each server */
};

/* Registers a worker. `scratch` is what connections read into. The pool and
 * the loop must outlive it. Returns NULL where memory is short. */
struct fcgi_worker *fcgi_worker_new(struct fcgi_pool *pool,
                                    struct fcgi_loop *loop,
                                    const struct fcgi_notice *notice,
                                    uint8_t *scratch, size_t scratch_size);

/* Closes everything. No checkout of it may be on its way through a worker that
 * still runs. NULL is fine. */
void fcgi_worker_free(struct fcgi_worker *worker);

/*
 * Asks for a connection to a server, for a request of a kind. Where it has to
 * WAIT, `granted` is called from the loop later: NOW with a connection; LATE,
 * when QueueTimeout is over, or NO_MEMORY with NULL. `*checkout` is what
 * cancels it. Each connection has to be given back.
 */
enum fcgi_checkout_result fcgi_worker_checkout(
    struct fcgi_worker *worker, struct fcgi_server *server, unsigned kind,
    void *owner,
    void (*granted)(void *owner, enum fcgi_checkout_result result,
                    struct fcgi_conn *conn),
    struct fcgi_checkout **checkout, struct fcgi_conn **conn);
void fcgi_worker_cancel(struct fcgi_worker *worker,
                        struct fcgi_checkout *checkout);

/* Starts conn->request, as fcgi_conn_start() does, on a connection that was
 * claimed, or has failed. A kept one that is no longer alive is opened anew. */
void fcgi_worker_start(struct fcgi_conn *conn,
                       const struct fcgi_conn_handlers *handlers);

/* The request has failed, and is started again later, not at once: counts what
 * it has moved, and does not let it pass for one that waits for an answer. */
void fcgi_worker_request_over(struct fcgi_conn *conn);

/* The connection is not needed any more. If it is KEPT, it goes to who waits
 * for one, or is kept for the next request; else it is closed. */
void fcgi_worker_release(struct fcgi_conn *conn);

/* For what holds a slot without a connection of the worker's (health.c): gives
 * the slot back; and looks after it while it waits for an answer: see
 * fcgi_server_conn_check(). */
void fcgi_worker_free_slot(struct fcgi_worker *worker,
                           struct fcgi_server *server,
                           struct fcgi_standing *standing);
uint64_t fcgi_worker_conn_check(struct fcgi_worker *worker,
                                struct fcgi_server *server,
                                struct fcgi_standing *standing);

/* Counts for the worker's part of a server. */
void fcgi_worker_count(struct fcgi_worker *worker,
                       const struct fcgi_server *server, enum fcgi_count count);

/* A request to a server is over, after so many ns. */
void fcgi_worker_took(struct fcgi_worker *worker,
                      const struct fcgi_server *server, uint64_t time);

/* A request to a server, or a check of it, has failed, or worked: its health,
 * and a line for the log where that changes. */
void fcgi_worker_failed(struct fcgi_worker *worker, struct fcgi_server *server);
void fcgi_worker_worked(struct fcgi_worker *worker, struct fcgi_server *server);

#endif
