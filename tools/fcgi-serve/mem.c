/* SPDX-License-Identifier: Apache-2.0
 *
 * The server's allocator.
 *
 * Monkey is built with jemalloc by default, so memory from api->mem_alloc
 * must go back through api->mem_free and memory of the plugin's malloc() must
 * not. With glibc on both sides such a mistake works unnoticed; here it must
 * not. Every block therefore carries a tag in front: free() of a block from
 * here finds no chunk of glibc's, and mem_free() of a foreign block finds no
 * tag and ends the process with a message.
 */
#include "mem.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TAG_USED UINT64_C(0x666367692d757365)
#define TAG_FREE UINT64_C(0x666367692d677265)

/* 16 bytes, so that what follows keeps malloc's alignment. */
struct tag {
    uint64_t tag;
    uint64_t size;
};

static void *out_of_memory(void)
{
    fputs("fcgi-serve: out of memory\n", stderr);
    abort();
}

static struct tag *tag_of(void *ptr)
{
    struct tag *tag = (struct tag *)ptr - 1;

    if (tag->tag != TAG_USED) {
        fprintf(stderr,
                "fcgi-serve: %s was given to the server's allocator: memory "
                "of api->mem_alloc and of malloc() must not be mixed\n",
                tag->tag == TAG_FREE ? "a block that is already free"
                                     : "a block of another allocator");
        abort();
    }
    return tag;
}

void *serve_mem_alloc(size_t size)
{
    struct tag *tag = malloc(sizeof(*tag) + size);

    if (tag == NULL)
        return out_of_memory();
    tag->tag = TAG_USED;
    tag->size = size;
    return tag + 1;
}

void *serve_mem_alloc_z(size_t size)
{
    return memset(serve_mem_alloc(size), 0, size);
}

void *serve_mem_realloc(void *ptr, size_t size)
{
    struct tag *tag;

    if (ptr == NULL)
        return serve_mem_alloc(size);
    tag = realloc(tag_of(ptr), sizeof(*tag) + size);
    if (tag == NULL)
        return out_of_memory();
    tag->size = size;
    return tag + 1;
}

void serve_mem_free(void *ptr)
{
    struct tag *tag;

    if (ptr == NULL)
        return;
    tag = tag_of(ptr);
    tag->tag = TAG_FREE;
    free(tag);
}

char *serve_mem_cut(const char *text, size_t len)
{
    char *copy = serve_mem_alloc(len + 1);

    memcpy(copy, text, len);
    copy[len] = '\0';
    return copy;
}

char *serve_mem_dup(const char *text)
{
    return serve_mem_cut(text, strlen(text));
}

char *serve_mem_printf(const char *format, ...)
{
    va_list args;
    char *text;
    int length;

    va_start(args, format);
    length = vsnprintf(NULL, 0, format, args);
    va_end(args);
    if (length < 0)
        return out_of_memory();
    text = serve_mem_alloc((size_t)length + 1);
    va_start(args, format);
    vsnprintf(text, (size_t)length + 1, format, args);
    va_end(args);
    return text;
}
