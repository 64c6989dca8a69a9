/* SPDX-License-Identifier: Apache-2.0
 *
 * The server's allocator, which is not the plugin's: see mem.c.
 */
#ifndef FCGI_SERVE_MEM_H
#define FCGI_SERVE_MEM_H

#include <stddef.h>

/* These never return NULL: without memory the process ends. */
void *serve_mem_alloc(size_t size);
void *serve_mem_alloc_z(size_t size);
void *serve_mem_realloc(void *ptr, size_t size);
void serve_mem_free(void *ptr);
char *serve_mem_dup(const char *text);
char *serve_mem_cut(const char *text, size_t len); /* its first bytes */
char *serve_mem_printf(const char *format, ...)
    __attribute__((format(printf, 1, 2)));

#endif
