/* SPDX-License-Identifier: Apache-2.0
 *
 * Connections of a worker: their begin, what an event of theirs means, their
 * end.
 *
 * Here the event loop draws the conclusions that make up most of the traps: a
 * channel that has run dry ends the request (a), a return of -1 with EAGAIN in
 * errno means "wait for more" (b), end of file closes whatever runs (c).
 * Memory of a closed connection stays valid to the end of the batch of events
 * (l).
 */
#include <errno.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "event.h"
#include "http.h"
#include "log.h"
#include "mem.h"
#include "serve.h"
#include "worker.h"

#define STATUS_CLOSED (-2)

static char *timeout_on(void *conn)
{
    return serve_at(conn, serve.layout->conn_timeout_on);
}

void serve_conn_timeout_add(void *conn, struct mk_worker *worker)
{
    if (*timeout_on(conn))
        return;
    serve_list_add(serve_at(conn, serve.layout->conn_timeout),
                   &worker->timeout_queue);
    *timeout_on(conn) = 1;
}

void serve_conn_timeout_del(void *conn)
{
    if (!*timeout_on(conn))
        return;
    serve_list_del(serve_at(conn, serve.layout->conn_timeout));
    *timeout_on(conn) = 0;
}

static void set_pointer(void *conn, size_t offset, void *value)
{
    *(void **)serve_at(conn, offset) = value;
}

static void *conn_create(int fd, struct mk_server_listen *listener)
{
    const struct serve_layout *l = serve.layout;
    struct mk_network *net = SERVE_NET_OF(listener);
    void *conn = serve_mem_alloc_z(serve_client_offset(listener->protocol) +
                                   sizeof(struct serve_client));
    struct mk_event *event = serve_conn_event(conn);
    struct SERVE_CHANNEL *channel = serve_conn_channel(conn);

    event->fd = fd;
    event->data = serve_at(conn, serve_client_offset(listener->protocol));
    event->type = MK_EVENT_CONNECTION;
    event->mask = MK_EVENT_EMPTY;
    event->status = MK_EVENT_NONE;
    *(time_t *)serve_at(conn, l->conn_arrive) = time(NULL);
    set_pointer(conn, l->conn_protocol, listener->protocol);
    set_pointer(conn, l->conn_net, net);
    if (l->conn_listen != 0)
        set_pointer(conn, l->conn_listen, listener);
    channel->type = 0;
    channel->fd = fd; /* at the same place in both families */
    if (l->channel_event != 0)
        set_pointer(channel, l->channel_event, event);
    set_pointer(channel, l->channel_io, net);
    serve_list_init(serve_channel_streams(channel));
    return conn;
}

void serve_conn_accept(struct mk_worker *worker,
                       struct mk_server_listen *listener)
{
    int fd =
        accept4(listener->server_fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    struct serve_client *client;
    void *conn;

    if (fd < 0)
        return;
    if (serve_stage10(fd) == MK_CLOSE_CONX) {
        SERVE_NET(SERVE_NET_OF(listener), close, fd);
        return;
    }
    conn = conn_create(fd, listener);
    client = serve_client_of(conn);
    client->conn = conn;
    serve_list_add(&client->all, serve_worker_clients(worker));
    serve_conn_timeout_add(conn, worker);
    serve_ev_add(worker->loop, fd, MK_EVENT_CONNECTION, MK_EVENT_READ, conn);
    worker->accepted_connections++;
}

static void arm_write(void *conn, struct mk_worker *worker)
{
    serve_ev_add(worker->loop, serve_conn_event(conn)->fd, MK_EVENT_CONNECTION,
                 MK_EVENT_WRITE, conn);
}

#if MK_ABI == 18
int serve_conn_read(void *conn, struct mk_worker *worker)
{
    int r = SERVE_PROTOCOL(cb_read, conn, worker);

    if (r == -1) {
        if (errno != EAGAIN)
            return -1;
        serve_ev_add(worker->loop, serve_conn_event(conn)->fd,
                     MK_EVENT_CONNECTION, MK_EVENT_READ, conn);
        return 1;
    }
    if (serve_channel_pending(serve_conn_channel(conn)))
        return serve_conn_write(conn, worker);
    return r;
}
#else
int serve_conn_read(void *conn, struct mk_worker *worker)
{
    const int stop = MK_CHANNEL_DONE | MK_CHANNEL_ERROR | MK_CHANNEL_EMPTY;
    size_t total = 0;
    size_t count = 0;
    int r;

    if (SERVE_PROTOCOL(cb_read, conn, worker) == -1)
        return errno == EAGAIN ? 1 : -1;
    do {
        r = serve_channel_write(serve_conn_channel(conn), &count);
        total += count;
    } while (total <= worker->mem_pagesize && (r & stop) == 0);
    if (r == MK_CHANNEL_DONE) {
        r = SERVE_PROTOCOL(cb_done, conn, worker);
        if (r == 1) {
            /* Also when the next request is a handler's: trap (b). */
            arm_write(conn, worker);
            return 0;
        }
        return r;
    }
    if (r & (MK_CHANNEL_FLUSH | MK_CHANNEL_BUSY)) {
        if ((serve_conn_event(conn)->mask & MK_EVENT_WRITE) == 0)
            arm_write(conn, worker);
    }
    return r;
}

#endif

int serve_conn_write(void *conn, struct mk_worker *worker)
{
    size_t count;
    int r = serve_channel_write(serve_conn_channel(conn), &count);

    if (r == MK_CHANNEL_FLUSH || r == MK_CHANNEL_BUSY) {
        if (MK_ABI == 18 &&
            (serve_conn_event(conn)->mask & MK_EVENT_WRITE) == 0)
            arm_write(conn, worker);
        return 0;
    }
    if (r != MK_CHANNEL_DONE && r != MK_CHANNEL_EMPTY)
        return -1;
    r = SERVE_PROTOCOL(cb_done, conn, worker);
    if (r == -1)
        return -1;
    if (r == 0)
        serve_ev_add(worker->loop, serve_conn_event(conn)->fd,
                     MK_EVENT_CONNECTION, MK_EVENT_READ, conn);
    return 0;
}

/* Marks the event so that the rest of the batch passes it over, and lets its
 * memory go after that. */
void serve_conn_event_free(struct mk_event *event)
{
    struct mk_worker *worker = serve_worker_self();

    if ((event->type & MK_EVENT_IDLE) != 0) {
        if (serve.layout->event_free_guarded)
            return;
        serve_trap_abort("l", "sched_event_free() twice on one event");
    }
    event->type |= MK_EVENT_IDLE;
    serve_list_add(&event->head, &worker->event_free_queue);
}

void serve_conn_free_events(struct mk_worker *worker)
{
    for (SERVE_EACH(struct mk_event, event, head, &worker->event_free_queue)) {
        serve_list_del(&event->head);
        serve_mem_free(event);
    }
}

/* Takes a connection away; the session, if there still is one, is left as it
 * is and nobody is hung up. */
static void drop(void *conn, struct mk_worker *worker)
{
    struct mk_event *event = serve_conn_event(conn);
    struct serve_client *client = serve_client_of(conn);

    serve_ev_del(worker->loop, event);
    serve_stage50(event->fd);
    worker->closed_connections++;
    serve_list_del(&client->all);
    serve_conn_timeout_del(conn);
    SERVE_NET(serve_conn_net(conn), close, event->fd);
    serve_channel_clean(serve_conn_channel(conn));
    serve_conn_event_free(event);
    *(int *)serve_at(conn, serve.layout->conn_status) = STATUS_CLOSED;
    client->closed = true;
}

int serve_conn_close(void *conn, struct mk_worker *worker, int why)
{
    serve_ev_del(worker->loop, serve_conn_event(conn));
    if (why != MK_CLOSED_DONE)
        SERVE_PROTOCOL(cb_close, conn, worker, why);
    drop(conn, worker);
    return 0;
}

/* Every Timeout seconds. Counts from the connection's begin, however often
 * it has been used since: trap (k). */
void serve_conn_check_timeouts(struct mk_worker *worker)
{
    const struct serve_layout *l = serve.layout;
    time_t now = time(NULL);
    struct mk_list *queue = &worker->timeout_queue;
    struct mk_list *node;
    struct mk_list *after;

    for (node = queue->next; node != queue; node = after) {
        void *conn = (char *)node - l->conn_timeout;
        time_t arrived = *(time_t *)serve_at(conn, l->conn_arrive);

        after = node->next;
        if (serve_conn_event(conn)->type & MK_EVENT_IDLE)
            continue;
        if (arrived + serve.config.timeout > now)
            continue;
        SERVE_PROTOCOL(cb_close, conn, worker, MK_CLOSED_TIMEOUT);
        drop(conn, worker);
    }
}

void *serve_conn_get(struct mk_worker *worker, int fd)
{
    for (SERVE_EACH(struct serve_client, client, all,
                    serve_worker_clients(worker)))
        if (serve_conn_event(client->conn)->fd == fd)
            return client->conn;
    return NULL;
}

int serve_conn_remove_client(int fd SERVE_CONFIG)
{
#if MK_ABI == 18
    (void)fd;
    (void)config;
    return -1; /* Monkey 1.8 never finds any */
#else
    struct mk_worker *worker = serve_worker_self();
    void *conn = serve_conn_get(worker, fd);

    if (conn == NULL)
        return -1;
    drop(conn, worker);
    return 0;
#endif
}

void serve_conn_free_all(struct mk_list *clients)
{
    for (SERVE_EACH(struct serve_client, client, all, clients)) {
        void *conn = client->conn;

        serve_channel_clean(serve_conn_channel(conn));
        serve_session_discard(serve_session(conn));
        close(serve_conn_event(conn)->fd);
        serve_mem_free(conn);
    }
}
