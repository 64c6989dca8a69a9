/* SPDX-License-Identifier: Apache-2.0
 *
 * The whole request is laid out along one line of bytes:
 *
 *   BEGIN | PARAMS record ... | empty PARAMS | STDIN record ... | empty STDIN
 *
 * All records of STDIN but its last hold FCGI_REQUEST_CHUNK bytes, so the
 * bytes at a position follow from arithmetic. Where a record of PARAMS
 * ends follows from the lengths of the pairs; they are only looked at where one
 * record does not hold them all. So no state but the position has to be kept,
 * or undone, when a write ends in the middle of a header.
 */
#include "proto/request.h"

#include <stdbool.h>

#define BEGIN_LEN (FCGI_HEADER_LEN + FCGI_BODY_LEN)
#define FULL_RECORD ((uint64_t)FCGI_HEADER_LEN + FCGI_REQUEST_CHUNK)
#define ALIGNED_CONTENT (FCGI_MAX_CONTENT / 8 * 8)

_Static_assert(FCGI_REQUEST_CHUNK % 8 == 0 &&
                   FCGI_REQUEST_CHUNK <= FCGI_MAX_CONTENT,
               "full records need no padding and fit into 16 bits");

struct cursor {
    struct fcgi_request *request;
    struct iovec *spans;
    size_t n;
    uint64_t skip; /* bytes that are still to be skipped before the position */
};

/* A record's padding. None where content and padding would be more than 65,535
 * bytes together: PHP reads both into a buffer of that size. */
static uint8_t padding_of(size_t content)
{
    return content > ALIGNED_CONTENT ? 0 : fcgi_record_padding(content);
}

static uint64_t record_size(size_t content)
{
    return (uint64_t)FCGI_HEADER_LEN + content + padding_of(content);
}

/* Where the pair that begins at `at` ends. */
static size_t pair_end(const struct fcgi_request *request, size_t at)
{
    size_t length = request->params_length - at, size;
    struct fcgi_pair pair;

    if (fcgi_pair_decode(request->params + at, length, &pair) == 0)
        return request->params_length;
    size = fcgi_pair_size(pair.name_length, pair.value_length);
    return size > length ? request->params_length : at + size;
}

/*
 * Where the record of PARAMS that begins at `at` ends: behind as many pairs as
 * fit. `pair` is where the pair ends that the last record ended in or with, 0
 * at first, and is moved on; only a pair larger than a record is cut.
 */
static size_t record_end(const struct fcgi_request *request, size_t at,
                         size_t *pair)
{
    size_t length = request->params_length;

    if (length - at <= FCGI_MAX_CONTENT)
        return length;
    if (*pair == at)
        *pair = pair_end(request, at);
    if (*pair - at > FCGI_MAX_CONTENT)
        return at + ALIGNED_CONTENT;
    for (;;) {
        size_t next = pair_end(request, *pair);

        if (next - at > FCGI_MAX_CONTENT)
            return *pair;
        *pair = next;
    }
}

static uint64_t params_size(const struct fcgi_request *request)
{
    uint64_t size = 0;
    size_t pair = 0, end;

    for (size_t at = 0; at < request->params_length; at = end) {
        end = record_end(request, at, &pair);
        size += record_size(end - at);
    }
    return size;
}

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
    request->params_size = params_size(request);
    request->body = body;
    request->body_length = body_length;
    request->position = 0;
}

/* The records of STDIN on the wire, without the empty one. */
static uint64_t body_size(size_t length)
{
    size_t rest = length % FCGI_REQUEST_CHUNK;

    return length / FCGI_REQUEST_CHUNK * FULL_RECORD +
           (rest ? record_size(rest) : 0);
}

uint64_t fcgi_request_params_end(const struct fcgi_request *request)
{
    return BEGIN_LEN + request->params_size;
}

uint64_t fcgi_request_size(const struct fcgi_request *request)
{
    return fcgi_request_params_end(request) + FCGI_HEADER_LEN +
           body_size(request->body_length) + FCGI_HEADER_LEN;
}

/* Adds a span, or the part of it behind the position. */
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
    /* struct iovec has no const; nobody writes through it. */
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
        .padding_length = padding_of(content),
    };

    add(cursor, bytes, fcgi_record_encode(bytes, FCGI_HEADER_LEN, &record));
}

/* Adds one record. Returns false when there are no spans left. */
static bool add_record(struct cursor *cursor, enum fcgi_type type,
                       const uint8_t *content, size_t length)
{
    static const uint8_t zeros[8];
    size_t padding = padding_of(length);

    if (FCGI_REQUEST_SPANS - cursor->n < 1U + (length > 0) + (padding > 0))
        return false;
    add_header(cursor, type, length);
    add(cursor, content, length);
    add(cursor, zeros, padding);
    return true;
}

static bool add_params(struct cursor *cursor)
{
    const struct fcgi_request *request = cursor->request;
    size_t at = 0, pair = 0, end;

    if (cursor->skip >= request->params_size) {
        cursor->skip -= request->params_size;
        at = request->params_length;
    }
    for (; at < request->params_length; at = end) {
        end = record_end(request, at, &pair);
        if (!add_record(cursor, FCGI_PARAMS, request->params + at, end - at))
            return false;
    }
    return add_record(cursor, FCGI_PARAMS, NULL, 0);
}

/* Skips the records before the position in one step, so that the end of a long
 * body costs no more than its start. */
static size_t pass_records(struct cursor *cursor, size_t length)
{
    uint64_t records = cursor->skip / FULL_RECORD;

    if (records > length / FCGI_REQUEST_CHUNK)
        records = length / FCGI_REQUEST_CHUNK;
    cursor->skip -= records * FULL_RECORD;
    return (size_t)records * FCGI_REQUEST_CHUNK;
}

static bool add_body(struct cursor *cursor)
{
    const struct fcgi_request *request = cursor->request;
    size_t at = pass_records(cursor, request->body_length), content;

    for (; at < request->body_length; at += content) {
        content = request->body_length - at;
        if (content > FCGI_REQUEST_CHUNK)
            content = FCGI_REQUEST_CHUNK;
        if (!add_record(cursor, FCGI_STDIN, request->body + at, content))
            return false;
    }
    return add_record(cursor, FCGI_STDIN, NULL, 0);
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
    if (add_params(&cursor))
        add_body(&cursor);
    return cursor.n;
}

void fcgi_request_sent(struct fcgi_request *request, size_t bytes)
{
    request->position += bytes;
}
