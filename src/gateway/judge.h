/* SPDX-License-Identifier: Apache-2.0
 *
 * What becomes of a request, as far as that is known before anybody is asked.
 * Any thread.
 */
#ifndef FCGI_GATEWAY_JUDGE_H
#define FCGI_GATEWAY_JUDGE_H

#include "backend/pool.h"
#include "gateway/buffer.h"
#include "gateway/host.h"
#include "gateway/path.h"
#include "gateway/sendfile.h"

/* An application serves it where nothing is set. */
struct fcgi_judgement {
    int status;      /* that it is refused with, or 0 */
    const char *why; /* static text */
    const char
        *page_fields; /* it is answered by a page of our own: its fields */
    struct fcgi_sendfile_site site; /* or by a file */
};

/* The keys that hold for a request before a server is chosen: those of the
 * first server that it may go to, or where there is none, of its first
 * authorizer. */
const struct fcgi_server_config *fcgi_judge_config(
    const struct fcgi_pool *pool, const struct fcgi_authorizers *authorizers,
    bool (*allows)(const void *arg, const struct fcgi_server *server),
    const void *arg);

/*
 * Puts the true client into a request (origin.h), and judges it. `script` is
 * what the host has found, `config` of fcgi_judge_config(); `now` is the
 * monotonic clock's. A page of our own is made in `own`.
 */
void fcgi_judge(struct fcgi_judgement *judgement,
                struct fcgi_http_request *request,
                const struct fcgi_script *script,
                const struct fcgi_server_config *config, struct fcgi_pool *pool,
                uint64_t now, struct fcgi_buffer *own);

/* Whether an authorizer is asked before the request is refused: who may not see
 * what there is is not told what there is not. What is refused with another
 * status is not understood, or cannot be served whoever asks. */
bool fcgi_judge_is_authorized_first(const struct fcgi_judgement *judgement);

#endif
