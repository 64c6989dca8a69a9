/* SPDX-License-Identifier: Apache-2.0 */
#include "monkey/takeover.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include "monkey/core_buffer.h"

void fcgi_monkey_conn_watch(const struct mk_api *api,
                            const struct fcgi_monkey_conn_view *view,
                            uint32_t mask)
{
    api->ev_add(api->sched_loop(), view->event->fd, MK_EVENT_CONNECTION, mask,
                view->event);
}

enum fcgi_monkey_conn_state
fcgi_monkey_conn_state(const struct fcgi_monkey_conn_view *view)
{
    const struct mk_session *cs = view->session;

    if (!cs->sched_init)
        return FCGI_MONKEY_CONN_GONE;
    if (cs->request_list.next == &cs->request_list)
        return FCGI_MONKEY_CONN_ENDED;
    /* Who answers later has handler_data. */
    return view->streams->next == view->streams &&
                   cs->sr_fixed.handler_data == NULL &&
                   cs->sr_fixed.headers.status >= 400
               ? FCGI_MONKEY_CONN_STRAND
               : FCGI_MONKEY_CONN_BUSY;
}

void fcgi_monkey_conn_stop_timeout(const struct fcgi_monkey_conn_view *view)
{
    struct mk_list *node = view->timeout_head;

    if (!*view->is_timeout_on)
        return;
    node->prev->next = node->next;
    node->next->prev = node->prev;
    node->prev = node->next = NULL;
    *view->is_timeout_on = 0;
}

void fcgi_monkey_conn_start_timeout(const struct mk_api *api,
                                    struct mk_config *config,
                                    const struct fcgi_monkey_conn_view *view)
{
    struct mk_list *queue = &api->sched_worker_info()->timeout_queue;
    struct mk_list *node = view->timeout_head;

    (void)config; /* of no use to 1.6 */
    *view->arrive_time = api->time_unix(MK_TIME_ARGUMENT(config));
    if (*view->is_timeout_on)
        return;
    node->next = queue;
    node->prev = queue->prev;
    queue->prev->next = node;
    queue->prev = node;
    *view->is_timeout_on = 1;
}

void fcgi_monkey_take(const struct mk_api *api,
                      const struct fcgi_monkey_conn_view *view)
{
    int off = 0;

    /* The core corks the socket for a file and forgets about it when only the
     * head of that is asked for: what is sent now would wait 200 ms. */
    setsockopt(view->event->fd, IPPROTO_TCP, TCP_CORK, &off, sizeof(off));
    fcgi_monkey_conn_leave(api, view);
    /* Up to 1.6.5 a connection stays in the queue of those that time out even
     * while it is served. Later ones have taken it out. */
    fcgi_monkey_conn_stop_timeout(view);
}

void fcgi_monkey_give_back(const struct mk_api *api, struct mk_config *config,
                           const struct fcgi_monkey_conn_view *view,
                           struct mk_request *sr, bool close)
{
    struct mk_session *cs = view->session;

    sr->handler_data = NULL;
    fcgi_monkey_conn_return(view);
    if (close) {
        /* Pipelined bytes would be answered although the connection was
         * announced to end: there are none. */
        cs->body_length = (unsigned)cs->parser.i + 1;
    } else {
        fcgi_monkey_conn_watch(api, view, MK_EVENT_READ);
        /* The core counts its Timeout from when the connection was accepted,
         * and so closes a busy one in the moment between two requests. */
        *view->arrive_time = api->time_unix(MK_TIME_ARGUMENT(config));
    }
    switch (fcgi_monkey_end_request(api, view, sr, close)) {
    case FCGI_MONKEY_END_OPEN:
        break;
    case FCGI_MONKEY_END_GONE:
        return;
    case FCGI_MONKEY_END_LEFT:
        /* Its client sees the end, and so does the core when that has closed,
         * or when it times out. */
        shutdown(cs->socket, SHUT_WR);
        fcgi_monkey_conn_start_timeout(api, config, view);
        return;
    }
    if (sr->handler_data != NULL)
        return; /* our stage 30 has taken the next request over */
    if (cs->request_list.next == &cs->request_list)
        fcgi_monkey_core_buffer_reset(api, view); /* idle */
    else if (fcgi_monkey_conn_is_answered(view))
        /* The core has answered the next request, but nobody sends it, or
         * ends it, before the descriptor is writable. */
        fcgi_monkey_conn_watch(api, view, MK_EVENT_WRITE);
    else
        /* Half a request: it must not take for ever. */
        fcgi_monkey_conn_start_timeout(api, config, view);
}
