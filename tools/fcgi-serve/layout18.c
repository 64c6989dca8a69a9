/* SPDX-License-Identifier: Apache-2.0
 *
 * The layouts of Monkey 1.8 that fcgi-serve can wear: 1.8.9, and two that a
 * plugin had better refuse. "1.8.8" says by its plugin `liana` what it is;
 * "unknown" is a Monkey that does not exist.
 */
#include <string.h>

#include "serve.h"

#define LAYOUT(type)                                                         \
    .end_tells_pipeline = true, .flush_arms_write = true,                    \
    .clears_errno = true, .handler_first = true, .event_free_guarded = true, \
    .conn_size = sizeof(struct type),                                        \
    .conn_status = offsetof(struct type, status),                            \
    .conn_timeout_on = offsetof(struct type, is_timeout_on),                 \
    .conn_arrive = offsetof(struct type, arrive_time),                       \
    .conn_protocol = offsetof(struct type, protocol),                        \
    .conn_listen = offsetof(struct type, server_listen),                     \
    .conn_net = offsetof(struct type, net),                                  \
    .conn_channel = offsetof(struct type, channel),                          \
    .conn_timeout = offsetof(struct type, timeout_head),                     \
    .channel_event = offsetof(struct mk_channel, event),                     \
    .channel_io = offsetof(struct mk_channel, io),                           \
    .channel_streams = offsetof(struct mk_channel, streams)

struct conn_unknown {
    struct mk_event event;
    int status;
    uint32_t properties;
    char is_timeout_on;
    time_t arrive_time;
    struct mk_sched_handler *protocol;
    struct mk_server_listen *server_listen;
    struct mk_network *net;
    void *news[2];
    struct mk_channel channel;
    struct mk_list timeout_head;
    void *data;
};

static const struct serve_layout layouts[] = {
    {.name = "1.8.9", .version = "1.8.9", LAYOUT(mk_conn)},
    {.name = "1.8.8", .version = "1.8.8", .has_liana = true, LAYOUT(mk_conn)},
    {.name = "unknown", .version = "1.8.10", LAYOUT(conn_unknown)},
};

const struct serve_layout *serve_layout_find(const char *name)
{
    if (name == NULL)
        return &layouts[0];
    for (size_t i = 0; i < sizeof(layouts) / sizeof(layouts[0]); i++)
        if (strcmp(name, layouts[i].name) == 0)
            return &layouts[i];
    return NULL;
}
