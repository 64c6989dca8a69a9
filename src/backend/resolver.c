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

#define TIMEOUT_MS 2000 /* for one answer of one name server */
#define TRIES 2
#define MOST_SOCKETS 16
/* A name that does not resolve is looked up more often. */
#define RETRY_MS 5000

struct lookup;

struct lookup_socket {
    struct fcgi_loop_io io;
    struct lookup *lookup;
};

struct lookup {
    struct fcgi_resolver *resolver;
    struct fcgi_server *server;
    struct fcgi_loop_timer timer; /* c-ares' timeout, or the next lookup */
    ares_channel channel;
    bool has_channel;
    bool under_way;
    bool done; /* once, at least */
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

/* The next address of a family, or of the others; NULL at the end. */
static const struct ares_addrinfo_node *
next_of(const struct ares_addrinfo_node *node, int family, bool same)
{
    while (node != NULL &&
           ((node->ai_family == family) != same ||
            (node->ai_family != AF_INET && node->ai_family != AF_INET6)))
        node = node->ai_next;
    return node;
}

/* The families in turn, the first address' one first. */
static struct fcgi_addresses *in_turn(const struct ares_addrinfo_node *nodes)
{
    const struct ares_addrinfo_node *next[2];
    struct fcgi_addresses *addresses;
    size_t n = 0, turn = 0;
    int family;

    for (const struct ares_addrinfo_node *node = nodes; node != NULL;
         node = node->ai_next)
        n++;
    addresses = n > 0 ? fcgi_addresses_new(n) : NULL;
    if (addresses == NULL)
        return NULL;
    family = nodes->ai_family;
    next[0] = next_of(nodes, family, true);
    next[1] = next_of(nodes, family, false);
    addresses->n = 0;
    for (; next[0] != NULL || next[1] != NULL; turn ^= 1) {
        const struct ares_addrinfo_node *node = next[turn];
        struct fcgi_address *address;

        if (node == NULL)
            continue;
        address = &addresses->list[addresses->n++];
        memcpy(&address->addr, node->ai_addr, node->ai_addrlen);
        address->length = node->ai_addrlen;
        next[turn] = next_of(node->ai_next, family, turn == 0);
    }
    if (addresses->n > 0)
        return addresses;
    fcgi_addresses_unref(addresses);
    return NULL;
}

static void tell(const struct lookup *lookup, bool bad, const char *what,
                 const char *more)
{
    const struct fcgi_notice *notice = &lookup->resolver->notice;
    const struct fcgi_server *server = lookup->server;
    char line[512];

    if (notice->tell == NULL)
        return;
    snprintf(line, sizeof(line), "server \"%s\": %s %s%s", server->config->name,
             server->where, what, more);
    notice->tell(notice->arg, bad, line);
}

static void publish(struct lookup *lookup, struct fcgi_addresses *addresses,
                    const char *why)
{
    struct fcgi_server *server = lookup->server;
    bool had = server->addresses != NULL; /* we alone write it */

    lookup->done = true;
    if (had && atomic_load(&server->unresolved) == NULL && addresses == NULL)
        tell(lookup, true,
             "does not resolve any more, its last addresses are "
             "used: ",
             why);
    else if (!had && addresses != NULL)
        tell(lookup, false, "resolves now", "");
    if (fcgi_server_set_addresses(server, addresses, why) && had &&
        addresses != NULL)
        tell(lookup, false, "has other addresses now", "");
}

static void found(void *arg, int status, int timeouts,
                  struct ares_addrinfo *result)
{
    struct lookup *lookup = arg;
    struct fcgi_addresses *addresses = NULL;
    const char *why = ares_strerror(status);

    (void)timeouts;
    lookup->under_way = false;
    if (status == ARES_EDESTRUCTION)
        return;
    if (status == ARES_SUCCESS) {
        addresses = in_turn(result->nodes);
        why = addresses != NULL ? NULL : "it has no address";
        ares_freeaddrinfo(result);
    }
    publish(lookup, addresses, why);
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
    const struct fcgi_server *server = lookup->server;
    struct fcgi_loop *loop = lookup->resolver->loop;
    uint64_t ms = server->config->resolve_interval;
    struct timeval wait;

    if (lookup->under_way && lookup->has_channel &&
        ares_timeout(lookup->channel, NULL, &wait) != NULL) {
        ms = (uint64_t)wait.tv_sec * 1000 + (uint64_t)wait.tv_usec / 1000 + 1;
    } else {
        end_channel(lookup);
        if (server->addresses == NULL && ms > RETRY_MS)
            ms = RETRY_MS;
    }
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
    const struct fcgi_endpoint *endpoint = &lookup->server->config->endpoint;
    char port[8];
    int status = ares_init_options(&lookup->channel, &options,
                                   ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES |
                                       ARES_OPT_SOCK_STATE_CB);

    if (status != ARES_SUCCESS) {
        publish(lookup, NULL, ares_strerror(status));
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
                        struct fcgi_server *server)
{
    struct lookup *lookup = &resolver->lookups[resolver->n_lookups++];
    uint64_t wait = server->addresses != NULL
                        ? server->config->resolve_interval * FCGI_LOOP_MS
                        : 0;

    lookup->resolver = resolver;
    lookup->server = server;
    lookup->timer.fired = timer_fired;
    for (size_t i = 0; i < MOST_SOCKETS; i++) {
        lookup->sockets[i].io.fd = -1;
        lookup->sockets[i].lookup = lookup;
    }
    fcgi_loop_set_timer(resolver->loop, &lookup->timer,
                        fcgi_loop_now(resolver->loop) + wait);
}

struct fcgi_resolver *fcgi_resolver_new(struct fcgi_pool *pool,
                                        struct fcgi_loop *loop,
                                        const struct fcgi_notice *notice)
{
    struct fcgi_resolver *resolver;
    size_t n = 0;

    for (size_t i = 0; i < pool->n_servers; i++)
        n += pool->servers[i].is_name;
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
    for (size_t i = 0; i < pool->n_servers; i++)
        if (pool->servers[i].is_name)
            init_lookup(resolver, &pool->servers[i]);
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
