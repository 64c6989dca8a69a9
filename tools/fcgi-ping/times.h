/* SPDX-License-Identifier: Apache-2.0
 *
 * Times of answers in constant memory, however many there are: mean and
 * deviation as a running sum (Welford, 1962), and a histogram for percentiles.
 *
 * The histogram is log-linear: each power of two is cut into FCGI_TIMES_SUB
 * buckets of the same width. A percentile is the middle of its bucket, so that
 * it is off by at most 1 part in 2 * FCGI_TIMES_SUB (0.4 %), and exact below
 * FCGI_TIMES_SUB ns. Times above FCGI_TIMES_MOST count as that.
 */
#ifndef FCGI_PING_TIMES_H
#define FCGI_PING_TIMES_H

#include <stddef.h>
#include <stdint.h>

#define FCGI_TIMES_BITS 7
#define FCGI_TIMES_SUB (1U << FCGI_TIMES_BITS)
#define FCGI_TIMES_MOST_BITS 42 /* 73 minutes */
#define FCGI_TIMES_MOST ((UINT64_C(1) << FCGI_TIMES_MOST_BITS) - 1)
#define FCGI_TIMES_BUCKETS \
    ((FCGI_TIMES_MOST_BITS - FCGI_TIMES_BITS + 1) * FCGI_TIMES_SUB)

/* Zeroed memory has no times. All times are in ns. */
struct fcgi_times {
    uint64_t count;
    uint64_t min, max;
    double mean;
    double squares; /* sum of squared differences from the mean */
    uint64_t buckets[FCGI_TIMES_BUCKETS];
};

void fcgi_times_add(struct fcgi_times *stats, uint64_t ns);

/* The standard deviation of all times, as ping's mdev; 0 where there are
 * none. */
double fcgi_times_deviation(const struct fcgi_times *stats);

/* The time that `percent` of all times do not exceed (nearest rank), with the
 * error above; 0 where there are none. */
uint64_t fcgi_times_percentile(const struct fcgi_times *stats, double percent);

/* The bucket of a time, and the least time of a bucket. */
size_t fcgi_times_bucket(uint64_t ns);
uint64_t fcgi_times_bucket_start(size_t bucket);

/* One row of a drawing: how many times are from `from` up to, but not, `to`. */
struct fcgi_times_row {
    uint64_t from, to;
    uint64_t count;
};

/* Cuts what lies between the least and the greatest time into rows of about
 * the same number of buckets, `n` at most; returns how many there are. */
size_t fcgi_times_rows(const struct fcgi_times *stats,
                       struct fcgi_times_row *rows, size_t n);

#endif
