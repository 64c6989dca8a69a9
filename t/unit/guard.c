/* SPDX-License-Identifier: Apache-2.0
 *
 * Guarded memory: an anonymous mapping whose first and last page lose all
 * rights.
 */
#include "guard.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static void die(const char *what)
{
    perror(what);
    abort();
}

/* Maps the memory and returns the first byte behind its first page. */
static uint8_t *map(struct guard *guard, size_t size, size_t *room)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    uint8_t *start;

    *room = (size + page - 1) / page * page;
    guard->size = size;
    guard->map_size = *room + 2 * page;
    guard->map = mmap(NULL, guard->map_size, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (guard->map == MAP_FAILED)
        die("mmap");
    start = (uint8_t *)guard->map + page;
    if (mprotect(guard->map, page, PROT_NONE) != 0 ||
        mprotect(start + *room, page, PROT_NONE) != 0)
        die("mprotect");
    return start;
}

void guard_behind(struct guard *guard, size_t size)
{
    size_t room;
    uint8_t *start = map(guard, size, &room);

    guard->bytes = start + room - size;
}

void guard_before(struct guard *guard, size_t size)
{
    size_t room;

    guard->bytes = map(guard, size, &room);
}

uint8_t *guard_put(struct guard *guard, const void *bytes, size_t length)
{
    uint8_t *at;

    if (length > guard->size) {
        fprintf(stderr, "guard_put: %zu bytes into %zu\n", length, guard->size);
        abort();
    }
    at = guard->bytes + guard->size - length;
    if (length > 0)
        memmove(at, bytes, length);
    return at;
}

void guard_free(struct guard *guard)
{
    if (munmap(guard->map, guard->map_size) != 0)
        die("munmap");
    memset(guard, 0, sizeof(*guard));
}
