/* SPDX-License-Identifier: Apache-2.0
 *
 * The authorizers of a request (FastCGI 1.0, 6.3): each is asked in place of
 * who serves it, with the same variables but those of the script and the body,
 * and gets no body. Where it answers 200 the request goes on, to the next one
 * or to who serves it, with the `Variable-NAME` fields of that answer as
 * variables; nothing else of it is used. Any other answer is the client's. A
 * request that an authorizer has not let pass is never served, whatever has
 * failed.
 *
 *   due -> start -> asked -> allows -> accept -> (the next one is) due
 *                        \-> another answer, or a failure: the exchange's
 *
 * All functions belong to the worker's thread.
 */
#ifndef FCGI_GATEWAY_AUTHORIZER_H
#define FCGI_GATEWAY_AUTHORIZER_H

#include "gateway/block.h"
#include "gateway/body.h"
#include "gateway/log.h"
#include "gateway/reply.h"
#include "gateway/upstream.h"

/* Zeroed memory is one that was never begun. What it points to is the
 * exchange's. */
struct fcgi_authorizer {
    struct fcgi_authorizers all;
    struct fcgi_upstream *upstream;
    struct fcgi_reply *reply;
    struct fcgi_buffer *told; /* the params of the client's request */
    struct fcgi_log *log;
    unsigned passed; /* how many have let the request pass */
    bool asked;      /* the upstream's request is that to the next one */
    bool allowed;    /* which lets it pass, and may not have ended yet */
    bool close;      /* what the reply said before */
    struct fcgi_upstream_request request; /* what waits for it */
    struct fcgi_buffer params;            /* for it */
    struct fcgi_body body;                /* which is empty */
};

/* Begins anew; the memory of `params` stays. `all` may be NULL. */
void fcgi_authorizer_init(struct fcgi_authorizer *authorizer,
                          const struct fcgi_authorizers *all,
                          struct fcgi_upstream *upstream,
                          struct fcgi_reply *reply, struct fcgi_buffer *told,
                          struct fcgi_log *log);

/* Whether there is one that is still to be asked. */
bool fcgi_authorizer_is_due(const struct fcgi_authorizer *authorizer);

/*
 * Has the upstream, which is at nobody, ask the next one. `close`: an answer of
 * its is the last of the client's connection. Returns false where memory is
 * short; otherwise the outcome may be told before this returns.
 */
bool fcgi_authorizer_start(struct fcgi_authorizer *authorizer, bool close);

/* Whether a header block is the answer of one that lets the request pass. Then
 * `allowed` is set, and what else it sends is nobody's. */
bool fcgi_authorizer_allows(struct fcgi_authorizer *authorizer,
                            const struct fcgi_header *header);

/*
 * If it has, and has ended its request: adds the variables of its answer, which
 * is in `block`, to the client's, in place of others of these names, and gives
 * the upstream what waits, not started. Variables that it may not set are told
 * in the log. False where memory is short.
 */
bool fcgi_authorizer_accept(struct fcgi_authorizer *authorizer,
                            struct fcgi_block *block);

/* Its answer is dropped: the upstream's request is again what waited for it. No
 * authorizer is asked any more. */
void fcgi_authorizer_leave(struct fcgi_authorizer *authorizer);

#endif
