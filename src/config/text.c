/* SPDX-License-Identifier: Apache-2.0 */
#include "config/text.h"

#include <stdlib.h>

bool fcgi_text_is_blank(char c)
{
    return c == ' ' || c == '\t';
}

struct fcgi_span fcgi_text_trim(struct fcgi_span span)
{
    while (span.len && fcgi_text_is_blank(span.at[0])) {
        span.at++;
        span.len--;
    }
    while (span.len && fcgi_text_is_blank(span.at[span.len - 1]))
        span.len--;
    return span;
}

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

bool fcgi_text_equal(const char *a, size_t a_len, const char *b, size_t b_len)
{
    if (a_len != b_len)
        return false;
    for (size_t i = 0; i < a_len; i++)
        if (lower(a[i]) != lower(b[i]))
            return false;
    return true;
}

void *fcgi_text_grow(void *array, size_t count, size_t more, size_t size,
                     size_t *capacity)
{
    size_t wanted = *capacity ? *capacity : 16;
    void *bigger;

    if (array && more <= *capacity - count)
        return array;
    while (wanted < count + more)
        wanted *= 2;
    bigger = reallocarray(array, wanted, size);
    if (bigger)
        *capacity = wanted;
    return bigger;
}
