/* SPDX-License-Identifier: Apache-2.0
 *
 * One client request married to one request to an application. An exchange
 * owns everything that belongs to it (the connection to the application, the
 * watch over the client's descriptor, buffers, timers) from its start until
 * the host is told that it is done, which happens once, whatever ended it.
 *
 * A gateway holds what the exchanges of one worker thread share. All functions
 * belong to that thread.
 */
#ifndef FCGI_GATEWAY_EXCHANGE_H
#define FCGI_GATEWAY_EXCHANGE_H

#include "backend/pool.h"
#include "gateway/host.h"
#include "gateway/path.h"
#include "loop/loop.h"

struct fcgi_gateway;
struct fcgi_exchange;

/* Makes a worker's gateway. `pool` and `host` must outlive it. Returns NULL
 * with errno. */
struct fcgi_gateway *fcgi_gateway_new(struct fcgi_pool *pool,
                                      const struct fcgi_host *host);

/* Ends what is under way without telling the host. NULL is fine. */
void fcgi_gateway_free(struct fcgi_gateway *gateway);

/* The loop that the host has to run when its descriptor is readable. */
struct fcgi_loop *fcgi_gateway_loop(struct fcgi_gateway *gateway);

/*
 * Begins to serve a request whose client's descriptor is `fd`, from now on
 * written by this exchange alone. `script` is what fcgi_path_split() found. The
 * servers that `allows` admits are tried, NULL admits all (see
 * fcgi_pool_route). Returns NULL where memory is short: the client is the
 * host's still. Otherwise the host's `done` is called in the end, never from
 * inside this function.
 */
struct fcgi_exchange *fcgi_exchange_start(
    struct fcgi_gateway *gateway, void *client, int fd,
    const struct fcgi_http_request *request, const struct fcgi_script *script,
    bool (*allows)(const void *arg, const struct fcgi_server *server),
    const void *arg);

/* The client is gone and its descriptor is no longer ours: ends the exchange
 * without telling the host. */
void fcgi_exchange_abandon(struct fcgi_exchange *exchange);

#endif
