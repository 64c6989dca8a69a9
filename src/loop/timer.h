/* SPDX-License-Identifier: Apache-2.0
 *
 * Deadlines in order: a pairing heap whose nodes are the timers themselves.
 * Insertion and removal allocate nothing, and so cannot fail.
 */
#ifndef FCGI_LOOP_TIMER_H
#define FCGI_LOOP_TIMER_H

#include "loop/loop.h"

/* Inserts a timer that is not in the heap; `*heap` is the earliest one. */
void fcgi_timer_insert(struct fcgi_loop_timer **heap,
                       struct fcgi_loop_timer *timer);

/* Removes a timer that is in the heap. */
void fcgi_timer_remove(struct fcgi_loop_timer **heap,
                       struct fcgi_loop_timer *timer);

#endif
