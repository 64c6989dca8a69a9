/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/origin.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stddef.h>
#include <string.h>

#include "http/forwarded.h"

/* What fields of one kind tell. */
struct told {
    bool any; /* there is one of these fields */
    bool has_client;
    struct sockaddr_storage client;
    enum fcgi_http_scheme scheme;
    unsigned port; /* that was asked for; 0: not told */
};

/* The elements of all fields of a name, from the last one on. */
struct list {
    const struct fcgi_http_request *request;
    const char *name;
    size_t left;           /* fields that were not looked at */
    struct fcgi_text rest; /* of the one that was looked at last */
};

static struct list list_of(const struct fcgi_http_request *request,
                           const char *name)
{
    return (struct list){request, name, request->n_fields, {NULL, 0}};
}

static bool previous(struct list *list, struct fcgi_text *element)
{
    while (!fcgi_http_forwarded_last(&list->rest, element)) {
        const struct fcgi_http_field *field;

        if (list->left == 0)
            return false;
        field = &list->request->fields[--list->left];
        if (fcgi_http_text_is(field->name, list->name))
            list->rest = field->value;
    }
    return true;
}

/* The client of a walk so far, the peer itself at its start. */
static bool goes_on(const struct told *told, struct sockaddr_storage *client,
                    const struct fcgi_networks *trusted)
{
    if (told->has_client)
        *client = told->client;
    return fcgi_networks_have(trusted, client);
}

static void read_forwarded(const struct fcgi_http_request *request,
                           const struct fcgi_networks *trusted,
                           struct told *told)
{
    struct list list = list_of(request, "forwarded");
    struct sockaddr_storage client = request->peer;
    struct fcgi_text element;
    struct fcgi_http_hop hop;

    while (goes_on(told, &client, trusted) && previous(&list, &element)) {
        told->any = true;
        if (!fcgi_http_forwarded_read(element, &hop))
            return;
        if (hop.scheme != FCGI_HTTP_UNTOLD) {
            told->scheme = hop.scheme;
            told->port = hop.port;
        }
        if (!hop.has_node)
            return;
        told->has_client = true;
        told->client = hop.node;
    }
}

/* What the farthest of `hops` proxies has told in a field that each of them
 * adds to, replaces, or passes on. */
static struct fcgi_text farthest(const struct fcgi_http_request *request,
                                 const char *name, size_t hops,
                                 struct told *told)
{
    struct list list = list_of(request, name);
    struct fcgi_text value = {NULL, 0};

    for (size_t i = 0; i < hops && previous(&list, &value); i++)
        told->any = true;
    return value;
}

static void read_x_forwarded(const struct fcgi_http_request *request,
                             const struct fcgi_networks *trusted,
                             struct told *told)
{
    struct list list = list_of(request, "x-forwarded-for");
    struct sockaddr_storage client = request->peer;
    struct fcgi_text element;
    size_t hops = 0;

    while (goes_on(told, &client, trusted) && previous(&list, &element)) {
        told->any = true;
        hops++;
        if (!fcgi_http_forwarded_node(element, &client))
            break;
        told->has_client = true;
        told->client = client;
    }
    hops += hops == 0; /* the peer, which has told no client */
    told->scheme = fcgi_http_forwarded_scheme(
        farthest(request, "x-forwarded-proto", hops, told));
    told->port = fcgi_http_forwarded_port(
        farthest(request, "x-forwarded-port", hops, told));
}

/* --- both ---------------------------------------------------------------- */

static bool is_same(const struct sockaddr_storage *a,
                    const struct sockaddr_storage *b)
{
    uint8_t one[16], other[16];

    return fcgi_network_address(a, one) && fcgi_network_address(b, other) &&
           memcmp(one, other, sizeof(one)) == 0;
}

/* Adds what the other kind tells. */
static const char *merge(struct told *told, const struct told *other)
{
    if (told->has_client && other->has_client &&
        !is_same(&told->client, &other->client))
        return "Forwarded and X-Forwarded-For name different clients; have the "
               "proxy remove the one that it does not set itself";
    if (told->scheme != other->scheme && told->scheme != FCGI_HTTP_UNTOLD &&
        other->scheme != FCGI_HTTP_UNTOLD)
        return "Forwarded and X-Forwarded-Proto name different schemes; have "
               "the proxy remove the one that it does not set itself";
    if (!told->has_client) {
        told->has_client = other->has_client;
        told->client = other->client;
    }
    if (told->scheme != other->scheme)
        told->scheme = FCGI_HTTP_UNTOLD;
    if (told->port != other->port)
        told->port = 0;
    return NULL;
}

_Static_assert(offsetof(struct sockaddr_in, sin_port) ==
                   offsetof(struct sockaddr_in6, sin6_port),
               "the port is elsewhere");

static void set_port(struct sockaddr_storage *address, unsigned port)
{
    const in_port_t value = htons((in_port_t)port);

    if (address->ss_family == AF_INET || address->ss_family == AF_INET6)
        memcpy((char *)address + offsetof(struct sockaddr_in, sin_port), &value,
               sizeof(value));
}

static void apply(const struct told *told, struct fcgi_http_request *request)
{
    unsigned port = told->port;

    if (told->has_client)
        request->peer = told->client;
    if (told->scheme != FCGI_HTTP_UNTOLD) {
        request->tls = told->scheme == FCGI_HTTP_TLS;
        if (port == 0)
            port = request->tls ? 443 : 80;
    }
    if (port != 0)
        set_port(&request->local, port);
}

const char *fcgi_origin_find(struct fcgi_http_request *request,
                             const struct fcgi_networks *trusted)
{
    struct told forwarded, told;
    const char *why = NULL;

    if (!fcgi_networks_have(trusted, &request->peer))
        return NULL;
    memset(&forwarded, 0, sizeof(forwarded));
    memset(&told, 0, sizeof(told));
    read_forwarded(request, trusted, &forwarded);
    read_x_forwarded(request, trusted, &told);
    if (told.any && forwarded.any)
        why = merge(&told, &forwarded);
    else if (forwarded.any)
        told = forwarded;
    if (why == NULL)
        apply(&told, request);
    return why;
}
