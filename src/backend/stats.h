/* SPDX-License-Identifier: Apache-2.0
 *
 * Counters of a server. Each worker has its own and is the only one to write
 * them, so that no two processors fight for a cache line; whoever reads adds
 * them up.
 */
#ifndef FCGI_BACKEND_STATS_H
#define FCGI_BACKEND_STATS_H

#include <stdatomic.h>
#include <stdint.h>

enum fcgi_count {
    FCGI_COUNT_REQUESTS,  /* sent, a repeated one each time */
    FCGI_COUNT_CONNECTS,  /* connections opened, or tried to */
    FCGI_COUNT_REUSED,    /* requests on kept connections */
    FCGI_COUNT_HANDED,    /* connections that came from another worker */
    FCGI_COUNT_STALE,     /* kept connections that turned out closed */
    FCGI_COUNT_STARVED,   /* idle connections closed for one that waited */
    FCGI_COUNT_RETRIES,   /* tries after a failure */
    FCGI_COUNT_BYTES_OUT, /* to the application */
    FCGI_COUNT_BYTES_IN,  /* from it */
    /* Failures, by kind. */
    FCGI_COUNT_CONNECT_FAILED,
    FCGI_COUNT_CONNECT_TIMEOUT,
    FCGI_COUNT_SEND_TIMEOUT,
    FCGI_COUNT_READ_TIMEOUT,
    FCGI_COUNT_BROKEN, /* closed or reset before the end */
    FCGI_COUNT_PROTOCOL,
    FCGI_COUNT_OVERLOADED, /* OVERLOADED, CANT_MPX_CONN, UNKNOWN_ROLE */
    FCGI_COUNT_QUEUE_FULL,
    FCGI_COUNT_QUEUE_TIMEOUT,
    FCGI_COUNT_CHECK_FAILED, /* HealthCheck */
    /* From sending a request to the first byte of its answer. */
    FCGI_COUNT_FIRST_BYTES,   /* how many there were */
    FCGI_COUNT_FIRST_BYTE_US, /* the sum of their times in microseconds */
    FCGI_COUNTS,
};

struct fcgi_stats {
    _Alignas(64) _Atomic uint64_t counts[FCGI_COUNTS];
};

/* For the worker that they belong to. */
static inline void fcgi_stats_add(struct fcgi_stats *stats,
                                  enum fcgi_count count, uint64_t n)
{
    _Atomic uint64_t *at = &stats->counts[count];

    atomic_store_explicit(at,
                          atomic_load_explicit(at, memory_order_relaxed) + n,
                          memory_order_relaxed);
}

/* A server's numbers at one moment. */
struct fcgi_server_stats {
    uint64_t counts[FCGI_COUNTS];
    uint64_t open, idle, active, waiting; /* connections; the queue */
    int out;                              /* taken out for its failures */
};

#endif
