/* SPDX-License-Identifier: Apache-2.0
 *
 * Deadlines in order: a pairing heap whose nodes are the timers themselves.
 * Setting and taking out cost no memory, and so cannot fail.
 */
#ifndef FCGI_LOOP_TIMER_H
#define FCGI_LOOP_TIMER_H

#include "loop/loop.h"

/* Puts a timer that is not in the heap into it; `*heap` is the earliest. */
void fcgi_timer_insert(struct fcgi_loop_timer **heap,
                       struct fcgi_loop_timer *timer);

/* Takes a timer that is in the heap out of it. */
void fcgi_timer_remove(struct fcgi_loop_timer **heap,
                       struct fcgi_loop_timer *timer);

#endif
