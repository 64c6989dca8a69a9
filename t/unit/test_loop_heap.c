/* SPDX-License-Identifier: Apache-2.0
 *
 * The heap of timers against a sorted list, through 10000 random changes each:
 * with deadlines that differ, with few of them, and with one alone.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "loop/timer.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* The timers that are set, in the order of their deadlines. */
struct model {
    struct fcgi_loop_timer *sorted[1000];
    size_t n;
};

static uint64_t random_number(uint64_t *seed)
{
    *seed ^= *seed << 13;
    *seed ^= *seed >> 7;
    *seed ^= *seed << 17;
    return *seed;
}

static void model_insert(struct model *model, struct fcgi_loop_timer *timer)
{
    size_t at = model->n++;

    for (; at > 0 && model->sorted[at - 1]->deadline > timer->deadline; at--)
        model->sorted[at] = model->sorted[at - 1];
    model->sorted[at] = timer;
}

static void model_remove(struct model *model, const struct fcgi_loop_timer *t)
{
    size_t at = 0;

    while (at < model->n && model->sorted[at] != t)
        at++;
    assert_true(at < model->n);
    model->n--;
    memmove(model->sorted + at, model->sorted + at + 1,
            (model->n - at) * sizeof(model->sorted[0]));
}

static void assert_heap(const struct model *model,
                        const struct fcgi_loop_timer *heap)
{
    if (model->n == 0) {
        assert_null(heap);
        return;
    }
    assert_non_null(heap);
    assert_true(heap->set);
    assert_int_equal(heap->deadline, model->sorted[0]->deadline);
}

/* `range`: how many different deadlines there are. */
static void check_heap(uint64_t seed, uint64_t range)
{
    static struct fcgi_loop_timer timers[COUNT(((struct model *)0)->sorted)];
    static struct model model;
    struct fcgi_loop_timer *heap = NULL;

    memset(timers, 0, sizeof(timers));
    model.n = 0;
    for (int i = 0; i < 10000; i++) {
        struct fcgi_loop_timer *timer =
            &timers[random_number(&seed) % COUNT(timers)];

        if (heap != NULL && random_number(&seed) % 8 == 0)
            timer = heap;
        if (timer->set) {
            model_remove(&model, timer);
            fcgi_timer_remove(&heap, timer);
            assert_false(timer->set);
        } else {
            timer->deadline = random_number(&seed) % range;
            model_insert(&model, timer);
            fcgi_timer_insert(&heap, timer);
        }
        assert_heap(&model, heap);
    }
    while (heap != NULL) {
        struct fcgi_loop_timer *first = heap;

        model_remove(&model, first);
        fcgi_timer_remove(&heap, first);
        assert_heap(&model, heap);
    }
    assert_int_equal(model.n, 0);
}

static void test_random(void **state)
{
    (void)state;
    check_heap(UINT64_C(88172645463325252), UINT64_MAX);
    check_heap(UINT64_C(2463534242), 50);
    check_heap(UINT64_C(1), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_random),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
