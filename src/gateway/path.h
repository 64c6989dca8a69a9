/* SPDX-License-Identifier: Apache-2.0
 *
 * Which script a path stands for, and what is left of the path for it
 * (RFC 3875, sections 4.1.5 and 4.1.13).
 */
#ifndef FCGI_GATEWAY_PATH_H
#define FCGI_GATEWAY_PATH_H

#include "config/config.h"
#include "gateway/host.h"

enum fcgi_path_verdict {
    FCGI_PATH_OK,
    FCGI_PATH_HOST,    /* not ours: the host knows what to do with it */
    FCGI_PATH_REFUSED, /* with `status`, because of `why` */
    FCGI_PATH_STATUS, /* no script, but the status page: see gateway/status.h */
    FCGI_PATH_FILE,   /* no script, but the host's file, behind an authorizer */
};

struct fcgi_script {
    enum fcgi_path_verdict verdict;
    struct fcgi_text name; /* SCRIPT_NAME; may be empty */
    struct fcgi_text info; /* PATH_INFO; absent where there is none */
    /* SCRIPT_FILENAME, in two pieces: a folder here, and what is in it. */
    struct fcgi_text folder;
    struct fcgi_text file;
    int status;
    const char *why; /* static text */
};

/*
 * Finds the script of a request, by the keys of a server; its texts are parts
 * of the request's and of the server's. Looks at the file system, as the host
 * does for each request. Any thread.
 *
 *   the path is                  without FrontController   with it
 *   a script                     run                       run
 *   another file                 the host's                the host's
 *   a script and more            PATH_INFO                 PATH_INFO
 *   another file and more        404                       front controller
 *   a directory                  the host's                the host's index,
 *                                                          or front controller
 *   nothing                      404, or the application   front controller
 *
 * A script is what has one of Extensions; without that key, whatever the
 * host's rules mean. "Nothing" is passed on where CheckScript is Off, as the
 * application knows better: the path up to its first extension, or all of it
 * where the rules mean that; 403 where they have found a fragment of a name.
 */
void fcgi_path_split(const struct fcgi_http_request *request,
                     const struct fcgi_server_config *config,
                     struct fcgi_script *script);

/* The same where no server is named, so that all are the host's files: they are
 * FILE, unless the path is refused. */
void fcgi_path_file(const struct fcgi_http_request *request,
                    struct fcgi_script *script);

/* Whether a server's keys alone leave it open that it runs the file of a path,
 * where a rule of the host's hands it that. */
bool fcgi_path_may_run(const struct fcgi_server_config *config,
                       struct fcgi_text path);

/* Has a request refused for a reason of the host's; `why` is static. */
void fcgi_path_refuse(struct fcgi_script *script, int status, const char *why);

/* The name of the file that answers for a directory where the server has no
 * Index: that of its front controller, if that is a file. Otherwise NULL. */
const char *fcgi_path_default_index(const struct fcgi_server_config *config);

#endif
