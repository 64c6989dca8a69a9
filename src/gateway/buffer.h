/* SPDX-License-Identifier: Apache-2.0
 *
 * A growing run of bytes. Zeroed memory is an empty buffer. It keeps its
 * memory when it is emptied, for the next request.
 */
#ifndef FCGI_GATEWAY_BUFFER_H
#define FCGI_GATEWAY_BUFFER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct fcgi_buffer {
    uint8_t *data;
    size_t length;
    size_t capacity;
    bool failed; /* memory was short: what it holds is not whole */
};

/* As fcgi_buffer_reserve(), where there is no such room. */
bool fcgi_buffer_grow(struct fcgi_buffer *buffer, size_t more);

/* Makes room for `more` bytes behind what is there; false, and `failed`, where
 * memory is short. */
static inline bool fcgi_buffer_reserve(struct fcgi_buffer *buffer, size_t more)
{
    return more <= buffer->capacity - buffer->length ||
           fcgi_buffer_grow(buffer, more);
}

/* Adds bytes. A failure sticks in `failed`, so that a run of calls may be
 * judged at its end. Inline, as a request is made of a hundred short texts
 * whose length the compiler knows. */
static inline void fcgi_buffer_add(struct fcgi_buffer *buffer,
                                   const void *bytes, size_t length)
{
    if (length == 0 || !fcgi_buffer_reserve(buffer, length))
        return;
    memcpy(buffer->data + buffer->length, bytes, length);
    buffer->length += length;
}

static inline void fcgi_buffer_add_text(struct fcgi_buffer *buffer,
                                        const char *text)
{
    fcgi_buffer_add(buffer, text, strlen(text));
}

void fcgi_buffer_add_number(struct fcgi_buffer *buffer, uint64_t number);

/* The digits of a number: a string at the end of `digits`. */
#define FCGI_BUFFER_DIGITS 20
const char *fcgi_buffer_digits(char digits[FCGI_BUFFER_DIGITS + 1],
                               uint64_t number);

/* Adds bytes in front of offset `at`. */
void fcgi_buffer_insert(struct fcgi_buffer *buffer, size_t at,
                        const void *bytes, size_t length);

/* Empties it, and gives memory above `keep` bytes back. */
void fcgi_buffer_reset(struct fcgi_buffer *buffer, size_t keep);
void fcgi_buffer_free(struct fcgi_buffer *buffer);

#endif
