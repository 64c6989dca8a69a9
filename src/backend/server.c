/* SPDX-License-Identifier: Apache-2.0
 *
 * Slots, the queue, connections that may starve, counters, and health.
 */
#include "backend/server.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* So many requests that were read at once dispel a doubt. */
#define DOUBTS 1000

static unsigned get(const atomic_uint *number)
{
    return atomic_load_explicit(number, memory_order_relaxed);
}

/* The lock is held by whoever changes them, so this needs no more than that
 * readers see whole numbers. */
static void add(atomic_uint *number, int n)
{
    atomic_store_explicit(number, get(number) + (unsigned)n,
                          memory_order_relaxed);
}

int fcgi_server_init(struct fcgi_server *server,
                     const struct fcgi_server_config *config,
                     const atomic_uint *n_present)
{
    memset(server, 0, sizeof(*server));
    server->config = config;
    server->n_present = n_present;
    fcgi_server_doubt(server);
    fcgi_list_init(&server->queue);
    fcgi_list_init(&server->locals);
    fcgi_list_init(&server->unproven);
    fcgi_list_init(&server->silent);
    fcgi_endpoint_text(&config->endpoint, server->where, sizeof(server->where));
    server->addresses = fcgi_address_literal(&config->endpoint);
    if (server->addresses == NULL && errno != 0)
        return -1;
    atomic_init(&server->unresolved,
                server->addresses == NULL ? "not looked up yet" : NULL);
    atomic_init(&server->present, true);
    atomic_init(&server->part, FCGI_SERVER_WHOLE);
    pthread_mutex_init(&server->lock, NULL);
    return 0;
}

void fcgi_server_destroy(struct fcgi_server *server)
{
    fcgi_addresses_unref(server->addresses);
    pthread_mutex_destroy(&server->lock);
}

void fcgi_server_join(struct fcgi_server *server,
                      struct fcgi_server_local *local)
{
    local->server = server;
    pthread_mutex_lock(&server->lock);
    fcgi_list_add_first(&server->locals, &local->link);
    pthread_mutex_unlock(&server->lock);
}

void fcgi_server_leave(struct fcgi_server_local *local)
{
    struct fcgi_server *server = local->server;

    pthread_mutex_lock(&server->lock);
    fcgi_list_remove(&local->link);
    pthread_mutex_unlock(&server->lock);
}

unsigned fcgi_server_busy(const struct fcgi_server *server)
{
    unsigned open = get(&server->open), idle = get(&server->idle);

    return (open > idle ? open - idle : 0) + get(&server->waiting);
}

static struct fcgi_server_local *local_of(struct fcgi_list *link)
{
    return FCGI_LOOP_OWNER(link, struct fcgi_server_local, link);
}

/* Of the workers with idle connections, the one that has the most. */
static struct fcgi_server_local *most_idle(const struct fcgi_server *server)
{
    struct fcgi_server_local *best = NULL;
    struct fcgi_list *link;

    if (get(&server->idle) == 0)
        return NULL;
    for (link = server->locals.next; link != &server->locals; link = link->next)
        if (local_of(link)->idle > 0 &&
            (best == NULL || local_of(link)->idle > best->idle))
            best = local_of(link);
    return best;
}

static void enqueue(struct fcgi_server *server, struct fcgi_checkout *checkout)
{
    checkout->state = FCGI_CHECKOUT_QUEUED;
    fcgi_list_add(&server->queue, &checkout->queued);
    add(&server->waiting, 1);
}

static void dequeue(struct fcgi_server *server, struct fcgi_checkout *checkout)
{
    fcgi_list_remove(&checkout->queued);
    add(&server->waiting, -1);
}

/* The first of the queue, on its way from now on; or NULL. */
static struct fcgi_checkout *next_in_queue(struct fcgi_server *server)
{
    struct fcgi_list *first = fcgi_list_first(&server->queue);
    struct fcgi_checkout *checkout;

    if (first == NULL)
        return NULL;
    checkout = FCGI_LOOP_OWNER(first, struct fcgi_checkout, queued);
    dequeue(server, checkout);
    checkout->state = FCGI_CHECKOUT_SENT;
    return checkout;
}

static bool has_slot(const struct fcgi_server *server)
{
    uint32_t most = server->config->max_connections;

    return most == 0 || get(&server->open) < most;
}

bool fcgi_server_take_slot(struct fcgi_server *server)
{
    bool taken;

    pthread_mutex_lock(&server->lock);
    taken = has_slot(server);
    if (taken)
        add(&server->open, 1);
    pthread_mutex_unlock(&server->lock);
    return taken;
}

enum fcgi_take fcgi_server_take(struct fcgi_server_local *local,
                                struct fcgi_checkout *checkout)
{
    struct fcgi_server *server = local->server;
    enum fcgi_take take = FCGI_TAKE_FULL;
    struct fcgi_server_local *other;

    pthread_mutex_lock(&server->lock);
    checkout->local = local;
    checkout->asked = NULL;
    if (local->idle > 0) {
        local->idle--;
        add(&server->idle, -1);
        take = FCGI_TAKE_IDLE;
    } else if ((other = most_idle(server)) != NULL) {
        /* Even where there is a slot: an application's process may sit at the
         * other end of the idle connection, and be the last one. */
        other->idle--;
        add(&server->idle, -1);
        checkout->asked = other;
        checkout->state = FCGI_CHECKOUT_SENT;
        take = FCGI_TAKE_ASK;
    } else if (has_slot(server)) {
        add(&server->open, 1);
        take = FCGI_TAKE_SLOT;
    } else if (get(&server->waiting) < server->config->queue_size) {
        enqueue(server, checkout);
        take = FCGI_TAKE_WAIT;
    }
    pthread_mutex_unlock(&server->lock);
    return take;
}

bool fcgi_server_cancel(struct fcgi_checkout *checkout)
{
    struct fcgi_server *server = checkout->local->server;
    bool queued;

    pthread_mutex_lock(&server->lock);
    queued = checkout->state == FCGI_CHECKOUT_QUEUED;
    if (queued) {
        dequeue(server, checkout);
        checkout->state = FCGI_CHECKOUT_FREE;
    }
    pthread_mutex_unlock(&server->lock);
    return queued;
}

static struct fcgi_unanswered *unanswered_of(struct fcgi_list *link)
{
    return FCGI_LOOP_OWNER(link, struct fcgi_unanswered, link);
}

/* Whether the oldest of the list has waited for so long. */
static bool starves(const struct fcgi_list *list, uint64_t now, uint64_t after)
{
    struct fcgi_list *oldest = fcgi_list_first(list);

    return oldest != NULL && now >= unanswered_of(oldest)->since + after;
}

enum fcgi_give fcgi_server_give(struct fcgi_server_local *local, uint64_t now,
                                struct fcgi_checkout **checkout)
{
    struct fcgi_server *server = local->server;
    enum fcgi_give give = FCGI_GIVE_KEEP;

    pthread_mutex_lock(&server->lock);
    if (starves(&server->unproven, now, FCGI_STARVE_SOON) ||
        starves(&server->silent, now, FCGI_STARVE_LATE)) {
        give = FCGI_GIVE_CLOSE;
    } else if ((*checkout = next_in_queue(server)) != NULL) {
        give = FCGI_GIVE_HANDOFF;
    } else {
        local->idle++;
        add(&server->idle, 1);
    }
    pthread_mutex_unlock(&server->lock);
    return give;
}

struct fcgi_checkout *fcgi_server_free_slot(struct fcgi_server *server)
{
    struct fcgi_checkout *checkout;

    pthread_mutex_lock(&server->lock);
    checkout = next_in_queue(server);
    if (checkout == NULL)
        add(&server->open, -1);
    pthread_mutex_unlock(&server->lock);
    return checkout;
}

bool fcgi_server_idle_gone(struct fcgi_server_local *local)
{
    struct fcgi_server *server = local->server;
    bool ours;

    pthread_mutex_lock(&server->lock);
    ours = local->idle > 0;
    if (ours) {
        local->idle--;
        add(&server->idle, -1);
    }
    pthread_mutex_unlock(&server->lock);
    return ours;
}

unsigned fcgi_server_reclaimed(struct fcgi_server_local *local)
{
    unsigned n;

    pthread_mutex_lock(&local->server->lock);
    n = local->reclaimed;
    local->reclaimed = 0;
    pthread_mutex_unlock(&local->server->lock);
    return n;
}

void fcgi_server_unanswered(struct fcgi_server *server,
                            struct fcgi_unanswered *unanswered, uint64_t now)
{
    pthread_mutex_lock(&server->lock);
    fcgi_list_remove(&unanswered->link);
    /* Clocks of workers differ by the length of a round of their loops: the
     * order of the list decides. */
    unanswered->since = now;
    unanswered->accepted = false;
    fcgi_list_add(&server->unproven, &unanswered->link);
    pthread_mutex_unlock(&server->lock);
}

void fcgi_server_stop_watching(struct fcgi_server *server,
                               struct fcgi_unanswered *unanswered,
                               bool answered)
{
    pthread_mutex_lock(&server->lock);
    if (fcgi_list_has(&unanswered->link)) {
        /* Those before it have been accepted as well. */
        while (answered && !unanswered->accepted &&
               server->unproven.next != &unanswered->link) {
            struct fcgi_list *earlier = server->unproven.next;

            fcgi_list_remove(earlier);
            unanswered_of(earlier)->accepted = true;
            fcgi_list_add(&server->silent, earlier);
        }
        fcgi_list_remove(&unanswered->link);
    }
    pthread_mutex_unlock(&server->lock);
}

uint64_t fcgi_server_check_starving(struct fcgi_server *server,
                                    struct fcgi_unanswered *unanswered,
                                    uint64_t now,
                                    struct fcgi_server_local **victim)
{
    uint64_t next = 0, late = unanswered->since + FCGI_STARVE_LATE;
    struct fcgi_server_local *local;

    *victim = NULL;
    pthread_mutex_lock(&server->lock);
    if (!fcgi_list_has(&unanswered->link))
        goto out;
    next = now < late ? late : now + FCGI_STARVE_LATE;
    if (now < late && unanswered->accepted)
        goto out;
    local = most_idle(server);
    if (local == NULL)
        goto out;
    local->idle--;
    add(&server->idle, -1);
    /* One message stands for all that were not yet told. */
    if (local->reclaimed++ == 0)
        *victim = local;
out:
    pthread_mutex_unlock(&server->lock);
    return next;
}

/* --- health: MaxFails failures within FailTimeout take a server out for that
 * long; then one request tries it ----------------------------------------- */

enum fcgi_health fcgi_server_health(struct fcgi_server *server, uint64_t now)
{
    if (!atomic_load_explicit(&server->out, memory_order_relaxed))
        return FCGI_HEALTH_UP;
    return now < atomic_load_explicit(&server->retry_at, memory_order_relaxed)
               ? FCGI_HEALTH_OUT
               : FCGI_HEALTH_DUE;
}

bool fcgi_server_is_on_trial(const struct fcgi_server *server)
{
    return atomic_load_explicit(&server->on_trial, memory_order_relaxed);
}

bool fcgi_server_begin_trial(struct fcgi_server *server, uint64_t now)
{
    bool won;

    pthread_mutex_lock(&server->lock);
    won = !atomic_load(&server->on_trial) && atomic_load(&server->out) &&
          now >= atomic_load(&server->retry_at);
    if (won)
        atomic_store(&server->on_trial, true);
    pthread_mutex_unlock(&server->lock);
    return won;
}

void fcgi_server_end_trial(struct fcgi_server *server)
{
    pthread_mutex_lock(&server->lock);
    atomic_store(&server->on_trial, false);
    pthread_mutex_unlock(&server->lock);
}

/* Who has become the only one while he was out is out until he works. */
static bool is_only_server(const struct fcgi_server *server)
{
    return server->n_present == NULL || get(server->n_present) == 1;
}

bool fcgi_server_failed(struct fcgi_server *server, uint64_t now)
{
    uint64_t window = server->config->fail_timeout * FCGI_LOOP_MS;
    bool went_out = false;

    if (server->config->max_fails == 0 ||
        (is_only_server(server) && !atomic_load(&server->out)))
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
        atomic_store(&server->on_trial, false);
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
    atomic_store(&server->on_trial, false);
    atomic_store_explicit(&server->out, false, memory_order_relaxed);
    pthread_mutex_unlock(&server->lock);
    return came_back;
}

void fcgi_server_doubt(struct fcgi_server *server)
{
    atomic_store_explicit(&server->doubts, DOUBTS, memory_order_relaxed);
}

void fcgi_server_trust(struct fcgi_server *server)
{
    unsigned doubts = get(&server->doubts);

    if (doubts > 0)
        atomic_compare_exchange_strong(&server->doubts, &doubts, doubts - 1);
}

bool fcgi_server_is_doubted(const struct fcgi_server *server)
{
    return get(&server->doubts) > 0;
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

/* --- addresses, counters -------------------------------------------------- */

struct fcgi_addresses *fcgi_server_addresses(struct fcgi_server *server)
{
    struct fcgi_addresses *addresses;

    pthread_mutex_lock(&server->lock);
    addresses = fcgi_addresses_ref(server->addresses);
    pthread_mutex_unlock(&server->lock);
    return addresses;
}

void fcgi_server_enter(struct fcgi_server *server,
                       struct fcgi_addresses *addresses)
{
    struct fcgi_addresses *old = NULL;

    pthread_mutex_lock(&server->lock);
    if (addresses != NULL) {
        old = server->addresses;
        server->addresses = addresses;
        atomic_store(&server->unresolved, NULL);
        server->fails = 0;
        atomic_store(&server->on_trial, false);
        atomic_store(&server->out, false);
        atomic_store(&server->down_since, 0);
    }
    atomic_store(&server->present, true);
    pthread_mutex_unlock(&server->lock);
    fcgi_addresses_unref(old);
}

void fcgi_server_retire(struct fcgi_server *server)
{
    atomic_store(&server->present, false);
}

struct fcgi_server_local *fcgi_server_drain(struct fcgi_server *server)
{
    struct fcgi_server_local *local;

    pthread_mutex_lock(&server->lock);
    while ((local = most_idle(server)) != NULL) {
        unsigned told = local->reclaimed;

        add(&server->idle, -(int)local->idle);
        local->reclaimed += local->idle;
        local->idle = 0;
        if (told == 0)
            break;
        /* Its message is on its way. */
    }
    pthread_mutex_unlock(&server->lock);
    return local;
}

void fcgi_server_vacate(struct fcgi_server *server)
{
    struct fcgi_addresses *old = NULL;

    pthread_mutex_lock(&server->lock);
    if (get(&server->open) == 0 && get(&server->waiting) == 0) {
        old = server->addresses;
        server->addresses = NULL;
        /* For a request that has just chosen it. */
        atomic_store(&server->unresolved, "it has this address no more");
    }
    pthread_mutex_unlock(&server->lock);
    fcgi_addresses_unref(old);
}

bool fcgi_server_is_present(const struct fcgi_server *server)
{
    return atomic_load_explicit(&server->present, memory_order_relaxed);
}

void fcgi_server_label(struct fcgi_server *server, char *text, size_t size)
{
    struct fcgi_addresses *addresses = NULL;
    char address[FCGI_ENDPOINT_TEXT];
    struct fcgi_endpoint endpoint;
    size_t at = 0;

    if (fcgi_endpoint_is_name(&server->config->endpoint))
        addresses = fcgi_server_addresses(server);
    at += (size_t)snprintf(text, size, "server \"%s\"", server->config->name);
    for (size_t i = 0; addresses != NULL && i < addresses->n && at < size;
         i++) {
        fcgi_address_endpoint(&addresses->list[i], &endpoint);
        at += (size_t)snprintf(
            text + at, size - at, "%s%s", i == 0 ? " (" : ", ",
            fcgi_endpoint_text(&endpoint, address, sizeof(address)));
    }
    if (addresses != NULL && at < size)
        snprintf(text + at, size - at, ")");
    fcgi_addresses_unref(addresses);
}

void fcgi_server_stats(struct fcgi_server *server,
                       struct fcgi_server_stats *stats)
{
    memset(stats, 0, sizeof(*stats));
    pthread_mutex_lock(&server->lock);
    stats->open = get(&server->open);
    stats->idle = get(&server->idle);
    stats->active = stats->open - stats->idle;
    stats->waiting = get(&server->waiting);
    stats->out = atomic_load(&server->out);
    for (struct fcgi_list *link = server->locals.next; link != &server->locals;
         link = link->next) {
        for (size_t i = 0; i < FCGI_COUNTS; i++)
            stats->counts[i] += atomic_load_explicit(
                &local_of(link)->stats.counts[i], memory_order_relaxed);
    }
    pthread_mutex_unlock(&server->lock);
}
