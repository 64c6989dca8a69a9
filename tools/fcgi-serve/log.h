/* SPDX-License-Identifier: Apache-2.0
 *
 * Messages. All of these leave errno alone: it decides the fate of connections
 * here, as in Monkey (trap b).
 */
#ifndef FCGI_SERVE_LOG_H
#define FCGI_SERVE_LOG_H

/* "fcgi-serve: ..." on stderr. */
void serve_err(const char *format, ...)
    __attribute__((format(printf, 1, 2), nonnull));

/* Ends the process where Monkey would crash or read memory that is not its
 * own; trap is a letter of t/TRAPS.md. */
void serve_trap_abort(const char *trap, const char *format, ...)
    __attribute__((format(printf, 2, 3), noreturn, nonnull));

/* api->_error: a message of the plugin's. */
void serve_api_log(int level, const char *format, ...)
    __attribute__((format(printf, 2, 3), nonnull));

#endif
