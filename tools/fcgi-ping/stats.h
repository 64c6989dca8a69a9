/* SPDX-License-Identifier: Apache-2.0
 *
 * Times of answers in constant memory, however many there are: mean and
 * deviation as a running sum (Welford, 1962), and a histogram for percentiles.
 *
 * The histogram is log-linear: each power of two is cut into FCGI_STATS_SUB
 * buckets of the same width. A percentile is the middle of its bucket, so that
 * it is off by at most 1 part in 2 * FCGI_STATS_SUB (0.4 %), and exact below
 * FCGI_STATS_SUB ns. Times above FCGI_STATS_MOST count as that.
 */
#ifndef FCGI_PING_STATS_H
#define FCGI_PING_STATS_H

#include <stddef.h>
#include <stdint.h>

#define FCGI_STATS_BITS 7
#define FCGI_STATS_SUB (1U << FCGI_STATS_BITS)
#define FCGI_STATS_MOST_BITS 42 /* 73 minutes */
#define FCGI_STATS_MOST ((UINT64_C(1) << FCGI_STATS_MOST_BITS) - 1)
#define FCGI_STATS_BUCKETS \
    ((FCGI_STATS_MOST_BITS - FCGI_STATS_BITS + 1) * FCGI_STATS_SUB)

/* Zeroed memory has no times. All times are in ns. */
struct fcgi_stats {
    uint64_t count;
    uint64_t min, max;
    double mean;
    double squares; /* sum of squared differences from the mean */
    uint64_t buckets[FCGI_STATS_BUCKETS];
};

void fcgi_stats_add(struct fcgi_stats *stats, uint64_t ns);

/* The standard deviation of all times, as ping's mdev; 0 where there are
 * none. */
double fcgi_stats_deviation(const struct fcgi_stats *stats);

/* The time that `percent` of all times do not exceed (nearest rank), with the
 * error above; 0 where there are none. */
uint64_t fcgi_stats_percentile(const struct fcgi_stats *stats, double percent);

/* The bucket of a time, and the least time of a bucket. */
size_t fcgi_stats_bucket(uint64_t ns);
uint64_t fcgi_stats_bucket_start(size_t bucket);

/* One row of a drawing: how many times are from `from` up to, but not, `to`. */
struct fcgi_stats_row {
    uint64_t from, to;
    uint64_t count;
};

/* Cuts what lies between the least and the greatest time into rows of about
 * the same number of buckets, `n` at most; returns how many there are. */
size_t fcgi_stats_rows(const struct fcgi_stats *stats,
                       struct fcgi_stats_row *rows, size_t n);

#endif
