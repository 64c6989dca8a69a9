/* SPDX-License-Identifier: Apache-2.0
 *
 * c-ares in our loop. Each name has a lookup, with a channel of c-ares that
 * lives while it is under way: c-ares says which descriptors it has, and when
 * it wants to be called.
 */
#include "backend/resolver.h"

#include <ares.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define TIMEOUT_MS 2000 /* for one answer of one name server */
#define TRIES 2
#define MOST_SOCKETS 16
/* A name that does not resolve is looked up more often; so is one whose new
 * addresses wait for others to leave. */
#define RETRY_MS 5000
#define AGAIN_MS 1000
#define MOST_ADDRESSES 256 /* of an answer */

struct lookup;

struct lookup_socket {
    struct fcgi_loop_io io;
    struct lookup *lookup;
};

struct lookup {
    struct fcgi_resolver *resolver;
    struct fcgi_group *group;
    struct fcgi_loop_timer timer; /* c-ares' timeout, or the next lookup */
    ares_channel channel;
    bool has_channel;
    bool under_way;
    bool done;     /* once, at least */
    bool resolved; /* the last time */
    uint64_t wait; /* ms until the next one */
    struct lookup_socket sockets[MOST_SOCKETS];
};

struct fcgi_resolver {
    struct fcgi_loop *loop;
    struct fcgi_notice notice;
    size_t n_lookups;
    struct lookup lookups[];
};

static void socket_ready(struct fcgi_loop_io *io, uint32_t events);

static struct lookup_socket *find_socket(struct lookup *lookup, int fd)
{
    for (size_t i = 0; i < MOST_SOCKETS; i++)
        if (lookup->sockets[i].io.fd == fd)
            return &lookup->sockets[i];
    return NULL;
}

/* c-ares wants a descriptor to be watched, or no more. */
static void socket_changed(void *arg, ares_socket_t fd, int readable,
                           int writable)
{
    struct lookup *lookup = arg;
    struct fcgi_loop *loop = lookup->resolver->loop;
    struct lookup_socket *found = find_socket(lookup, fd);
    uint32_t events = (readable ? (uint32_t)EPOLLIN : 0) |
                      (writable ? (uint32_t)EPOLLOUT : 0);

    if (found == NULL && events != 0)
        found = find_socket(lookup, -1);
    if (found == NULL)
        return; /* too many: what it waits for times out */
    if (events == 0) {
        fcgi_loop_remove(loop, &found->io);
        found->io.fd = -1;
        return;
    }
    found->io.fd = fd;
    found->io.ready = socket_ready;
    if (found->io.added)
        fcgi_loop_modify(loop, &found->io, events);
    else
        fcgi_loop_add(loop, &found->io, events);
}

/* --- what is found ----------------------------------------------------- */

/* Whether there is a way to the address: connecting a datagram socket sends
 * nothing, but looks for a route. */
static bool has_route(const struct ares_addrinfo_node *node)
{
    int fd = socket(node->ai_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    bool has = fd >= 0 && connect(fd, node->ai_addr, node->ai_addrlen) == 0;

    if (fd >= 0)
        close(fd);
    return has;
}

/* The next address, of this node or behind it; where `routed`, one that there
 * is a way to. */
static const struct ares_addrinfo_node *
next_of(const struct ares_addrinfo_node *node, bool routed)
{
    while (node != NULL &&
           ((node->ai_family != AF_INET && node->ai_family != AF_INET6) ||
            (routed && !has_route(node))))
        node = node->ai_next;
    return node;
}

static struct fcgi_addresses *one(const struct ares_addrinfo_node *node)
{
    struct fcgi_addresses *addresses = fcgi_addresses_new(1);

    if (addresses == NULL)
        return NULL;
    memcpy(&addresses->list[0].addr, node->ai_addr, node->ai_addrlen);
    addresses->list[0].length = node->ai_addrlen;
    return addresses;
}

/* Two addresses of a family each are one machine: returns true, with what was
 * two members as one. */
static bool pair(struct fcgi_addresses **members, size_t n)
{
    struct fcgi_addresses *both;

    if (n != 2 || members[0]->list[0].addr.ss_family ==
                      members[1]->list[0].addr.ss_family)
        return false;
    both = fcgi_addresses_new(2);
    if (both == NULL)
        return false;
    for (size_t i = 0; i < 2; i++) {
        both->list[i] = members[i]->list[0];
        fcgi_addresses_unref(members[i]);
    }
    members[0] = both;
    return true;
}

/* The members of a name, at most `most`: returns how many there are. */
static size_t members_of(const struct ares_addrinfo_node *nodes, bool routed,
                         struct fcgi_addresses **members, size_t most)
{
    const struct ares_addrinfo_node *node = nodes;
    size_t n = 0;

    while (n < most && (node = next_of(node, routed)) != NULL) {
        members[n] = one(node);
        n += members[n] != NULL;
        node = node->ai_next;
    }
    return pair(members, n) ? 1 : n;
}

static void tell(const struct lookup *lookup, bool bad, const char *what,
                 const char *more)
{
    const struct fcgi_notice *notice = &lookup->resolver->notice;
    const struct fcgi_group *group = lookup->group;
    char line[512];

    if (notice->tell == NULL)
        return;
    snprintf(line, sizeof(line), "server \"%s\": %s %s%s", group->config->name,
             group->seats[0].where, what, more);
    notice->tell(notice->arg, bad, line);
}

/* It does not resolve: what was known before stays. */
static void miss(struct lookup *lookup, const char *why)
{
    struct fcgi_server *first = lookup->group->seats;

    if (lookup->resolved && fcgi_group_is_resolved(lookup->group))
        tell(lookup, true,
             "does not resolve any more, its last addresses are used: ", why);
    if (!fcgi_group_is_resolved(lookup->group))
        atomic_store(&first->unresolved, why);
    lookup->resolved = false;
    lookup->wait = RETRY_MS;
}

static void hit(struct lookup *lookup, struct fcgi_addresses **members,
                size_t n)
{
    bool had = fcgi_group_is_resolved(lookup->group);

    lookup->wait =
        fcgi_group_update(lookup->group, members, n, &lookup->resolver->notice)
            ? lookup->group->config->resolve_interval
            : AGAIN_MS;
    lookup->resolved = true;
    if (!had)
        tell(lookup, false, "resolves now", "");
}

static void found(void *arg, int status, int timeouts,
                  struct ares_addrinfo *result)
{
    struct fcgi_addresses *members[MOST_ADDRESSES];
    struct lookup *lookup = arg;
    size_t n = 0;

    (void)timeouts;
    lookup->under_way = false;
    if (status == ARES_EDESTRUCTION)
        return;
    lookup->done = true;
    if (status == ARES_SUCCESS) {
        n = members_of(result->nodes, true, members, MOST_ADDRESSES);
        if (n == 0)
            n = members_of(result->nodes, false, members, MOST_ADDRESSES);
        ares_freeaddrinfo(result);
    }
    if (n > 0)
        hit(lookup, members, n);
    else
        miss(lookup, status == ARES_SUCCESS ? "it has no address"
                                            : ares_strerror(status));
}

/* --- a lookup's life --------------------------------------------------- */

static void end_channel(struct lookup *lookup)
{
    if (lookup->has_channel)
        ares_destroy(lookup->channel);
    lookup->has_channel = false;
}

/* Waits for c-ares' next timeout; or, when the lookup is over, for the time of
 * the next one. */
static void go_on(struct lookup *lookup)
{
    struct fcgi_loop *loop = lookup->resolver->loop;
    uint64_t most = lookup->group->config->resolve_interval;
    uint64_t ms = lookup->wait < most ? lookup->wait : most;
    struct timeval wait;

    if (lookup->under_way && lookup->has_channel &&
        ares_timeout(lookup->channel, NULL, &wait) != NULL)
        ms = (uint64_t)wait.tv_sec * 1000 + (uint64_t)wait.tv_usec / 1000 + 1;
    else
        end_channel(lookup);
    fcgi_loop_set_timer(loop, &lookup->timer,
                        fcgi_loop_now(loop) + ms * FCGI_LOOP_MS);
}

static void socket_ready(struct fcgi_loop_io *io, uint32_t events)
{
    struct lookup *lookup =
        FCGI_LOOP_OWNER(io, struct lookup_socket, io)->lookup;
    bool broken = events & (EPOLLERR | EPOLLHUP);
    ares_socket_t fd = io->fd;

    ares_process_fd(lookup->channel,
                    broken || (events & EPOLLIN) ? fd : ARES_SOCKET_BAD,
                    events & EPOLLOUT ? fd : ARES_SOCKET_BAD);
    go_on(lookup);
}

static void begin(struct lookup *lookup)
{
    struct ares_options options = {.timeout = TIMEOUT_MS,
                                   .tries = TRIES,
                                   .sock_state_cb = socket_changed,
                                   .sock_state_cb_data = lookup};
    const struct ares_addrinfo_hints hints = {.ai_family = AF_UNSPEC,
                                              .ai_socktype = SOCK_STREAM,
                                              .ai_flags = ARES_AI_NUMERICSERV};
    const struct fcgi_endpoint *endpoint = &lookup->group->config->endpoint;
    char port[8];
    int status = ares_init_options(&lookup->channel, &options,
                                   ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES |
                                       ARES_OPT_SOCK_STATE_CB);

    if (status != ARES_SUCCESS) {
        lookup->done = true;
        miss(lookup, ares_strerror(status));
        return;
    }
    lookup->has_channel = lookup->under_way = true;
    snprintf(port, sizeof(port), "%u", endpoint->port);
    ares_getaddrinfo(lookup->channel, endpoint->host, port, &hints, found,
                     lookup);
}

static void timer_fired(struct fcgi_loop_timer *timer)
{
    struct lookup *lookup = FCGI_LOOP_OWNER(timer, struct lookup, timer);

    if (lookup->under_way)
        ares_process_fd(lookup->channel, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
    else
        begin(lookup);
    go_on(lookup);
}

static void init_lookup(struct fcgi_resolver *resolver,
                        struct fcgi_group *group)
{
    struct lookup *lookup = &resolver->lookups[resolver->n_lookups++];
    bool is_resolved = fcgi_group_is_resolved(group);
    uint64_t wait =
        is_resolved ? group->config->resolve_interval * FCGI_LOOP_MS : 0;

    lookup->resolver = resolver;
    lookup->group = group;
    lookup->resolved = is_resolved;
    lookup->timer.fired = timer_fired;
    for (size_t i = 0; i < MOST_SOCKETS; i++) {
        lookup->sockets[i].io.fd = -1;
        lookup->sockets[i].lookup = lookup;
    }
    fcgi_loop_set_timer(resolver->loop, &lookup->timer,
                        fcgi_loop_now(resolver->loop) + wait);
}

static bool is_name(const struct fcgi_group *group)
{
    return fcgi_endpoint_is_name(&group->config->endpoint);
}

struct fcgi_resolver *fcgi_resolver_new(struct fcgi_pool *pool,
                                        struct fcgi_loop *loop,
                                        const struct fcgi_notice *notice)
{
    struct fcgi_resolver *resolver;
    size_t n = 0;

    for (size_t i = 0; i < pool->n_groups; i++)
        n += is_name(&pool->groups[i]);
    errno = 0;
    if (n == 0)
        return NULL;
    if (ares_library_init(ARES_LIB_INIT_ALL) != ARES_SUCCESS) {
        errno = ENOMEM;
        return NULL;
    }
    resolver = calloc(1, sizeof(*resolver) + n * sizeof(resolver->lookups[0]));
    if (resolver == NULL) {
        ares_library_cleanup();
        errno = ENOMEM;
        return NULL;
    }
    resolver->loop = loop;
    resolver->notice = *notice;
    for (size_t i = 0; i < pool->n_groups; i++)
        if (is_name(&pool->groups[i]))
            init_lookup(resolver, &pool->groups[i]);
    return resolver;
}

void fcgi_resolver_free(struct fcgi_resolver *resolver)
{
    if (resolver == NULL)
        return;
    for (size_t i = 0; i < resolver->n_lookups; i++) {
        end_channel(&resolver->lookups[i]);
        fcgi_loop_stop_timer(resolver->loop, &resolver->lookups[i].timer);
    }
    free(resolver);
    ares_library_cleanup();
}

/* Whether a lookup has not come to its first end. */
static bool is_busy(const struct fcgi_resolver *resolver)
{
    for (size_t i = 0; i < resolver->n_lookups; i++) {
        const struct lookup *lookup = &resolver->lookups[i];

        if (!lookup->done)
            return true;
    }
    return false;
}

void fcgi_resolver_start(struct fcgi_pool *pool, unsigned ms)
{
    const struct fcgi_notice nobody = {NULL, NULL};
    struct fcgi_loop *loop = fcgi_loop_new();
    struct fcgi_resolver *resolver;
    uint64_t end;

    if (loop == NULL)
        return; /* the workers do it */
    resolver = fcgi_resolver_new(pool, loop, &nobody);
    end = fcgi_loop_now(loop) + ms * FCGI_LOOP_MS;
    while (resolver != NULL && is_busy(resolver) && fcgi_loop_now(loop) < end)
        fcgi_loop_wait(loop, 20);
    fcgi_resolver_free(resolver);
    fcgi_loop_free(loop);
}
