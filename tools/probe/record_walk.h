/* SPDX-License-Identifier: Apache-2.0
 *
 * Walks along a stream of FastCGI records without judging them: where each
 * begins, and its content. For a trace of either direction, and for management
 * records, which proto/response skips.
 *
 * No I/O, no allocation; one walker belongs to one thread at a time.
 */
#ifndef FCGI_PROBE_RECORD_WALK_H
#define FCGI_PROBE_RECORD_WALK_H

#include "proto/record.h"

enum fcgi_record_walk_event {
    FCGI_RECORD_WALK_MORE,   /* all bytes are used */
    FCGI_RECORD_WALK_HEADER, /* `record` is the record that begins at `begin` */
    FCGI_RECORD_WALK_CONTENT, /* a span of it: `bytes` and `length` */
    FCGI_RECORD_WALK_END,     /* the record is over, its padding too */
};

/* Zeroed memory is a walker at the start of a stream. */
struct fcgi_record_walk {
    struct fcgi_record record;
    uint64_t begin;  /* offset of the record in the stream */
    uint64_t offset; /* of the next byte */
    const uint8_t *bytes;
    size_t length;
    uint8_t held[FCGI_HEADER_LEN];
    size_t n_held;
    uint32_t content_left;
    uint32_t padding_left;
    uint8_t in_record;
};

/* Goes on to the next event; returns how many of the bytes are used. Call it
 * again with the rest until `*event` is FCGI_RECORD_WALK_MORE. */
size_t fcgi_record_walk_feed(struct fcgi_record_walk *walk,
                             const uint8_t *bytes, size_t length,
                             enum fcgi_record_walk_event *event);

/* A record's type as the specification writes it; static text. */
const char *fcgi_record_walk_type_name(uint8_t type);

#endif
