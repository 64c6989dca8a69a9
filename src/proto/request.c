/* SPDX-License-Identifier: Apache-2.0
 *
 * The whole request is laid out along one line of bytes:
 *
 *   BEGIN | PARAMS record ... | empty PARAMS | STDIN record ... | empty STDIN
 *
 * Up to the end of PARAMS the bytes at a position follow from arithmetic: where
 * a record of PARAMS ends follows from the lengths of the pairs; they are only
 * looked at where one record does not hold them all. A record of STDIN holds
 * what there was of the body when its first byte was sent, FCGI_REQUEST_CHUNK
 * bytes at most; so where the current one begins, and how long it is once it
 * has begun, is kept beside the position.
 */
#include "proto/request.h"

#include <stdbool.h>

#define BEGIN_LEN (FCGI_HEADER_LEN + FCGI_BODY_LEN)
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
    fcgi_request_stdin(request, body, body_length, 0, true);
    fcgi_request_restart(request);
}

void fcgi_request_stdin(struct fcgi_request *request, const uint8_t *bytes,
                        size_t length, uint64_t offset, bool ended)
{
    request->body = bytes;
    request->body_offset = offset;
    request->body_end = offset + length;
    request->ended = ended;
}

uint64_t fcgi_request_params_end(const struct fcgi_request *request)
{
    return BEGIN_LEN + request->params_size;
}

uint64_t fcgi_request_size(const struct fcgi_request *request)
{
    uint64_t length = request->body_end;
    size_t rest = (size_t)(length % FCGI_REQUEST_CHUNK);

    return fcgi_request_params_end(request) + FCGI_HEADER_LEN +
           length / FCGI_REQUEST_CHUNK * record_size(FCGI_REQUEST_CHUNK) +
           (rest > 0 ? record_size(rest) : 0) + FCGI_HEADER_LEN;
}

void fcgi_request_restart(struct fcgi_request *request)
{
    request->position = 0;
    request->record = fcgi_request_params_end(request) + FCGI_HEADER_LEN;
    request->content_at = 0;
    request->content = 0;
}

bool fcgi_request_is_sent(const struct fcgi_request *request)
{
    return request->ended && request->content_at == request->body_end &&
           request->position == request->record + FCGI_HEADER_LEN;
}

uint64_t fcgi_request_needed(const struct fcgi_request *request)
{
    uint64_t sent;

    if (request->position <= request->record + FCGI_HEADER_LEN)
        return request->content_at;
    sent = request->position - request->record - FCGI_HEADER_LEN;
    return request->content_at +
           (sent < request->content ? sent : request->content);
}

/* The content of the record of STDIN that begins at `at` of the body. */
static size_t content_at(const struct fcgi_request *request, uint64_t at)
{
    uint64_t left = request->body_end - at;

    return left < FCGI_REQUEST_CHUNK ? (size_t)left : FCGI_REQUEST_CHUNK;
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

/*
 * Adds one record; the first `missing` bytes of its content are sent, and out
 * of memory. Returns false when there are no spans left.
 */
static bool add_record(struct cursor *cursor, enum fcgi_type type,
                       const uint8_t *content, size_t length, size_t missing)
{
    static const uint8_t zeros[8];
    size_t padding = padding_of(length);

    if (FCGI_REQUEST_SPANS - cursor->n < 1U + (length > 0) + (padding > 0))
        return false;
    add_header(cursor, type, length);
    cursor->skip -= missing;
    add(cursor, content, length - missing);
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
        if (!add_record(cursor, FCGI_PARAMS, request->params + at, end - at, 0))
            return false;
    }
    return add_record(cursor, FCGI_PARAMS, NULL, 0, 0);
}

/* Adds what there is of STDIN, from the current record on. */
static void add_body(struct cursor *cursor)
{
    const struct fcgi_request *request = cursor->request;
    uint64_t at = request->content_at;
    size_t content =
        request->content > 0 ? request->content : content_at(request, at);

    while (content > 0) {
        /* Of the current record what has been sent may be out of memory. */
        uint64_t known = at < request->body_offset ? request->body_offset : at;
        size_t missing = (size_t)(known - at);
        const uint8_t *bytes = request->body + (known - request->body_offset);

        if (!add_record(cursor, FCGI_STDIN, bytes, content, missing))
            return;
        at += content;
        content = content_at(request, at);
    }
    if (request->ended)
        add_record(cursor, FCGI_STDIN, NULL, 0, 0);
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
    if (request->position < request->record && !add_params(&cursor))
        return cursor.n;
    if (request->position >= request->record)
        cursor.skip = request->position - request->record;
    add_body(&cursor);
    return cursor.n;
}

void fcgi_request_sent(struct fcgi_request *request, size_t bytes)
{
    request->position += bytes;
    while (request->position > request->record) {
        uint64_t end;

        if (request->content == 0)
            request->content = content_at(request, request->content_at);
        end = request->record + record_size(request->content);
        if (request->content == 0 || request->position < end)
            return;
        request->record = end;
        request->content_at += request->content;
        request->content = 0;
    }
}
