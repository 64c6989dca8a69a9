/* SPDX-License-Identifier: Apache-2.0
 *
 * What an application answers, from its records to the bytes that a client is
 * sent, whole and byte by byte: both must come to the same. `make fuzz`.
 *
 * The first byte of an input chooses the request.
 */
#include <string.h>

#include "fuzz.h"
#include "gateway/reply.h"
#include "proto/response.h"

#define ID 1
#define BLOCK 512 /* so that an input may be longer */

struct answer {
    struct fcgi_response response;
    struct fcgi_header header;
    char block[BLOCK];
    struct fcgi_reply reply;
    struct fcgi_buffer out;
    bool in_body;
    bool refused;
    bool cut;
    bool ended;
    uint64_t errors; /* bytes of STDERR */
};

/* Gathers a head, and interim ones before it. Returns how much of the bytes is
 * behind it. */
static size_t take_head(struct answer *a, const uint8_t *bytes, size_t length)
{
    size_t used;

    while (!a->reply.begun && length > 0) {
        enum fcgi_header_result result =
            fcgi_header_feed(&a->header, bytes, length, &used);

        check(used <= length);
        bytes += used;
        length -= used;
        if (result == FCGI_HEADER_MORE)
            return 0;
        a->refused = result != FCGI_HEADER_DONE ||
                     fcgi_reply_head(&a->reply, &a->header, &a->out) != NULL;
        if (a->refused)
            return 0;
        fcgi_header_init(&a->header, a->block, sizeof(a->block));
    }
    a->in_body = a->reply.begun;
    return length;
}

static void take_stdout(struct answer *a, const uint8_t *bytes, size_t length)
{
    size_t left = length;

    if (a->refused)
        return;
    if (!a->in_body)
        left = take_head(a, bytes, length);
    if (left > 0)
        fcgi_reply_body(&a->reply, bytes + length - left, left, &a->out);
}

static void feed(struct answer *a, const uint8_t *bytes, size_t length)
{
    struct fcgi_response_event event;

    do {
        size_t used = fcgi_response_feed(&a->response, bytes, length, &event);

        check(used <= length);
        bytes += used;
        length -= used;
        if (event.type == FCGI_RESPONSE_STDOUT)
            take_stdout(a, event.bytes, event.length);
        else if (event.type == FCGI_RESPONSE_STDERR)
            a->errors += event.length;
        else if (event.type == FCGI_RESPONSE_END)
            a->ended = true;
    } while (event.type != FCGI_RESPONSE_NONE &&
             event.type != FCGI_RESPONSE_ERROR);
}

static void run(struct answer *a, uint8_t kind, const uint8_t *bytes,
                size_t length, size_t step)
{
    struct fcgi_http_request request = {
        .version = kind & 1 ? 10 : 11,
        .close = (kind & 2) != 0,
        .method = {kind & 4 ? "HEAD" : "GET", kind & 4 ? 4 : 3},
    };

    memset(a, 0, sizeof(*a));
    fcgi_response_init(&a->response, ID);
    fcgi_header_init(&a->header, a->block, sizeof(a->block));
    fcgi_reply_init(&a->reply, &request, "Fuzz", "");
    for (size_t at = 0; at < length; at += step)
        feed(a, bytes + at, length - at < step ? length - at : step);
    if (a->in_body)
        a->cut = !fcgi_reply_end(&a->reply, &a->out);
}

FUZZER(answer)
{
    static struct answer whole, bytewise;

    if (size < 2)
        return 0;
    run(&whole, data[0], data + 1, size - 1, size - 1);
    run(&bytewise, data[0], data + 1, size - 1, 1);
    check(whole.response.state == bytewise.response.state);
    check(whole.response.offset == bytewise.response.offset);
    check(whole.in_body == bytewise.in_body);
    check(whole.refused == bytewise.refused);
    check(whole.cut == bytewise.cut);
    check(whole.ended == bytewise.ended);
    check(whole.errors == bytewise.errors);
    /* Chunks are as the pieces were. */
    if (whole.reply.framing != FCGI_FRAMING_CHUNKED) {
        check(whole.out.length == bytewise.out.length);
        check(whole.out.length == 0 ||
              memcmp(whole.out.data, bytewise.out.data, whole.out.length) == 0);
    }
    fcgi_buffer_free(&whole.out);
    fcgi_buffer_free(&bytewise.out);
    return 0;
}
