/* SPDX-License-Identifier: Apache-2.0
 *
 * Random numbers for the tests of the protocol core: the same ones on every
 * machine and in every run, so that a failure can be repeated.
 */
#ifndef T_UNIT_TEST_PROTO_RANDOM_H
#define T_UNIT_TEST_PROTO_RANDOM_H

#include <stddef.h>
#include <stdint.h>

/* xorshift64*; the state must not be 0. */
static inline uint32_t random_next(uint64_t *state)
{
    *state ^= *state >> 12;
    *state ^= *state << 25;
    *state ^= *state >> 27;
    return (uint32_t)(*state * 0x2545f4914f6cdd1dULL >> 32);
}

/* A number under `limit`, which must not be 0. */
static inline size_t random_below(uint64_t *state, size_t limit)
{
    return random_next(state) % limit;
}

#endif
