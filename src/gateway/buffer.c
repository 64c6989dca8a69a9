/* SPDX-License-Identifier: Apache-2.0
 *
 * A growing run of bytes, doubled when it is full.
 */
#include "gateway/buffer.h"

#include <stdlib.h>

#define FIRST_CAPACITY 4096

bool fcgi_buffer_grow(struct fcgi_buffer *buffer, size_t more)
{
    size_t wanted, capacity;
    uint8_t *data;

    if (__builtin_add_overflow(buffer->length, more, &wanted))
        goto fail;
    capacity = buffer->capacity ? buffer->capacity : FIRST_CAPACITY;
    while (capacity < wanted)
        if (__builtin_mul_overflow(capacity, (size_t)2, &capacity))
            goto fail;
    data = realloc(buffer->data, capacity);
    if (data == NULL)
        goto fail;
    buffer->data = data;
    buffer->capacity = capacity;
    return true;

fail:
    buffer->failed = true;
    return false;
}

const char *fcgi_buffer_digits(char digits[FCGI_BUFFER_DIGITS + 1],
                               uint64_t number)
{
    char *at = digits + FCGI_BUFFER_DIGITS;

    *at = '\0';
    do {
        *--at = (char)('0' + number % 10);
        number /= 10;
    } while (number > 0);
    return at;
}

void fcgi_buffer_add_number(struct fcgi_buffer *buffer, uint64_t number)
{
    char digits[FCGI_BUFFER_DIGITS + 1];

    fcgi_buffer_add_text(buffer, fcgi_buffer_digits(digits, number));
}

void fcgi_buffer_insert(struct fcgi_buffer *buffer, size_t at,
                        const void *bytes, size_t length)
{
    if (length == 0 || !fcgi_buffer_reserve(buffer, length))
        return;
    memmove(buffer->data + at + length, buffer->data + at, buffer->length - at);
    memcpy(buffer->data + at, bytes, length);
    buffer->length += length;
}

void fcgi_buffer_reset(struct fcgi_buffer *buffer, size_t keep)
{
    if (buffer->capacity > keep)
        fcgi_buffer_free(buffer);
    buffer->length = 0;
    buffer->failed = false;
}

void fcgi_buffer_free(struct fcgi_buffer *buffer)
{
    free(buffer->data);
    buffer->data = NULL;
    buffer->length = buffer->capacity = 0;
}
