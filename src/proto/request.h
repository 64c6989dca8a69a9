/* SPDX-License-Identifier: Apache-2.0
 *
 * One request to a FastCGI application as the bytes to send: BEGIN_REQUEST,
 * the PARAMS stream, the STDIN stream, each stream cut into records and closed
 * by an empty one (FastCGI 1.0, sections 5.1 to 5.3). A record of PARAMS ends
 * between two pairs, as PHP-FPM decodes each record by itself; only a pair that
 * no record can hold is cut. Nothing is copied: the
 * encoder returns the bytes that follow the current position, as spans of the
 * caller's memory and of a few headers that it keeps. A write may end anywhere,
 * and a request can be sent again from its start.
 *
 * The body need not be there as a whole: the caller shows a window of it, which
 * moves on as bytes come and as they are sent (fcgi_request_stdin()).
 *
 * No I/O, no allocation; one encoder belongs to one thread at a time.
 */
#ifndef FCGI_PROTO_REQUEST_H
#define FCGI_PROTO_REQUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

#include "proto/record.h"

/* Most content of one STDIN record: a multiple of 8, so that a full one needs
 * no padding, and well under 16 bits. */
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
    /* The window: what is in memory of STDIN, from `body_offset` up to
     * `body_end`. */
    const uint8_t *body;
    uint64_t body_offset, body_end;
    bool ended;          /* STDIN ends at `body_end` */
    uint64_t position;   /* bytes that are sent */
    uint64_t record;     /* position of the current record of STDIN */
    uint64_t content_at; /* offset of its content in STDIN */
    size_t content;      /* its length, once it has begun; else 0 */
    /* Headers and padding that the spans of the last call point to. */
    uint8_t scratch[FCGI_REQUEST_SPANS][2 * FCGI_HEADER_LEN];
};

/*
 * Begins a request with id `id`, which must not be 0. `params` and `body` stay
 * the caller's and must not move until the request is sent. Bytes of `params`
 * that are no whole pair are sent as they are. `body` is all of STDIN; where it
 * is not, fcgi_request_stdin() says so before anything is sent.
 */
void fcgi_request_init(struct fcgi_request *request, uint16_t id,
                       enum fcgi_role role, uint8_t flags,
                       const uint8_t *params, size_t params_length,
                       const uint8_t *body, size_t body_length);

/*
 * Shows the `length` bytes of STDIN from `offset` on, in place of what was
 * shown before; `ended`: STDIN ends with them. Bytes from fcgi_request_needed()
 * on must not be left out, and those that were shown must be there again. Not
 * between fcgi_request_spans() and the fcgi_request_sent() that belongs to it.
 */
void fcgi_request_stdin(struct fcgi_request *request, const uint8_t *bytes,
                        size_t length, uint64_t offset, bool ended);

/* Goes back to the start: of STDIN all is needed again. */
void fcgi_request_restart(struct fcgi_request *request);

/*
 * The next bytes to send. Returns the number of spans; 0 when all is sent that
 * there is. The spans hold until the next call.
 */
size_t fcgi_request_spans(struct fcgi_request *request,
                          struct iovec spans[static FCGI_REQUEST_SPANS]);

/* Advances the position: `bytes` of the last spans have been sent. */
void fcgi_request_sent(struct fcgi_request *request, size_t bytes);

/* The size of the whole request on the wire, where all of its body is shown
 * from the start. */
uint64_t fcgi_request_size(const struct fcgi_request *request);

/* Whether the whole request is sent, up to the empty record that ends STDIN. */
bool fcgi_request_is_sent(const struct fcgi_request *request);

/* The offset of the first byte of STDIN that is still to be sent. */
uint64_t fcgi_request_needed(const struct fcgi_request *request);

/*
 * The position of the empty record that ends PARAMS. An application that has
 * not received it cannot have executed the request, as it does not know all of
 * the variables (section 5.2).
 */
uint64_t fcgi_request_params_end(const struct fcgi_request *request);

#endif
