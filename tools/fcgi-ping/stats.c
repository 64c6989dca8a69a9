/* SPDX-License-Identifier: Apache-2.0
 *
 * Statistics of times. Buckets 0 to FCGI_STATS_SUB - 1 hold one ns each; from
 * there on each power of two has FCGI_STATS_SUB of them.
 */
#include "fcgi-ping/stats.h"

#include <math.h>

size_t fcgi_stats_bucket(uint64_t ns)
{
    unsigned shift;

    if (ns < FCGI_STATS_SUB)
        return (size_t)ns;
    if (ns > FCGI_STATS_MOST)
        ns = FCGI_STATS_MOST;
    shift = 63 - (unsigned)__builtin_clzll(ns) - FCGI_STATS_BITS;
    return (size_t)(shift + 1) * FCGI_STATS_SUB +
           (size_t)((ns >> shift) - FCGI_STATS_SUB);
}

uint64_t fcgi_stats_bucket_start(size_t bucket)
{
    size_t shift = bucket / FCGI_STATS_SUB;

    if (shift == 0)
        return bucket;
    return (uint64_t)(bucket % FCGI_STATS_SUB + FCGI_STATS_SUB) << (shift - 1);
}

void fcgi_stats_add(struct fcgi_stats *stats, uint64_t ns)
{
    double difference = (double)ns - stats->mean;

    if (stats->count == 0 || ns < stats->min)
        stats->min = ns;
    if (ns > stats->max)
        stats->max = ns;
    stats->count++;
    stats->mean += difference / (double)stats->count;
    stats->squares += difference * ((double)ns - stats->mean);
    stats->buckets[fcgi_stats_bucket(ns)]++;
}

double fcgi_stats_deviation(const struct fcgi_stats *stats)
{
    if (stats->count == 0 || stats->squares <= 0)
        return 0;
    return sqrt(stats->squares / (double)stats->count);
}

uint64_t fcgi_stats_percentile(const struct fcgi_stats *stats, double percent)
{
    double rank = ceil(percent / 100 * (double)stats->count);
    uint64_t wanted = rank < 1 ? 1 : (uint64_t)rank, seen = 0;

    for (size_t i = 0; i < FCGI_STATS_BUCKETS; i++) {
        uint64_t from, to, middle;

        seen += stats->buckets[i];
        if (seen < wanted)
            continue;
        from = fcgi_stats_bucket_start(i);
        to = fcgi_stats_bucket_start(i + 1);
        middle = from + (to - from) / 2;
        return middle < stats->min   ? stats->min
               : middle > stats->max ? stats->max
                                     : middle;
    }
    return stats->max;
}

size_t fcgi_stats_rows(const struct fcgi_stats *stats,
                       struct fcgi_stats_row *rows, size_t n)
{
    size_t first = fcgi_stats_bucket(stats->min);
    size_t last = fcgi_stats_bucket(stats->max);
    size_t step = (last - first) / n + 1, count = 0;

    if (stats->count == 0)
        return 0;
    for (size_t i = first; i <= last; i += step) {
        struct fcgi_stats_row *row = &rows[count++];

        row->from = fcgi_stats_bucket_start(i);
        row->to = fcgi_stats_bucket_start(i + step);
        row->count = 0;
        for (size_t k = i; k < i + step && k <= last; k++)
            row->count += stats->buckets[k];
    }
    return count;
}
