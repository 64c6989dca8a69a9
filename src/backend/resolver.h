/* SPDX-License-Identifier: Apache-2.0
 *
 * Host names of servers, looked up by c-ares: /etc/hosts and the name service,
 * without blocking the thread that asks. One worker does it for all (see
 * maintenance.h); what it finds are the members of the name's group (group.h).
 * One address of each family is one member with two, in the order of RFC 6724;
 * all others are a member each, but for those that this machine has no way to,
 * where there are better ones.
 *
 * Each lookup reads the resolver's configuration anew, so that a machine that
 * has moved to another network finds its name servers.
 */
#ifndef FCGI_BACKEND_RESOLVER_H
#define FCGI_BACKEND_RESOLVER_H

#include "backend/notice.h"
#include "backend/pool.h"

struct fcgi_resolver;

/*
 * Begins to look up the names of a pool that have no address yet, and then all
 * again and again, every ResolveInterval, or sooner where one does not resolve.
 * Belongs to the loop's thread; pool and loop must outlive it. Returns NULL
 * where there is no name, with errno 0, or where memory is short.
 */
struct fcgi_resolver *fcgi_resolver_new(struct fcgi_pool *pool,
                                        struct fcgi_loop *loop,
                                        const struct fcgi_notice *notice);
void fcgi_resolver_free(struct fcgi_resolver *resolver);

/*
 * For start-up, before there are workers: looks all names up, and blocks until
 * each is known not to resolve, or to, at most for so long. Servers tell what
 * has come of it.
 */
void fcgi_resolver_start(struct fcgi_pool *pool, unsigned ms);

#endif
