/* SPDX-License-Identifier: Apache-2.0
 *
 * Tasks and the mailbox: order, taking out, putting in from a task, and four
 * threads that post 10000 tasks each (build it with -fsanitize=thread, too).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <poll.h>
#include <pthread.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "loop/loop.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define PATIENCE 8000 /* ms that a test waits for what must come */

/* What a job does when it runs. */
enum act {
    NOTHING,
    DEFER_SELF, /* once */
    DEFER_OTHER,
    CANCEL_OTHER,
    POST_OTHER,
    FREE_SELF,
};

struct job {
    struct fcgi_loop_task task;
    char id;
    enum act act;
    struct job *other;
};

static struct {
    struct fcgi_loop *loop;
    char ran[64]; /* ids */
    size_t n_ran;
    struct job jobs[8]; /* idle, and named a to h */
} all;

static void run(struct fcgi_loop_task *task)
{
    struct job *job = FCGI_LOOP_OWNER(task, struct job, task);
    enum act act = job->act;

    assert_false(task->queued);
    assert_true(all.n_ran + 1 < sizeof(all.ran));
    all.ran[all.n_ran++] = job->id;
    job->act = NOTHING;
    switch (act) {
    case NOTHING:
        break;
    case DEFER_SELF:
        fcgi_loop_defer(all.loop, task);
        break;
    case DEFER_OTHER:
        fcgi_loop_defer(all.loop, &job->other->task);
        break;
    case CANCEL_OTHER:
        fcgi_loop_cancel(all.loop, &job->other->task);
        break;
    case POST_OTHER:
        fcgi_loop_post(all.loop, &job->other->task);
        break;
    case FREE_SELF:
        free(job);
        break;
    }
}

static int set_up(void **state)
{
    (void)state;
    memset(&all, 0, sizeof(all));
    for (size_t i = 0; i < COUNT(all.jobs); i++) {
        all.jobs[i].task.run = run;
        all.jobs[i].id = (char)('a' + i);
    }
    all.loop = fcgi_loop_new();
    return all.loop == NULL;
}

static int tear_down(void **state)
{
    (void)state;
    fcgi_loop_free(all.loop);
    return 0;
}

static bool is_readable(void)
{
    struct pollfd pfd = {.fd = fcgi_loop_fd(all.loop), .events = POLLIN};

    return poll(&pfd, 1, 0) == 1;
}

static void assert_ran(const char *want)
{
    all.ran[all.n_ran] = '\0';
    assert_string_equal(all.ran, want);
    all.n_ran = 0;
}

/* Each letter: a lower-case one defers that job, an upper-case one cancels
 * it. Then the loop runs once. */
static void test_sequences(void **state)
{
    static const struct {
        const char *script;
        const char *want;
    } cases[] = {
        {"", ""},
        {"a", "a"},
        {"abcdefgh", "abcdefgh"},
        {"hgfedcba", "hgfedcba"},
        {"aaa", "a"},
        {"aba", "ab"}, /* stays where it is */
        {"A", ""},
        {"aA", ""},
        {"aAA", ""},
        {"abcA", "bc"},
        {"abcB", "ac"},
        {"abcC", "ab"},
        {"abcCd", "abd"}, /* the end of the list is right */
        {"abcAd", "bcd"},
        {"aAb", "b"},
        {"abcCBAdef", "def"},
        {"abcBCd", "ad"},
        {"abAa", "ba"},
        {"abcdD", "abc"},
        {"abD", "ab"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        for (const char *c = cases[i].script; *c != '\0'; c++)
            if (*c >= 'a')
                fcgi_loop_defer(all.loop, &all.jobs[*c - 'a'].task);
            else
                fcgi_loop_cancel(all.loop, &all.jobs[*c - 'A'].task);
        if (cases[i].want[0] != '\0')
            assert_true(is_readable());
        fcgi_loop_run(all.loop);
        assert_ran(cases[i].want);
        for (size_t j = 0; j < COUNT(all.jobs); j++)
            assert_false(all.jobs[j].task.queued);
        assert_false(is_readable());
        fcgi_loop_run(all.loop);
        assert_ran("");
    }
}

/* a, b and c are deferred; a acts upon another one. */
static void test_in_task(void **state)
{
    static const struct {
        enum act act;
        char other;
        const char *first;  /* what the run executes */
        const char *second; /* and the one after it */
    } cases[] = {
        {DEFER_SELF, 'a', "abca", ""}, {DEFER_OTHER, 'd', "abcd", ""},
        {DEFER_OTHER, 'b', "abc", ""}, {CANCEL_OTHER, 'b', "ac", ""},
        {CANCEL_OTHER, 'c', "ab", ""}, {CANCEL_OTHER, 'a', "abc", ""},
        {POST_OTHER, 'd', "abc", "d"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        all.jobs[0].act = cases[i].act;
        all.jobs[0].other = &all.jobs[cases[i].other - 'a'];
        for (size_t j = 0; j < 3; j++)
            fcgi_loop_defer(all.loop, &all.jobs[j].task);
        fcgi_loop_run(all.loop);
        assert_ran(cases[i].first);
        assert_int_equal(is_readable(), cases[i].second[0] != '\0');
        fcgi_loop_run(all.loop);
        assert_ran(cases[i].second);
    }
}

static void test_free_self(void **state)
{
    struct job *job = calloc(1, sizeof(*job));

    (void)state;
    assert_non_null(job);
    *job = (struct job){.task.run = run, .id = 'x', .act = FREE_SELF};
    fcgi_loop_defer(all.loop, &job->task);
    fcgi_loop_defer(all.loop, &all.jobs[0].task);
    fcgi_loop_run(all.loop);
    assert_ran("xa");
}

static void io_ready(struct fcgi_loop_io *io, uint32_t events)
{
    (void)events;
    fcgi_loop_defer(all.loop, &all.jobs[0].task);
    fcgi_loop_remove(all.loop, io);
    all.ran[all.n_ran++] = 'i';
}

static void timer_fired(struct fcgi_loop_timer *timer)
{
    (void)timer;
    fcgi_loop_defer(all.loop, &all.jobs[1].task);
    all.ran[all.n_ran++] = 't';
}

/* What callbacks defer runs when all of them have returned. */
static void test_end_of_run(void **state)
{
    struct fcgi_loop_io io = {.fd = eventfd(1, 0), .ready = io_ready};
    struct fcgi_loop_timer timer = {.fired = timer_fired};

    (void)state;
    assert_int_equal(fcgi_loop_add(all.loop, &io, EPOLLIN), 0);
    fcgi_loop_set_timer(all.loop, &timer, 1);
    fcgi_loop_run(all.loop);
    assert_ran("itab");
    assert_false(is_readable());
    close(io.fd);
}

/* Posted from the loop's own thread: in order, together with deferred ones;
 * the mailbox' tasks cannot be taken back. */
static void test_post(void **state)
{
    (void)state;
    for (size_t i = 0; i < 4; i++)
        fcgi_loop_post(all.loop, &all.jobs[i].task);
    fcgi_loop_cancel(all.loop, &all.jobs[1].task);
    fcgi_loop_defer(all.loop, &all.jobs[2].task); /* is queued already */
    assert_true(is_readable());
    fcgi_loop_run(all.loop);
    assert_ran("abcd");
    assert_false(is_readable());
    fcgi_loop_post(all.loop, &all.jobs[0].task);
    fcgi_loop_run(all.loop);
    assert_ran("a");
}

#define THREADS 4
#define POSTS 10000

struct letter {
    struct fcgi_loop_task task;
    unsigned thread, number;
};

static struct letter letters[THREADS][POSTS];
static unsigned arrived[THREADS], out_of_order;

static void letter_run(struct fcgi_loop_task *task)
{
    struct letter *letter = FCGI_LOOP_OWNER(task, struct letter, task);

    out_of_order += letter->number != arrived[letter->thread];
    arrived[letter->thread]++;
}

static void *post_all(void *arg)
{
    unsigned thread = *(const unsigned *)arg;

    for (unsigned i = 0; i < POSTS; i++) {
        letters[thread][i] = (struct letter){
            .task.run = letter_run, .thread = thread, .number = i};
        fcgi_loop_post(all.loop, &letters[thread][i].task);
    }
    return NULL;
}

static void test_threads(void **state)
{
    uint64_t end = fcgi_loop_now(all.loop) + PATIENCE * FCGI_LOOP_MS;
    pthread_t threads[THREADS];
    unsigned numbers[THREADS], total = 0;

    (void)state;
    for (unsigned i = 0; i < THREADS; i++) {
        numbers[i] = i;
        assert_int_equal(
            pthread_create(&threads[i], NULL, post_all, &numbers[i]), 0);
    }
    while (total < THREADS * POSTS && fcgi_loop_now(all.loop) < end) {
        assert_int_equal(fcgi_loop_wait(all.loop, PATIENCE), 0);
        total = 0;
        for (size_t i = 0; i < THREADS; i++)
            total += arrived[i];
    }
    for (size_t i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
        assert_int_equal(arrived[i], POSTS);
    }
    assert_int_equal(out_of_order, 0);
    fcgi_loop_run(all.loop);
    assert_false(is_readable());
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_sequences, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_in_task, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_free_self, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_end_of_run, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_post, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_threads, set_up, tear_down),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
