/* SPDX-License-Identifier: Apache-2.0
 *
 * One request to a FastCGI application as the bytes to send: BEGIN_REQUEST,
 * the PARAMS stream, the STDIN stream, each stream cut into records and closed
 * by an empty one (FastCGI 1.0, sections 5.1 to 5.3). A record of PARAMS ends
 * between two pairs, as PHP-FPM decodes each record by itself; only a pair that
 * no record can hold is cut. Nothing is copied: the
 * encoder returns the bytes that follow the current position, as spans of the
 * caller's memory and of a few headers that it keeps. The position is a number,
 * so a write may end anywhere, and a request can be sent again from its start.
 *
 * No I/O, no allocation; one encoder belongs to one thread at a time.
 */
#ifndef FCGI_PROTO_REQUEST_H
#define FCGI_PROTO_REQUEST_H

#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

#include "proto/record.h"

/* Content of one STDIN record: a multiple of 8, so that only the last record
 * of a body needs padding, and well under 16 bits. */
#define FCGI_REQUEST_CHUNK 32768

/* The most spans that one call of fcgi_request_spans() returns. */
#define FCGI_REQUEST_SPANS 12

struct fcgi_request {
    uint16_t id;
    uint8_t flags; /* FCGI_KEEP_CONN or 0 */
    enum fcgi_role role;
    const uint8_t *params; /* name-value pairs, encoded */
    size_t params_length;
    uint64_t params_size; /* their records on the wire, without the empty one */
    const uint8_t *body;  /* STDIN */
    size_t body_length;
    uint64_t position;
    /* Headers and padding that the spans of the last call point to. */
    uint8_t scratch[FCGI_REQUEST_SPANS][2 * FCGI_HEADER_LEN];
};

/*
 * Begins a request with id `id`, which must not be 0. `params` and `body` stay
 * the caller's and must not move until the request is sent. Bytes of `params`
 * that are no whole pair are sent as they are.
 */
void fcgi_request_init(struct fcgi_request *request, uint16_t id,
                       enum fcgi_role role, uint8_t flags,
                       const uint8_t *params, size_t params_length,
                       const uint8_t *body, size_t body_length);

/*
 * The next bytes to send. Returns the number of spans; 0 when all is sent. The
 * spans hold until the next call.
 */
size_t fcgi_request_spans(struct fcgi_request *request,
                          struct iovec spans[static FCGI_REQUEST_SPANS]);

/* Advances the position: `bytes` of the last spans have been sent. */
void fcgi_request_sent(struct fcgi_request *request, size_t bytes);

/* The size of the whole request on the wire. */
uint64_t fcgi_request_size(const struct fcgi_request *request);

/*
 * The position of the empty record that ends PARAMS. An application that has
 * not received it cannot have executed the request, as it does not know all of
 * the variables (section 5.2).
 */
uint64_t fcgi_request_params_end(const struct fcgi_request *request);

#endif
