/* SPDX-License-Identifier: Apache-2.0
 *
 * Structures that the parts of fcgi-serve share: the options, the one server,
 * the layout of its connections, and its own data for each of them.
 *
 * The layout of a connection is data and not a type, because Monkey 1.6 has two
 * of them (family A: 1.6.0 to 1.6.6, B: 1.6.7 to 1.6.9) and a plugin has to
 * find out which one it meets. Connections and channels are therefore void
 * pointers, read through the functions at the end of this file.
 */
#ifndef FCGI_SERVE_H
#define FCGI_SERVE_H

#include <stdbool.h>
#include <stdio.h>
#include <time.h>

#include "abi.h"
#include "list.h"
#include "options.h"
#include "parse.h"

struct serve_layout {
    const char *name;
    const char *version;     /* what liana and the signature say */
    bool has_liana;          /* the network layer is a plugin */
    bool end_tells_pipeline; /* http_request_end() may return 1 */
    bool status_is_exact;    /* ev_add(), ev_del() compare all status bits */
    bool flush_arms_write;   /* channel_flush() can wait for EPOLLOUT */
    bool clears_errno;       /* channel_write() does, at its start */
    bool handler_first;      /* stage 30 before any look at the file */
    bool handler_times_out;  /* Timeout also holds while a handler runs */
    bool event_free_guarded; /* sched_event_free() twice is harmless */
    size_t conn_size;        /* where the session begins */
    size_t conn_status;
    size_t conn_timeout_on;
    size_t conn_arrive;
    size_t conn_protocol;
    size_t conn_listen; /* 0: there is no such member */
    size_t conn_net;
    size_t conn_channel;
    size_t conn_timeout;
    size_t channel_event; /* 0: there is no such member */
    size_t channel_io;
    size_t channel_streams;
};

struct serve {
    const struct serve_options *options;
    const struct serve_layout *layout;
    struct mk_config config;
    struct mk_api *api;
    struct mk_worker *workers;
    struct mk_network network;
    struct mk_sched_handler protocol;
    uid_t euid; /* for the checks of file permissions */
    gid_t egid;
};

extern struct serve serve;

/* Follows what the protocol has of a connection's memory, which is the session
 * at least (sched_extra_size); the plugin knows nothing of it. */
struct serve_client {
    struct mk_list all; /* in serve_worker_state.clients */
    void *conn;
    struct serve_parse parse;
    bool closed;
    void *left[16]; /* blocks that cs->body was in; some may point there yet */
    unsigned int left_count;
    bool moved;            /* cs->body, during the request that it holds */
    struct timespec begun; /* the request */
    char target[512];      /* what it asks for, for the log */
    bool logged;           /* it has its line */
};

/* NULL if there is no layout of this name; the usual one for NULL. */
const struct serve_layout *serve_layout_find(const char *name);

static inline void *serve_at(void *base, size_t offset)
{
    return (char *)base + offset;
}

static inline struct mk_session *serve_session(void *conn)
{
    return serve_at(conn, serve.layout->conn_size);
}

static inline struct mk_sched_handler *serve_conn_protocol(void *conn)
{
    return *(struct mk_sched_handler **)serve_at(conn,
                                                 serve.layout->conn_protocol);
}

/* What a connection of this protocol takes in front of it. */
static inline size_t
serve_client_offset(const struct mk_sched_handler *protocol)
{
    const size_t align = _Alignof(max_align_t);
    size_t extra = (size_t)protocol->sched_extra_size;

    return serve.layout->conn_size + (extra + align - 1) / align * align;
}

static inline struct serve_client *serve_client_of(void *conn)
{
    return ((struct mk_event *)conn)->data; /* that nobody else has a use for */
}

static inline struct serve_client *serve_client(struct mk_session *cs)
{
    return serve_client_of((char *)cs - serve.layout->conn_size);
}

static inline struct mk_event *serve_conn_event(void *conn)
{
    return conn; /* always the first member */
}

static inline void *serve_conn_channel(void *conn)
{
    return serve_at(conn, serve.layout->conn_channel);
}

static inline struct mk_network *serve_conn_net(void *conn)
{
    return *(struct mk_network **)serve_at(conn, serve.layout->conn_net);
}

static inline int serve_channel_fd(void *channel)
{
    return ((struct SERVE_CHANNEL *)channel)->fd; /* the same in all */
}

static inline struct mk_network *serve_channel_io(void *channel)
{
    return *(struct mk_network **)serve_at(channel, serve.layout->channel_io);
}

static inline struct mk_list *serve_channel_streams(void *channel)
{
    return serve_at(channel, serve.layout->channel_streams);
}

#endif
