/* SPDX-License-Identifier: Apache-2.0
 *
 * The terminal as a whole screen, for --watch: control sequences that all
 * terminals of today know (ECMA-48), in place of a library that has those of
 * others. It is given back however the process ends, but by SIGKILL.
 */
#ifndef FCGI_PING_SCREEN_H
#define FCGI_PING_SCREEN_H

#include <signal.h>
#include <stdbool.h>
#include <stdio.h>

/* The terminal's size; that of COLUMNS or 80x24 where it is none. */
struct fcgi_screen_size {
    unsigned columns, rows;
};
struct fcgi_screen_size fcgi_screen_size(void);

/* Takes the screen, and keys as they are pressed. Returns 0, or -1 where
 * standard input and output are no terminal. */
int fcgi_screen_enter(void);

/* Gives it back; may be called at any time, and by a handler. */
void fcgi_screen_leave(void);

/* Adds the signals that would end or stop the process, and SIGWINCH: for
 * signalfd(2). Those of a fault have a handler that gives the screen back. */
void fcgi_screen_signals(sigset_t *set);

/* Writes a line in an SGR colour ("" for none), cut to `columns`. */
void fcgi_screen_line(FILE *out, unsigned columns, const char *color,
                      const char *format, ...)
    __attribute__((format(printf, 4, 5)));

#endif
