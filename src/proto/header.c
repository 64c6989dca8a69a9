/* SPDX-License-Identifier: Apache-2.0
 *
 * The CGI header block. Bytes are judged as they come, so that the outcome
 * does not depend on how they were cut; lines are judged when they end.
 */
#include "proto/header.h"

#include <string.h>

void fcgi_header_init(struct fcgi_header *header, char *buf, size_t size)
{
    memset(header, 0, sizeof(*header));
    header->buf = buf;
    header->size = size;
}

void fcgi_header_grow(struct fcgi_header *header, char *buf, size_t size)
{
    header->buf = buf;
    header->size = size;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

/* `HTTP/1.1 200 OK`: how many bytes stand before the status, else 0. */
static size_t status_line(const char *line, size_t length)
{
    return length >= 12 && memcmp(line, "HTTP/1.", 7) == 0 &&
                   fcgi_http_text_in(line[7], FCGI_HTTP_DIGIT) && line[8] == ' '
               ? 9
               : 0;
}

static const char *judge_line(const struct fcgi_header *header)
{
    const char *line = header->buf + header->line;
    size_t length = header->length - header->line;
    size_t name = 0;

    if (is_blank(line[0]))
        return "a continued header line";
    if (header->line == 0 && status_line(line, length))
        return NULL;
    while (name < length && fcgi_http_text_in(line[name], FCGI_HTTP_TOKEN))
        name++;
    if (name == length)
        return "a header line without a colon";
    if (line[name] != ':' || name == 0)
        return "a header name with characters that are not allowed";
    return NULL;
}

/* One byte of the block. */
static enum fcgi_header_result take(struct fcgi_header *header, char c)
{
    if (c == '\n') {
        header->after_cr = false;
        if (header->length == header->line)
            return FCGI_HEADER_DONE;
        header->error = judge_line(header);
        if (header->error != NULL)
            return FCGI_HEADER_INVALID;
    } else if (header->after_cr) {
        header->error = "a CR without LF in the header";
        return FCGI_HEADER_INVALID;
    } else if (c == '\r') {
        header->after_cr = true;
        return FCGI_HEADER_MORE;
    } else if (c == '\0') {
        header->error = "a NUL byte in the header";
        return FCGI_HEADER_INVALID;
    }
    header->buf[header->length++] = c;
    if (c == '\n')
        header->line = header->length;
    return FCGI_HEADER_MORE;
}

/* Bytes that mean nothing to take(), in front of any that might. */
static size_t take_plain(struct fcgi_header *header, const uint8_t *bytes,
                         size_t length)
{
    size_t room = header->size - header->length, n = 0;

    if (header->after_cr)
        return 0;
    if (length > room)
        length = room;
    while (n < length && bytes[n] > '\r')
        n++;
    if (n > 0)
        memcpy(header->buf + header->length, bytes, n);
    header->length += n;
    return n;
}

enum fcgi_header_result fcgi_header_feed(struct fcgi_header *header,
                                         const uint8_t *bytes, size_t length,
                                         size_t *used)
{
    enum fcgi_header_result result = FCGI_HEADER_MORE;

    *used = 0;
    if (header->error != NULL)
        return FCGI_HEADER_INVALID;
    while (*used < length && result == FCGI_HEADER_MORE) {
        *used += take_plain(header, bytes + *used, length - *used);
        if (*used == length)
            break;
        if (header->length == header->size)
            return FCGI_HEADER_FULL;
        result = take(header, (char)bytes[*used]);
        ++*used;
    }
    return result;
}

bool fcgi_header_next(const struct fcgi_header *header, size_t *at,
                      struct fcgi_field *field)
{
    const char *line = header->buf + *at;
    const char *end, *colon;
    struct fcgi_text value;

    if (*at >= header->length)
        return false;
    end = memchr(line, '\n', header->length - *at);
    if (*at == 0 && status_line(line, (size_t)(end - line))) {
        *at = (size_t)(end + 1 - header->buf);
        return fcgi_header_next(header, at, field);
    }
    *at = (size_t)(end + 1 - header->buf);
    colon = memchr(line, ':', (size_t)(end - line));
    field->name = line;
    field->name_length = (size_t)(colon - line);
    value = fcgi_http_text_trim(colon + 1, end);
    field->value = value.data;
    field->value_length = value.length;
    return true;
}

/* `404` or `404 Not Found`. */
static int parse_status(const char *text, size_t length,
                        struct fcgi_field *reason)
{
    const char *end = text + length;
    struct fcgi_text phrase;
    int status;

    if (length < 3 ||
        !fcgi_http_text_all((struct fcgi_text){text, 3}, FCGI_HTTP_DIGIT) ||
        (length > 3 && !is_blank(text[3])))
        return -1;
    status = (text[0] - '0') * 100 + (text[1] - '0') * 10 + (text[2] - '0');
    if (status < 100 || status > 599)
        return -1;
    phrase = fcgi_http_text_trim(text + 3, end);
    reason->value = phrase.data;
    reason->value_length = phrase.length;
    return status;
}

int fcgi_header_status(const struct fcgi_header *header,
                       struct fcgi_field *reason)
{
    struct fcgi_field field;
    const char *end;
    size_t at = 0, skip;

    memset(reason, 0, sizeof(*reason));
    while (fcgi_header_next(header, &at, &field))
        if (fcgi_header_is(field.name, field.name_length, "status"))
            return parse_status(field.value, field.value_length, reason);
    if (header->length == 0)
        return 0;
    end = memchr(header->buf, '\n', header->length);
    skip = status_line(header->buf, (size_t)(end - header->buf));
    if (skip == 0)
        return 0;
    return parse_status(header->buf + skip, (size_t)(end - header->buf) - skip,
                        reason);
}

bool fcgi_header_is_token(const char *name, size_t length)
{
    return fcgi_http_text_all((struct fcgi_text){name, length},
                              FCGI_HTTP_TOKEN);
}
