/* SPDX-License-Identifier: Apache-2.0
 *
 * The answer to a request that asks how the servers are: a page for people
 * (status_page.h), a document in JSON, or the text that Prometheus reads.
 *
 *   ?json, ?prometheus   what they say
 *   Accept               the first that it names of text/html, application/json
 *                        and what Prometheus sends; without any, the page
 *
 * It is for this machine, and for those that StatusAllow names, who see the
 * servers that allow them. A request that a proxy of this machine has passed on
 * is not of this machine. Nothing that the client has sent is in the answer;
 * what others have is escaped. What an answer costs is bounded by the number of
 * servers.
 */
#ifndef FCGI_GATEWAY_STATUS_H
#define FCGI_GATEWAY_STATUS_H

#include "backend/snapshot.h"
#include "gateway/buffer.h"
#include "gateway/host.h"

/*
 * Makes the answer in `out`, and the header fields that belong to it in
 * `*fields` (static, each with CRLF). Returns 0, or the status to refuse the
 * request with, and then `*why` says why (static). `now` is the monotonic
 * clock's. Any thread.
 */
int fcgi_status_make(struct fcgi_pool *pool, uint64_t now,
                     const struct fcgi_http_request *request,
                     struct fcgi_buffer *out, const char **fields,
                     const char **why);

/* The parts: pure. */
void fcgi_status_json(struct fcgi_buffer *out,
                      const struct fcgi_snapshot *snapshot);
void fcgi_status_prometheus(struct fcgi_buffer *out,
                            const struct fcgi_snapshot *snapshot);

#endif
