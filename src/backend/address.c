/* SPDX-License-Identifier: Apache-2.0
 *
 * Socket addresses out of what the configuration says.
 */
#include "backend/address.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>

struct fcgi_addresses *fcgi_addresses_new(size_t n)
{
    struct fcgi_addresses *addresses =
        calloc(1, sizeof(*addresses) + n * sizeof(addresses->list[0]));

    if (addresses == NULL)
        return NULL;
    atomic_init(&addresses->refs, 1);
    addresses->n = n;
    return addresses;
}

struct fcgi_addresses *fcgi_addresses_ref(struct fcgi_addresses *addresses)
{
    if (addresses != NULL)
        atomic_fetch_add_explicit(&addresses->refs, 1, memory_order_relaxed);
    return addresses;
}

void fcgi_addresses_unref(struct fcgi_addresses *addresses)
{
    if (addresses != NULL &&
        atomic_fetch_sub_explicit(&addresses->refs, 1, memory_order_acq_rel) ==
            1)
        free(addresses);
}

bool fcgi_addresses_equal(const struct fcgi_addresses *a,
                          const struct fcgi_addresses *b)
{
    if (a == NULL || b == NULL || a->n != b->n)
        return a == b;
    for (size_t i = 0; i < a->n; i++)
        if (a->list[i].length != b->list[i].length ||
            memcmp(&a->list[i].addr, &b->list[i].addr, a->list[i].length) != 0)
            return false;
    return true;
}

static void set_unix(const struct fcgi_endpoint *endpoint,
                     struct fcgi_address *address)
{
    struct sockaddr_un un = {.sun_family = AF_UNIX};

    /* The configuration refuses a path that does not fit. */
    memcpy(un.sun_path, endpoint->path,
           strnlen(endpoint->path, sizeof(un.sun_path) - 1));
    memcpy(&address->addr, &un, sizeof(un));
    address->length = sizeof(un);
}

struct fcgi_addresses *
fcgi_address_literal(const struct fcgi_endpoint *endpoint)
{
    const struct addrinfo hints = {.ai_family = AF_UNSPEC,
                                   .ai_socktype = SOCK_STREAM,
                                   .ai_flags = AI_NUMERICSERV | AI_NUMERICHOST};
    struct addrinfo *found = NULL;
    struct fcgi_addresses *addresses = NULL;
    char port[8];

    errno = 0;
    if (fcgi_endpoint_is_name(endpoint))
        return NULL;
    snprintf(port, sizeof(port), "%u", endpoint->port);
    if (endpoint->kind == FCGI_ENDPOINT_TCP &&
        getaddrinfo(endpoint->host, port, &hints, &found) != 0) {
        errno = 0;
        return NULL;
    }
    addresses = fcgi_addresses_new(1);
    if (addresses == NULL)
        goto out;
    if (endpoint->kind == FCGI_ENDPOINT_UNIX) {
        set_unix(endpoint, &addresses->list[0]);
    } else {
        memcpy(&addresses->list[0].addr, found->ai_addr, found->ai_addrlen);
        addresses->list[0].length = found->ai_addrlen;
    }
out:
    if (found != NULL)
        freeaddrinfo(found);
    if (addresses == NULL)
        errno = ENOMEM;
    return addresses;
}

struct fcgi_address *fcgi_address_resolve(const struct fcgi_endpoint *endpoint,
                                          size_t *n, const char **why)
{
    const struct addrinfo hints = {.ai_family = AF_UNSPEC,
                                   .ai_socktype = SOCK_STREAM,
                                   .ai_flags = AI_NUMERICSERV};
    struct addrinfo *found = NULL, *ai;
    struct fcgi_address *addresses = NULL;
    char port[8];
    size_t count = 0;
    int error;

    *why = "out of memory";
    *n = 0;
    if (endpoint->kind == FCGI_ENDPOINT_UNIX) {
        addresses = calloc(1, sizeof(*addresses));
        if (addresses != NULL) {
            set_unix(endpoint, addresses);
            *n = 1;
        }
        return addresses;
    }
    snprintf(port, sizeof(port), "%u", endpoint->port);
    error = getaddrinfo(endpoint->host, port, &hints, &found);
    if (error != 0) {
        *why = gai_strerror(error);
        return NULL;
    }
    for (ai = found; ai != NULL; ai = ai->ai_next)
        count++;
    addresses = calloc(count, sizeof(*addresses));
    if (addresses == NULL)
        goto out;
    for (ai = found; ai != NULL; ai = ai->ai_next, ++*n) {
        memcpy(&addresses[*n].addr, ai->ai_addr, ai->ai_addrlen);
        addresses[*n].length = ai->ai_addrlen;
    }
out:
    freeaddrinfo(found);
    return addresses;
}

void fcgi_address_endpoint(const struct fcgi_address *address,
                           struct fcgi_endpoint *endpoint)
{
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;

    *endpoint = (struct fcgi_endpoint){.kind = FCGI_ENDPOINT_TCP};
    if (address->addr.ss_family == AF_INET) {
        memcpy(&v4, &address->addr, sizeof(v4));
        inet_ntop(AF_INET, &v4.sin_addr, endpoint->host,
                  sizeof(endpoint->host));
        endpoint->port = ntohs(v4.sin_port);
    } else {
        memcpy(&v6, &address->addr, sizeof(v6));
        inet_ntop(AF_INET6, &v6.sin6_addr, endpoint->host,
                  sizeof(endpoint->host));
        endpoint->port = ntohs(v6.sin6_port);
    }
}

const char *fcgi_endpoint_text(const struct fcgi_endpoint *endpoint, char *buf,
                               size_t size)
{
    if (endpoint->kind == FCGI_ENDPOINT_UNIX)
        snprintf(buf, size, "unix:%s", endpoint->path);
    else if (fcgi_endpoint_is_service(endpoint))
        snprintf(buf, size, "%s", endpoint->host);
    else if (strchr(endpoint->host, ':') != NULL)
        snprintf(buf, size, "[%s]:%u", endpoint->host, endpoint->port);
    else
        snprintf(buf, size, "%s:%u", endpoint->host, endpoint->port);
    return buf;
}
