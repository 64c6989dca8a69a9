/* SPDX-License-Identifier: Apache-2.0
 *
 * Statistics of times. Buckets 0 to FCGI_TIMES_SUB - 1 hold one ns each; from
 * there on each power of two has FCGI_TIMES_SUB of them.
 */
#include "fcgi-ping/times.h"

#include <math.h>

size_t fcgi_times_bucket(uint64_t ns)
{
    unsigned shift;

    if (ns < FCGI_TIMES_SUB)
        return (size_t)ns;
    if (ns > FCGI_TIMES_MOST)
        ns = FCGI_TIMES_MOST;
    shift = 63 - (unsigned)__builtin_clzll(ns) - FCGI_TIMES_BITS;
    return (size_t)(shift + 1) * FCGI_TIMES_SUB +
           (size_t)((ns >> shift) - FCGI_TIMES_SUB);
}

uint64_t fcgi_times_bucket_start(size_t bucket)
{
    size_t shift = bucket / FCGI_TIMES_SUB;

    if (shift == 0)
        return bucket;
    return (uint64_t)(bucket % FCGI_TIMES_SUB + FCGI_TIMES_SUB) << (shift - 1);
}

void fcgi_times_add(struct fcgi_times *stats, uint64_t ns)
{
    double difference = (double)ns - stats->mean;

    if (stats->count == 0 || ns < stats->min)
        stats->min = ns;
    if (ns > stats->max)
        stats->max = ns;
    stats->count++;
    stats->mean += difference / (double)stats->count;
    stats->squares += difference * ((double)ns - stats->mean);
    stats->buckets[fcgi_times_bucket(ns)]++;
}

double fcgi_times_deviation(const struct fcgi_times *stats)
{
    if (stats->count == 0 || stats->squares <= 0)
        return 0;
    return sqrt(stats->squares / (double)stats->count);
}

uint64_t fcgi_times_percentile(const struct fcgi_times *stats, double percent)
{
    double rank = ceil(percent / 100 * (double)stats->count);
    uint64_t wanted = rank < 1 ? 1 : (uint64_t)rank, seen = 0;

    for (size_t i = 0; i < FCGI_TIMES_BUCKETS; i++) {
        uint64_t from, to, middle;

        seen += stats->buckets[i];
        if (seen < wanted)
            continue;
        from = fcgi_times_bucket_start(i);
        to = fcgi_times_bucket_start(i + 1);
        middle = from + (to - from) / 2;
        return middle < stats->min   ? stats->min
               : middle > stats->max ? stats->max
                                     : middle;
    }
    return stats->max;
}

size_t fcgi_times_rows(const struct fcgi_times *stats,
                       struct fcgi_times_row *rows, size_t n)
{
    size_t first = fcgi_times_bucket(stats->min);
    size_t last = fcgi_times_bucket(stats->max);
    size_t step = (last - first) / n + 1, count = 0;

    if (stats->count == 0)
        return 0;
    for (size_t i = first; i <= last; i += step) {
        struct fcgi_times_row *row = &rows[count++];

        row->from = fcgi_times_bucket_start(i);
        row->to = fcgi_times_bucket_start(i + step);
        row->count = 0;
        for (size_t k = i; k < i + step && k <= last; k++)
            row->count += stats->buckets[k];
    }
    return count;
}
