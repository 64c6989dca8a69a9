/* SPDX-License-Identifier: Apache-2.0
 *
 * AccessLog: one line for each request, when it is over. Each worker has files
 * of its own open, to which it appends, one write a line; so no worker waits
 * for another. What cannot be written at once is lost, and told once in the
 * host's log: no request waits for its line. A file that was renamed or removed
 * is made anew within a second.
 *
 * What a client has sent is quoted, so that a line is a line.
 */
#ifndef FCGI_GATEWAY_ACCESS_H
#define FCGI_GATEWAY_ACCESS_H

#include "backend/pool.h"
#include "gateway/buffer.h"
#include "gateway/host.h"
#include "gateway/reply.h"
#include "gateway/upstream.h"

/* Longer texts of a client are cut, with "..." behind them. */
#define FCGI_ACCESS_TEXT 2048

struct fcgi_access;

struct fcgi_access_record {
    const struct fcgi_buffer *params; /* as fcgi_params_build() makes them */
    const struct fcgi_server_config *server; /* whose AccessLog it is */
    bool asked; /* it was sent the request; else nobody was */
    int status; /* 0: the client went away before it had one */
    uint64_t body_bytes;
    /* From the request's head to its end, to its being sent, and from that to
     * the end of the application's answer; in ns. */
    uint64_t total, waiting, application;
};

/* What a worker writes for the servers of a pool, which must outlive it. Opens
 * nothing yet. NULL where memory is short. */
struct fcgi_access *fcgi_access_new(const struct fcgi_pool *pool,
                                    const struct fcgi_host *host);
void fcgi_access_free(struct fcgi_access *access);

/* Writes a request's line, if its server has an AccessLog. `now` is the
 * monotonic clock's (ns). */
void fcgi_access_write(struct fcgi_access *access,
                       const struct fcgi_access_record *record, uint64_t now);

/* Likewise, of a request with these params, which began then (ns), as
 * `upstream` and `reply` have it, and which ends now. */
void fcgi_access_tell(struct fcgi_access *access,
                      const struct fcgi_buffer *params,
                      const struct fcgi_upstream *upstream,
                      const struct fcgi_reply *reply, uint64_t started);

/* Adds the line, with its newline. */
void fcgi_access_format(struct fcgi_buffer *out,
                        const struct fcgi_access_record *record, time_t when);

#endif
