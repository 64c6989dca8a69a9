/* SPDX-License-Identifier: Apache-2.0
 *
 * Technique "Z" in Monkey 1.6, step by step.
 */
#include "monkey/takeover.h"

#include <stddef.h>

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

enum fcgi_monkey_family
fcgi_monkey_family_by_handler(const void *conn,
                              const struct mk_sched_handler *handler)
{
    const struct mk_conn_a *a = conn;
    const struct mk_conn_b *b = conn;

    if (b->protocol == handler && b->channel.io == b->net &&
        b->channel.event == &b->event)
        return FCGI_MONKEY_FAMILY_B;
    if (a->protocol == handler && a->channel.io == a->net)
        return FCGI_MONKEY_FAMILY_A;
    return FCGI_MONKEY_FAMILY_UNKNOWN;
}

void fcgi_monkey_conn_view(enum fcgi_monkey_family family, void *conn,
                           struct fcgi_monkey_conn_view *view)
{
    if (family == FCGI_MONKEY_FAMILY_A) {
        struct mk_conn_a *a = conn;

        *view = (struct fcgi_monkey_conn_view){
            .event = &a->event,
            .net = a->net,
            .net_place = &a->net,
            .timeout_head = &a->timeout_head,
            .is_timeout_on = &a->is_timeout_on,
            .arrive_time = &a->arrive_time,
            .streams = &a->channel.streams,
            .session = (struct mk_session *)(a + 1),
        };
    } else {
        struct mk_conn_b *b = conn;

        *view = (struct fcgi_monkey_conn_view){
            .event = &b->event,
            .net = b->net,
            .net_place = &b->net,
            .timeout_head = &b->timeout_head,
            .is_timeout_on = &b->is_timeout_on,
            .arrive_time = &b->arrive_time,
            .streams = &b->channel.streams,
            .listen = b->server_listen,
            .session = (struct mk_session *)(b + 1),
        };
    }
}

int fcgi_monkey_conn_read(const struct fcgi_monkey_conn_view *view, void *buf,
                          int size)
{
    return view->net->read(view->event->fd, buf, size);
}

int fcgi_monkey_conn_write(const struct fcgi_monkey_conn_view *view,
                           const void *bytes, size_t length)
{
    return view->net->write(view->event->fd, bytes, length);
}

void fcgi_monkey_conn_leave(const struct mk_api *api,
                            const struct fcgi_monkey_conn_view *view)
{
    struct mk_event *event = view->event;

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
}

void fcgi_monkey_conn_return(const struct fcgi_monkey_conn_view *view)
{
    view->event->status = MK_EVENT_NONE;
    view->event->mask = MK_EVENT_EMPTY; /* so that ev_add() adds */
}

bool fcgi_monkey_conn_is_answered(const struct fcgi_monkey_conn_view *view)
{
    return view->session->sr_fixed.headers.status > 0 ||
           view->streams->next != view->streams;
}

void fcgi_monkey_suppress_core_head(struct mk_request *sr)
{
    (void)sr;
}

enum fcgi_monkey_end
fcgi_monkey_end_request(const struct mk_api *api,
                        const struct fcgi_monkey_conn_view *view,
                        struct mk_request *sr, bool close)
{
    (void)sr;
    return api->http_request_end(view->session, close ? 1 : 0) < 0
               ? FCGI_MONKEY_END_GONE
               : FCGI_MONKEY_END_OPEN;
}
