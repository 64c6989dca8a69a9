/* SPDX-License-Identifier: Apache-2.0
 *
 * Slots, the queue, connections that may starve, and counters. Health is in
 * server_health.c.
 */
#include "backend/server.h"

#include <errno.h>
#include <string.h>

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
                     bool is_only_server)
{
    memset(server, 0, sizeof(*server));
    server->config = config;
    server->is_only_server = is_only_server;
    server->unproven.prev = server->unproven.next = &server->unproven;
    server->silent.prev = server->silent.next = &server->silent;
    fcgi_endpoint_text(&config->endpoint, server->where, sizeof(server->where));
    server->addresses = fcgi_address_literal(&config->endpoint);
    if (server->addresses == NULL && errno != 0)
        return -1;
    server->is_name = server->addresses == NULL;
    atomic_init(&server->unresolved,
                server->is_name ? "not looked up yet" : NULL);
    pthread_mutex_init(&server->lock, NULL);
    return 0;
}

void fcgi_server_destroy(struct fcgi_server *server)
{
    fcgi_addresses_unref(server->addresses);
    pthread_mutex_destroy(&server->lock);
}

void fcgi_server_join(struct fcgi_server *server, struct fcgi_share *share)
{
    share->server = server;
    pthread_mutex_lock(&server->lock);
    share->next = server->shares;
    server->shares = share;
    pthread_mutex_unlock(&server->lock);
}

void fcgi_server_leave(struct fcgi_share *share)
{
    struct fcgi_server *server = share->server;
    struct fcgi_share **link = &server->shares;

    pthread_mutex_lock(&server->lock);
    while (*link != share)
        link = &(*link)->next;
    *link = share->next;
    pthread_mutex_unlock(&server->lock);
}

unsigned fcgi_server_busy(const struct fcgi_server *server)
{
    unsigned open = get(&server->open), idle = get(&server->idle);

    return (open > idle ? open - idle : 0) + get(&server->waiting);
}

/* Of the shares with idle connections, the one that has the most. */
static struct fcgi_share *most_idle(const struct fcgi_server *server)
{
    struct fcgi_share *share, *best = NULL;

    if (get(&server->idle) == 0)
        return NULL;
    for (share = server->shares; share != NULL; share = share->next)
        if (share->idle > 0 && (best == NULL || share->idle > best->idle))
            best = share;
    return best;
}

static void enqueue(struct fcgi_server *server, struct fcgi_checkout *checkout)
{
    checkout->state = FCGI_CHECKOUT_QUEUED;
    checkout->next = NULL;
    checkout->prev = server->queue_last;
    if (checkout->prev != NULL)
        checkout->prev->next = checkout;
    else
        server->queue_first = checkout;
    server->queue_last = checkout;
    add(&server->waiting, 1);
}

static void dequeue(struct fcgi_server *server, struct fcgi_checkout *checkout)
{
    if (checkout->prev != NULL)
        checkout->prev->next = checkout->next;
    else
        server->queue_first = checkout->next;
    if (checkout->next != NULL)
        checkout->next->prev = checkout->prev;
    else
        server->queue_last = checkout->prev;
    checkout->prev = checkout->next = NULL;
    add(&server->waiting, -1);
}

/* The first of the queue, on its way from now on; or NULL. */
static struct fcgi_checkout *next_in_queue(struct fcgi_server *server)
{
    struct fcgi_checkout *checkout = server->queue_first;

    if (checkout == NULL)
        return NULL;
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

enum fcgi_take fcgi_server_take(struct fcgi_share *share,
                                struct fcgi_checkout *checkout)
{
    struct fcgi_server *server = share->server;
    enum fcgi_take take = FCGI_TAKE_FULL;
    struct fcgi_share *other;

    pthread_mutex_lock(&server->lock);
    checkout->share = share;
    checkout->asked = NULL;
    if (share->idle > 0) {
        share->idle--;
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
    struct fcgi_server *server = checkout->share->server;
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

static bool starves(const struct fcgi_unanswered *ring, uint64_t now,
                    uint64_t after)
{
    const struct fcgi_unanswered *oldest = ring->next;

    return oldest != ring && now >= oldest->since + after;
}

enum fcgi_give fcgi_server_give(struct fcgi_share *share, uint64_t now,
                                struct fcgi_checkout **checkout)
{
    struct fcgi_server *server = share->server;
    enum fcgi_give give = FCGI_GIVE_KEEP;

    pthread_mutex_lock(&server->lock);
    if (starves(&server->unproven, now, FCGI_STARVE_SOON) ||
        starves(&server->silent, now, FCGI_STARVE_LATE)) {
        give = FCGI_GIVE_CLOSE;
    } else if ((*checkout = next_in_queue(server)) != NULL) {
        give = FCGI_GIVE_HANDOFF;
    } else {
        share->idle++;
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

bool fcgi_server_idle_gone(struct fcgi_share *share)
{
    struct fcgi_server *server = share->server;
    bool ours;

    pthread_mutex_lock(&server->lock);
    ours = share->idle > 0;
    if (ours) {
        share->idle--;
        add(&server->idle, -1);
    }
    pthread_mutex_unlock(&server->lock);
    return ours;
}

unsigned fcgi_server_reclaimed(struct fcgi_share *share)
{
    unsigned n;

    pthread_mutex_lock(&share->server->lock);
    n = share->reclaimed;
    share->reclaimed = 0;
    pthread_mutex_unlock(&share->server->lock);
    return n;
}

static void unlink_unanswered(struct fcgi_unanswered *unanswered)
{
    unanswered->prev->next = unanswered->next;
    unanswered->next->prev = unanswered->prev;
    unanswered->prev = unanswered->next = NULL;
}

static void link_unanswered(struct fcgi_unanswered *ring,
                            struct fcgi_unanswered *unanswered)
{
    unanswered->next = ring;
    unanswered->prev = ring->prev;
    unanswered->prev->next = unanswered->next->prev = unanswered;
}

void fcgi_server_unanswered(struct fcgi_server *server,
                            struct fcgi_unanswered *unanswered, uint64_t now)
{
    pthread_mutex_lock(&server->lock);
    if (unanswered->next != NULL)
        unlink_unanswered(unanswered);
    /* Clocks of workers differ by the length of a round of their loops: the
     * order of the list decides. */
    unanswered->since = now;
    unanswered->accepted = false;
    link_unanswered(&server->unproven, unanswered);
    pthread_mutex_unlock(&server->lock);
}

void fcgi_server_stop_watching(struct fcgi_server *server,
                               struct fcgi_unanswered *unanswered,
                               bool answered)
{
    pthread_mutex_lock(&server->lock);
    if (unanswered->next != NULL) {
        /* Those before it have been accepted as well. */
        while (answered && !unanswered->accepted &&
               server->unproven.next != unanswered) {
            struct fcgi_unanswered *earlier = server->unproven.next;

            unlink_unanswered(earlier);
            earlier->accepted = true;
            link_unanswered(&server->silent, earlier);
        }
        unlink_unanswered(unanswered);
    }
    pthread_mutex_unlock(&server->lock);
}

uint64_t fcgi_server_check_starving(struct fcgi_server *server,
                                    struct fcgi_unanswered *unanswered,
                                    uint64_t now, struct fcgi_share **victim)
{
    uint64_t next = 0, late = unanswered->since + FCGI_STARVE_LATE;
    struct fcgi_share *share;

    *victim = NULL;
    pthread_mutex_lock(&server->lock);
    if (unanswered->next == NULL)
        goto out;
    next = now < late ? late : now + FCGI_STARVE_LATE;
    if (now < late && unanswered->accepted)
        goto out;
    share = most_idle(server);
    if (share == NULL)
        goto out;
    share->idle--;
    add(&server->idle, -1);
    /* One message stands for all that were not yet told. */
    if (share->reclaimed++ == 0)
        *victim = share;
out:
    pthread_mutex_unlock(&server->lock);
    return next;
}

struct fcgi_addresses *fcgi_server_addresses(struct fcgi_server *server)
{
    struct fcgi_addresses *addresses;

    pthread_mutex_lock(&server->lock);
    addresses = fcgi_addresses_ref(server->addresses);
    pthread_mutex_unlock(&server->lock);
    return addresses;
}

bool fcgi_server_set_addresses(struct fcgi_server *server,
                               struct fcgi_addresses *addresses,
                               const char *unresolved)
{
    struct fcgi_addresses *old = addresses;
    bool changed;

    pthread_mutex_lock(&server->lock);
    if (addresses == NULL) {
        changed = atomic_load(&server->unresolved) != unresolved;
    } else {
        old = server->addresses;
        changed = atomic_load(&server->unresolved) != NULL ||
                  !fcgi_addresses_equal(old, addresses);
        server->addresses = addresses;
    }
    atomic_store(&server->unresolved, unresolved);
    pthread_mutex_unlock(&server->lock);
    fcgi_addresses_unref(old);
    return changed;
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
    for (struct fcgi_share *share = server->shares; share != NULL;
         share = share->next) {
        for (size_t i = 0; i < FCGI_COUNTS; i++)
            stats->counts[i] += atomic_load_explicit(&share->stats.counts[i],
                                                     memory_order_relaxed);
    }
    pthread_mutex_unlock(&server->lock);
}
