/* SPDX-License-Identifier: Apache-2.0
 *
 * The header block in front of a CGI response (RFC 3875, section 6): lines
 * `Name: value`, ended by LF or CRLF, up to an empty line. It may arrive in
 * any pieces; they are collected in the caller's memory, which bounds its size.
 *
 * Strict where leniency would be a hole: a NUL, a CR without LF, a line without
 * a colon, a name that is not a token and a continuation line make the block
 * invalid. A first line `HTTP/1.x NNN` is read as a status line, for programs
 * written as "non-parsed header" scripts.
 *
 * No I/O, no allocation; one parser belongs to one thread at a time.
 */
#ifndef FCGI_PROTO_HEADER_H
#define FCGI_PROTO_HEADER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "http/chars.h"

enum fcgi_header_result {
    FCGI_HEADER_MORE,    /* all bytes consumed, the block continues */
    FCGI_HEADER_DONE,    /* the block is complete; the rest is the body */
    FCGI_HEADER_FULL,    /* no memory left: call _grow(), or refuse */
    FCGI_HEADER_INVALID, /* `error` says why; sticky */
};

struct fcgi_header {
    char *buf; /* the caller's */
    size_t size;
    size_t length;     /* collected so far, line ends as LF */
    size_t line;       /* where the current line begins */
    bool after_cr;     /* the byte before was a CR */
    const char *error; /* static text */
};

/* One field: spans of the collected block. */
struct fcgi_field {
    const char *name;
    size_t name_length;
    const char *value; /* without white space around it */
    size_t value_length;
};

/* Begins a block that is collected in the `size` bytes at `buf`. */
void fcgi_header_init(struct fcgi_header *header, char *buf, size_t size);

/*
 * Gives the block more memory: `buf` holds the bytes collected so far, `size`
 * is its new size. For use after FCGI_HEADER_FULL.
 */
void fcgi_header_grow(struct fcgi_header *header, char *buf, size_t size);

/* Consumes bytes; `*used` is set to how many of them belong to the block. */
enum fcgi_header_result fcgi_header_feed(struct fcgi_header *header,
                                         const uint8_t *bytes, size_t length,
                                         size_t *used);

/*
 * Walks the fields of a complete block: set `*at` to 0, call until it returns
 * false. A status line in front is not among them.
 */
bool fcgi_header_next(const struct fcgi_header *header, size_t *at,
                      struct fcgi_field *field);

/*
 * The status that the block asks for: that of the first `Status:` field or of a
 * status line; 0 where there is none, -1 where it is not a number from 100 to
 * 599 (RFC 9110, 15). `reason` gets the text behind the number, perhaps empty.
 */
int fcgi_header_status(const struct fcgi_header *header,
                       struct fcgi_field *reason);

/* Whether a span is a token, as the name of a field must be (RFC 9110, 5.1). */
bool fcgi_header_is_token(const char *name, size_t length);

/* Compares a span with a name in lower case, as ASCII without case. */
static inline bool fcgi_header_is(const char *name, size_t length,
                                  const char *lower)
{
    return fcgi_http_text_is((struct fcgi_text){name, length}, lower);
}

#endif
