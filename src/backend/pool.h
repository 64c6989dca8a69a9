/* SPDX-License-Identifier: Apache-2.0
 *
 * The FastCGI servers of the configuration, a name's members each (group.h),
 * and which of them a request goes to: of those that are up, the one that has
 * least to do for its Weight; among equals they take turns, by Weight, too.
 * Backup servers only where no other is up. A server that is out for its
 * failures is passed over until FailTimeout is over; then one request tries it.
 * Where none of those that a request may use is up, it goes to one of them all
 * the same: giving up a server helps only where there is another.
 *
 * One pool is shared by all worker threads.
 */
#ifndef FCGI_BACKEND_POOL_H
#define FCGI_BACKEND_POOL_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>

#include "backend/group.h"
#include "backend/recent.h"
#include "config/config.h"

/* A request tries no more servers than this. */
#define FCGI_ROUTE_TRIES 16

struct fcgi_pool {
    struct fcgi_server *servers; /* the seats of all groups */
    size_t n_servers;
    struct fcgi_group *groups; /* as in fastcgi.conf */
    size_t n_groups;
    atomic_uint n_present;            /* servers that may be chosen */
    pthread_mutex_t turn_lock;        /* for the credits of the servers */
    pthread_mutex_t maintenance_lock; /* for the list: see maintenance.h */
    struct fcgi_list maintenance;
    struct fcgi_recent recent;
    time_t since; /* when it was made */
};

/* Which servers a request may go to, and which it went to already. */
struct fcgi_route {
    struct fcgi_pool *pool;
    /* Whether the server may be used; NULL: all may. */
    bool (*allows)(const void *arg, const struct fcgi_server *server);
    const void *arg;
    const struct fcgi_server *tried[FCGI_ROUTE_TRIES];
    size_t n_tried;
};

/*
 * Makes the pool of a configuration, which must outlive it. Names are not
 * looked up yet (see resolver.h). Returns NULL where memory is short.
 */
struct fcgi_pool *fcgi_pool_new(const struct fcgi_config *config);
void fcgi_pool_free(struct fcgi_pool *pool);

/* A server of this name, or NULL. */
struct fcgi_server *fcgi_pool_find(const struct fcgi_pool *pool,
                                   const char *name, size_t length);

/* The first server of fastcgi.conf that `allows` admits; the first of all where
 * it admits none. */
struct fcgi_server *fcgi_pool_first(
    const struct fcgi_pool *pool,
    bool (*allows)(const void *arg, const struct fcgi_server *server),
    const void *arg);

/*
 * Begins a request's way: the servers that `allows` lets it use, NULL: all.
 * `arg` must hold as long as the route is used. Any thread.
 */
void fcgi_pool_route(struct fcgi_pool *pool, struct fcgi_route *route,
                     bool (*allows)(const void *arg,
                                    const struct fcgi_server *server),
                     const void *arg);

/*
 * The best server that has not been tried yet, or NULL when none is left.
 * `*trial`: it is not UP, and is to be told how it goes: fcgi_server_worked(),
 * _failed() or _end_trial().
 */
struct fcgi_server *fcgi_route_next(struct fcgi_route *route, uint64_t now,
                                    bool *trial);

/* The same, all servers being tried anew; never NULL. */
struct fcgi_server *fcgi_route_anew(struct fcgi_route *route, uint64_t now,
                                    bool *trial);

/* One of the servers that may only be restarted, or NULL; each in its `turn`.
 * Any thread. */
struct fcgi_server *fcgi_route_restarting(const struct fcgi_route *route,
                                          uint64_t now, unsigned turn);

#endif
