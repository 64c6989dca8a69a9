/* SPDX-License-Identifier: Apache-2.0
 *
 * HealthCheck: at an interval, each server is sent FCGI_GET_VALUES on a
 * connection of its own. Any answer is a good one: it shows a process that
 * reads its connection. The outcome counts as a request's failure or success
 * does (MaxFails).
 *
 * One worker does it for all (see maintenance.h). The connection takes one of
 * MaxConnections; where none is free the server is in use, and not asked. A
 * backlog that is full is waited for as a request does, for ConnectTimeout,
 * which is also the time for the answer. A failure for a lack on this machine
 * says nothing of the server.
 */
#ifndef FCGI_BACKEND_HEALTH_H
#define FCGI_BACKEND_HEALTH_H

struct fcgi_checks;
struct fcgi_worker;

/* Begins to check the servers of the worker's pool that have a HealthCheck.
 * NULL where there are none, with errno 0, or where memory is short. */
struct fcgi_checks *fcgi_checks_new(struct fcgi_worker *worker);
void fcgi_checks_free(struct fcgi_checks *checks);

#endif
