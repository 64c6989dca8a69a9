/* SPDX-License-Identifier: Apache-2.0
 *
 * Names looked up beside the event loop: getaddrinfo(3) blocks, for many
 * seconds where a name server is silent, and one target must not delay
 * another. Each lookup has a thread of its own; literal addresses and paths
 * need none.
 */
#ifndef FCGI_PROBE_RESOLVE_H
#define FCGI_PROBE_RESOLVE_H

#include <stdbool.h>

#include "backend/address.h"

struct fcgi_resolve;

/* Begins a lookup; NULL, with errno, where no thread is to be had. */
struct fcgi_resolve *fcgi_resolve_start(const struct fcgi_endpoint *endpoint);

/* Becomes readable when the lookup is done. */
int fcgi_resolve_fd(const struct fcgi_resolve *resolve);

/* The outcome, as of fcgi_address_resolve(); the array is the caller's. Ends
 * the lookup, which must be done. */
struct fcgi_address *fcgi_resolve_take(struct fcgi_resolve *resolve, size_t *n,
                                       const char **why);

/* Ends a lookup that may still be under way; its thread tidies up alone. NULL
 * is fine. */
void fcgi_resolve_cancel(struct fcgi_resolve *resolve);

#endif
