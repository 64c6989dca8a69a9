/* SPDX-License-Identifier: Apache-2.0
 *
 * One [FASTCGI_SERVER], as the servers that really answer: the members of its
 * group. A path or a literal address has one. A name has one for each of its
 * addresses, with connections, a queue, health and counters of its own; members
 * come and go as the name service says, without a restart.
 *
 * A name has FCGI_GROUP_SEATS seats for members, made at start with each
 * worker's part of them, so that nothing is allocated or locked for it on a
 * request's way. A seat is
 *
 *   vacant    without an address. Only the first one of a name that has never
 *             been resolved is chosen all the same: who asks is told why
 *   present   chosen for requests
 *   leaving   its address is gone. It is not chosen any more and its idle
 *             connections are closed; the requests that it has end as they
 *             would. Vacant after that
 *
 * The members of a service (SRV records) have a weight each: Weight is for all
 * together, on average. Those of the lowest priority are used first, and others
 * as Backup servers are.
 *
 * One address of each family is one machine: a member with two addresses, tried
 * in turn (localhost). What else has addresses of both families has a member
 * for each, as it cannot be told which belong together.
 */
#ifndef FCGI_BACKEND_GROUP_H
#define FCGI_BACKEND_GROUP_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "backend/notice.h"
#include "backend/server.h"

#define FCGI_GROUP_SEATS 64 /* as many as `present` has bits */

struct fcgi_group {
    const struct fcgi_server_config *config;
    struct fcgi_server *seats;
    size_t n_seats;           /* one, or FCGI_GROUP_SEATS for a name */
    _Atomic uint64_t present; /* bit i: seats[i] may be chosen */
    atomic_uint *n_present;   /* those of all groups of the pool */
    size_t too_many;          /* addresses that have been told to be */
};

/* How many seats a server of the configuration needs. */
size_t fcgi_group_size(const struct fcgi_server_config *config);

/* Makes a group of so many servers' memory; `n_present` is counted up. Returns
 * 0, or -1 where memory is short: then there is nothing to destroy. */
int fcgi_group_init(struct fcgi_group *group,
                    const struct fcgi_server_config *config,
                    struct fcgi_server *seats, atomic_uint *n_present);
void fcgi_group_destroy(struct fcgi_group *group);

/* What a name service says of one member. */
struct fcgi_group_member {
    struct fcgi_addresses *addresses;
    uint32_t weight;   /* beside the others', or 0 for all of a priority */
    uint16_t priority; /* the lowest is used first, others as Backup */
};

/*
 * The name has these `n` members now, at least one. Their lists are the
 * callee's from now on, in whatever order; of more than there are seats the
 * first are taken, by priority, port and address. Who is new and who is gone is
 * told, but for the first members of all.
 *
 * Belongs to the thread that does maintenance; requests may go on meanwhile.
 * Returns false where not all could have a seat yet, as others are leaving: ask
 * again soon.
 */
bool fcgi_group_update(struct fcgi_group *group,
                       struct fcgi_group_member *members, size_t n,
                       const struct fcgi_notice *notice);

/* Whether it has ever had an address. For who calls fcgi_group_update(), and
 * before there are workers. */
bool fcgi_group_is_resolved(const struct fcgi_group *group);

#endif
