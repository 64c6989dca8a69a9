/* SPDX-License-Identifier: Apache-2.0
 *
 * c-ares in our loop. Each name has a lookup, with a channel of c-ares that
 * lives while it is under way: c-ares says which descriptors it has, and when
 * it wants to be called.
 */
#include "backend/resolver.h"

#include <ares.h>
#include <arpa/nameser.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "backend/dial.h"
#include "backend/service.h"

#define TIMEOUT_MS 2000 /* for one answer of one name server */
#define TRIES 2
#define MOST_SOCKETS 16
/* A name that does not resolve is looked up more often; so is one whose new
 * addresses wait for others to leave. */
#define RETRY_MS 5000
#define AGAIN_MS 1000
#define MOST_HOSTS FCGI_GROUP_SEATS
#define MOST_ADDRESSES 256
#define WEIGHT_PARTS 1024U /* a host's weight, for its addresses */

struct lookup;

struct lookup_socket {
    struct fcgi_loop_io io;
    struct lookup *lookup;
};

/* A host to be looked up: the name itself, or one of a service. */
struct host {
    struct fcgi_service service;
    struct lookup *lookup;
};

struct lookup {
    struct fcgi_resolver *resolver;
    struct fcgi_group *group;
    struct fcgi_loop_timer timer; /* c-ares' timeout, or the next lookup */
    ares_channel channel;
    bool has_channel;
    unsigned open;   /* questions; 0: it is not under way */
    const char *why; /* one of them has failed */
    bool broken;     /* not because there was nothing */
    uint32_t ttl;    /* the least one, in seconds */
    struct host hosts[MOST_HOSTS];
    struct fcgi_group_member members[MOST_ADDRESSES];
    size_t n_members;
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
 * nothing, but looks for a route. Where descriptors, memory or ports are short
 * nobody knows, and no server is left out for that. */
static bool has_route(const struct ares_addrinfo_node *node)
{
    int fd = socket(node->ai_family, SOCK_DGRAM | SOCK_CLOEXEC, 0), error;
    enum fcgi_syscall call = fd < 0 ? FCGI_CALL_SOCKET : FCGI_CALL_CONNECT;

    if (fd >= 0 && connect(fd, node->ai_addr, node->ai_addrlen) == 0) {
        close(fd);
        return true;
    }
    error = errno;
    if (fd >= 0)
        close(fd);
    return error == EAGAIN || fcgi_fault_of(call, error) == FCGI_FAULT_SHORTAGE;
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
static bool pair(struct fcgi_group_member *members, size_t n)
{
    struct fcgi_addresses *both;

    if (n != 2 || members[0].addresses->list[0].addr.ss_family ==
                      members[1].addresses->list[0].addr.ss_family)
        return false;
    both = fcgi_addresses_new(2);
    if (both == NULL)
        return false;
    for (size_t i = 0; i < 2; i++) {
        both->list[i] = members[i].addresses->list[0];
        fcgi_addresses_unref(members[i].addresses);
    }
    members[0].addresses = both;
    return true;
}

static void note_failure(struct lookup *lookup, int status)
{
    lookup->why = ares_strerror(status);
    if (status != ARES_ENOTFOUND && status != ARES_ENODATA)
        lookup->broken = true;
}

/* Adds the members of a host, which have its weight together. Returns how many
 * there are. */
static size_t add_members(struct lookup *lookup, const struct host *host,
                          const struct ares_addrinfo_node *nodes, bool routed)
{
    struct fcgi_group_member *members = &lookup->members[lookup->n_members];
    size_t n = 0, most = MOST_ADDRESSES - lookup->n_members;
    const struct ares_addrinfo_node *node = nodes;

    while (n < most && (node = next_of(node, routed)) != NULL) {
        members[n].addresses = one(node);
        members[n].priority = host->service.priority;
        if (members[n].addresses != NULL)
            n++;
        else
            note_failure(lookup, ARES_ENOMEM); /* what was known stays */
        node = node->ai_next;
    }
    if (pair(members, n))
        n = 1;
    for (size_t i = 0; i < n; i++)
        members[i].weight =
            (uint32_t)host->service.weight * WEIGHT_PARTS / (uint32_t)n;
    lookup->n_members += n;
    return n;
}

/* What the answer says of how long it holds; what is in /etc/hosts says 0. */
static void note_ttl(struct lookup *lookup, uint32_t ttl)
{
    if (ttl > 0 && ttl < lookup->ttl)
        lookup->ttl = ttl;
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

static void hit(struct lookup *lookup)
{
    bool had = fcgi_group_is_resolved(lookup->group);

    lookup->wait =
        fcgi_group_update(lookup->group, lookup->members, lookup->n_members,
                          &lookup->resolver->notice)
            ? (uint64_t)lookup->ttl * 1000
            : AGAIN_MS;
    lookup->n_members = 0;
    lookup->resolved = true;
    if (!had)
        tell(lookup, false, "resolves now", "");
}

static void forget_members(struct lookup *lookup)
{
    while (lookup->n_members > 0)
        fcgi_addresses_unref(lookup->members[--lookup->n_members].addresses);
}

/* One question less is open; after the last one it is known what comes of it
 * all. Where one host of a service could not be asked for, what was known
 * stays: a host that is known not to exist is left out. */
static void answered(struct lookup *lookup)
{
    if (--lookup->open > 0)
        return;
    lookup->done = true;
    if (lookup->n_members > 0 && !lookup->broken)
        hit(lookup);
    else
        miss(lookup, lookup->why != NULL ? lookup->why : "it has no address");
    forget_members(lookup);
}

static void found(void *arg, int status, int timeouts,
                  struct ares_addrinfo *result)
{
    struct host *host = arg;
    struct lookup *lookup = host->lookup;

    (void)timeouts;
    if (status == ARES_EDESTRUCTION)
        return;
    if (status == ARES_SUCCESS) {
        for (struct ares_addrinfo_cname *c = result->cnames; c; c = c->next)
            note_ttl(lookup, (uint32_t)c->ttl);
        for (struct ares_addrinfo_node *n = result->nodes; n; n = n->ai_next)
            note_ttl(lookup, (uint32_t)n->ai_ttl);
        if (add_members(lookup, host, result->nodes, true) == 0)
            add_members(lookup, host, result->nodes, false);
        ares_freeaddrinfo(result);
    } else {
        note_failure(lookup, status);
    }
    answered(lookup);
}

static void ask(struct host *host)
{
    const struct ares_addrinfo_hints hints = {.ai_family = AF_UNSPEC,
                                              .ai_socktype = SOCK_STREAM,
                                              .ai_flags = ARES_AI_NUMERICSERV};
    char port[8];

    snprintf(port, sizeof(port), "%u", host->service.port);
    host->lookup->open++;
    ares_getaddrinfo(host->lookup->channel, host->service.host, port, &hints,
                     found, host);
}

static void found_service(void *arg, int status, int timeouts,
                          unsigned char *message, int length)
{
    struct fcgi_service services[MOST_HOSTS];
    struct lookup *lookup = arg;
    uint32_t ttl;
    size_t n = 0;

    (void)timeouts;
    if (status == ARES_EDESTRUCTION)
        return;
    if (status == ARES_SUCCESS) {
        n = fcgi_service_parse(message, (size_t)length, services, MOST_HOSTS,
                               &ttl);
        note_ttl(lookup, ttl);
        if (n == 0)
            lookup->why = "it has no SRV record with a host";
    } else {
        note_failure(lookup, status);
    }
    for (size_t i = 0; i < n; i++) {
        lookup->hosts[i].service = services[i];
        ask(&lookup->hosts[i]);
    }
    answered(lookup);
}

/* --- a lookup's life --------------------------------------------------- */

static void end_channel(struct lookup *lookup)
{
    if (lookup->has_channel)
        ares_destroy(lookup->channel);
    lookup->has_channel = false;
    lookup->open = 0;
    forget_members(lookup);
}

/* Waits for c-ares' next timeout; or, when the lookup is over, for the time of
 * the next one. */
static void go_on(struct lookup *lookup)
{
    struct fcgi_loop *loop = lookup->resolver->loop;
    uint64_t most = lookup->group->config->resolve_interval;
    uint64_t ms = lookup->wait < most ? lookup->wait : most;
    struct timeval wait;

    if (lookup->open > 0 && lookup->has_channel &&
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
    const struct fcgi_endpoint *endpoint = &lookup->group->config->endpoint;
    struct host *first = &lookup->hosts[0];
    int status = ares_init_options(&lookup->channel, &options,
                                   ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES |
                                       ARES_OPT_SOCK_STATE_CB);

    if (status != ARES_SUCCESS) {
        lookup->done = true;
        miss(lookup, ares_strerror(status));
        return;
    }
    lookup->has_channel = true;
    lookup->broken = false;
    lookup->why = NULL;
    lookup->ttl = UINT32_MAX;
    if (fcgi_endpoint_is_service(endpoint)) {
        lookup->open = 1;
        ares_search(lookup->channel, endpoint->host, C_IN, T_SRV, found_service,
                    lookup);
    } else {
        first->service = (struct fcgi_service){.port = endpoint->port};
        snprintf(first->service.host, sizeof(first->service.host), "%s",
                 endpoint->host);
        ask(first);
    }
}

static void timer_fired(struct fcgi_loop_timer *timer)
{
    struct lookup *lookup = FCGI_LOOP_OWNER(timer, struct lookup, timer);

    if (lookup->open > 0)
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
    uint64_t wait = is_resolved ? AGAIN_MS * FCGI_LOOP_MS : 0;

    lookup->resolver = resolver;
    lookup->group = group;
    lookup->resolved = is_resolved;
    for (size_t i = 0; i < MOST_HOSTS; i++)
        lookup->hosts[i].lookup = lookup;
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
