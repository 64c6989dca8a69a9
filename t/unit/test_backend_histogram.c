/* SPDX-License-Identifier: Apache-2.0
 *
 * Histograms: the buckets, what is read off them, slices that become too old,
 * and a reader beside the one who adds.
 */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "backend/histogram.h"

#define SLICE FCGI_HISTOGRAM_SLICE
#define BUCKETS FCGI_HISTOGRAM_BUCKETS

static struct fcgi_histogram *histogram;

static int make(void **state)
{
    (void)state;
    histogram = calloc(1, sizeof(*histogram));
    return histogram == NULL;
}

static int drop(void **state)
{
    (void)state;
    free(histogram);
    return 0;
}

static uint64_t sum_of(const uint64_t counts[BUCKETS])
{
    uint64_t sum = 0;

    for (unsigned i = 0; i < BUCKETS; i++)
        sum += counts[i];
    return sum;
}

static uint64_t in_slice(uint64_t slice)
{
    uint64_t counts[BUCKETS] = {0};

    fcgi_histogram_read(histogram, slice, counts);
    return sum_of(counts);
}

/* Each time is below the bound of its bucket, and not below that before. */
static void buckets_have_their_bounds(void **state)
{
    (void)state;
    for (uint64_t us = 0; us < UINT64_C(1) << 33; us += 1 + us / 37) {
        uint64_t counts[BUCKETS] = {0};
        unsigned bucket = 0;

        fcgi_histogram_add(histogram, SLICE, us);
        fcgi_histogram_read(histogram, fcgi_histogram_slice(SLICE), counts);
        while (counts[bucket] == 0)
            bucket++;
        if ((us >= fcgi_histogram_bound(bucket) && bucket < BUCKETS - 1) ||
            (bucket > 0 && us < fcgi_histogram_bound(bucket - 1)))
            fail_msg("%llu us in bucket %u", (unsigned long long)us, bucket);
        memset(histogram, 0, sizeof(*histogram));
    }
    for (unsigned i = 1; i < BUCKETS; i++) {
        uint64_t last = fcgi_histogram_bound(i - 1);
        uint64_t bound = fcgi_histogram_bound(i);

        assert_true(bound > last && bound <= last + last / 4);
    }
    assert_int_equal(fcgi_histogram_bound(BUCKETS - 1), UINT64_C(1) << 32);
}

static void quantiles(void **state)
{
    uint64_t counts[BUCKETS] = {0};
    uint64_t p;

    (void)state;
    assert_int_equal(fcgi_histogram_quantile(counts, 50), 0);
    for (uint64_t us = 1; us <= 1000; us++)
        fcgi_histogram_add(histogram, 0, us * 100);
    assert_int_equal(fcgi_histogram_totals(histogram, counts), 50050000);
    assert_int_equal(sum_of(counts), 1000);
    for (unsigned percent = 1; percent <= 100; percent++) {
        p = fcgi_histogram_quantile(counts, percent);
        assert_true(p >= percent * 1000 && p <= percent * 1000 * 5 / 4 + 1);
    }
    memset(counts, 0, sizeof(counts));
    counts[7] = 1; /* a single one is all of them */
    assert_int_equal(fcgi_histogram_quantile(counts, 1),
                     fcgi_histogram_bound(7));
    assert_int_equal(fcgi_histogram_quantile(counts, 99),
                     fcgi_histogram_bound(7));
}

/* A slice is told until its place is needed for another. */
static void slices_grow_old(void **state)
{
    uint64_t first = fcgi_histogram_slice(0);

    (void)state;
    assert_int_equal(in_slice(first), 0);
    fcgi_histogram_add(histogram, 0, 1);
    fcgi_histogram_add(histogram, SLICE - 1, 1);
    fcgi_histogram_add(histogram, SLICE, 1);
    assert_int_equal(in_slice(first), 2);
    assert_int_equal(in_slice(first + 1), 1);
    assert_int_equal(in_slice(first + FCGI_HISTOGRAM_SLICES), 0);
    fcgi_histogram_add(histogram, FCGI_HISTOGRAM_SLICES * SLICE, 1);
    assert_int_equal(in_slice(first), 0);
    assert_int_equal(in_slice(first + 1), 1);
    assert_int_equal(in_slice(first + FCGI_HISTOGRAM_SLICES), 1);
}

#define ROUNDS 20000
#define EACH 8

/* Slices of one place follow each other as fast as can be, with EACH in the
 * same bucket, which is another one for each. */
static void *write_fast(void *arg)
{
    (void)arg;
    for (uint64_t round = 0; round < ROUNDS; round++)
        for (unsigned i = 0; i < EACH; i++)
            fcgi_histogram_add(histogram, round * FCGI_HISTOGRAM_SLICES * SLICE,
                               round % 2 ? 100 : 1000000);
    return NULL;
}

static void is_read_while_written(void **state)
{
    pthread_t thread;

    (void)state;
    assert_int_equal(pthread_create(&thread, NULL, write_fast, NULL), 0);
    for (uint64_t round = 0; round < ROUNDS; round++) {
        uint64_t counts[BUCKETS] = {0};
        unsigned used = 0;

        fcgi_histogram_read(
            histogram,
            fcgi_histogram_slice(round * FCGI_HISTOGRAM_SLICES * SLICE),
            counts);
        for (unsigned i = 0; i < BUCKETS; i++)
            used += counts[i] > 0;
        assert_true(used <= 1 && sum_of(counts) <= EACH);
    }
    pthread_join(thread, NULL);
    assert_int_equal(in_slice(fcgi_histogram_slice(
                         (ROUNDS - 1) * FCGI_HISTOGRAM_SLICES * SLICE)),
                     EACH);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(buckets_have_their_bounds, make, drop),
        cmocka_unit_test_setup_teardown(quantiles, make, drop),
        cmocka_unit_test_setup_teardown(slices_grow_old, make, drop),
        cmocka_unit_test_setup_teardown(is_read_while_written, make, drop),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
