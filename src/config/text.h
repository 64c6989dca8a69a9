/* SPDX-License-Identifier: Apache-2.0
 *
 * Parts of a text that are not terminated, and how they are compared.
 */
#ifndef FCGI_CONFIG_TEXT_H
#define FCGI_CONFIG_TEXT_H

#include <stdbool.h>
#include <stddef.h>

/* A part of somebody else's text. */
struct fcgi_span {
    const char *at;
    size_t len;
};

/* The arguments of "%.*s" for a span. */
#define FCGI_SPAN_ARGS(span) (int)(span).len, (span).at

/* Whether a byte is a space or a tab, in no locale. */
bool fcgi_text_is_blank(char c);

/* The span without the blanks around it. */
struct fcgi_span fcgi_text_trim(struct fcgi_span span);

/* Whether two texts are equal but for the case of ASCII letters. */
bool fcgi_text_equal(const char *a, size_t a_len, const char *b, size_t b_len);

/*
 * Makes room for `more` elements of `size` bytes behind the first `count` of
 * an array from malloc(3), which may be NULL. Returns the array, moved or not,
 * with `*capacity` updated; or NULL where memory is short, the array then
 * being as it was. Amortized constant time for each element.
 */
void *fcgi_text_grow(void *array, size_t count, size_t more, size_t size,
                     size_t *capacity);

#endif
