/* SPDX-License-Identifier: Apache-2.0
 *
 * Worker threads and their connections, see worker.c and conn.c.
 */
#ifndef FCGI_SERVE_WORKER_H
#define FCGI_SERVE_WORKER_H

#include "abi.h"

/* The loop and the description of the worker that calls. */
struct mk_event_loop *serve_worker_loop(void);
struct mk_worker *serve_worker_self(void);

/* Starts all workers and returns once each has its listeners and has run the
 * plugins' worker_init: 0, or -1 after a message. */
int serve_workers_start(void);

/* Lets them accept connections. */
void serve_workers_go(void);

/* Ends them and waits for it. Connections stay in memory for the plugins'
 * exit; serve_workers_free() takes them away. */
void serve_workers_stop(void);
void serve_workers_free(void);

/* conn.c: the connections of one worker. */
void serve_conn_accept(struct mk_worker *worker,
                       struct mk_server_listen *listener);
int serve_conn_read(void *conn, struct mk_worker *worker);
int serve_conn_write(void *conn, struct mk_worker *worker);
int serve_conn_close(void *conn, struct mk_worker *worker, int why);
void serve_conn_check_timeouts(struct mk_worker *worker);
void serve_conn_timeout_add(void *conn, struct mk_worker *worker);
void serve_conn_timeout_del(void *conn);
void serve_conn_free_all(struct mk_list *clients);

/* api->sched_event_free, and its deferred part, at the end of a batch. */
void serve_conn_event_free(struct mk_event *event);
void serve_conn_free_events(struct mk_worker *worker);

/* api->sched_remove_client and ->sched_get_connection */
int serve_conn_remove_client(int fd SERVE_CONFIG);
void *serve_conn_get(struct mk_worker *worker, int fd);

/* The list of a worker's connections (struct serve_client, member all). */
struct mk_list *serve_worker_clients(struct mk_worker *worker);

/* The plugins' stages, stage.c. */
int serve_stage10(int fd);
int serve_stage20(struct mk_session *cs, struct mk_request *sr);
void serve_stage40(struct mk_session *cs, struct mk_request *sr);
void serve_stage50(int fd);

#endif
