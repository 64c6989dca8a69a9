/* SPDX-License-Identifier: Apache-2.0
 *
 * The request that asks an application for the page of an error (ErrorPage), in
 * place of the one that has failed: once, so that there is no loop.
 *
 * All functions belong to the worker's thread.
 */
#ifndef FCGI_GATEWAY_PAGE_REQUEST_H
#define FCGI_GATEWAY_PAGE_REQUEST_H

#include "gateway/body.h"
#include "gateway/tail.h"
#include "gateway/upstream.h"

/* Zeroed memory is one that nobody wants. */
struct fcgi_page_request {
    int status; /* of the error; 0: no page is wanted */
    bool asked;
    const char *uri;
    struct fcgi_buffer params;
    struct fcgi_body body; /* which is empty */
};

/* Begins anew; the memory of `params` stays. */
void fcgi_page_request_init(struct fcgi_page_request *page);

/* Whether the application makes the page for a status, and was not asked for
 * one yet: it is to be asked then, by fcgi_page_request_start(). */
bool fcgi_page_request_want(struct fcgi_page_request *page,
                            const struct fcgi_server_config *config,
                            int status);

/* Whether that is still to be done. */
bool fcgi_page_request_is_due(const struct fcgi_page_request *page);

/*
 * Has `upstream` ask for the page, of which `body` and its params are those of
 * the failed request. What the application still does for that goes on by
 * itself, with a line of STDERR that has begun in `log`, or ends. Returns false
 * where memory is short; otherwise the outcome may be told before this returns.
 */
bool fcgi_page_request_start(struct fcgi_page_request *page,
                             struct fcgi_upstream *upstream,
                             struct fcgi_tail_list *tails,
                             struct fcgi_log *log);

#endif
