/* SPDX-License-Identifier: Apache-2.0
 *
 * The gate: it stands between Monkey's event loop and its HTTP core, and reads
 * requests first.
 *
 * When bytes have come, Monkey's loop calls `cb_read` of the connection's
 * protocol handler, which the connection has from the listener that accepted
 * it. In stage 10, which runs before that copy is made, each listener of the
 * worker is given a copy of the core's handler with functions of the gate. The
 * copy also asks for more memory behind each connection, where the gate keeps
 * what it knows of the client.
 *
 * A head is held back until it is whole, and is parsed once, by http/head. A
 * request that no rule of ours wants passes to the core byte for byte. What is
 * ours takes one of two lanes (lane.h). The core is given one request at a
 * time: bytes behind it wait here until the core has ended it.
 *
 * All functions belong to the thread of the worker.
 */
#ifndef FCGI_MONKEY_GATE_H
#define FCGI_MONKEY_GATE_H

#include "monkey/lane.h"

#define fcgi_monkey_gate_put_up FCGI_MONKEY_NAME(gate_put_up)
#define fcgi_monkey_gate_client FCGI_MONKEY_NAME(gate_client)
#define fcgi_monkey_gate_pending FCGI_MONKEY_NAME(gate_pending)
#define fcgi_monkey_gate_request_ended FCGI_MONKEY_NAME(gate_request_ended)
#define fcgi_monkey_gate_forget FCGI_MONKEY_NAME(gate_forget)

/*
 * In stage 10: puts the gate up before the listeners of this worker, at its
 * first connection. Where that cannot be, a line in the log says why, and all
 * requests are read by the core.
 */
void fcgi_monkey_gate_put_up(void);

/* The client of a session; NULL where its connection has no gate. */
struct fcgi_monkey_downstream *fcgi_monkey_gate_client(struct mk_session *cs);

/* In stages 20 and 30: the request that a short head stands for. NULL where the
 * core has read the request by itself; `client` may be NULL. */
struct fcgi_monkey_aim *
fcgi_monkey_gate_pending(const struct fcgi_monkey_downstream *client);

/* In stage 40: the core has ended a request, or is about to. What waits behind
 * it is looked at when the core has returned. */
void fcgi_monkey_gate_request_ended(struct fcgi_monkey_downstream *client);

/* In stage 50: a connection is closed, and what its client holds is let go. */
void fcgi_monkey_gate_forget(int fd);

#endif
