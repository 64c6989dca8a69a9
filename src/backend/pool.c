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
    size_t n = 0;

    if (pool == NULL)
        return NULL;
    pthread_mutex_init(&pool->turn_lock, NULL);
    pthread_mutex_init(&pool->maintenance_lock, NULL);
    fcgi_list_init(&pool->maintenance);
    fcgi_recent_init(&pool->recent);
    pool->since = time(NULL);
    for (size_t i = 0; i < config->n_servers; i++)
        n += fcgi_group_size(&config->servers[i]);
    pool->servers = calloc(n, sizeof(*pool->servers));
    pool->groups = calloc(config->n_servers, sizeof(*pool->groups));
    if (pool->servers == NULL || pool->groups == NULL)
        goto fail;
    for (; pool->n_groups < config->n_servers; pool->n_groups++) {
        struct fcgi_group *group = &pool->groups[pool->n_groups];

        if (fcgi_group_init(group, &config->servers[pool->n_groups],
                            &pool->servers[pool->n_servers],
                            &pool->n_present) < 0)
            goto fail;
        pool->n_servers += group->n_seats;
    }
    return pool;

fail:
    fcgi_pool_free(pool);
    return NULL;
}

void fcgi_pool_free(struct fcgi_pool *pool)
{
    if (pool == NULL)
        return;
    for (size_t i = 0; i < pool->n_groups; i++)
        fcgi_group_destroy(&pool->groups[i]);
    pthread_mutex_destroy(&pool->turn_lock);
    pthread_mutex_destroy(&pool->maintenance_lock);
    fcgi_recent_destroy(&pool->recent);
    free(pool->servers);
    free(pool->groups);
    free(pool);
}

struct fcgi_server *fcgi_pool_find(const struct fcgi_pool *pool,
                                   const char *name, size_t length)
{
    for (size_t i = 0; i < pool->n_groups; i++) {
        const char *ours = pool->groups[i].config->name;

        if (strlen(ours) == length && memcmp(ours, name, length) == 0)
            return pool->groups[i].seats;
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
    for (size_t i = 0; allows != NULL && i < pool->n_groups; i++)
        if (allows(arg, pool->groups[i].seats))
            return pool->groups[i].seats;
    return &pool->servers[0];
}

/* A walk along the servers that are present; zeroed memory is its begin. */
struct walk {
    struct fcgi_group *group;
    size_t n;      /* groups so far */
    uint64_t left; /* in this one, as bits */
};

static struct fcgi_server *next_present(const struct fcgi_pool *pool,
                                        struct walk *walk)
{
    int seat;

    while (walk->left == 0) {
        if (walk->n == pool->n_groups)
            return NULL;
        walk->group = &pool->groups[walk->n++];
        walk->left =
            atomic_load_explicit(&walk->group->present, memory_order_acquire);
    }
    seat = __builtin_ctzll(walk->left);
    walk->left &= walk->left - 1;
    return &walk->group->seats[seat];
}

/* How well a server suits; the higher, the better. Of Backup servers, and of
 * the others, each tier is below the one before. */
enum rank {
    RANK_NONE, /* not allowed, or tried already */
    RANK_OUT,  /* the last resort */
    RANK_BACKUP = RANK_OUT + FCGI_GROUP_SEATS,
    RANK_UP = RANK_BACKUP + FCGI_GROUP_SEATS,
};

static bool is_allowed(const struct fcgi_route *route,
                       const struct fcgi_server *server)
{
    return route->allows == NULL || route->allows(route->arg, server);
}

static unsigned rank_of(const struct fcgi_route *route,
                        struct fcgi_server *server, uint64_t now)
{
    for (size_t i = 0; i < route->n_tried; i++)
        if (route->tried[i] == server)
            return RANK_NONE;
    if (!is_allowed(route, server))
        return RANK_NONE;
    if (fcgi_server_health(server, now) == FCGI_HEALTH_OUT ||
        fcgi_server_is_on_trial(server))
        return RANK_OUT;
    return (unsigned)(server->config->backup ? RANK_BACKUP : RANK_UP) -
           atomic_load_explicit(&server->tier, memory_order_relaxed);
}

static uint64_t weight_of(const struct fcgi_server *server)
{
    return (uint64_t)server->config->weight *
           atomic_load_explicit(&server->part, memory_order_relaxed);
}

/* Whether `a` has less to do than `b`, for its weight. */
static bool less_busy(const struct fcgi_server *a, const struct fcgi_server *b)
{
    return fcgi_server_busy(a) * weight_of(b) <
           fcgi_server_busy(b) * weight_of(a);
}

/*
 * Whose turn it is among those that suit as well as `best`: each gains its
 * weight, and the one with most pays for all. So turns are spread evenly:
 * 5:1:1 goes as a a b a c a a.
 */
static struct fcgi_server *take_turn(struct fcgi_route *route,
                                     struct fcgi_server *best, unsigned rank,
                                     uint64_t now)
{
    struct fcgi_pool *pool = route->pool;
    struct fcgi_server *winner = best, *server;
    struct walk walk = {NULL, 0, 0};
    int64_t weight, total = 0;

    pthread_mutex_lock(&pool->turn_lock);
    while ((server = next_present(pool, &walk)) != NULL) {
        if (server != best &&
            (rank_of(route, server, now) != rank || less_busy(best, server)))
            continue;
        weight = (int64_t)weight_of(server);
        server->credit += weight;
        total += weight;
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
    struct fcgi_server *best = NULL, *server;
    struct walk walk = {NULL, 0, 0};
    unsigned best_rank = RANK_NONE;

    while ((server = next_present(pool, &walk)) != NULL) {
        unsigned rank = rank_of(route, server, now);

        if (rank > best_rank ||
            (rank == best_rank && best != NULL && less_busy(server, best))) {
            best = server;
            best_rank = rank;
        }
    }
    if (best == NULL ||
        atomic_load_explicit(&pool->n_present, memory_order_relaxed) == 1)
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
    struct walk first = {NULL, 0, 0}, second = first;
    struct fcgi_server *server;
    size_t count = 0;
    size_t nth = 0;

    while ((server = next_present(route->pool, &first)) != NULL)
        count += is_waited_for(route, server, now);
    if (count == 0)
        return NULL;
    while ((server = next_present(route->pool, &second)) != NULL)
        if (is_waited_for(route, server, now) && nth++ == turn % count)
            return server;
    return NULL; /* it has just answered */
}
