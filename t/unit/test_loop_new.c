/* SPDX-License-Identifier: Apache-2.0
 *
 * Making a loop where descriptors are short, and its clock, which stands still
 * during a run.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "loop/loop.h"

/* Too few descriptors: NULL, errno, and none of them kept. */
static void test_new_fails(void **state)
{
    struct rlimit old, few;
    int lowest = dup(0);

    (void)state;
    close(lowest);
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &old), 0);
    for (int n = 0; n < 3; n++) {
        struct fcgi_loop *none;
        int error, again;

        few = old;
        few.rlim_cur = (rlim_t)(lowest + n);
        assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
        none = fcgi_loop_new();
        error = errno;
        assert_int_equal(setrlimit(RLIMIT_NOFILE, &old), 0);
        assert_null(none);
        assert_int_equal(error, EMFILE);
        again = dup(0);
        assert_int_equal(again, lowest);
        close(again);
    }
    fcgi_loop_free(NULL);
}

static struct fcgi_loop *current;
static uint64_t seen[2];

static void look_twice(struct fcgi_loop_timer *timer)
{
    struct timespec pause = {.tv_nsec = 2000000};

    (void)timer;
    seen[0] = fcgi_loop_now(current);
    nanosleep(&pause, NULL);
    seen[1] = fcgi_loop_now(current);
}

static void test_now(void **state)
{
    struct fcgi_loop_timer timer = {.fired = look_twice};
    struct fcgi_loop *loop = fcgi_loop_new();
    uint64_t before;

    (void)state;
    assert_non_null(loop);
    current = loop;
    before = fcgi_loop_now(loop);
    fcgi_loop_set_timer(loop, &timer, before);
    fcgi_loop_run(loop);
    assert_true(seen[0] >= before);
    assert_int_equal(seen[0], seen[1]);
    assert_true(fcgi_loop_now(loop) >= seen[0] + 2 * FCGI_LOOP_MS);
    fcgi_loop_free(loop);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_new_fails),
        cmocka_unit_test(test_now),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
