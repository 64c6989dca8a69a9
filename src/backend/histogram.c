/* SPDX-License-Identifier: Apache-2.0
 *
 * The buckets: a time's highest bit, and the two bits behind that.
 */
#include "backend/histogram.h"

#define LEAST 16U           /* the first bound of all but the first bucket */
#define LEAST_INDEX (4 * 4) /* what 16 would be, counted from 1 on */

static unsigned bucket_of(uint64_t us)
{
    unsigned bit, bucket;

    if (us < LEAST)
        return 0;
    bit = 63 - (unsigned)__builtin_clzll(us);
    bucket = bit * 4 + (unsigned)(us >> (bit - 2) & 3) - LEAST_INDEX;
    return bucket < FCGI_HISTOGRAM_BUCKETS ? bucket
                                           : FCGI_HISTOGRAM_BUCKETS - 1;
}

uint64_t fcgi_histogram_bound(unsigned bucket)
{
    unsigned next = bucket + 1 + LEAST_INDEX;

    return (UINT64_C(4) + next % 4) << (next / 4 - 2);
}

uint64_t fcgi_histogram_slice(uint64_t now)
{
    return now / FCGI_HISTOGRAM_SLICE + 1;
}

/* Whoever sees one of these zeroes, or what is added to one, sees that the
 * slice has another number than before. */
static void empty(struct fcgi_histogram_slice *slice, uint64_t number)
{
    atomic_store_explicit(&slice->number, 0, memory_order_relaxed);
    for (unsigned i = 0; i < FCGI_HISTOGRAM_BUCKETS; i++)
        atomic_store_explicit(&slice->counts[i], 0, memory_order_release);
    atomic_store_explicit(&slice->number, number, memory_order_release);
}

void fcgi_histogram_add(struct fcgi_histogram *histogram, uint64_t now,
                        uint64_t us)
{
    uint64_t number = fcgi_histogram_slice(now);
    struct fcgi_histogram_slice *slice =
        &histogram->slices[number % FCGI_HISTOGRAM_SLICES];
    unsigned bucket = bucket_of(us);
    _Atomic uint64_t *total = &histogram->totals[bucket];
    _Atomic uint32_t *count = &slice->counts[bucket];

    if (atomic_load_explicit(&slice->number, memory_order_relaxed) != number)
        empty(slice, number);
    /* One thread writes: no instruction has to lock. */
    atomic_store_explicit(count,
                          atomic_load_explicit(count, memory_order_relaxed) + 1,
                          memory_order_release);
    atomic_store_explicit(total,
                          atomic_load_explicit(total, memory_order_relaxed) + 1,
                          memory_order_relaxed);
    atomic_store_explicit(
        &histogram->sum,
        atomic_load_explicit(&histogram->sum, memory_order_relaxed) + us,
        memory_order_relaxed);
}

void fcgi_histogram_read(const struct fcgi_histogram *histogram, uint64_t slice,
                         uint64_t counts[FCGI_HISTOGRAM_BUCKETS])
{
    const struct fcgi_histogram_slice *from =
        &histogram->slices[slice % FCGI_HISTOGRAM_SLICES];
    uint32_t copy[FCGI_HISTOGRAM_BUCKETS];

    if (atomic_load_explicit(&from->number, memory_order_acquire) != slice)
        return;
    for (unsigned i = 0; i < FCGI_HISTOGRAM_BUCKETS; i++)
        copy[i] = atomic_load_explicit(&from->counts[i], memory_order_acquire);
    if (atomic_load_explicit(&from->number, memory_order_relaxed) != slice)
        return;
    for (unsigned i = 0; i < FCGI_HISTOGRAM_BUCKETS; i++)
        counts[i] += copy[i];
}

uint64_t fcgi_histogram_totals(const struct fcgi_histogram *histogram,
                               uint64_t counts[FCGI_HISTOGRAM_BUCKETS])
{
    for (unsigned i = 0; i < FCGI_HISTOGRAM_BUCKETS; i++)
        counts[i] +=
            atomic_load_explicit(&histogram->totals[i], memory_order_relaxed);
    return atomic_load_explicit(&histogram->sum, memory_order_relaxed);
}

uint64_t fcgi_histogram_quantile(const uint64_t counts[FCGI_HISTOGRAM_BUCKETS],
                                 unsigned percent)
{
    uint64_t all = 0, wanted, seen = 0;

    for (unsigned i = 0; i < FCGI_HISTOGRAM_BUCKETS; i++)
        all += counts[i];
    wanted = (all * percent + 99) / 100;
    for (unsigned i = 0; i < FCGI_HISTOGRAM_BUCKETS; i++) {
        seen += counts[i];
        if (seen > 0 && seen >= wanted)
            return fcgi_histogram_bound(i);
    }
    return 0;
}
