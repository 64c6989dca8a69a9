/* SPDX-License-Identifier: Apache-2.0
 *
 * Which script a path stands for, and what is left of the path for it
 * (RFC 3875, sections 4.1.5 and 4.1.13).
 */
#ifndef FCGI_GATEWAY_PATH_H
#define FCGI_GATEWAY_PATH_H

#include "gateway/host.h"

enum fcgi_path_verdict {
    FCGI_PATH_OK,
    FCGI_PATH_DIRECTORY, /* not ours: the host knows what to do with it */
    FCGI_PATH_REFUSED,   /* with `status`, because of `why` */
};

struct fcgi_script {
    enum fcgi_path_verdict verdict;
    struct fcgi_text name;     /* SCRIPT_NAME */
    struct fcgi_text filename; /* SCRIPT_FILENAME */
    struct fcgi_text info;     /* PATH_INFO; absent where there is none */
    int status;
    const char *why; /* static text */
};

/*
 * Finds the script of a request; its texts are parts of the request's. Looks
 * at the file system, as the host does for each request. Any thread.
 *
 * A longer path is cut behind the regular file in it, if that is a script.
 * Where nothing of the path exists here, the application may run elsewhere
 * and knows better: the path is passed on whole.
 */
void fcgi_path_split(const struct fcgi_http_request *request,
                     struct fcgi_script *script);

/* Has a request refused for a reason of the host's; `why` is static. */
void fcgi_path_refuse(struct fcgi_script *script, int status, const char *why);

#endif
