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
 *
 * What is the same in both ABIs is in takeover.c; takeover16.c and takeover18.c
 * have the rest. All functions belong to the worker's thread.
 */
#ifndef FCGI_MONKEY_TAKEOVER_H
#define FCGI_MONKEY_TAKEOVER_H

#include <stdbool.h>

#include "monkey/abi.h"

#define fcgi_monkey_family_of FCGI_MONKEY_NAME(family_of)
#define fcgi_monkey_family_by_handler FCGI_MONKEY_NAME(family_by_handler)
#define fcgi_monkey_conn_view FCGI_MONKEY_NAME(conn_view)
#define fcgi_monkey_conn_read FCGI_MONKEY_NAME(conn_read)
#define fcgi_monkey_conn_write FCGI_MONKEY_NAME(conn_write)
#define fcgi_monkey_conn_leave FCGI_MONKEY_NAME(conn_leave)
#define fcgi_monkey_conn_return FCGI_MONKEY_NAME(conn_return)
#define fcgi_monkey_conn_watch FCGI_MONKEY_NAME(conn_watch)
#define fcgi_monkey_conn_is_answered FCGI_MONKEY_NAME(conn_is_answered)
#define fcgi_monkey_conn_state FCGI_MONKEY_NAME(conn_state)
#define fcgi_monkey_conn_stop_timeout FCGI_MONKEY_NAME(conn_stop_timeout)
#define fcgi_monkey_conn_start_timeout FCGI_MONKEY_NAME(conn_start_timeout)
#define fcgi_monkey_suppress_core_head FCGI_MONKEY_NAME(suppress_core_head)
#define fcgi_monkey_end_request FCGI_MONKEY_NAME(end_request)
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
    struct mk_network **net_place; /* where the core looks `net` up */
    struct mk_list *timeout_head;
    char *is_timeout_on;
    time_t *arrive_time;
    struct mk_list *streams;
    const struct mk_server_listen *listen; /* NULL in family A */
    struct mk_session *session; /* zeroed before the core has read anything */
};

/* Tells the family by distances that differ, and checks what all share. Reads
 * only what lies at the same place in each release of the ABI. */
enum fcgi_monkey_family fcgi_monkey_family_of(const struct mk_session *cs,
                                              const struct mk_request *sr);

/* The same for a connection that may have no session yet, but whose protocol
 * handler is known. */
enum fcgi_monkey_family
fcgi_monkey_family_by_handler(const void *conn,
                              const struct mk_sched_handler *handler);

/* Looks at a connection. The family must be known. */
void fcgi_monkey_conn_view(enum fcgi_monkey_family family, void *conn,
                           struct fcgi_monkey_conn_view *view);

/* read(2) and write(2) of the client, through Monkey's network layer. A layer
 * that has decrypted more than `size` bytes returns more than `size`. */
int fcgi_monkey_conn_read(const struct fcgi_monkey_conn_view *view, void *buf,
                          int size);
int fcgi_monkey_conn_write(const struct fcgi_monkey_conn_view *view,
                           const void *bytes, size_t length);

/* Takes the descriptor out of the core's epoll, and keeps the core from
 * registering it again. */
void fcgi_monkey_conn_leave(const struct mk_api *api,
                            const struct fcgi_monkey_conn_view *view);

/* Undoes that: the core may register the descriptor. */
void fcgi_monkey_conn_return(const struct fcgi_monkey_conn_view *view);

/* Has the core watch the descriptor for MK_EVENT_READ or MK_EVENT_WRITE. */
void fcgi_monkey_conn_watch(const struct mk_api *api,
                            const struct fcgi_monkey_conn_view *view,
                            uint32_t mask);

/* Whether the core has answered a request, and has yet to send or to end it. */
bool fcgi_monkey_conn_is_answered(const struct fcgi_monkey_conn_view *view);

/* How the core has left a request that it was given. */
enum fcgi_monkey_conn_state {
    FCGI_MONKEY_CONN_BUSY,   /* it, or another plugin, goes on with it */
    FCGI_MONKEY_CONN_ENDED,  /* it has ended it, and awaits the next one */
    FCGI_MONKEY_CONN_GONE,   /* it awaits nothing, and forgets to close */
    FCGI_MONKEY_CONN_STRAND, /* 1.6: its page of error is sent, and it ends the
                              * request when the descriptor is writable */
};
enum fcgi_monkey_conn_state
fcgi_monkey_conn_state(const struct fcgi_monkey_conn_view *view);

/* Takes the connection out of the queue of those that Monkey's Timeout ends,
 * and puts it back; its time begins anew then. */
void fcgi_monkey_conn_stop_timeout(const struct fcgi_monkey_conn_view *view);
void fcgi_monkey_conn_start_timeout(const struct mk_api *api,
                                    struct mk_config *config,
                                    const struct fcgi_monkey_conn_view *view);

/*
 * To be called whenever stage 30 returns MK_CONTINUE. Monkey 1.8 makes the head
 * of an answer then, whoever answers: this keeps it from queueing that, and
 * from aborting for want of a status. In 1.6 it does nothing.
 */
void fcgi_monkey_suppress_core_head(struct mk_request *sr);

/* How the core leaves a connection whose request it has ended. */
enum fcgi_monkey_end {
    FCGI_MONKEY_END_OPEN, /* for the next request, which may be there already */
    FCGI_MONKEY_END_GONE, /* it must not be touched any more */
    FCGI_MONKEY_END_LEFT, /* 1.8: it has answered the next request with an
                           * error, and forgotten to close the connection */
};

/* Has the core end a request. */
enum fcgi_monkey_end
fcgi_monkey_end_request(const struct mk_api *api,
                        const struct fcgi_monkey_conn_view *view,
                        struct mk_request *sr, bool close);

/* In stage 30: from now on the client's descriptor is ours alone. */
void fcgi_monkey_take(const struct mk_api *api,
                      const struct fcgi_monkey_conn_view *view);

/*
 * From a callback of our own loop, with the descriptor out of it: ends the
 * request. The connection is closed or goes on in the core; stage 30 of a
 * pipelined request may have run when this returns. Nothing of the request may
 * be touched after it.
 */
void fcgi_monkey_give_back(const struct mk_api *api, struct mk_config *config,
                           const struct fcgi_monkey_conn_view *view,
                           struct mk_request *sr, bool close);

#endif
