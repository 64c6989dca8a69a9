/* SPDX-License-Identifier: Apache-2.0
 *
 * Where a FastCGI server listens, as socket addresses.
 */
#ifndef FCGI_BACKEND_ADDRESS_H
#define FCGI_BACKEND_ADDRESS_H

#include <stddef.h>
#include <sys/socket.h>

#include "config/config.h"

struct fcgi_address {
    struct sockaddr_storage addr;
    socklen_t length;
};

/* Room for an endpoint's text: "unix:" and a path, or "[host]:port". */
#define FCGI_ENDPOINT_TEXT 272

/*
 * The addresses of an endpoint, in the order in which to try them: one for a
 * path or a literal address, perhaps several for a name. Returns an array that
 * the caller frees, with its length in `*n`; or NULL, with a text in `*why`
 * (static) where the name does not resolve now. Looking a name up may block:
 * for start-up only.
 */
struct fcgi_address *fcgi_address_resolve(const struct fcgi_endpoint *endpoint,
                                          size_t *n, const char **why);

/* The endpoint as text for messages: unix:/run/a.sock, 10.0.0.1:9000 or
 * [::1]:9000. Returns `buf`. */
const char *fcgi_endpoint_text(const struct fcgi_endpoint *endpoint, char *buf,
                               size_t size);

#endif
