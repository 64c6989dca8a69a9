/* SPDX-License-Identifier: Apache-2.0
 *
 * Socket addresses out of what the configuration says.
 */
#include "backend/address.h"

#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>

static struct fcgi_address *unix_address(const struct fcgi_endpoint *endpoint)
{
    struct fcgi_address *address = calloc(1, sizeof(*address));
    struct sockaddr_un un = {.sun_family = AF_UNIX};

    if (address == NULL)
        return NULL;
    /* The configuration refuses a path that does not fit. */
    memcpy(un.sun_path, endpoint->path,
           strnlen(endpoint->path, sizeof(un.sun_path) - 1));
    memcpy(&address->addr, &un, sizeof(un));
    address->length = sizeof(un);
    return address;
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
        addresses = unix_address(endpoint);
        *n = addresses != NULL;
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

const char *fcgi_endpoint_text(const struct fcgi_endpoint *endpoint, char *buf,
                               size_t size)
{
    if (endpoint->kind == FCGI_ENDPOINT_UNIX)
        snprintf(buf, size, "unix:%s", endpoint->path);
    else if (strchr(endpoint->host, ':') != NULL)
        snprintf(buf, size, "[%s]:%u", endpoint->host, endpoint->port);
    else
        snprintf(buf, size, "%s:%u", endpoint->host, endpoint->port);
    return buf;
}
