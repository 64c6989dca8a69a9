/* SPDX-License-Identifier: Apache-2.0
 *
 * An HTTP request as CGI/1.1 meta-variables (RFC 3875, section 4.1), encoded
 * as FastCGI name-value pairs.
 */
#ifndef FCGI_GATEWAY_PARAMS_H
#define FCGI_GATEWAY_PARAMS_H

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

#endif
