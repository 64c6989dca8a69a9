/* SPDX-License-Identifier: Apache-2.0
 *
 * Taking a client's connection over from Monkey 1.6's core, and giving it
 * back: technique "Z".
 *
 * While a request is answered the core must not touch the connection: any
 * byte that arrives makes it close it, a half-close too, and it ends the
 * request when it finds its channel empty. So the descriptor is taken out of
 * the core's epoll, and the event of the connection is put into a state in
 * which the core fails to register it again. Nothing is ever queued in the
 * channel.
 */
#ifndef FCGI_MONKEY_TAKEOVER16_H
#define FCGI_MONKEY_TAKEOVER16_H

#include <stdbool.h>

#include "monkey/abi16.h"

/* What Monkey's structures look like; see abi16.h. */
enum mk16_family {
    MK16_FAMILY_UNKNOWN,
    MK16_FAMILY_A, /* 1.6.0 to 1.6.6 */
    MK16_FAMILY_B, /* 1.6.7 to 1.6.9 */
};

/* The members of a connection whose places differ. */
struct mk16_conn_view {
    struct mk16_event *event;
    struct mk16_network *net;
    struct mk16_list *timeout_head;
    char *is_timeout_on;
    time_t *arrive_time;
    struct mk16_list *streams;
    const struct mk16_server_listen *listen; /* NULL in family A */
};

/* Tells the family by distances that differ, and checks what both share.
 * Reads only what lies at the same place in each 1.6. */
enum mk16_family mk16_family_of(const struct mk16_session *cs,
                                const struct mk16_request *sr);

/* Looks at the connection of a session. The family must be known. */
void mk16_conn_view(enum mk16_family family, const struct mk16_session *cs,
                    struct mk16_conn_view *view);

/* In stage 30: from now on the client's descriptor is ours alone. */
void mk16_take(const struct mk16_api *api, const struct mk16_conn_view *view);

/*
 * From a callback of our own loop, with the descriptor out of it: ends the
 * request. The connection is closed or goes on in the core; stage 30 of a
 * pipelined request may have run when this returns. Nothing of the request may
 * be touched after it.
 */
void mk16_give_back(const struct mk16_api *api, enum mk16_family family,
                    struct mk16_session *cs, struct mk16_request *sr,
                    bool close);

#endif
