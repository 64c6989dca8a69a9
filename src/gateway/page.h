/* SPDX-License-Identifier: Apache-2.0
 *
 * The page that a client is shown for an error: the site's own, or a short one
 * of ours; and which errors of an application have theirs replaced.
 */
#ifndef FCGI_GATEWAY_PAGE_H
#define FCGI_GATEWAY_PAGE_H

#include "config/config.h"
#include "gateway/buffer.h"
#include "gateway/host.h"

/* What is known at a request's start of the pages that it may need. */
struct fcgi_page_source {
    bool json; /* the client prefers JSON */
    const char *(*file)(const void *arg, int status); /* see gateway/host.h */
    const void *arg;
};

struct fcgi_page {
    const char *type; /* of its content */
    struct fcgi_buffer content;
};

void fcgi_page_source_init(struct fcgi_page_source *source,
                           const struct fcgi_http_request *request);

/*
 * Makes the page for a status that fcgi_reason_phrase() knows or not: what RFC
 * 9457 has for a client that prefers JSON, else the site's file, else the
 * status and its phrase as HTML. The caller frees its content. Returns NULL, or
 * a static text: why the site's file could not be taken. Looks at the file
 * system; any thread.
 */
const char *fcgi_page_make(struct fcgi_page *page,
                           const struct fcgi_page_source *source, int status);

/* The path of the application's own page for a status (ErrorPage), perhaps with
 * a query; NULL where it has none. Any thread. */
const char *fcgi_page_uri(const struct fcgi_server_config *config, int status);

/* Whether the answer of an application with this status gets our page
 * (InterceptErrors). Any thread. */
bool fcgi_page_intercepts(const struct fcgi_page_source *source,
                          const struct fcgi_server_config *config, int status);

#endif
