/* SPDX-License-Identifier: Apache-2.0
 *
 * Technique "Z" in Monkey 1.8. ev_del() works there, and leaves an event that
 * the core does not register again by itself; but the core makes the head of an
 * answer behind our back as soon as stage 30 has returned, and takes the
 * request for answered once that is sent.
 */
#include <stddef.h>

#include "monkey/takeover.h"

enum fcgi_monkey_family fcgi_monkey_family_of(const struct mk_session *cs,
                                              const struct mk_request *sr)
{
    const struct mk_conn *conn = cs->conn;
    const char *base = (const char *)conn;

    if ((const char *)(const void *)sr - (const char *)(const void *)cs !=
            (ptrdiff_t)offsetof(struct mk_session, sr_fixed) ||
        sr->session != cs)
        return FCGI_MONKEY_FAMILY_UNKNOWN;
    if ((const char *)cs->channel - base !=
            (ptrdiff_t)offsetof(struct mk_conn, channel) ||
        (const char *)(const void *)cs - base != (ptrdiff_t)sizeof(*conn))
        return FCGI_MONKEY_FAMILY_UNKNOWN;
    if (conn->channel.io != conn->net || conn->channel.event != &conn->event ||
        conn->event.fd != cs->socket)
        return FCGI_MONKEY_FAMILY_UNKNOWN;
    return FCGI_MONKEY_FAMILY_C;
}

enum fcgi_monkey_family
fcgi_monkey_family_by_handler(const void *conn,
                              const struct mk_sched_handler *handler)
{
    const struct mk_conn *c = conn;

    return c->protocol == handler && c->channel.io == c->net &&
                   c->channel.event == &c->event
               ? FCGI_MONKEY_FAMILY_C
               : FCGI_MONKEY_FAMILY_UNKNOWN;
}

void fcgi_monkey_conn_view(enum fcgi_monkey_family family, void *conn,
                           struct fcgi_monkey_conn_view *view)
{
    struct mk_conn *c = conn;

    (void)family;
    *view = (struct fcgi_monkey_conn_view){
        .event = &c->event,
        .net = c->net,
        .net_place = &c->net,
        .timeout_head = &c->timeout_head,
        .is_timeout_on = &c->is_timeout_on,
        .arrive_time = &c->arrive_time,
        .streams = &c->channel.streams,
        .listen = c->server_listen,
        .session = (struct mk_session *)(c + 1),
    };
}

int fcgi_monkey_conn_read(const struct fcgi_monkey_conn_view *view, void *buf,
                          int size)
{
    return view->net->read(view->net->plugin, view->event->fd, buf, size);
}

int fcgi_monkey_conn_write(const struct fcgi_monkey_conn_view *view,
                           const void *bytes, size_t length)
{
    return view->net->write(view->net->plugin, view->event->fd, bytes, length);
}

void fcgi_monkey_conn_leave(const struct mk_api *api,
                            const struct fcgi_monkey_conn_view *view)
{
    /* In a pipeline the event may be out already; then this fails, which is as
     * good. */
    api->ev_del(api->sched_loop(), view->event);
}

void fcgi_monkey_conn_return(const struct fcgi_monkey_conn_view *view)
{
    (void)view; /* ev_del() has left an event that ev_add() adds */
}

/* What is linked into the channel, and has bytes. An error page is sent and
 * ended by the core itself. */
bool fcgi_monkey_conn_is_answered(const struct fcgi_monkey_conn_view *view)
{
    const struct mk_list *node, *first;

    for (node = view->streams->next; node != view->streams; node = node->next) {
        const struct mk_stream *stream =
            MK_ENTRY(node, const struct mk_stream, head);

        first = stream->inputs.next;
        if (first != &stream->inputs &&
            MK_ENTRY(first, const struct mk_stream_input, head)->bytes_total >
                0)
            return true;
    }
    return false;
}

void fcgi_monkey_suppress_core_head(struct mk_request *sr)
{
    struct mk_list *node = &sr->in_headers.head;

    node->prev->next = node->next;
    node->next->prev = node->prev;
    node->prev = node->next = node;
    sr->headers.status = 200;
}

enum fcgi_monkey_end
fcgi_monkey_end_request(const struct mk_api *api,
                        const struct fcgi_monkey_conn_view *view,
                        struct mk_request *sr, bool close)
{
    struct mk_session *cs = view->session;

    if (api->http_request_end(sr->stage30_handler, cs, close ? 1 : 0) < 0)
        return FCGI_MONKEY_END_GONE;
    return cs->sched_init ? FCGI_MONKEY_END_OPEN : FCGI_MONKEY_END_LEFT;
}
