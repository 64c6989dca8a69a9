/* SPDX-License-Identifier: Apache-2.0
 *
 * FastCGI 1.0 records: their 8-byte header, their fixed-size bodies, and the
 * name-value pairs that PARAMS and the management records carry. Pure
 * functions over bytes: no I/O, no allocation, no state. They may be called
 * from any thread.
 *
 * Encoders write all or nothing and return the number of bytes written, 0
 * where the buffer has no room. Decoders return the number of bytes
 * consumed, 0 where more are needed, and never read past `len`.
 */
#ifndef FCGI_PROTO_RECORD_H
#define FCGI_PROTO_RECORD_H

#include <stddef.h>
#include <stdint.h>

#define FCGI_VERSION 1
#define FCGI_HEADER_LEN 8
#define FCGI_BODY_LEN 8          /* BEGIN_REQUEST, END_REQUEST, UNKNOWN_TYPE */
#define FCGI_MAX_CONTENT 65535   /* 16 bits of content length */
#define FCGI_MAX_PADDING 255     /* 8 bits of padding length */
#define FCGI_NULL_REQUEST_ID 0   /* management records */
#define FCGI_MAX_PAIR 0x7fffffff /* 31 bits of name or value length */
#define FCGI_PAIR_LENGTHS 8      /* in front of a pair, at most */

/* Section 8: the values of a record's type. */
enum fcgi_type {
    FCGI_BEGIN_REQUEST = 1,
    FCGI_ABORT_REQUEST = 2,
    FCGI_END_REQUEST = 3,
    FCGI_PARAMS = 4,
    FCGI_STDIN = 5,
    FCGI_STDOUT = 6,
    FCGI_STDERR = 7,
    FCGI_DATA = 8,
    FCGI_GET_VALUES = 9,
    FCGI_GET_VALUES_RESULT = 10,
    FCGI_UNKNOWN_TYPE = 11,
};

enum fcgi_role {
    FCGI_RESPONDER = 1,
    FCGI_AUTHORIZER = 2,
    FCGI_FILTER = 3,
};

#define FCGI_KEEP_CONN 1 /* flag of BEGIN_REQUEST */

/* Section 5.5: the protocol status of END_REQUEST. */
enum fcgi_protocol_status {
    FCGI_REQUEST_COMPLETE = 0,
    FCGI_CANT_MPX_CONN = 1,
    FCGI_OVERLOADED = 2,
    FCGI_UNKNOWN_ROLE = 3,
};

struct fcgi_record {
    uint8_t version;
    uint8_t type;
    uint16_t request_id;
    uint16_t content_length;
    uint8_t padding_length;
};

/* Section 5.5. */
struct fcgi_end_request {
    uint32_t app_status;
    uint8_t protocol_status;
};

/* Lengths of a name-value pair; the bytes follow them, name first. */
struct fcgi_pair {
    uint32_t name_length;
    uint32_t value_length;
};

/* The header of section 3.3; version and reserved byte are filled in. */
size_t fcgi_record_encode(uint8_t *buf, size_t size,
                          const struct fcgi_record *record);

/* Decodes a header without judging it: the version is the caller's to check. */
size_t fcgi_record_decode(const uint8_t *buf, size_t len,
                          struct fcgi_record *record);

/* The padding that makes a record's content a multiple of 8 bytes (3.3). */
uint8_t fcgi_record_padding(size_t content_length);

/* A whole BEGIN_REQUEST record (5.1), 16 bytes. */
size_t fcgi_record_encode_begin(uint8_t *buf, size_t size, uint16_t request_id,
                                enum fcgi_role role, uint8_t flags);

/* A whole END_REQUEST record (5.5), 16 bytes. */
size_t fcgi_record_encode_end(uint8_t *buf, size_t size, uint16_t request_id,
                              const struct fcgi_end_request *end);

/* The body of an END_REQUEST record; reserved bytes are ignored. */
size_t fcgi_record_decode_end(const uint8_t *buf, size_t len,
                              struct fcgi_end_request *end);

/*
 * Section 3.4: the lengths in front of a name-value pair, 2 to 8 bytes. One
 * byte holds a length up to 127, four hold more, up to FCGI_MAX_PAIR; the
 * encoder returns 0 for a longer one too.
 */
size_t fcgi_pair_encode(uint8_t *buf, size_t size,
                        const struct fcgi_pair *pair);
size_t fcgi_pair_decode(const uint8_t *buf, size_t len, struct fcgi_pair *pair);

/* The size of a whole pair; 0 where a length is over FCGI_MAX_PAIR. */
size_t fcgi_pair_size(size_t name_length, size_t value_length);

#endif
