/* SPDX-License-Identifier: Apache-2.0
 *
 * Decodes a FastCGI application's answer to one request: bytes in, in any
 * pieces, events out. Spans point into the bytes that were fed; nothing is
 * copied or kept except the few bytes of a header or an END_REQUEST body that
 * was split.
 *
 * The application is treated as hostile: a record of another version, for
 * another request, or of a type that only a web server sends ends the decoding,
 * because the two sides no longer agree on where records begin. Types that
 * FastCGI 1.0 does not know, and management records that nobody asked for, are
 * skipped by their length. Empty records are no events: only END_REQUEST ends a
 * request. Whether STDOUT has ended is to be seen in `stdout_ended`.
 *
 * No I/O, no allocation; one decoder belongs to one thread at a time.
 */
#ifndef FCGI_PROTO_RESPONSE_H
#define FCGI_PROTO_RESPONSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/record.h"

enum fcgi_response_event_type {
    FCGI_RESPONSE_NONE,   /* all bytes consumed, more are needed */
    FCGI_RESPONSE_STDOUT, /* a span of STDOUT, at least one byte */
    FCGI_RESPONSE_STDERR, /* a span of STDERR, at least one byte */
    FCGI_RESPONSE_END,    /* END_REQUEST, once */
    FCGI_RESPONSE_ERROR,  /* not FastCGI, or another request's; sticky */
};

enum fcgi_response_error {
    FCGI_RESPONSE_OK,
    FCGI_RESPONSE_BAD_VERSION,
    FCGI_RESPONSE_BAD_ID,   /* another request's id, 0 included */
    FCGI_RESPONSE_BAD_TYPE, /* a type that only web servers send */
    FCGI_RESPONSE_BAD_END,  /* END_REQUEST shorter than its body */
};

struct fcgi_response_event {
    enum fcgi_response_event_type type;
    const uint8_t *bytes; /* STDOUT, STDERR */
    size_t length;
    struct fcgi_end_request end;    /* END */
    enum fcgi_response_error error; /* ERROR */
};

enum fcgi_response_state {
    FCGI_RESPONSE_IN_HEADER,
    FCGI_RESPONSE_IN_CONTENT,
    FCGI_RESPONSE_IN_END_BODY,
    FCGI_RESPONSE_IN_PADDING,
    FCGI_RESPONSE_FINISHED,
    FCGI_RESPONSE_FAILED,
};

struct fcgi_response {
    enum fcgi_response_state state;
    uint16_t id;
    struct fcgi_record record; /* the current one */
    uint32_t content_left;     /* 32 bits: nothing added to it can wrap */
    uint32_t padding_left;
    bool stdout_ended; /* its last record was empty (section 5.5) */
    enum fcgi_response_error error;
    uint64_t offset; /* of the next byte, for messages */
    uint8_t held[FCGI_HEADER_LEN];
    size_t n_held;
};

/* Begins to decode the answer to request `id`. */
void fcgi_response_init(struct fcgi_response *response, uint16_t id);

/*
 * Decodes up to the next event and returns the number of bytes consumed. Call
 * it again with the rest until the event is NONE or ERROR. After END it
 * consumes the padding of that record, then, in state FCGI_RESPONSE_FINISHED,
 * nothing more: bytes that are left do not belong to this request. Only a
 * finished decoder leaves its connection fit for another request.
 */
size_t fcgi_response_feed(struct fcgi_response *response, const uint8_t *bytes,
                          size_t length, struct fcgi_response_event *event);

/* Describes an error for a log; static text. */
const char *fcgi_response_strerror(enum fcgi_response_error error);

#endif
