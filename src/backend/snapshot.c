/* SPDX-License-Identifier: Apache-2.0 */
#include "backend/snapshot.h"

#include <stdlib.h>
#include <string.h>

#define SLICES_A_MINUTE (UINT64_C(60000000000) / FCGI_HISTOGRAM_SLICE)

const unsigned fcgi_snapshot_minutes[FCGI_SNAPSHOT_WINDOWS] = {1, 5, 15};
const unsigned fcgi_snapshot_percents[FCGI_SNAPSHOT_QUANTILES] = {50, 95, 99};

static void add(uint64_t to[FCGI_HISTOGRAM_BUCKETS],
                const uint64_t from[FCGI_HISTOGRAM_BUCKETS])
{
    for (unsigned i = 0; i < FCGI_HISTOGRAM_BUCKETS; i++)
        to[i] += from[i];
}

static void condense(const uint64_t counts[FCGI_HISTOGRAM_BUCKETS],
                     struct fcgi_snapshot_times *times)
{
    for (unsigned i = 0; i < FCGI_HISTOGRAM_BUCKETS; i++)
        times->n += counts[i];
    for (unsigned i = 0; i < FCGI_SNAPSHOT_QUANTILES; i++)
        times->quantiles[i] =
            fcgi_histogram_quantile(counts, fcgi_snapshot_percents[i]);
}

/* From the current slice backwards: a window has as many as its minutes have,
 * and the part of one that is not over. */
static void add_times(struct fcgi_snapshot_server *to,
                      struct fcgi_server *server, uint64_t now)
{
    uint64_t last = fcgi_histogram_slice(now);
    uint64_t sums[FCGI_HISTOGRAM_BUCKETS] = {0};
    unsigned window = 0;

    for (unsigned age = 0; age <= FCGI_SNAPSHOT_SLICES && age < last; age++) {
        uint64_t counts[FCGI_HISTOGRAM_BUCKETS] = {0};

        fcgi_server_times(server, last - age, counts);
        if (age > 0)
            condense(counts, &to->slices[FCGI_SNAPSHOT_SLICES - age]);
        add(sums, counts);
        if (window < FCGI_SNAPSHOT_WINDOWS &&
            age == fcgi_snapshot_minutes[window] * SLICES_A_MINUTE)
            condense(sums, &to->windows[window++]);
    }
    /* A machine that has run for less. */
    for (; window < FCGI_SNAPSHOT_WINDOWS; window++)
        condense(sums, &to->windows[window]);
}

static void fill(struct fcgi_snapshot_server *to, struct fcgi_server *server,
                 uint64_t now, uint64_t age)
{
    /* What the first window has. */
    uint64_t seconds = 60 + now % FCGI_HISTOGRAM_SLICE / 1000000000;
    unsigned learned = fcgi_server_learned(server);

    to->config = server->config;
    fcgi_server_place(server, to->where, sizeof(to->where));
    to->limit = server->config->max_connections;
    to->learned = learned != UINT32_MAX ? learned : 0;
    to->health = fcgi_server_health(server, now);
    fcgi_server_stats(server, &to->stats);
    add_times(to, server, now);
    to->total_us = fcgi_server_all_times(server, to->totals);
    if (age < seconds)
        seconds = age > 0 ? age : 1;
    to->rate = to->windows[0].n * 10 / seconds;
}

/* Keeps the errors of the servers that are shown. */
static void choose_errors(struct fcgi_snapshot *snapshot, bool all)
{
    unsigned n = 0;

    for (unsigned i = 0; i < snapshot->n_errors; i++) {
        const struct fcgi_recent_error *error = &snapshot->errors[i];
        bool shown = all;

        for (size_t j = 0; j < snapshot->n_servers && !shown; j++)
            shown = error->server != NULL &&
                    error->server->config == snapshot->servers[j].config;
        if (shown)
            snapshot->errors[n++] = *error;
    }
    snapshot->n_errors = n;
}

/* Not a vacant seat of a name's. */
static bool is_used(struct fcgi_server *server)
{
    return fcgi_server_is_present(server) || fcgi_server_busy(server) > 0;
}

struct fcgi_snapshot *fcgi_snapshot_take(
    struct fcgi_pool *pool, uint64_t now,
    bool (*shows)(const void *arg, const struct fcgi_server_config *config),
    const void *arg)
{
    struct fcgi_snapshot *snapshot =
        calloc(1, sizeof(*snapshot) +
                      pool->n_servers * sizeof(struct fcgi_snapshot_server));
    bool all = true;

    if (snapshot == NULL)
        return NULL;
    snapshot->now = time(NULL);
    snapshot->since = pool->since;
    for (size_t i = 0; i < pool->n_servers; i++) {
        struct fcgi_server *server = &pool->servers[i];

        if (!shows(arg, server->config))
            all = false;
        else if (is_used(server))
            fill(&snapshot->servers[snapshot->n_servers++], server, now,
                 (uint64_t)(snapshot->now - snapshot->since));
    }
    snapshot->n_errors = fcgi_recent_copy(&pool->recent, snapshot->errors);
    choose_errors(snapshot, all);
    return snapshot;
}
