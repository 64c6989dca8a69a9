/* SPDX-License-Identifier: Apache-2.0
 *
 * A request's head (RFC 9112, sections 2 to 5), whole and strict: one parser
 * decides what a client has asked for, so that nobody behind it has to guess.
 * First a scanner finds where the head ends, in whatever pieces it comes; then
 * the head is parsed, once. No I/O, no allocation; a scanner belongs to one
 * thread at a time.
 *
 * What two readers could read differently is refused, even where RFC 9112
 * would let it pass:
 *   - lines end with CRLF; a bare LF or CR is 400, and so is a control byte
 *     (but HTAB in a field's value), a folded line, a blank in front of a
 *     colon, more than one blank between the parts of the request line;
 *   - Content-Length is one number in one field. A second one is 400, though it
 *     be the same, and so is one beside Transfer-Encoding;
 *   - Transfer-Encoding is "chunked" and nothing else: 501 where another coding
 *     is below it, otherwise 400; 400 in HTTP/1.0;
 *   - Host stands once, in HTTP/1.0 at most once, and names a host as
 *     fcgi_http_authority_read() takes it;
 *   - none of these three has a tab beside its value: nginx does not trim it.
 * After any refusal the connection has to be closed: where the next request
 * begins is not known.
 */
#ifndef FCGI_HTTP_HEAD_H
#define FCGI_HTTP_HEAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "http/target.h"

/* How many empty lines may stand in front of a request; some clients send one
 * behind a body (RFC 9112, 2.2). */
#define FCGI_HTTP_EMPTY_LINES_MOST 4

enum fcgi_http_scan_result {
    FCGI_HTTP_SCAN_MORE,    /* all bytes are used, the head goes on */
    FCGI_HTTP_SCAN_DONE,    /* the head is there, up to its empty line */
    FCGI_HTTP_SCAN_REFUSED, /* `status` says with what; sticky */
};

struct fcgi_http_scan {
    size_t limit;
    size_t begin;  /* where the request line begins, empty lines skipped */
    size_t length; /* scanned so far; at the end, where the head ends */
    size_t line;   /* where the current line begins */
    bool after_cr; /* the byte before was a CR */
    int status;    /* 400, 414 (the request line is too long), 431 */
};

/* Begins a head of at most `limit` bytes, empty lines in front included. */
void fcgi_http_scan_init(struct fcgi_http_scan *scan, size_t limit);

/*
 * Takes the bytes that have come since the last call; `*used` tells how many of
 * them belong to the head. Each byte is looked at once. Refuses early what can
 * be no head: a first byte that begins no method, a bare LF.
 */
enum fcgi_http_scan_result fcgi_http_scan_feed(struct fcgi_http_scan *scan,
                                               const char *bytes, size_t length,
                                               size_t *used);

/* Its value is without blanks around it, and may be empty. */
struct fcgi_http_field {
    struct fcgi_text name;
    struct fcgi_text value;
};

/* How the body is delimited (RFC 9112, 6.3). */
enum fcgi_http_body {
    FCGI_HTTP_NO_BODY,
    FCGI_HTTP_LENGTH, /* `body_length` bytes, perhaps 0 */
    FCGI_HTTP_CHUNKED,
};

/* What a head says. All texts are parts of it, but for the path "/" of an
 * absolute target that has none. */
struct fcgi_http_head {
    struct fcgi_text method; /* a token; known or not is the caller's */
    struct fcgi_http_target target;
    unsigned version; /* 10 for HTTP/1.0, 11 for HTTP/1.1 */
    /* The caller's; as received, but see fcgi_http_head_parse(). */
    struct fcgi_http_field *fields;
    size_t n_fields;
    /* The target's, or that of the field Host; absent only in HTTP/1.0. */
    struct fcgi_http_authority authority;
    enum fcgi_http_body body;
    uint64_t body_length; /* at most INT64_MAX */
    bool keep_alive;      /* the client wants the connection to persist */
    bool expect_continue; /* it waits for 100 before it sends the body */
    bool upgrade;         /* there is a field Upgrade */
    const char *why;      /* of a refusal; static text */
};

/*
 * Parses a head that lies in `bytes`, from the request line to the empty line:
 * what is between a scanner's `begin` and `length`. At most `size` fields are
 * put into `fields`. Nothing is written to the head itself.
 *
 * Where an absolute target names another host than the field Host, it wins
 * (RFC 9112, 3.2.2): the field's value becomes the target's authority, so that
 * nobody reads the other one.
 *
 * Returns 0, or the status to answer: 400, 413 (a Content-Length that no number
 * holds), 417 (an expectation other than 100-continue), 431 (more fields than
 * `size`), 501 (another transfer coding), 505. Method and target are in `head`
 * for a log where they were understood; nothing else there means anything.
 */
int fcgi_http_head_parse(struct fcgi_http_head *head, const char *bytes,
                         size_t length, struct fcgi_http_field *fields,
                         size_t size);

#endif
