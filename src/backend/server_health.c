/* SPDX-License-Identifier: Apache-2.0
 *
 * Whether a server is up: MaxFails failures within FailTimeout take it out for
 * that long; then one request tries it.
 */
#include "backend/server.h"

enum fcgi_health fcgi_server_health(struct fcgi_server *server, uint64_t now)
{
    if (!atomic_load_explicit(&server->out, memory_order_relaxed))
        return FCGI_HEALTH_UP;
    return now < atomic_load_explicit(&server->retry_at, memory_order_relaxed)
               ? FCGI_HEALTH_OUT
               : FCGI_HEALTH_DUE;
}

bool fcgi_server_probe(struct fcgi_server *server, uint64_t now)
{
    bool won;

    pthread_mutex_lock(&server->lock);
    won = !server->probing && atomic_load(&server->out) &&
          now >= atomic_load(&server->retry_at);
    server->probing = server->probing || won;
    pthread_mutex_unlock(&server->lock);
    return won;
}

void fcgi_server_end_trial(struct fcgi_server *server)
{
    pthread_mutex_lock(&server->lock);
    server->probing = false;
    pthread_mutex_unlock(&server->lock);
}

bool fcgi_server_failed(struct fcgi_server *server, uint64_t now)
{
    uint64_t window = server->config->fail_timeout * FCGI_LOOP_MS;
    bool went_out = false;

    if (server->is_only_server || server->config->max_fails == 0)
        return false;
    pthread_mutex_lock(&server->lock);
    if (server->fails == 0 || now >= server->first_fail + window) {
        server->fails = 0;
        server->first_fail = now;
    }
    server->fails++;
    if (atomic_load(&server->out) ||
        server->fails >= server->config->max_fails) {
        went_out = !atomic_load(&server->out);
        server->probing = false;
        atomic_store_explicit(&server->retry_at, now + window,
                              memory_order_relaxed);
        atomic_store_explicit(&server->out, true, memory_order_relaxed);
    }
    pthread_mutex_unlock(&server->lock);
    return went_out;
}

bool fcgi_server_worked(struct fcgi_server *server)
{
    bool came_back;

    pthread_mutex_lock(&server->lock);
    came_back = atomic_load(&server->out);
    server->fails = 0;
    server->probing = false;
    atomic_store_explicit(&server->out, false, memory_order_relaxed);
    pthread_mutex_unlock(&server->lock);
    return came_back;
}

void fcgi_server_refused(struct fcgi_server *server, uint64_t now)
{
    uint64_t since = 0;

    atomic_compare_exchange_strong(&server->down_since, &since, now);
}

void fcgi_server_answered(struct fcgi_server *server, uint64_t asked)
{
    uint64_t since =
        atomic_load_explicit(&server->down_since, memory_order_relaxed);

    /* What all workers share is mostly only read. A refusal that comes between
     * stays. */
    if (since != 0 && asked >= since)
        atomic_compare_exchange_strong(&server->down_since, &since, 0);
}

bool fcgi_server_is_restarting(const struct fcgi_server *server, uint64_t now)
{
    uint64_t since =
        atomic_load_explicit(&server->down_since, memory_order_relaxed);

    return since != 0 && now < since + FCGI_RESTART;
}
