/* SPDX-License-Identifier: Apache-2.0
 *
 * A body in chunks (RFC 9112, 7.1), decoded in whatever pieces it comes. What
 * it holds is handed out where it lies: nothing is copied. No I/O, no
 * allocation; a decoder belongs to one thread at a time.
 *
 * Strict where another reader might see another end: lines end with CRLF alone;
 * a size is hexadecimal digits, without sign, "0x" or blank; an extension is
 * `;name`, `;name=token` or `;name="text"`, without blanks around it; the
 * trailer consists of fields. Extensions and trailer are dropped, and bounded:
 * a line, what all lines take beside the content, and the trailer.
 */
#ifndef FCGI_HTTP_CHUNKED_H
#define FCGI_HTTP_CHUNKED_H

#include <stddef.h>
#include <stdint.h>

#include "http/chars.h"

#define FCGI_HTTP_CHUNK_LINE_MOST 4096
#define FCGI_HTTP_CHUNK_WASTE_MOST 16384
#define FCGI_HTTP_TRAILER_MOST 16384

enum fcgi_http_chunked_result {
    FCGI_HTTP_CHUNKED_MORE,    /* all bytes are used, the body goes on */
    FCGI_HTTP_CHUNKED_DATA,    /* there is content; go on behind it */
    FCGI_HTTP_CHUNKED_DONE,    /* the body is complete, its trailer too */
    FCGI_HTTP_CHUNKED_INVALID, /* to be answered 400; sticky */
};

struct fcgi_http_chunked {
    int state;
    uint64_t size; /* of the chunk; then, what of it is still to come */
    size_t line;   /* bytes of the current line or of the trailer */
    size_t waste;  /* bytes of lines that no content makes up for */
};

/* Begins a body. */
void fcgi_http_chunked_init(struct fcgi_http_chunked *chunked);

/*
 * Takes bytes: `*used` tells how many. With FCGI_HTTP_CHUNKED_DATA `*data` is
 * content, never empty, a part of `bytes`; call again with what is behind
 * `*used`. With every other result it is absent. How bytes are cut decides how
 * content is cut, and nothing else.
 */
enum fcgi_http_chunked_result
fcgi_http_chunked_feed(struct fcgi_http_chunked *chunked, const char *bytes,
                       size_t length, size_t *used, struct fcgi_text *data);

/* What was decoded in place. */
struct fcgi_http_unchunked {
    size_t decoded; /* bytes of content */
    size_t used;    /* bytes that it took, its trailer included */
};

/*
 * Decodes bytes in place, up to their end or that of the body: the content
 * comes to stand at `bytes`; what lies behind `used` stays where it is. Returns
 * what fcgi_http_chunked_feed() does, but for FCGI_HTTP_CHUNKED_DATA. Where it
 * is invalid, `bytes` is spoilt.
 */
enum fcgi_http_chunked_result
fcgi_http_chunked_decode(struct fcgi_http_chunked *chunked, char *bytes,
                         size_t length, struct fcgi_http_unchunked *out);

#endif
