/* SPDX-License-Identifier: Apache-2.0
 *
 * The FastCGI servers of the configuration, and which of them a request goes
 * to. One pool is shared by all worker threads; it never changes but for one
 * atomic counter.
 */
#ifndef FCGI_BACKEND_POOL_H
#define FCGI_BACKEND_POOL_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

#include "backend/address.h"
#include "config/config.h"

struct fcgi_server {
    const struct fcgi_server_config *config;
    struct fcgi_address *addresses;
    size_t n_addresses;     /* 0: the name does not resolve */
    const char *unresolved; /* why, static */
    char where[FCGI_ENDPOINT_TEXT];
};

struct fcgi_pool {
    struct fcgi_server *servers;
    size_t n_servers;
    atomic_uint turn; /* round robin */
};

/* Which servers a request may go to, and which it went to already. */
struct fcgi_route {
    const struct fcgi_pool *pool;
    /* Whether the server may be used; NULL: all may. */
    bool (*allows)(const void *arg, const struct fcgi_server *server);
    const void *arg;
    size_t next; /* index of the server that is looked at next */
    size_t left; /* how many have not been looked at */
};

/*
 * Makes the pool of a configuration, which must outlive it; looks names up,
 * which may block. Returns NULL where memory is short.
 */
struct fcgi_pool *fcgi_pool_new(const struct fcgi_config *config);
void fcgi_pool_free(struct fcgi_pool *pool);

/* Whether a server of this name exists. */
bool fcgi_pool_has(const struct fcgi_pool *pool, const char *name,
                   size_t length);

/*
 * Begins a request's way: the servers that `allows` lets it use, each once,
 * those before it in turn last. Any thread.
 */
void fcgi_pool_route(struct fcgi_pool *pool, struct fcgi_route *route,
                     bool (*allows)(const void *arg,
                                    const struct fcgi_server *server),
                     const void *arg);

/* The next server to try, or NULL when none is left. */
const struct fcgi_server *fcgi_route_next(struct fcgi_route *route);

#endif
