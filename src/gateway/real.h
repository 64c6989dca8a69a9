/* SPDX-License-Identifier: Apache-2.0
 *
 * The names that the document root and the script have without links.
 */
#ifndef FCGI_GATEWAY_REAL_H
#define FCGI_GATEWAY_REAL_H

#include <limits.h>

#include "config/config.h"
#include "gateway/buffer.h"
#include "gateway/host.h"
#include "gateway/path.h"

/* Memory of the names. */
struct fcgi_real {
    char root[PATH_MAX], file[PATH_MAX];
};

/*
 * Puts the real names into the request's document root and the script's file.
 * The root's links are followed once, and the script is looked for in the
 * folder that they lead to: so both are of the same one, whenever somebody
 * switches a link. A name that cannot be followed, as there is no such file,
 * stays as it is below that root. Looks at the file system; any thread.
 */
void fcgi_real_find(struct fcgi_real *real, struct fcgi_http_request *request,
                    struct fcgi_script *script);

/* Makes the params of a request as fcgi_params_build() does, with the real
 * names where the server's RealPath wants them. False where memory is short. */
bool fcgi_real_params(struct fcgi_buffer *out,
                      const struct fcgi_http_request *request,
                      const struct fcgi_script *script,
                      const struct fcgi_server_config *config,
                      const char *software);

#endif
