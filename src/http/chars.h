/* SPDX-License-Identifier: Apache-2.0
 *
 * Spans of bytes, and the classes of characters that HTTP and URIs are made
 * of. Pure functions, any thread.
 */
#ifndef FCGI_HTTP_CHARS_H
#define FCGI_HTTP_CHARS_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

/* Bytes of somebody else's; an absent text has data NULL and length 0. */
struct fcgi_text {
    const char *data;
    size_t length;
};

/* Bits of fcgi_http_text_classes[]. */
enum fcgi_http_text_class {
    FCGI_HTTP_TOKEN = 1,  /* tchar (RFC 9110, 5.6.2) */
    FCGI_HTTP_TARGET = 2, /* of a request's target: see http/target.h */
    FCGI_HTTP_HOST = 4,   /* of a host's name: RFC 3986's unreserved */
    FCGI_HTTP_DIGIT = 8,
    FCGI_HTTP_HEX = 16,
    FCGI_HTTP_VALUE = 32, /* of a field's value: no control but HTAB */
};

extern const unsigned char fcgi_http_text_classes[256];

static inline bool fcgi_http_text_in(char c, enum fcgi_http_text_class wanted)
{
    return (fcgi_http_text_classes[(unsigned char)c] & wanted) != 0;
}

/* The value of a character of the class FCGI_HTTP_HEX. */
static inline unsigned fcgi_http_text_hex(char c)
{
    return fcgi_http_text_in(c, FCGI_HTTP_DIGIT)
               ? (unsigned)(c - '0')
               : (unsigned)((c | 0x20) - 'a' + 10);
}

/* Whether all of a text, which has at least one character, is of a class. */
bool fcgi_http_text_all(struct fcgi_text text,
                        enum fcgi_http_text_class wanted);

/* Compares two texts of one length, the second in lower case, as ASCII without
 * case. */
bool fcgi_http_text_same(const char *text, const char *lower, size_t length);

/* Compares a text with one in lower case, as ASCII without case. */
static inline bool fcgi_http_text_is(struct fcgi_text text, const char *lower)
{
    size_t length = strlen(lower);

    return text.length == length &&
           fcgi_http_text_same(text.data, lower, length);
}

/* A span without blanks and tabs around it. */
struct fcgi_text fcgi_http_text_trim(const char *begin, const char *end);

/*
 * Walks the elements of a list (RFC 9110, 5.6.1) that has no quoted strings:
 * takes what stands before the next comma, trimmed, perhaps empty, from
 * `*rest`. Begin with a copy of the field's value; false at the end.
 */
bool fcgi_http_text_element(struct fcgi_text *rest, struct fcgi_text *element);

#endif
