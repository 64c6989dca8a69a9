/* SPDX-License-Identifier: Apache-2.0
 *
 * The lengths in front of name-value pairs: against bytes written out by hand,
 * there and back, with too little room, and cut at each offset. All bytes lie
 * against an unreadable page.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "guard.h"
#include "proto/record.h"
#include "proto_random.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* Lengths and their wire form; the last is too long for one. */
static const struct {
    uint32_t length;
    size_t size;
    uint8_t wire[4];
} lengths[] = {
    {0, 1, {0}},
    {1, 1, {1}},
    {126, 1, {126}},
    {127, 1, {127}},
    {128, 4, {0x80, 0, 0, 128}},
    {129, 4, {0x80, 0, 0, 129}},
    {255, 4, {0x80, 0, 0, 255}},
    {256, 4, {0x80, 0, 1, 0}},
    {65534, 4, {0x80, 0, 0xff, 0xfe}},
    {65535, 4, {0x80, 0, 0xff, 0xff}},
    {65536, 4, {0x80, 1, 0, 0}},
    {0x123456, 4, {0x80, 0x12, 0x34, 0x56}},
    {0x7ffffffe, 4, {0xff, 0xff, 0xff, 0xfe}},
    {0x7fffffff, 4, {0xff, 0xff, 0xff, 0xff}},
    {0x80000000, 0, {0}},
};

/* The wire form of a pair's lengths; 0 where one is too long. */
static size_t wire_lengths(size_t name, size_t value, uint8_t wire[8])
{
    if (lengths[name].size == 0 || lengths[value].size == 0)
        return 0;
    memcpy(wire, lengths[name].wire, lengths[name].size);
    memcpy(wire + lengths[name].size, lengths[value].wire, lengths[value].size);
    return lengths[name].size + lengths[value].size;
}

static void check_encode(size_t name, size_t value)
{
    const struct fcgi_pair pair = {lengths[name].length, lengths[value].length};
    uint8_t wire[8];
    size_t need = wire_lengths(name, value, wire);

    for (size_t size = 0; size <= sizeof(wire); size++) {
        size_t want = need == 0 || size < need ? 0 : need;
        struct guard guard;

        guard_behind(&guard, size);
        memset(guard.bytes, 0xee, size);
        assert_int_equal(fcgi_pair_encode(guard.bytes, size, &pair), want);
        assert_memory_equal(guard.bytes, wire, want);
        for (size_t i = want; i < size; i++)
            assert_int_equal(guard.bytes[i], 0xee);
        guard_free(&guard);
    }
}

/* Decodes a whole pair of which the first `cut` bytes are there. */
static void check_decode(size_t name, size_t value)
{
    struct fcgi_pair got;
    struct guard guard;
    uint8_t wire[8];
    size_t need = wire_lengths(name, value, wire);

    if (need == 0)
        return;
    guard_behind(&guard, need);
    for (size_t cut = 0; cut <= need; cut++)
        assert_int_equal(
            fcgi_pair_decode(guard_put(&guard, wire, cut), cut, &got),
            cut < need ? 0 : need);
    guard_free(&guard);
    assert_int_equal(got.name_length, lengths[name].length);
    assert_int_equal(got.value_length, lengths[value].length);
}

static void test_pair_lengths(void **state)
{
    (void)state;
    for (size_t name = 0; name < COUNT(lengths); name++) {
        for (size_t value = 0; value < COUNT(lengths); value++) {
            size_t whole = lengths[name].size + lengths[value].size +
                           lengths[name].length + lengths[value].length;

            if (lengths[name].size == 0 || lengths[value].size == 0)
                whole = 0;
            check_encode(name, value);
            check_decode(name, value);
            assert_int_equal(
                fcgi_pair_size(lengths[name].length, lengths[value].length),
                whole);
        }
    }
    assert_int_equal(fcgi_pair_size(SIZE_MAX, 1), 0);
    assert_int_equal(fcgi_pair_size(1, SIZE_MAX), 0);
}

/* A length in four bytes is one even where a byte would do. */
static void test_pair_long_form(void **state)
{
    static const uint8_t wire[] = {0x80, 0, 0, 5, 0x80, 0, 0, 0};
    struct fcgi_pair pair;
    struct guard guard;

    (void)state;
    guard_behind(&guard, sizeof(wire));
    guard_put(&guard, wire, sizeof(wire));
    assert_int_equal(fcgi_pair_decode(guard.bytes, sizeof(wire), &pair), 8);
    assert_int_equal(pair.name_length, 5);
    assert_int_equal(pair.value_length, 0);
    guard_free(&guard);
}

/* Whole pairs, name and value included, there and back and cut anywhere. */
static void test_pair_cuts(void **state)
{
    static const uint32_t sizes[] = {0,   1,     126,   127,  128,
                                     129, 65534, 65535, 65536};

    (void)state;
    for (size_t i = 0; i < COUNT(sizes) * COUNT(sizes); i++) {
        const struct fcgi_pair pair = {sizes[i / COUNT(sizes)],
                                       sizes[i % COUNT(sizes)]};
        size_t size = fcgi_pair_size(pair.name_length, pair.value_length);
        size_t head = size - pair.name_length - pair.value_length;
        struct guard guard;

        guard_behind(&guard, size);
        memset(guard.bytes, 0xff, size);
        assert_int_equal(fcgi_pair_encode(guard.bytes, size, &pair), head);
        for (size_t cut = 0; cut <= size; cut++) {
            struct fcgi_pair got = {0, 0};
            size_t used = fcgi_pair_decode(guard.bytes, cut, &got);

            if (used != (cut < head ? 0 : head) ||
                (used != 0 && (got.name_length != pair.name_length ||
                               got.value_length != pair.value_length)))
                fail_msg("%u+%u cut at %zu", pair.name_length,
                         pair.value_length, cut);
        }
        guard_free(&guard);
    }
}

static void test_pair_random(void **state)
{
    uint64_t seed = 2;
    struct guard guard;

    (void)state;
    guard_behind(&guard, 8);
    for (size_t i = 0; i < 200000; i++) {
        size_t length = random_below(&seed, 9), whole, used = 0;
        uint8_t *bytes = guard.bytes + 8 - length;
        struct fcgi_pair pair, again;

        for (size_t k = 0; k < length; k++)
            bytes[k] = (uint8_t)random_next(&seed);
        whole = fcgi_pair_decode(bytes, length, &pair);
        assert_true(whole <= length);
        for (size_t k = 0; k <= length && used == 0; k++) {
            used = fcgi_pair_decode(bytes, k, &again);
            assert_true(used == 0 || used == k);
        }
        assert_int_equal(used, whole);
        if (whole != 0)
            assert_memory_equal(&pair, &again, sizeof(pair));
    }
    guard_free(&guard);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pair_lengths),
        cmocka_unit_test(test_pair_long_form),
        cmocka_unit_test(test_pair_cuts),
        cmocka_unit_test(test_pair_random),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("proto/pair", tests, NULL, NULL);
}
