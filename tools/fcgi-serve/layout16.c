/* SPDX-License-Identifier: Apache-2.0
 *
 * The layouts that fcgi-serve can wear, and how the Monkeys that have them
 * behave otherwise.
 *
 * B is what runs unless --layout says otherwise. "unknown" is a Monkey that
 * does not exist: its channel lies where none of the two families has it, and
 * a plugin has to answer 500 rather than write into it.
 */
#include <string.h>

#include "serve.h"

#define LAYOUT_A                                                  \
    .conn_size = sizeof(struct mk_conn_a),                        \
    .conn_status = offsetof(struct mk_conn_a, status),            \
    .conn_timeout_on = offsetof(struct mk_conn_a, is_timeout_on), \
    .conn_arrive = offsetof(struct mk_conn_a, arrive_time),       \
    .conn_protocol = offsetof(struct mk_conn_a, protocol),        \
    .conn_net = offsetof(struct mk_conn_a, net),                  \
    .conn_channel = offsetof(struct mk_conn_a, channel),          \
    .conn_timeout = offsetof(struct mk_conn_a, timeout_head),     \
    .channel_io = offsetof(struct mk_channel_a, io),              \
    .channel_streams = offsetof(struct mk_channel_a, streams)

#define LAYOUT_B(type)                                       \
    .conn_size = sizeof(struct type),                        \
    .conn_status = offsetof(struct type, status),            \
    .conn_timeout_on = offsetof(struct type, is_timeout_on), \
    .conn_arrive = offsetof(struct type, arrive_time),       \
    .conn_protocol = offsetof(struct type, protocol),        \
    .conn_listen = offsetof(struct type, server_listen),     \
    .conn_net = offsetof(struct type, net),                  \
    .conn_channel = offsetof(struct type, channel),          \
    .conn_timeout = offsetof(struct type, timeout_head),     \
    .channel_event = offsetof(struct mk_channel_b, event),   \
    .channel_io = offsetof(struct mk_channel_b, io),         \
    .channel_streams = offsetof(struct mk_channel_b, streams)

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
    struct mk_channel_b channel;
    struct mk_list timeout_head;
    struct mk_rb_node rb_head;
};

static const struct serve_layout layout_b = {
    .name = "B",
    .has_liana = true,
    .version = "1.6.9",
    .end_tells_pipeline = true,
    .flush_arms_write = true,
    .clears_errno = true,
    .handler_first = true,
    .event_free_guarded = true,
    LAYOUT_B(mk_conn_b),
};

static const struct serve_layout others[] = {
    {
        .name = "A",
        .has_liana = true,
        .version = "1.6.6",
        .status_is_exact = true,
        LAYOUT_A,
    },
    {
        .name = "1.6.5",
        .has_liana = true,
        .version = "1.6.5",
        .status_is_exact = true,
        .handler_times_out = true,
        LAYOUT_A,
    },
    {
        .name = "unknown",
        .has_liana = true,
        .version = "1.6.10",
        .end_tells_pipeline = true,
        .flush_arms_write = true,
        .clears_errno = true,
        .handler_first = true,
        .event_free_guarded = true,
        LAYOUT_B(conn_unknown),
    },
};

const struct serve_layout *serve_layout_find(const char *name)
{
    if (name == NULL || strcmp(name, layout_b.name) == 0)
        return &layout_b;
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
        if (strcmp(name, others[i].name) == 0)
            return &others[i];
    return NULL;
}
