/* SPDX-License-Identifier: Apache-2.0
 *
 * The access log, which goes to FILE of --access-log and to a terminal.
 */
#ifndef FCGI_SERVE_ACCESS_H
#define FCGI_SERVE_ACCESS_H

/* Opens FILE of --access-log. 0, or -1 after a message. */
int serve_access_open(void);
void serve_access_close(void);

/* Where there is an access log: hooks it into stage 40 behind the plugins that
 * are loaded, as if it were one more, Monkey's logger. */
void serve_access_hook(void);

#endif
