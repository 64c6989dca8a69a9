/* SPDX-License-Identifier: Apache-2.0
 *
 * One worker thread's gateway: its loop, its part of the pool of servers, and
 * its exchanges, those under way and spare ones. All functions belong to that
 * thread.
 */
#ifndef FCGI_GATEWAY_GATEWAY_H
#define FCGI_GATEWAY_GATEWAY_H

#include "backend/pool.h"
#include "gateway/exchange.h"
#include "gateway/host.h"
#include "gateway/path.h"
#include "loop/loop.h"

struct fcgi_gateway;

/* Makes a worker's gateway. `pool` and `host` must outlive it. Returns NULL
 * with errno. */
struct fcgi_gateway *fcgi_gateway_new(struct fcgi_pool *pool,
                                      const struct fcgi_host *host);

/* Ends what is under way without telling the host. NULL is fine. */
void fcgi_gateway_free(struct fcgi_gateway *gateway);

/* The loop that the host has to run when its descriptor is readable. */
struct fcgi_loop *fcgi_gateway_loop(struct fcgi_gateway *gateway);

/* Begins to serve a request: see fcgi_exchange_start(). Returns NULL where
 * memory is short. The exchange is the gateway's; what the host may do with it
 * is to abandon it, until its `done` is called. */
struct fcgi_exchange *fcgi_gateway_start(
    struct fcgi_gateway *gateway, void *handle, int fd,
    const struct fcgi_http_request *request, const struct fcgi_script *script,
    bool (*allows)(const void *arg, const struct fcgi_server *server),
    const void *arg);

#endif
