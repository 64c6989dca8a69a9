/* SPDX-License-Identifier: Apache-2.0
 *
 * The access log, which goes to FILE of --access-log and to a terminal.
 */
#ifndef FCGI_SERVE_ACCESS_H
#define FCGI_SERVE_ACCESS_H

#include "abi.h"

/* Opens FILE of --access-log. 0, or -1 after a message. */
int serve_access_open(void);
void serve_access_close(void);

/* Where there is an access log: hooks it into stage 40 behind the plugins that
 * are loaded, as if it were one more, Monkey's logger. */
void serve_access_hook(void);

/* Notes what the request is about that is about to be read: the plugin tells
 * the core a path without query, that of an index file in place of a
 * folder's. */
void serve_access_peek(void *conn);

/* The line of a finished request, if there is none yet: of one that is answered
 * without stage 40, too. Leaves errno alone. */
void serve_access_line(struct mk_session *cs, struct mk_request *sr);

#endif
