/* SPDX-License-Identifier: Apache-2.0
 *
 * Memory that is short when a test says so. Programs that include this are
 * linked with WRAP_MEMORY of t/local.mk.
 */
#ifndef T_UNIT_SHORT_MEMORY_H
#define T_UNIT_SHORT_MEMORY_H

#include <stdbool.h>
#include <stddef.h>

/* volatile: a compiler that sees malloc() called knows that it reads no
 * variable of the program's, and may leave one unset. */
static volatile unsigned allocations, failing; /* failing: which one; 0: none */
static volatile bool no_memory;                /* each one fails */

void *__real_malloc(size_t size);
void *__wrap_malloc(size_t size);
void *__real_calloc(size_t n, size_t size);
void *__wrap_calloc(size_t n, size_t size);
void *__real_realloc(void *data, size_t size);
void *__wrap_realloc(void *data, size_t size);

static bool fails(void)
{
    unsigned which = allocations + 1;

    allocations = which;
    return no_memory || which == failing;
}

/* All three: of realloc(NULL, size) a compiler may make malloc(size). */
void *__wrap_malloc(size_t size)
{
    return fails() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t n, size_t size)
{
    return fails() ? NULL : __real_calloc(n, size);
}

void *__wrap_realloc(void *data, size_t size)
{
    return fails() ? NULL : __real_realloc(data, size);
}

#endif
