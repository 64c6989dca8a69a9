/* SPDX-License-Identifier: Apache-2.0
 *
 * How often something took how long. The counts are kept in buckets, each of
 * which goes up to a quarter more than the one before at most; so what is read
 * is too large by no more than that. There are counts of all, and those of the
 * last quarter of an hour in slices of 15 seconds.
 *
 * One thread adds, and any thread reads at the same time. There is no lock, and
 * no timer: a slice that has become too old is emptied when its turn comes
 * again, and a reader passes over one that is emptied meanwhile.
 */
#ifndef FCGI_BACKEND_HISTOGRAM_H
#define FCGI_BACKEND_HISTOGRAM_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/* From 16 us, below which is the first bucket's, up to 71 minutes, above which
 * is the last one's. */
#define FCGI_HISTOGRAM_BUCKETS 112

#define FCGI_HISTOGRAM_SLICE UINT64_C(15000000000) /* ns */
/* A quarter of an hour, and the slice that is not over yet. */
#define FCGI_HISTOGRAM_SLICES 61

/* Zeroed memory is an empty histogram. */
struct fcgi_histogram {
    _Atomic uint64_t sum; /* us */
    _Atomic uint64_t totals[FCGI_HISTOGRAM_BUCKETS];
    struct fcgi_histogram_slice {
        _Atomic uint64_t number; /* of its time, from 1 on; 0: being emptied */
        _Atomic uint32_t counts[FCGI_HISTOGRAM_BUCKETS];
    } slices[FCGI_HISTOGRAM_SLICES];
};

/* Which slice a time of the monotonic clock (ns) belongs to; the one before has
 * the number before. Never 0. */
uint64_t fcgi_histogram_slice(uint64_t now);

/* Adds one that has taken `us` microseconds. The one thread. */
void fcgi_histogram_add(struct fcgi_histogram *histogram, uint64_t now,
                        uint64_t us);

/* Adds what a slice has counted to `counts`. */
void fcgi_histogram_read(const struct fcgi_histogram *histogram, uint64_t slice,
                         uint64_t counts[FCGI_HISTOGRAM_BUCKETS]);

/* Adds what was ever counted to `counts`, and returns the sum of all times in
 * microseconds. */
uint64_t fcgi_histogram_totals(const struct fcgi_histogram *histogram,
                               uint64_t counts[FCGI_HISTOGRAM_BUCKETS]);

/* A bucket has what takes less than this, in microseconds, and no less than the
 * one before. */
uint64_t fcgi_histogram_bound(unsigned bucket);

/* The time, in microseconds, that `percent` of what is in `counts` have taken
 * at most; 0 where nothing is. */
uint64_t fcgi_histogram_quantile(const uint64_t counts[FCGI_HISTOGRAM_BUCKETS],
                                 unsigned percent);

#endif
