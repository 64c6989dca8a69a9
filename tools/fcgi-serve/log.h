/* SPDX-License-Identifier: Apache-2.0
 *
 * Messages, and the line per request. All of these leave errno alone: it
 * decides the fate of connections here, as in Monkey (trap b).
 */
#ifndef FCGI_SERVE_LOG_H
#define FCGI_SERVE_LOG_H

#include "monkey/abi.h"

/* "fcgi-serve: ..." on stderr. */
void serve_err(const char *format, ...)
    __attribute__((format(printf, 1, 2), nonnull));

/* Ends the process where Monkey would crash or read memory that is not its
 * own; trap is a letter of t/TRAPS.md. */
void serve_trap_abort(const char *trap, const char *format, ...)
    __attribute__((format(printf, 2, 3), noreturn, nonnull));

/* api->_error: what the plugin logs. */
void serve_api_log(int level, const char *format, ...)
    __attribute__((format(printf, 2, 3), nonnull));

/* Opens FILE of --access-log. 0, or -1 after a message. */
int serve_access_open(void);
void serve_access_close(void);

/* The line of a finished request, as Monkey's logger plugin would write it
 * at stage 40. */
void serve_access(struct mk_session *cs, struct mk_request *sr);

#endif
