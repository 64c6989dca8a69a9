/* SPDX-License-Identifier: Apache-2.0
 *
 * Where a FastCGI server listens, as socket addresses.
 *
 * A list of addresses never changes: when a name is looked up again, a new
 * list takes the place of the old one, which lives as long as somebody
 * connects by it. That is what its count of references is for.
 */
#ifndef FCGI_BACKEND_ADDRESS_H
#define FCGI_BACKEND_ADDRESS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>

#include "config/config.h"

struct fcgi_address {
    struct sockaddr_storage addr;
    socklen_t length;
};

/* In the order in which to try them; at least one. */
struct fcgi_addresses {
    atomic_uint refs;
    size_t n;
    struct fcgi_address list[];
};

/* Room for an endpoint's text: "unix:" and a path, or "[host]:port". */
#define FCGI_ENDPOINT_TEXT 272

/* A list of `n` addresses, all zero, with one reference: the caller's. NULL
 * where memory is short. */
struct fcgi_addresses *fcgi_addresses_new(size_t n);

/* One reference more, and one less: the last one frees the list. Any thread;
 * NULL is fine. */
struct fcgi_addresses *fcgi_addresses_ref(struct fcgi_addresses *addresses);
void fcgi_addresses_unref(struct fcgi_addresses *addresses);

/* Whether two lists hold the same addresses in the same order. */
bool fcgi_addresses_equal(const struct fcgi_addresses *a,
                          const struct fcgi_addresses *b);

/*
 * The address of an endpoint that needs no name service: a path, or a literal
 * address. NULL with errno 0 where the endpoint is a name, with ENOMEM where
 * memory is short.
 */
struct fcgi_addresses *
fcgi_address_literal(const struct fcgi_endpoint *endpoint);

/*
 * The addresses of any endpoint, in the order in which to try them. Returns an
 * array that the caller frees, with its length in `*n`; or NULL, with a text
 * in `*why` (static) where the name does not resolve now. Looking a name up
 * blocks: for tools, not for workers (see resolver.h).
 */
struct fcgi_address *fcgi_address_resolve(const struct fcgi_endpoint *endpoint,
                                          size_t *n, const char **why);

/* The endpoint of an IPv4 or IPv6 address. */
void fcgi_address_endpoint(const struct fcgi_address *address,
                           struct fcgi_endpoint *endpoint);

/* The endpoint as text for messages: unix:/run/a.sock, 10.0.0.1:9000 or
 * [::1]:9000. Returns `buf`. */
const char *fcgi_endpoint_text(const struct fcgi_endpoint *endpoint, char *buf,
                               size_t size);

#endif
