/* SPDX-License-Identifier: Apache-2.0
 *
 * Timers: what fires and in which order; changes made from a timer's own
 * callback; and the loop's descriptor, which must become readable for the
 * earliest deadline.
 *
 * Nothing here depends on how fast the machine is: a deadline either lies in
 * the past or an hour ahead, or is waited for.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <poll.h>

#include "loop/loop.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define HOUR (UINT64_C(3600) * 1000 * FCGI_LOOP_MS)
#define PATIENCE 8000 /* ms that a test waits for what must come */

/* What a probe does when it fires. */
enum act {
    NOTHING,
    STOP_OTHER,
    FREE_OTHER,
    FREE_SELF,
    SET_OTHER, /* to `when` */
    SET_SELF,  /* to `when`, once */
};

struct probe {
    struct fcgi_loop_timer timer;
    unsigned id;
    enum act act;
    struct probe *other;
    uint64_t when;
};

static struct {
    struct fcgi_loop *loop;
    unsigned fired[256];
    size_t n_fired;
} all;

static int set_up(void **state)
{
    (void)state;
    memset(&all, 0, sizeof(all));
    all.loop = fcgi_loop_new();
    return all.loop == NULL;
}

static int tear_down(void **state)
{
    (void)state;
    fcgi_loop_free(all.loop);
    return 0;
}

static void fired(struct fcgi_loop_timer *timer)
{
    struct probe *probe = FCGI_LOOP_OWNER(timer, struct probe, timer);

    assert_false(timer->set);
    assert_true(all.n_fired < COUNT(all.fired));
    all.fired[all.n_fired++] = probe->id;
    switch (probe->act) {
    case NOTHING:
        break;
    case STOP_OTHER:
        fcgi_loop_stop_timer(all.loop, &probe->other->timer);
        break;
    case FREE_OTHER:
        fcgi_loop_stop_timer(all.loop, &probe->other->timer);
        free(probe->other);
        break;
    case FREE_SELF:
        free(probe);
        break;
    case SET_OTHER:
        fcgi_loop_set_timer(all.loop, &probe->other->timer, probe->when);
        break;
    case SET_SELF:
        probe->act = NOTHING;
        fcgi_loop_set_timer(all.loop, timer, probe->when);
        break;
    }
}

static struct probe *new_probe(unsigned id, enum act act)
{
    struct probe *probe = calloc(1, sizeof(*probe));

    assert_non_null(probe);
    probe->timer.fired = fired;
    probe->id = id;
    probe->act = act;
    return probe;
}

static void set(struct probe *probe, uint64_t deadline)
{
    fcgi_loop_set_timer(all.loop, &probe->timer, deadline);
    assert_true(probe->timer.set);
    assert_int_equal(probe->timer.deadline, deadline);
}

static bool is_readable(int timeout_ms)
{
    struct pollfd pfd = {.fd = fcgi_loop_fd(all.loop), .events = POLLIN};

    return poll(&pfd, 1, timeout_ms) == 1;
}

static void assert_fired(const char *want)
{
    char got[4 * COUNT(all.fired) + 1] = "";

    for (size_t i = 0, at = 0; i < all.n_fired; i++)
        at += (size_t)sprintf(got + at, "%s%u", i ? " " : "", all.fired[i]);
    assert_string_equal(got, want);
    all.n_fired = 0;
}

/* Runs the loop, as a host does, until that many timers have fired. */
static void run_until_fired(size_t n)
{
    while (all.n_fired < n) {
        assert_true(is_readable(PATIENCE));
        fcgi_loop_run(all.loop);
    }
}

static void test_order(void **state)
{
    /* Deadlines of the timers 0, 1, ... and the order that they fire in. */
    static const struct {
        const char *deadlines;
        const char *want;
    } cases[] = {
        {"a", "0"},
        {"ab", "0 1"},
        {"ba", "1 0"},
        {"abcdefgh", "0 1 2 3 4 5 6 7"},
        {"hgfedcba", "7 6 5 4 3 2 1 0"},
        {"dbfaceg", "3 1 4 0 5 2 6"},
        {"bcade", "2 0 1 3 4"},
        {"zaybxcwd", "1 3 5 7 6 4 2 0"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        size_t n = strlen(cases[i].deadlines);
        struct probe *probes[8];

        for (unsigned j = 0; j < n; j++) {
            probes[j] = new_probe(j, NOTHING);
            set(probes[j], (uint64_t)cases[i].deadlines[j]);
        }
        fcgi_loop_run(all.loop);
        assert_fired(cases[i].want);
        for (size_t j = 0; j < n; j++)
            free(probes[j]);
    }
}

static void test_equal(void **state)
{
    struct probe *probes[100];
    unsigned times[COUNT(probes)] = {0};

    (void)state;
    for (unsigned i = 0; i < COUNT(probes); i++) {
        probes[i] = new_probe(i, NOTHING);
        set(probes[i], 1000);
    }
    fcgi_loop_run(all.loop);
    assert_int_equal(all.n_fired, COUNT(probes));
    for (size_t i = 0; i < all.n_fired; i++)
        times[all.fired[i]]++;
    for (size_t i = 0; i < COUNT(probes); i++) {
        assert_int_equal(times[i], 1);
        free(probes[i]);
    }
}

/* A deadline that comes before the one that is set moves the timer; a later one
 * does not. */
static void test_hasten(void **state)
{
    struct probe *probe = new_probe(0, NOTHING);

    (void)state;
    fcgi_loop_hasten_timer(all.loop, &probe->timer, 200);
    assert_true(probe->timer.set);
    assert_int_equal(probe->timer.deadline, 200);
    fcgi_loop_hasten_timer(all.loop, &probe->timer, 300);
    assert_int_equal(probe->timer.deadline, 200);
    fcgi_loop_hasten_timer(all.loop, &probe->timer, 100);
    assert_int_equal(probe->timer.deadline, 100);
    fcgi_loop_run(all.loop);
    assert_fired("0");
    free(probe);
}

static void test_set_anew(void **state)
{
    struct probe *a = new_probe(0, NOTHING), *b = new_probe(1, NOTHING);

    (void)state;
    set(a, 100);
    set(b, 200);
    set(a, 300);
    fcgi_loop_run(all.loop);
    assert_fired("1 0");
    set(a, 100);
    set(b, 200);
    set(b, 50);
    fcgi_loop_run(all.loop);
    assert_fired("1 0");
    set(a, 100);
    set(a, fcgi_loop_now(all.loop) + HOUR);
    fcgi_loop_run(all.loop);
    assert_fired("");
    assert_true(a->timer.set);
    set(a, 100);
    fcgi_loop_run(all.loop);
    fcgi_loop_run(all.loop);
    assert_fired("0");
    free(a);
    free(b);
}

static void test_stop(void **state)
{
    (void)state;
    /* Each of five, stopped, and stopped again. */
    for (unsigned stopped = 0; stopped < 5; stopped++) {
        struct probe *probes[5];
        size_t n = 0;

        for (unsigned i = 0; i < 5; i++) {
            probes[i] = new_probe(i, NOTHING);
            fcgi_loop_stop_timer(all.loop, &probes[i]->timer);
            set(probes[i], 100 + i * 7 % 5);
        }
        fcgi_loop_stop_timer(all.loop, &probes[stopped]->timer);
        assert_false(probes[stopped]->timer.set);
        fcgi_loop_stop_timer(all.loop, &probes[stopped]->timer);
        fcgi_loop_run(all.loop);
        assert_int_equal(all.n_fired, 4);
        for (size_t i = 0; i < all.n_fired; i++)
            n += all.fired[i] == stopped;
        assert_int_equal(n, 0);
        all.n_fired = 0;
        for (size_t i = 0; i < 5; i++)
            free(probes[i]);
    }
}

static void test_in_callback(void **state)
{
    static const struct {
        enum act act;
        const char *want; /* of the timers 0, 1 and 2 in this order */
    } cases[] = {
        {NOTHING, "0 1 2"},   {STOP_OTHER, "0 2"}, {FREE_OTHER, "0 2"},
        {FREE_SELF, "0 1 2"}, {SET_OTHER, "0 2"},  {SET_SELF, "0 1 2 0"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct probe *probes[3];

        for (unsigned j = 0; j < 3; j++) {
            probes[j] = new_probe(j, j == 0 ? cases[i].act : NOTHING);
            set(probes[j], 100 + j);
        }
        probes[0]->other = probes[1];
        probes[0]->when =
            cases[i].act == SET_SELF ? 200 : fcgi_loop_now(all.loop) + HOUR;
        fcgi_loop_run(all.loop);
        assert_fired(cases[i].want);
        if (cases[i].act == SET_OTHER)
            fcgi_loop_stop_timer(all.loop, &probes[1]->timer);
        if (cases[i].act != FREE_SELF)
            free(probes[0]);
        if (cases[i].act != FREE_OTHER)
            free(probes[1]);
        free(probes[2]);
    }
}

/* A timer that is set outside of a run wakes the host, an earlier one that is
 * set after it too. */
static void test_wakes(void **state)
{
    struct probe *late = new_probe(0, NOTHING), *soon = new_probe(1, NOTHING);
    uint64_t deadline;

    (void)state;
    set(late, fcgi_loop_now(all.loop) + HOUR);
    assert_false(is_readable(0));
    deadline = fcgi_loop_now(all.loop) + 20 * FCGI_LOOP_MS;
    set(soon, deadline);
    assert_true(is_readable(PATIENCE));
    assert_true(fcgi_loop_now(all.loop) >= deadline);
    fcgi_loop_run(all.loop);
    assert_fired("1");
    assert_false(is_readable(0));
    set(soon, 1); /* long ago */
    assert_true(is_readable(0));
    fcgi_loop_run(all.loop);
    assert_fired("1");
    assert_false(is_readable(0));
    free(late);
    free(soon);
}

static void test_zero(void **state)
{
    struct probe *probe = new_probe(0, NOTHING);

    (void)state;
    set(probe, 0); /* the epoch of the clock is long ago, too */
    assert_true(is_readable(0));
    fcgi_loop_run(all.loop);
    assert_fired("0");
    free(probe);
}

/* A timer that a callback sets wakes the host too, when its time comes. */
static void test_wakes_again(void **state)
{
    struct probe *a = new_probe(0, SET_SELF), *b = new_probe(1, NOTHING);
    uint64_t now = fcgi_loop_now(all.loop);

    (void)state;
    a->when = now + 30 * FCGI_LOOP_MS;
    set(b, now + 60 * FCGI_LOOP_MS);
    set(a, now + 10 * FCGI_LOOP_MS);
    run_until_fired(1);
    run_until_fired(2);
    assert_true(fcgi_loop_now(all.loop) >= a->when);
    run_until_fired(3);
    assert_true(fcgi_loop_now(all.loop) >= now + 60 * FCGI_LOOP_MS);
    assert_fired("0 0 1");
    free(a);
    free(b);
}

/* A wake-up for a timer that was stopped may come, but once only, and the
 * timer after it is not forgotten. */
static void test_stopped_wake(void **state)
{
    struct probe *a = new_probe(0, NOTHING), *b = new_probe(1, NOTHING);
    uint64_t now = fcgi_loop_now(all.loop);

    (void)state;
    set(a, now + 5 * FCGI_LOOP_MS);
    set(b, now + 40 * FCGI_LOOP_MS);
    fcgi_loop_stop_timer(all.loop, &a->timer);
    run_until_fired(1);
    assert_true(fcgi_loop_now(all.loop) >= now + 40 * FCGI_LOOP_MS);
    assert_fired("1");
    set(a, fcgi_loop_now(all.loop) + 1);
    fcgi_loop_stop_timer(all.loop, &a->timer);
    assert_true(is_readable(PATIENCE));
    fcgi_loop_run(all.loop);
    assert_false(is_readable(0));
    assert_fired("");
    free(a);
    free(b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_equal, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_order, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_set_anew, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_hasten, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_stop, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_in_callback, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_wakes, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_zero, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_wakes_again, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_stopped_wake, set_up, tear_down),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
