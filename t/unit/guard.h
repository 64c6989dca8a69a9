/* SPDX-License-Identifier: Apache-2.0
 *
 * Memory with an unreadable page at either end, so that a test sees a read or
 * a write past the bytes that it hands out even where no sanitizer looks on. A
 * mapping that fails ends the test program.
 */
#ifndef T_UNIT_GUARD_H
#define T_UNIT_GUARD_H

#include <stddef.h>
#include <stdint.h>

struct guard {
    uint8_t *bytes;
    size_t size;
    void *map; /* with the two unreadable pages */
    size_t map_size;
};

/* `size` zero bytes that end where an unreadable page begins. */
void guard_behind(struct guard *guard, size_t size);

/* `size` zero bytes that begin where an unreadable page ends. */
void guard_before(struct guard *guard, size_t size);

/*
 * Copies bytes to the end of the memory, and returns where they are: with
 * guard_behind(), nothing behind them can be read.
 */
uint8_t *guard_put(struct guard *guard, const void *bytes, size_t length);

void guard_free(struct guard *guard);

#endif
