/* SPDX-License-Identifier: Apache-2.0
 *
 * Requests that wait for a connection to a server: first come, first served,
 * but no path has more than half of the connections while requests for others
 * wait. Memory is the caller's, and so is the lock.
 */
#ifndef FCGI_BACKEND_QUEUE_H
#define FCGI_BACKEND_QUEUE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "loop/list.h"

/* Requests are of so many kinds: which one, a hash of their path says. */
#define FCGI_QUEUE_KINDS 256

/* One that waits. */
struct fcgi_queued {
    struct fcgi_list link;
    unsigned kind;
    uint64_t since;
};

struct fcgi_queue {
    struct fcgi_list first; /* whose turn it is in order */
    struct fcgi_list rest;  /* whose kind had half of all when they came */
    atomic_uint length;     /* of both; any thread may look at it */
    atomic_uint running[FCGI_QUEUE_KINDS]; /* requests under way */
};

/* Makes an empty one out of zeroed memory. */
void fcgi_queue_init(struct fcgi_queue *queue);

unsigned fcgi_queue_length(const struct fcgi_queue *queue);

/* A request of a kind is under way, and no more. Any thread, without the
 * lock. */
void fcgi_queue_runs(struct fcgi_queue *queue, unsigned kind);
void fcgi_queue_ran(struct fcgi_queue *queue, unsigned kind);

/* Whose turn it is, of `open` connections; NULL where nobody waits. */
struct fcgi_queued *fcgi_queue_next(const struct fcgi_queue *queue,
                                    unsigned open);

/* Waits from now on; waits no longer. */
void fcgi_queue_add(struct fcgi_queue *queue, struct fcgi_queued *queued,
                    unsigned open, uint64_t now);
void fcgi_queue_remove(struct fcgi_queue *queue, struct fcgi_queued *queued);

#endif
