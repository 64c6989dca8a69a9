/* SPDX-License-Identifier: Apache-2.0
 *
 * Servers in turn: round robin with one counter for all worker threads.
 */
#include "backend/pool.h"

#include <stdlib.h>
#include <string.h>

struct fcgi_pool *fcgi_pool_new(const struct fcgi_config *config)
{
    struct fcgi_pool *pool = calloc(1, sizeof(*pool));

    if (pool == NULL)
        return NULL;
    pool->servers = calloc(config->n_servers, sizeof(*pool->servers));
    if (pool->servers == NULL) {
        free(pool);
        return NULL;
    }
    pool->n_servers = config->n_servers;
    for (size_t i = 0; i < pool->n_servers; i++) {
        struct fcgi_server *server = &pool->servers[i];

        server->config = &config->servers[i];
        server->addresses =
            fcgi_address_resolve(&server->config->endpoint,
                                 &server->n_addresses, &server->unresolved);
        fcgi_endpoint_text(&server->config->endpoint, server->where,
                           sizeof(server->where));
    }
    return pool;
}

void fcgi_pool_free(struct fcgi_pool *pool)
{
    if (pool == NULL)
        return;
    for (size_t i = 0; i < pool->n_servers; i++)
        free(pool->servers[i].addresses);
    free(pool->servers);
    free(pool);
}

bool fcgi_pool_has(const struct fcgi_pool *pool, const char *name,
                   size_t length)
{
    for (size_t i = 0; i < pool->n_servers; i++) {
        const char *ours = pool->servers[i].config->name;

        if (strlen(ours) == length && memcmp(ours, name, length) == 0)
            return true;
    }
    return false;
}

void fcgi_pool_route(struct fcgi_pool *pool, struct fcgi_route *route,
                     bool (*allows)(const void *arg,
                                    const struct fcgi_server *server),
                     const void *arg)
{
    unsigned turn = 0;

    if (pool->n_servers > 1)
        turn = atomic_fetch_add_explicit(&pool->turn, 1, memory_order_relaxed);
    route->pool = pool;
    route->allows = allows;
    route->arg = arg;
    route->next = turn % pool->n_servers;
    route->left = pool->n_servers;
}

const struct fcgi_server *fcgi_route_next(struct fcgi_route *route)
{
    while (route->left > 0) {
        const struct fcgi_server *server = &route->pool->servers[route->next];

        route->next = (route->next + 1) % route->pool->n_servers;
        route->left--;
        if (route->allows == NULL || route->allows(route->arg, server))
            return server;
    }
    return NULL;
}
