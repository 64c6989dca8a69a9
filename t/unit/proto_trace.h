/* SPDX-License-Identifier: Apache-2.0
 *
 * What the response decoder makes of a sequence of bytes, as text:
 *
 *   out<hello> err<oops> end(0,0) finished at 48
 *
 * Adjacent spans of a stream are one, so that the text does not depend on how
 * the bytes were cut. Feeding checks on the way what must hold for any input.
 */
#ifndef T_UNIT_TEST_PROTO_TRACE_H
#define T_UNIT_TEST_PROTO_TRACE_H

#include <stddef.h>
#include <stdint.h>

#include "guard.h"
#include "proto/response.h"

#define TRACE_ID 0x0102 /* the request whose answer is decoded */

/* One record to write. */
struct trace_record {
    uint8_t type;
    uint16_t id;
    uint16_t length;
    uint8_t padding;
    const char *content;
};

#define OURS TRACE_ID
#define OK "\0\0\0\0\0\0\0\0"
#define REC(type, id, text, padding)              \
    {                                             \
        type, id, sizeof(text) - 1, padding, text \
    }
#define OUT(text, padding) REC(FCGI_STDOUT, OURS, text, padding)
#define ERR(text, padding) REC(FCGI_STDERR, OURS, text, padding)
#define END(padding) REC(FCGI_END_REQUEST, OURS, OK, padding)

/* Writes the record; its padding is bait, it reads as an END_REQUEST. */
size_t trace_put(uint8_t *to, const struct trace_record *record);

struct trace {
    char *text; /* ends with a NUL, and may hold some */
    size_t length;
    size_t size;
    enum fcgi_response_event_type open; /* the stream whose span is open */
    size_t used;
    struct fcgi_response response;
    struct guard memory; /* each piece is fed from the end of it */
};

/* For inputs of up to `size` bytes. */
void trace_init(struct trace *trace, size_t size);
void trace_free(struct trace *trace);

/* Forgets everything, and begins with a new decoder. */
void trace_begin(struct trace *trace);

/* Feeds a piece until the decoder wants more or has ended. */
void trace_feed(struct trace *trace, const uint8_t *bytes, size_t length);

/* Completes the text: the decoder's state, and how many bytes it used. */
const char *trace_end(struct trace *trace);

/* Feeds the bytes in pieces of `step` bytes; 0: whole. */
const char *trace_steps(struct trace *trace, const uint8_t *bytes,
                        size_t length, size_t step);

/* The same in two pieces. */
const char *trace_cut(struct trace *trace, const uint8_t *bytes, size_t length,
                      size_t cut);

#endif
