/* SPDX-License-Identifier: Apache-2.0
 *
 * A worker: its connections, in use, idle and spare, and its checkouts.
 *
 * A slot (see server.h) is never lost and never used twice: a socket is closed
 * before its slot is set free, and who is promised an idle connection that
 * dies meanwhile gets its slot, to open another.
 *
 * A checkout that gets another worker's idle connection travels: as a request
 * to the worker that has it (on_request), and as a delivery back home
 * (on_delivery). One that waited in the queue is only delivered.
 */
#include "backend/worker.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Unused memory that is kept for later. */
#define MOST_SPARE 256

/*
 * Over TCP nothing proves that a process has read what was sent (conn.c): an
 * application that closes of its own accord does so right behind an answer, and
 * its FIN may be on its way. So a request that must not be executed twice uses
 * a kept connection only when its last answer is older than this: time for a
 * process that lost its processor between the two, and for a FIN that is lost
 * once (the kernel sends it again after 200 ms).
 */
#define QUIET (250 * FCGI_LOOP_MS)

static struct fcgi_server_local *local_of(struct fcgi_worker *worker,
                                          const struct fcgi_server *server)
{
    return &worker->locals[server - worker->pool->servers];
}

static struct fcgi_conn *conn_of(struct fcgi_list *link)
{
    return FCGI_LOOP_OWNER(link, struct fcgi_conn, link);
}

static struct fcgi_checkout *checkout_of(struct fcgi_list *link)
{
    return FCGI_LOOP_OWNER(link, struct fcgi_checkout, link);
}

/* Frees what is spare beyond `most`. */
static void free_spare(struct fcgi_worker *worker, size_t most)
{
    for (; worker->n_spare_conns > most; worker->n_spare_conns--)
        free(conn_of(fcgi_list_take(&worker->spare_conns)));
    for (; worker->n_spare_checkouts > most; worker->n_spare_checkouts--)
        free(checkout_of(fcgi_list_take(&worker->spare_checkouts)));
}

/* Not before all callers have returned, as one of them may be the connection
 * itself, or the grant of a checkout. */
static void trim(struct fcgi_loop_task *task)
{
    free_spare(FCGI_LOOP_OWNER(task, struct fcgi_worker, trim), MOST_SPARE);
}

void fcgi_worker_count(struct fcgi_worker *worker,
                       const struct fcgi_server *server, enum fcgi_count count)
{
    fcgi_stats_add(&local_of(worker, server)->stats, count, 1);
}

void fcgi_worker_took(struct fcgi_worker *worker,
                      const struct fcgi_server *server, uint64_t time)
{
    fcgi_histogram_add(local_of(worker, server)->times,
                       fcgi_loop_now(worker->loop), time / 1000);
}

/* --- health ------------------------------------------------------------ */

static void tell(struct fcgi_worker *worker, struct fcgi_server *server,
                 bool bad, const char *what)
{
    char label[FCGI_SERVER_LABEL], line[FCGI_SERVER_LABEL + 160];

    fcgi_server_label(server, label, sizeof(label));
    snprintf(line, sizeof(line), "%s: %s", label, what);
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

/* --- connections ------------------------------------------------------- */

/* Sends a checkout home; what it brings has been put in. From any worker. */
static void deliver(struct fcgi_checkout *checkout,
                    const struct fcgi_worker *from)
{
    struct fcgi_loop *loop = checkout->local->worker->loop;

    if (checkout->local->worker == from)
        fcgi_loop_defer(loop, &checkout->delivery);
    else
        fcgi_loop_post(loop, &checkout->delivery);
}

/* More connections may be opened, perhaps: those that wait get them. */
static void grant(struct fcgi_server_local *local)
{
    struct fcgi_server *server = local->server;
    struct fcgi_checkout *checkout;

    if (fcgi_queue_length(&server->queue) == 0)
        return;
    while ((checkout = fcgi_server_grant(
                server, fcgi_loop_now(local->worker->loop))) != NULL)
        deliver(checkout, local->worker);
}

/* The connection waits no longer for its first answer. */
static void stop_waiting(struct fcgi_conn *conn)
{
    conn->waits = false;
    fcgi_loop_stop_timer(conn->loop, &conn->wait_timer);
}

static void on_accepted(struct fcgi_conn *conn)
{
    fcgi_server_conn_accepted(conn->server, &conn->standing,
                              fcgi_loop_now(conn->loop));
    stop_waiting(conn);
    grant(conn->local);
}

static void on_first_byte(struct fcgi_conn *conn)
{
    struct fcgi_stats *stats = &conn->local->stats;
    uint64_t now = fcgi_loop_now(conn->loop);

    fcgi_stats_add(stats, FCGI_COUNT_FIRST_BYTES, 1);
    fcgi_stats_add(stats, FCGI_COUNT_FIRST_BYTE_US,
                   (now - conn->started) / 1000);
    fcgi_server_answered(conn->server, conn->started);
    if (!conn->waits)
        return;
    fcgi_server_conn_answered(conn->server, &conn->standing, now);
    stop_waiting(conn);
    grant(conn->local);
}

uint64_t fcgi_worker_conn_check(struct fcgi_worker *worker,
                                struct fcgi_server *server,
                                struct fcgi_standing *standing)
{
    struct fcgi_server_local *victim;
    uint64_t next = fcgi_server_conn_check(
        server, standing, fcgi_loop_now(worker->loop), &victim);

    if (victim != NULL)
        fcgi_loop_post(victim->worker->loop, &victim->reclaim);
    return next;
}

/* It has waited for its first answer for a while. */
static void on_wait_timer(struct fcgi_loop_timer *timer)
{
    struct fcgi_conn *conn =
        FCGI_LOOP_OWNER(timer, struct fcgi_conn, wait_timer);
    uint64_t next = fcgi_worker_conn_check(conn->local->worker, conn->server,
                                           &conn->standing);

    if (next != 0)
        fcgi_loop_set_timer(conn->loop, timer, next);
}

/* Requests wait for a connection. */
static void look(struct fcgi_server_local *local)
{
    struct fcgi_loop *loop = local->worker->loop;

    if (!local->look.set)
        fcgi_loop_set_timer(loop, &local->look,
                            fcgi_loop_now(loop) + FCGI_LIMIT_SOON);
}

static void on_look(struct fcgi_loop_timer *timer)
{
    struct fcgi_server_local *local =
        FCGI_LOOP_OWNER(timer, struct fcgi_server_local, look);

    if (!fcgi_server_look(local->server, fcgi_loop_now(local->worker->loop)))
        return;
    grant(local);
    look(local);
}

static struct fcgi_conn *new_conn(struct fcgi_server_local *local)
{
    struct fcgi_worker *worker = local->worker;
    struct fcgi_list *spare = fcgi_list_take(&worker->spare_conns);
    struct fcgi_conn *conn;

    if (spare != NULL) {
        conn = conn_of(spare);
        worker->n_spare_conns--;
    } else {
        conn = malloc(sizeof(*conn));
        if (conn == NULL)
            return NULL;
    }
    fcgi_conn_init(conn, worker->loop, local->server, worker->scratch,
                   worker->scratch_size);
    conn->local = local;
    conn->on_first_byte = on_first_byte;
    if (local->server->limit.tells)
        conn->on_accepted = on_accepted;
    conn->wait_timer.fired = on_wait_timer;
    fcgi_list_add_first(&worker->conns, &conn->link);
    return conn;
}

/* The connection is closed, and its memory is spare; it holds still until all
 * callers have returned, unless it is used anew. */
static void free_conn(struct fcgi_conn *conn)
{
    struct fcgi_worker *worker = conn->local->worker;

    fcgi_list_remove(&conn->link);
    fcgi_list_add_first(&worker->spare_conns, &conn->link);
    if (++worker->n_spare_conns > MOST_SPARE)
        fcgi_loop_defer(worker->loop, &worker->trim);
}

/* Takes a connection out of the idle ones. */
static void unlink_idle(struct fcgi_conn *conn)
{
    fcgi_list_remove(&conn->idle);
    conn->on_dead = NULL;
}

/*
 * Takes an idle connection that was promised to somebody; the one that was used
 * least lately, as it would be the first to time out. NULL if one that was
 * promised has died: its slot is what is left of it.
 */
static struct fcgi_conn *take_promised(struct fcgi_server_local *local)
{
    struct fcgi_conn *conn;

    if (local->reserved_dead > 0) {
        local->reserved_dead--;
        return NULL;
    }
    conn = FCGI_LOOP_OWNER(local->kept.prev, struct fcgi_conn, idle);
    unlink_idle(conn);
    return conn;
}

/* --- checkouts ---------------------------------------------------------- */

static void on_request(struct fcgi_loop_task *task);
static void on_delivery(struct fcgi_loop_task *task);
static void on_queue_timeout(struct fcgi_loop_timer *timer);

static struct fcgi_checkout *new_checkout(struct fcgi_worker *worker)
{
    struct fcgi_list *spare = fcgi_list_take(&worker->spare_checkouts);
    struct fcgi_checkout *checkout;

    if (spare != NULL) {
        checkout = checkout_of(spare);
        worker->n_spare_checkouts--;
    } else {
        checkout = calloc(1, sizeof(*checkout));
        if (checkout == NULL)
            return NULL;
    }
    checkout->fd = -1;
    checkout->conn = NULL;
    checkout->request.run = on_request;
    checkout->delivery.run = on_delivery;
    checkout->timer.fired = on_queue_timeout;
    fcgi_list_add_first(&worker->checkouts, &checkout->link);
    return checkout;
}

static void free_checkout(struct fcgi_worker *worker,
                          struct fcgi_checkout *checkout)
{
    fcgi_loop_stop_timer(worker->loop, &checkout->timer);
    fcgi_list_remove(&checkout->link);
    checkout->state = FCGI_CHECKOUT_FREE;
    fcgi_list_add_first(&worker->spare_checkouts, &checkout->link);
    if (++worker->n_spare_checkouts > MOST_SPARE)
        fcgi_loop_defer(worker->loop, &worker->trim);
}

/* A slot is free, as its connection, if there was one, is closed: the first of
 * the queue may open another. */
static void free_slot(struct fcgi_server_local *local,
                      struct fcgi_standing *standing)
{
    struct fcgi_checkout *checkout = fcgi_server_free_slot(
        local->server, standing, fcgi_loop_now(local->worker->loop));

    if (checkout != NULL)
        deliver(checkout, local->worker);
}

void fcgi_worker_free_slot(struct fcgi_worker *worker,
                           struct fcgi_server *server,
                           struct fcgi_standing *standing)
{
    free_slot(local_of(worker, server), standing);
}

/* The connection is closed, and its slot free. */
static void drop(struct fcgi_conn *conn)
{
    fcgi_conn_close(conn);
    free_slot(conn->local, &conn->standing);
    free_conn(conn);
}

/* Takes the socket of a kept connection along for another worker. */
static void pack(struct fcgi_checkout *checkout, struct fcgi_conn *conn)
{
    checkout->served = conn->served;
    checkout->quiet_since = conn->quiet_since;
    checkout->fd = fcgi_conn_detach(conn);
    conn->standing.state = FCGI_STANDING_NONE; /* the checkout's connection */
    free_conn(conn);
}

/* At the worker that has the idle connection which the checkout gets. */
static void on_request(struct fcgi_loop_task *task)
{
    struct fcgi_checkout *checkout =
        FCGI_LOOP_OWNER(task, struct fcgi_checkout, request);
    struct fcgi_server_local *local = checkout->asked;
    struct fcgi_conn *conn = take_promised(local);

    if (conn != NULL)
        pack(checkout, conn);
    deliver(checkout, local->worker);
}

/* What a checkout of ours brings, as a connection; NULL where memory is short,
 * and the slot is given back. */
static struct fcgi_conn *unpack(struct fcgi_checkout *checkout)
{
    struct fcgi_server_local *local = checkout->local;
    struct fcgi_standing standing = {.state = FCGI_STANDING_NONE};
    struct fcgi_conn *conn = checkout->conn;

    if (conn != NULL)
        return conn;
    if (checkout->fd >= 0)
        standing.state = FCGI_STANDING_PROVEN;
    conn = new_conn(local);
    if (conn == NULL) {
        if (checkout->fd >= 0)
            close(checkout->fd);
        free_slot(local, &standing);
        return NULL;
    }
    conn->standing = standing;
    if (checkout->fd < 0)
        return conn;
    if (fcgi_conn_attach(conn, checkout->fd)) {
        conn->served = checkout->served;
        conn->quiet_since = checkout->quiet_since;
        fcgi_stats_add(&local->stats, FCGI_COUNT_HANDED, 1);
    } else {
        fcgi_server_conn_closed(local->server, &conn->standing);
    }
    return conn;
}

/* At home. */
static void on_delivery(struct fcgi_loop_task *task)
{
    struct fcgi_checkout *checkout =
        FCGI_LOOP_OWNER(task, struct fcgi_checkout, delivery);
    void (*granted)(void *, enum fcgi_checkout_result, struct fcgi_conn *) =
        checkout->granted;
    void *owner = checkout->owner;
    struct fcgi_conn *conn = unpack(checkout);

    free_checkout(checkout->local->worker, checkout);
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
    struct fcgi_worker *worker = checkout->local->worker;
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
        free_checkout(worker, checkout);
        return;
    }
    /* It is on its way: when it is here, what it brings goes to others. */
    checkout->owner = NULL;
    fcgi_loop_stop_timer(worker->loop, &checkout->timer);
}

/* Waits for the checkout. */
static enum fcgi_checkout_result wait_for(struct fcgi_checkout *checkout)
{
    const struct fcgi_server_local *local = checkout->local;
    struct fcgi_loop *loop = local->worker->loop;

    fcgi_loop_set_timer(loop, &checkout->timer,
                        fcgi_loop_now(loop) +
                            local->server->config->queue_timeout *
                                FCGI_LOOP_MS);
    return FCGI_CHECKOUT_GOT_WAIT;
}

enum fcgi_checkout_result fcgi_worker_checkout(
    struct fcgi_worker *worker, struct fcgi_server *server, unsigned kind,
    void *owner,
    void (*granted)(void *owner, enum fcgi_checkout_result result,
                    struct fcgi_conn *conn),
    struct fcgi_checkout **checkout, struct fcgi_conn **conn)
{
    struct fcgi_server_local *local = local_of(worker, server);
    struct fcgi_checkout *mine = new_checkout(worker);

    *checkout = NULL;
    *conn = NULL;
    if (mine == NULL)
        return FCGI_CHECKOUT_GOT_NO_MEMORY;
    mine->queued.kind = kind;
    mine->owner = owner;
    mine->granted = granted;
    switch (fcgi_server_take(local, mine, fcgi_loop_now(worker->loop))) {
    case FCGI_TAKE_IDLE:
        *conn = FCGI_LOOP_OWNER(local->kept.next, struct fcgi_conn, idle);
        unlink_idle(*conn);
        break;
    case FCGI_TAKE_SLOT:
        *conn = new_conn(local);
        if (*conn == NULL)
            free_slot(local, NULL);
        break;
    case FCGI_TAKE_ASK:
        *checkout = mine;
        wait_for(mine);
        fcgi_loop_post(mine->asked->worker->loop, &mine->request);
        return FCGI_CHECKOUT_GOT_WAIT;
    case FCGI_TAKE_WAIT:
        *checkout = mine;
        look(local);
        return wait_for(mine);
    case FCGI_TAKE_FULL:
        free_checkout(worker, mine);
        return FCGI_CHECKOUT_GOT_FULL;
    }
    free_checkout(worker, mine);
    return *conn != NULL ? FCGI_CHECKOUT_GOT_NOW : FCGI_CHECKOUT_GOT_NO_MEMORY;
}

/* --- requests ---------------------------------------------------------- */

/* The request is under way no more: what it has moved is counted. */
static void stop_running(struct fcgi_conn *conn)
{
    struct fcgi_stats *stats = &conn->local->stats;

    if (conn->runs)
        fcgi_queue_ran(&conn->server->queue, conn->kind);
    conn->runs = false;
    fcgi_stats_add(stats, FCGI_COUNT_BYTES_IN, conn->bytes_in);
    fcgi_stats_add(stats, FCGI_COUNT_BYTES_OUT, conn->bytes_out);
    conn->bytes_in = conn->bytes_out = 0;
}

void fcgi_worker_request_over(struct fcgi_conn *conn)
{
    stop_waiting(conn);
    if (conn->state == FCGI_CONN_IDLE)
        fcgi_server_conn_closed(conn->server, &conn->standing);
    stop_running(conn);
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
    struct fcgi_stats *stats = &conn->local->stats;
    uint64_t now = fcgi_loop_now(conn->loop), next;
    bool unkept = conn->state != FCGI_CONN_KEPT && conn->served == 1;

    /* Another request is sent again where the connection turns out dead: that
     * is seldom, and cheaper than to look each time. */
    if (conn->state == FCGI_CONN_KEPT && conn->once &&
        !fcgi_conn_is_alive(conn)) {
        fcgi_stats_add(stats, FCGI_COUNT_STALE, 1);
        unkept = conn->served == 1;
        fcgi_conn_close(conn);
    } else if (is_too_young(conn, now)) {
        fcgi_conn_close(conn); /* its slot is used for another */
    }
    fcgi_worker_request_over(conn); /* a first try of it */
    conn->runs = true;
    fcgi_queue_runs(&conn->server->queue, conn->kind);
    fcgi_stats_add(stats, FCGI_COUNT_REQUESTS, 1);
    if (conn->state == FCGI_CONN_KEPT) {
        fcgi_stats_add(stats, FCGI_COUNT_REUSED, 1);
    } else {
        fcgi_stats_add(stats, FCGI_COUNT_CONNECTS, 1);
        conn->waits = true;
        next =
            fcgi_server_conn_begin(conn->server, &conn->standing, unkept, now);
        fcgi_loop_set_timer(conn->loop, &conn->wait_timer, next);
    }
    fcgi_conn_start(conn, handlers);
}

static void on_idle_dead(struct fcgi_conn *conn)
{
    struct fcgi_server_local *local = conn->local;
    bool unkept =
        conn->served == 1 && fcgi_loop_now(conn->loop) < conn->deadline;

    unlink_idle(conn);
    if (fcgi_server_idle_gone(local, &conn->standing, unkept))
        free_slot(local, NULL);
    else
        local->reserved_dead++;
    free_conn(conn);
}

/* An idle connection from now on. */
static void keep(struct fcgi_conn *conn, uint64_t now)
{
    conn->on_dead = on_idle_dead;
    fcgi_list_add_first(&conn->local->kept, &conn->idle);
    fcgi_conn_keep(conn, now + conn->server->config->keep_alive_timeout *
                                   FCGI_LOOP_MS);
}

static bool may_be_kept(const struct fcgi_conn *conn)
{
    const struct fcgi_server_config *config = conn->server->config;

    return conn->state == FCGI_CONN_KEPT && config->keep_alive &&
           conn->served < config->keep_alive_requests &&
           fcgi_server_is_present(conn->server);
}

void fcgi_worker_release(struct fcgi_conn *conn)
{
    struct fcgi_server_local *local = conn->local;
    uint64_t now = fcgi_loop_now(conn->loop);
    struct fcgi_checkout *checkout = NULL;
    enum fcgi_give give = FCGI_GIVE_CLOSE;

    stop_waiting(conn);
    stop_running(conn);
    if (may_be_kept(conn))
        give = fcgi_server_give(local, conn->served, now, &checkout);
    switch (give) {
    case FCGI_GIVE_KEEP:
        keep(conn, now);
        return;
    case FCGI_GIVE_HANDOFF:
        if (checkout->local == local)
            checkout->conn = conn;
        else
            pack(checkout, conn);
        deliver(checkout, local->worker);
        return;
    case FCGI_GIVE_CLOSE:
        if (may_be_kept(conn))
            fcgi_stats_add(&local->stats, FCGI_COUNT_STARVED, 1);
        drop(conn);
        return;
    }
}

/* Connections wait for processes, or the server is gone: as many idle ones as
 * asked for are closed. */
static void on_reclaim(struct fcgi_loop_task *task)
{
    struct fcgi_server_local *local =
        FCGI_LOOP_OWNER(task, struct fcgi_server_local, reclaim);

    for (unsigned n = fcgi_server_reclaimed(local); n > 0; n--) {
        struct fcgi_conn *conn = take_promised(local);

        if (conn == NULL) {
            free_slot(local, NULL);
            continue;
        }
        if (fcgi_server_is_present(local->server))
            fcgi_stats_add(&local->stats, FCGI_COUNT_STARVED, 1);
        drop(conn);
    }
}

/* --- the worker -------------------------------------------------------- */

struct fcgi_worker *fcgi_worker_new(struct fcgi_pool *pool,
                                    struct fcgi_loop *loop,
                                    const struct fcgi_notice *notice,
                                    uint8_t *scratch, size_t scratch_size)
{
    size_t size = sizeof(struct fcgi_worker) +
                  pool->n_servers * sizeof(struct fcgi_server_local);
    struct fcgi_worker *worker = NULL;

    /* The counters lie in cache lines of their own. */
    if (posix_memalign((void **)&worker, _Alignof(struct fcgi_worker), size) !=
        0)
        return NULL;
    memset(worker, 0, size);
    worker->times = calloc(pool->n_servers, sizeof(*worker->times));
    if (worker->times == NULL) {
        free(worker);
        return NULL;
    }
    worker->pool = pool;
    worker->loop = loop;
    worker->notice = *notice;
    worker->scratch = scratch;
    worker->scratch_size = scratch_size;
    worker->trim.run = trim;
    fcgi_list_init(&worker->conns);
    fcgi_list_init(&worker->spare_conns);
    fcgi_list_init(&worker->checkouts);
    fcgi_list_init(&worker->spare_checkouts);
    for (size_t i = 0; i < pool->n_servers; i++) {
        struct fcgi_server_local *local = &worker->locals[i];

        local->worker = worker;
        local->loop = loop;
        local->times = &worker->times[i];
        local->reclaim.run = on_reclaim;
        local->look.fired = on_look;
        fcgi_list_init(&local->kept);
        fcgi_server_join(&pool->servers[i], local);
    }
    return worker;
}

void fcgi_worker_free(struct fcgi_worker *worker)
{
    struct fcgi_list *link;

    if (worker == NULL)
        return;
    while ((link = fcgi_list_first(&worker->conns)) != NULL) {
        fcgi_conn_close(conn_of(link));
        fcgi_worker_request_over(conn_of(link));
        free_conn(conn_of(link));
    }
    while ((link = fcgi_list_first(&worker->checkouts)) != NULL) {
        struct fcgi_checkout *checkout = checkout_of(link);

        fcgi_server_cancel(checkout);
        if (checkout->fd >= 0)
            close(checkout->fd);
        free_checkout(worker, checkout);
    }
    for (size_t i = 0; i < worker->pool->n_servers; i++) {
        fcgi_loop_stop_timer(worker->loop, &worker->locals[i].look);
        fcgi_server_leave(&worker->locals[i]);
    }
    fcgi_loop_cancel(worker->loop, &worker->trim);
    free_spare(worker, 0);
    free(worker->times);
    free(worker);
}
