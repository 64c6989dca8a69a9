/* SPDX-License-Identifier: Apache-2.0
 *
 * The whole request is laid out along one line of bytes:
 *
 *   BEGIN | PARAMS record ... | empty PARAMS | STDIN record ... | empty STDIN
 *
 * All records of a stream but its last hold FCGI_REQUEST_CHUNK bytes, so that
 * what stands at a position follows from arithmetic, and no state but the
 * position has to be kept, or undone, when a write ends in the middle of a
 * header.
 */
#include "proto/request.h"

#include <stdbool.h>

#define BEGIN_LEN (FCGI_HEADER_LEN + FCGI_BODY_LEN)
#define FULL_RECORD ((uint64_t)FCGI_HEADER_LEN + FCGI_REQUEST_CHUNK)

_Static_assert(FCGI_REQUEST_CHUNK % 8 == 0 &&
                   FCGI_REQUEST_CHUNK <= FCGI_MAX_CONTENT,
               "full records need no padding and fit into 16 bits");

struct cursor {
    struct fcgi_request *request;
    struct iovec *spans;
    size_t n;
    uint64_t skip; /* bytes in front of the position that are still to pass */
};

void fcgi_request_init(struct fcgi_request *request, uint16_t id,
                       enum fcgi_role role, uint8_t flags,
                       const uint8_t *params, size_t params_length,
                       const uint8_t *body, size_t body_length)
{
    request->id = id;
    request->flags = flags;
    request->role = role;
    request->params = params;
    request->params_length = params_length;
    request->body = body;
    request->body_length = body_length;
    request->position = 0;
}

/* The records of a stream on the wire, without the empty one. */
static uint64_t stream_size(size_t length)
{
    uint64_t full = length / FCGI_REQUEST_CHUNK;
    size_t rest = length % FCGI_REQUEST_CHUNK;

    return full * FULL_RECORD +
           (rest ? FCGI_HEADER_LEN + rest + fcgi_record_padding(rest) : 0);
}

uint64_t fcgi_request_size(const struct fcgi_request *request)
{
    return BEGIN_LEN + stream_size(request->params_length) + FCGI_HEADER_LEN +
           stream_size(request->body_length) + FCGI_HEADER_LEN;
}

/* Adds a span, or what of it lies behind the position. */
static void add(struct cursor *cursor, const uint8_t *bytes, size_t length)
{
    struct iovec *span;

    if (cursor->skip >= length) {
        cursor->skip -= length;
        return;
    }
    bytes += cursor->skip;
    length -= (size_t)cursor->skip;
    cursor->skip = 0;
    span = &cursor->spans[cursor->n++];
    /* iovec knows no const; nobody writes through it. */
    span->iov_base = (void *)(uintptr_t)bytes;
    span->iov_len = length;
}

static void add_header(struct cursor *cursor, enum fcgi_type type,
                       size_t content)
{
    uint8_t *bytes = cursor->request->scratch[cursor->n];
    const struct fcgi_record record = {
        .type = (uint8_t)type,
        .request_id = cursor->request->id,
        .content_length = (uint16_t)content,
        .padding_length = fcgi_record_padding(content),
    };

    add(cursor, bytes, fcgi_record_encode(bytes, FCGI_HEADER_LEN, &record));
}

/* Passes records that lie in front of the position in one step, so that a
 * long body costs the same at its end as at its start. */
static size_t pass_records(struct cursor *cursor, size_t length)
{
    uint64_t records = cursor->skip / FULL_RECORD;

    if (records > length / FCGI_REQUEST_CHUNK)
        records = length / FCGI_REQUEST_CHUNK;
    cursor->skip -= records * FULL_RECORD;
    return (size_t)records * FCGI_REQUEST_CHUNK;
}

/* A whole stream: its records, then the empty one that closes it. Returns
 * false where the spans ran out. */
static bool add_stream(struct cursor *cursor, enum fcgi_type type,
                       const uint8_t *bytes, size_t length)
{
    static const uint8_t padding[8];
    size_t done = pass_records(cursor, length);

    while (done < length) {
        size_t content = length - done;

        if (content > FCGI_REQUEST_CHUNK)
            content = FCGI_REQUEST_CHUNK;
        if (FCGI_REQUEST_SPANS - cursor->n < 3) /* header, content, padding */
            return false;
        add_header(cursor, type, content);
        add(cursor, bytes + done, content);
        add(cursor, padding, fcgi_record_padding(content));
        done += content;
    }
    if (cursor->n == FCGI_REQUEST_SPANS)
        return false;
    add_header(cursor, type, 0);
    return true;
}

size_t fcgi_request_spans(struct fcgi_request *request,
                          struct iovec spans[static FCGI_REQUEST_SPANS])
{
    struct cursor cursor = {
        .request = request,
        .spans = spans,
        .skip = request->position,
    };

    add(&cursor, request->scratch[0],
        fcgi_record_encode_begin(request->scratch[0], BEGIN_LEN, request->id,
                                 request->role, request->flags));
    if (add_stream(&cursor, FCGI_PARAMS, request->params,
                   request->params_length))
        add_stream(&cursor, FCGI_STDIN, request->body, request->body_length);
    return cursor.n;
}

void fcgi_request_sent(struct fcgi_request *request, size_t bytes)
{
    request->position += bytes;
}
