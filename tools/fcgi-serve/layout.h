/* SPDX-License-Identifier: Apache-2.0
 *
 * The layouts that fcgi-serve can wear: those of its ABI, and one of a Monkey
 * that does not exist.
 */
#ifndef FCGI_SERVE_LAYOUT_H
#define FCGI_SERVE_LAYOUT_H

#include "serve.h"

/* The first is what runs unless --layout says otherwise; behind the last is one
 * without a name. */
extern const struct serve_layout serve_layouts[];

/* Where the members lie that every layout has. */
#define SERVE_LAYOUT(conn, channel_type)                     \
    .conn_size = sizeof(struct conn),                        \
    .conn_status = offsetof(struct conn, status),            \
    .conn_timeout_on = offsetof(struct conn, is_timeout_on), \
    .conn_arrive = offsetof(struct conn, arrive_time),       \
    .conn_protocol = offsetof(struct conn, protocol),        \
    .conn_net = offsetof(struct conn, net),                  \
    .conn_channel = offsetof(struct conn, channel),          \
    .conn_timeout = offsetof(struct conn, timeout_head),     \
    .channel_io = offsetof(struct channel_type, io),         \
    .channel_streams = offsetof(struct channel_type, streams)

/* The same of 1.6.7 and later, with what came then: members and manners. */
#define SERVE_LAYOUT_SINCE_167(conn)                          \
    SERVE_LAYOUT(conn, SERVE_CHANNEL),                        \
        .end_tells_pipeline = true, .flush_arms_write = true, \
        .clears_errno = true, .handler_first = true,          \
        .event_free_guarded = true,                           \
        .conn_listen = offsetof(struct conn, server_listen),  \
        .channel_event = offsetof(struct SERVE_CHANNEL, event)

/* Of the Monkey that does not exist: its channel lies where none has it, and a
 * plugin has to answer 500 rather than write into it. */
struct serve_conn_unknown {
    struct mk_event event;
    int status;
    uint32_t properties;
    char is_timeout_on;
    time_t arrive_time;
    struct mk_sched_handler *protocol;
    struct mk_server_listen *server_listen;
    struct mk_network *net;
    void *news[2];
    struct SERVE_CHANNEL channel;
    struct mk_list timeout_head;
};

#endif
