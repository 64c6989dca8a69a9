/* SPDX-License-Identifier: Apache-2.0
 *
 * The growing buffer: against an array that grows alike, what fails and stays
 * failed, and emptying.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "gateway/buffer.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static void test_zeroed(void **state)
{
    struct fcgi_buffer buffer = {0};

    (void)state;
    fcgi_buffer_add(&buffer, NULL, 0);
    fcgi_buffer_add_text(&buffer, "");
    assert_int_equal(buffer.length, 0);
    assert_false(buffer.failed);
    assert_true(fcgi_buffer_reserve(&buffer, 0));
    fcgi_buffer_reset(&buffer, 0);
    fcgi_buffer_free(&buffer);
    assert_null(buffer.data);
}

/* Adds, and inserts at each kind of place, 3000 times. */
static void test_growth(void **state)
{
    static uint8_t model[3000 * 80];
    struct fcgi_buffer buffer = {0};
    size_t length = 0;
    uint32_t seed = 12345;

    (void)state;
    for (int i = 0; i < 3000; i++) {
        uint8_t bytes[80];
        size_t n, at;

        seed = seed * 1664525 + 1013904223;
        n = 1 + (seed >> 8) % sizeof(bytes);
        at = seed % 7 == 0 ? (seed >> 4) % (length + 1) : length;
        memset(bytes, i & 0xff, n);
        memmove(model + at + n, model + at, length - at);
        memcpy(model + at, bytes, n);
        if (at < length || seed % 2)
            fcgi_buffer_insert(&buffer, at, bytes, n);
        else
            fcgi_buffer_add(&buffer, bytes, n);
        length += n;
        assert_int_equal(buffer.length, length);
        assert_true(buffer.capacity >= length);
    }
    assert_memory_equal(buffer.data, model, length);
    assert_false(buffer.failed);
    fcgi_buffer_free(&buffer);
    assert_int_equal(buffer.capacity, 0);
}

static void test_insert(void **state)
{
    static const struct {
        size_t at;
        const char *what;
        const char *want;
    } cases[] = {
        {0, "x", "x"},       {0, "ab", "abx"},  {3, "c", "abxc"},
        {1, "--", "a--bxc"}, {6, "", "a--bxc"},
    };
    struct fcgi_buffer buffer = {0};

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        fcgi_buffer_insert(&buffer, cases[i].at, cases[i].what,
                           strlen(cases[i].what));
        assert_int_equal(buffer.length, strlen(cases[i].want));
        assert_memory_equal(buffer.data, cases[i].want, buffer.length);
    }
    fcgi_buffer_free(&buffer);
}

/* Nothing into a buffer without memory: UBSan sees a NULL in memmove(). */
static void test_insert_nothing(void **state)
{
    struct fcgi_buffer buffer = {0};

    (void)state;
    fcgi_buffer_insert(&buffer, 0, "", 0);
    assert_int_equal(buffer.length, 0);
    assert_false(buffer.failed);
    fcgi_buffer_free(&buffer);
}

static void test_number(void **state)
{
    static const struct {
        uint64_t number;
        const char *want;
    } cases[] = {
        {0, "0"},
        {9, "9"},
        {10, "10"},
        {1234567890, "1234567890"},
        {UINT64_MAX, "18446744073709551615"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct fcgi_buffer buffer = {0};

        fcgi_buffer_add_number(&buffer, cases[i].number);
        assert_int_equal(buffer.length, strlen(cases[i].want));
        assert_memory_equal(buffer.data, cases[i].want, buffer.length);
        fcgi_buffer_free(&buffer);
    }
}

static void test_reserve(void **state)
{
    struct fcgi_buffer buffer = {0};
    uint8_t *data;

    (void)state;
    assert_true(fcgi_buffer_reserve(&buffer, 10000));
    assert_true(buffer.capacity >= 10000);
    assert_int_equal(buffer.length, 0);
    data = buffer.data;
    memset(buffer.data, 'x', 10000);
    assert_true(fcgi_buffer_reserve(&buffer, buffer.capacity));
    assert_ptr_equal(buffer.data, data);
    buffer.length = buffer.capacity;
    assert_true(fcgi_buffer_reserve(&buffer, 1));
    assert_true(buffer.capacity > buffer.length);
    assert_int_equal(buffer.data[9999], 'x');
    fcgi_buffer_free(&buffer);
}

/* More than there can be, by either sum or doubling. Nothing is lost, later
 * calls do no harm, and the failure stays until the buffer is emptied. */
static void test_fails(void **state)
{
    /* (gcc refuses what it knows to be too long.) */
    static const volatile size_t lengths[] = {SIZE_MAX, SIZE_MAX - 3,
                                              SIZE_MAX / 2 + 2};

    (void)state;
    for (size_t i = 0; i < COUNT(lengths); i++) {
        struct fcgi_buffer buffer = {0};

        fcgi_buffer_add_text(&buffer, "kept");
        assert_false(fcgi_buffer_reserve(&buffer, lengths[i]));
        assert_true(buffer.failed);
        fcgi_buffer_add(&buffer, "x", lengths[i]);
        fcgi_buffer_insert(&buffer, 1, "x", lengths[i]);
        assert_int_equal(buffer.length, 4);
        assert_memory_equal(buffer.data, "kept", 4);
        fcgi_buffer_add_text(&buffer, "!");
        fcgi_buffer_add_number(&buffer, 1);
        fcgi_buffer_insert(&buffer, 0, "-", 1);
        assert_true(buffer.failed);
        fcgi_buffer_reset(&buffer, SIZE_MAX);
        assert_false(buffer.failed);
        fcgi_buffer_free(&buffer);
    }
}

static void test_reset(void **state)
{
    struct fcgi_buffer buffer = {0};
    size_t capacity;

    (void)state;
    fcgi_buffer_add_text(&buffer, "text");
    capacity = buffer.capacity;
    fcgi_buffer_reset(&buffer, capacity);
    assert_int_equal(buffer.length, 0);
    assert_int_equal(buffer.capacity, capacity);
    assert_non_null(buffer.data);
    fcgi_buffer_add_text(&buffer, "text");
    fcgi_buffer_reset(&buffer, capacity - 1);
    assert_int_equal(buffer.length, 0);
    assert_int_equal(buffer.capacity, 0);
    assert_null(buffer.data);
    fcgi_buffer_add_text(&buffer, "again");
    assert_memory_equal(buffer.data, "again", 5);
    fcgi_buffer_free(&buffer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_zeroed),  cmocka_unit_test(test_growth),
        cmocka_unit_test(test_insert),  cmocka_unit_test(test_number),
        cmocka_unit_test(test_reserve), cmocka_unit_test(test_fails),
        cmocka_unit_test(test_reset),   cmocka_unit_test(test_insert_nothing),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
