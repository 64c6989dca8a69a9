/* SPDX-License-Identifier: Apache-2.0
 *
 * Which script a path stands for, and what is left of the path for it
 * (RFC 3875, sections 4.1.5 and 4.1.13).
 */
#ifndef FCGI_GATEWAY_PATH_H
#define FCGI_GATEWAY_PATH_H

#include "gateway/host.h"

struct fcgi_script {
    struct fcgi_text name;     /* SCRIPT_NAME */
    struct fcgi_text filename; /* SCRIPT_FILENAME */
    struct fcgi_text info;     /* PATH_INFO; absent where there is none */
};

/*
 * Finds the script of a request; its texts are parts of the request's.
 * Returns 0, or the status to refuse the request with. Looks at the file
 * system, as the host does for each request. Any thread.
 *
 * Only a regular file whose name ends in .php is cut out of a longer path.
 * Where nothing of the path exists here, the application may run elsewhere
 * and knows better: the path is passed on whole.
 */
int fcgi_path_split(const struct fcgi_http_request *request,
                    struct fcgi_script *script);

#endif
