/* SPDX-License-Identifier: Apache-2.0
 *
 * Choosing a server.
 */
#include "backend/pool.h"

#include <stdlib.h>
#include <string.h>

struct fcgi_pool *fcgi_pool_new(const struct fcgi_config *config)
{
    struct fcgi_pool *pool = calloc(1, sizeof(*pool));

    if (pool == NULL)
        return NULL;
    pthread_mutex_init(&pool->turn_lock, NULL);
    pthread_mutex_init(&pool->maintenance_lock, NULL);
    fcgi_list_init(&pool->maintenance);
    pool->servers = calloc(config->n_servers, sizeof(*pool->servers));
    if (pool->servers == NULL)
        goto fail;
    for (size_t i = 0; i < config->n_servers; i++, pool->n_servers++)
        if (fcgi_server_init(&pool->servers[i], &config->servers[i],
                             config->n_servers == 1) < 0)
            goto fail;
    return pool;

fail:
    fcgi_pool_free(pool);
    return NULL;
}

void fcgi_pool_free(struct fcgi_pool *pool)
{
    if (pool == NULL)
        return;
    for (size_t i = 0; i < pool->n_servers; i++)
        fcgi_server_destroy(&pool->servers[i]);
    pthread_mutex_destroy(&pool->turn_lock);
    pthread_mutex_destroy(&pool->maintenance_lock);
    free(pool->servers);
    free(pool);
}

struct fcgi_server *fcgi_pool_find(const struct fcgi_pool *pool,
                                   const char *name, size_t length)
{
    for (size_t i = 0; i < pool->n_servers; i++) {
        const char *ours = pool->servers[i].config->name;

        if (strlen(ours) == length && memcmp(ours, name, length) == 0)
            return &pool->servers[i];
    }
    return NULL;
}

void fcgi_pool_route(struct fcgi_pool *pool, struct fcgi_route *route,
                     bool (*allows)(const void *arg,
                                    const struct fcgi_server *server),
                     const void *arg)
{
    route->pool = pool;
    route->allows = allows;
    route->arg = arg;
    route->n_tried = 0;
}

struct fcgi_server *fcgi_pool_first(
    const struct fcgi_pool *pool,
    bool (*allows)(const void *arg, const struct fcgi_server *server),
    const void *arg)
{
    for (size_t i = 0; allows != NULL && i < pool->n_servers; i++)
        if (allows(arg, &pool->servers[i]))
            return &pool->servers[i];
    return &pool->servers[0];
}

/* How well a server suits; the higher, the better. */
enum rank {
    RANK_NONE, /* not allowed, or tried already */
    RANK_OUT,  /* the last resort */
    RANK_BACKUP,
    RANK_UP,
};

static bool is_allowed(const struct fcgi_route *route,
                       const struct fcgi_server *server)
{
    return route->allows == NULL || route->allows(route->arg, server);
}

static enum rank rank_of(const struct fcgi_route *route,
                         struct fcgi_server *server, uint64_t now)
{
    for (size_t i = 0; i < route->n_tried; i++)
        if (route->tried[i] == server)
            return RANK_NONE;
    if (!is_allowed(route, server))
        return RANK_NONE;
    if (fcgi_server_health(server, now) == FCGI_HEALTH_OUT)
        return RANK_OUT;
    return server->config->backup ? RANK_BACKUP : RANK_UP;
}

/* Whether `a` has less to do than `b`, for its weight. */
static bool less_busy(const struct fcgi_server *a, const struct fcgi_server *b)
{
    return (uint64_t)fcgi_server_busy(a) * b->config->weight <
           (uint64_t)fcgi_server_busy(b) * a->config->weight;
}

/*
 * Whose turn it is among those that suit as well as `best`: each gains its
 * weight, and the one with most pays for all. So turns are spread evenly:
 * 5:1:1 goes as a a b a c a a.
 */
static struct fcgi_server *take_turn(struct fcgi_route *route,
                                     struct fcgi_server *best, enum rank rank,
                                     uint64_t now)
{
    struct fcgi_pool *pool = route->pool;
    struct fcgi_server *winner = best;
    int total = 0;

    pthread_mutex_lock(&pool->turn_lock);
    for (size_t i = 0; i < pool->n_servers; i++) {
        struct fcgi_server *server = &pool->servers[i];

        if (server != best &&
            (rank_of(route, server, now) != rank || less_busy(best, server)))
            continue;
        server->credit += (int)server->config->weight;
        total += (int)server->config->weight;
        if (server->credit > winner->credit)
            winner = server;
    }
    winner->credit -= total;
    pthread_mutex_unlock(&pool->turn_lock);
    return winner;
}

/* The best of those that are left, or NULL. */
static struct fcgi_server *choose(struct fcgi_route *route, uint64_t now)
{
    struct fcgi_pool *pool = route->pool;
    struct fcgi_server *best = NULL;
    enum rank best_rank = RANK_NONE;

    for (size_t i = 0; i < pool->n_servers; i++) {
        struct fcgi_server *server = &pool->servers[i];
        enum rank rank = rank_of(route, server, now);

        if (rank > best_rank ||
            (rank == best_rank && best != NULL && less_busy(server, best))) {
            best = server;
            best_rank = rank;
        }
    }
    if (best == NULL || pool->n_servers == 1)
        return best;
    return take_turn(route, best, best_rank, now);
}

struct fcgi_server *fcgi_route_next(struct fcgi_route *route, uint64_t now,
                                    bool *trial)
{
    bool is_first = route->n_tried == 0;
    struct fcgi_server *server, *resort = NULL;

    while (route->n_tried < FCGI_ROUTE_TRIES &&
           (server = choose(route, now)) != NULL) {
        enum fcgi_health health = fcgi_server_health(server, now);

        route->tried[route->n_tried++] = server;
        *trial = health != FCGI_HEALTH_UP;
        if (!*trial ||
            (health == FCGI_HEALTH_DUE && fcgi_server_begin_trial(server, now)))
            return server;
        /* It is out, or another request is trying it. */
        if (resort == NULL)
            resort = server;
    }
    *trial = true;
    return is_first ? resort : NULL;
}

struct fcgi_server *fcgi_route_anew(struct fcgi_route *route, uint64_t now,
                                    bool *trial)
{
    route->n_tried = 0;
    return fcgi_route_next(route, now, trial);
}

static bool is_waited_for(const struct fcgi_route *route,
                          const struct fcgi_server *server, uint64_t now)
{
    return is_allowed(route, server) && fcgi_server_is_restarting(server, now);
}

struct fcgi_server *fcgi_route_restarting(const struct fcgi_route *route,
                                          uint64_t now, unsigned turn)
{
    struct fcgi_pool *pool = route->pool;
    size_t count = 0;
    size_t nth = 0;

    for (size_t i = 0; i < pool->n_servers; i++)
        count += is_waited_for(route, &pool->servers[i], now);
    if (count == 0)
        return NULL;
    for (size_t i = 0; i < pool->n_servers; i++)
        if (is_waited_for(route, &pool->servers[i], now) &&
            nth++ == turn % count)
            return &pool->servers[i];
    return NULL; /* it has just answered */
}
