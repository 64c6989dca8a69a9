/* SPDX-License-Identifier: Apache-2.0
 *
 * The two halves of a probe's automaton, for each other alone: probe.c gets
 * the connection and ends it, talk.c speaks FastCGI over it.
 */
#ifndef FCGI_PROBE_TALK_H
#define FCGI_PROBE_TALK_H

#include "probe/probe.h"

/* Makes what will be said, before there is a connection. */
void fcgi_talk_init(struct fcgi_probe *probe);

/* There is a connection. */
void fcgi_talk_begin(struct fcgi_probe *probe);

/* Its socket is ready, as epoll says. */
void fcgi_talk_ready(struct fcgi_probe *probe, uint32_t events);

/* Ends the phase that was, with its time, and begins `phase`. */
void fcgi_probe_enter(struct fcgi_probe *probe, enum fcgi_phase phase);

/* Ends the probe; the connection is closed unless `kept` is set. */
void fcgi_probe_end(struct fcgi_probe *probe, enum fcgi_failure failure,
                    int error);

/* The failure that a fault of the connection's is. */
enum fcgi_failure fcgi_probe_fault(enum fcgi_fault fault);

/* From the start, on a new connection. */
void fcgi_probe_again(struct fcgi_probe *probe);

/* Sets the timer to what is due first, the clock at `also` among it (0: not).
 */
void fcgi_probe_set_timer(struct fcgi_probe *probe, uint64_t also);

#endif
