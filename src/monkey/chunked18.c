/* SPDX-License-Identifier: Apache-2.0 */
#include "monkey/chunked18.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "proto/header.h"

/* What is taken of lines that are dropped. */
#define LINE_MOST 4096
#define TRAILER_LINES_MOST 128

static int digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

/* The length of the line that begins at `from`, without its CRLF. */
static enum fcgi_monkey18_chunked_result find_line(const char *from, const char *end,
                                          size_t *length)
{
    for (const char *at = from; at < end; at++) {
        unsigned char c = (unsigned char)*at;

        if (at - from > LINE_MOST)
            return MK18_CHUNKED_WRONG;
        if (c == '\r') {
            *length = (size_t)(at - from);
            if (at + 1 == end)
                return MK18_CHUNKED_PART;
            return at[1] == '\n' ? MK18_CHUNKED_WHOLE : MK18_CHUNKED_WRONG;
        }
        if ((c < ' ' && c != '\t') || c == 127)
            return MK18_CHUNKED_WRONG;
    }
    return MK18_CHUNKED_PART;
}

/* A chunk's size, perhaps with extensions behind it. */
static bool read_size(const char *line, size_t length, size_t *size)
{
    size_t n = 0;

    *size = 0;
    for (; n < length && digit(line[n]) >= 0; n++) {
        if (*size > SIZE_MAX >> 8)
            return false;
        *size = *size << 4 | (size_t)digit(line[n]);
    }
    if (n == 0)
        return false;
    /* A blank is allowed in front of an extension, and nowhere else. */
    while (n < length && (line[n] == ' ' || line[n] == '\t'))
        n++;
    return n == length ? digit(line[length - 1]) >= 0 : line[n] == ';';
}

static enum fcgi_monkey18_chunked_result skip_trailer(const char **at, const char *end)
{
    for (int lines = 0; lines <= TRAILER_LINES_MOST; lines++) {
        size_t length;
        enum fcgi_monkey18_chunked_result result = find_line(*at, end, &length);
        const char *colon;

        if (result != MK18_CHUNKED_WHOLE)
            return result;
        colon = memchr(*at, ':', length);
        if (length > 0 && (colon == NULL ||
                           !fcgi_header_is_token(*at, (size_t)(colon - *at))))
            return MK18_CHUNKED_WRONG;
        *at += length + 2;
        if (length == 0)
            return MK18_CHUNKED_WHOLE;
    }
    return MK18_CHUNKED_WRONG;
}

enum fcgi_monkey18_chunked_result fcgi_monkey18_chunked_decode(char *bytes, size_t length,
                                             struct fcgi_monkey18_chunked *out)
{
    const char *at = bytes, *end = bytes + length;
    enum fcgi_monkey18_chunked_result result;
    size_t line, size;

    out->decoded = 0;
    for (;;) {
        result = find_line(at, end, &line);
        if (result != MK18_CHUNKED_WHOLE)
            return result;
        if (!read_size(at, line, &size))
            return MK18_CHUNKED_WRONG;
        at += line + 2;
        if (size == 0)
            break;
        if (size > (size_t)(end - at))
            return MK18_CHUNKED_PART;
        memmove(bytes + out->decoded, at, size);
        out->decoded += size;
        at += size;
        if ((at < end && at[0] != '\r') || (end - at > 1 && at[1] != '\n'))
            return MK18_CHUNKED_WRONG;
        if (end - at < 2)
            return MK18_CHUNKED_PART;
        at += 2;
    }
    result = skip_trailer(&at, end);
    out->used = (size_t)(at - bytes);
    return result;
}
