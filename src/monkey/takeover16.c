/* SPDX-License-Identifier: Apache-2.0
 *
 * Technique "Z" in Monkey 1.6, step by step.
 */
#include "monkey/takeover.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stddef.h>
#include <sys/socket.h>

#include "monkey/buffer.h"

enum fcgi_monkey_family fcgi_monkey_family_of(const struct mk_session *cs,
                                              const struct mk_request *sr)
{
    const char *conn = cs->conn;
    ptrdiff_t channel = (const char *)cs->channel - conn;
    ptrdiff_t session = (const char *)(const void *)cs - conn;

    if (sr != &cs->sr_fixed || sr->session != cs)
        return FCGI_MONKEY_FAMILY_UNKNOWN;
    if (channel == (ptrdiff_t)offsetof(struct mk_conn_a, channel) &&
        session == (ptrdiff_t)sizeof(struct mk_conn_a)) {
        const struct mk_conn_a *a = cs->conn;

        if (a->channel.io == a->net && a->event.fd == cs->socket)
            return FCGI_MONKEY_FAMILY_A;
    } else if (channel == (ptrdiff_t)offsetof(struct mk_conn_b, channel) &&
               session == (ptrdiff_t)sizeof(struct mk_conn_b)) {
        const struct mk_conn_b *b = cs->conn;

        if (b->channel.io == b->net && b->channel.event == &b->event &&
            b->event.fd == cs->socket)
            return FCGI_MONKEY_FAMILY_B;
    }
    return FCGI_MONKEY_FAMILY_UNKNOWN;
}

void fcgi_monkey_conn_view(enum fcgi_monkey_family family,
                           const struct mk_session *cs,
                           struct fcgi_monkey_conn_view *view)
{
    if (family == FCGI_MONKEY_FAMILY_A) {
        struct mk_conn_a *a = cs->conn;

        view->event = &a->event;
        view->net = a->net;
        view->timeout_head = &a->timeout_head;
        view->is_timeout_on = &a->is_timeout_on;
        view->arrive_time = &a->arrive_time;
        view->streams = &a->channel.streams;
        view->listen = NULL;
    } else {
        struct mk_conn_b *b = cs->conn;

        view->event = &b->event;
        view->net = b->net;
        view->timeout_head = &b->timeout_head;
        view->is_timeout_on = &b->is_timeout_on;
        view->arrive_time = &b->arrive_time;
        view->streams = &b->channel.streams;
        view->listen = b->server_listen;
    }
}

int fcgi_monkey_conn_write(const struct fcgi_monkey_conn_view *view,
                           const void *bytes, size_t length)
{
    return view->net->write(view->event->fd, bytes, length);
}

void fcgi_monkey_suppress_core_head(struct mk_request *sr)
{
    (void)sr;
}

void fcgi_monkey_take(const struct mk_api *api,
                      const struct fcgi_monkey_conn_view *view)
{
    struct mk_event *event = view->event;
    int off = 0;

    /* The core corks the socket for a file and forgets about it when only the
     * head of that is asked for: what is sent now would wait 200 ms. */
    setsockopt(event->fd, IPPROTO_TCP, TCP_CORK, &off, sizeof(off));

    /* ev_del() does nothing unless the status is REGISTERED, which ev_add()
     * forgets to set. In a pipeline the event may be out already; then it
     * fails, which is as good. */
    event->status = MK_EVENT_REGISTERED;
    api->ev_del(api->sched_loop(), event);

    /* A mask without READ, WRITE and CLOSE: the core, when it comes back from
     * stage 30, has nothing to do for it. And with this status every ev_add()
     * of the core fails. */
    event->mask = 2;
    event->status = MK_EVENT_REGISTERED;

    /* Up to 1.6.5 a connection stays in the queue of those that time out even
     * while it is served. Later ones have taken it out. */
    if (*view->is_timeout_on) {
        view->timeout_head->prev->next = view->timeout_head->next;
        view->timeout_head->next->prev = view->timeout_head->prev;
        view->timeout_head->prev = view->timeout_head->next = NULL;
        *view->is_timeout_on = 0;
    }
}

static void queue_timeout(const struct mk_api *api,
                          const struct fcgi_monkey_conn_view *view)
{
    struct mk_list *queue = &api->sched_worker_info()->timeout_queue;
    struct mk_list *node = view->timeout_head;

    if (*view->is_timeout_on)
        return;
    node->next = queue;
    node->prev = queue->prev;
    queue->prev->next = node;
    queue->prev = node;
    *view->is_timeout_on = 1;
}

void fcgi_monkey_give_back(const struct mk_api *api,
                           enum fcgi_monkey_family family,
                           struct mk_session *cs, struct mk_request *sr,
                           bool close)
{
    struct mk_event_loop *loop = api->sched_loop();
    struct fcgi_monkey_conn_view view;

    fcgi_monkey_conn_view(family, cs, &view);
    sr->handler_data = NULL;
    view.event->status = MK_EVENT_NONE;
    view.event->mask = MK_EVENT_EMPTY; /* so that ev_add() adds */
    if (close) {
        /* Pipelined bytes would be answered although the connection was
         * announced to end: there are none. */
        cs->body_length = (unsigned)cs->parser.i + 1;
    } else {
        api->ev_add(loop, view.event->fd, MK_EVENT_CONNECTION, MK_EVENT_READ,
                    view.event);
        /* The core counts its Timeout from when the connection was accepted,
         * and so closes a busy one in the moment between two requests. */
        *view.arrive_time = api->time_unix();
    }
    if (api->http_request_end(cs, close ? 1 : 0) < 0)
        return; /* the connection is gone, and all of this with it */
    if (sr->handler_data != NULL)
        return; /* our stage 30 has taken the next request over */
    if (cs->request_list.next == &cs->request_list) {
        fcgi_monkey_buffer_reset(api, &view, cs); /* idle */
        return;
    }
    if (sr->headers.status > 0 || view.streams->next != view.streams) {
        /* The core has answered the next request, but nobody sends it, or
         * ends it, before the descriptor is writable. */
        api->ev_add(loop, view.event->fd, MK_EVENT_CONNECTION, MK_EVENT_WRITE,
                    view.event);
        return;
    }
    /* Half a request: it must not take for ever. */
    queue_timeout(api, &view);
}
