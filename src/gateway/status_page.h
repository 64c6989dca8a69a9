/* SPDX-License-Identifier: Apache-2.0
 *
 * The status page for people: HTML with its style and its pictures inside. It
 * has no script and loads nothing; it is live by the browser's loading it
 * again. Pure.
 */
#ifndef FCGI_GATEWAY_STATUS_PAGE_H
#define FCGI_GATEWAY_STATUS_PAGE_H

#include <stdbool.h>

#include "backend/snapshot.h"
#include "gateway/buffer.h"

/* What a browser lets the page do: show itself, with the one style that has
 * this hash. t/e2e/status.t computes it anew. */
#define FCGI_STATUS_PAGE_POLICY                                        \
    "Content-Security-Policy: default-src 'none'; style-src "          \
    "'sha256-d/wCopO7me4sVIsoipvDOnCoJRjBqAMHtUcy/duCMck='; base-uri " \
    "'none'; form-action 'none'; frame-ancestors 'none'\r\n"

/* Adds the page. `live`: it is loaded again every few seconds. */
void fcgi_status_page_make(struct fcgi_buffer *out,
                           const struct fcgi_snapshot *snapshot, bool live);

/* A server's health in a word. */
const char *fcgi_status_page_health(const struct fcgi_snapshot_server *server);

#endif
