/* SPDX-License-Identifier: Apache-2.0
 *
 * Descriptors and the loop as a whole: level-triggered, what a callback may do
 * to others of its batch and to itself, more descriptors than a batch holds,
 * the loop's own descriptor within another epoll, and waiting.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "loop/loop.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define PATIENCE 8000 /* ms that a test waits for what must come */

/* What a watched eventfd does when it is told. */
enum act {
    KEEP,
    DRAIN,
    REMOVE_OTHER,
    FREE_OTHER,
    FREE_SELF,
    REPLACE_OTHER, /* the same memory, with another descriptor */
};

struct watched {
    struct fcgi_loop_io io;
    enum act act;
    struct watched *other;
    unsigned told;
    uint32_t events;
};

static struct fcgi_loop *loop;
static unsigned n_told; /* of all, the freed ones too */
static struct watched *told_last;

static int set_up(void **state)
{
    (void)state;
    n_told = 0;
    loop = fcgi_loop_new();
    return loop == NULL;
}

static int tear_down(void **state)
{
    (void)state;
    fcgi_loop_free(loop);
    return 0;
}

static void drop(struct watched *watched)
{
    fcgi_loop_remove(loop, &watched->io);
    assert_false(watched->io.added);
    close(watched->io.fd);
    free(watched);
}

static void ready(struct fcgi_loop_io *io, uint32_t events)
{
    struct watched *watched = FCGI_LOOP_OWNER(io, struct watched, io);
    struct watched *other = watched->other;
    uint64_t count;

    n_told++;
    watched->told++;
    told_last = watched;
    watched->events = events;
    switch (watched->act) {
    case KEEP:
        break;
    case DRAIN:
        assert_int_equal(read(io->fd, &count, sizeof(count)), sizeof(count));
        break;
    case REMOVE_OTHER:
        fcgi_loop_remove(loop, &other->io);
        break;
    case FREE_OTHER:
        drop(other);
        break;
    case FREE_SELF:
        drop(watched);
        break;
    case REPLACE_OTHER:
        fcgi_loop_remove(loop, &other->io);
        close(other->io.fd);
        other->io.fd = eventfd(0, EFD_NONBLOCK);
        assert_int_equal(fcgi_loop_add(loop, &other->io, EPOLLIN), 0);
        break;
    }
}

/* Watches an eventfd, which is readable at once if `count` is not 0. */
static struct watched *watch(unsigned count, enum act act)
{
    struct watched *watched = calloc(1, sizeof(*watched));

    assert_non_null(watched);
    watched->io.fd = eventfd(count, EFD_NONBLOCK);
    assert_true(watched->io.fd >= 0);
    watched->io.ready = ready;
    watched->act = act;
    assert_int_equal(fcgi_loop_add(loop, &watched->io, EPOLLIN), 0);
    assert_true(watched->io.added);
    return watched;
}

static void feed(const struct watched *watched)
{
    const uint64_t one = 1;

    assert_int_equal(write(watched->io.fd, &one, sizeof(one)), sizeof(one));
}

static bool is_readable(int fd, int timeout_ms)
{
    struct pollfd pfd = {.fd = fd, .events = POLLIN};

    return poll(&pfd, 1, timeout_ms) == 1;
}

static void test_level(void **state)
{
    struct watched *watched = watch(0, KEEP);

    (void)state;
    fcgi_loop_run(loop);
    assert_int_equal(watched->told, 0);
    assert_false(is_readable(fcgi_loop_fd(loop), 0));
    feed(watched);
    assert_true(is_readable(fcgi_loop_fd(loop), 0));
    for (unsigned i = 1; i <= 3; i++) {
        fcgi_loop_run(loop);
        assert_int_equal(watched->told, i);
        assert_int_equal(watched->events, EPOLLIN);
    }
    watched->act = DRAIN;
    fcgi_loop_run(loop);
    fcgi_loop_run(loop);
    assert_int_equal(watched->told, 4);
    drop(watched);
}

static void test_modify(void **state)
{
    static const struct {
        uint32_t watched, told;
    } cases[] = {
        {EPOLLIN, EPOLLIN},
        {EPOLLOUT, EPOLLOUT},
        {EPOLLIN | EPOLLOUT, EPOLLIN | EPOLLOUT},
        {0, 0},
    };
    struct watched *watched = watch(1, KEEP);

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        watched->told = watched->events = 0;
        assert_int_equal(fcgi_loop_modify(loop, &watched->io, cases[i].watched),
                         0);
        fcgi_loop_run(loop);
        assert_int_equal(watched->told, cases[i].told != 0);
        assert_int_equal(watched->events, cases[i].told);
    }
    drop(watched);
}

static void test_hang_up(void **state)
{
    struct watched *watched = watch(0, KEEP);
    int pair[2];

    (void)state;
    fcgi_loop_remove(loop, &watched->io);
    close(watched->io.fd);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
    watched->io.fd = pair[0];
    assert_int_equal(fcgi_loop_add(loop, &watched->io, 0), 0);
    close(pair[1]);
    fcgi_loop_run(loop);
    assert_int_equal(watched->told, 1);
    assert_true(watched->events & EPOLLHUP);
    drop(watched);
}

static void test_errors(void **state)
{
    struct watched *watched = watch(0, KEEP);
    struct fcgi_loop_io closed = {.fd = -1, .ready = ready};

    (void)state;
    assert_int_equal(fcgi_loop_add(loop, &closed, EPOLLIN), -1);
    assert_int_equal(errno, EBADF);
    assert_false(closed.added);
    fcgi_loop_remove(loop, &closed); /* does nothing */
    assert_int_equal(fcgi_loop_modify(loop, &closed, EPOLLIN), -1);
    assert_int_equal(errno, EBADF);
    fcgi_loop_remove(loop, &watched->io);
    assert_int_equal(fcgi_loop_modify(loop, &watched->io, EPOLLIN), -1);
    assert_int_equal(errno, ENOENT);
    feed(watched);
    fcgi_loop_run(loop);
    assert_int_equal(watched->told, 0);
    assert_int_equal(fcgi_loop_add(loop, &watched->io, EPOLLIN), 0);
    fcgi_loop_run(loop);
    assert_int_equal(watched->told, 1);
    drop(watched);
}

/* Two are ready at once, and the one that is told first deals with the other:
 * that one must not be told. */
static void test_same_batch(void **state)
{
    static const enum act acts[] = {REMOVE_OTHER, FREE_OTHER, REPLACE_OTHER};

    (void)state;
    for (size_t i = 0; i < COUNT(acts); i++) {
        struct watched *a = watch(1, acts[i]), *b = watch(1, acts[i]);
        struct watched *first;

        n_told = 0;
        a->other = b;
        b->other = a;
        fcgi_loop_run(loop);
        assert_int_equal(n_told, 1);
        first = told_last;
        assert_int_equal(first->told, 1);
        if (acts[i] == FREE_OTHER) {
            drop(first);
            continue;
        }
        assert_int_equal(first->other->told, 0);
        drop(a);
        drop(b);
    }
}

static void test_free_self(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 3; i++)
        watch(1, FREE_SELF);
    fcgi_loop_run(loop);
    assert_int_equal(n_told, 3);
    fcgi_loop_run(loop);
    assert_int_equal(n_told, 3);
    assert_false(is_readable(fcgi_loop_fd(loop), 0));
}

/* Far more than one batch: each is told, and a run ends even if all stay
 * ready for ever. */
static void test_many(void **state)
{
    static struct watched *many[500];
    unsigned told = 0;

    (void)state;
    for (size_t i = 0; i < COUNT(many); i++)
        many[i] = watch(1, KEEP);
    fcgi_loop_run(loop);
    assert_true(n_told >= 1 && n_told <= 20 * COUNT(many));
    for (size_t i = 0; i < COUNT(many); i++)
        many[i]->act = DRAIN;
    for (int runs = 0; is_readable(fcgi_loop_fd(loop), 0); runs++) {
        assert_true(runs < 50);
        fcgi_loop_run(loop);
    }
    for (size_t i = 0; i < COUNT(many); i++) {
        told += many[i]->told > 0;
        drop(many[i]);
    }
    assert_int_equal(told, COUNT(many));
}

static void run_nothing(struct fcgi_loop_task *task)
{
    (void)task;
}

static void fire_nothing(struct fcgi_loop_timer *timer)
{
    (void)timer;
}

/* The loop within its host's epoll, for each thing that can be due. */
static void test_nested(void **state)
{
    struct epoll_event event = {.events = EPOLLIN}, got;
    struct watched *watched = watch(0, DRAIN);
    struct fcgi_loop_task posted = {.run = run_nothing};
    struct fcgi_loop_task deferred = {.run = run_nothing};
    struct fcgi_loop_timer timer = {.fired = fire_nothing};
    int outer = epoll_create1(0);

    (void)state;
    assert_int_equal(
        epoll_ctl(outer, EPOLL_CTL_ADD, fcgi_loop_fd(loop), &event), 0);
    for (int what = 0; what < 4; what++) {
        assert_int_equal(epoll_wait(outer, &got, 1, 0), 0);
        if (what == 0)
            feed(watched);
        else if (what == 1)
            fcgi_loop_post(loop, &posted);
        else if (what == 2)
            fcgi_loop_defer(loop, &deferred);
        else
            fcgi_loop_set_timer(loop, &timer,
                                fcgi_loop_now(loop) + 10 * FCGI_LOOP_MS);
        assert_int_equal(epoll_wait(outer, &got, 1, PATIENCE), 1);
        fcgi_loop_run(loop);
    }
    assert_int_equal(watched->told, 1);
    assert_false(posted.queued || deferred.queued || timer.set);
    assert_int_equal(epoll_wait(outer, &got, 1, 0), 0);
    close(outer);
    drop(watched);
}

static bool gathered;

static void look_around(struct fcgi_loop_task *task)
{
    (void)task;
    gathered = fcgi_loop_is_gathering(loop);
}

/* What a host calls is one moment, and a crowd of it is one to gather in, as a
 * run is; tasks that are deferred in it have one wake-up. */
static void test_moment(void **state)
{
    struct fcgi_loop_task first = {.run = run_nothing};
    struct fcgi_loop_task second = {.run = look_around};
    uint64_t now;

    (void)state;
    for (int crowded = 0; crowded < 2; crowded++) {
        assert_false(fcgi_loop_is_gathering(loop));
        fcgi_loop_enter(loop, crowded);
        assert_int_equal(fcgi_loop_is_gathering(loop), crowded);
        now = fcgi_loop_now(loop);
        usleep(1000);
        assert_int_equal(fcgi_loop_now(loop), now);
        fcgi_loop_defer(loop, &first);
        fcgi_loop_defer(loop, &second);
        fcgi_loop_leave(loop);
        assert_true(fcgi_loop_now(loop) > now);
        assert_false(fcgi_loop_is_gathering(loop));
        gathered = false;
        assert_int_equal(fcgi_loop_wait(loop, PATIENCE), 0);
        assert_false(first.queued || second.queued);
        assert_true(gathered);
        assert_int_equal(fcgi_loop_wait(loop, 0), 0);
    }
}

static void interrupted(int signal)
{
    (void)signal;
}

static void test_wait(void **state)
{
    const struct itimerval often = {{0, 20000}, {0, 20000}}, off = {{0}, {0}};
    struct sigaction action = {.sa_handler = interrupted}, old;
    struct watched *watched = watch(1, KEEP);

    (void)state;
    assert_int_equal(fcgi_loop_wait(loop, -1), 0);
    assert_int_equal(watched->told, 1);
    watched->act = DRAIN;
    assert_int_equal(fcgi_loop_wait(loop, PATIENCE), 0);
    assert_int_equal(fcgi_loop_wait(loop, 0), 0);
    assert_int_equal(fcgi_loop_wait(loop, 5), 0);
    assert_int_equal(watched->told, 2);
    sigaction(SIGALRM, &action, &old);
    setitimer(ITIMER_REAL, &often, NULL);
    assert_int_equal(fcgi_loop_wait(loop, PATIENCE), -1);
    assert_int_equal(errno, EINTR);
    setitimer(ITIMER_REAL, &off, NULL);
    sigaction(SIGALRM, &old, NULL);
    drop(watched);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_level, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_modify, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_hang_up, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_errors, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_same_batch, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_free_self, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_many, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_nested, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_moment, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_wait, set_up, tear_down),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
