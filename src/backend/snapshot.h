/* SPDX-License-Identifier: Apache-2.0
 *
 * What there is to be told of the servers at one moment: their state, their
 * counters, how long requests took, and the last errors. It is added up when it
 * is asked for, and costs who serves nothing but the counting.
 */
#ifndef FCGI_BACKEND_SNAPSHOT_H
#define FCGI_BACKEND_SNAPSHOT_H

#include "backend/pool.h"

/* Slices that a picture has, all of them over. */
#define FCGI_SNAPSHOT_SLICES (FCGI_HISTOGRAM_SLICES - 1)
#define FCGI_SNAPSHOT_WINDOWS 3

extern const unsigned fcgi_snapshot_minutes[FCGI_SNAPSHOT_WINDOWS];

/* How long requests took: half of them no more than this, and so on. In
 * microseconds; 0 where there was none. */
enum fcgi_snapshot_quantile {
    FCGI_SNAPSHOT_P50,
    FCGI_SNAPSHOT_P95,
    FCGI_SNAPSHOT_P99,
    FCGI_SNAPSHOT_QUANTILES,
};

extern const unsigned fcgi_snapshot_percents[FCGI_SNAPSHOT_QUANTILES];

struct fcgi_snapshot_times {
    uint64_t n; /* requests that were over in this time */
    uint64_t quantiles[FCGI_SNAPSHOT_QUANTILES];
};

struct fcgi_snapshot_server {
    const struct fcgi_server_config *config;
    char where[FCGI_SERVER_LABEL];
    struct fcgi_server_stats stats;
    uint64_t limit;   /* MaxConnections; 0: none */
    uint64_t learned; /* see fcgi_server_learned(); 0: Concurrency Off */
    enum fcgi_health health;
    uint64_t
        rate; /* requests that were over in ten seconds of the last minute */
    struct fcgi_snapshot_times windows[FCGI_SNAPSHOT_WINDOWS];
    struct fcgi_snapshot_times slices[FCGI_SNAPSHOT_SLICES]; /* oldest first */
    uint64_t totals[FCGI_HISTOGRAM_BUCKETS];                 /* of all times */
    uint64_t total_us;                                       /* their sum */
};

struct fcgi_snapshot {
    time_t now, since;
    unsigned n_errors; /* latest first */
    struct fcgi_recent_error errors[FCGI_RECENT_MOST];
    size_t n_servers;
    struct fcgi_snapshot_server servers[];
};

/*
 * Takes one at `now` of the monotonic clock (ns), of the servers that `shows`
 * admits, and of the errors of those; with all of them, also of errors that no
 * server had a part in. To be freed with free(). NULL where memory is short.
 * The pool must outlive it. Any thread.
 */
struct fcgi_snapshot *fcgi_snapshot_take(
    struct fcgi_pool *pool, uint64_t now,
    bool (*shows)(const void *arg, const struct fcgi_server_config *config),
    const void *arg);

#endif
