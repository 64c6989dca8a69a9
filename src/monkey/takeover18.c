/* SPDX-License-Identifier: Apache-2.0
 *
 * Technique "Z" in Monkey 1.8. ev_del() works there, and leaves an event that
 * the core does not register again by itself; but the core makes the head of an
 * answer behind our back as soon as stage 30 has returned, and takes the
 * request for answered once that is sent.
 */
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stddef.h>
#include <sys/socket.h>

#include "monkey/buffer.h"
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

void fcgi_monkey_conn_view(enum fcgi_monkey_family family,
                           const struct mk_session *cs,
                           struct fcgi_monkey_conn_view *view)
{
    struct mk_conn *conn = cs->conn;

    (void)family;
    view->event = &conn->event;
    view->net = conn->net;
    view->timeout_head = &conn->timeout_head;
    view->is_timeout_on = &conn->is_timeout_on;
    view->arrive_time = &conn->arrive_time;
    view->streams = &conn->channel.streams;
    view->listen = conn->server_listen;
}

int fcgi_monkey_conn_write(const struct fcgi_monkey_conn_view *view,
                           const void *bytes, size_t length)
{
    return view->net->write(view->net->plugin, view->event->fd, bytes, length);
}

void fcgi_monkey_suppress_core_head(struct mk_request *sr)
{
    struct mk_list *node = &sr->in_headers.head;

    node->prev->next = node->next;
    node->next->prev = node->prev;
    node->prev = node->next = node;
    sr->headers.status = 200;
}

void fcgi_monkey_take(const struct mk_api *api,
                      const struct fcgi_monkey_conn_view *view)
{
    int off = 0;

    setsockopt(view->event->fd, IPPROTO_TCP, TCP_CORK, &off, sizeof(off));
    /* In a pipeline the event may be out already; then this fails, which is as
     * good. */
    api->ev_del(api->sched_loop(), view->event);
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

/* What is linked into the channel, and has bytes. */
static bool has_output(const struct fcgi_monkey_conn_view *view)
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

void fcgi_monkey_give_back(const struct mk_api *api,
                           enum fcgi_monkey_family family,
                           struct mk_session *cs, struct mk_request *sr,
                           bool close)
{
    struct mk_plugin *handler = sr->stage30_handler;
    struct mk_event_loop *loop = api->sched_loop();
    struct fcgi_monkey_conn_view view;

    fcgi_monkey_conn_view(family, cs, &view);
    sr->handler_data = NULL;
    if (close) {
        cs->body_length = (unsigned)cs->parser.i + 1;
    } else {
        api->ev_add(loop, view.event->fd, MK_EVENT_CONNECTION, MK_EVENT_READ,
                    view.event);
        *view.arrive_time = api->time_unix(cs->server);
    }
    if (api->http_request_end(handler, cs, close ? 1 : 0) < 0)
        return; /* the connection is gone, and all of this with it */
    if (!cs->sched_init) {
        /* The core has answered the next request with an error, and forgotten
         * to close the connection: its client sees the end, and so does the
         * core when that has closed, or when it times out. */
        shutdown(cs->socket, SHUT_WR);
        queue_timeout(api, &view);
        return;
    }
    if (sr->handler_data != NULL)
        return; /* our stage 30 has taken the next request over */
    if (cs->request_list.next == &cs->request_list) {
        fcgi_monkey_buffer_reset(api, &view, cs); /* idle */
        return;
    }
    if (has_output(&view)) {
        /* The core has answered the next request, but nobody sends it before
         * the descriptor is writable. */
        api->ev_add(loop, view.event->fd, MK_EVENT_CONNECTION, MK_EVENT_WRITE,
                    view.event);
        return;
    }
    queue_timeout(api, &view); /* half a request: it must not take for ever */
}
