/* SPDX-License-Identifier: Apache-2.0
 *
 * An HTTP request as CGI/1.1 meta-variables (RFC 3875, section 4.1), encoded
 * as FastCGI name-value pairs.
 */
#ifndef FCGI_GATEWAY_PARAMS_H
#define FCGI_GATEWAY_PARAMS_H

#include "config/config.h"
#include "gateway/buffer.h"
#include "gateway/host.h"
#include "gateway/path.h"

/*
 * Adds all variables of a request to `out`; `software` becomes
 * SERVER_SOFTWARE. Returns 0, or -1 where memory is short or a value is longer
 * than FastCGI can tell. Any thread.
 */
int fcgi_params_build(struct fcgi_buffer *out,
                      const struct fcgi_http_request *request,
                      const struct fcgi_script *script, const char *software);

/* Adds CONTENT_LENGTH, where it was not known when the rest was built. Memory
 * may be short: see out->failed. */
void fcgi_params_add_length(struct fcgi_buffer *out, uint64_t length);

/* Whether a server is told just what fcgi_params_build() makes. */
bool fcgi_params_are_plain(const struct fcgi_server_config *config);

/*
 * Adds to `out` what a server is told instead of `plain`: its DocumentRoot,
 * its Params, and nothing of what its keys hide. Returns 0, or -1 where memory
 * is short. Any thread.
 */
int fcgi_params_adapt(struct fcgi_buffer *out, const struct fcgi_buffer *plain,
                      const struct fcgi_server_config *config);

/*
 * Adds to `out` what asks for the page of an error at `uri`, a path below the
 * document root with a query or without one, instead of `params`: as a GET, or
 * HEAD, without a body; with the request that has failed in REDIRECT_URL,
 * REDIRECT_QUERY_STRING and REDIRECT_REQUEST_METHOD, and the error's status in
 * REDIRECT_STATUS. REQUEST_URI and the fields stay. Returns 0, or -1 where
 * memory is short. Any thread.
 */
int fcgi_params_redirect(struct fcgi_buffer *out,
                         const struct fcgi_buffer *params, const char *uri,
                         int status);

/*
 * Adds to `out` all of `params` but what `drops` says; and one variable. Memory
 * may be short: see out->failed.
 */
void fcgi_params_copy(struct fcgi_buffer *out, const struct fcgi_buffer *params,
                      bool (*drops)(const void *arg, struct fcgi_text name),
                      const void *arg);
void fcgi_params_add(struct fcgi_buffer *out, struct fcgi_text name,
                     struct fcgi_text value);

/* The value of a variable; absent where there is none. */
struct fcgi_text fcgi_params_find(const struct fcgi_buffer *params,
                                  const char *name);

#endif
