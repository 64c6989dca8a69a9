/* SPDX-License-Identifier: Apache-2.0
 *
 * Bodies in chunks: an automaton that takes lines byte by byte, and content as
 * a whole.
 */
#include "http/chunked.h"

#include <string.h>

/* A size is at most INT64_MAX; this much leaves room for one more digit. */
#define SIZE_DIGITS_ROOM ((uint64_t)INT64_MAX >> 4)

/* A line of so many bytes is no waste: no extension is behind the size, or a
 * short one. Of a longer one each byte is, until a byte of content follows. */
#define LINE_FREE 16

enum state {
    FIRST_DIGIT,
    DIGITS,
    EXT_FIRST, /* behind ';' */
    EXT_NAME,
    EXT_EQUALS, /* behind '=' */
    EXT_VALUE,
    EXT_QUOTED,
    EXT_ESCAPE, /* behind a '\' in quotes */
    EXT_END,    /* behind quotes */
    SIZE_LF,
    DATA,
    DATA_CR,
    DATA_LF,
    TRAILER_FIRST,
    TRAILER_NAME,
    TRAILER_VALUE,
    TRAILER_LF,
    LAST_LF,
    DONE,
    INVALID,
};

void fcgi_http_chunked_init(struct fcgi_http_chunked *chunked)
{
    memset(chunked, 0, sizeof(*chunked));
}

/* The line of a chunk's size has ended. */
static enum state end_size(struct fcgi_http_chunked *chunked)
{
    size_t line = chunked->line;

    chunked->line = 0;
    if (chunked->size == 0)
        return TRAILER_FIRST;
    if (line > LINE_FREE)
        chunked->waste += line - LINE_FREE;
    if (chunked->waste > FCGI_HTTP_CHUNK_WASTE_MOST + chunked->size)
        return INVALID;
    chunked->waste -=
        chunked->size < chunked->waste ? (size_t)chunked->size : chunked->waste;
    return DATA;
}

static enum state take_digit(struct fcgi_http_chunked *chunked, char c)
{
    if (chunked->size > SIZE_DIGITS_ROOM)
        return INVALID;
    chunked->size = chunked->size << 4 | fcgi_http_text_hex(c);
    return DIGITS;
}

/* What may follow an element of an extension. */
static enum state end_extension(char c)
{
    if (c == '\r')
        return SIZE_LF;
    return c == ';' ? EXT_FIRST : INVALID;
}

/* A byte of the line that begins with a chunk's size. */
static enum state take_size(struct fcgi_http_chunked *chunked, char c)
{
    bool token = fcgi_http_text_in(c, FCGI_HTTP_TOKEN);

    switch ((enum state)chunked->state) {
    case FIRST_DIGIT:
        chunked->size = 0;
        return fcgi_http_text_in(c, FCGI_HTTP_HEX) ? take_digit(chunked, c)
                                                   : INVALID;
    case DIGITS:
        if (fcgi_http_text_in(c, FCGI_HTTP_HEX))
            return take_digit(chunked, c);
        return end_extension(c);
    case EXT_FIRST:
        return token ? EXT_NAME : INVALID;
    case EXT_NAME:
        if (c == '=')
            return EXT_EQUALS;
        return token ? EXT_NAME : end_extension(c);
    case EXT_EQUALS:
        if (c == '"')
            return EXT_QUOTED;
        return token ? EXT_VALUE : INVALID;
    case EXT_VALUE:
        return token ? EXT_VALUE : end_extension(c);
    case EXT_QUOTED:
        if (c == '"')
            return EXT_END;
        if (c == '\\')
            return EXT_ESCAPE;
        return fcgi_http_text_in(c, FCGI_HTTP_VALUE) ? EXT_QUOTED : INVALID;
    case EXT_ESCAPE:
        return fcgi_http_text_in(c, FCGI_HTTP_VALUE) ? EXT_QUOTED : INVALID;
    case EXT_END:
        return end_extension(c);
    default:
        return c == '\n' ? end_size(chunked) : INVALID;
    }
}

/* A byte of what is behind a chunk or the last one. */
static enum state take_rest(struct fcgi_http_chunked *chunked, char c)
{
    bool token = fcgi_http_text_in(c, FCGI_HTTP_TOKEN);

    switch ((enum state)chunked->state) {
    case DATA_CR:
        return c == '\r' ? DATA_LF : INVALID;
    case DATA_LF:
        chunked->line = 0;
        return c == '\n' ? FIRST_DIGIT : INVALID;
    case TRAILER_FIRST:
        if (c == '\r')
            return LAST_LF;
        return token ? TRAILER_NAME : INVALID;
    case TRAILER_NAME:
        if (c == ':')
            return TRAILER_VALUE;
        return token ? TRAILER_NAME : INVALID;
    case TRAILER_VALUE:
        if (c == '\r')
            return TRAILER_LF;
        return fcgi_http_text_in(c, FCGI_HTTP_VALUE) ? TRAILER_VALUE : INVALID;
    case TRAILER_LF:
        return c == '\n' ? TRAILER_FIRST : INVALID;
    default:
        return c == '\n' ? DONE : INVALID;
    }
}

static enum state take(struct fcgi_http_chunked *chunked, char c)
{
    bool size = chunked->state < DATA;

    if (++chunked->line >
        (size ? FCGI_HTTP_CHUNK_LINE_MOST : FCGI_HTTP_TRAILER_MOST))
        return INVALID;
    return size ? take_size(chunked, c) : take_rest(chunked, c);
}

enum fcgi_http_chunked_result
fcgi_http_chunked_feed(struct fcgi_http_chunked *chunked, const char *bytes,
                       size_t length, size_t *used, struct fcgi_text *data)
{
    size_t at = 0;

    *data = (struct fcgi_text){NULL, 0};
    while (at < length && chunked->state != DATA && chunked->state < DONE)
        chunked->state = (int)take(chunked, bytes[at++]);
    *used = at;
    if (chunked->state == DONE)
        return FCGI_HTTP_CHUNKED_DONE;
    if (chunked->state == INVALID)
        return FCGI_HTTP_CHUNKED_INVALID;
    if (at == length)
        return FCGI_HTTP_CHUNKED_MORE;
    data->data = bytes + at;
    data->length = length - at;
    if (data->length > chunked->size)
        data->length = (size_t)chunked->size;
    chunked->size -= data->length;
    if (chunked->size == 0)
        chunked->state = DATA_CR;
    *used += data->length;
    return FCGI_HTTP_CHUNKED_DATA;
}

enum fcgi_http_chunked_result
fcgi_http_chunked_decode(struct fcgi_http_chunked *chunked, char *bytes,
                         size_t length, struct fcgi_http_unchunked *out)
{
    enum fcgi_http_chunked_result result;
    struct fcgi_text data;
    size_t used;

    memset(out, 0, sizeof(*out));
    do {
        result = fcgi_http_chunked_feed(chunked, bytes + out->used,
                                        length - out->used, &used, &data);
        if (result == FCGI_HTTP_CHUNKED_DATA)
            memmove(bytes + out->decoded, data.data, data.length);
        out->decoded += data.length;
        out->used += used;
    } while (result == FCGI_HTTP_CHUNKED_DATA);
    return result;
}
