/* SPDX-License-Identifier: Apache-2.0
 *
 * What the fuzzers have in common.
 */
#ifndef T_FUZZ_FUZZ_H
#define T_FUZZ_FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

/* Defines fuzz_NAME(data, size), which libFuzzer calls by its own name; weak,
 * as replay.c has them all. */
#define FUZZER(name)                                                      \
    int fuzz_##name(const uint8_t *data, size_t size);                    \
    int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);         \
    __attribute__((weak)) int LLVMFuzzerTestOneInput(const uint8_t *data, \
                                                     size_t size)         \
    {                                                                     \
        return fuzz_##name(data, size);                                   \
    }                                                                     \
    int fuzz_##name(const uint8_t *data, size_t size)

static inline void check(bool holds)
{
    if (!holds)
        abort();
}

#endif
