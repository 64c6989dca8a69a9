/* SPDX-License-Identifier: Apache-2.0
 *
 * An answer whose body is a file that the application names, and this server
 * sends:
 *
 *   X-Accel-Redirect: /path      a path of the site, percent-encoded
 *   X-Sendfile: /folder/file     a file below one of SendfileRoots
 *
 * No symbolic link is followed below the document root or such a folder, and no
 * ".." is taken. Of a path of the site none is sent that the site's rules give
 * to an application. Behind an authorizer the file that the request's own path
 * stands for is sent in the same way. Ranges and conditions are those of RFC
 * 9110: one range, else the whole; the application's ETag and Last-Modified go
 * before our own. Any thread.
 */
#ifndef FCGI_GATEWAY_SENDFILE_H
#define FCGI_GATEWAY_SENDFILE_H

#include "config/config.h"
#include "gateway/buffer.h"
#include "gateway/host.h"
#include "gateway/reply.h"

/* Longest text of a reason, with its NUL. */
#define FCGI_SENDFILE_TEXT 512

struct fcgi_sendfile {
    int file;                /* the caller's to close */
    uint64_t offset, length; /* the part that is to be sent */
    struct fcgi_reply_file head;
};

/* The file that a path stands for, which is sent as the host would do it. */
struct fcgi_sendfile_site {
    bool wanted;
    bool follow_links; /* it may be, or lie behind, a symbolic link */
    size_t folder; /* how much of SCRIPT_FILENAME is the folder of all files */
};

/*
 * Opens the file that a request is for, of which `params` tell the name, the
 * method, range and conditions; `header` is that of an answer without a word.
 * Returns 0; 301 where it is a folder that lacks its slash; or the status to
 * refuse the request with, for a reason in `*why` (static).
 */
int fcgi_sendfile_open_site(struct fcgi_sendfile *send,
                            const struct fcgi_sendfile_site *site,
                            const struct fcgi_header *header,
                            const struct fcgi_buffer *params, const char **why);

/* Whether a header block asks for a file. */
bool fcgi_sendfile_is_asked(const struct fcgi_header *header);

/*
 * Opens the file that the block asks for; only all of it where it is `whole`.
 * `params` are those of the request, as
 * fcgi_params_build() made them; `handle` is the host's name for its client.
 * Returns false, with the reason in `why`, where it may not be sent, or cannot.
 */
bool fcgi_sendfile_open(struct fcgi_sendfile *send,
                        const struct fcgi_header *header,
                        const struct fcgi_buffer *params,
                        const struct fcgi_server_config *config,
                        const struct fcgi_host *host, void *handle, bool whole,
                        char why[static FCGI_SENDFILE_TEXT]);

#endif
