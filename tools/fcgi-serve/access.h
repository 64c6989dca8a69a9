/* SPDX-License-Identifier: Apache-2.0
 *
 * The access log, which goes to FILE of --access-log and to a terminal.
 */
#ifndef FCGI_SERVE_ACCESS_H
#define FCGI_SERVE_ACCESS_H

#include "monkey/abi.h"

/* Opens FILE of --access-log. 0, or -1 after a message. */
int serve_access_open(void);
void serve_access_close(void);

/* The line of a finished request, as Monkey's logger plugin would write it
 * at stage 40. Leaves errno alone. */
void serve_access(struct mk_session *cs, struct mk_request *sr);

#endif
