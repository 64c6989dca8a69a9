/* SPDX-License-Identifier: Apache-2.0
 *
 * Taking a client's connection over from Monkey's core, and giving it back:
 * technique "Z".
 *
 * While a request is answered the core must not touch the connection: any
 * byte that arrives makes it close it, a half-close too, and it ends the
 * request when it finds its channel empty. So the descriptor is taken out of
 * the core's epoll, and the event of the connection is put into a state in
 * which the core does not register it again. Nothing is ever queued in the
 * channel.
 */
#ifndef FCGI_MONKEY_TAKEOVER_H
#define FCGI_MONKEY_TAKEOVER_H

#include <stdbool.h>

#include "monkey/abi.h"

#define fcgi_monkey_family_of FCGI_MONKEY_NAME(family_of)
#define fcgi_monkey_conn_view FCGI_MONKEY_NAME(conn_view)
#define fcgi_monkey_conn_write FCGI_MONKEY_NAME(conn_write)
#define fcgi_monkey_suppress_core_head FCGI_MONKEY_NAME(suppress_core_head)
#define fcgi_monkey_take FCGI_MONKEY_NAME(take)
#define fcgi_monkey_give_back FCGI_MONKEY_NAME(give_back)

/* What Monkey's structures look like; see abi16.h and abi18.h. */
enum fcgi_monkey_family {
    FCGI_MONKEY_FAMILY_UNKNOWN,
    FCGI_MONKEY_FAMILY_A, /* 1.6.0 to 1.6.6 */
    FCGI_MONKEY_FAMILY_B, /* 1.6.7 to 1.6.9 */
    FCGI_MONKEY_FAMILY_C, /* 1.8.9 */
};

/* The members of a connection that are of use, whose places differ. */
struct fcgi_monkey_conn_view {
    struct mk_event *event;
    struct mk_network *net;
    struct mk_list *timeout_head;
    char *is_timeout_on;
    time_t *arrive_time;
    struct mk_list *streams;
    const struct mk_server_listen *listen; /* NULL in family A */
};

/* Tells the family by distances that differ, and checks what all share. Reads
 * only what lies at the same place in each release of the ABI. */
enum fcgi_monkey_family fcgi_monkey_family_of(const struct mk_session *cs,
                                              const struct mk_request *sr);

/* Looks at the connection of a session. The family must be known. */
void fcgi_monkey_conn_view(enum fcgi_monkey_family family,
                           const struct mk_session *cs,
                           struct fcgi_monkey_conn_view *view);

/* write(2) to the client, through Monkey's network layer. */
int fcgi_monkey_conn_write(const struct fcgi_monkey_conn_view *view,
                           const void *bytes, size_t length);

/*
 * To be called whenever stage 30 returns MK_CONTINUE. Monkey 1.8 makes the head
 * of an answer then, whoever answers: this keeps it from queueing that, and from
 * aborting for want of a status. In 1.6 it does nothing.
 */
void fcgi_monkey_suppress_core_head(struct mk_request *sr);

/* In stage 30: from now on the client's descriptor is ours alone. */
void fcgi_monkey_take(const struct mk_api *api,
                      const struct fcgi_monkey_conn_view *view);

/*
 * From a callback of our own loop, with the descriptor out of it: ends the
 * request. The connection is closed or goes on in the core; stage 30 of a
 * pipelined request may have run when this returns. Nothing of the request may
 * be touched after it.
 */
void fcgi_monkey_give_back(const struct mk_api *api,
                           enum fcgi_monkey_family family,
                           struct mk_session *cs, struct mk_request *sr,
                           bool close);

#endif
