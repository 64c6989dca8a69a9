/* SPDX-License-Identifier: Apache-2.0
 *
 * The learned limit, rule by rule, as backend/limit.h has them: what each call
 * makes of what is known. What they come to together is test_backend_limit's.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "backend/limit.h"

#define MS FCGI_LOOP_MS
#define NOW (1000 * MS)
#define TELLS true

static struct fcgi_limit limit;

/* A limit that is learned, of which so many connections are proven. */
static void begin(bool tells, unsigned proven)
{
    fcgi_limit_init(&limit, 0, tells);
    for (unsigned i = 0; i < proven; i++)
        fcgi_limit_proven(&limit, NOW);
}

static void finish(unsigned n)
{
    for (unsigned i = 0; i < n; i++)
        fcgi_limit_finish(&limit, false, limit.proven + 1, NOW);
}

/* Of `open` connections that serve so many in a span. */
static uint64_t soon_after(unsigned open, unsigned n, uint64_t span)
{
    limit.span_begin = NOW;
    limit.span_finished = limit.finished;
    for (unsigned i = 1; i < n; i++)
        fcgi_limit_finish(&limit, false, open, NOW + span / 2);
    fcgi_limit_finish(&limit, false, open, NOW + span);
    return limit.soon;
}

static void test_at_first(void **state)
{
    (void)state;
    begin(TELLS, 0);
    assert_false(fcgi_limit_is_set(&limit));
    assert_int_equal(limit.learned, 1);
    assert_int_equal(limit.window, 1);
    assert_true(fcgi_limit_may_open(&limit, 1, 0));
    assert_false(fcgi_limit_may_open(&limit, 2, 0));
    fcgi_limit_init(&limit, 3, TELLS);
    assert_true(fcgi_limit_is_set(&limit));
    assert_true(fcgi_limit_may_open(&limit, 2, 0));
    assert_false(fcgi_limit_may_open(&limit, 3, 0));
    fcgi_limit_proven(&limit, NOW);
    fcgi_limit_failed(&limit, true, 3, NOW);
    assert_int_equal(limit.learned, 3);
}

static void test_reset(void **state)
{
    (void)state;
    begin(TELLS, 3);
    fcgi_limit_finish(&limit, true, 5, NOW);
    fcgi_limit_finish(&limit, true, 5, NOW);
    fcgi_limit_look(&limit, 3, NOW);
    fcgi_limit_unkept(&limit);
    fcgi_limit_passed(&limit);
    fcgi_limit_order(&limit);
    soon_after(2, 800, FCGI_LIMIT_SPAN);
    fcgi_limit_reset(&limit);
    assert_int_equal(limit.learned, 1);
    assert_int_equal(limit.window, 1);
    assert_int_equal(limit.proven + limit.closed + limit.in_vain, 0);
    assert_int_equal(limit.passed + limit.ordered, 0);
    assert_int_equal(limit.unkept + limit.pause + limit.again, 0);
    assert_int_equal(limit.moved + limit.looked + limit.seen, 0);
    assert_int_equal(limit.finished + limit.closed_at, 0);
    assert_int_equal(limit.span_begin + limit.span_finished, 0);
    assert_int_equal(limit.soon, FCGI_LIMIT_SOON);
}

/* A connection waits for a process after 16 times what a request takes. */
static void test_soon(void **state)
{
    const uint64_t span = FCGI_LIMIT_SPAN;
    struct fcgi_limit_wait wait;

    (void)state;
    begin(TELLS, 2);
    fcgi_limit_begin(&limit, &wait, 3, 0, NOW);
    assert_int_equal(wait.soon, 20 * MS);
    assert_int_equal(soon_after(2, 800, span), 4 * MS); /* 0.25 ms */
    fcgi_limit_begin(&limit, &wait, 3, 0, NOW);
    assert_int_equal(wait.soon, 4 * MS);
    assert_false(
        fcgi_limit_is_stuck(&limit, &wait, false, 3, NOW + 4 * MS - 1));
    assert_true(fcgi_limit_is_stuck(&limit, &wait, false, 3, NOW + 4 * MS));
    assert_false(
        fcgi_limit_wants_idle(&limit, &wait, false, 3, NOW + 4 * MS - 1));
    assert_true(fcgi_limit_wants_idle(&limit, &wait, false, 3, NOW + 4 * MS));
    assert_true(fcgi_limit_is_one_too_many(&limit, &wait, 3, NOW + 4 * MS));
    assert_int_equal(soon_after(2, 1601, span), 2 * MS);
    assert_int_equal(soon_after(2, 400, span), 8 * MS);
    assert_int_equal(soon_after(2, 159, span), 20 * MS);
    /* Not before the span is over; another worker's clock; after a pause. */
    soon_after(2, 400, span);
    assert_int_equal(soon_after(2, 800, span - 1), 8 * MS);
    limit.span_begin = NOW + span;
    fcgi_limit_finish(&limit, false, 2, NOW);
    assert_int_equal(limit.soon, 8 * MS);
    assert_int_equal(soon_after(2, 1, 2 * span), 20 * MS);
    for (int late = 0; late < 2; late++) {
        limit.span_begin = NOW;
        limit.span_finished = limit.finished - 1600;
        fcgi_limit_finish(&limit, false, 2, NOW + 2 * span - !late);
        assert_int_equal(limit.soon / MS, late ? 20 : 3);
    }
    /* Each span counts what was finished in it. */
    soon_after(2, 800, span);
    for (int i = 1; i < 800; i++)
        fcgi_limit_finish(&limit, false, 2, NOW + span);
    fcgi_limit_finish(&limit, false, 2, NOW + 2 * span);
    assert_int_equal(limit.soon, 4 * MS);
    /* What was set is not looked for. */
    limit.most = 2;
    assert_int_equal(soon_after(2, 800, span), 20 * MS);
}

static void test_unkept(void **state)
{
    (void)state;
    begin(TELLS, 0);
    for (int i = 0; i < 3; i++)
        fcgi_limit_unkept(&limit);
    assert_false(fcgi_limit_may_open(&limit, 100, NOW));
    fcgi_limit_unkept(&limit);
    assert_true(fcgi_limit_may_open(&limit, 100, NOW));
    for (int i = 0; i < 300; i++)
        fcgi_limit_unkept(&limit);
    assert_true(limit.unkept < 10);
    fcgi_limit_kept(&limit);
    for (int i = 0; i < 3; i++)
        fcgi_limit_unkept(&limit);
    assert_false(fcgi_limit_may_open(&limit, 100, NOW));
    fcgi_limit_init(&limit, 2, TELLS);
    for (int i = 0; i < 9; i++)
        fcgi_limit_unkept(&limit);
    assert_false(fcgi_limit_may_open(&limit, 2, NOW));
}

static void test_proven(void **state)
{
    (void)state;
    begin(TELLS, 1);
    assert_int_equal(limit.learned, 1);
    assert_int_equal(limit.window, 1);
    assert_int_equal(limit.moved, NOW);
    fcgi_limit_failed(&limit, false, 2, NOW);
    assert_int_equal(limit.pause, FCGI_LIMIT_PAUSE_FIRST);
    fcgi_limit_proven(&limit, NOW + MS);
    assert_int_equal(limit.learned, 2);
    assert_int_equal(limit.window, 2);
    assert_int_equal(limit.pause + limit.again, 0);
    assert_int_equal(limit.moved, NOW + MS);
    fcgi_limit_gone(&limit);
    assert_int_equal(limit.proven, 1);
    fcgi_limit_proven(&limit, NOW + 2 * MS);
    assert_int_equal(limit.window, 2);
    /* One for which another was closed moves nothing. */
    fcgi_limit_gone(&limit);
    fcgi_limit_finish(&limit, true, 3, NOW + 2 * MS);
    assert_int_equal(limit.closed, 1);
    fcgi_limit_proven(&limit, NOW + 9 * MS);
    assert_int_equal(limit.closed, 0);
    assert_int_equal(limit.moved, NOW + 2 * MS);
    begin(TELLS, 5000);
    assert_int_equal(limit.learned, 5000);
    assert_int_equal(limit.window, 4096);
}

static void test_failed(void **state)
{
    uint64_t now = NOW, pause = FCGI_LIMIT_PAUSE_FIRST;

    (void)state;
    begin(TELLS, 4);
    fcgi_limit_failed(&limit, false, 4, now); /* none beyond what is known */
    assert_int_equal(limit.pause, 0);
    assert_int_equal(limit.window, 4);
    fcgi_limit_failed(&limit, false, 5, now);
    assert_int_equal(limit.learned, 4);
    assert_int_equal(limit.window, 1);
    assert_int_equal(limit.again, now + pause);
    assert_false(fcgi_limit_may_open(&limit, 4, now + pause - 1));
    assert_true(fcgi_limit_may_open(&limit, 4, now + pause));
    fcgi_limit_failed(&limit, false, 5,
                      now + pause - 1); /* of the same round */
    assert_int_equal(limit.pause, pause);
    for (int i = 0; i < 12; i++) {
        now = limit.again;
        fcgi_limit_failed(&limit, false, 5, now);
        pause = pause * 2 < FCGI_LIMIT_PAUSE_MOST ? pause * 2
                                                  : FCGI_LIMIT_PAUSE_MOST;
        assert_int_equal(limit.pause, pause);
        assert_int_equal(limit.again, now + pause);
    }
    fcgi_limit_gone(&limit);
    fcgi_limit_gone(&limit);
    fcgi_limit_failed(&limit, true, 5, now);
    assert_int_equal(limit.learned, 2);
    fcgi_limit_gone(&limit);
    fcgi_limit_gone(&limit);
    fcgi_limit_failed(&limit, true, 5, now);
    assert_int_equal(limit.learned, 1);
}

static void test_overflow(void **state)
{
    (void)state;
    begin(TELLS, 1);
    assert_true(fcgi_limit_may_overflow(&limit, true));
    assert_true(fcgi_limit_may_overflow(&limit, false));
    fcgi_limit_failed(&limit, false, 2, NOW);
    assert_false(fcgi_limit_may_overflow(&limit, true));
    assert_true(fcgi_limit_may_overflow(&limit, false));
    fcgi_limit_init(&limit, 2, TELLS);
    assert_false(fcgi_limit_may_overflow(&limit, true));
    assert_false(fcgi_limit_may_overflow(&limit, false));
}

static void test_begin(void **state)
{
    struct fcgi_limit_wait wait;

    (void)state;
    begin(!TELLS, 3);
    finish(7);
    fcgi_limit_begin(&limit, &wait, 5, 1, NOW);
    assert_int_equal(wait.since, NOW);
    assert_int_equal(wait.begun, 7 + 2);
    assert_int_equal(wait.served, 3);
    fcgi_limit_begin(&limit, &wait, 5, 3, NOW);
    assert_int_equal(wait.begun, 7);
    fcgi_limit_begin(&limit, &wait, 5, 4, NOW);
    assert_int_equal(wait.begun, 7);
    /* Those that were closed for others count, where so many are open. */
    fcgi_limit_finish(&limit, true, 5, NOW);
    fcgi_limit_begin(&limit, &wait, 5, 3, NOW);
    assert_int_equal(wait.served, 4);
    fcgi_limit_begin(&limit, &wait, 3, 3, NOW);
    assert_int_equal(wait.served, 3);
}

/* One that waits since NOW. */
static bool is_stuck(bool tells, bool late, uint64_t after, unsigned finished)
{
    struct fcgi_limit_wait wait;

    begin(tells, 2);
    fcgi_limit_begin(&limit, &wait, 3, 2, NOW);
    finish(finished);
    return fcgi_limit_is_stuck(&limit, &wait, late, 3, NOW + after);
}

static void test_stuck(void **state)
{
    struct fcgi_limit_wait wait;

    (void)state;
    assert_false(is_stuck(TELLS, false, FCGI_LIMIT_SOON - 1, 9));
    assert_true(is_stuck(TELLS, false, FCGI_LIMIT_SOON, 0));
    assert_false(is_stuck(!TELLS, false, FCGI_LIMIT_SOON, 5));
    assert_true(is_stuck(!TELLS, false, FCGI_LIMIT_SOON, 6));
    assert_false(is_stuck(!TELLS, true, FCGI_LIMIT_LATE - 1, 6));
    assert_true(is_stuck(!TELLS, true, FCGI_LIMIT_LATE, 6));
    assert_false(is_stuck(TELLS, true, FCGI_LIMIT_LATE, 5));
    /* A backlog that moves. */
    begin(TELLS, 1);
    fcgi_limit_begin(&limit, &wait, 3, 0, NOW - 9 * MS);
    assert_false(fcgi_limit_is_stuck(&limit, &wait, false, 3,
                                     NOW + FCGI_LIMIT_SOON - 1));
    assert_true(
        fcgi_limit_is_stuck(&limit, &wait, false, 3, NOW + FCGI_LIMIT_SOON));
}

static bool wants_idle(unsigned most, bool tells, bool late, unsigned open,
                       uint64_t after)
{
    const struct fcgi_limit_wait wait = {.since = NOW,
                                         .soon = FCGI_LIMIT_SOON,
                                         .slow_until = NOW + FCGI_LIMIT_SLOW};

    fcgi_limit_init(&limit, most, tells);
    for (int i = 0; i < 2; i++)
        fcgi_limit_proven(&limit, NOW);
    return fcgi_limit_wants_idle(&limit, &wait, late, open, NOW + after);
}

static void test_wants_idle(void **state)
{
    (void)state;
    assert_false(wants_idle(0, TELLS, false, 2, FCGI_LIMIT_SOON - 1));
    assert_true(wants_idle(0, TELLS, false, 2, FCGI_LIMIT_SOON));
    assert_false(wants_idle(0, TELLS, true, 2, FCGI_LIMIT_LATE - 1));
    assert_true(wants_idle(0, TELLS, true, 2, FCGI_LIMIT_LATE));
    assert_true(wants_idle(0, !TELLS, false, 3, FCGI_LIMIT_SOON));
    assert_false(wants_idle(0, !TELLS, false, 2, FCGI_LIMIT_SLOW - 1));
    assert_true(wants_idle(0, !TELLS, false, 2, FCGI_LIMIT_SLOW));
    assert_false(wants_idle(0, !TELLS, true, 2, FCGI_LIMIT_SLOW - 1));
    assert_true(wants_idle(0, !TELLS, true, 2, FCGI_LIMIT_SLOW));
    assert_true(wants_idle(2, !TELLS, false, 2, FCGI_LIMIT_SOON));
}

/* Who was passed has others closed after 1 s, then half as long again each
 * time. */
static void test_overdue(void **state)
{
    struct fcgi_limit_wait wait;

    (void)state;
    begin(!TELLS, 2);
    fcgi_limit_begin(&limit, &wait, 3, 0, NOW);
    assert_false(fcgi_limit_is_overdue(&wait, true, NOW + FCGI_LIMIT_SLOW - 1));
    assert_false(fcgi_limit_is_overdue(&wait, false, NOW + FCGI_LIMIT_SLOW));
    assert_true(fcgi_limit_is_overdue(&wait, true, NOW + FCGI_LIMIT_SLOW));
    assert_int_equal(wait.slow_until, NOW + FCGI_LIMIT_SLOW * 3 / 2);
    assert_false(fcgi_limit_is_overdue(&wait, true, wait.slow_until - 1));
    assert_true(fcgi_limit_is_overdue(&wait, true, NOW + 2 * FCGI_LIMIT_SLOW));
    assert_int_equal(wait.slow_until, NOW + 3 * FCGI_LIMIT_SLOW);
}

/* Of what is ordered no more is closed than wait that were passed. It counts as
 * closed for others, up to what is learned. */
static void test_order(void **state)
{
    (void)state;
    begin(!TELLS, 2);
    fcgi_limit_order(&limit);
    assert_false(fcgi_limit_take_order(&limit));
    for (int i = 0; i < 4; i++)
        fcgi_limit_passed(&limit);
    for (int i = 0; i < 5; i++)
        fcgi_limit_order(&limit);
    assert_int_equal(limit.ordered, 4);
    for (unsigned i = 1; i < 4; i++) {
        assert_true(fcgi_limit_take_order(&limit));
        assert_int_equal(limit.closed, i < 2 ? i : 2);
    }
    fcgi_limit_order(&limit);
    assert_int_equal(limit.ordered, 2);
    for (unsigned left = 4; left-- > 0;) {
        fcgi_limit_passed_gone(&limit);
        assert_int_equal(limit.ordered, left < 2 ? left : 2);
    }
    assert_false(fcgi_limit_take_order(&limit));
}

/* Who waits since there were many more is stuck as soon as those who are left
 * have done enough. */
static void test_stuck_later(void **state)
{
    const uint64_t then = NOW + FCGI_LIMIT_SOON;
    struct fcgi_limit_wait wait;

    (void)state;
    begin(!TELLS, 4);
    fcgi_limit_begin(&limit, &wait, 5, 4, NOW);
    finish(8);
    assert_false(fcgi_limit_is_stuck(&limit, &wait, false, 5, then));
    assert_false(fcgi_limit_is_stuck(&limit, &wait, false, 4, then));
    assert_true(fcgi_limit_is_stuck(&limit, &wait, false, 3, then));
    finish(2);
    assert_true(fcgi_limit_is_stuck(&limit, &wait, false, 5, then));
}

static void test_one_too_many(void **state)
{
    const struct fcgi_limit_wait wait = {.since = NOW,
                                         .soon = FCGI_LIMIT_SOON,
                                         .slow_until = NOW + FCGI_LIMIT_SLOW};
    const uint64_t soon = NOW + FCGI_LIMIT_SOON;

    (void)state;
    begin(TELLS, 2);
    assert_false(fcgi_limit_is_one_too_many(&limit, &wait, 2, soon));
    assert_false(fcgi_limit_is_one_too_many(&limit, &wait, 3, soon - 1));
    assert_true(fcgi_limit_is_one_too_many(&limit, &wait, 3, soon));
}

/* One is closed for each that waits; then more, the later each time. */
static void test_finish(void **state)
{
    uint64_t in_vain = 0;

    (void)state;
    begin(TELLS, 2);
    assert_false(fcgi_limit_finish(&limit, false, 4, NOW));
    assert_int_equal(limit.finished, 1);
    assert_true(fcgi_limit_finish(&limit, true, 4, NOW));
    assert_true(fcgi_limit_finish(&limit, true, 4, NOW));
    assert_int_equal(limit.closed, 2);
    for (int round = 1; round < 9; round++) {
        for (uint64_t n = 1; n < 8U << in_vain; n++)
            assert_false(fcgi_limit_finish(&limit, true, 3, NOW));
        assert_true(fcgi_limit_finish(&limit, true, 3, NOW));
        in_vain = round < 6 ? (uint64_t)round : 6;
        assert_int_equal(limit.closed, 1);
        assert_int_equal(limit.in_vain, in_vain);
    }
    /* As many as those would do that are left, with what was closed. */
    fcgi_limit_gone(&limit);
    limit.closed = 1;
    for (uint64_t n = 1; n < 6U << in_vain; n++)
        assert_false(fcgi_limit_finish(&limit, true, 2, NOW));
    assert_true(fcgi_limit_finish(&limit, true, 2, NOW));
    fcgi_limit_proven(&limit, NOW);
    limit.closed = 1;
    /* Where one of ours is accepted that was not in vain. */
    fcgi_limit_proven(&limit, NOW);
    assert_int_equal(limit.in_vain, 0);
    fcgi_limit_gone(&limit);
    limit.closed = 1;
    limit.in_vain = 2;
    /* While somebody waits, stuck or not, that stands; then it is over. */
    fcgi_limit_finish(&limit, false, 3, NOW);
    assert_int_equal(limit.closed, 1);
    fcgi_limit_finish(&limit, false, 2, NOW);
    assert_int_equal(limit.closed + limit.in_vain, 0);
}

static void test_look(void **state)
{
    (void)state;
    begin(!TELLS, 1);
    fcgi_limit_look(&limit, 1, NOW);
    assert_int_equal(limit.window, 1); /* fewer are open than may be */
    fcgi_limit_look(&limit, 2, NOW + FCGI_LIMIT_SOON - 1);
    assert_int_equal(limit.window, 1);
    fcgi_limit_look(&limit, 2, NOW + FCGI_LIMIT_SOON);
    assert_int_equal(limit.window, 2);
    /* Later where something has failed. */
    begin(!TELLS, 1);
    limit.pause = 400 * MS;
    fcgi_limit_look(&limit, 1, NOW);
    fcgi_limit_look(&limit, 2, NOW + 50 * MS - 1);
    assert_int_equal(limit.window, 1);
    fcgi_limit_look(&limit, 2, NOW + 50 * MS);
    assert_int_equal(limit.window, 2);
    begin(TELLS, 1);
    fcgi_limit_look(&limit, 9, NOW);
    assert_int_equal(limit.window, 1);
    begin(!TELLS, 1);
    for (unsigned i = 1; i < 30; i++)
        fcgi_limit_look(&limit, 10000, NOW + i * FCGI_LIMIT_SOON);
    assert_int_equal(limit.window, 4096);
}

/* Several workers look, each in its own time: that nothing was finished between
 * two of them shows nothing. */
static void test_looks_of_many(void **state)
{
    (void)state;
    fcgi_limit_init(&limit, 0, false);
    fcgi_limit_look(&limit, 2, NOW);
    fcgi_limit_finish(&limit, false, 2, NOW);
    fcgi_limit_look(&limit, 2, NOW + FCGI_LIMIT_SOON);
    fcgi_limit_look(&limit, 2, NOW + FCGI_LIMIT_SOON + MS);
    assert_int_equal(limit.window, 2);
    fcgi_limit_look(&limit, 3, NOW + 2 * FCGI_LIMIT_SOON);
    assert_int_equal(limit.window, 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_at_first),
        cmocka_unit_test(test_reset),
        cmocka_unit_test(test_unkept),
        cmocka_unit_test(test_proven),
        cmocka_unit_test(test_failed),
        cmocka_unit_test(test_overflow),
        cmocka_unit_test(test_begin),
        cmocka_unit_test(test_stuck),
        cmocka_unit_test(test_wants_idle),
        cmocka_unit_test(test_one_too_many),
        cmocka_unit_test(test_finish),
        cmocka_unit_test(test_look),
        cmocka_unit_test(test_soon),
        cmocka_unit_test(test_overdue),
        cmocka_unit_test(test_order),
        cmocka_unit_test(test_looks_of_many),
        cmocka_unit_test(test_stuck_later),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
