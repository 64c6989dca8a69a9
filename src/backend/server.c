/* SPDX-License-Identifier: Apache-2.0
 *
 * Slots, the queue, what is known of connections, counters, and health.
 */
#include "backend/server.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

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

/* What Concurrency says, as fcgi_limit_init() wants it. Connections that are
 * not kept hold nothing up. */
static unsigned most_at_once(const struct fcgi_server_config *config)
{
    const char *text = config->concurrency;

    if (!config->keep_alive || config->keep_alive_requests == 1 ||
        (text != NULL && strcasecmp(text, "off") == 0))
        return UINT32_MAX;
    return text != NULL ? (unsigned)strtoul(text, NULL, 10) : 0; /* Auto: 0 */
}

int fcgi_server_init(struct fcgi_server *server,
                     const struct fcgi_server_config *config,
                     const atomic_uint *n_present)
{
    memset(server, 0, sizeof(*server));
    server->config = config;
    server->n_present = n_present;
    fcgi_server_doubt(server);
    fcgi_queue_init(&server->queue);
    fcgi_list_init(&server->locals);
    fcgi_list_init(&server->fresh);
    fcgi_list_init(&server->passed);
    fcgi_limit_init(&server->limit, most_at_once(config),
                    config->keep_alive && config->keep_alive_requests > 1 &&
                        config->endpoint.kind == FCGI_ENDPOINT_UNIX);
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

    return (open > idle ? open - idle : 0) + fcgi_queue_length(&server->queue);
}

unsigned fcgi_server_learned(const struct fcgi_server *server)
{
    return get(&server->limit.learned);
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

static struct fcgi_checkout *first_in_queue(const struct fcgi_server *server)
{
    struct fcgi_queued *next =
        fcgi_queue_next(&server->queue, get(&server->open));

    return next != NULL ? FCGI_LOOP_OWNER(next, struct fcgi_checkout, queued)
                        : NULL;
}

/* False where the queue is full; and where its first has waited for so long
 * that whoever comes now would wait in vain. */
static bool enqueue(struct fcgi_server *server, struct fcgi_checkout *checkout,
                    uint64_t now)
{
    const struct fcgi_checkout *first = first_in_queue(server);
    uint64_t most = server->config->queue_timeout * FCGI_LOOP_MS;

    if (fcgi_queue_length(&server->queue) >= server->config->queue_size ||
        (first != NULL && now >= first->queued.since + most - most / 4))
        return false;
    checkout->state = FCGI_CHECKOUT_QUEUED;
    fcgi_queue_add(&server->queue, &checkout->queued, get(&server->open), now);
    return true;
}

/* The first of the queue, on its way from now on; or NULL. */
static struct fcgi_checkout *next_in_queue(struct fcgi_server *server)
{
    struct fcgi_checkout *checkout = first_in_queue(server);

    if (checkout == NULL)
        return NULL;
    fcgi_queue_remove(&server->queue, &checkout->queued);
    checkout->state = FCGI_CHECKOUT_SENT;
    return checkout;
}

static bool has_slot(const struct fcgi_server *server)
{
    uint32_t most = server->config->max_connections;

    return most == 0 || get(&server->open) < most;
}

/* Requests to a server that refuses connections are under way without one:
 * where the limit was learned nobody waits for them. Nor for a server that is
 * out: who is granted a slot of it goes elsewhere. */
static bool may_open(const struct fcgi_server *server, uint64_t now)
{
    return has_slot(server) &&
           (fcgi_limit_may_open(&server->limit, get(&server->open), now) ||
            (!fcgi_limit_is_set(&server->limit) &&
             atomic_load(&server->down_since) != 0) ||
            atomic_load(&server->out));
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

/* The lock is held. */
static struct fcgi_checkout *grant(struct fcgi_server *server, uint64_t now)
{
    struct fcgi_checkout *checkout;

    if (!may_open(server, now))
        return NULL;
    checkout = next_in_queue(server);
    if (checkout != NULL)
        add(&server->open, 1);
    return checkout;
}

struct fcgi_checkout *fcgi_server_grant(struct fcgi_server *server,
                                        uint64_t now)
{
    struct fcgi_checkout *checkout;

    pthread_mutex_lock(&server->lock);
    checkout = grant(server, now);
    pthread_mutex_unlock(&server->lock);
    return checkout;
}

enum fcgi_take fcgi_server_take(struct fcgi_server_local *local,
                                struct fcgi_checkout *checkout, uint64_t now)
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
    } else if (fcgi_queue_length(&server->queue) == 0 &&
               may_open(server, now)) {
        add(&server->open, 1);
        take = FCGI_TAKE_SLOT;
    } else if (enqueue(server, checkout, now)) {
        take = FCGI_TAKE_WAIT;
    } else if (has_slot(server) &&
               fcgi_limit_may_overflow(&server->limit,
                                       server->config->queue_size > 0)) {
        add(&server->open, 1);
        take = FCGI_TAKE_SLOT;
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
        fcgi_queue_remove(&server->queue, &checkout->queued);
        checkout->state = FCGI_CHECKOUT_FREE;
    }
    pthread_mutex_unlock(&server->lock);
    return queued;
}

/* --- what is known of connections; the lock is held ----------------------- */

static struct fcgi_standing *standing_of(struct fcgi_list *link)
{
    return FCGI_LOOP_OWNER(link, struct fcgi_standing, link);
}

/* Whether the oldest of the list is held up. */
static bool is_stuck(const struct fcgi_server *server,
                     const struct fcgi_list *list, uint64_t now)
{
    struct fcgi_list *oldest = fcgi_list_first(list);

    return oldest != NULL &&
           fcgi_limit_is_stuck(&server->limit, &standing_of(oldest)->wait,
                               list == &server->passed, get(&server->open),
                               now);
}

static void set_standing(struct fcgi_server *server,
                         struct fcgi_standing *standing,
                         enum fcgi_standing_state state, uint64_t now)
{
    bool was = standing->state >= FCGI_STANDING_PASSED;
    bool is = state >= FCGI_STANDING_PASSED;

    if (standing->state == FCGI_STANDING_PASSED)
        fcgi_limit_passed_gone(&server->limit);
    fcgi_list_remove(&standing->link);
    standing->state = state;
    if (state == FCGI_STANDING_FRESH)
        fcgi_list_add(&server->fresh, &standing->link);
    if (state == FCGI_STANDING_PASSED) {
        fcgi_list_add(&server->passed, &standing->link);
        fcgi_limit_passed(&server->limit);
    }
    if (is && !was)
        fcgi_limit_proven(&server->limit, now);
    if (was && !is)
        fcgi_limit_gone(&server->limit);
}

/* Whether a connection that was tried waits, while nobody else wants the one
 * that is finished. */
static bool one_too_many_waits(const struct fcgi_server *server, uint64_t now)
{
    struct fcgi_list *oldest = fcgi_list_first(&server->fresh);

    return oldest != NULL && fcgi_limit_is_one_too_many(
                                 &server->limit, &standing_of(oldest)->wait,
                                 get(&server->open), now);
}

enum fcgi_give fcgi_server_give(struct fcgi_server_local *local,
                                unsigned served, uint64_t now,
                                struct fcgi_checkout **checkout)
{
    struct fcgi_server *server = local->server;
    enum fcgi_give give = FCGI_GIVE_KEEP;
    bool stuck;

    pthread_mutex_lock(&server->lock);
    if (served > 1)
        fcgi_limit_kept(&server->limit);
    stuck = is_stuck(server, &server->fresh, now) ||
            is_stuck(server, &server->passed, now);
    if (fcgi_limit_finish(&server->limit, stuck, get(&server->open), now) ||
        fcgi_limit_take_order(&server->limit)) {
        give = FCGI_GIVE_CLOSE;
    } else if ((*checkout = next_in_queue(server)) != NULL) {
        give = FCGI_GIVE_HANDOFF;
    } else if (one_too_many_waits(server, now)) {
        fcgi_limit_failed(&server->limit, false, get(&server->open), now);
        give = FCGI_GIVE_CLOSE;
    } else {
        local->idle++;
        add(&server->idle, 1);
    }
    pthread_mutex_unlock(&server->lock);
    return give;
}

struct fcgi_checkout *fcgi_server_free_slot(struct fcgi_server *server,
                                            struct fcgi_standing *standing,
                                            uint64_t now)
{
    struct fcgi_checkout *checkout = NULL;
    bool failed;

    pthread_mutex_lock(&server->lock);
    failed = standing != NULL && standing->state == FCGI_STANDING_FRESH;
    if (standing != NULL)
        set_standing(server, standing, FCGI_STANDING_NONE, 0);
    add(&server->open, -1);
    /* What failed before it was accepted would fail for the next one, too: that
     * waits for another, or a look. */
    if (!failed)
        checkout = grant(server, now);
    pthread_mutex_unlock(&server->lock);
    return checkout;
}

bool fcgi_server_idle_gone(struct fcgi_server_local *local,
                           struct fcgi_standing *standing, bool unkept)
{
    struct fcgi_server *server = local->server;
    bool ours;

    pthread_mutex_lock(&server->lock);
    if (unkept)
        fcgi_limit_unkept(&server->limit);
    set_standing(server, standing, FCGI_STANDING_NONE, 0);
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

/* Clocks of workers differ by the length of a round of their loops: the order
 * of the list decides. */
uint64_t fcgi_server_conn_begin(struct fcgi_server *server,
                                struct fcgi_standing *standing, bool unkept,
                                uint64_t now)
{
    uint64_t next;

    pthread_mutex_lock(&server->lock);
    if (unkept)
        fcgi_limit_unkept(&server->limit);
    set_standing(server, standing, FCGI_STANDING_FRESH, 0);
    fcgi_limit_begin(&server->limit, &standing->wait, get(&server->open),
                     get(&server->idle), now);
    next = now + standing->wait.soon;
    pthread_mutex_unlock(&server->lock);
    return next;
}

void fcgi_server_conn_accepted(struct fcgi_server *server,
                               struct fcgi_standing *standing, uint64_t now)
{
    pthread_mutex_lock(&server->lock);
    set_standing(server, standing, FCGI_STANDING_PROVEN, now);
    pthread_mutex_unlock(&server->lock);
}

void fcgi_server_conn_answered(struct fcgi_server *server,
                               struct fcgi_standing *standing, uint64_t now)
{
    pthread_mutex_lock(&server->lock);
    while (standing->state == FCGI_STANDING_FRESH &&
           server->fresh.next != &standing->link)
        set_standing(server, standing_of(server->fresh.next),
                     FCGI_STANDING_PASSED, now);
    set_standing(server, standing, FCGI_STANDING_PROVEN, now);
    pthread_mutex_unlock(&server->lock);
}

void fcgi_server_conn_closed(struct fcgi_server *server,
                             struct fcgi_standing *standing)
{
    pthread_mutex_lock(&server->lock);
    set_standing(server, standing, FCGI_STANDING_NONE, 0);
    pthread_mutex_unlock(&server->lock);
}

uint64_t fcgi_server_conn_check(struct fcgi_server *server,
                                struct fcgi_standing *standing, uint64_t now,
                                struct fcgi_server_local **victim)
{
    uint64_t next = 0;
    struct fcgi_server_local *local;
    bool late, stuck;

    *victim = NULL;
    pthread_mutex_lock(&server->lock);
    if (!fcgi_list_has(&standing->link))
        goto out;
    late = standing->state == FCGI_STANDING_PASSED;
    next = standing->wait.since + FCGI_LIMIT_SOON;
    if (next <= now)
        next = standing->wait.since + FCGI_LIMIT_LATE;
    if (next <= now)
        next = now + FCGI_LIMIT_LATE;
    stuck = fcgi_limit_is_stuck(&server->limit, &standing->wait, late,
                                get(&server->open), now);
    if (!stuck && !fcgi_limit_wants_idle(&server->limit, &standing->wait, late,
                                         get(&server->open), now))
        goto out;
    local = most_idle(server);
    if (fcgi_limit_is_overdue(&standing->wait, late, now) && local == NULL)
        fcgi_limit_order(&server->limit);
    if (local == NULL)
        goto out;
    fcgi_limit_failed(&server->limit, stuck, get(&server->open), now);
    local->idle--;
    add(&server->idle, -1);
    /* One message stands for all that were not yet told. */
    if (local->reclaimed++ == 0)
        *victim = local;
out:
    pthread_mutex_unlock(&server->lock);
    return next;
}

bool fcgi_server_look(struct fcgi_server *server, uint64_t now)
{
    bool waits;

    pthread_mutex_lock(&server->lock);
    waits = fcgi_queue_length(&server->queue) > 0;
    if (waits)
        fcgi_limit_look(&server->limit, get(&server->open), now);
    pthread_mutex_unlock(&server->lock);
    return waits;
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
        fcgi_limit_reset(&server->limit);
    }
    if (addresses != NULL)
        fcgi_server_doubt(server);
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
    if (get(&server->open) == 0 && fcgi_queue_length(&server->queue) == 0) {
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

bool fcgi_server_place(struct fcgi_server *server, char *text, size_t size)
{
    struct fcgi_addresses *addresses = NULL;
    char address[FCGI_ENDPOINT_TEXT];
    struct fcgi_endpoint endpoint;
    size_t at = 0;
    bool is_member;

    if (fcgi_endpoint_is_name(&server->config->endpoint))
        addresses = fcgi_server_addresses(server);
    is_member = addresses != NULL;
    if (!is_member)
        snprintf(text, size, "%s", server->where);
    for (size_t i = 0; is_member && i < addresses->n && at < size; i++) {
        fcgi_address_endpoint(&addresses->list[i], &endpoint);
        at += (size_t)snprintf(
            text + at, size - at, "%s%s", i == 0 ? "" : ", ",
            fcgi_endpoint_text(&endpoint, address, sizeof(address)));
    }
    fcgi_addresses_unref(addresses);
    return is_member;
}

void fcgi_server_label(struct fcgi_server *server, char *text, size_t size)
{
    char place[FCGI_SERVER_LABEL];

    if (fcgi_server_place(server, place, sizeof(place)))
        snprintf(text, size, "server \"%s\" (%s)", server->config->name, place);
    else
        snprintf(text, size, "server \"%s\"", server->config->name);
}

void fcgi_server_stats(struct fcgi_server *server,
                       struct fcgi_server_stats *stats)
{
    memset(stats, 0, sizeof(*stats));
    pthread_mutex_lock(&server->lock);
    stats->open = get(&server->open);
    stats->idle = get(&server->idle);
    stats->active = stats->open - stats->idle;
    stats->waiting = fcgi_queue_length(&server->queue);
    stats->out = atomic_load(&server->out);
    for (struct fcgi_list *link = server->locals.next; link != &server->locals;
         link = link->next) {
        for (size_t i = 0; i < FCGI_COUNTS; i++)
            stats->counts[i] += atomic_load_explicit(
                &local_of(link)->stats.counts[i], memory_order_relaxed);
    }
    pthread_mutex_unlock(&server->lock);
}

void fcgi_server_times(struct fcgi_server *server, uint64_t slice,
                       uint64_t counts[FCGI_HISTOGRAM_BUCKETS])
{
    pthread_mutex_lock(&server->lock);
    for (struct fcgi_list *link = server->locals.next; link != &server->locals;
         link = link->next)
        fcgi_histogram_read(local_of(link)->times, slice, counts);
    pthread_mutex_unlock(&server->lock);
}

uint64_t fcgi_server_all_times(struct fcgi_server *server,
                               uint64_t counts[FCGI_HISTOGRAM_BUCKETS])
{
    uint64_t sum = 0;

    pthread_mutex_lock(&server->lock);
    for (struct fcgi_list *link = server->locals.next; link != &server->locals;
         link = link->next)
        sum += fcgi_histogram_totals(local_of(link)->times, counts);
    pthread_mutex_unlock(&server->lock);
    return sum;
}
