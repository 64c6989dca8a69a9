/* SPDX-License-Identifier: Apache-2.0
 *
 * Statistics against samples whose figures are known, and against all values
 * sorted.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "fcgi-ping/times.h"

static struct fcgi_times stats;

static int clear(void **state)
{
    (void)state;
    memset(&stats, 0, sizeof(stats));
    return 0;
}

static void nothing(void **state)
{
    struct fcgi_times_row rows[4];

    (void)state;
    assert_int_equal(fcgi_times_percentile(&stats, 50), 0);
    assert_true(fcgi_times_deviation(&stats) == 0);
    assert_int_equal(fcgi_times_rows(&stats, rows, 4), 0);
}

/* NIST's example of a deviation that naive sums lose: 1000000000 and three
 * small steps. */
static void deviation(void **state)
{
    static const uint64_t samples[] = {2, 4, 4, 4, 5, 5, 7, 9};

    (void)state;
    for (size_t i = 0; i < 8; i++)
        fcgi_times_add(&stats, samples[i]);
    assert_true(fabs(stats.mean - 5) < 1e-12);
    assert_true(fabs(fcgi_times_deviation(&stats) - 2) < 1e-12);
    assert_int_equal(stats.min, 2);
    assert_int_equal(stats.max, 9);
    clear(NULL);
    for (uint64_t i = 0; i < 1001; i++)
        fcgi_times_add(&stats, UINT64_C(1000000000000) + i % 2 * 2);
    assert_true(fabs(fcgi_times_deviation(&stats) - 0.9999995) < 1e-4);
    assert_true(fabs(stats.mean - (1e12 + 1000.0 / 1001)) < 1e-3);
}

static void small_percentiles(void **state)
{
    (void)state;
    fcgi_times_add(&stats, 71000);
    assert_int_equal(fcgi_times_percentile(&stats, 50), 71000);
    assert_int_equal(fcgi_times_percentile(&stats, 99), 71000);
    clear(NULL);
    /* Nearest rank: of 1 to 100, the p-th percentile is p. */
    for (uint64_t i = 1; i <= 100; i++)
        fcgi_times_add(&stats, i);
    assert_int_equal(fcgi_times_percentile(&stats, 1), 1);
    assert_int_equal(fcgi_times_percentile(&stats, 50), 50);
    assert_int_equal(fcgi_times_percentile(&stats, 95), 95);
    assert_int_equal(fcgi_times_percentile(&stats, 99), 99);
    assert_int_equal(fcgi_times_percentile(&stats, 100), 100);
}

static int by_value(const void *a, const void *b)
{
    const uint64_t *x = a, *y = b;

    return *x < *y ? -1 : *x > *y;
}

/* Against the sorted sample, over nine decades: within the error bound. */
static void percentile_error(void **state)
{
    enum { N = 20000 };
    static uint64_t samples[N];
    static const double percents[] = {0.1, 1, 10, 50, 90, 95, 99, 99.9, 100};
    uint64_t random = 88172645463325252u;

    (void)state;
    for (size_t i = 0; i < N; i++) {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        samples[i] =
            (uint64_t)pow(10, 3 + (double)(random % 1000000) / 1e6 * 8);
        fcgi_times_add(&stats, samples[i]);
    }
    qsort(samples, N, sizeof(samples[0]), by_value);
    for (size_t i = 0; i < sizeof(percents) / sizeof(percents[0]); i++) {
        size_t rank = (size_t)ceil(percents[i] / 100 * N);
        double exact = (double)samples[rank - 1];
        double found = (double)fcgi_times_percentile(&stats, percents[i]);

        if (fabs(found - exact) > exact / (2 * FCGI_TIMES_SUB) + 1)
            fail_msg("p%g is %f, not %f", percents[i], found, exact);
    }
}

/* Buckets join without gap, and each time is in its own. */
static void buckets(void **state)
{
    static const uint64_t far[] = {FCGI_TIMES_MOST - 1, FCGI_TIMES_MOST,
                                   FCGI_TIMES_MOST + 1, UINT64_MAX};

    (void)state;
    for (size_t i = 0; i + 1 < FCGI_TIMES_BUCKETS; i++) {
        uint64_t from = fcgi_times_bucket_start(i);
        uint64_t to = fcgi_times_bucket_start(i + 1);

        assert_true(to > from);
        assert_int_equal(fcgi_times_bucket(from), i);
        assert_int_equal(fcgi_times_bucket(to - 1), i);
    }
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(fcgi_times_bucket(far[i]), FCGI_TIMES_BUCKETS - 1);
}

static void rows(void **state)
{
    struct fcgi_times_row row[16];
    uint64_t sum = 0;
    size_t n;

    (void)state;
    for (uint64_t i = 0; i < 1000; i++)
        fcgi_times_add(&stats, 50000 + i * 997);
    n = fcgi_times_rows(&stats, row, 16);
    assert_true(n >= 8 && n <= 16);
    for (size_t i = 0; i < n; i++) {
        sum += row[i].count;
        if (i > 0)
            assert_int_equal(row[i].from, row[i - 1].to);
    }
    assert_int_equal(sum, 1000);
    assert_true(row[0].from <= stats.min && row[n - 1].to > stats.max);
    clear(NULL);
    fcgi_times_add(&stats, 5);
    assert_int_equal(fcgi_times_rows(&stats, row, 16), 1);
    assert_int_equal(row[0].count, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(nothing, clear),
        cmocka_unit_test_setup(deviation, clear),
        cmocka_unit_test_setup(small_percentiles, clear),
        cmocka_unit_test_setup(percentile_error, clear),
        cmocka_unit_test_setup(buckets, clear),
        cmocka_unit_test_setup(rows, clear),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
